"""German: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.german import GENDERS, German, phrase
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases

# --- people: the finite verb and what stands at the end of the clause ---------------------------------------------

VERBS = {
    "left": (("bewegt sich", "nach links"), ("gleitet", "nach links")),
    "right": (("bewegt sich", "nach rechts"), ("gleitet", "nach rechts")),
    "up": (("bewegt sich", "nach oben"), ("steigt", "nach oben")),
    "down": (("bewegt sich", "nach unten"), ("sinkt", "nach unten")),
    "grow": (("wächst", ""), ("wird", "größer")),
    "shrink": (("schrumpft", ""),),
    "appear": (("erscheint", ""), ("taucht", "auf")),
    "disappear": (("verschwindet", ""),),
    "circle": (("bewegt sich", "im Kreis"),),
    "jump": (("springt", "auf und ab"), ("hüpft", "auf und ab")),
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
        return f" hinter {self.noun(self.event.behind, 'dat')}" if self.event.behind else ""

    def near(self) -> str:
        """ "links von einem Ring", or nothing"""
        if not self.event.relation:
            return ""
        relation, m = self.event.relation
        return super().place(relation, self.said(m))

    def stop(self) -> str:
        return f" und bleibt {self.near()} stehen" if self.moves and self.event.relation else ""

    def spot(self) -> str:
        """The place of what rests all the while."""
        return f" {self.near()}" if self.event.relation and not self.moves else ""

    def other(self, before: str, case: str = "nom") -> str:
        return before + self.noun(self.event.other, case) if self.event.other else ""

    def that(self, said: str) -> str:
        return ("der", "die", "das")["mfn".index(GENDERS[said])]


def background_first(g: GermanEvent) -> str:
    """am Strand gleitet ein roter Stern hinter einem Mond nach rechts und bleibt links von einem Ring stehen"""
    finite, rest = g.verb()
    verb, _, pronoun = finite.partition(" ")
    start = " ".join(filter(None, (g.where() or "hier", verb, pronoun)))
    told = f"{start} {g.noun(g.event.mover)}{g.way()}{g.spot()}{rest and ' ' + rest}{g.stop()}"
    return told + g.other(", außerdem ist da ")


def watched(g: GermanEvent) -> str:
    """man kann am Strand sehen, wie ein roter Stern nach rechts gleitet und links von einem Ring stehen bleibt"""
    begins, ends = g.subordinate()
    told = f"man kann{g.ending(' ')} sehen, wie{begins} {g.noun(g.event.mover)}{g.way()}{g.spot()} {ends}"
    told += f" und {g.near()} stehen bleibt" if g.stop() else ""
    return told + g.other(", und dazu ", "acc")


def relative(g: GermanEvent) -> str:
    """ein roter Stern, der am Strand nach rechts gleitet und links von einem Ring stehen bleibt, dazu ein Kreuz"""
    noun, adjectives = g.said(g.event.mover)
    begins, ends = g.subordinate()
    told = f"{phrase(noun, adjectives)}, {g.that(noun)}{begins}{g.ending(' ')}{g.way()}{g.spot()} {ends}"
    told += f" und {g.near()} stehen bleibt" if g.stop() else ""
    return told + g.other(", dazu ")


def fragment(g: GermanEvent) -> str:
    """am Strand: roter Stern gleitet nach rechts, dann links von einem Ring; außerdem ein Kreuz"""
    finite, rest = g.verb()
    told = f"{g.ending('', after=': ')}{g.noun(g.event.mover, article='')} {finite}{g.way()}{rest and ' ' + rest}"
    if g.event.relation:
        told += f"{', dann' if g.moves else ''} {g.near()}"
    return told + g.other("; außerdem ")


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
    "circle": ("bewegt sich in einem Kreis", "geht rund in einem Kreis"),
    "jump": ("springt auf und ab", ("hüpft auf und ab", "hüpft hinauf und hinunter")),
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
    "circle": ("sich in einem Kreis bewegend", "rund gehend in einem Kreis"),
    "jump": ("auf und ab springend", "auf und ab hüpfend"),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], FINITE),
    **phrases(FORMS[3], FINITE, "das "),
    **phrases(FORMS[4], FINITE, "und es "),
    "behind": "hinter {dat}",
    "and stops": ("und bleibt stehen", "und stoppt"),
    "until it is": ("bis es ist", "bis es steht"),
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
    "im Kreis": "in a circle",
    "auf und ab": "up and down",
    "hinter": "behind",
    "und bleibt": "and stays",
    "bleibt": "stays",
    "stehen": "stand",
    "wie": "how",
    "dann": "then",
}
