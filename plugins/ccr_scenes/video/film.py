"""Clips as video files: 64 x 64, eight frames in two seconds, MPEG-4.

A clip dwells on how things were for one second and on how they end for another; what happens between is quick. The
mean of its frames' features knows no order, but holds both states.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from attrs import evolve, frozen
from numpy.random import RandomState
from numpy.typing import NDArray

from ccr_scenes import render
from ccr_scenes.video.world import Clip, orbit
from ccr_scenes.world import digest

VERSION = 1  # part of every clip's digest: raise it when a pixel changes
FRAMES, RATE = 8, 4  # a second
LAST_BEFORE = 3  # the frame after which it happens
CODEC, QUALITY = "mpeg4", "2"


@frozen
class _State:
    """The mover at one moment: in which cell, whether it is there, and whether it looks as at the end."""

    x: int
    y: int
    there: bool = True
    late: bool = True


def frames(clip: Clip) -> Iterator[NDArray[np.uint8]]:
    """Eight times (64, 64, 3) uint8. Clips of one scene have ground and things in common, to the pixel."""
    rng = RandomState(np.frombuffer(digest(clip.scene), dtype=np.uint32))
    ground = render.ground(clip.scene.background, rng)
    things = clip.scene.things
    order = sorted(range(len(things)), key=lambda i: (things[i].y, things[i].x))
    looks = {i: render.Look.draw(things[i], rng) for i in order}
    still = [looks[i] for i in order if i != clip.mover]
    drawn: dict[_State, NDArray[np.uint8]] = {}
    for k in range(FRAMES):
        state = _state(clip, k)
        if state not in drawn:
            canvas = ground.copy()
            mover = [_look(clip, looks[clip.mover], state)] if state.there else []
            for look in (*still, *mover):
                render.paint(canvas, look)
            drawn[state] = np.clip(canvas + 0.5, 0, 255).astype(np.uint8)
        yield drawn[state]


def encode(clip: Clip) -> bytes:
    """The clip as an MP4 file."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream: Any = container.add_stream(CODEC, rate=RATE)
        stream.width = stream.height = render.PIXELS
        stream.pix_fmt = "yuv420p"
        stream.codec_context.options = {"qmin": QUALITY, "qmax": QUALITY, "flags": "+bitexact", "threads": "1"}
        for k, pixels in enumerate(frames(clip)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _look(clip: Clip, rest: render.Look, state: _State) -> render.Look:
    before, cell = clip.before, render.CELL
    ratio = 1.0 if state.late else render.RADIUS[before.size] / render.RADIUS[clip.rest.size]
    look = rest.changed((state.x - clip.rest.x) * cell, (state.y - clip.rest.y) * cell, ratio)
    recoloured = not state.late and before.colour != clip.rest.colour
    return evolve(look, colour=np.array(render.PAINT[before.colour], float)) if recoloured else look


def _state(clip: Clip, k: int) -> _State:
    late = k > LAST_BEFORE
    thing = clip.rest if late else clip.before
    if clip.motion == "circle" and clip.about is not None:
        place = orbit(clip.rest, clip.scene.things[clip.about])[k // 2]
        return _State(place.x, place.y)
    if k == LAST_BEFORE and clip.about is not None:  # in mid-jump
        over = clip.scene.things[clip.about]
        return _State(over.x, over.y - 1)
    there = {"appear": late, "disappear": not late}.get(clip.motion, True)
    return _State(thing.x, thing.y, there, late)
