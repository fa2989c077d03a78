"""Checks of datasets: records that every stage can rely on. Small: no more than a sample of the pictures is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations
from pathlib import Path

import attrs

from ccr.data.check import quick
from ccr.data.faults import standing
from ccr.data.opening import Opening, opening
from ccr.data.records import Data, unsealed
from ccr.errors import CcrError, SealedSplitError
from ccr.features.fingerprint import content_digests
from ccr.features.inputs import read_clip, read_image
from ccr.features.store import FeatureStore
from ccr.files import cache_root
from ccr.host import Host
from ccr.settings import describe_settings, make_settings
from ccr.specs import DatasetSpec, Item
from ccr.testing.checks import Failed, NotApplicable, Watched, check
from ccr.testing.subjects import Subject

SMALL = 64  # what settings that count images are set to
DECODED, HASHED = 8, 500  # pictures per split
ORIGINS = ("human", "human-translation")


class Bench:
    """A dataset under test."""

    def __init__(self, host: Host, subject: Subject) -> None:
        self.host, self.spec, self.path = host, host.spec("dataset", subject.name), subject.argument
        self.watched = Watched()

    @cached_property
    def door(self) -> Opening:
        cls = self.host.resolve(self.spec.settings)
        small = {s.name: min(s.default, SMALL) for s in describe_settings(cls) if s.unit == "images" and s.default}
        settings = make_settings(cls, small, f"dataset {self.spec.name}")
        return opening(self.host, self.spec, settings, root=Path(self.path) if self.path else None)

    def anew(self) -> Opening:
        """The same door with a reader that nothing was read from, and that nothing has sealed."""
        reader = self.door.dataset
        return attrs.evolve(self.door, dataset=type(reader)(reader.settings, reader.root))

    @cached_property
    def data(self) -> Data:
        """The dataset, opened. Raises NotApplicable where its files are not here."""
        with self.watched.watching():
            if missing := self.door.missing():
                raise NotApplicable(f"{missing[0]}; or ccr plugins check {self.spec.name}:PATH")
            return self.door.open()

    @cached_property
    def splits(self) -> dict[str, tuple[Item, ...]]:
        """Items by split, and by test set; each is checked as it is read (ids, captions, parallels)."""
        data = self.data
        with self.watched.watching():
            found = {"train": data.records("train"), "val": data.records("val")}
            with unsealed():
                found |= {test.id: data.records("test", test.id) for test in data.spec.test_sets}
        return found

    def spec_as_read(self) -> DatasetSpec:
        return self.data.spec


def _sample(items: Sequence[Item], count: int) -> list[Item]:
    """Evenly over the split."""
    return [items[i * len(items) // count] for i in range(count)] if len(items) > count else list(items)


@check("dataset", "mend the rows that are named: unique ids, captions with text, parallels that are there", basis=True)
def records(bench: Bench) -> None:
    """Every split has items; ids are unique, captions not empty, parallels there and in the source language."""
    _ = bench.splits


@check("dataset", "let `origin` be human, human-translation or mt:<engine>@<revision>")
def provenance(bench: Bench) -> None:
    """Every caption says where it comes from, in a language of the dataset."""
    spec, langs = bench.spec_as_read(), {bench.spec_as_read().source_lang, *bench.spec_as_read().target_langs}
    for split, items in bench.splits.items():
        for caption in (caption for item in items for caption in item.captions):
            if caption.origin not in ORIGINS and not caption.origin.startswith("mt:"):
                raise Failed(f"{split}: caption {caption.id!r} has the origin {caption.origin!r}")
            if caption.lang not in langs:
                raise Failed(f"{split}: caption {caption.id!r} is in {caption.lang!r}, which {spec.name} does not name")


@check("dataset", "draw and sort items in a way that depends on settings and files alone: no set, no unsorted glob")
def order(bench: Bench) -> None:
    """Items come in the same order each time, also from a reader opened anew."""
    first, again = bench.splits, bench.anew().open()
    for split in ("train", "val"):
        if again.records(split) != first[split]:
            raise Failed(f"{split}: opened twice, its items or their order differ")


@check("dataset", "give the test set's real numbers, or leave them out of the spec")
def test_sets(bench: Bench) -> None:
    """Test sets hold the images and captions that they declare, in the languages that they name."""
    spec = bench.spec_as_read()
    if not spec.test_sets:
        raise NotApplicable("it has no test set: it is a training corpus")
    for test in spec.test_sets:
        for lang in test.langs:
            counts = [sum(c.lang == lang for c in item.captions) for item in bench.splits[test.id]]
            found = {"images": sum(map(bool, counts)), "captions": sum(counts)}
            if not found["captions"]:
                raise Failed(f"{test.id} has no {lang} caption")
            for what, number in found.items():
                declared = getattr(test, what).get(lang, number)
                if declared != number:
                    raise Failed(f"{test.id} declares {declared} {what} in {lang}, and has {number}")


test_sets.__test__ = False  # type: ignore[attr-defined]


@check("dataset", "run `ccr data check NAME`: it lists every fault, and what accepting one does")
def data_check(bench: Bench) -> None:
    """`ccr data check --quick` finds no fault that stops a run: files, ids, captions, scripts, sizes."""
    with bench.watched.watching():
        faults = standing(quick(bench.anew()).faults, (), run=True) if bench.splits else ()
    if faults:
        more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise Failed(f"{faults[0].kind}: {faults[0]}{more}")


@check("dataset", "remove from train and val what the test set holds, or name another split")
def disjoint(bench: Bench) -> None:
    """No picture of one split is in another, by content."""
    files = FeatureStore(cache_root() / "features").files
    digests = {
        split: set(content_digests(_sample(items, HASHED), bench.data.dataset, files))
        for split, items in bench.splits.items()
    }
    tests = {test.id for test in bench.spec_as_read().test_sets}
    for one, two in combinations(digests, 2):
        if not {one, two} <= tests and (shared := digests[one] & digests[two]):
            raise Failed(f"{len(shared)} pictures of {one} are in {two}, too")


@check("dataset", "Dataset.read gives the bytes of what Pillow reads; an Item that is a clip says its frames")
def pictures(bench: Bench) -> None:
    """A sample of the pictures or clips of each split can be decoded."""
    faults = []
    with bench.watched.watching():
        for items in bench.splits.values():
            for item in _sample(items, DECODED):
                try:
                    (read_clip if item.frames else read_image)(bench.data.dataset, item)
                except CcrError as error:
                    faults.append(str(error))
    if faults:
        raise Failed(f"{faults[0]}" + (f"; and {len(faults) - 1} more" if len(faults) > 1 else ""))


@check("dataset", "read test records in test_items alone; the seal is put on it by ccr")
def sealed(bench: Bench) -> None:
    """The test split is shut for everybody but the harness."""
    spec = bench.spec_as_read()
    if not spec.test_sets:
        raise NotApplicable("it has no test set")
    try:
        bench.data.records("test", spec.test_sets[0].id)
    except SealedSplitError:
        return
    raise Failed("the test split can be read from outside")


@check("dataset", "fetch nothing: Dataset.missing says where files are had and where they are put")
def no_network(bench: Bench) -> None:
    """It reaches for no network."""
    _ = bench.splits
    bench.watched.refuse("network", "it reached for the network")


@check("dataset", "write nothing beside the data; what is worth keeping goes to a temporary folder or the cache")
def no_writes(bench: Bench) -> None:
    """It writes no file outside of the cache and of temporary folders."""
    _ = bench.splits
    bench.watched.refuse("write", "it wrote")
