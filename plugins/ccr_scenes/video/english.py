"""English: the styles of the training captions, which get machine-translated, and those of the test captions."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.english import CASUAL, IDIOMS, PLACES, RESUMED, SCENES, English, phrase
from ccr_scenes.grammar.paths import Words
from ccr_scenes.video.telling import EventTeller
from ccr_scenes.video.world import TURNS

FINITE = {
    "left": ("moves to the left", "slides to the left"),
    "right": ("moves to the right", "slides to the right"),
    "up": ("moves up", "rises"),
    "down": ("moves down", "sinks"),
    "grow": ("grows", "gets bigger"),
    "shrink": ("shrinks", "gets smaller"),
    "appear": ("appears", "shows up"),
    "disappear": ("disappears", "vanishes"),
    "circle": ("circles around", "moves around"),
    "jump": ("jumps over", "hops over"),
    **{motion: (f"turns {colour}", f"becomes {colour}") for motion, colour in TURNS.items()},
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
    "circle": ("circling around", "moving around"),
    "jump": ("jumping over", "hopping over"),
    **{motion: (f"turning {colour}", f"becoming {colour}") for motion, colour in TURNS.items()},
}


def led(before: str, verbs: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The verbs with a word before each."""
    return {motion: (f"{before} {first}", f"{before} {second}") for motion, (first, second) in verbs.items()}


# The forms in which verbs stand in training captions. Each is a phrase to the translator.
FORMS = (FINITE, DOING, led("is", DOING), led("that", FINITE), led("and it", FINITE))


class EnglishEvent(EventTeller, English):
    def verb(self, form: dict[str, tuple[str, str]] = FINITE) -> str:
        """With its object, where it has one."""
        verb = self.rng.choice(form[self.event.motion])
        return f"{verb} {self.noun(self.about)}" if self.about else verb

    def place(self, places: Words = PLACES) -> str:
        """ " left of a ring", or ", first left of a ring and then above the ring" """
        if self.spot:
            return f" {self.pick(places[self.event.last])} {self.noun(self.spot)}"
        if not self.course:
            return ""
        noun, adjectives = self.said(self.course)
        first, last = (self.pick(places[relation]) for relation in (self.event.first, self.event.last))
        return f", first {first} {phrase(noun, adjectives)} and then {last} {phrase(noun, (), 'the')}"

    def resumed(self, link: str = ", then ") -> str:
        """The same as people say it: ", first left of a ring, then above it"."""
        if not self.course:
            return self.place()
        first = self.pick(PLACES[self.event.first])
        return f", first {first} {self.noun(self.course)}{link}{RESUMED[self.event.last]}"

    def other(self, before: str = ", and there is ", after: str = "") -> str:
        return f"{before}{self.noun(self.event.other)}{after}" if self.event.other else ""

    def subject(self, article: str = "a") -> str:
        return self.noun(self.event.mover, article)


# --- styles of the training captions ------------------------------------------------------------------------------


def plain(e: EnglishEvent) -> str:
    """a red star moves to the right, first below a ring and then right of the ring on a beach, and there is a cross"""
    return f"{e.subject()} {e.verb()}{e.place()}{e.ending(' ')}{e.other()}"


def progressive(e: EnglishEvent) -> str:
    """a red star is moving to the right, on a beach"""
    return f"{e.subject()} {e.verb(FORMS[2])}{e.place()}{e.ending(', ')}{e.other()}"


def relative(e: EnglishEvent) -> str:
    """there is a red star that moves to the right on a beach"""
    return f"there is {e.subject()} {e.verb(FORMS[3])}{e.place()}{e.ending(' ')}{e.other()}"


def see(e: EnglishEvent) -> str:
    """you can see a red star growing left of a ring on a beach"""
    return f"you can see {e.subject()} {e.verb(DOING)}{e.place()}{e.ending(' ')}{e.other()}"


def recording(e: EnglishEvent) -> str:
    """a clip of a red star circling around a ring, and the background shows a beach"""
    told = f"a clip of {e.subject()} {e.verb(DOING)}{e.place()}{e.other()}"
    return told + e.ending(", and the background shows ", SCENES)


def casual(e: EnglishEvent) -> str:
    """here we have a red star and it shrinks just left of a ring, out at sea"""
    told = f"here we have {e.subject()} {e.verb(FORMS[4])}{e.place(CASUAL)}{e.other()}"
    return told + e.ending(", ", IDIOMS)


# --- styles of the test captions ----------------------------------------------------------------------------------


def background_first(e: EnglishEvent) -> str:
    """on a beach, the red star slides to the right, first below a ring, then to its right; a cross is there, too"""
    where = e.where() or "in this clip"
    return f"{where}, {e.subject('the')} {e.verb()}{e.resumed()}{e.other('; ', ' is there, too')}"


def watched(e: EnglishEvent) -> str:
    """on a beach, with a cross around, you can see how a red star jumps over a ring"""
    where = e.ending("", after=", ") + e.other("with ", " around, ")
    return f"{where}you can see how {e.subject()} {e.verb()}{e.resumed(' and then ')}"


def outcome(e: EnglishEvent) -> str:
    """left of a ring there is a red star that turns blue, on a beach, besides a cross"""
    told = f"{e.subject()} {e.verb(FORMS[3])}{e.resumed() if e.course else ''}"
    if e.spot:
        told = f"{e.pick(PLACES[e.event.last])} {e.noun(e.spot)} there is {told}"
    return told + e.ending(", ") + e.other(", besides ")


def fragment(e: EnglishEvent) -> str:
    """beach: red star moving to the right, first below a ring, now to its right; also a cross"""
    scene = e.where(SCENES).removeprefix("a ").removeprefix("the ")
    told = f"{e.subject('')} {e.verb(DOING)}{e.resumed(', now ')}"
    return (scene and f"{scene}: ") + told + e.other("; also ")


TELLER = EnglishEvent
SOURCE_STYLES: tuple[Callable[[EnglishEvent], str], ...] = (plain, progressive, relative, see, recording, casual)
STYLES: tuple[Callable[[EnglishEvent], str], ...] = (background_first, watched, outcome, fragment)
