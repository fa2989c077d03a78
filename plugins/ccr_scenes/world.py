"""Scenes, and what can be said of them: the ground truth against which every caption is checked."""

from __future__ import annotations

from itertools import permutations

from attrs import frozen

SHAPES = ("circle", "square", "triangle", "star", "heart", "cross", "ring", "diamond", "moon", "arrow")
COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "black", "white")
SIZES = ("small", "large")
BACKGROUNDS = ("meadow", "beach", "sea", "snow", "night", "brick")
RELATIONS = ("left", "right", "above", "below")  # of things[i] to things[j]


@frozen
class Thing:
    """An object. `x` and `y` are its cell on a 4 x 4 grid, from the top left."""

    shape: str
    colour: str
    size: str
    x: int
    y: int


@frozen
class Scene:
    things: tuple[Thing, ...]  # one to four, in cells of their own
    background: str


@frozen
class Mention:
    """A noun phrase: what it leaves open is None."""

    shape: str
    colour: str | None = None
    size: str | None = None

    def fits(self, thing: Thing) -> bool:
        return self.shape == thing.shape and self.colour in (None, thing.colour) and self.size in (None, thing.size)


@frozen
class Claim:
    """What a caption says, in no language: mentions of distinct objects, relations between them, a background."""

    mentions: tuple[Mention, ...]  # one to three
    relations: tuple[tuple[int, str, int], ...] = ()  # (0, "left", 1): mention 0 stands to the left of mention 1
    background: str | None = None


def related(a: Thing, relation: str, b: Thing) -> bool:
    """Whether `a` stands in `relation` to `b`: clearly so, along the relation's own axis more than across it."""
    dx, dy = b.x - a.x, b.y - a.y
    along, across = {"left": (dx, dy), "right": (-dx, dy), "above": (dy, dx), "below": (-dy, dx)}[relation]
    return along > 0 and along > abs(across)


def holds(claim: Claim, scene: Scene) -> bool:
    """Whether some assignment of the mentions to distinct objects makes the whole claim true of the scene."""
    if claim.background not in (None, scene.background):
        return False
    return any(
        all(mention.fits(thing) for mention, thing in zip(claim.mentions, things, strict=True))
        and all(related(things[i], relation, things[j]) for i, relation, j in claim.relations)
        for things in permutations(scene.things, len(claim.mentions))
    )
