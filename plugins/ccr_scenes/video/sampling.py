"""Draws clips and events from a seed: groups that differ in the motion alone, events that happen in one clip of many.

A clip belongs to the part of the data that its scene at rest belongs to, so a group is of one part.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import evolve, frozen

from ccr_scenes.sampling import SCENES, Part, draw_scenes
from ccr_scenes.video.world import HEADINGS, ROUND, TURNS, Clip, Event, possible, tells, true_of
from ccr_scenes.world import Mention, Thing, relation_of

GROUP = 12  # clips of one scene
SAME = 7  # of them, at least, with the same mover
ATTEMPTS = 6
STAGES = evolve(SCENES, things={2: 0.7, 3: 0.3}, duplicates=False)  # few things: what happens is much of what is seen
COLOUR, SIZE, PLACE, OTHER, BACKGROUND = 0.85, 0.2, 0.85, 0.15, 0.25  # chance that it is told unasked

Change = Callable[[Event], dict[str, Any]]  # a detail: what it adds to an event


@frozen
class Entry:
    """A clip, the group it belongs to, and events that happen in no other clip of its part."""

    clip: Clip
    group: int
    events: tuple[Event, ...]


def draw_groups(rng: random.Random, part: Part) -> Iterator[tuple[Clip, ...]]:
    """Twelve clips each, without end, that end with the same scene; seven of them by what happens to one thing."""
    for scenes in draw_scenes(rng, part, STAGES):
        (scene,) = scenes
        first, *others = rng.sample(range(len(scene.things)), len(scene.things))
        found = _various(rng, possible(scene, first), SAME)
        rest = [clip for i in others for clip in possible(scene, i)]
        group = [*found, *_various(rng, rest, GROUP - SAME)]
        if len(group) == GROUP:
            rng.shuffle(group)
            yield tuple(group)


def _various(rng: random.Random, clips: Sequence[Clip], count: int) -> list[Clip]:
    """Some of them, as many as there are up to `count`; there are nine ways to turn into a colour."""
    weights = {i: _weight(clip.motion) for i, clip in enumerate(clips)}
    chosen: list[Clip] = []
    while weights and len(chosen) < count:
        (i,) = rng.choices(list(weights), list(weights.values()))
        del weights[i]
        chosen.append(clips[i])
    return chosen


def _weight(motion: str) -> float:
    """Most scenes leave little room to move."""
    return 0.4 if motion in TURNS else 4.0 if motion in ROUND else 3.0 if motion in HEADINGS else 1.5


def draw_entries(rng: random.Random, part: Part, count: int, captions: int) -> list[Entry]:
    """`count` different clips with `captions` events each; groups in which an event cannot be told are left out."""
    spare = 1.2
    while True:
        entries = _draw_entries(rng, part, round(count * spare) + 4 * GROUP, captions)
        if len(entries) >= count:
            return entries[:count]
        spare *= 1.5


def _draw_entries(rng: random.Random, part: Part, count: int, captions: int) -> list[Entry]:
    groups: list[tuple[Clip, ...]] = []
    seen = set()
    drawn = draw_groups(rng, part)
    while len(groups) * GROUP < count:
        group = next(drawn)
        if group[0].scene not in seen:
            seen.add(group[0].scene)
            groups.append(group)
    alike: dict[tuple[str, str], list[Clip]] = {}  # motion and shape of the mover -> clips
    for group in groups:
        for clip in group:
            alike.setdefault(_key(clip), []).append(clip)
    entries: list[Entry] = []
    for number, group in enumerate(groups):
        told = [[draw_event(rng, clip, alike[_key(clip)]) for _ in range(captions)] for clip in group]
        if all(all(events) for events in told):
            entries += [
                Entry(clip, number, tuple(filter(None, events))) for clip, events in zip(group, told, strict=True)
            ]
    return entries


def _key(clip: Clip) -> tuple[str, str]:
    return clip.motion, clip.rest.shape


def draw_event(rng: random.Random, clip: Clip, gallery: Sequence[Clip]) -> Event | None:
    """An event that happens in this clip of the gallery and in no other; None if none was found.

    `gallery` may leave out clips with another motion or another shape that moves.
    """
    for _ in range(ATTEMPTS):
        event, unsaid = _describe(rng, clip)
        rivals = [other for other in gallery if other is not clip and true_of(event, other)]
        while rivals and unsaid:
            event = evolve(event, **unsaid.pop()(event))
            rivals = [other for other in rivals if true_of(event, other)]
        if not rivals:
            return event
    return None


def _describe(rng: random.Random, clip: Clip) -> tuple[Event, list[Change]]:
    """What is said of the clip, and what could be said besides, in any order, as changes of an event."""
    things, mover, motion = clip.scene.things, clip.before, clip.motion
    event = Event(Mention(mover.shape), motion)
    order = [things[i] for i in rng.sample(range(len(things)), len(things)) if i != clip.mover]
    told = {mover.shape}  # no two mentions of one shape, so that every language can refer to one by its noun

    def another(fits: Callable[[Thing], bool]) -> Thing | None:
        found = next((t for t in order if t.shape not in told and fits(t)), None)
        told.update([found.shape] if found else [])
        return found

    if motion in HEADINGS:
        near = another(lambda t: tells(mover, clip.rest, t))
    elif clip.about is not None:
        near = another(lambda t: t is things[clip.about or 0])
    else:
        near = another(lambda t: relation_of(mover, t) is not None)
    spare = another(lambda t: True)
    details: list[tuple[float, Change]] = [
        (1 if motion in TURNS else COLOUR, lambda e: {"mover": evolve(e.mover, colour=mover.colour)}),
        (BACKGROUND, lambda e: {"background": clip.scene.background}),
    ]
    if motion not in ("grow", "shrink"):
        details.append((SIZE, lambda e: {"mover": evolve(e.mover, size=mover.size)}))
    if near:
        place: dict[str, Any] = {} if motion in ROUND else {"last": relation_of(clip.rest, near)}
        if motion in HEADINGS:
            place["first"] = relation_of(mover, near)
        details.append((1 if motion in ROUND else PLACE, lambda e: {"landmark": _seen(rng, near), **place}))
    if spare:
        details.append((OTHER, lambda e: {"other": _seen(rng, spare)}))
    unsaid: list[Change] = []
    for chance, change in details:
        if rng.random() < chance:
            event = evolve(event, **change(event))
        else:
            unsaid.append(change)
    rng.shuffle(unsaid)
    return event, unsaid


def _seen(rng: random.Random, thing: Thing) -> Mention:
    return Mention(
        thing.shape,
        thing.colour if rng.random() < COLOUR else None,
        thing.size if rng.random() < SIZE else None,
    )
