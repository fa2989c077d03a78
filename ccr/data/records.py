"""A dataset's records, checked once when they are read, with the test split under seal.

The seal prevents accidents: a test record is loaded only inside `unsealed()`, which the harness enters after training
is over. It is no defence against hostile code in the same process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ccr.base import Dataset
from ccr.errors import CcrError, SealedSplitError
from ccr.files import digest_of
from ccr.host import Host
from ccr.specs import DatasetSpec, Item, Split

FAULTS_TOLD = 10

_open: ContextVar[bool] = ContextVar("ccr_test_split_open", default=False)
_training: ContextVar[bool] = ContextVar("ccr_training", default=False)


@contextmanager
def training() -> Iterator[None]:
    """While a method trains, nobody opens the test split."""
    token = _training.set(True)
    try:
        yield
    finally:
        _training.reset(token)


@contextmanager
def unsealed() -> Iterator[None]:
    """The harness alone enters this, once training is over, around the loading of test records and nothing else."""
    if _training.get():
        raise SealedSplitError("the test split is sealed while a method trains")
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


class Data:
    """An opened dataset: its spec, and its items by split."""

    def __init__(self, spec: DatasetSpec, dataset: Dataset) -> None:
        self.spec = spec
        self.dataset = dataset
        self._read: dict[tuple[str, str], tuple[Item, ...]] = {}

    def records(self, split: Split, test_set: str = "") -> tuple[Item, ...]:
        """The items of "train" or "val"; those of "test" raise SealedSplitError outside of the harness's evaluation."""
        if split == "test":
            _require_open(self.spec.name)
        if (split, test_set) not in self._read:
            items = self.dataset.test_items(test_set) if split == "test" else self.dataset.items(split)
            self._read[split, test_set] = _checked(
                items, f"{self.spec.name}/{test_set or split}", self.spec.source_lang
            )
        return self._read[split, test_set]


def open_data(host: Host, spec: DatasetSpec, root: Path | None, settings: Any) -> Data:
    """Open a dataset, its files below `root`, else below $CCR_DATA/<name>. What is missing is told all at once.

    `settings` is an instance of the spec's settings class.
    """
    name = spec.name
    if root is None and spec.needs_root and "CCR_DATA" in os.environ:
        root = Path(os.environ["CCR_DATA"]) / name
    if root is None and spec.needs_root:
        raise CcrError(f"dataset {name} reads files: name their folder with --data-root, or set CCR_DATA to its parent")
    dataset = host.resolve(spec.factory)(settings, root)
    missing = dataset.missing()
    if missing:
        raise CcrError(f"dataset {name} is not complete:\n" + "\n".join(f"  - {sentence}" for sentence in missing))
    _seal(dataset, name)
    return Data(spec, dataset)


def _require_open(name: str) -> None:
    if not _open.get():
        raise SealedSplitError(f"the test split of {name} is sealed: the harness alone reads it, after training")


def _seal(dataset: Dataset, name: str) -> None:
    """Close the reader's own door, too."""
    read = dataset.test_items

    def test_items(test_set: str) -> Iterable[Item]:
        _require_open(name)
        return read(test_set)

    dataset.test_items = test_items  # type: ignore[method-assign]


def content_digest(items: Iterable[Item], image_digests: Iterable[str]) -> str:
    """sha256 of what a split holds: captions with their provenance, and the content of the images."""
    return digest_of(
        [
            [item.id, image, [[c.id, c.lang, c.text, c.origin, c.parallel] for c in item.captions]]
            for item, image in zip(items, image_digests, strict=True)
        ]
    )


def _checked(items: Iterable[Item], where: str, source_lang: str) -> tuple[Item, ...]:
    kept = tuple(items)
    faults: list[str] = []
    seen_items: set[str] = set()
    seen_captions: dict[str, str] = {}  # id -> language
    for item in kept:
        if item.id in seen_items:
            faults.append(f"{where}: item id {item.id!r} stands twice; ids must be unique")
        seen_items.add(item.id)
        for caption in item.captions:
            if caption.id in seen_captions:
                faults.append(f"{where}: caption id {caption.id!r} stands twice; ids must be unique")
            seen_captions[caption.id] = caption.lang
            if not caption.text.strip():
                faults.append(f"{where}: caption {caption.id!r} of item {item.id!r} is empty; remove it or fill it in")
    for item in kept:
        for caption in item.captions:
            if caption.parallel is not None and seen_captions.get(caption.parallel) != source_lang:
                there = "not there" if caption.parallel not in seen_captions else f"not in {source_lang}"
                faults.append(f"{where}: the parallel {caption.parallel!r} of caption {caption.id!r} is {there}")
    if not kept:
        faults.append(f"{where}: there is no item")
    if faults:
        more = f"\n  ... and {len(faults) - FAULTS_TOLD} more" if len(faults) > FAULTS_TOLD else ""
        raise CcrError("\n".join(faults[:FAULTS_TOLD]) + more)
    return kept
