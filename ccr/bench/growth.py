"""How time and memory grow: ranking and the feature store with images and captions, training with languages.

Every row sets one size against the size before it: the ratio of their times, divided by the ratio of their work. What
grows no faster than its work stays at 1 or below.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from attrs import frozen

from ccr.bench.report import Row
from ccr.bench.subjects import Bench
from ccr.bench.timing import clock, peak_memory
from ccr.bench.training import Material, Ours
from ccr.data.order import Order
from ccr.evaluation.ranks import text_to_image
from ccr.features.packed import packed_table
from ccr.features.store import FeatureStore

IMAGES, QUICK_IMAGES = (1_000, 10_000, 100_000, 1_000_000), (50, 500)
LANGUAGES, QUICK_LANGUAGES = (1, 6, 36), (1, 3)
QUERIES, QUICK_QUERIES = 1_000, 20
WIDTH = 512
CHUNK = 1024
LONG_ROUNDS = 2


@frozen
class Grown:
    """One size of one thing: how much work it is, its time and its memory."""

    what: str
    size: int
    work: float
    seconds: float
    memory: float | None  # MB


def measure(bench: Bench) -> Iterator[Row]:
    """Ranking, the store and the order of batches by images; a training step by languages."""
    images, languages = (QUICK_IMAGES, QUICK_LANGUAGES) if bench.quick else (IMAGES, LANGUAGES)
    for grow in (_ranking, _filling, _disk, _reading, _order):
        yield from _rows([grow(bench, size) for size in images])
    yield from _rows([_training(bench, size) for size in languages])


def _rows(grown: Sequence[Grown]) -> Iterator[Row]:
    for before, now in zip([grown[0], *grown], grown, strict=False):
        ratio = (now.seconds / before.seconds) / (now.work / before.work)
        yield Row(
            section="growth",
            case=f"{now.what}, {now.size:,}",
            against=f"{before.size:,}, per unit of work",
            seconds=now.seconds,
            base_seconds=before.seconds,
            ratio=ratio,
            low=ratio,
            high=ratio,
            facts={"size": now.size, "peak memory, MB": now.memory},
        )


def _grown(bench: Bench, what: str, size: int, work: float, call: Callable[[], Any]) -> Grown:
    """Memory in the first call; the least time of that and of others, of which there are few where it takes long."""
    spent: list[float] = []
    memory = peak_memory(lambda: spent.append(clock(call, bench.device)), bench.device)
    spent += [clock(call, bench.device) for _ in range(bench.rounds if spent[0] < 1.0 else LONG_ROUNDS)]
    return Grown(what, size, work, min(spent), memory)


def _ranking(bench: Bench, size: int) -> Grown:
    queries = QUICK_QUERIES if bench.quick else QUERIES
    draws = torch.Generator().manual_seed(0)
    image = torch.randn(size, WIDTH, generator=draws).to(bench.device)
    text = torch.randn(queries, WIDTH, generator=draws).to(bench.device)
    owner = (torch.arange(queries) % size).to(bench.device)
    title = f"ranking {queries:,} captions over images"
    return _grown(bench, title, size, size, lambda: text_to_image(text, image, owner))


def _filling(bench: Bench, size: int) -> Grown:
    """Into the store, packed: extraction without its tower."""
    rows = np.random.default_rng(0).standard_normal((size, WIDTH), dtype=np.float32)
    digests = _digests(size)
    turn = iter(range(10**9))

    def fill() -> None:
        store = FeatureStore(bench.folder / f"growth-{size}-{next(turn)}")

        def put() -> None:
            for start in range(0, size, CHUNK):
                store.put(_FINGERPRINT, digests[start : start + CHUNK], rows[start : start + CHUNK])
            store.seal(_FINGERPRINT, "growth", digests)

        packed_table(store, _FINGERPRINT, digests, put)

    return _grown(bench, "storing and packing features of images", size, size, fill)


def _disk(bench: Bench, size: int) -> Grown:
    """What filling asks of the disk at the least: the same bytes, flushed as often, and a copy of them."""
    rows = np.random.default_rng(0).standard_normal((size, WIDTH), dtype=np.float32)
    bare, copy = bench.folder / "bare", bench.folder / "copy"

    def write() -> None:
        with bare.open("wb", buffering=0) as file:
            for start in range(0, size, CHUNK):
                file.write(rows[start : start + CHUNK].data)
                os.fsync(file.fileno())
        shutil.copyfile(bare, copy)

    try:
        return _grown(bench, "the disk alone, for as many images", size, size, write)
    finally:
        bare.unlink()
        copy.unlink()


def _reading(bench: Bench, size: int) -> Grown:
    store, digests = FeatureStore(bench.folder / f"growth-{size}-0"), _digests(size)

    def read() -> np.ndarray:
        return np.array(packed_table(store, _FINGERPRINT, digests, _no_work))

    return _grown(bench, "warm start of images", size, size, read)


def _order(bench: Bench, size: int) -> Grown:
    pictures = {"de": np.arange(size, dtype=np.int64)}
    return _grown(
        bench, "the order of an epoch over captions", size, size, lambda: Order(0, "align", pictures, min(size, 128), 1)
    )


def _training(bench: Bench, languages: int) -> Grown:
    """A step: one language is in the batch, however many there are."""
    material = Material(bench)
    ours = Ours(material, material.phase("align"), bench.method("dasd", languages=languages))
    ours()
    return _grown(bench, "a training step of dasd, languages", languages, 1.0, ours)


def _digests(size: int) -> list[str]:
    return [hashlib.sha256(i.to_bytes(8, "big")).hexdigest() for i in range(size)]


def _no_work() -> None:
    raise AssertionError("the table is packed already")


_FINGERPRINT = hashlib.sha256(b"growth").hexdigest()
