"""English: the styles of the training captions, which get machine-translated, and those of the test captions."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.english import CASUAL, IDIOMS, PLACES, SCENES, English
from ccr_scenes.grammar.paths import Words
from ccr_scenes.video.telling import EventTeller

FINITE = {
    "left": ("moves to the left", "slides to the left"),
    "right": ("moves to the right", "slides to the right"),
    "up": ("moves up", "rises"),
    "down": ("moves down", "sinks"),
    "grow": ("grows", "gets bigger"),
    "shrink": ("shrinks", "gets smaller"),
    "appear": ("appears", "shows up"),
    "disappear": ("disappears", "vanishes"),
    "circle": ("moves in a circle", "goes round in a circle"),
    "jump": ("jumps up and down", "hops up and down"),
}
DOING = {
    "left": ("moving to the left", "sliding to the left"),
    "right": ("moving to the right", "sliding to the right"),
    "up": ("moving up", "rising"),
    "down": ("moving down", "sinking"),
    "grow": ("growing", "getting bigger"),
    "shrink": ("shrinking", "getting smaller"),
    "appear": ("appearing", "showing up"),
    "disappear": ("disappearing", "vanishing"),
    "circle": ("moving in a circle", "going round in a circle"),
    "jump": ("jumping up and down", "hopping up and down"),
}


def led(before: str, verbs: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The verbs with a word before each."""
    return {motion: (f"{before} {first}", f"{before} {second}") for motion, (first, second) in verbs.items()}


# The forms in which verbs stand in training captions. Each is a phrase to the translator.
FORMS = (FINITE, DOING, led("is", DOING), led("that", FINITE), led("and it", FINITE))


class EnglishEvent(EventTeller, English):
    def verb(self, form: dict[str, tuple[str, str]] = FINITE) -> str:
        return self.rng.choice(form[self.event.motion])

    def way(self) -> str:
        """ " behind a ring" """
        return f" behind {self.noun(self.event.behind)}" if self.event.behind else ""

    def place(self, places: Words = PLACES, stop: str = " and stops ") -> str:
        """ " and stops left of a ring", or " left of a ring" of what rests all the while"""
        if not self.event.relation:
            return ""
        relation, m = self.event.relation
        return (stop if self.moves else " ") + f"{self.pick(places[relation])} {self.noun(m)}"

    def other(self, before: str = ", and there is ", after: str = "") -> str:
        return f"{before}{self.noun(self.event.other)}{after}" if self.event.other else ""

    def subject(self, article: str = "a") -> str:
        return self.noun(self.event.mover, article)


# --- styles of the training captions ------------------------------------------------------------------------------


def plain(e: EnglishEvent) -> str:
    """a red star moves to the right behind a moon and stops left of a ring on a beach, and there is a cross"""
    return f"{e.subject()} {e.verb()}{e.way()}{e.place()}{e.ending(' ')}{e.other()}"


def progressive(e: EnglishEvent) -> str:
    """a red star is moving to the right behind a moon, until it is left of a ring, on a beach"""
    told = f"{e.subject()} {e.verb(FORMS[2])}{e.way()}{e.place(stop=' until it is ')}"
    return told + e.ending(", ") + e.other()


def relative(e: EnglishEvent) -> str:
    """there is a red star that moves to the right and stops left of a ring on a beach"""
    return f"there is {e.subject()} {e.verb(FORMS[3])}{e.way()}{e.place()}{e.ending(' ')}{e.other()}"


def see(e: EnglishEvent) -> str:
    """you can see a red star moving to the right until it is left of a ring on a beach"""
    told = f"you can see {e.subject()} {e.verb(DOING)}{e.way()}{e.place(stop=' until it is ')}"
    return told + e.ending(" ") + e.other()


def recording(e: EnglishEvent) -> str:
    """a clip of a red star moving to the right, and the background shows a beach"""
    told = f"a clip of {e.subject()} {e.verb(DOING)}{e.way()}{e.place(stop=' until it is ')}{e.other()}"
    return told + e.ending(", and the background shows ", SCENES)


def casual(e: EnglishEvent) -> str:
    """here we have a red star and it slides to the right and stops just left of a ring, out at sea"""
    told = f"here we have {e.subject()} {e.verb(FORMS[4])}{e.way()}{e.place(CASUAL)}{e.other()}"
    return told + e.ending(", ", IDIOMS)


# --- styles of the test captions ----------------------------------------------------------------------------------


def background_first(e: EnglishEvent) -> str:
    """on a beach, the red star slides to the right behind a moon and stops left of a ring; a cross is there, too"""
    where = e.where() or "in this clip"
    return f"{where}, {e.subject('the')} {e.verb()}{e.way()}{e.place()}{e.other('; ', ' is there, too')}"


def watched(e: EnglishEvent) -> str:
    """on a beach, with a cross around, you can see how a red star slides to the right until it is left of a ring"""
    where = e.ending("", after=", ") + e.other("with ", " around, ")
    return f"{where}you can see how {e.subject()} {e.verb()}{e.way()}{e.place(stop=' until it is ')}"


def outcome(e: EnglishEvent) -> str:
    """left of a ring stops a red star that moves to the right behind a moon, on a beach, besides a cross"""
    told = f"{e.subject()} {e.verb(FORMS[3])}{e.way()}"
    if e.event.relation:
        relation, m = e.event.relation
        told = f"{e.pick(PLACES[relation])} {e.noun(m)} {'stops' if e.moves else 'is'} {told}"
    return told + e.ending(", ") + e.other(", besides ")


def fragment(e: EnglishEvent) -> str:
    """beach: red star moving to the right behind a moon, then left of a ring; also a cross"""
    scene = e.where(SCENES).removeprefix("a ").removeprefix("the ")
    told = f"{e.subject('')} {e.verb(DOING)}{e.way()}{e.place(stop=', then ')}"
    return (scene and f"{scene}: ") + told + e.other("; also ")


TELLER = EnglishEvent
SOURCE_STYLES: tuple[Callable[[EnglishEvent], str], ...] = (plain, progressive, relative, see, recording, casual)
STYLES: tuple[Callable[[EnglishEvent], str], ...] = (background_first, watched, outcome, fragment)
