"""Is one method better than another? Over seeds and images, with what is not known said.

The estimand is the mean difference of two methods over the seeds that they could have been trained with and the images
that they could have been tested on. Images are crossed with methods (all are tested on the same ones), seeds are nested
in methods (each method draws its own). docs/compare.md has the formulas and the error rates that were measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen

LEVEL = 0.95
LEAST_SEEDS = 3
"""With fewer seeds per method there is an interval and no test."""


@frozen(eq=False)
class Sample:
    """One method's runs, which differ in their seed alone, on the same n images."""

    values: np.ndarray  # (S,) float64: the metric of each run
    influence: np.ndarray  # (S, n) float64: n times what each image adds to its run's value; a row's mean is 0
    seeded: bool = True  # False = nothing in the method depends on the seed, as where nothing trains


@frozen
class Difference:
    """A method's metric less the baseline's, in the unit of the metric."""

    value: float
    low: float | None = None  # ends of the interval; None = nothing to make one of
    high: float | None = None
    df: float | None = None  # Satterthwaite degrees of freedom
    p: float | None = None  # two-sided, before any correction; None = not tested
    over: str = ""  # what the interval covers: "images and seeds", or "images" alone
    untested: str = ""  # why there is no p


def image_influence(
    credits: Sequence[np.ndarray], images: Sequence[np.ndarray], weights: Sequence[float], n: int
) -> tuple[float, np.ndarray]:
    """A metric that is a weighted mean of cells, each of them a mean over queries, and what each image does to it.

    Of each cell: (Q,) credit of each query, (Q,) int number of its image below n, and the cell's weight. Returns the
    value and (n,) influences with mean 0: exact for equally many queries per image, else the usual linearisation of a
    ratio. Cluster-robust variance of the value: influence.var(ddof=1) / n.
    """
    value, influence = 0.0, np.zeros(n)
    for credit, image, weight in zip(credits, images, weights, strict=True):
        mean = float(credit.mean())
        value += weight * mean
        influence += weight * n / len(credit) * np.bincount(image, credit - mean, n)
    return value, influence


def difference(ours: Sample, baseline: Sample, level: float = LEVEL) -> Difference:
    """Mean difference over seeds and images, its interval and its two-sided test.

    Variance = image part + seed part. The image part comes from each image's difference, averaged over seeds; the seed
    part from the spread of the runs' values, less what the images alone make of it (the interaction of image and
    seed), which the image part holds already. With one seed of a trained method the interval covers images alone;
    with fewer than three there is no test.
    """
    value = float(ours.values.mean() - baseline.values.mean())
    n = ours.influence.shape[1]
    if baseline.influence.shape[1] != n:
        raise ValueError(f"{n} and {baseline.influence.shape[1]} images: methods are compared on the same ones")
    if not math.isfinite(value) or not all(np.isfinite(s.influence).all() for s in (ours, baseline)):
        return Difference(value, untested="a value is not a number")
    if n < 2:
        return Difference(value, untested="a single image")
    seeds = min((len(sample.values) for sample in (ours, baseline) if sample.seeded), default=LEAST_SEEDS)
    by_image = ours.influence.mean(0) - baseline.influence.mean(0)
    variance = image_part = float(by_image.var(ddof=1)) / n
    spread = image_part**2 / (n - 1)  # the denominator of Satterthwaite's formula
    if seeds > 1:
        for sample in (ours, baseline):
            between, within, df = _seed_squares(sample)
            variance += between - within
            if df:
                spread += between**2 / df + within**2 / (df * (n - 1))
        variance = max(variance, image_part)
    over = "images and seeds" if seeds > 1 and (ours.seeded or baseline.seeded) else "images"
    untested = "" if seeds >= LEAST_SEEDS else f"{seeds} seed{'s' * (seeds > 1)}; a test needs {LEAST_SEEDS} of each"
    if variance <= 1e-24:  # rounding of equal runs
        same = abs(value) <= 1e-12
        p = 1.0 if same and not untested else None
        return Difference(value, value, value, None, p, over, untested or ("" if same else "no variance to judge by"))
    from scipy.special import stdtr, stdtrit

    df, error = variance**2 / spread, math.sqrt(variance)
    half = float(stdtrit(df, 0.5 + level / 2)) * error
    p = None if untested else float(2 * stdtr(df, -abs(value) / error))
    return Difference(value, value - half, value + half, df, p, over, untested)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjustment over one family; what was not tested (None) is no member of it and stays None."""
    family = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    least = 0.0
    for place, (p, i) in enumerate(family):
        least = max(least, min(1.0, (len(family) - place) * p))
        adjusted[i] = least
    return adjusted


def mean_sd(values: Sequence[float] | np.ndarray) -> tuple[float, float | None]:
    """Mean and sample standard deviation over seeds, None for one seed. NaN if a value is."""
    array = np.asarray(values, dtype=np.float64)
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else None


def _seed_squares(sample: Sample) -> tuple[float, float, int]:
    """Variance of the mean over seeds, between runs and by image x seed interaction, and the runs' degrees of freedom.

    The first has the expectation seed variance / S + interaction variance / (n S), the second its latter term.
    """
    seeds, n = sample.influence.shape
    if seeds < 2 or not sample.seeded:
        return 0.0, 0.0, 0
    between = float(sample.values.var(ddof=1))
    rest = sample.influence - sample.influence.mean(0)
    within = float(np.square(rest).sum()) / ((seeds - 1) * (n - 1)) / n
    return between / seeds, within / seeds, seeds - 1
