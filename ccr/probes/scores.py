"""Scores with what each image adds to them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from attrs import frozen

NORMAL_975 = 1.959964


@frozen(eq=False)
class Score:
    """A score over captions, whose images are drawn as clusters."""

    value: float
    influence: np.ndarray  # (m,) float64: what each image adds to the score; sums to 0
    chance: float  # what a reading without the information scores

    @property
    def half(self) -> float:
        """Half of the 95 % interval over images."""
        m = len(self.influence)
        return NORMAL_975 * math.sqrt(float(np.square(self.influence).sum()) * m / max(1, m - 1))

    def less(self, other: Score) -> Score:
        """The difference on the same images."""
        return Score(self.value - other.value, self.influence - other.influence, 0.0)

    def json(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "low": self.value - self.half,
            "high": self.value + self.half,
            "chance": self.chance,
        }


def ratio(credit: np.ndarray, weight: np.ndarray, image: np.ndarray, chance: float) -> Score:
    """Sum of credit over sum of weight, of (n,) captions with the numbers of their images; linearised by image."""
    names, owner = np.unique(image, return_inverse=True)
    whole = float(weight.sum())
    value = float(credit.sum()) / whole if whole > 0 else math.nan
    share = np.bincount(owner, credit - value * weight, len(names)) / whole if whole > 0 else np.full(len(names), 0.0)
    influence = np.zeros(int(image.max()) + 1)
    influence[names] = share
    return Score(value, influence, chance)


def accuracy(right: np.ndarray, image: np.ndarray, chance: float) -> Score:
    """The share of (n,) captions that are right."""
    return ratio(right.astype(np.float64), np.ones(len(right)), image, chance)


def explained(error: np.ndarray, spread: np.ndarray, image: np.ndarray) -> Score:
    """R² of (n,) squared errors against the (n,) squared distances to the training mean; chance is 0."""
    return ratio(spread - error, spread, image, 0.0)
