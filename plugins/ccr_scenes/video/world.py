"""Clips, and what can be said of them: the ground truth against which every caption is checked."""

from __future__ import annotations

import hashlib

from attrs import evolve, frozen

from ccr_scenes.world import COLOURS, SIZES, Mention, Scene, Thing, digest, relation_of

HEADINGS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}  # towards where things move
TURNS = {f"turn {colour}": colour for colour in COLOURS}
ROUND = ("circle", "jump")  # motions round or over another thing
MOTIONS = (*HEADINGS, *ROUND, "grow", "shrink", "appear", "disappear", *TURNS)
STEP = 2  # cells that a thing moves


@frozen
class Clip:
    """A scene as it is when the clip comes to rest, and how one of its things got there (or away: "disappear")."""

    scene: Scene
    mover: int  # of scene.things
    motion: str
    before: Thing  # the mover at the start, where it is there then
    about: int | None = None  # of scene.things: what it circles or jumps over

    @property
    def rest(self) -> Thing:
        """The mover at the end, where it is there then."""
        return self.scene.things[self.mover]


@frozen
class Event:
    """What a caption says of a clip, in no language. No two of its mentions are of one shape.

    A size that changes is not told; of a colour that does the mention has the first one.
    """

    mover: Mention
    motion: str
    landmark: Mention | None = None
    first: str = ""  # relation of the mover to the landmark at the start, told where the motion changes it
    last: str = ""  # at the end, or all the while
    other: Mention | None = None  # something else that is there
    background: str | None = None


def clip_digest(clip: Clip) -> str:
    """sha256 (hex) that tells clips apart, whatever the order in which their things are listed."""
    rest, before = clip.rest, clip.before
    start = f"{before.x} {before.y} {before.size} {before.colour}"
    return hashlib.sha256(f"{digest(clip.scene).hex()} {rest.x} {rest.y} {clip.motion} {start}".encode()).hexdigest()


def true_of(event: Event, clip: Clip) -> bool:
    """Whether the whole of the event is what happens in the clip."""
    if event.motion != clip.motion or not event.mover.fits(clip.before):
        return False
    if event.background not in (None, clip.scene.background):
        return False
    still = [(i, thing) for i, thing in enumerate(clip.scene.things) if i != clip.mover]
    if event.other and not any(event.other.fits(thing) for _, thing in still):
        return False
    return event.landmark is None or any(
        event.landmark.fits(thing)
        and event.first in ("", relation_of(clip.before, thing))
        and event.last in ("", relation_of(clip.rest, thing))
        and (clip.about is None or i == clip.about)
        for i, thing in still
    )


def possible(scene: Scene, mover: int) -> list[Clip]:
    """The clips that may end with this scene, by this thing's motion."""
    thing = scene.things[mover]
    taken = {(other.x, other.y): i for i, other in enumerate(scene.things)}
    found = [Clip(scene, mover, motion, thing) for motion in ("appear", "disappear")]
    other_size = SIZES[1 - SIZES.index(thing.size)]
    found.append(Clip(scene, mover, "grow" if thing.size == "large" else "shrink", evolve(thing, size=other_size)))
    turn = f"turn {thing.colour}"
    found += [Clip(scene, mover, turn, evolve(thing, colour=colour)) for colour in COLOURS if colour != thing.colour]
    for heading, (dx, dy) in HEADINGS.items():
        start = evolve(thing, x=thing.x - STEP * dx, y=thing.y - STEP * dy)
        if not _free(start, taken):
            continue
        if any(tells(start, thing, other) for i, other in enumerate(scene.things) if i != mover):
            found.append(Clip(scene, mover, heading, start))
        passed = taken.get((thing.x - dx, thing.y - dy))
        if passed is not None and dx and _free(evolve(thing, x=thing.x - dx, y=thing.y - 1), taken):
            found.append(Clip(scene, mover, "jump", start, passed))
    for about, centre in enumerate(scene.things):
        if abs(centre.x - thing.x) + abs(centre.y - thing.y) == 1 and all(
            _free(place, taken) for place in orbit(thing, centre)[:3]
        ):
            found.append(Clip(scene, mover, "circle", thing, about))
    return [clip for clip in found if clip.about is None or scene.things[clip.about].shape != thing.shape]


def tells(start: Thing, end: Thing, landmark: Thing) -> bool:
    """Whether a move changes the thing's relation to the landmark from one to another."""
    first, last = relation_of(start, landmark), relation_of(end, landmark)
    return landmark.shape != end.shape and first is not None and last is not None and first != last


def orbit(thing: Thing, centre: Thing) -> list[Thing]:
    """The thing a quarter of a turn round the centre further on, and so on; where it is, last."""
    dx, dy = thing.x - centre.x, thing.y - centre.y
    turns = ((-dy, dx), (-dx, -dy), (dy, -dx), (dx, dy))
    return [evolve(thing, x=centre.x + x, y=centre.y + y) for x, y in turns]


def _free(place: Thing, taken: dict[tuple[int, int], int]) -> bool:
    return 0 <= place.x < 4 and 0 <= place.y < 4 and (place.x, place.y) not in taken
