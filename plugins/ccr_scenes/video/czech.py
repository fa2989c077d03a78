"""Czech: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.czech import Czech, phrase, that
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases

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
    "circle": ("se pohybuje v kruhu", "krouží dokola"),
    "jump": ("skáče nahoru a dolů", "poskakuje nahoru a dolů"),
}


class CzechEvent(EventTeller, Czech):
    def verb(self) -> str:
        return self.rng.choice(VERBS[self.event.motion])

    def way(self) -> str:
        return f" za {self.noun(self.event.behind, 'ins')}" if self.event.behind else ""

    def near(self) -> str:
        if not self.event.relation:
            return ""
        relation, m = self.event.relation
        return super().place(relation, self.said(m))

    def stop(self, verb: str = " a zastaví se ") -> str:
        """Where it stops, or where it is all the while."""
        return f"{verb if self.moves else ' '}{self.near()}" if self.event.relation else ""

    def other(self, before: str, case: str = "nom") -> str:
        return before + self.noun(self.event.other, case) if self.event.other else ""


def background_first(c: CzechEvent) -> str:
    """na pláži klouže doprava za měsícem červená hvězda a zastaví se vlevo od kruhu"""
    told = f"{c.where() or 'zde'} {c.verb()}{c.way()}{'' if c.moves else c.stop()} {c.noun(c.event.mover)}"
    return told + (c.stop() if c.moves else "") + c.other(", dále je tam ")


def seen(c: CzechEvent) -> str:
    """na pláži lze vidět červenou hvězdu, která klouže doprava, až se zastaví vlevo od kruhu"""
    said = c.said(c.event.mover)
    told = f"{c.ending('', after=' ')}lze vidět {phrase(*said, case='acc')}, {that(said)} {c.verb()}{c.way()}"
    return told + c.stop(", až se zastaví ") + c.other(", a také ", "acc")


def outcome(c: CzechEvent) -> str:
    """vlevo od kruhu se zastaví červená hvězda, která klouže doprava, to vše na pláži"""
    said = c.said(c.event.mover)
    told = f"{phrase(*said)}, {that(said)} {c.verb()}{c.way()}"
    if c.event.relation:
        told = f"{c.near()} {'se zastaví' if c.moves else 'je'} {told}"
    return told + c.other(", dále ") + c.ending(", to vše ")


def fragment(c: CzechEvent) -> str:
    """na pláži: červená hvězda klouže doprava, pak vlevo od kruhu; také kříž"""
    told = f"{c.ending('', after=': ')}{c.noun(c.event.mover)} {c.verb()}{c.way()}{c.stop(', pak ')}"
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
    "circle": ("se pohybuje v kruhu", "krouží dokola"),
    "jump": ("skáče nahoru a dolů", "poskakuje nahoru a dolů"),
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
    "circle": ("pohybující se v kruhu", "jdoucí kolem v kruhu"),
    "jump": ("skákající nahoru a dolů", "poskakující nahoru a dolů"),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], FINITE),
    **phrases(FORMS[3], FINITE, "který "),
    **phrases(FORMS[4], FINITE, "a to "),
    "behind": "za {ins}",
    "and stops": ("a zastaví se", "a zastaví"),
    "until it is": ("až to je", "dokud není"),
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
    "v kruhu": "in a circle",
    "krouží dokola": "goes round in a circle",
    "skáče": "jumps",
    "poskakuje": "hops",
    "nahoru a dolů": "up and down",
    "za": "behind",
    "a zastaví se": "and stops",
    "se zastaví": "stops",
    "až": "until",
    "pak": "then",
}
