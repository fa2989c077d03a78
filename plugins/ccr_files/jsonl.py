"""The dataset `jsonl`: one row per image, pictures beside the file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ccr
from ccr_files.rows import Faults, Raw, RowDataset

_NAMED = 3  # of many absent things, by name


class Jsonl(RowDataset):
    """A JSONL file; `image` is absolute, or relative to the file."""

    def title(self) -> str:
        return self.root.stem

    def rows(self, faults: Faults) -> Iterator[Raw]:
        if not self.root.is_file():
            raise ccr.CcrError(f"there is no file {self.root}: write it as docs/data.md says, or correct the path")
        with self.root.open("rb") as file:  # only a line feed ends a row: captions may hold U+2028 and its like
            for number, line in enumerate(file, 1):
                where = f"{self.root.name}:{number}"
                if not line.strip():
                    continue
                try:
                    row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"), object_pairs_hook=_strict)
                except UnicodeDecodeError as error:
                    faults.add(where, f"is not UTF-8 (byte {error.start + 1}); save the file as UTF-8")
                except json.JSONDecodeError as error:
                    faults.add(where, f"is no JSON ({error.msg} at column {error.colno}); mend the row")
                except _TwiceError as error:
                    faults.add(where, f'the key "{error}" stands twice; keep one')
                except RecursionError:
                    faults.add(where, "is nested too deeply; mend the row")
                except ValueError as error:  # a number of thousands of digits
                    faults.add(where, f"is no JSON ({error}); mend the row")
                else:
                    image = row.get("image") if isinstance(row, dict) else None
                    yield Raw(where, row, self.root.parent / image if isinstance(image, str) and image else None)

    def absent_pictures(self, pictures: Sequence[tuple[str, Path | None]]) -> list[str]:
        told = []
        without = [where for where, path in pictures if path is None]
        if without:
            told.append(
                f"{len(without):,} of {len(pictures):,} rows name no image ({_few(without)}): add it, or use an "
                "encoder of precomputed features"
            )
        listed: dict[Path, set[str]] = {}
        absent = []
        for where, path in pictures:
            if path is None:
                continue
            if path.parent not in listed:  # one listing per folder is quicker than one look per picture
                listed[path.parent] = _files(path.parent)
            if path.name not in listed[path.parent]:
                absent.append(f"{path} of {where}")
        if absent:
            told.append(
                f"{len(absent):,} of {len(pictures):,} pictures are not there ({_few(absent)}): put them there, or "
                f"correct image; it is absolute, or relative to {self.root.parent}"
            )
        return told


class _TwiceError(ValueError):
    pass


def _strict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise _TwiceError(key)
        made[key] = value
    return made


def _files(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder) if entry.is_file()}
    except OSError:
        return set()


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
