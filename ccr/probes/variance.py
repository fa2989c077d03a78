"""What the matrices vary with, that a method generates for each caption: language, style, meaning."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

BLOCKS = 20  # of images, left out one after the other for the interval
T_975 = 2.093  # Student's, of 19 degrees of freedom
PARTS = ("language", "style", "meaning", "rest")


def shares(x: Tensor, lang: np.ndarray, style: np.ndarray, meaning: np.ndarray) -> dict[str, float]:
    """The share of the total variance of (n, d) rows that goes with each of the PARTS; they sum to 1.

    In turn: what the mean of a caption's language tells; what the mean of its style, within the language, tells
    beyond; of what is left, what the mean of the captions tells that say the same (of one English caption); the
    rest. Each share is freed of what means over as many random groups would tell (epsilon squared), so that it is 0
    on average where there is nothing, and may fall below.
    """
    n = len(x)
    x = x.double()
    x = x - x.mean(0)
    total = float(x.square().sum())
    if not total > 1e-12 * n * max(1, x.shape[1]):
        return dict.fromkeys(PARTS, math.nan)
    found, used = {}, 1
    for name, groups in (("language", lang), ("style", _pairs(lang, style)), ("meaning", meaning)):
        count, means = _means(x, groups)
        told = float(means.square().sum())
        x = x - means
        # degrees of freedom: of styles those within languages
        free = count - (len(np.unique(lang)) if name == "style" else 1)
        used += free
        left = float(x.square().sum()) / max(1, n - used)
        found[name] = (told - free * left, told)
    out = {name: corrected / total for name, (corrected, _) in found.items()}
    return {**out, "rest": 1 - sum(out.values())}


def split(
    x: Tensor, lang: np.ndarray, style: np.ndarray, meaning: np.ndarray, image: np.ndarray
) -> dict[str, dict[str, Any]]:
    """The shares with 95 % intervals over images: a jackknife over blocks of neighbouring images."""
    whole = shares(x, lang, style, meaning)
    names, number = np.unique(image, return_inverse=True)
    blocks = min(BLOCKS, len(names))
    block = number * blocks // len(names)
    parts = []
    for left_out in range(blocks):
        kept = block != left_out
        parts.append(shares(x[torch.from_numpy(kept)], lang[kept], style[kept], meaning[kept]))
    out = {}
    for name, value in whole.items():
        found = np.array([part[name] for part in parts])
        half = T_975 * math.sqrt((blocks - 1) * float(found.var())) if blocks > 1 else math.nan
        out[name] = {"value": value, "low": value - half, "high": value + half}
    return out


def _pairs(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return np.unique(np.stack([one, two]), axis=1, return_inverse=True)[1].reshape(-1)


def _means(x: Tensor, groups: np.ndarray) -> tuple[int, Tensor]:
    """How many groups there are, and for each row the mean of its group."""
    names, number = np.unique(groups, return_inverse=True)
    at = torch.from_numpy(number.reshape(-1))
    sums = torch.zeros(len(names), x.shape[1], dtype=x.dtype).index_add_(0, at, x)
    counts = torch.bincount(at, minlength=len(names)).to(x.dtype)
    return len(names), (sums / counts[:, None])[at]
