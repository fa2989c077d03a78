"""Draws scenes and claims from a seed: near-duplicates, splits that cannot share a scene, claims that fit one image.

In which split a scene may appear is a property of the scene itself, so splits are disjoint whatever is drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from attrs import evolve, field, frozen

from ccr_scenes.world import (
    BACKGROUNDS,
    COLOURS,
    SHAPES,
    SIZES,
    Claim,
    Mention,
    Scene,
    Thing,
    digest,
    holds,
    relation_of,
)

GROUP = 4  # scenes in a group of near-duplicates
ATTEMPTS = 6  # at a claim that tells a scene from all others

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
class Style:
    """How a part of the data is drawn. Shares are weights; chances are probabilities."""

    things: Mapping[int, float]  # number of things in a scene -> share
    mentions: Mapping[int, float]  # number of things that a claim tries to mention -> share
    colour: float  # chance that a mention names the colour, and so on
    size: float
    relation: float  # of each mention to the one before it
    background: float
    duplicates: bool = True  # whether scenes come in groups of near-duplicates


SCENES = Style(
    things={2: 0.25, 3: 0.45, 4: 0.3},
    mentions={1: 0.05, 2: 0.55, 3: 0.4},
    colour=0.75,
    size=0.25,
    relation=0.75,
    background=0.25,
)
CORPUS = Style(
    things={2: 0.6, 3: 0.3, 4: 0.1},
    mentions={1: 0.3, 2: 0.6, 3: 0.1},
    colour=0.6,
    size=0.45,
    relation=0.35,
    background=0.7,
    duplicates=False,
)


def _pick(rng: random.Random, shares: Mapping[int, float]) -> int:
    return rng.choices(list(shares), list(shares.values()))[0]


# --- scenes ----------------------------------------------------------------------------------------------------------


def draw_scenes(rng: random.Random, part: Part, style: Style) -> Iterator[tuple[Scene, ...]]:
    """Groups of different scenes of one part, without end: four near-duplicates, or one scene alone.

    In a group there is one scene from which each of the others differs in a single way: in one thing's colour, one
    thing's shape, one thing's size, one thing's place (so that a relation changes), or in the background.
    """
    while True:
        scene = _draw_scene(rng, style)
        if part_of(scene) != part:
            continue
        if not style.duplicates:
            yield (scene,)
        elif group := _near_duplicates(rng, scene, part):
            yield group


def _draw_scene(rng: random.Random, style: Style) -> Scene:
    cells = sorted(rng.sample(range(16), _pick(rng, style.things)))
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


# --- claims ----------------------------------------------------------------------------------------------------------


def _tuple(scenes: Iterable[Scene]) -> tuple[Scene, ...]:
    return tuple(scenes)


@frozen
class Gallery:
    """Scenes with an index: which of them does a claim fit? Sets of scenes are the bits of an integer."""

    scenes: tuple[Scene, ...] = field(converter=_tuple)
    _index: dict[tuple[str | None, ...], int] = field(init=False)

    @_index.default
    def _build(self) -> dict[tuple[str | None, ...], int]:
        postings: dict[tuple[str | None, ...], bytearray] = {}
        width = len(self.scenes) // 8 + 1
        for number, scene in enumerate(self.scenes):
            for key in _keys(scene):
                if key not in postings:
                    postings[key] = bytearray(width)
                postings[key][number >> 3] |= 1 << (number & 7)
        return {key: int.from_bytes(bits, "little") for key, bits in postings.items()}

    def fits(self, claim: Claim, limit: int | None = None) -> list[int]:
        """Positions of the scenes of which the claim is true, the first `limit` of them."""
        candidates = (1 << len(self.scenes)) - 1
        if claim.background is not None:
            candidates &= self._index.get(("background", claim.background), 0)
        for mention in claim.mentions:
            candidates &= self._index.get((mention.shape, mention.colour, mention.size), 0)
        for i, relation, j in claim.relations:
            a, b = claim.mentions[i], claim.mentions[j]
            candidates &= self._index.get((a.shape, a.colour, relation, b.shape, b.colour), 0)
        found: list[int] = []
        while candidates and (limit is None or len(found) < limit):
            number = (candidates & -candidates).bit_length() - 1
            candidates &= candidates - 1
            if holds(claim, self.scenes[number]):
                found.append(number)
        return found


def _keys(scene: Scene) -> Iterator[tuple[str | None, ...]]:
    yield "background", scene.background
    for thing in scene.things:
        yield thing.shape, thing.colour, thing.size
        yield thing.shape, thing.colour, None
        yield thing.shape, None, thing.size
        yield thing.shape, None, None
        for other in scene.things:
            if (relation := relation_of(thing, other)) is not None:
                yield thing.shape, thing.colour, relation, other.shape, other.colour
                yield thing.shape, thing.colour, relation, other.shape, None
                yield thing.shape, None, relation, other.shape, other.colour
                yield thing.shape, None, relation, other.shape, None


def draw_claim(rng: random.Random, gallery: Gallery, number: int, style: Style) -> Claim | None:
    """A claim that fits scene `number` of the gallery and no other; None if none was found.

    A partial description is drawn first, then details are added one by one until no other scene fits. No claim
    mentions one shape twice, so that every language can refer to a mention by its noun.
    """
    scene = gallery.scenes[number]
    for _ in range(ATTEMPTS):  # three things are mentioned at most: others may tell the scene apart
        order = _mentionable(rng, scene)
        said, unsaid = _describe(rng, scene, order, style)
        while len(gallery.fits(claim := _claim(scene, order, said), limit=2)) > 1:
            if not unsaid:
                break
            said.add(unsaid.pop())
        else:
            return claim
    return None


Detail = tuple[str, tuple[int, ...]]  # ("thing", (i,)), ("colour", (i,)), ("size", (i,)), ("relation", (i, j)), ...


def _mentionable(rng: random.Random, scene: Scene) -> list[int]:
    """Up to three things of different shapes, in any order."""
    order: dict[str, int] = {}
    for i in rng.sample(range(len(scene.things)), len(scene.things)):
        order.setdefault(scene.things[i].shape, i)
    return list(order.values())[:3]


def _describe(rng: random.Random, scene: Scene, order: Sequence[int], style: Style) -> tuple[set[Detail], list[Detail]]:
    """What is said of the scene, and what could be said besides, in any order."""
    count = _pick(rng, style.mentions)
    said: set[Detail] = set()
    unsaid: list[Detail] = []

    def consider(detail: Detail, chance: float) -> None:
        said.add(detail) if rng.random() < chance else unsaid.append(detail)

    for place, i in enumerate(order):
        mentioned = place < count
        consider(("thing", (i,)), mentioned)
        consider(("colour", (i,)), mentioned * style.colour)
        consider(("size", (i,)), mentioned * style.size)
        near = [j for j in order[:place] if relation_of(scene.things[i], scene.things[j])]
        if near:
            consider(("relation", tuple(rng.sample((i, rng.choice(near)), 2))), mentioned * style.relation)
    consider(("background", ()), style.background)
    rng.shuffle(unsaid)
    return said, unsaid


def _claim(scene: Scene, order: Sequence[int], said: set[Detail]) -> Claim:
    touched = {i for _, things in said for i in things}
    mentioned = [i for i in order if i in touched] or [order[0]]
    mentions = tuple(
        Mention(
            thing.shape,
            thing.colour if ("colour", (i,)) in said else None,
            thing.size if ("size", (i,)) in said else None,
        )
        for i in mentioned
        for thing in [scene.things[i]]
    )
    pairs = sorted(tuple(map(mentioned.index, things)) for kind, things in said if kind == "relation")
    relations = tuple(
        (a, relation, b)
        for a, b in pairs
        if (relation := relation_of(scene.things[mentioned[a]], scene.things[mentioned[b]])) is not None
    )
    return Claim(mentions, relations, scene.background if ("background", ()) in said else None)


# --- a part of the data ----------------------------------------------------------------------------------------------


@frozen
class Entry:
    """A scene, the group of near-duplicates it belongs to, and claims that are true of no other scene of its part."""

    scene: Scene
    group: int
    claims: tuple[Claim, ...]


def draw_entries(rng: random.Random, part: Part, style: Style, count: int, captions: int) -> list[Entry]:
    """`count` different scenes with `captions` claims each. A scene drawn from another part is impossible.

    Some groups differ in what no claim can say (a place without a clear relation): they are left out, so a few more
    are drawn. A claim that fits one scene of the many fits one of those that stay.
    """
    spare = 1.4
    while True:
        entries = _draw_entries(rng, part, style, round(count * spare) + 4 * GROUP, captions)
        if len(entries) >= count:
            return entries[:count]
        spare *= 1.5


def _draw_entries(rng: random.Random, part: Part, style: Style, count: int, captions: int) -> list[Entry]:
    groups: list[tuple[Scene, ...]] = []
    seen: set[bytes] = set()
    drawn = draw_scenes(rng, part, style)
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
        claims = [[draw_claim(rng, gallery, number + i, style) for _ in range(captions)] for i in range(len(group))]
        number += len(group)
        if all(all(each) for each in claims):
            entries += [
                Entry(scene, position, tuple(filter(None, each))) for scene, each in zip(group, claims, strict=True)
            ]
    return entries
