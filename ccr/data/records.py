"""A dataset's records, checked once when they are read, with the test split under seal.

The seal prevents accidents: a test record is loaded only inside `unsealed()`, which the harness enters after training
is over. It is no defence against hostile code in the same process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from ccr.base import Dataset
from ccr.data.faults import Fault, leave_out
from ccr.data.translations import Translation, attach, refuse_unknown
from ccr.errors import CcrError, SealedSplitError
from ccr.files import digest_of
from ccr.specs import DatasetSpec, Item, Split

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
    """An opened dataset: its spec, and its items by split, machine translations of other files attached.

    Of `faults` those of the kinds `accepted` leave out what they are faults of. `read` are items of "train" and "val"
    that were read and checked already.
    """

    def __init__(
        self,
        spec: DatasetSpec,
        dataset: Dataset,
        translations: Sequence[Translation] = (),
        *,
        faults: Sequence[Fault] = (),
        accepted: Sequence[str] = (),
        read: Mapping[str, tuple[Item, ...]] | None = None,
    ) -> None:
        self.spec = spec
        self.faults, self.accepted = faults, accepted
        self.shortened: set[str] = set()  # splits and test sets that something was left out of
        self.dataset = dataset
        self._translations = translations
        self._read: dict[tuple[str, str], tuple[Item, ...]] = {}
        self._raw: dict[str, tuple[Item, ...]] = {}
        for split, items in (read or {}).items():
            if split != "test" and (kept := self._without(split, items)):
                self._read[split, ""] = kept

    def records(self, split: Split, test_set: str = "") -> tuple[Item, ...]:
        """The items of "train" or "val"; those of "test" raise SealedSplitError outside of the harness's evaluation."""
        if split == "test":
            _require_open(self.spec.name)
        if (split, test_set) not in self._read:
            if split == "test":
                items = self.dataset.test_items(test_set)
            else:
                items = self._translated(split)
            name = test_set or split
            kept = self._without(name, tuple(items))
            self._read[split, test_set] = _checked(kept, f"{self.spec.name}/{name}", self.spec.source_lang)
        return self._read[split, test_set]

    def _without(self, name: str, items: tuple[Item, ...]) -> tuple[Item, ...]:
        kept = leave_out(items, name, self.faults, self.accepted, self.spec.name)
        if sum(len(item.captions) for item in kept) < sum(len(item.captions) for item in items):
            self.shortened.add(name)
        return kept

    def _translated(self, split: Split) -> Iterable[Item]:
        if not self._translations:
            return self.dataset.items(split)
        if not self._raw:
            self._raw = {name: tuple(self.dataset.items(name)) for name in ("train", "val")}
            refuse_unknown(self._translations, self._raw)
        return attach(self._raw[split], self._translations, split)


def _require_open(name: str) -> None:
    if not _open.get():
        raise SealedSplitError(f"the test split of {name} is sealed: the harness alone reads it, after training")


def seal(dataset: Dataset, name: str) -> None:
    """Close the reader's own door to its test split, too."""
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
        raise CcrError("\n".join(faults))
    return kept
