"""Clips as video files: 64 x 64, eight frames in two seconds, MPEG-4.

What happens happens early, and the clip dwells on how it ends: START frames as it was, one half-way, four as it is
then. The mean of its frames' features, which knows no order, so leans to the end.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
from attrs import frozen
from numpy.random import RandomState
from numpy.typing import NDArray

from ccr_scenes import render
from ccr_scenes.video.world import HEADINGS, STEP, Clip
from ccr_scenes.world import Thing, digest

VERSION = 1  # part of every clip's digest: raise it when a pixel changes
FRAMES, RATE = 8, 4  # a second
PROGRESS = (0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 1.0)
JUMPS = (0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)  # cells upwards
ORBIT = 0.8  # radius of a circle, in cells
CODEC, QUALITY = "mpeg4", "2"


@frozen
class _State:
    """How the mover differs from how it rests, at one moment."""

    dx: float = 0.0  # cells
    dy: float = 0.0
    radius: float = 1.0  # times its own
    alpha: float = 1.0


def frames(clip: Clip) -> Iterator[NDArray[np.uint8]]:
    """Eight times (64, 64, 3) uint8. Clips of one scene have ground and things in common, to the pixel."""
    rng = RandomState(np.frombuffer(digest(clip.scene), dtype=np.uint32))
    ground = render.ground(clip.scene.background, rng)
    order = sorted(range(len(clip.scene.things)), key=lambda i: (clip.scene.things[i].y, clip.scene.things[i].x))
    looks = {i: render.Look.draw(clip.scene.things[i], rng) for i in order}
    last = [i for i in order if i != clip.mover]
    last.insert(0 if clip.behind is not None else len(last), clip.mover)  # what passes behind is painted first
    drawn: dict[_State, NDArray[np.uint8]] = {}
    for k in range(FRAMES):
        state = _state(clip, k)
        if state not in drawn:
            canvas = ground.copy()
            for i in last:
                at = state if i == clip.mover else _State()
                look = looks[i].changed(at.dx * render.CELL, at.dy * render.CELL, at.radius)
                render.paint(canvas, look, at.alpha)
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


def _state(clip: Clip, k: int) -> _State:
    left = 1 - PROGRESS[k]  # still to come
    motion, mover = clip.motion, clip.scene.things[clip.mover]
    if motion in HEADINGS:
        dx, dy = HEADINGS[motion]
        return _State(-STEP * dx * left, -STEP * dy * left)
    if motion in ("grow", "shrink"):
        before = render.RADIUS["small" if motion == "grow" else "large"] / render.RADIUS[mover.size]
        return _State(radius=1 + left * (before - 1))
    if motion == "jump":
        return _State(dy=-JUMPS[k])
    if motion == "circle":
        return _orbit(mover, math.pi / 2 * min(k, 4))
    return _State(alpha=1 - left if motion == "appear" else left)


def _orbit(mover: Thing, angle: float) -> _State:
    """Round a centre that lies towards the middle of the picture."""
    right, down = (1 if mover.x < 2 else -1), (1 if mover.y < 2 else -1)
    return _State(right * ORBIT * (1 - math.cos(angle)), down * ORBIT * math.sin(angle))
