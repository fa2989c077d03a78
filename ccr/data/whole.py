"""All splits of a dataset as its reader gives them, test sets included, with what was wrong with the reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from attrs import field, frozen

from ccr.data.faults import Fault
from ccr.data.opening import Opening
from ccr.data.translations import attach, unknown
from ccr.errors import CcrError, PartlyReadError
from ccr.loading import why
from ccr.specs import DatasetSpec, Item, Split, TestSet


@frozen
class Size:
    """How much of one language and provenance a split holds."""

    split: str
    lang: str
    origin: str
    images: int
    captions: int


@frozen(eq=False)
class Report:
    """What a check found."""

    spec: DatasetSpec
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()  # what was not checked, and remedies
    sizes: tuple[Size, ...] = ()


@frozen(eq=False)
class Whole:
    """The items of every split that could be read, and what was wrong so far."""

    door: Opening
    spec: DatasetSpec
    splits: dict[str, tuple[Item, ...]] = field(factory=dict)
    # by text and what it is of: a caption that two test sets hold has one fault, two items of one file have two
    faults: dict[tuple[str, ...], Fault] = field(factory=dict)
    notes: list[str] = field(factory=list)

    def add(self, fault: Fault) -> None:
        self.faults.setdefault((fault.kind, str(fault), fault.item, fault.caption), fault)

    def report(self) -> Report:
        sizes = tuple(size for split, items in self.splits.items() for size in sizes_of(split, items))
        return Report(self.spec, tuple(self.faults.values()), tuple(self.notes), sizes)


def read_whole(
    door: Opening,
    splits: Collection[Split] = ("train", "val"),
    tests: Callable[[Sequence[TestSet]], Sequence[TestSet]] = lambda every: every,
) -> Whole:
    """The items of these splits and of the test sets that `tests` chooses, the door's test split not yet sealed."""
    absent = [sentence for sentence in door.missing(pictures=False) if sentence not in door.refused]
    if absent:
        whole = Whole(door, door.spec)
        for sentence in absent:
            whole.add(Fault("missing", sentence, dataset=door.spec.name))
        return whole
    try:
        whole = Whole(door, door.dataset.describe(door.spec))
    except Exception as error:
        whole = Whole(door, door.spec)
        _refused(whole, "", error)
        whole.notes.append(f"nothing else of {whole.spec.name} was checked: its rows come first")
        return whole
    for line in door.refused:
        whole.add(Fault("rows", line, dataset=whole.spec.name))
    for split in splits:
        _take(whole, split, partial(door.dataset.items, split))
    if splits and door.translations:
        for what in unknown(door.translations, {split: whole.splits.get(split, ()) for split in splits}):
            whole.add(Fault("rows", what, dataset=whole.spec.name))
        for name, items in whole.splits.items():
            whole.splits[name] = attach(items, door.translations, name)
    for test_set in tests(whole.spec.test_sets):
        _take(whole, test_set.id, partial(door.dataset.test_items, test_set.id))
    if not whole.splits and not whole.faults:
        whole.add(Fault("rows", "there is no item", whole.spec.name, whole.spec.name))
    return whole


def _take(whole: Whole, split: str, items: Callable[[], Iterable[Item]]) -> None:
    try:
        found = tuple(items())
    except PartlyReadError as error:
        _refused(whole, split, error)
        found = tuple(error.items)
    except Exception as error:
        _refused(whole, split, error)
        whole.notes.append(f"nothing else of {split} was checked: its rows come first")
        return
    if found:
        whole.splits[split] = found
    elif split not in ("train", "val"):
        whole.add(Fault("rows", "there is no item", split, whole.spec.name, split))


def _refused(whole: Whole, split: str, error: Exception) -> None:
    """What a reader says, or how it failed over files that nobody has looked at."""
    said = str(error) if isinstance(error, CcrError) else f"the reader failed: {why(error)}"
    for line in said.split("\n"):
        whole.add(Fault("rows", line, dataset=whole.spec.name, split=split))


def sizes_of(split: str, items: Sequence[Item]) -> list[Size]:
    """Images and captions of each language and provenance."""
    captions: Counter[tuple[str, str]] = Counter()
    images: Counter[tuple[str, str]] = Counter()
    for item in items:
        found = Counter((caption.lang, caption.origin) for caption in item.captions)
        captions.update(found)
        images.update(found.keys())
    return [Size(split, lang, origin, images[lang, origin], n) for (lang, origin), n in captions.items()]
