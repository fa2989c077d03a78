"""Content digests of files, remembered, so that a warm start reads no file."""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import cast

from ccr.features.environment import Environment
from ccr.progress import Progress

_BATCH = 1000  # files
_SETTLED = 2_000_000_000  # ns
_STAMP = struct.Struct("<qq")  # size, mtime_ns
_SHA = slice(_STAMP.size, _STAMP.size + 32)  # then the path


class FileFault(str):
    """In the place of a digest: why a file has none, "does not exist"."""


class FileDigests:
    """sha256 of files, remembered by path, size and modification time in an environment of their own.

    A file that was written less than two seconds before it is hashed is not remembered yet: it could change again
    without its time changing.
    """

    def __init__(self, folder: Path) -> None:
        self.environment = Environment(Path(folder))

    def digests(self, paths: Sequence[Path]) -> list[str]:
        """The digest of each file, or a FileFault. Only files that are not remembered are read."""
        out = self._remembered(paths)
        unread = [i for i, digest in enumerate(out) if digest is None]
        with _progress(unread) as bar, ThreadPoolExecutor() as pool:
            for start in range(0, len(unread), _BATCH):
                part = unread[start : start + _BATCH]
                values = {}
                for i, (digest, value) in zip(part, pool.map(_hashed, [paths[i] for i in part]), strict=True):
                    out[i] = digest
                    if value:
                        values[_key(paths[i])] = value
                self._remember(values)
                if bar:
                    bar.advance(len(part))
        return cast("list[str]", out)

    def forget(self, paths: Sequence[Path]) -> None:
        """Read these files when they are next asked for."""
        self._remember({_key(path): b"" for path in paths})

    def stale(self) -> Iterator[Path]:
        """Read every remembered file: those that have other content under an unchanged size and time."""
        if not self.environment.exists():
            return
        values = self.environment.read(lambda txn: [bytes(value) for _, value in txn.cursor()])
        known = {Path(os.fsdecode(value[_SHA.stop :])): value for value in values if value}
        unchanged = [path for path, value in known.items() if value[: _STAMP.size] == _stamp(path)]
        with ThreadPoolExecutor() as pool:
            for path, (digest, _) in zip(unchanged, pool.map(_hashed, unchanged), strict=True):
                if digest != known[path][_SHA].hex():
                    yield path

    def _remembered(self, paths: Sequence[Path]) -> list[str | None]:
        if not self.environment.exists():
            return [None] * len(paths)
        keys = [_key(path) for path in paths]
        values = self.environment.read(lambda txn: [bytes(txn.get(key, b"")) for key in keys])
        return [
            value[_SHA].hex() if value and value[: _STAMP.size] == _stamp(path) else None
            for path, value in zip(paths, values, strict=True)
        ]

    def _remember(self, values: dict[bytes, bytes]) -> None:
        if values:
            self.environment.write(lambda txn: [txn.put(key, value) for key, value in values.items()])


def _hashed(path: Path) -> tuple[str, bytes]:
    """The digest of a file and what to remember of it, b"" for nothing."""
    try:
        before = _stamp(path)
        data = path.read_bytes()
    except FileNotFoundError:
        return FileFault("does not exist"), b""
    except OSError as error:
        return FileFault(f"cannot be read ({error.strerror})"), b""
    if not data:
        return FileFault("is empty"), b""
    sha = hashlib.sha256(data)
    settled = _stamp(path) == before and time.time_ns() - _STAMP.unpack(before)[1] > _SETTLED
    return sha.hexdigest(), before + sha.digest() + os.fsencode(os.path.abspath(path)) if settled else b""


def _stamp(path: Path) -> bytes:
    """Size and modification time, b"" for a file that has none."""
    try:
        state = os.stat(path)
    except OSError:
        return b""
    return _STAMP.pack(state.st_size, state.st_mtime_ns)


def _key(path: Path) -> bytes:
    text = os.fspath(path)
    # what abspath gives, without its price: a warm start asks for every image of a dataset
    whole = os.path.normpath(text) if os.name == "posix" and text[:1] == "/" else os.path.abspath(text)
    return hashlib.sha256(os.fsencode(whole)).digest()


def _progress(files: Sequence[int]) -> Progress | nullcontext[None]:
    return Progress("content digests", len(files), "files") if len(files) > _BATCH else nullcontext()
