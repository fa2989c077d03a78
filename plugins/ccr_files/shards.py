"""Tar shards: which there are, what they hold and where, and single members at random."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from attrs import frozen

from ccr import CcrError

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
_BLOCK = 512


@frozen
class Member:
    """A file in a shard."""

    shard: Path
    name: str
    offset: int
    size: int

    @property
    def key(self) -> str:
        """The sample that it belongs to: its path up to the first dot of the file's name."""
        folder, slash, file = self.name.rpartition("/")
        return folder + slash + file.partition(".")[0]

    @property
    def ending(self) -> str:
        """What follows that dot, in lower case: "jpg"."""
        return self.name.rpartition("/")[2].partition(".")[2].lower()

    def read(self) -> bytes:
        """Its bytes."""
        with self.shard.open("rb") as file:
            file.seek(self.offset)
            data = file.read(self.size)
        if len(data) < self.size:
            raise CcrError(f"{self.shard} was cut off within {self.name} while it was in use; fetch the shard again")
        return data


def shards(path: Path) -> list[Path]:
    """A shard, the shards of a folder in the order of their names, or those of a pattern with {00000..00012}.

    Those of a pattern need not be there. CcrError for what names none.
    """
    text = str(path)
    ranges = _RANGE.findall(text)
    if ranges:
        numbers = []
        for low, high in ranges:
            if int(low) > int(high):
                raise CcrError(f"the pattern {text} counts down from {low} to {high}; write {{{high}..{low}}}")
            numbers.append([str(number).zfill(len(low)) for number in range(int(low), int(high) + 1)])
        template = _RANGE.sub("\0", text).split("\0")
        return [
            Path("".join(a + b for a, b in zip(template, (*chosen, ""), strict=True))) for chosen in product(*numbers)
        ]
    if path.is_dir():
        found = sorted(entry for entry in path.iterdir() if entry.suffix == ".tar" and entry.is_file())
        if not found:
            raise CcrError(f"the folder {path} holds no shard, a file that ends in .tar: name the folder that does")
        return found
    return [path]


def members(shard: Path) -> Iterator[Member]:
    """The files of a shard. CcrError names the shard, and the member, where it is damaged or cut off."""
    last = "its beginning"
    try:
        with tarfile.open(shard, "r:") as archive:
            for info in archive:
                last = info.name
                if info.isfile() and not info.name.rpartition("/")[2].startswith("."):
                    yield Member(shard, info.name.removeprefix("./"), info.offset_data, info.size)
            end = archive.offset
    except (tarfile.TarError, OSError, ValueError) as error:
        raise CcrError(f"{shard} is damaged at or behind {last} ({error}); fetch the shard again") from None
    # tarfile takes a damaged header for the end of the archive: what lay behind it would be lost in silence
    with shard.open("rb") as file:
        file.seek(end)
        if file.read(_BLOCK) != bytes(_BLOCK):
            raise CcrError(f"{shard} is damaged or cut off behind {last}; fetch the shard again")
