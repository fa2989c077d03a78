"""What the readers share: rows of text files, plain or gzipped, and what is missing of a folder of pictures."""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ccr import CcrError, Download, no_text

T = TypeVar("T")

_NAMED = 3  # of many absent files, by name
_ESCAPED = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)


def published(dataset: str, base: str, files: Mapping[str, Path]) -> list[Download]:
    """Files of a public repository, by their paths below `base`, an address of one revision of it."""
    return [
        Download(url=base + below, path=path, digest=_sums().get(f"{dataset}/{below}", ""))
        for below, path in files.items()
    ]


@cache
def _sums() -> dict[str, str]:
    """What SHA256SUMS says of the publishers' files."""
    rows = Path(__file__).with_name("SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: f"sha256-{digest}" for digest, name in (row.split("  ", 1) for row in rows)}


def plain_or_gz(path: Path) -> Path | None:
    """`path`, or `path` with .gz behind it: the one that is there, or None."""
    for there in (path, path.with_name(f"{path.name}.gz")):
        if there.is_file():
            return there
    return None


def read_lines(path: Path) -> list[str]:
    """The rows of a UTF-8 text, stripped. A line feed alone ends a row: captions may hold U+2028 and its like."""
    there = plain_or_gz(path)
    if there is None:
        raise CcrError(f"there is no file {path} or {path.name}.gz")
    try:
        data = there.read_bytes()
        text = (gzip.decompress(data) if there.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise CcrError(f"{there} cannot be read ({error}); fetch it again") from None
    return [row.strip() for row in text.removesuffix("\n").split("\n")]


def read_rows(path: Path) -> list[str]:
    """As `read_lines`; CcrError names the file and all rows that are empty."""
    rows = read_lines(path)
    refuse([f"{plain_or_gz(path)}: row {k} is empty; fetch the file again" for k, row in enumerate(rows, 1) if not row])
    return rows


def read_json(path: Path, kind: type[T]) -> T:
    """The value of a JSON file, an object (`dict`) or a list."""
    try:
        data = path.read_bytes()
        value = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise CcrError(f"{path} cannot be read ({error}); fetch it again") from None
    if wrong := _no_text(data, value):
        raise CcrError(f"{path} {wrong}")
    if not isinstance(value, kind):
        raise CcrError(f"{path} holds no {kind.__name__}; fetch it again")
    return value


def read_json_rows(path: Path) -> list[dict[str, Any]]:
    """One object per row. CcrError names all rows that are none."""
    rows: list[dict[str, Any]] = []
    wrong = []
    for number, line in enumerate(read_lines(path), 1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            wrong.append(f"{path}:{number}: the row is no JSON ({error}); fetch the file again")
            continue
        if wrong_text := _no_text(line.encode(), row):
            wrong.append(f"{path}:{number}: the row {wrong_text}")
        elif isinstance(row, dict):
            rows.append(row)
        else:
            wrong.append(f"{path}:{number}: the row is no object; fetch the file again")
    refuse(wrong)
    return rows


def _no_text(written: bytes, value: Any) -> str:
    """What is wrong with characters that only an escape can bring into JSON."""
    if not _ESCAPED.search(written):
        return ""
    return no_text(json.dumps(value, ensure_ascii=False))


def refuse(faults: Sequence[str]) -> None:
    """CcrError with all of them, a line each; nothing if there is none."""
    if faults:
        raise CcrError("\n".join(faults))


@contextmanager
def telling(faults: list[str]) -> Iterator[None]:
    """What is wrong within is added to `faults`, a line each, for `refuse` to tell together."""
    try:
        yield
    except CcrError as error:
        faults += str(error).split("\n")


def at(path: Path, row: int) -> dict[str, str]:
    """The tag of a caption that says where it stands."""
    return {"at": f"{path}:{row}"}


def first_of(*places: Path) -> Path:
    """The first that exists, else the first."""
    return next((place for place in places if place.exists()), places[0])


def absent_files(files: Sequence[Path], root: Path, remedy: str) -> list[str]:
    """One sentence if text files are not there: how many, the first few, and the remedy."""
    absent = [path for path in files if not plain_or_gz(path)]
    if not absent:
        return []
    named = ", ".join(str(path.relative_to(root)) for path in absent[:_NAMED]) + (", ..." if absent[_NAMED:] else "")
    return [f"{len(absent)} of {len(files)} text files are not below {root} ({named}): {remedy}"]


def same_length(rows: Sequence[str], path: Path, names: Sequence[str], listed: Path) -> Sequence[str]:
    """The rows themselves, where there is one for each name of the image list."""
    if len(rows) != len(names):
        raise CcrError(
            f"{plain_or_gz(path)} has {len(rows):,} rows, but the image list {listed} has {len(names):,}; "
            "fetch both again"
        )
    return rows


def absent_pictures(folder: Path, names: Iterable[str], remedy: str, what: str = "pictures") -> list[str]:
    """One sentence if the folder lacks pictures: how many, the first few, and the remedy. One listing, no stat.

    Without names, while the list of them is not there, the folder is asked for all the same.
    """
    wanted = list(names)
    if not folder.is_dir():
        count = f"{len(wanted):,} " if wanted else ""
        return [f"there is no folder of {count}{what}, {folder}: {remedy}"]
    there = {entry.name for entry in os.scandir(folder)}
    absent = [name for name in wanted if name not in there]
    if not absent:
        return []
    first = ", ".join(absent[:_NAMED]) + (", ..." if len(absent) > _NAMED else "")
    return [f"{len(absent):,} of {len(wanted):,} {what} are not in {folder} ({first}): {remedy}"]
