"""The interval of one run against a simulation and against the score it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ccr_recall.metrics import AverageRecall

from ccr.evaluation.interval import image_interval
from ccr.evaluation.ranks import Ranks


def ranks(values: np.ndarray) -> Ranks:
    lo = torch.from_numpy(values.astype(np.int64))
    return Ranks(lo, lo, torch.ones_like(lo))


def draw(rng: np.random.Generator, n: int) -> tuple[dict[tuple[str, str], Ranks], dict[tuple[str, str], list[str]]]:
    """Images differ in difficulty, which all queries of an image share: captions are no independent evidence."""
    ease = rng.normal(size=n)
    cells: dict[tuple[str, str], Ranks] = {}
    names: dict[tuple[str, str], list[str]] = {}
    for lang in ("de", "zh"):
        for direction, per_image in (("t2i", 3), ("i2t", 1)):
            owner = np.repeat(np.arange(n), per_image)
            cells[lang, direction] = ranks(
                1 + np.floor(np.exp(2 - 2 * ease[owner] + 0.3 * rng.normal(size=len(owner))))
            )
            names[lang, direction] = [f"image {i}" for i in owner]
    return cells, names


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    metric = AverageRecall()
    low, high, _ = image_interval(metric, *draw(rng, 40_000), ["de", "zh"])
    truth = (low + high) / 2
    covered = 0
    for _ in range(300):
        low, high, n = image_interval(metric, *draw(rng, 150), ["de", "zh"])
        assert n == 150
        covered += low <= truth <= high
    assert 0.91 <= covered / 300 <= 0.985


def test_its_middle_is_the_score() -> None:
    cells, names = draw(np.random.default_rng(1), 200)
    metric = AverageRecall()
    for (lang, direction), found in cells.items():
        metric.update(found.lo, found.hi, found.tied, ("t2i", "i2t").index(direction), ("de", "zh").index(lang))
    low, high, _ = image_interval(AverageRecall(), cells, names, ["de", "zh"])
    assert (low + high) / 2 == pytest.approx(float(metric.compute()))


def test_more_images_say_more_and_a_copy_of_each_query_says_nothing_new() -> None:
    rng = np.random.default_rng(2)
    cells, names = draw(rng, 100)
    low, high, _ = image_interval(AverageRecall(), cells, names, ["de"])
    doubled = {cell: ranks(np.repeat(r.lo.numpy(), 2)) for cell, r in cells.items()}
    twice = {cell: [name for name in found for _ in range(2)] for cell, found in names.items()}
    assert image_interval(AverageRecall(), doubled, twice, ["de"])[:2] == pytest.approx((low, high))
    wide = image_interval(AverageRecall(), *draw(rng, 1600), ["de"])
    assert (wide[1] - wide[0]) < (high - low) / 3
