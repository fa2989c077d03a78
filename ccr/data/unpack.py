"""Members of an archive, unpacked beside their places: nothing but what was asked for, and nothing outside of them."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from ccr.errors import CcrError
from ccr.specs import Download

Member = tuple[str, Callable[[], IO[bytes]]]


def unpack(archive: Path, name: str, one: Download) -> dict[Path, Path]:
    """By target, the file or folder to move there. CcrError if a member is absent, or the archive damaged."""
    clear(name, one)  # of a process that was killed
    work = _work(name, one)
    work.mkdir(parents=True)
    made: dict[Path, Path] = {}
    try:
        for member, opened in _members(archive, name):
            for wanted, below in one.members.items():
                inner = _inner(member, wanted)
                if inner is None:
                    continue
                new = work / below / inner if inner else work / below
                new.parent.mkdir(parents=True, exist_ok=True)
                with opened() as source, new.open("wb") as file:
                    shutil.copyfileobj(source, file)
                made[one.path / below] = work / below
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, zlib.error) as error:
        clear(name, one)
        raise CcrError(f"{one.url} cannot be unpacked ({error})") from None
    absent = [wanted for wanted, below in one.members.items() if one.path / below not in made]
    if absent:
        clear(name, one)
        raise CcrError(f"{one.url} holds no {', '.join(absent)}: its publisher made it anew, differently")
    return made


def clear(name: str, one: Download) -> None:
    """Remove what was unpacked and not moved."""
    shutil.rmtree(_work(name, one), ignore_errors=True)


def _work(name: str, one: Download) -> Path:
    return one.path / f".{name}.unpacked"


def _inner(member: str, wanted: str) -> str | None:
    """Where a member belongs below what was wanted: "" if it is that itself, None if nowhere."""
    if ".." in PurePosixPath(member).parts:
        return None
    if wanted.endswith("/"):
        return member[len(wanted) :] or None if member.startswith(wanted) else None
    return "" if member == wanted or ("/" not in wanted and member.rpartition("/")[2] == wanted) else None


def _members(archive: Path, name: str) -> Iterator[Member]:
    """The regular files of a zip or a tar, in the order of the archive."""
    if name.endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if not info.is_dir():
                    yield info.filename, lambda info=info: packed.open(info)  # type: ignore[misc]
    else:
        with tarfile.open(archive) as bundle:
            for member in bundle:
                if member.isfile():
                    yield member.name, lambda member=member: bundle.extractfile(member)  # type: ignore[misc]
