"""The feature store: one vector per encoder fingerprint and content digest, in LMDB.

Layout, version 1. Below the store's root:

    encoders/<fingerprint>/       one LMDB environment per encoder; to drop it frees its space at once
        data.mdb  lock.mdb        LMDB's own
        about.json                layout version, encoder, precision; its modification time is the time of last use
    encoders/<fingerprint>.lock   held by the one process that extracts with this encoder
    packed/<hash>/                packed tables (packed.py)
    digests/                      content digests of files (digests.py)

Keys of an environment:

    "c" + number (8 bytes, big-endian)    a chunk: what one `put` wrote, N vectors of D values
        header (16 bytes)                 crc32 of all that follows, then N, D, bytes per value (4 or 2), uint32 each
        N x 32 bytes                      the content digests of its rows
        N x D values                      float32 or float16, row by row
    "i" + digest (32 bytes)               where its vector is: chunk number uint64, row uint32
    "s" + sha256 of a set's name          a sealed set: its name, a zero byte, then the digests of its members
    "t"                                   the tail: number of the first chunk without an index, and the rows from there
                                          on, uint64 each; without it there is no tail

Numbers are little-endian unless said otherwise. A 512-wide vector as a value of its own would waste half a page and,
committed alone, a disk flush; a chunk per batch wastes at most one page. Each read checks the checksums of the chunks
it reads. A chunk is committed whole, so a reader sees whole batches or nothing. Vectors are never overwritten or
deleted in place: an environment is repaired by writing a new one.

Digests are scattered all over the index, so that to index a batch rewrites a page for nearly every row, as many bytes
as the vectors have. So chunks are indexed many at a time, when they are an eighth of the index, and before a set is
sealed: the pages written are then a constant number of bytes a row, however large the store. What is not indexed yet
is looked up in the chunks themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
from filelock import FileLock, Timeout

from ccr.errors import CcrError
from ccr.features.digests import FileDigests
from ccr.features.environment import MAP_SIZE, DamagedError, Environment
from ccr.files import write_json

LAYOUT = 1
ABOUT = "about.json"

TAIL, TAIL_SHARE = 16_384, 8  # rows without an index: at most so many, or this part of those with one

_CHUNK, _INDEX, _SET, _TAIL = b"c", b"i", b"s", b"t"
_HEADER = struct.Struct("<IIII")
_TAIL_VALUE = struct.Struct("<QQ")
_PLACE = np.dtype([("chunk", "<u8"), ("row", "<u4")])
_DTYPES: dict[int, np.dtype[Any]] = {4: np.dtype("<f4"), 2: np.dtype("<f2")}


class FeatureStore:
    """The features below `root`. It holds no open file of its own, so it may be pickled and carried over a fork."""

    def __init__(self, root: Path, map_size: int = MAP_SIZE) -> None:
        self.root = Path(root)
        self.files = FileDigests(self.root / "digests")
        self._map_size = map_size

    def folder(self, fingerprint: str) -> Path:
        return self.root / "encoders" / fingerprint

    def environment(self, fingerprint: str) -> Environment:
        layout = self.about(fingerprint).get("layout", LAYOUT)
        if layout != LAYOUT:
            raise CcrError(
                f"{self.folder(fingerprint)} has layout {layout}, and this version of ccr reads {LAYOUT}; "
                f"`ccr features prune {fingerprint[:12]}` drops it, and the next run makes it again"
            )
        return Environment(self.folder(fingerprint), self._map_size)

    def lock(self, fingerprint: str) -> FileLock:
        folder = self.folder(fingerprint)
        folder.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(folder.with_name(fingerprint + ".lock"))

    @contextmanager
    def alone(self, fingerprint: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Within it this process holds the encoder's lock; `waiting` is called once before a wait for it."""
        lock = self.lock(fingerprint)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def writing(self, fingerprint: str, about: Mapping[str, Any], waiting: Callable[[], None]) -> Iterator[None]:
        """Within it this process alone extracts with this encoder: who comes second finds the features made.

        `about` (JSON-able) is what `ccr features list` tells of the encoder.
        """
        with self.alone(fingerprint, waiting):
            self._describe(fingerprint, about)
            yield

    def used(self, fingerprint: str) -> None:
        """Note that these features were used now (`ccr features prune --older-than` counts from it)."""
        if (self.folder(fingerprint) / ABOUT).exists():
            os.utime(self.folder(fingerprint) / ABOUT)

    def missing(self, fingerprint: str, digests: Sequence[str]) -> list[int]:
        """Positions in `digests` that have no committed feature."""
        keys = _index_keys(digests)
        environment = self.environment(fingerprint)
        if not environment.exists():
            return list(range(len(keys)))
        return environment.read(lambda txn: [i for i, place in enumerate(_places(txn, keys)) if place is None])

    def unseen(self, digests: Sequence[str]) -> list[int]:
        """Positions in `digests` of contents that no encoder has a feature of."""
        left = list(range(len(digests)))
        for fingerprint in self.fingerprints():
            with suppress(CcrError):  # damaged, or of another layout: as if it were not there
                left = [left[i] for i in self.missing(fingerprint, [digests[i] for i in left])]
        return left

    def fingerprints(self) -> list[str]:
        """All encoders that have a folder, or what a killed `prune` or repair left of one."""
        parent = self.root / "encoders"
        names = os.listdir(parent) if parent.exists() else []
        return sorted({name.lstrip(".").split(".")[0] for name in names if not name.endswith(".lock")})

    def get(self, fingerprint: str, digests: Sequence[str]) -> np.ndarray:
        """The features of `digests`, (N, D) float32, in their order. CcrError if any is absent or damaged."""
        out: np.ndarray | None = None

        def take(rows: np.ndarray, vectors: np.ndarray) -> None:
            nonlocal out
            if out is None:
                out = np.empty((len(digests), vectors.shape[1]), dtype=np.float32)
            out[rows] = vectors

        self.scan(fingerprint, digests, take)
        assert out is not None
        return out

    def scan(self, fingerprint: str, digests: Sequence[str], take: Callable[[np.ndarray, np.ndarray], None]) -> None:
        """As `get`, chunk by chunk, each read once, so that in any order the features take but one chunk's memory.

        `take` is called with (n,) int64 positions in `digests`, ascending, and their (n, D) features as stored, float32
        or float16.
        """
        keys = _index_keys(digests)
        environment = self.environment(fingerprint)
        if not keys:
            raise ValueError("no digests: the width of no features is unknown")
        if not environment.exists():
            raise CcrError(f"no features of encoder {fingerprint[:12]} in {self.root}; extract them first")

        def read(txn: lmdb.Transaction) -> None:
            found = _places(txn, keys)
            absent = [digest for digest, place in zip(digests, found, strict=True) if place is None]
            if absent:
                raise CcrError(
                    f"{len(absent):,} of {len(keys):,} features of encoder {fingerprint[:12]} are not in {self.root} "
                    f"(the first is of content {absent[0][:12]}); run the same command again to make them"
                )
            places = np.frombuffer(b"".join(place for place in found if place is not None), dtype=_PLACE)
            order = np.argsort(places["chunk"], kind="stable")
            numbers, starts = np.unique(places["chunk"][order], return_index=True)
            for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
                take(rows, self.chunk(txn, fingerprint, number)[1][places["row"][rows]])

        environment.read(read)

    def put(self, fingerprint: str, digests: Sequence[str], features: np.ndarray) -> None:
        """Commit (N, D) features, float32 or float16, as one chunk. What is already there stays as it is."""
        rows = np.asarray(features)
        keys = _index_keys(digests)
        if rows.ndim != 2 or len(rows) != len(keys) or rows.dtype not in (np.float32, np.float16):
            raise ValueError(f"{len(keys)} digests and features {rows.shape} {rows.dtype}: (N, D) floats are needed")
        self._describe(fingerprint, None)

        def write(txn: lmdb.Transaction) -> bool:
            """Whether the tail is long now."""
            fresh: dict[bytes, int] = {}
            for i, key in enumerate(keys):
                if txn.get(key) is None:
                    fresh.setdefault(key, i)
            if not fresh:
                return False
            number = _last_chunk(txn) + 1
            members = b"".join(key[1:] for key in fresh)
            vectors = np.ascontiguousarray(rows[list(fresh.values())], dtype=rows.dtype.newbyteorder("<"))
            shape = struct.pack("<III", *vectors.shape, vectors.itemsize)
            content = shape + members + vectors.tobytes()
            txn.put(_chunk_key(number), struct.pack("<I", zlib.crc32(content)) + content)
            first, count = _tail(txn)
            txn.put(_TAIL, _TAIL_VALUE.pack(first if count else number, count + len(fresh)))
            return count + len(fresh) >= max(TAIL, txn.stat()["entries"] // TAIL_SHARE)

        environment = self.environment(fingerprint)
        if environment.write(write):
            environment.write(_index)

    def seal(self, fingerprint: str, name: str, digests: Sequence[str]) -> None:
        """Record, last of all, that the set `name` is complete; CcrError if it is not.

        It replaces a set of the same name.
        """
        absent = self.missing(fingerprint, digests)
        if absent:
            raise CcrError(f'"{name}" cannot be sealed: {len(absent):,} of {len(digests):,} features are not stored')
        value = name.encode() + b"\0" + b"".join(bytes.fromhex(digest) for digest in digests)

        def write(txn: lmdb.Transaction) -> None:
            _index(txn)
            txn.put(_set_key(name), value)

        if self.sealed(fingerprint, name) != list(digests):
            self._describe(fingerprint, None)
            self.environment(fingerprint).write(write)

    def sealed(self, fingerprint: str, name: str) -> list[str] | None:
        """The members of a sealed set, None if there is no such set."""
        environment = self.environment(fingerprint)
        if not environment.exists():
            return None

        def read(txn: lmdb.Transaction) -> list[str] | None:
            value = txn.get(_set_key(name))
            return None if value is None else _members(memoryview(value))[1]

        return environment.read(read)

    # --- for upkeep ---------------------------------------------------------------------------------------------

    def chunk(self, txn: lmdb.Transaction, fingerprint: str, number: int) -> tuple[memoryview, np.ndarray]:
        """The packed digests and the (N, D) vectors of a chunk, checked. Both are views that end with `txn`."""
        value = memoryview(txn.get(_chunk_key(number), b""))
        if len(value) < _HEADER.size:
            raise DamagedError(self.folder(fingerprint), f"has lost chunk {number}")
        checksum, count, width, itemsize = _HEADER.unpack(value[: _HEADER.size])
        if zlib.crc32(value[4:]) != checksum:
            raise DamagedError(self.folder(fingerprint), f"holds a damaged chunk, {number}: its checksum does not fit")
        end = _HEADER.size + 32 * count
        vectors = np.frombuffer(value[end:], dtype=_DTYPES[itemsize]).reshape(count, width)
        return value[_HEADER.size : end], vectors

    def chunks(self, txn: lmdb.Transaction) -> list[int]:
        """The numbers of all chunks."""
        return [int.from_bytes(key[1:], "big") for key, _ in _entries(txn, _CHUNK)]

    def places(self, txn: lmdb.Transaction) -> dict[str, tuple[int, int]]:
        """Where every feature is: digest -> (chunk number, row)."""
        found = {bytes(key): bytes(place) for key, place in (*_unindexed(txn)[::-1], *_entries(txn, _INDEX))}
        return {key[1:].hex(): np.frombuffer(place, _PLACE)[0].item() for key, place in found.items()}

    def sets(self, txn: lmdb.Transaction) -> dict[str, list[str]]:
        """All sealed sets: name -> members."""
        return dict(_members(value) for _, value in _entries(txn, _SET))

    def about(self, fingerprint: str) -> dict[str, Any]:
        """What about.json tells of an encoder; {} if there is nothing."""
        try:
            return json.loads((self.folder(fingerprint) / ABOUT).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def _describe(self, fingerprint: str, about: Mapping[str, Any] | None) -> None:
        self.environment(fingerprint)  # refuses another layout
        if about is not None or not self.about(fingerprint):
            self.folder(fingerprint).mkdir(parents=True, exist_ok=True)
            write_json(
                self.folder(fingerprint) / ABOUT, {"layout": LAYOUT, "fingerprint": fingerprint, **(about or {})}
            )


def split_digests(packed: memoryview) -> list[str]:
    """N x 32 bytes -> N hexadecimal digests."""
    text = packed.hex()
    return [text[i : i + 64] for i in range(0, len(text), 64)]


def _members(value: memoryview) -> tuple[str, list[str]]:
    name, _, packed = bytes(value).partition(b"\0")
    return name.decode(), split_digests(memoryview(packed))


def _index_keys(digests: Sequence[str]) -> list[bytes]:
    return [_INDEX + bytes.fromhex(digest) for digest in digests]


def _chunk_key(number: int) -> bytes:
    return _CHUNK + number.to_bytes(8, "big")


def _set_key(name: str) -> bytes:
    return _SET + hashlib.sha256(name.encode()).digest()


def _places(txn: lmdb.Transaction, keys: Sequence[bytes]) -> list[bytes | None]:
    """Where the vector of each index key is, None for one that has none."""
    found: list[bytes | None] = [txn.get(key) for key in keys]  # type: ignore[misc]  # or views, as good
    if None in found:
        late = dict(reversed(_unindexed(txn)))  # of equal digests the first
        found = [late.get(key) if place is None else place for key, place in zip(keys, found, strict=True)]
    return found


def _tail(txn: lmdb.Transaction) -> tuple[int, int]:
    """The first chunk without an index, and the rows that have none."""
    return _TAIL_VALUE.unpack(txn.get(_TAIL, bytes(_TAIL_VALUE.size)))


def _unindexed(txn: lmdb.Transaction) -> list[tuple[bytes, bytes]]:
    """What the index lacks: the key and the place of every row of the tail."""
    first, count = _tail(txn)
    found: list[tuple[bytes, bytes]] = []
    for number in range(first, _last_chunk(txn) + 1 if count else first):
        value = memoryview(txn.get(_chunk_key(number), b""))
        rows = _HEADER.unpack(value[: _HEADER.size])[1] if len(value) >= _HEADER.size else 0
        packed = bytes(value[_HEADER.size : _HEADER.size + 32 * rows])
        places = np.empty(len(packed) // 32, dtype=_PLACE)
        places["chunk"], places["row"] = number, np.arange(len(places))
        at = places.tobytes()
        size = _PLACE.itemsize
        found += [(_INDEX + packed[32 * i : 32 * i + 32], at[size * i : size * i + size]) for i in range(len(places))]
    return found


def _index(txn: lmdb.Transaction) -> None:
    """Index the tail, in the order of the index, which so has each of its pages written once."""
    rows = sorted(_unindexed(txn), key=itemgetter(0))  # stable: of equal digests the first stays
    with txn.cursor() as cursor:
        cursor.putmulti(rows, overwrite=False)
    txn.put(_TAIL, bytes(_TAIL_VALUE.size))


def _last_chunk(txn: lmdb.Transaction) -> int:
    with txn.cursor() as cursor:
        if cursor.set_range(_chunk_key(2**64 - 1)):
            cursor.prev()
        else:
            cursor.last()
        key = bytes(cursor.key())
    return int.from_bytes(key[1:], "big") if key[:1] == _CHUNK else -1


def _entries(txn: lmdb.Transaction, prefix: bytes) -> Iterator[tuple[memoryview, memoryview]]:
    with txn.cursor() as cursor:
        if cursor.set_range(prefix):
            for key, value in cursor.iternext():
                if key[:1] != prefix:
                    return
                yield memoryview(key), memoryview(value)
