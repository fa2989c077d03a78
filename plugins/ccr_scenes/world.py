"""Scenes, and what can be said of them: the ground truth against which every caption is checked."""

from __future__ import annotations

import hashlib
from itertools import product

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


def digest(scene: Scene) -> bytes:
    """32 bytes that tell scenes apart, whatever the order in which their things are listed."""
    things = sorted(f"{thing.y}{thing.x} {thing.size} {thing.colour} {thing.shape}" for thing in scene.things)
    return hashlib.sha256("; ".join([scene.background, *things]).encode()).digest()


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


def relation_of(a: Thing, b: Thing) -> str | None:
    """The relation in which `a` clearly stands to `b`: along its axis more than across it. None on a diagonal."""
    dx, dy = b.x - a.x, b.y - a.y
    if abs(dx) == abs(dy):
        return None
    if abs(dx) > abs(dy):
        return "left" if dx > 0 else "right"
    return "above" if dy > 0 else "below"


def holds(claim: Claim, scene: Scene) -> bool:
    """Whether some assignment of the mentions to distinct objects makes the whole claim true of the scene."""
    if claim.background not in (None, scene.background):
        return False
    choices = [[thing for thing in scene.things if mention.fits(thing)] for mention in claim.mentions]
    return all(choices) and any(
        len(set(map(id, things))) == len(things)
        and all(relation_of(things[i], things[j]) == r for i, r, j in claim.relations)
        for things in product(*choices)
    )
