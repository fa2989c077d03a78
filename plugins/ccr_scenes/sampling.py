"""Draws scenes and claims from a seed: near-duplicates, splits that cannot share a scene, claims that fit one image.

In which split a scene may appear is a property of the scene itself, so splits are disjoint whatever is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Literal

from attrs import evolve, frozen

from ccr_scenes.claims import Gallery, Telling, draw_claim, pick
from ccr_scenes.world import BACKGROUNDS, COLOURS, SHAPES, SIZES, Claim, Scene, Thing, digest, relation_of

GROUP = 4  # scenes in a group of near-duplicates

Part = Literal["encoder", "corpus", "corpus-val", "train", "val", "test"]
_BUCKETS: dict[Part, range] = {
    "encoder": range(0, 6),
    "corpus": range(6, 8),
    "corpus-val": range(8, 9),
    "train": range(9, 12),
    "val": range(12, 14),
    "test": range(14, 16),
}
_PART_OF = {bucket: part for part, buckets in _BUCKETS.items() for bucket in buckets}


def part_of(scene: Scene) -> Part:
    """The one part of the data in which this scene may appear."""
    return _PART_OF[digest(scene)[0] % 16]


# --- distributions ---------------------------------------------------------------------------------------------------


@frozen(kw_only=True, eq=False)
class Distribution:
    """How a part of the data is drawn."""

    things: Mapping[int, float]  # number of things in a scene -> weight
    telling: Telling
    duplicates: bool = True  # whether scenes come in groups of near-duplicates


SCENES = Distribution(
    things={2: 0.25, 3: 0.45, 4: 0.3},
    telling=Telling(mentions={1: 0.05, 2: 0.55, 3: 0.4}, colour=0.75, size=0.25, relation=0.75, background=0.25),
)
CORPUS = Distribution(
    things={2: 0.6, 3: 0.3, 4: 0.1},
    telling=Telling(mentions={1: 0.3, 2: 0.6, 3: 0.1}, colour=0.6, size=0.45, relation=0.35, background=0.7),
    duplicates=False,
)


# --- scenes ----------------------------------------------------------------------------------------------------------


def draw_scenes(rng: random.Random, part: Part, like: Distribution) -> Iterator[tuple[Scene, ...]]:
    """Groups of different scenes of one part, without end: four near-duplicates, or one scene alone.

    In a group there is one scene from which each of the others differs in a single way: in one thing's colour, one
    thing's shape, one thing's size, one thing's place (so that a relation changes), or in the background.
    """
    while True:
        scene = _draw_scene(rng, like)
        if part_of(scene) != part:
            continue
        if not like.duplicates:
            yield (scene,)
        elif group := _near_duplicates(rng, scene, part):
            yield group


def _draw_scene(rng: random.Random, like: Distribution) -> Scene:
    cells = sorted(rng.sample(range(16), pick(rng, like.things)))
    things = (Thing(rng.choice(SHAPES), rng.choice(COLOURS), rng.choice(SIZES), cell % 4, cell // 4) for cell in cells)
    return Scene(tuple(things), rng.choice(BACKGROUNDS))


def _near_duplicates(rng: random.Random, scene: Scene, part: Part) -> tuple[Scene, ...]:
    """The scene and three near-duplicates of its own part, in any order; () if there are not as many."""
    kept = [scene]
    for kind in rng.choices(("colour", "shape", "size", "place", "background"), k=GROUP - 1):
        others = _variants(rng, scene, kind)
        other = next((other for other in others if part_of(other) == part and other not in kept), None)
        if other is None:
            return ()
        kept.append(other)
    rng.shuffle(kept)
    return tuple(kept)


def _variants(rng: random.Random, scene: Scene, kind: str) -> Iterator[Scene]:
    """The scenes that differ from this one in something of that kind, of one thing if it is a matter of choice."""
    which = rng.randrange(len(scene.things))
    thing = scene.things[which]
    if kind == "background":
        yield from (Scene(scene.things, name) for name in rng.sample(BACKGROUNDS, len(BACKGROUNDS)))
    elif kind == "colour":
        yield from (_replace(scene, which, evolve(thing, colour=c)) for c in rng.sample(COLOURS, len(COLOURS)))
    elif kind == "shape":
        yield from (_replace(scene, which, evolve(thing, shape=s)) for s in rng.sample(SHAPES, len(SHAPES)))
    elif kind == "size":  # there are but two sizes: every variant changes another thing
        for i in rng.sample(range(len(scene.things)), len(scene.things)):
            other = scene.things[i]
            yield _replace(scene, i, evolve(other, size=SIZES[1 - SIZES.index(other.size)]))
    else:
        taken = {(other.x, other.y) for other in scene.things}
        for cell in rng.sample(range(16), 16):
            if (place := (cell % 4, cell // 4)) not in taken:
                moved = _replace(scene, which, evolve(thing, x=place[0], y=place[1]))
                if _told_apart(moved, scene, which):
                    yield moved


def _replace(scene: Scene, which: int, thing: Thing) -> Scene:
    return Scene((*scene.things[:which], thing, *scene.things[which + 1 :]), scene.background)


def _told_apart(a: Scene, b: Scene, which: int) -> bool:
    """Whether of each scene something is true that is not of the other, where only the place of one thing differs."""
    facts_a, facts_b = _relations(a, which), _relations(b, which)
    return not facts_a <= facts_b and not facts_b <= facts_a


def _relations(scene: Scene, which: int) -> set[tuple[int, str | None]]:
    thing = scene.things[which]
    found = ((i, relation_of(thing, other)) for i, other in enumerate(scene.things) if i != which)
    return {(i, relation) for i, relation in found if relation}


# --- a part of the data ----------------------------------------------------------------------------------------------


@frozen
class Entry:
    """A scene, the group of near-duplicates it belongs to, and claims that are true of no other scene of its part."""

    scene: Scene
    group: int
    claims: tuple[Claim, ...]


def draw_entries(rng: random.Random, part: Part, like: Distribution, count: int, captions: int) -> list[Entry]:
    """`count` different scenes with `captions` claims each. A scene drawn from another part is impossible.

    Some groups differ in what no claim can say (a place without a clear relation): they are left out, so a few more
    are drawn. A claim that fits one scene of the many fits one of those that stay.
    """
    spare = 1.4
    while True:
        entries = _draw_entries(rng, part, like, round(count * spare) + 4 * GROUP, captions)
        if len(entries) >= count:
            return entries[:count]
        spare *= 1.5


def _draw_entries(rng: random.Random, part: Part, like: Distribution, count: int, captions: int) -> list[Entry]:
    groups: list[tuple[Scene, ...]] = []
    seen: set[bytes] = set()
    drawn = draw_scenes(rng, part, like)
    while len(seen) < count:
        group = next(drawn)
        digests = {digest(scene) for scene in group}
        if seen.isdisjoint(digests):
            seen |= digests
            groups.append(group)
    gallery = Gallery(scene for group in groups for scene in group)
    entries: list[Entry] = []
    number = 0
    for position, group in enumerate(groups):
        claims = [
            [draw_claim(rng, gallery, number + i, like.telling) for _ in range(captions)] for i in range(len(group))
        ]
        number += len(group)
        if all(all(each) for each in claims):
            entries += [
                Entry(scene, position, tuple(filter(None, each))) for scene, each in zip(group, claims, strict=True)
            ]
    return entries
