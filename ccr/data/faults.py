"""Faults of a dataset, by kind: what they are called, and what it means to accept one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from attrs import asdict, evolve, frozen

from ccr.errors import CcrError, nearest
from ccr.specs import Item

Remedy = Literal["", "keeps it", "leaves out the caption", "leaves out the item", "leaves out the training item"]


@frozen
class Kind:
    """A kind of fault."""

    what: str
    accepted: Remedy  # what accepting it does; "" = it cannot be accepted
    tolerated: bool = False  # a run says it, and goes on: even official files have a few


KINDS: Mapping[str, Kind] = {
    "missing": Kind("a file or a folder is not in place", ""),
    "rows": Kind("the reader refuses a file or a row", ""),
    "duplicate-id": Kind("an id stands twice", ""),
    "parallel": Kind("a caption translates one that is not there", ""),
    "empty-caption": Kind("a caption is empty", "leaves out the caption"),
    "odd-caption": Kind("a caption is not in the script of its language", "keeps it", tolerated=True),
    "language": Kind("the captions of a language as a whole are not written as it is", "keeps it"),
    "mixed-origins": Kind("people's captions of a test set stand among machine translations", "keeps it"),
    "size": Kind("a test set has other numbers of images or captions than it declares", "keeps it"),
    "absent-picture": Kind("a picture is not there", "leaves out the item"),
    "broken-picture": Kind("a picture cannot be decoded", "leaves out the item"),
    "twin-picture": Kind("a test set holds one picture twice", "keeps it", tolerated=True),
    "split-overlap": Kind("a picture is in two splits", "leaves out the training item"),
    "corpus-overlap": Kind("a test picture is in the training corpus", "leaves out the training item"),
}


@frozen
class Fault:
    """One fault. `item` and `caption` are what it is a fault of, where it is of one, in the split `split`."""

    kind: str
    what: str  # a sentence without its full stop
    where: str = ""  # file, file and row, or item
    dataset: str = ""
    split: str = ""  # "train", "val" or the id of a test set
    item: str = ""
    caption: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what

    def json(self) -> dict[str, str]:
        """What is known of it, as plain values."""
        return {key: value for key, value in asdict(self).items() if value}


def acceptable(names: Iterable[str]) -> tuple[str, ...]:
    """The kinds that `--accept` names, checked."""
    chosen = tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in KINDS:
            raise CcrError(f'--accept: there is no fault "{name}"{nearest(name, KINDS)}; known: {", ".join(KINDS)}')
        if not KINDS[name].accepted:
            raise CcrError(f'--accept: "{name}" cannot be accepted ({KINDS[name].what}); mend it')
    return chosen


def standing(faults: Iterable[Fault], accepted: Collection[str], *, run: bool = False) -> tuple[Fault, ...]:
    """The faults that are not accepted; in a run, not those that it tolerates either."""
    return tuple(fault for fault in faults if fault.kind not in accepted and not (run and KINDS[fault.kind].tolerated))


def refuse(name: str, faults: Sequence[Fault], accepted: Collection[str], told: int = 10) -> None:
    """Raises CcrError with the first faults that are not accepted, and how to accept them; for a run."""
    left = standing(faults, accepted, run=True)
    if not left:
        return
    lines = [f"  - {fault.kind}: {fault}" for fault in left[:told]]
    if len(left) > told:
        lines.append(f"  ... and {len(left) - told:,} more: `ccr data check {name}` lists them")
    kinds = dict.fromkeys(fault.kind for fault in left)
    remedies = [f"--accept {kind} {KINDS[kind].accepted}" for kind in kinds if KINDS[kind].accepted]
    remedy = "; ".join(remedies) + ("; the others must be mended" if len(remedies) < len(kinds) else "")
    ending = remedy if remedies else "they must be mended"
    raise CcrError(f"{name} has {len(left):,} {_plural('fault', len(left))}:\n" + "\n".join([*lines, f"  {ending}"]))


def leave_out(
    items: Iterable[Item], split: str, faults: Iterable[Fault], accepted: Collection[str], dataset: str = ""
) -> tuple[Item, ...]:
    """The items of a split without what the accepted faults leave out. `dataset` is the name of theirs.

    A caption takes its machine translations along, and people's lose their parallel; an item that loses its last
    caption is left out with it.
    """
    captions: set[str] = set()
    gone: set[str] = set()
    for fault in faults:
        if fault.kind not in accepted or (dataset and fault.dataset != dataset):
            continue
        remedy = KINDS[fault.kind].accepted
        if remedy == "leaves out the caption":
            captions.add(fault.caption)
        elif remedy == "leaves out the item" or (remedy == "leaves out the training item" and fault.split == split):
            gone.add(fault.item)
    if not captions and not gone:
        return tuple(items)
    kept = []
    for item in items:
        if item.id in gone:
            continue
        if captions.isdisjoint(caption.id for caption in item.captions):
            kept.append(item)
            continue
        left = tuple(
            evolve(c, parallel=None) if c.parallel in captions else c
            for c in item.captions
            if c.id not in captions and not (c.parallel in captions and c.origin.startswith("mt:"))
        )
        if left:
            kept.append(evolve(item, captions=left))
    return tuple(kept)


def leaving(faults: Iterable[Fault], accepted: Collection[str]) -> tuple[str, ...]:
    """The accepted kinds that leave something out, sorted."""
    found = {fault.kind for fault in faults if fault.kind in accepted}
    return tuple(sorted(kind for kind in found if KINDS[kind].accepted.startswith("leaves out")))


def left_out(faults: Iterable[Fault], accepted: Collection[str]) -> dict[str, dict[str, object]]:
    """For the result of a run: by kind, what was done and to what. What a run tolerates is told, too."""
    told: dict[str, dict[str, object]] = {}
    for fault in faults:
        if fault.kind in accepted or KINDS[fault.kind].tolerated:
            remedy = KINDS[fault.kind].accepted
            entry = told.setdefault(fault.kind, {"done": remedy, "count": 0, "faults": []})
            entry["count"] += 1  # type: ignore[operator]
            entry["faults"].append(str(fault))  # type: ignore[attr-defined]
    return told


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
