"""Spanish: gender, adjectives behind the noun, "de el" as "del"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ccr_scenes.grammar.clauses import Clauses
from ccr_scenes.grammar.paths import Said

FEMININE = {"estrella", "cruz", "luna", "medialuna", "flecha", "plaza"}
AGREEING = {"rojo", "amarillo", "morado", "negro", "blanco", "pequeño", "poco"}  # -o, feminine -a

SHAPES = {
    "circle": ("círculo", "disco"),
    "square": "cuadrado",
    "triangle": "triángulo",
    "star": "estrella",
    "heart": "corazón",
    "cross": "cruz",
    "ring": ("anillo", "aro"),
    "diamond": "rombo",
    "moon": ("luna", "medialuna"),
    "arrow": "flecha",
}
COLOURS = {
    "red": "rojo",
    "green": "verde",
    "blue": "azul",
    "yellow": "amarillo",
    "orange": "naranja",
    "purple": ("morado", "violeta"),
    "pink": "rosa",
    "brown": "marrón",
    "black": "negro",
    "white": "blanco",
}
SIZES = {"small": "pequeño", "large": "grande"}
PLACES = {
    "left": "a la izquierda de",
    "right": "a la derecha de",
    "above": ("encima de", "sobre"),
    "below": ("debajo de", "bajo"),
}
RESUMED = {"left": "a su izquierda", "right": "a su derecha", "above": "encima", "below": "debajo"}
BACKGROUNDS = {
    "meadow": ("en un prado", "en el prado"),
    "beach": "en la playa",
    "sea": "en el mar",
    "snow": "en la nieve",
    "night": "en el cielo nocturno",
    "brick": ("delante de una pared de ladrillo", "ante una pared de ladrillo"),
}
SCENES = {
    "meadow": "un prado",
    "beach": "una playa",
    "sea": "el mar",
    "snow": "la nieve",
    "night": "el cielo nocturno",
    "brick": "una pared de ladrillo",
}


def joined(text: str) -> str:
    return re.sub(r"\bde el\b", "del", text)


def phrase(noun: str, adjectives: Sequence[str], article: str = "a", feminine: bool | None = None) -> str:
    """A noun phrase with the article "a", "the" or none, adjectives in their order; `feminine` overrules the noun."""
    feminine = noun in FEMININE if feminine is None else feminine
    article = {"a": ("un", "una"), "the": ("el", "la"), "": ("", "")}[article][feminine]
    words = [word[:-1] + "a" if feminine and word in AGREEING else word for word in adjectives]
    return " ".join([*([article] if article else []), noun, *words])


class Spanish(Clauses):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS
    joint = " y "

    def np(self, said: Said, form: str = "a") -> str:
        return phrase(said[0], said[1][::-1], form)  # the size last

    def place(self, relation: str, said: Said, form: str = "a") -> str:
        return joined(f"{self.pick(PLACES[relation])} {self.np(said, form)}")

    def resumed(self, relation: str, said: Said) -> str:
        return RESUMED[relation]

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        return f"{self.place(near, landmark, form)}, que está {self.place(relation, far, form)}", ","


def background_first(e: Spanish) -> str:
    """en la playa, a la izquierda de un aro hay una estrella roja grande"""
    where = e.where() or "en esta imagen"
    if not e.first.relations:
        return f"{where} hay {e.nouns('a')}"
    subject, place, stop = e.placed("a")
    return f"{where}, {place}{stop} hay {e.np(subject)}{e.others(' y además ', 'a')}"


def fronted(e: Spanish) -> str:
    """a la izquierda del aro se ve una estrella roja grande, en la playa"""
    if not e.first.relations:
        return f"aquí se {e.number('ve', 'ven')} {e.nouns('a')}{e.ending(', ')}"
    subject, place, stop = e.placed("the")
    return f"{place}{stop} se ve {e.np(subject)}{e.others(', además de ', 'a')}{e.ending(', ')}"


def landmark(e: Spanish) -> str:
    """un aro, a su izquierda una estrella roja grande; al fondo, una playa"""
    told = e.steps(turned=True, form="a") + e.others(", y además ", "a") if e.first.relations else e.nouns("a")
    return told + e.ending("; al fondo, ", SCENES)


def seen(e: Spanish) -> str:
    """se puede ver en la playa una estrella roja situada a la izquierda de un aro"""
    if not e.first.relations:
        return f"se {e.number('puede', 'pueden')} ver{e.ending(' ')} {e.nouns('a')}"
    subject, place, stop = e.placed("a")
    where = f"situad{'ao'[subject[0] not in FEMININE]} {place}"
    more = e.others(f"{stop or ','} y también ", "a")
    return f"se puede ver{e.ending(' ')} {e.np(subject)} {where}{more}"


def stepwise(e: Spanish) -> str:
    """tenemos una estrella roja y, a su derecha, un aro; de fondo, una playa"""
    if not e.first.relations:
        told = f"tenemos {e.nouns('a')}"
    else:
        told = f"tenemos {e.steps(form='a', link=' y, ', then=', ')}{e.others('; además, ', 'a')}"
    return told + e.ending("; de fondo, ", SCENES)


def fragment(e: Spanish) -> str:
    """playa: estrella roja grande a la izquierda de aro"""
    scene = re.sub("^(una?|la|el) ", "", e.where(SCENES))
    told = e.nouns("")
    if e.first.relations:
        subject, place, _ = e.placed("")
        told = f"{e.np(subject, '')} {place}{e.others('; ', '')}"
    return (scene and f"{scene}: ") + told


TELLER = Spanish
STYLES: tuple[Callable[[Spanish], str], ...] = (background_first, fronted, landmark, seen, stepwise, fragment)
