"""Packed tables: the features of one list of contents, in its order, as one memory-mapped array.

Training and ranking read rows of it, and a warm start needs neither point look-ups in LMDB nor a decoded image. A
table is an artifact that can always be made again from the store: `packed/<hash>/table.npy`, (N, D) float32, beside
it `table.json` with the sha256 of its rows, which `ccr features verify` compares.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ccr.errors import CcrError
from ccr.features.store import FeatureStore
from ccr.files import artifact, discard, replacing, write_json
from ccr.world import world

CODE = 1
TABLE, CHECK = "table.npy", "table.json"

_PIECE = 1 << 24  # bytes


def packed_table(
    store: FeatureStore,
    fingerprint: str,
    digests: Sequence[str],
    fill: Callable[[], None],
    waiting: Callable[[], None] | None = None,
) -> np.ndarray:
    """The features of `digests`, (N, D) float32, memory-mapped and read-only.

    Only where there is no such table yet, `fill` is called to make the store complete for these digests; one process
    does so, others wait for it (`waiting` is called once before they do). The processes of one run do so together.
    """
    key = {
        "fingerprint": fingerprint,
        "digests": hashlib.sha256("".join(digests).encode()).hexdigest(),
        "code": CODE,
    }

    def build(folder: Path) -> None:
        fill()
        if not world().leads:
            return
        width = store.get(fingerprint, digests[:1]).shape[1]
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(digests), width)}
        # written, not mapped: on a full disk a write raises, and a page fault kills
        with _writing(folder), replacing(folder / TABLE) as temporary, temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            store.scan(fingerprint, digests, partial(_write, folder, file, file.tell()))
        with _writing(folder):
            write_json(folder / CHECK, {"shape": header["shape"], "sha256": _checksum(folder)})

    def whole() -> bool:
        try:
            np.load(folder / TABLE, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError):  # cut off, or dropped by another process just now: it is made again
            discard(folder)
            return False
        return True

    for _ in range(2):
        folder = artifact(store.root, "packed", key, build, waiting, together=True)
        if world().once(whole):
            return np.load(folder / TABLE, mmap_mode="r", allow_pickle=False)
    raise CcrError(f"{folder / TABLE} cannot be read although it was just written; look at the disk")


def damage(folder: Path) -> str:
    """What is wrong with a sealed table, "" if its rows are those that were packed."""
    try:
        check = json.loads((folder / CHECK).read_text(encoding="utf-8"))
        table = np.load(folder / TABLE, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError):
        return "is cut off or unreadable"
    whole = list(table.shape) == check["shape"] and _checksum(folder) == check["sha256"]
    return "" if whole else "does not fit its checksum"


def _write(folder: Path, file: BinaryIO, begin: int, rows: np.ndarray, vectors: np.ndarray) -> None:
    """Some rows of the table that begins at byte `begin`."""
    runs = np.flatnonzero(np.diff(rows) != 1) + 1  # of rows that follow one another
    with _writing(folder):
        for at, part in zip(np.split(rows, runs), np.split(vectors, runs), strict=True):
            file.seek(begin + 4 * vectors.shape[1] * int(at[0]))
            file.write(np.ascontiguousarray(part, dtype="<f4").data)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CcrError(f"{folder / TABLE} cannot be written ({error.strerror})") from error


def _checksum(folder: Path) -> str:
    """Of the rows, without the header."""
    sha = hashlib.sha256()
    with (folder / TABLE).open("rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        while part := file.read(_PIECE):
            sha.update(part)
    return sha.hexdigest()
