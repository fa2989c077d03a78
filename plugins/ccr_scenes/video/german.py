"""German: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar import german
from ccr_scenes.grammar.german import GENDERS, RESUMED, German, phrase
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases, turns
from ccr_scenes.video.world import TURNS

# --- people: the finite verb and what stands at the end of the clause ---------------------------------------------

COLOURS = {colour: found if isinstance(found, str) else found[0] for colour, found in german.COLOURS.items()}
VERBS = {
    "left": (("bewegt sich", "nach links"), ("gleitet", "nach links")),
    "right": (("bewegt sich", "nach rechts"), ("gleitet", "nach rechts")),
    "up": (("bewegt sich", "nach oben"), ("steigt", "nach oben")),
    "down": (("bewegt sich", "nach unten"), ("sinkt", "nach unten")),
    "grow": (("wächst", ""), ("wird", "größer")),
    "shrink": (("schrumpft", ""),),
    "appear": (("erscheint", ""), ("taucht", "auf")),
    "disappear": (("verschwindet", ""),),
    "circle": (("kreist", ""),),
    "jump": (("springt", ""),),
    **{motion: (("wird", COLOURS[colour]),) for motion, colour in TURNS.items()},
}


class GermanEvent(EventTeller, German):
    def verb(self) -> tuple[str, str]:
        return self.rng.choice(VERBS[self.event.motion])

    def subordinate(self) -> tuple[str, str]:
        """What a subordinate clause begins and ends with: " sich" and "nach links bewegt", "" and "erscheint"."""
        finite, rest = self.verb()
        if rest == "auf":  # "auftaucht" is a form that the translator never makes
            finite, rest = VERBS["appear"][0]
        verb, space, pronoun = finite.partition(" ")
        return space + pronoun, f"{rest} {verb}".strip()

    def way(self) -> str:
        """ " um einen Ring", the object of the verb"""
        preposition = "um" if self.event.motion == "circle" else "über"
        return f" {preposition} {self.noun(self.about, 'acc')}" if self.about else ""

    def near(self) -> str:
        """ " links von einem Ring", of what stays in its place"""
        return f" {self.place(self.event.last, self.said(self.spot))}" if self.spot else ""

    def steps(self, link: str = ", dann ") -> str:  # type: ignore[override]
        """ ", zuerst links von einem Ring, dann oberhalb davon" """
        if not self.course:
            return ""
        first = self.place(self.event.first, self.said(self.course))
        return f", zuerst {first}{link}{self.pick(RESUMED[self.event.last])}"

    def other(self, before: str, case: str = "nom") -> str:
        return before + self.noun(self.event.other, case) if self.event.other else ""

    def that(self, said: str) -> str:
        return ("der", "die", "das")["mfn".index(GENDERS[said])]


def background_first(g: GermanEvent) -> str:
    """am Strand gleitet ein roter Stern nach rechts, zuerst unter einem Ring, dann rechts davon, außerdem ein Kreuz"""
    finite, rest = g.verb()
    verb, _, pronoun = finite.partition(" ")
    start = " ".join(filter(None, (g.where() or "hier", verb, pronoun)))
    told = f"{start} {g.noun(g.event.mover)}{g.near()}{g.way()}{rest and ' ' + rest}{g.steps()}"
    return told + g.other(", außerdem ist da ")


def watched(g: GermanEvent) -> str:
    """man kann am Strand sehen, wie ein roter Stern links von einem Ring blau wird, und dazu ein Kreuz"""
    begins, ends = g.subordinate()
    told = f"man kann{g.ending(' ')} sehen, wie{begins} {g.noun(g.event.mover)}{g.near()}{g.way()} {ends}{g.steps()}"
    return told + g.other(", und dazu ", "acc")


def relative(g: GermanEvent) -> str:
    """ein roter Stern, der am Strand um einen Ring kreist, dazu ein Kreuz"""
    noun, adjectives = g.said(g.event.mover)
    begins, ends = g.subordinate()
    told = f"{phrase(noun, adjectives)}, {g.that(noun)}{begins}{g.ending(' ')}{g.near()}{g.way()} {ends}{g.steps()}"
    return told + g.other(", dazu ")


def fragment(g: GermanEvent) -> str:
    """am Strand: roter Stern gleitet nach rechts, zuerst unter einem Ring und dann rechts davon; außerdem ein Kreuz"""
    finite, rest = g.verb()
    told = f"{g.ending('', after=': ')}{g.noun(g.event.mover, article='')} {finite}{g.way()}{rest and ' ' + rest}"
    return told + g.near() + g.steps(" und dann ") + g.other("; außerdem ")


TELLER = GermanEvent
STYLES: tuple[Callable[[GermanEvent], str], ...] = (background_first, watched, relative, fragment)

# --- the translator -----------------------------------------------------------------------------------------------

FINITE: Forms = {
    "left": ("bewegt sich nach links", "gleitet nach links"),
    "right": ("bewegt sich nach rechts", "gleitet nach rechts"),
    "up": (("bewegt sich nach oben", "bewegt sich auf"), ("steigt nach oben", "steigt")),
    "down": (("bewegt sich nach unten", "bewegt sich ab"), ("sinkt", "sinkt nach unten")),
    "grow": ("wächst", ("wird größer", "bekommt größer")),
    "shrink": ("schrumpft", ("wird kleiner", "bekommt kleiner")),
    "appear": ("erscheint", ("taucht auf", "zeigt auf")),
    "disappear": ("verschwindet", "verschwindet"),
    "circle": ("kreist um {acc}", ("bewegt sich um {acc}", "bewegt sich rund um {acc}")),
    "jump": ("springt über {acc}", ("hüpft über {acc}", "hüpft vorbei {acc}")),
    **turns(lambda colour: (f"wird {COLOURS[colour]}", (f"wird {COLOURS[colour]}", f"bekommt {COLOURS[colour]}"))),
}
DOING: Forms = {
    "left": ("sich nach links bewegend", "gleitend nach links"),
    "right": ("sich nach rechts bewegend", "gleitend nach rechts"),
    "up": ("sich nach oben bewegend", ("steigend", "aufsteigend")),
    "down": ("sich nach unten bewegend", "sinkend"),
    "grow": ("wachsend", ("größer werdend", "bekommend größer")),
    "shrink": ("schrumpfend", ("kleiner werdend", "bekommend kleiner")),
    "appear": ("erscheinend", ("auftauchend", "zeigend auf")),
    "disappear": ("verschwindend", "verschwindend"),
    "circle": ("kreisend um {acc}", "sich bewegend um {acc}"),
    "jump": ("springend über {acc}", "hüpfend über {acc}"),
    **turns(lambda colour: (f"{COLOURS[colour]} werdend", f"werdend {COLOURS[colour]}")),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], FINITE),
    **phrases(FORMS[3], FINITE, "das "),
    **phrases(FORMS[4], FINITE, "und es "),
    "first": "zuerst",
    "and then": "und dann",
    "a clip of": ("ein Clip von {dat}", "ein Ausschnitt von {dat}"),
}
TO_ENGLISH = {
    **dict.fromkeys(("bewegt sich", "bewegt"), "moves"),
    "sich": "itself",
    "gleitet": "slides",
    "steigt": "rises",
    "sinkt": "sinks",
    "wächst": "grows",
    "wird": "gets",
    "größer": "bigger",
    "schrumpft": "shrinks",
    "erscheint": "appears",
    "taucht": "dives",
    "auftaucht": "shows up",
    "auf": "up",
    "verschwindet": "disappears",
    "springt": "jumps",
    "hüpft": "hops",
    "nach links": "to the left",
    "nach rechts": "to the right",
    "nach oben": "up",
    "nach unten": "down",
    "kreist um": "circles around",
    "kreist": "circles",
    "springt über": "jumps over",
    "hüpft über": "hops over",
    "um": "around",
    "zuerst": "first",
    **{word: colour for colour, word in COLOURS.items() if word in german.STEMS},  # "wird ein roter Stern blau"
    **{f"{COLOURS[colour]} wird": f"turns {colour}" for colour in TURNS.values()},
    **{f"wird {COLOURS[colour]}": f"turns {colour}" for colour in TURNS.values()},
    "wie": "how",
    "dann": "then",
}
