"""What the readers share: rows of text files, plain or gzipped, and what is missing of a folder of pictures."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from ccr import CcrError

_NAMED = 3  # of many absent files, by name


def plain_or_gz(path: Path) -> Path | None:
    """`path`, or `path` with .gz behind it: the one that is there, or None."""
    for there in (path, path.with_name(f"{path.name}.gz")):
        if there.is_file():
            return there
    return None


def read_rows(path: Path) -> list[str]:
    """The rows of a UTF-8 text, stripped. A line feed alone ends a row: captions may hold U+2028 and its like.

    CcrError names the file and the first row that is empty.
    """
    there = plain_or_gz(path)
    if there is None:
        raise CcrError(f"there is no file {path} or {path.name}.gz")
    try:
        data = there.read_bytes()
        text = (gzip.decompress(data) if there.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise CcrError(f"{there} cannot be read ({error}); fetch it again") from None
    rows = [row.strip() for row in text.removesuffix("\n").split("\n")]
    if "" in rows:
        raise CcrError(f"{there}: row {rows.index('') + 1} is empty; fetch the file again")
    return rows


def same_length(rows: Sequence[str], path: Path, names: Sequence[str], listed: Path) -> Sequence[str]:
    """The rows themselves, where there is one for each name of the image list."""
    if len(rows) != len(names):
        raise CcrError(
            f"{plain_or_gz(path)} has {len(rows):,} rows, but the image list {listed} has {len(names):,}; "
            "fetch both again"
        )
    return rows


def absent_pictures(folder: Path, names: Iterable[str], remedy: str) -> list[str]:
    """One sentence if the folder lacks pictures: how many, the first few, and the remedy. One listing, no stat."""
    wanted = list(names)
    there = {entry.name for entry in os.scandir(folder)}
    absent = [name for name in wanted if name not in there]
    if not absent:
        return []
    first = ", ".join(absent[:_NAMED]) + (", ..." if len(absent) > _NAMED else "")
    return [f"{len(absent):,} of {len(wanted):,} pictures are not in {folder} ({first}): {remedy}"]
