"""Faults of many items, told together."""

from __future__ import annotations

from ccr.errors import CcrError
from ccr.progress import say
from ccr.specs import Item

TOLD = 10


class Faults:
    """What is wrong with the items of one pass. Nothing is skipped in silence: `check` raises what was added."""

    def __init__(self, title: str, aloud: bool = False) -> None:
        self.title = title  # e.g. "images cannot be used"
        self.aloud = aloud  # a long pass says each at once, and ends when it is full
        self.found: list[str] = []

    def add(self, fault: str) -> None:
        """One sentence without its full stop."""
        self.found.append(fault)
        if self.aloud:
            say(f"  {fault}")

    def full(self) -> bool:
        """True when as many were found as are told: a long pass ends here."""
        return len(self.found) >= TOLD

    def check(self) -> None:
        """CcrError with all faults, up to ten by name; nothing if there is none."""
        if len(self.found) == 1:
            raise CcrError(self.found[0])
        if self.found:
            more = len(self.found) - TOLD
            lines = self.found[:TOLD] + ([f"and {more:,} more"] if more > 0 else [])
            least = "at least " if self.aloud and self.full() else ""
            raise CcrError(f"{least}{len(self.found):,} {self.title}:" + "".join(f"\n  {line}" for line in lines))


def where(item: Item) -> str:
    """How a person finds the item."""
    return f"{item.path} (item {item.id})" if item.path else f"item {item.id}"
