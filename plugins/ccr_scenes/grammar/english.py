"""English: the styles of the training captions, which get machine-translated, and those of the test captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes import world
from ccr_scenes.grammar.paths import Path, Teller, Words, listed
from ccr_scenes.world import Mention

SHAPES = {
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
COLOURS = {colour: colour for colour in world.COLOURS} | {"purple": ("purple", "violet")}
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
    "night": ("under the night sky", "at night"),
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


def phrase(noun: str, adjectives: Sequence[str], article: str = "a") -> str:
    """A noun phrase with the article "a", "the" or none."""
    words = [*adjectives, noun]
    if article == "a" and words[0][0] in "aeiou":
        article = "an"
    return " ".join([article, *words] if article else words)


class English(Teller):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS

    def noun(self, m: Mention, article: str = "a") -> str:
        return phrase(*self.said(m), article)

    def parts(self, path: Path, places: Words = PLACES, article: str = "a", head: str | None = None) -> tuple[str, str]:
        """A subject, and where it stands: "left of B and above C", or "left of B, which is above C,"."""
        head = article if head is None else head
        if path.hub or len(path.mentions) < 3:
            first, spokes = path.spokes()
            subject = self.noun(first, head)
            return subject, " and ".join(f"{self.pick(places[r])} {self.noun(m, article)}" for r, m in spokes)
        a, b, c = path.mentions
        near, far = (self.pick(places[r]) for r in path.relations)
        link = ", which is" if article else " that is"
        end = "," if article else ""
        return self.noun(a, head), f"{near} {self.noun(b, article)}{link} {far} {self.noun(c, article)}{end}"

    def everything(self, places: Words = PLACES) -> str:
        """All objects as one noun phrase."""
        told = [_join(*self.parts(path, places)) for path in self.paths]
        return listed(told, " and also " if self.first.relations else " and ")

    def sentence(self, verb: str, verbs: str, nowhere: str = "", head: str = "a") -> str:
        """A subject with its verb and place, then what else there is; `nowhere` is the place of what has none."""
        if not self.first.relations:
            subject = listed([self.noun(m, head) for m in self.alone], " and ")
            return _join(subject, verb if len(self.alone) == 1 else verbs, nowhere)
        more = "and there is " + listed([self.noun(m) for m in self.alone], " and ") if self.alone else ""
        subject, place = self.parts(self.first, head=head)
        return _join(subject, verb, place, more)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part).removesuffix(",")


# --- styles of the training captions ------------------------------------------------------------------------------


def copula(e: English) -> str:
    """a red star is to the left of a ring and above a heart, on a beach"""
    if not e.first.relations:
        return e.sentence("is shown", "are shown", e.where() or "in the picture")
    return e.sentence("is", "are") + e.ending(", ")


def existential(e: English) -> str:
    """there is a red star to the left of a ring on a beach"""
    return "there is " + e.everything() + e.ending(" ")


def see(e: English) -> str:
    """you can see a red star to the left of a ring on a beach"""
    return "you can see " + e.everything() + e.ending(" ")


def picture(e: English) -> str:
    """a picture of a red star to the left of a ring on a beach"""
    return "a picture of " + e.everything() + e.ending(" ")


def located(e: English) -> str:
    """the red star is located to the left of a ring, and the background shows a beach"""
    told = e.sentence("is located", "are located", "in the picture", head="the")
    return told + e.ending(", and the background shows ", SCENES)


def casual(e: English) -> str:
    """here we have a red star right above a ring, out at sea"""
    return "here we have " + e.everything(CASUAL) + e.ending(", ", IDIOMS)


# --- styles of the test captions ----------------------------------------------------------------------------------


def background_first(e: English) -> str:
    """on a beach, a red star appears to the left of a ring"""
    return f"{e.where() or 'in this scene'}, {e.sentence('appears', 'appear')}"


def fronted(e: English) -> str:
    """to the left of a ring stands a red star, on a beach"""
    if not e.first.relations:
        nouns = listed([e.noun(m) for m in e.alone], " and ")
        return f"{e.where() or 'in the scene'} {'stands' if len(e.alone) == 1 else 'stand'} {nouns}"
    subject, place = e.parts(e.first)
    return listed([f"{place} stands {subject}", *map(e.noun, e.alone)], ", along with ") + e.ending(", ")


def landmark(e: English) -> str:
    """a ring with a red star to its left, on a beach"""
    told = []
    for path in e.paths:
        turned = path.turned()
        text = e.noun(turned.mentions[0])
        for k, (relation, m) in enumerate(turned.following()):
            text += f"{' with' if k == 0 else ', which has'} {e.noun(m)} {RESUMED[relation]}"
        told.append(text)
    return listed(told, ", plus " if e.first.relations else " and ") + e.ending(", ")


def passive(e: English) -> str:
    """a red star can be seen to the left of a ring, on a beach"""
    return e.sentence("can be seen", "can be seen") + e.ending(", ")


def fragment(e: English) -> str:
    """beach: red star left of ring"""
    scene = e.where(SCENES).removeprefix("a ").removeprefix("the ")
    return (scene and f"{scene}: ") + "; ".join(_join(*e.parts(path, article="")) for path in e.paths)


def active(e: English) -> str:
    """the image shows a red star and, to its right, a ring; the setting is a beach"""
    told = []
    for path in e.paths:
        text = e.noun(path.mentions[0])
        for k, (relation, m) in enumerate(path.following()):
            text += f" {'and' if k == 0 else 'with'}, {RESUMED[relation]}, {e.noun(m)}"
        told.append(text)
    together = listed(told, ", plus " if e.first.relations else " and ")
    return f"the image shows {together}" + e.ending("; the setting is ", SCENES)


TELLER = English
SOURCE_STYLES: tuple[Callable[[English], str], ...] = (copula, existential, see, picture, located, casual)
STYLES: tuple[Callable[[English], str], ...] = (background_first, fronted, landmark, passive, fragment, active)
