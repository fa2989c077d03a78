"""French: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.french import SCENES, French, joined
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases

# --- people -------------------------------------------------------------------------------------------------------

VERBS = {
    "left": ("se déplace vers la gauche", "glisse vers la gauche"),
    "right": ("se déplace vers la droite", "glisse vers la droite"),
    "up": ("monte", "se déplace vers le haut"),
    "down": ("descend", "se déplace vers le bas"),
    "grow": ("grandit",),
    "shrink": ("rétrécit",),
    "appear": ("apparaît", "se montre"),
    "disappear": ("disparaît",),
    "circle": ("tourne en rond", "se déplace en cercle"),
    "jump": ("saute de haut en bas", "sautille de haut en bas"),
}


class FrenchEvent(EventTeller, French):
    def verb(self) -> str:
        return self.rng.choice(VERBS[self.event.motion])

    def way(self) -> str:
        return f" derrière {self.noun(self.event.behind)}" if self.event.behind else ""

    def near(self, article: str = "a") -> str:
        """ "à gauche d'un anneau", or nothing"""
        if not self.event.relation:
            return ""
        relation, m = self.event.relation
        return super().place(relation, self.said(m), article)

    def stop(self, verb: str = " et s'arrête ") -> str:
        """Where it stops, or where it is all the while."""
        return f"{verb if self.moves else ' '}{self.near()}" if self.event.relation else ""

    def other(self, before: str) -> str:
        return before + self.noun(self.event.other) if self.event.other else ""

    def happens(self, article: str = "a") -> str:
        return f"{self.noun(self.event.mover, article)} {self.verb()}{self.way()}"


def background_first(f: FrenchEvent) -> str:
    """à la plage, une étoile rouge glisse vers la droite derrière une lune et s'arrête à gauche d'un anneau"""
    return f"{f.where() or 'ici'}, {f.happens()}{f.stop()}{f.other(' ; il y a aussi ')}"


def seen(f: FrenchEvent) -> str:
    """on peut voir une étoile rouge qui glisse vers la droite, puis s'arrête à gauche d'un anneau, à la plage"""
    told = f"on peut voir {f.noun(f.event.mover)} qui {f.verb()}{f.way()}" + f.stop(", puis s'arrête ")
    return told + f.ending(", ") + f.other(", et en plus ")


def outcome(f: FrenchEvent) -> str:
    """à gauche de l'anneau s'arrête une étoile rouge qui glisse vers la droite ; en arrière-plan, une plage"""
    told = f"{f.noun(f.event.mover)} qui {f.verb()}{f.way()}"
    if f.event.relation:
        told = joined(f.near("the"), "s'arrête" if f.moves else "il y a", told)
    return told + f.other(", avec ") + f.ending(" ; en arrière-plan, ", SCENES)


def fragment(f: FrenchEvent) -> str:
    """étoile rouge glisse vers la droite, puis à gauche d'un anneau (à la plage)"""
    told = f"{f.happens('')}{f.stop(', puis ')}{f.other(', plus ')}"
    return told + f.ending(" (", after=")")


TELLER = FrenchEvent
STYLES: tuple[Callable[[FrenchEvent], str], ...] = (background_first, seen, outcome, fragment)

# --- the translator -----------------------------------------------------------------------------------------------

FINITE: Forms = {
    "left": ("se déplace vers la gauche", "glisse vers la gauche"),
    "right": ("se déplace vers la droite", "glisse vers la droite"),
    "up": ("se déplace vers le haut", ("monte", "se lève")),
    "down": ("se déplace vers le bas", ("descend", "coule")),
    "grow": ("grandit", "devient plus grand"),
    "shrink": ("rétrécit", "devient plus petit"),
    "appear": ("apparaît", "se montre"),
    "disappear": ("disparaît", "disparaît"),
    "circle": ("se déplace en cercle", ("tourne en rond", "va rond dans un cercle")),
    "jump": ("saute de haut en bas", "sautille de haut en bas"),
}
DOING: Forms = {
    "left": ("se déplaçant vers la gauche", "glissant vers la gauche"),
    "right": ("se déplaçant vers la droite", "glissant vers la droite"),
    "up": ("se déplaçant vers le haut", "montant"),
    "down": ("se déplaçant vers le bas", ("descendant", "coulant")),
    "grow": ("grandissant", "devenant plus grand"),
    "shrink": ("rétrécissant", "devenant plus petit"),
    "appear": ("apparaissant", "se montrant"),
    "disappear": ("disparaissant", "disparaissant"),
    "circle": ("se déplaçant en cercle", "tournant en rond"),
    "jump": ("sautant de haut en bas", "sautillant de haut en bas"),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], FINITE),
    **phrases(FORMS[3], FINITE, "qui "),
    **phrases(FORMS[4], FINITE, "et il "),
    "behind": "derrière {}",
    "and stops": ("et s'arrête", "et arrête"),
    "until it is": "jusqu'à ce qu'il est",
    "a clip of": ("un clip de {}", "une vidéo de {}"),
}
TO_ENGLISH = {
    "se déplace": "moves",
    "glisse": "slides",
    "vers la gauche": "to the left",
    "vers la droite": "to the right",
    "vers le haut": "up",
    "vers le bas": "down",
    "monte": "rises",
    "descend": "moves down",
    "grandit": "grows",
    "rétrécit": "shrinks",
    "apparaît": "appears",
    "se montre": "shows itself",
    "disparaît": "disappears",
    "tourne en rond": "goes round in a circle",
    "en cercle": "in a circle",
    "saute": "jumps",
    "sautille": "hops",
    "de haut en bas": "up and down",
    "derrière": "behind",
    "et s' arrête": "and stops",
    "s' arrête": "stops",
    "puis": "then",
}
