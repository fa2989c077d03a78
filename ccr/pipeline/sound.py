"""Opening the data of a run: a broken set is refused before anything is computed, but for faults that are accepted."""

from __future__ import annotations

from collections.abc import Sequence

from ccr.config import RunConfig
from ccr.data.check import compare_content, examine
from ccr.data.faults import acceptable, refuse
from ccr.data.opening import Opening
from ccr.data.pictures import decode
from ccr.data.records import Data
from ccr.data.whole import read_whole
from ccr.features.digests import FileDigests
from ccr.files import cache_root, digest_of
from ccr.settings import settings_values
from ccr.specs import TestSet

OVERLAPS = ("split-overlap", "corpus-overlap")


def open_sound(
    config: RunConfig,
    target: Opening,
    general: Opening | None,
    *,
    trains: bool,
    pictures: bool,
    opened: dict[str, tuple[Data, Data | None]] | None = None,
) -> tuple[Data, Data | None]:
    """The dataset and the corpus, read and checked: what trains (the target only if `trains`) and the one test set.

    Pictures are not opened, unless faults are accepted that show in no other way: then they are looked for. No test
    item is kept. Raises CcrError with the faults that are not accepted. With `opened`, what was opened with it before
    is not read again, and items are not kept at all.
    """
    accepted = acceptable(config.accept)
    key = digest_of(
        [
            *(
                [each.spec.name, each.spec.version, settings_values(each.dataset.settings), str(each.root)]
                if each
                else []
                for each in (target, general)
            ),
            [*map(str, config.mt)],
            str(config.test_set),
            sorted(accepted),
            trains,
            pictures,
        ]
    )
    if opened is not None and key in opened:
        return opened[key]

    def chosen(every: Sequence[TestSet]) -> Sequence[TestSet]:
        return [test for test in every if test.id == config.test_set] if config.test_set else every[:1]

    corpora = [read_whole(general, tests=lambda every: ())] if general else []
    whole = read_whole(target, ("train", "val") if trains else (), chosen)
    for corpus in corpora:
        examine(corpus, pictures=pictures)
    examine(whole, corpora, pictures=pictures)
    if pictures and "broken-picture" in accepted:
        for each in (whole, *corpora):
            decode(each)
    if pictures and set(OVERLAPS) & set(accepted):
        compare_content(whole, corpora, FileDigests(cache_root(config.cache) / "features" / "digests"))
    faults = tuple(fault for each in (whole, *corpora) for fault in each.faults.values())
    refuse(config.dataset, faults, accepted)
    data, *others = [
        each.door.open(
            faults=faults,
            accepted=accepted,
            read={s: each.splits.get(s, ()) for s in ("train", "val")} if opened is None else None,
        )
        for each in (whole, *corpora)
    ]
    found = data, others[0] if others else None
    if opened is not None:
        opened[key] = found
    return found


def another_test_set(config: RunConfig, data: Data, test_set: str) -> bool:
    """Whether what is tested is not what the name of the test set declares: it is set or found to be otherwise."""
    sized = any(fault.kind == "size" and fault.kind in data.accepted for fault in data.faults)
    return sized or test_set in data.shortened or any(key.startswith("dataset.") for key in config.settings)
