"""Czech: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.czech import COLOURS, Czech, phrase, that
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases, turns
from ccr_scenes.video.world import TURNS

# --- people: verbs, of which "se" stands second in the clause ------------------------------------------------------

VERBS = {
    "left": ("se pohybuje doleva", "klouže doleva"),
    "right": ("se pohybuje doprava", "klouže doprava"),
    "up": ("se pohybuje nahoru", "stoupá"),
    "down": ("se pohybuje dolů", "klesá"),
    "grow": ("roste", "se zvětšuje"),
    "shrink": ("se zmenšuje",),
    "appear": ("se objevuje",),
    "disappear": ("mizí",),
    "circle": ("krouží kolem",),
    "jump": ("skáče přes",),
    **{motion: (f"mění barvu na {COLOURS[colour]}ou",) for motion, colour in TURNS.items()},
}


class CzechEvent(EventTeller, Czech):
    def verb(self) -> str:
        """With its object: "krouží kolem kruhu", "skáče přes kruh"."""
        verb = self.rng.choice(VERBS[self.event.motion])
        case = "gen" if self.event.motion == "circle" else "acc"
        return f"{verb} {self.noun(self.about, case)}" if self.about else verb

    def near(self) -> str:
        """ " vlevo od kruhu", of what stays in its place"""
        return f" {self.place(self.event.last, self.said(self.spot))}" if self.spot else ""

    def way(self, link: str = ", pak ") -> str:
        """ ", nejdřív vlevo od kruhu, pak nad ním" """
        if not self.course:
            return ""
        said = self.said(self.course)
        first = self.place(self.event.first, said)
        return f", nejdřív {first}{link}{self.resumed(self.event.last, said)}"

    def other(self, before: str, case: str = "nom") -> str:
        return before + self.noun(self.event.other, case) if self.event.other else ""


def background_first(c: CzechEvent) -> str:
    """na pláži klouže doprava červená hvězda, nejdřív pod kruhem, pak vpravo od něj, dále je tam kříž"""
    told = f"{c.where() or 'zde'} {c.verb()}{c.near()} {c.noun(c.event.mover)}{c.way()}"
    return told + c.other(", dále je tam ")


def seen(c: CzechEvent) -> str:
    """na pláži lze vidět červenou hvězdu, která krouží kolem kruhu, a také kříž"""
    said = c.said(c.event.mover)
    told = f"{c.ending('', after=' ')}lze vidět {phrase(*said, case='acc')}, {that(said)} {c.verb()}{c.near()}"
    return told + c.way(" a pak ") + c.other(", a také ", "acc")


def outcome(c: CzechEvent) -> str:
    """vlevo od kruhu je červená hvězda, která roste, dále kříž, to vše na pláži"""
    said = c.said(c.event.mover)
    told = f"{phrase(*said)}, {that(said)} {c.verb()}{c.way()}"
    told = f"{c.near()[1:]} je {told}" if c.spot else told
    return told + c.other(", dále ") + c.ending(", to vše ")


def fragment(c: CzechEvent) -> str:
    """na pláži: červená hvězda klouže doprava, nejdřív pod kruhem, pak vpravo od něj; také kříž"""
    told = f"{c.ending('', after=': ')}{c.noun(c.event.mover)} {c.verb()}{c.near()}{c.way()}"
    return told + c.other("; také ")


TELLER = CzechEvent
STYLES: tuple[Callable[[CzechEvent], str], ...] = (background_first, seen, outcome, fragment)

# --- the translator -----------------------------------------------------------------------------------------------

FINITE: Forms = {
    "left": ("se pohybuje doleva", "klouže doleva"),
    "right": ("se pohybuje doprava", "klouže doprava"),
    "up": ("se pohybuje nahoru", ("stoupá", "povstává")),
    "down": ("se pohybuje dolů", ("klesá", "potápí se")),
    "grow": ("roste", ("se zvětšuje", "dostává větší")),
    "shrink": ("se zmenšuje", "se zmenšuje"),
    "appear": ("se objevuje", ("se objevuje", "ukazuje nahoru")),
    "disappear": ("mizí", "mizí"),
    "circle": ("krouží kolem {gen}", ("se pohybuje kolem {gen}", "se pohybuje okolo {gen}")),
    "jump": ("skáče přes {acc}", "poskakuje přes {acc}"),
    **turns(
        lambda colour: (
            (f"mění barvu na {COLOURS[colour]}ou", f"otáčí {COLOURS[colour]}ý"),
            (f"mění barvu na {COLOURS[colour]}ou", f"stává se {COLOURS[colour]}ým"),
        )
    ),
}
DOING: Forms = {
    "left": ("pohybující se doleva", "klouzající doleva"),
    "right": ("pohybující se doprava", "klouzající doprava"),
    "up": ("pohybující se nahoru", "stoupající"),
    "down": ("pohybující se dolů", "klesající"),
    "grow": ("rostoucí", ("zvětšující se", "dostávající větší")),
    "shrink": ("zmenšující se", "zmenšující se"),
    "appear": ("objevující se", "ukazující nahoru"),
    "disappear": ("mizející", "mizející"),
    "circle": ("kroužící kolem {gen}", "pohybující se kolem {gen}"),
    "jump": ("skákající přes {acc}", "poskakující přes {acc}"),
    **turns(lambda colour: (f"měnící barvu na {COLOURS[colour]}ou", f"stávající se {COLOURS[colour]}ým")),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], FINITE),
    **phrases(FORMS[3], FINITE, "který "),
    **phrases(FORMS[4], FINITE, "a to "),
    "first": ("nejdřív", "první"),
    "and then": ("a pak", "a potom"),
    "a clip of": ("klip {gen}", "video {gen}"),
}
TO_ENGLISH = {
    "se pohybuje": "moves",
    "pohybuje": "moves",
    "klouže": "slides",
    "doleva": "to the left",
    "doprava": "to the right",
    "nahoru": "up",
    "dolů": "down",
    "stoupá": "rises",
    "klesá": "sinks",
    "roste": "grows",
    "se zvětšuje": "gets bigger",
    "se zmenšuje": "gets smaller",
    "se objevuje": "shows up",
    "mizí": "disappears",
    "krouží kolem": "circles around",
    "skáče přes": "jumps over",
    "poskakuje přes": "hops over",
    **{f"mění barvu na {COLOURS[colour]}ou": f"turns {colour}" for colour in TURNS.values()},
    "nejdřív": "first",
    "a pak": "and then",
    "pak": "then",
}
