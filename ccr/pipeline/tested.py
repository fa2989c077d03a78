"""What is told of the test set before anything trains: its pictures are not among those that train, and can be read.

Nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ccr.base import Dataset
from ccr.data.records import unsealed
from ccr.errors import CcrError
from ccr.features.faults import Faults
from ccr.features.inputs import input_digests, read_clip, read_image
from ccr.pipeline.plan import Plan
from ccr.pipeline.prepare import Prepared
from ccr.progress import Progress
from ccr.specs import Item
from ccr.world import world

NAMED = 10  # items that an error names


def refuse_overlap(plan: Plan, prepared: Prepared) -> None:
    """CcrError if images of the test set are among those that train or select, by content; nothing of it is kept."""
    items, digests = test_items(plan, prepared)
    tested = dict(zip(digests, items, strict=True))
    seen = {
        digest: f"{item.id} of {data.spec.name}/{split}"
        for data, split in prepared.used()
        for digest, item in zip(prepared.digests(data, split), data.records(split), strict=True)
        if digest in tested
    }
    if seen:
        named = [f"{tested[digest].id} is {where}" for digest, where in list(seen.items())[:NAMED]]
        accept = "" if prepared.encoder.precomputed else "; --accept split-overlap,corpus-overlap leaves them out there"
        raise CcrError(
            f"{len(seen)} of the {len(items)} test images of {plan.test_set.id} are among the images of training or "
            f"validation: {', '.join(named)}{', ...' if len(seen) > NAMED else ''}; remove them there{accept}"
        )


def refuse_unreadable(plan: Plan, prepared: Prepared) -> None:
    """CcrError if pictures of the test set cannot be decoded, which would else be told after the training.

    What any encoder has features of was decoded before.
    """
    if prepared.encoder.precomputed:
        return
    items, digests = test_items(plan, prepared)

    def decode() -> None:
        faults, read = Faults("test pictures cannot be used"), read_clip if items[0].frames else read_image
        unseen = [items[i] for i in prepared.store.unseen(digests)]
        with Progress("test pictures", len(unseen), "decoded") as bar, ThreadPoolExecutor() as pool:
            for fault in pool.map(partial(_unreadable, read, plan.data.dataset), unseen):
                if fault:
                    faults.add(fault)
                bar.advance()
        faults.check()

    world().once(decode)


def _unreadable(read: Callable[..., Any], dataset: Dataset, item: Item) -> str:
    try:
        read(dataset, item)
    except CcrError as error:
        return str(error)
    return ""


def test_items(plan: Plan, prepared: Prepared) -> tuple[Sequence[Item], list[str]]:
    """The test items and what the encoder reads of each."""
    with unsealed():
        items = plan.data.records("test", plan.test_set.id)
    return items, input_digests(prepared.encoder, plan.data.dataset, items, prepared.store.files)
