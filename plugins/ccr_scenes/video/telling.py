"""What all languages share in telling events: the teller they extend, and how their motions are listed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from ccr_scenes.grammar.paths import Teller
from ccr_scenes.video.world import ROUND, TURNS, Event
from ccr_scenes.world import Claim

Options = str | tuple[str, ...]  # one way to say it, or several
Forms = Mapping[str, tuple[Options, Options]]  # by motion, what translates the first and the second English verb


class EventTeller(Teller):
    """An event about to be told; comes before the language's own teller of claims, whose nouns and places it uses."""

    def __init__(self, event: Event, rng: random.Random) -> None:
        super().__init__(Claim((event.mover,), (), event.background), rng)
        self.event = event
        self.about = event.landmark if event.motion in ROUND else None  # the verb's object
        self.spot = event.landmark if event.last and not event.first else None  # of what stays in its place
        self.course = event.landmark if event.first and event.last else None  # of what changes it


def phrases(english: Forms, target: Forms, before: str = "", after: str = "") -> dict[str, Options]:
    """English phrase -> what stands for it, with something before and after that belongs to the form."""
    found: dict[str, Options] = {}
    for motion, verbs in english.items():
        for verb, options in zip(verbs, target[motion], strict=True):
            several = (options,) if isinstance(options, str) else options
            assert isinstance(verb, str)
            found[verb] = tuple(before + option + after for option in several)
    return found


def turns(predicate: Callable[[str], tuple[Options, Options]]) -> dict[str, tuple[Options, Options]]:
    """The verbs of things that change their colour, by what is said of each colour."""
    return {motion: predicate(colour) for motion, colour in TURNS.items()}
