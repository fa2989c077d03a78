"""Claims that fit one scene of many: a description is drawn, then details are added until no other scene fits."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import field, frozen

from ccr_scenes.world import Claim, Mention, Scene, holds, relation_of

ATTEMPTS = 6  # at a claim that tells a scene from all others


@frozen(kw_only=True, eq=False)
class Telling:
    """How scenes are described before anything has to tell them apart."""

    mentions: Mapping[int, float]  # number of things that are mentioned, if there are as many -> weight
    colour: float  # chance that a mention names the colour, and so on
    size: float
    relation: float  # of a mention to an earlier one
    background: float


def pick(rng: random.Random, weights: Mapping[int, float]) -> int:
    """A key by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


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


def draw_claim(rng: random.Random, gallery: Gallery, number: int, like: Telling) -> Claim | None:
    """A claim that fits scene `number` of the gallery and no other; None if none was found.

    A partial description is drawn first, then details are added one by one until no other scene fits. No claim
    mentions one shape twice, so that every language can refer to a mention by its noun.
    """
    scene = gallery.scenes[number]
    for _ in range(ATTEMPTS):  # three things are mentioned at most: others may tell the scene apart
        order = _mentionable(rng, scene)
        said, unsaid = _describe(rng, scene, order, like)
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


def _describe(
    rng: random.Random, scene: Scene, order: Sequence[int], like: Telling
) -> tuple[set[Detail], list[Detail]]:
    """What is said of the scene, and what could be said besides, in any order."""
    count = pick(rng, like.mentions)
    said: set[Detail] = set()
    unsaid: list[Detail] = []

    def consider(detail: Detail, chance: float) -> None:
        said.add(detail) if rng.random() < chance else unsaid.append(detail)

    for place, i in enumerate(order):
        mentioned = place < count
        consider(("thing", (i,)), mentioned)
        consider(("colour", (i,)), mentioned * like.colour)
        consider(("size", (i,)), mentioned * like.size)
        near = [j for j in order[:place] if relation_of(scene.things[i], scene.things[j])]
        if near:
            consider(("relation", tuple(rng.sample((i, rng.choice(near)), 2))), mentioned * like.relation)
    consider(("background", ()), like.background)
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
