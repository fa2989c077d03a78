"""Draws scenes: 64 x 64 RGB, about a millisecond each, the same pixels whenever the same scene is drawn."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from attrs import evolve, frozen
from numpy.random import RandomState
from numpy.typing import NDArray

from ccr_scenes.world import Scene, Thing, digest

VERSION = 1  # part of every image's digest: raise it when a pixel changes
PIXELS = 64
CELL = PIXELS // 4
SUPERSAMPLING = 3
RADIUS = {"small": 4.4, "large": 7.6}  # pixels
PAINT = {
    "red": (214, 28, 36),
    "green": (22, 140, 58),
    "blue": (32, 72, 214),
    "yellow": (250, 226, 30),
    "orange": (246, 132, 12),
    "purple": (128, 34, 168),
    "pink": (252, 144, 196),
    "brown": (112, 62, 24),
    "black": (14, 14, 16),
    "white": (252, 252, 252),
}
GROUND = {
    "meadow": (156, 200, 120),
    "beach": (226, 204, 164),
    "sea": (112, 176, 208),
    "snow": (202, 214, 230),
    "night": (44, 46, 84),
    "brick": (176, 112, 96),
}

Field = NDArray[np.floating]


def render(scene: Scene) -> NDArray[np.uint8]:
    """(64, 64, 3) uint8. Where exactly things lie in their cells, and how they are turned, follows from the scene."""
    rng = RandomState(np.frombuffer(digest(scene), dtype=np.uint32))
    canvas = ground(scene.background, rng)
    for thing in sorted(scene.things, key=lambda thing: (thing.y, thing.x)):
        paint(canvas, Look.draw(thing, rng))
    canvas += rng.normal(0.0, 3.0, (PIXELS, PIXELS, 1))
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


def png(scene: Scene) -> bytes:
    """The scene as a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(render(scene)).save(file, format="PNG", compress_level=1)
    return file.getvalue()


@frozen(eq=False)
class Look:
    """A thing as it is painted: the place of its middle and its radius in pixels, its turn in radians."""

    shape: str
    cx: float
    cy: float
    radius: float
    turn: float
    colour: Field

    @classmethod
    def draw(cls, thing: Thing, rng: RandomState) -> Look:
        dx, dy = rng.uniform(-1.5, 1.5, 2)
        radius = RADIUS[thing.size] * rng.uniform(0.94, 1.06)
        turn = rng.uniform(-0.14, 0.14)
        colour = np.array(PAINT[thing.colour]) + rng.uniform(-9, 9, 3)
        return cls(thing.shape, CELL * (thing.x + 0.5) + dx, CELL * (thing.y + 0.5) + dy, radius, turn, colour)

    def changed(self, dx: float, dy: float, radius: float) -> Look:
        """Elsewhere by so many pixels, and so many times as large."""
        return evolve(self, cx=self.cx + dx, cy=self.cy + dy, radius=self.radius * radius)


def paint(canvas: Field, look: Look) -> None:
    """Paint a thing onto (64, 64, 3) pixels."""
    cx, cy, radius, colour = look.cx, look.cy, look.radius, look.colour
    outline = np.array((245.0, 245.0, 245.0) if np.mean(colour) < 75 else (30.0, 30.0, 34.0))
    reach = radius * 1.5 + 1
    left, right = max(0, int(cx - reach)), min(PIXELS, int(cx + reach) + 1)
    top, bottom = max(0, int(cy - reach)), min(PIXELS, int(cy + reach) + 1)
    xs = (np.arange((right - left) * SUPERSAMPLING) + 0.5) / SUPERSAMPLING + (left - cx)
    ys = (np.arange((bottom - top) * SUPERSAMPLING) + 0.5) / SUPERSAMPLING + (top - cy)
    cos, sin = np.cos(look.turn) / radius, np.sin(look.turn) / radius
    u = cos * xs + sin * ys[:, None]
    v = cos * ys[:, None] - sin * xs

    patch = canvas[top:bottom, left:right]
    rim = 1 + 1.1 / radius
    for tone, scale in ((outline, rim), (colour, 1.0)):
        inside = INSIDE[look.shape](u / scale, v / scale).reshape(
            bottom - top, SUPERSAMPLING, right - left, SUPERSAMPLING
        )
        alpha = inside.mean(axis=(1, 3))[..., None]
        patch += alpha * (tone - patch)


# --- shapes: which points of the plane lie inside, u to the right, v downwards, the shape about 1 in radius ----------


def _star(u: Field, v: Field) -> NDArray[np.bool_]:
    outer, inner, wedge = 1.08, 0.44, np.pi / 5
    angle = np.abs((np.arctan2(u, -v) + wedge) % (2 * wedge) - wedge)
    edge = outer * inner * np.sin(wedge) / (outer * np.sin(angle) + inner * np.sin(wedge - angle))
    return np.hypot(u, v) < edge


def _heart(u: Field, v: Field) -> NDArray[np.bool_]:
    x, y = 1.22 * u, 0.12 - 1.22 * v
    return (x * x + y * y - 1) ** 3 < x * x * y**3


def _arrow(u: Field, v: Field) -> NDArray[np.bool_]:
    shaft = (np.abs(v) < 0.27) & (u > -1) & (u < 0.1)
    return shaft | ((u >= 0) & (np.abs(v) < 0.92 * (1 - u)))


INSIDE: dict[str, Callable[[Field, Field], NDArray[np.bool_]]] = {
    "circle": lambda u, v: u * u + v * v < 0.85,
    "square": lambda u, v: np.maximum(np.abs(u), np.abs(v)) < 0.82,
    "triangle": lambda u, v: (v < 0.78) & (np.abs(u) < 0.56 * (v + 0.95)),
    "star": _star,
    "heart": _heart,
    "cross": lambda u, v: (np.minimum(np.abs(u), np.abs(v)) < 0.3) & (np.maximum(np.abs(u), np.abs(v)) < 0.95),
    "ring": lambda u, v: np.abs(np.hypot(u, v) - 0.74) < 0.24,
    "diamond": lambda u, v: 1.45 * np.abs(u) + np.abs(v) < 1.05,
    "moon": lambda u, v: (u * u + v * v < 0.92) & ((u - 0.52) ** 2 + v * v > 0.56),
    "arrow": _arrow,
}


# --- grounds ---------------------------------------------------------------------------------------------------------

_ROW, _COLUMN = np.mgrid[0:PIXELS, 0:PIXELS].astype(np.float64)


def ground(background: str, rng: RandomState) -> Field:
    """(64, 64, 3): the ground's own tone, lighter and darker by its texture."""
    shift_x, shift_y, phase = rng.uniform(0, 16), rng.uniform(0, 16), rng.uniform(0, 2 * np.pi)
    tone = np.array(GROUND[background]) + rng.uniform(-5, 5, 3)
    return tone + TEXTURE[background](_COLUMN + shift_x, _ROW + shift_y, phase, rng)[..., None]


def _flecks(rng: RandomState, share: float, strength: float) -> Field:
    return strength * (rng.random_sample((PIXELS, PIXELS)) < share)


def _bricks(x: Field, y: Field, phase: float, rng: RandomState) -> Field:
    course = np.floor(y / 8)
    mortar = (y % 8 < 1.2) | ((x + 8 * (course % 2)) % 16 < 1.2)
    return np.where(mortar, 26.0, 5 * np.sin(3.1 * course + 2.3 * np.floor((x + 8 * (course % 2)) / 16) + phase))


TEXTURE: dict[str, Callable[[Field, Field, float, RandomState], Field]] = {
    "meadow": lambda x, y, phase, rng: 9 * np.sin(1.9 * x + 0.4 * np.sin(0.3 * y + phase)) + _flecks(rng, 0.03, 20),
    "beach": lambda x, y, phase, rng: 5 * np.sin(0.25 * x + 0.55 * y + phase) + _flecks(rng, 0.06, -18),
    "sea": lambda x, y, phase, rng: 11 * np.sin(0.9 * y + 1.2 * np.sin(0.22 * x + phase)),
    "snow": lambda x, y, phase, rng: 4 * np.sin(0.17 * x - 0.2 * y + phase) + _flecks(rng, 0.04, 12),
    "night": lambda x, y, phase, rng: 4 * np.sin(0.1 * y + phase) + _flecks(rng, 0.012, 110),
    "brick": _bricks,
}
