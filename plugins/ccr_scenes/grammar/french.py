"""French: gender, the place of the adjective, elision and the contraction of de with the article."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ccr_scenes.grammar.paths import INVERSE, Said, Teller, listed
from ccr_scenes.world import Mention

FEMININE = {"étoile", "croix", "lune", "flèche", "place", "bague"}
FORMS = {  # those that change
    "vert": "verte",
    "bleu": "bleue",
    "violet": "violette",
    "brun": "brune",
    "noir": "noire",
    "blanc": "blanche",
    "petit": "petite",
    "grand": "grande",
    "gros": "grosse",
}
BEFORE = {"petit", "grand", "gros", "peu"}

SHAPES = {
    "circle": ("cercle", "disque"),
    "square": "carré",
    "triangle": "triangle",
    "star": "étoile",
    "heart": "cœur",
    "cross": "croix",
    "ring": "anneau",
    "diamond": "losange",
    "moon": ("lune", "croissant"),
    "arrow": "flèche",
}
COLOURS = {
    "red": "rouge",
    "green": "vert",
    "blue": "bleu",
    "yellow": "jaune",
    "orange": "orange",
    "purple": "violet",
    "pink": "rose",
    "brown": ("marron", "brun"),
    "black": "noir",
    "white": "blanc",
}
SIZES = {"small": "petit", "large": "grand"}
PLACES = {
    "left": "à gauche de",
    "right": "à droite de",
    "above": "au-dessus de",
    "below": ("en dessous de", "sous"),
}
RESUMED = {"left": "à sa gauche", "right": "à sa droite", "above": "au-dessus", "below": "en dessous"}
BACKGROUNDS = {
    "meadow": ("dans une prairie", "dans la prairie"),
    "beach": ("à la plage", "sur la plage"),
    "sea": ("en mer", "dans la mer"),
    "snow": "dans la neige",
    "night": ("dans le ciel nocturne", "sous le ciel nocturne"),
    "brick": "devant un mur de briques",
}
SCENES = {
    "meadow": "une prairie",
    "beach": "une plage",
    "sea": "la mer",
    "snow": "la neige",
    "night": "le ciel nocturne",
    "brick": "un mur de briques",
}


def joined(*parts: str) -> str:
    """Words with the elisions and contractions that spelling asks for: "de un" is "d'un", "de le" is "du"."""
    text = " ".join(part for part in parts if part)
    text = re.sub(r"\b(de|le|la) (?=[aeiouyéèêœ])", lambda m: m[1][0] + "'", text)
    return re.sub(r"\bde le\b", "du", text)


def phrase(noun: str, adjectives: Sequence[str], article: str = "a", case: str = "", gender: str = "") -> str:
    """A noun phrase with the article "a", "the" or none; `gender` overrules the noun's."""
    feminine = gender == "f" if gender else noun in FEMININE
    agreeing = [(word, FORMS.get(word, word) if feminine else word) for word in adjectives]
    before = [form for word, form in agreeing if word in BEFORE]
    after = [form for word, form in agreeing if word not in BEFORE]
    articles = {"a": ["une" if feminine else "un"], "the": ["la" if feminine else "le"], "": []}
    return joined(*articles[article], *before, noun, *after)


class French(Teller):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS

    def noun(self, m: Mention, article: str = "a") -> str:
        return phrase(*self.said(m), article)

    def place(self, relation: str, said: Said, article: str = "a") -> str:
        return joined(self.pick(PLACES[relation]), phrase(*said, article))

    def placed(self, article: str = "a") -> tuple[Said, str]:
        """The first path's subject, and where it stands: "à gauche d'un cœur, lui-même au-dessus d'un anneau"."""
        if self.first.hub or len(self.first.mentions) < 3:
            head, spokes = self.first.spokes()
            return self.said(head), " et ".join(self.place(r, self.said(m), article) for r, m in spokes)
        (head, landmark, far), (near, beyond) = self.first.mentions, self.first.relations
        said = self.said(landmark)
        told = f"{self.place(near, said, article)}, {itself(said)} {self.place(beyond, self.said(far), article)}"
        return self.said(head), told

    def all_alone(self, article: str = "a") -> str:
        return listed([self.noun(m, article) for m in self.alone], " et ")

    def others(self) -> str:
        return f", et en plus {self.all_alone()}" if self.alone else ""


def itself(said: Said) -> str:
    return "elle-même" if said[0] in FEMININE else "lui-même"


def background_first(f: French) -> str:
    """à la plage, une étoile rouge se trouve à gauche d'un anneau"""
    where = f.where() or "sur cette image"
    if not f.first.relations:
        return f"{where}, il y a {f.all_alone()}"
    subject, place = f.placed()
    return f"{where}, {phrase(*subject)} se trouve {place}{f.others()}"


def fronted(f: French) -> str:
    """à gauche de l'anneau se trouve une étoile rouge, dans le sable"""
    if not f.first.relations:
        return f"voici {f.all_alone()}" + f.ending(", ")
    subject, place = f.placed("the")
    comma = "" if f.first.hub or len(f.first.mentions) < 3 else ","
    return f"{place}{comma} se trouve {phrase(*subject)}{f.others()}" + f.ending(", ")


def landmark(f: French) -> str:
    """un anneau avec, à sa gauche, une étoile rouge ; en arrière-plan, une plage"""
    told = f.all_alone()
    if f.first.relations:
        path = f.first.turned()
        (relation, near), *more = path.following()
        said = f.said(near)
        told = f"{f.noun(path.mentions[0])} avec, {RESUMED[relation]}, {phrase(*said)}"
        told += "".join(f", {itself(said)} {f.place(INVERSE[r], f.said(m))}" for r, m in more) + f.others()
    return told + f.ending(" ; en arrière-plan, ", SCENES)


def seen(f: French) -> str:
    """à la plage, on peut voir une étoile rouge qui est à gauche d'un anneau"""
    where = f.ending("", after=", ")
    if not f.first.relations:
        return f"{where}on peut voir {f.all_alone()}"
    subject, place = f.placed()
    return f"{where}on peut voir {phrase(*subject)} qui est {place}{f.others()}"


def fragment(f: French) -> str:
    """étoile rouge à gauche d'un anneau (arrière-plan : plage)"""
    told = listed([f.noun(m, "") for m in f.alone], " et ")
    if f.first.relations:
        subject, place = f.placed()
        told = f"{phrase(*subject, '')} {place}{f.others()}"
    scene = re.sub("^(une?|la|le) ", "", f.where(SCENES))
    return told + (f" (arrière-plan : {scene})" if scene else "")


def active(f: French) -> str:
    """l'image montre une étoile rouge avec un anneau à sa droite, dans le sable"""
    if not f.first.relations:
        return f"l'image montre {f.all_alone()}" + f.ending(", ")
    (relation, near), *more = f.first.following()
    said = f.said(near)
    told = f"l'image montre {f.noun(f.first.mentions[0])} avec {phrase(*said)} {RESUMED[relation]}"
    told += "".join(f", {itself(said)} {f.place(INVERSE[r], f.said(m))}" for r, m in more)
    return told + f.others() + f.ending(", ")


TELLER = French
STYLES: tuple[Callable[[French], str], ...] = (background_first, fronted, landmark, seen, fragment, active)
