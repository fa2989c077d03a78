"""LMDB environments, with all that LMDB leaves to its caller.

- One process opens an environment once (LMDB forbids a second time): they are kept in a registry, by real path.
- None is carried over a fork: no transaction is under way while the process forks, and the child opens its own.
- A full map loses the transaction: it grows, and the whole transaction is done again.
- A map that another process has grown, and a folder that another process has replaced, are taken up.
- A truncated file is refused with a sentence; LMDB itself would die of a bus error at the first missing page.

Transactions of one process take turns, because a map may be resized only while there is none. Values that LMDB hands
out are views into the map: a transaction's work copies what it returns.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import lmdb

from ccr.errors import CcrError

MAP_SIZE = 1 << 26  # bytes to begin with; a map costs address space, the file holds only what was written
DATA = "data.mdb"

T = TypeVar("T")

_DAMAGE = (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)

_turn = threading.RLock()
_open: dict[str, tuple[int, lmdb.Environment]] = {}  # real path -> (inode of the data file, environment)


class DamagedError(CcrError):
    """A file that is not what was written. It can be dropped, and what it held made again."""

    def __init__(self, path: Path, what: str) -> None:
        remedy = "`ccr features verify --repair` removes what is damaged, and the next run makes it again"
        super().__init__(f"{path} {what}; {remedy}")
        self.what = what


class Environment:
    """The environment in `folder`, opened when first needed."""

    def __init__(self, folder: Path, map_size: int = MAP_SIZE) -> None:
        self.folder = folder
        self.map_size = map_size

    def exists(self) -> bool:
        return (self.folder / DATA).exists()

    def read(self, work: Callable[[lmdb.Transaction], T]) -> T:
        """`work` in a transaction that sees one committed state. The environment must exist."""
        return self._transact(work, write=False)

    def write(self, work: Callable[[lmdb.Transaction], T]) -> T:
        """`work` in a transaction that is committed whole or not at all; it is called again when the map was full."""
        return self._transact(work, write=True)

    def close(self) -> None:
        """Let go of the files, before the folder is moved or removed."""
        with _turn:
            _, env = _open.pop(os.path.realpath(self.folder), (0, None))
            if env is not None:
                env.close()

    def _transact(self, work: Callable[[lmdb.Transaction], T], write: bool) -> T:
        with _turn:
            try:
                env = self._environment()
                while True:
                    try:
                        with env.begin(write=write, buffers=True) as txn:
                            return work(txn)
                    except lmdb.MapFullError:
                        env.set_mapsize(2 * env.info()["map_size"])
                    except lmdb.MapResizedError:
                        env.set_mapsize(0)  # whatever the other process made it
            except _DAMAGE as error:
                raise DamagedError(self.folder, f"is damaged ({error})") from error
            except (lmdb.Error, OSError) as error:
                self.close()  # a failed write of a meta page leaves it unusable until it is opened again
                raise CcrError(f"{self.folder} cannot be used ({error}{self._free()})") from error

    def _free(self) -> str:
        try:
            return f"; {shutil.disk_usage(self.folder).free / 1e6:,.0f} MB are free on its disk"
        except OSError:
            return ""

    def _environment(self) -> lmdb.Environment:
        path, data = os.path.realpath(self.folder), self.folder / DATA
        inode = data.stat().st_ino if data.exists() else -1
        if path in _open and _open[path][0] == inode:
            return _open[path][1]
        self.close()
        self.folder.mkdir(parents=True, exist_ok=True)
        env = lmdb.open(path, map_size=self.map_size, max_spare_txns=0, max_readers=512)
        whole = (env.info()["last_pgno"] + 1) * env.stat()["psize"]
        if data.stat().st_size < whole:  # never so after a kill: environments here only ever grow
            env.close()
            raise DamagedError(data, f"is truncated to {data.stat().st_size:,} of {whole:,} bytes")
        env.reader_check()  # frees what killed readers held
        _open[path] = (data.stat().st_ino, env)
        return env


def _after_fork_in_child() -> None:
    for _, env in _open.values():
        env.close()
    _open.clear()
    _turn.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_turn.acquire, after_in_parent=_turn.release, after_in_child=_after_fork_in_child)
