"""Clips, and what can be said of them: the ground truth against which every caption is checked."""

from __future__ import annotations

import hashlib

from attrs import frozen

from ccr_scenes.world import Mention, Scene, digest, relation_of

HEADINGS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}  # towards where things move
MOTIONS = (*HEADINGS, "grow", "shrink", "appear", "disappear", "circle", "jump")
STEP = 2  # cells that a thing moves


@frozen
class Clip:
    """A scene as it is when the clip comes to rest, and how one of its things got there (or away: "disappear")."""

    scene: Scene
    mover: int  # of scene.things
    motion: str
    behind: int | None = None  # of scene.things: what the mover passes behind


@frozen
class Event:
    """What a caption says of a clip, in no language. No two of its mentions are of one shape."""

    mover: Mention
    motion: str
    behind: Mention | None = None
    relation: tuple[str, Mention] | None = None  # of the place where the mover rests (or was) to another thing
    other: Mention | None = None  # something else that is there
    background: str | None = None


def clip_digest(clip: Clip) -> str:
    """sha256 (hex) that tells clips apart, whatever the order in which their things are listed."""
    mover = clip.scene.things[clip.mover]
    return hashlib.sha256(f"{digest(clip.scene).hex()} {mover.x} {mover.y} {clip.motion}".encode()).hexdigest()


def true_of(event: Event, clip: Clip) -> bool:
    """Whether the whole of the event is what happens in the clip."""
    things = clip.scene.things
    mover = things[clip.mover]
    rest = [thing for i, thing in enumerate(things) if i != clip.mover]
    if event.motion != clip.motion or not event.mover.fits(mover):
        return False
    if event.background not in (None, clip.scene.background):
        return False
    if event.behind and (clip.behind is None or not event.behind.fits(things[clip.behind])):
        return False
    if event.other and not any(event.other.fits(thing) for thing in rest):
        return False
    if event.relation is None:
        return True
    relation, landmark = event.relation
    return any(landmark.fits(thing) and relation_of(mover, thing) == relation for thing in rest)


def possible(scene: Scene, mover: int) -> list[Clip]:
    """The clips that may end with this scene, by this thing's motion."""
    thing = scene.things[mover]
    taken = {(other.x, other.y): i for i, other in enumerate(scene.things)}
    found = [Clip(scene, mover, motion) for motion in ("appear", "disappear", "circle")]
    found.append(Clip(scene, mover, "grow" if thing.size == "large" else "shrink"))
    if thing.y:
        found.append(Clip(scene, mover, "jump"))
    for heading, (dx, dy) in HEADINGS.items():
        start = thing.x - STEP * dx, thing.y - STEP * dy
        if all(0 <= place < 4 for place in start) and start not in taken:
            found.append(Clip(scene, mover, heading, taken.get((thing.x - dx, thing.y - dy))))
    return found
