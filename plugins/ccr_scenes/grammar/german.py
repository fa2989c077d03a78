"""German: gender, case, and the three declensions of adjectives."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.paths import Said, Teller, listed
from ccr_scenes.world import Mention

GENDERS = {
    **dict.fromkeys(("Kreis", "Stern", "Ring", "Mond", "Halbmond", "Pfeil", "Diamant", "Platz"), "m"),
    **dict.fromkeys(("Scheibe", "Raute", "Mondsichel"), "f"),
    **dict.fromkeys(("Quadrat", "Dreieck", "Herz", "Kreuz"), "n"),
}
DATIVES = {"Herz": "Herzen"}
INVARIABLE = {"lila", "rosa", "orange", "pink", "wenig"}
STEMS = {"rot", "grün", "blau", "gelb", "orangefarben", "violett", "braun", "schwarz", "weiß", "klein", "groß"}
ARTICLES = {  # by case: masculine, feminine, neuter
    ("a", "nom"): ("ein", "eine", "ein"),
    ("a", "acc"): ("einen", "eine", "ein"),
    ("a", "dat"): ("einem", "einer", "einem"),
    ("the", "nom"): ("der", "die", "das"),
    ("the", "acc"): ("den", "die", "das"),
    ("the", "dat"): ("dem", "der", "dem"),
}
ENDINGS = {
    ("a", "nom"): ("er", "e", "es"),
    ("a", "acc"): ("en", "e", "es"),
    ("a", "dat"): ("en", "en", "en"),
    ("the", "nom"): ("e", "e", "e"),
    ("the", "acc"): ("en", "e", "e"),
    ("the", "dat"): ("en", "en", "en"),
    ("", "nom"): ("er", "e", "es"),
    ("", "acc"): ("en", "e", "es"),
    ("", "dat"): ("em", "er", "em"),
}

SHAPES = {
    "circle": ("Kreis", "Scheibe"),
    "square": "Quadrat",
    "triangle": "Dreieck",
    "star": "Stern",
    "heart": "Herz",
    "cross": "Kreuz",
    "ring": "Ring",
    "diamond": "Raute",
    "moon": ("Mond", "Halbmond"),
    "arrow": "Pfeil",
}
COLOURS = {
    "red": "rot",
    "green": "grün",
    "blue": "blau",
    "yellow": "gelb",
    "orange": "orangefarben",
    "purple": ("lila", "violett"),
    "pink": "rosa",
    "brown": "braun",
    "black": "schwarz",
    "white": "weiß",
}
SIZES = {"small": "klein", "large": "groß"}
PLACES = {  # all with the dative
    "left": ("links von", "links neben"),
    "right": ("rechts von", "rechts neben"),
    "above": ("über", "oberhalb von"),
    "below": ("unter", "unterhalb von"),
}
RESUMED = {
    "left": ("links davon", "links daneben"),
    "right": ("rechts davon", "rechts daneben"),
    "above": "oberhalb davon",
    "below": "unterhalb davon",
}
BACKGROUNDS = {
    "meadow": ("auf einer Wiese", "auf der Wiese"),
    "beach": ("am Strand", "auf dem Strand"),
    "sea": ("im Meer", "auf dem Meer"),
    "snow": "im Schnee",
    "night": ("am Nachthimmel", "vor dem Nachthimmel"),
    "brick": ("vor einer Ziegelmauer", "an einer Ziegelmauer"),
}
SCENES = {
    "meadow": "eine Wiese",
    "beach": "ein Strand",
    "sea": "das Meer",
    "snow": "Schnee",
    "night": "der Nachthimmel",
    "brick": "eine Ziegelmauer",
}


def phrase(noun: str, adjectives: Sequence[str], article: str = "a", case: str = "nom", gender: str = "") -> str:
    """A noun phrase with the article "a", "the" or none, in the case nom, acc or dat; `gender` overrules the noun's."""
    column = "mfn".index(gender or GENDERS.get(noun, "m"))
    ending = ENDINGS[article, case][column]
    words = [ARTICLES[article, case][column]] if article else []
    words += [word + ending if word in STEMS else word for word in adjectives]
    return " ".join([*words, DATIVES.get(noun, noun) if case == "dat" else noun])


class German(Teller):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS

    def noun(self, m: Mention, case: str = "nom", article: str = "a") -> str:
        return phrase(*self.said(m), article, case)

    def place(self, relation: str, said: Said) -> str:
        return f"{self.pick(PLACES[relation])} {phrase(*said, 'a', 'dat')}"

    def placed(self) -> tuple[Said, str, str]:
        """The first path's subject, where it stands, and where its landmark stands: ", das über einem Ring liegt"."""
        if self.first.hub or len(self.first.mentions) < 3:
            head, spokes = self.first.spokes()
            return self.said(head), " und ".join(self.place(r, self.said(m)) for r, m in spokes), ""
        (head, landmark, far), (near, beyond) = self.first.mentions, self.first.relations
        said = self.said(landmark)
        return self.said(head), self.place(near, said), f", {that(said)} {self.place(beyond, self.said(far))} liegt"

    def others(self, before: str = ", außerdem ", case: str = "nom") -> str:
        return before + listed([self.noun(m, case) for m in self.alone], " und ") if self.alone else ""

    def steps(self, turned: bool = False, article: str = "a") -> str:
        """ "ein Herz, links davon ein Stern, unter dem Stern ein Ring" """
        if not self.first.relations:
            return listed([self.noun(m, article=article) for m in self.alone], " und ")
        path = self.first.turned() if turned else self.first
        told, anchor = self.noun(path.mentions[0], article=article), ""
        for relation, m in path.following():
            said = self.said(m)
            told += f", {self.beside(relation, anchor)} {phrase(*said, article)}"
            anchor = said[0]
        return told + "".join(f", außerdem {self.noun(m, article=article)}" for m in self.alone)

    def beside(self, relation: str, anchor: str) -> str:
        """ "links davon" of the first thing named, "links vom Herzen" of a later one, lest it be taken for the first"""
        if not anchor:
            return self.pick(RESUMED[relation])
        return f"{self.pick(PLACES[relation])} {phrase(anchor, (), 'the', 'dat')}".replace("von dem", "vom")


def that(said: Said) -> str:
    return ("der", "die", "das")["mfn".index(GENDERS[said[0]])]


def background_first(g: German) -> str:
    """am Strand befindet sich links von einem Ring ein roter Stern"""
    where = g.where() or "auf dem Bild"
    if not g.first.relations:
        return f"{where} {'ist' if len(g.alone) == 1 else 'sind'} {g.steps()}"
    subject, near, far = g.placed()
    return f"{where} befindet sich {near}{far}{',' if far else ''} {phrase(*subject)}{g.others()}"


def fronted(g: German) -> str:
    """links von einem Ring befindet sich am Strand ein roter Stern"""
    if not g.first.relations:
        return f"{g.steps()} {'ist' if len(g.alone) == 1 else 'sind'} {g.where() or 'hier'} zu sehen"
    subject, near, far = g.placed()
    return f"{near}{far}{',' if far else ''} befindet sich{g.ending(' ')} {phrase(*subject)}{g.others()}"


def landmark(g: German) -> str:
    """ein Ring, links davon ein roter Stern, im Hintergrund ein Strand"""
    return g.steps(turned=True) + g.ending(", im Hintergrund ", SCENES)


def seen(g: German) -> str:
    """man kann am Strand einen roten Stern sehen, der links von einem Ring liegt"""
    if not g.first.relations:
        return f"man kann {g.where() or 'hier'}{g.others(' ', 'acc')} sehen"
    subject, near, far = g.placed()
    told = f"man kann{g.ending(' ')} {phrase(*subject, case='acc')} sehen, {that(subject)} {near} liegt{far}"
    return told + g.others(", und außerdem ", "acc")


def stepwise(g: German) -> str:
    """zu sehen ist ein roter Stern, rechts davon ein Ring, im Hintergrund ein Strand"""
    plural = not g.first.relations and len(g.alone) > 1
    return f"zu sehen {'sind' if plural else 'ist'} {g.steps()}" + g.ending(", im Hintergrund ", SCENES)


def fragment(g: German) -> str:
    """am Strand: roter Stern, rechts davon blauer Ring"""
    return g.ending("", after=": ") + g.steps(article="")


TELLER = German
STYLES: tuple[Callable[[German], str], ...] = (background_first, fronted, landmark, seen, stepwise, fragment)
