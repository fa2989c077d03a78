"""A check is a small function; the kit knows it by the kind of plugin that it is for."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ccr.testing.guard import GUARD, Event

if TYPE_CHECKING:
    from torch import Tensor

CLOSE = 1e-5
"""How much features may differ that should be equal but for the order of sums; see `distance`."""


class Failed(Exception):  # noqa: N818 - it is no error of the kit
    """A check found its fault, in one sentence."""


class NotApplicable(Exception):  # noqa: N818
    """A check has nothing to check here; why, in one sentence."""


@frozen
class Check:
    """One check of one kind of subject; `run` raises Failed, NotApplicable, or whatever the plugin raises."""

    name: str
    mend: str  # how a plugin that fails is mended
    run: Callable[[Any], None]
    basis: bool  # True: where it hangs, so would everything else


@frozen
class _Kinds:
    checks: dict[str, list[Check]] = field(factory=dict)


_KINDS = _Kinds()


def check(kind: str, mend: str, *, basis: bool = False) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Register a function as the check of its own name."""

    def register(run: Callable[[Any], None]) -> Callable[[Any], None]:
        _KINDS.checks.setdefault(kind, []).append(Check(run.__name__, mend, run, basis))
        return run

    return register


def checks_of(kind: str) -> list[Check]:
    """All checks of a kind, in the order in which they run; none where the kit has none."""
    if importlib.util.find_spec(f"ccr.testing.{kind}s") is None:
        return []
    importlib.import_module(f"ccr.testing.{kind}s")
    return _KINDS.checks[kind]


class Watched:
    """What a plugin did that it must not do, collected while it worked."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        start, before = len(GUARD.events), GUARD.files()
        try:
            yield
        finally:
            self.events += GUARD.events[start:]
            seen = {event.what for event in self.events}
            new = sorted(str(path) for path in GUARD.files() - before)
            self.events += [Event("write", path) for path in new if path not in seen]

    def of(self, kind: str) -> list[str]:
        """What was done of one kind, each thing once."""
        return list(dict.fromkeys(event.what for event in self.events if event.kind == kind))

    def refuse(self, kind: str, sentence: str) -> None:
        """Raises Failed if anything of that kind was done."""
        if what := self.of(kind):
            raise Failed(f"{sentence}: {', '.join(what[:3])}{' ...' if len(what) > 3 else ''}")


def distance(a: Tensor, b: Tensor) -> float:
    """The largest difference of any entry, in units of the root mean square of `a`."""
    return float((a - b).abs().max() / a.square().mean().sqrt().clamp_min(1e-12))
