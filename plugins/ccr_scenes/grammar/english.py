"""English: the styles of the training captions, which get machine-translated, and those of the test captions."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from ccr_scenes.grammar.paths import Path, Teller, listed, paths
from ccr_scenes.world import Claim, Mention

NOUNS = {
    "circle": ("circle", "disc"),
    "square": "square",
    "triangle": "triangle",
    "star": "star",
    "heart": "heart",
    "cross": "cross",
    "ring": "ring",
    "diamond": ("diamond", "rhombus"),
    "moon": ("moon", "crescent"),
    "arrow": "arrow",
}
COLOURS = {"purple": ("purple", "violet")}
SIZES = {"small": ("small", "little"), "large": ("large", "big")}
PLACES = {
    "left": ("to the left of", "left of", "on the left side of"),
    "right": ("to the right of", "right of", "on the right side of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
CASUAL = {
    "left": ("on the left-hand side of", "just left of"),
    "right": ("on the right-hand side of", "just right of"),
    "above": ("right above", "up above"),
    "below": ("right below", "down below"),
}
RESUMED = {"left": "to its left", "right": "to its right", "above": "above it", "below": "below it"}
BACKGROUNDS = {
    "meadow": ("on a meadow", "on the grass"),
    "beach": ("on a beach", "on the sand"),
    "sea": ("in the sea", "in the water"),
    "snow": "in the snow",
    "night": ("at night", "under the night sky"),
    "brick": ("in front of a brick wall", "on a brick wall"),
}
IDIOMS = {
    "meadow": "out in the fields",
    "beach": "by the seaside",
    "sea": "out at sea",
    "snow": "in the deep snow",
    "night": "in the dead of night",
    "brick": "up against a brick wall",
}
SCENES = {
    "meadow": "a meadow",
    "beach": "a beach",
    "sea": "the sea",
    "snow": "snow",
    "night": "the night sky",
    "brick": "a brick wall",
}

Words = Mapping[str, "str | tuple[str, ...]"]


class English(Teller):
    """Noun phrases and the parts of a sentence."""

    def __init__(self, claim: Claim, rng: random.Random) -> None:
        super().__init__(rng)
        self.background = claim.background
        # What stands alone comes last, so that no relation can be read into it.
        self.paths = sorted(paths(claim), key=lambda path: len(path.mentions), reverse=True)

    def noun(self, m: Mention, article: bool = True) -> str:
        words = [self.pick(SIZES[m.size])] if m.size else []
        words += [self.pick(COLOURS.get(m.colour, m.colour))] if m.colour else []
        phrase = " ".join([*words, self.pick(NOUNS[m.shape])])
        return ("an " if phrase[0] in "aeiou" else "a ") + phrase if article else phrase

    def parts(self, path: Path, places: Words = PLACES, article: bool = True) -> tuple[str, str]:
        """A subject, and where it stands: "left of B and above C", or "left of B, which is above C"."""
        if path.hub or len(path.mentions) < 3:
            head, spokes = path.spokes()
            told = [f"{self.pick(places[r])} {self.noun(m, article)}" for r, m in spokes]
            return self.noun(head, article), " and ".join(told)
        a, b, c = (self.noun(m, article) for m in path.mentions)
        near, far = (self.pick(places[r]) for r in path.relations)
        return a, f"{near} {b}, which is {far} {c}," if article else f"{near} {b} that is {far} {c}"

    def everything(self, places: Words = PLACES, article: bool = True) -> str:
        """All objects as one noun phrase."""
        told = [_join(*self.parts(path, places, article)) for path in self.paths]
        return listed(told, " and also " if self.paths[0].relations else " and ")

    def sentence(self, verb: str, verbs: str, nowhere: str = "") -> str:
        """A subject with its verb and place, then what else there is; `nowhere` is the place of what has none."""
        if not self.paths[0].relations:
            return _join(self.everything(), verb if len(self.paths) == 1 else verbs, nowhere)
        first, *others = self.paths
        subject, place = self.parts(first)
        more = listed([self.noun(path.mentions[0]) for path in others], " and ") if others else ""
        return _join(subject, verb, place, f"and there is {more}" if others else "")

    def where(self, table: Words = BACKGROUNDS) -> str:
        return self.pick(table[self.background]) if self.background else ""

    def ending(self, before: str = ", ", table: Words = BACKGROUNDS) -> str:
        return before + self.where(table) if self.background else ""


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part).removesuffix(",")


# --- styles of the training captions ------------------------------------------------------------------------------


def copula(e: English) -> str:
    """a red star is to the left of a ring and above a heart, on a beach"""
    if not e.paths[0].relations:
        return e.sentence("is", "are", e.where() or "in the picture")
    return e.sentence("is", "are") + e.ending()


def existential(e: English) -> str:
    """there is a red star to the left of a ring on a beach"""
    return _join("there is", e.everything()) + e.ending(" ")


def see(e: English) -> str:
    """you can see a red star to the left of a ring on a beach"""
    return _join("you can see", e.everything()) + e.ending(" ")


def picture(e: English) -> str:
    """a picture of a red star to the left of a ring on a beach"""
    return _join("a picture of", e.everything()) + e.ending(" ")


def located(e: English) -> str:
    """a red star is located to the left of a ring, and the background shows a beach"""
    return e.sentence("is located", "are located", "in the picture") + e.ending(", and the background shows ", SCENES)


def casual(e: English) -> str:
    """here we have a red star right above a ring, out at sea"""
    return _join("here we have", e.everything(CASUAL)) + e.ending(", ", IDIOMS)


# --- styles of the test captions ----------------------------------------------------------------------------------


def background_first(e: English) -> str:
    """on a beach, a red star appears to the left of a ring"""
    return f"{e.where() or 'in this scene'}, {e.sentence('appears', 'appear')}"


def fronted(e: English) -> str:
    """to the left of a ring stands a red star, on a beach"""
    if not e.paths[0].relations:
        return _join(e.where() or "in the scene", "stands" if len(e.paths) == 1 else "stand", e.everything())
    first, *others = e.paths
    subject, place = e.parts(first)
    return (
        listed([f"{place} stands {subject}", *(e.noun(path.mentions[0]) for path in others)], ", along with ")
        + e.ending()
    )


def landmark(e: English) -> str:
    """a ring with a red star to its left, on a beach"""
    told = []
    for path in e.paths:
        turned = path.turned()
        text = e.noun(turned.mentions[0])
        for k, (relation, m) in enumerate(turned.following()):
            text += f"{' with' if k == 0 else ', which has'} {e.noun(m)} {RESUMED[relation]}"
        told.append(text)
    return listed(told, ", plus ") + e.ending()


def passive(e: English) -> str:
    """on a beach, a red star can be seen to the left of a ring"""
    return e.sentence("can be seen", "can be seen") + e.ending()


def fragment(e: English) -> str:
    """beach: red star left of ring"""
    scene = f"{SCENES[e.background].removeprefix('a ').removeprefix('the ')}: " if e.background else ""
    return scene + listed([_join(*e.parts(path, article=False)) for path in e.paths], "; ", "; ")


def active(e: English) -> str:
    """the image shows a red star and, to its right, a ring; the setting is a beach"""
    told = []
    for path in e.paths:
        text = e.noun(path.mentions[0])
        for k, (relation, m) in enumerate(path.following()):
            text += f" {'and' if k == 0 else 'with'}, {RESUMED[relation]}, {e.noun(m)}"
        told.append(text)
    return "the image shows " + listed(told, ", plus ") + e.ending("; the setting is ", SCENES)


SOURCE_STYLES: tuple[Callable[[English], str], ...] = (copula, existential, see, picture, located, casual)
STYLES: tuple[Callable[[English], str], ...] = (background_first, fronted, landmark, passive, fragment, active)
TELLER = English
