"""French: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar import french
from ccr_scenes.grammar.french import FEMININE, RESUMED, SCENES, French, joined
from ccr_scenes.grammar.french import FORMS as FEMININES
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases, turns
from ccr_scenes.video.world import TURNS

# --- people -------------------------------------------------------------------------------------------------------

COLOURS = {colour: found if isinstance(found, str) else found[0] for colour, found in french.COLOURS.items()}
VERBS = {
    "left": ("se déplace vers la gauche", "glisse vers la gauche"),
    "right": ("se déplace vers la droite", "glisse vers la droite"),
    "up": ("monte", "se déplace vers le haut"),
    "down": ("descend", "se déplace vers le bas"),
    "grow": ("grandit",),
    "shrink": ("rétrécit",),
    "appear": ("apparaît", "se montre"),
    "disappear": ("disparaît",),
    "circle": ("tourne autour de",),
    "jump": ("saute par-dessus",),
    **{motion: (f"devient {COLOURS[colour]}",) for motion, colour in TURNS.items()},
}


class FrenchEvent(EventTeller, French):
    def happens(self, article: str = "a", link: str = " ") -> str:
        """The mover and its verb, with the verb's object: "une étoile rouge tourne autour d'un anneau"."""
        said = self.said(self.event.mover)
        verb = self.rng.choice(VERBS[self.event.motion])
        if self.event.motion in TURNS and said[0] in FEMININE:
            colour = COLOURS[TURNS[self.event.motion]]
            verb = f"devient {FEMININES.get(colour, colour)}"
        return joined(french.phrase(*said, article) + link + verb, self.noun(self.about) if self.about else "")

    def near(self, article: str = "a") -> str:
        """ "à gauche d'un anneau", of what stays in its place"""
        return self.place(self.event.last, self.said(self.spot), article) if self.spot else ""

    def steps(self, link: str = ", puis ") -> str:
        """ ", d'abord à gauche d'un anneau, puis au-dessus", or " à gauche d'un anneau" """
        if self.spot:
            return f" {self.near()}"
        if not self.course:
            return ""
        first = self.place(self.event.first, self.said(self.course))
        return f", d'abord {first}{link}{RESUMED[self.event.last]}"

    def other(self, before: str) -> str:
        return before + self.noun(self.event.other) if self.event.other else ""


def background_first(f: FrenchEvent) -> str:
    """à la plage, une étoile rouge glisse vers la droite, d'abord sous un anneau, puis à sa droite"""
    return f"{f.where() or 'ici'}, {f.happens()}{f.steps()}{f.other(' ; il y a aussi ')}"


def seen(f: FrenchEvent) -> str:
    """on peut voir une étoile rouge qui tourne autour d'un anneau, à la plage"""
    return f"on peut voir {f.happens(link=' qui ')}{f.steps(' et puis ')}" + f.ending(", ") + f.other(", et en plus ")


def outcome(f: FrenchEvent) -> str:
    """à gauche de l'anneau il y a une étoile rouge qui grandit ; en arrière-plan, une plage"""
    told = f.happens(link=" qui ")
    told = joined(f.near("the"), "il y a", told) if f.spot else told + f.steps()
    return told + f.other(", avec ") + f.ending(" ; en arrière-plan, ", SCENES)


def fragment(f: FrenchEvent) -> str:
    """étoile rouge glisse vers la droite, d'abord sous un anneau, puis à sa droite (à la plage)"""
    return f.happens("") + f.steps() + f.other(", plus ") + f.ending(" (", after=")")


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
    "circle": (("tourne autour de {}", "encercle autour {}"), ("se déplace autour de {}", "tourne autour de {}")),
    "jump": (("saute par-dessus {}", "saute sur {}"), ("sautille par-dessus {}", "sautille sur {}")),
    **turns(lambda colour: ((f"devient {COLOURS[colour]}", f"tourne {COLOURS[colour]}"), f"devient {COLOURS[colour]}")),
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
    "circle": ("tournant autour de {}", "se déplaçant autour de {}"),
    "jump": ("sautant par-dessus {}", "sautillant par-dessus {}"),
    **turns(lambda colour: (f"devenant {COLOURS[colour]}", f"devenant {COLOURS[colour]}")),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], FINITE),
    **phrases(FORMS[3], FINITE, "qui "),
    **phrases(FORMS[4], FINITE, "et il "),
    "first": ("d'abord", "premier"),
    "and then": ("et puis", "et alors"),
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
    **{f"tourne autour {of}": "circles around" for of in ("de", "du", "d'")},
    "saute par-dessus": "jumps over",
    "sautille par-dessus": "hops over",
    "d' abord": "first",
    **{f"devient {COLOURS[colour]}": f"turns {colour}" for colour in TURNS.values()},
    **{f"devient {FEMININES.get(word, word)}": f"turns {c}" for c, word in COLOURS.items()},
    "et puis": "and then",
    "puis": "then",
}
