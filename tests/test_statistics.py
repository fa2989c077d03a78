"""Intervals and tests against simulations of equal and of unequal systems, Holm against its definition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from ccr_recall.metrics import AverageRecall
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import binom, ttest_1samp

from ccr.results.statistics import Difference, Sample, difference, holm, image_influence, mean_sd

IMAGES = 500


def draw(rng: np.random.Generator, seeds: int, sd: float, truth: float = 0.0, n: int = IMAGES, own: float = 8.0,
         interaction: float = 10.0) -> Sample:  # fmt: skip
    """A method in percentage points: seeds move all images, each image has its own level, and seeds shuffle images."""
    score = truth + rng.normal(0, sd, (seeds, 1)) + rng.normal(0, own, n) + rng.normal(0, interaction, (seeds, n))
    values = score.mean(1)
    return Sample(values, score - values[:, None])


def rejections(reps: int, seeds: tuple[int, int], sd: tuple[float, float], seed: int = 0, **given: float) -> int:
    rng = np.random.default_rng(seed)
    truth, count = given.pop("truth", 0.0), 0
    for _ in range(reps):
        ours, theirs = draw(rng, seeds[0], sd[0], truth, **given), draw(rng, seeds[1], sd[1], **given)  # type: ignore[arg-type]
        p = difference(ours, theirs).p
        assert p is not None
        count += p < 0.05
    return count


def at_most(reps: int, rate: float) -> int:
    """A count that a test of this rate exceeds once in ten thousand simulations."""
    return int(binom.ppf(0.9999, reps, rate))


@pytest.mark.parametrize(
    ("seeds", "sd"),
    [
        ((3, 3), (0.6, 0.6)),
        ((3, 3), (1.0, 1.0)),
        ((5, 5), (0.6, 0.6)),
        ((5, 5), (1.0, 1.0)),
        ((3, 5), (1.0, 0.6)),
        ((3, 3), (0.0, 0.0)),
        ((3, 3), (0.1, 1.2)),
    ],
)
def test_equal_systems_are_told_apart_no_more_often_than_the_level_says(
    seeds: tuple[int, int], sd: tuple[float, float]
) -> None:
    reps = 1500
    count = rejections(reps, seeds, sd)
    assert count <= at_most(reps, 0.06)
    assert count >= binom.ppf(0.0001, reps, 0.03)  # nor is the level bought with a test that never speaks


def test_images_alone_and_seeds_alone_would_tell_equal_systems_apart_too_often() -> None:
    """What the two parts are for: either of them alone fails the bound above."""
    rng = np.random.default_rng(1)
    reps, by_image, by_seed = 1000, 0, 0
    for _ in range(reps):
        ours, theirs = draw(rng, 5, 0.8), draw(rng, 5, 0.8)
        value = ours.values.mean() - theirs.values.mean()
        by_image += ttest_1samp(value + (ours.influence - theirs.influence).mean(0), 0).pvalue < 0.05
        by_seed += ttest_1samp(ours.values - theirs.values, 0).pvalue < 0.05
    assert by_image > at_most(reps, 0.06)
    assert by_seed > at_most(reps, 0.06)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    reps, covered = 1500, 0
    for _ in range(reps):
        found = difference(draw(rng, 3, 0.8, 1.7), draw(rng, 4, 0.8))
        assert found.low is not None
        assert found.high is not None
        assert found.over == "images and seeds"
        covered += found.low <= 1.7 <= found.high
    assert binom.ppf(0.0001, reps, 0.94) <= covered <= binom.ppf(0.9999, reps, 0.97)


def test_unequal_systems_are_told_apart() -> None:
    reps = 400
    few = rejections(reps, (3, 3), (0.8, 0.8), truth=2.5)
    more = rejections(reps, (5, 5), (0.8, 0.8), truth=2.5)
    assert 0.55 * reps < few < more
    assert more > 0.8 * reps
    assert rejections(reps, (5, 5), (0.6, 0.6), truth=5.0) > 0.99 * reps


def captions(
    rng: np.random.Generator, difficulty: np.ndarray, seeds: int, sd: float, langs: int = 2, per_image: int = 5
) -> Sample:
    """AR from ranks: captions of an image share its difficulty, a seed moves all of them; through the metric itself."""
    metric, runs, n = AverageRecall(), [], len(difficulty)
    ease = difficulty + rng.normal(0, 0.3, n)
    for _ in range(seeds):
        shift, shuffle = rng.normal(0, sd), rng.normal(0, 0.3, n)
        credits, images = [], []
        for _, count in product(range(langs), (per_image, 1)):
            owner = np.repeat(np.arange(n), count)
            chance = ndtr((ease + shuffle)[owner] + shift + rng.normal(0, 0.5, len(owner)))
            rank = torch.from_numpy(1 + np.floor(np.log(rng.random(len(owner))) / np.log1p(-0.98 * chance)).astype(int))
            credits.append(100 * metric.per_query(rank, rank, torch.ones_like(rank)).numpy())
            images.append(owner)
        runs.append(image_influence(credits, images, [1 / len(credits)] * len(credits), n))
    return Sample(np.array([value for value, _ in runs]), np.stack([influence for _, influence in runs]))


def test_equal_systems_on_ranks_of_clustered_captions() -> None:
    rng = np.random.default_rng(3)
    reps, count, deviations = 200, 0, []
    for _ in range(reps):
        difficulty = rng.normal(-1, 0.8, 120)  # which both methods meet
        ours, theirs = (captions(rng, difficulty, 3, 0.04) for _ in range(2))
        deviations.append(ours.values.std(ddof=1))
        p = difference(ours, theirs).p
        assert p is not None
        count += p < 0.05
    assert 0.6 < np.sqrt(np.mean(np.square(deviations))) < 1.8  # points of AR between seeds
    assert binom.ppf(0.0005, reps, 0.02) <= count <= at_most(reps, 0.06)


# --- the parts ------------------------------------------------------------------------------------------------------


def slow_influence(
    credits: Sequence[np.ndarray], images: Sequence[np.ndarray], weights: Sequence[float], n: int
) -> tuple[float, list[float]]:
    value = sum(w * sum(c.tolist()) / len(c) for c, w in zip(credits, weights, strict=True))
    influence = [0.0] * n
    for credit, image, weight in zip(credits, images, weights, strict=True):
        mean = sum(credit.tolist()) / len(credit)
        for x, i in zip(credit.tolist(), image.tolist(), strict=True):
            influence[i] += n * weight * (x - mean) / len(credit)
    return value, influence


@st.composite
def cells(draw: st.DrawFn) -> tuple[list[np.ndarray], list[np.ndarray], list[float], int]:
    n = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    credits = [rng.integers(0, 4, size) / 3 for size in sizes]
    return credits, [rng.integers(0, n, size) for size in sizes], rng.dirichlet(np.ones(len(sizes))).tolist(), n


@given(cells())
def test_influences_against_a_slow_oracle(case: tuple[list[np.ndarray], list[np.ndarray], list[float], int]) -> None:
    value, influence = image_influence(*case)
    slow_value, slow = slow_influence(*case)
    assert value == pytest.approx(slow_value)
    assert influence == pytest.approx(slow, abs=1e-12)
    assert influence.sum() == pytest.approx(0, abs=1e-9)


def test_with_as_many_queries_per_image_the_influence_is_the_image_s_own_mean() -> None:
    credit = np.array([1.0, 0.0, 0.5, 1.0, 0.0, 0.0])
    value, influence = image_influence([credit], [np.array([0, 0, 1, 1, 2, 2])], [1.0], 3)
    assert value + influence == pytest.approx([0.5, 0.75, 0.0])


@given(st.integers(0, 2**32), st.integers(2, 4), st.integers(2, 4), st.integers(2, 8))
def test_neither_the_order_of_seeds_nor_of_images_nor_a_constant_matters(seed: int, a: int, b: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    ours, theirs = draw(rng, a, 1.0, n=n), draw(rng, b, 1.0, n=n)
    images = rng.permutation(n)
    here, there = rng.permutation(a), rng.permutation(b)
    shuffled = difference(
        Sample(ours.values[here] + 7, ours.influence[here][:, images]),
        Sample(theirs.values[there] + 7, theirs.influence[there][:, images]),
    )
    found = difference(ours, theirs)
    assert numbers(shuffled) == pytest.approx(numbers(found), rel=1e-6, abs=1e-9)
    assert (found.p is None) == (min(a, b) < 3)
    other = difference(theirs, ours)
    assert (other.value, other.low) == pytest.approx((-found.value, -(found.high or 0.0)))
    assert numbers(other)[3:] == pytest.approx(numbers(found)[3:])


def numbers(found: Difference) -> list[float]:
    return [x for x in (found.value, found.low, found.high, found.df, found.p) if x is not None]


def test_a_copy_of_every_query_is_no_new_evidence() -> None:
    rng = np.random.default_rng(4)
    credit, image = rng.random(40), np.repeat(np.arange(20), 2)
    _, once = image_influence([credit], [image], [1.0], 20)
    _, twice = image_influence([np.tile(credit, 2)], [np.tile(image, 2)], [1.0], 20)
    assert once == pytest.approx(twice)


def sample(values: Sequence[float], n: int = 30, seed: int = 0, seeded: bool = True) -> Sample:
    influence = np.random.default_rng(seed).normal(size=(len(values), n))
    return Sample(np.array(values), influence - influence.mean(1, keepdims=True), seeded)


def test_one_seed_gives_an_interval_over_images_and_no_test() -> None:
    found = difference(sample([61.0]), sample([60.0, 60.5, 61.0], seed=1))
    assert found.over == "images"
    assert found.p is None
    assert found.low is not None
    assert found.untested == "1 seed; a test needs 3 of each"
    # the best of three seeds stands for no more than the one seed that it is
    best = difference(sample([99.0]), sample([60.0], seed=1))
    assert best.p is None


def test_two_seeds_give_an_interval_with_seeds_and_no_test() -> None:
    found = difference(sample([61.0, 62.0]), sample([60.0, 60.5, 61.0], seed=1))
    assert found.over == "images and seeds"
    assert found.p is None
    assert found.df is not None
    assert found.df < 29
    assert "2 seeds" in found.untested


def test_what_does_not_train_needs_no_seeds() -> None:
    still = sample([60.0], seed=1, seeded=False)
    assert difference(sample([61.0, 62.0, 63.0]), still).p is not None
    assert difference(sample([61.0]), still).untested
    both = difference(sample([61.0], seeded=False), still)
    assert both.p is not None
    assert both.over == "images"


def test_equal_runs_and_runs_without_any_spread() -> None:
    ours = sample([60.0, 60.0, 60.0])
    ours.influence[:] = 0
    assert difference(ours, ours) == Difference(0.0, 0.0, 0.0, None, 1.0, "images and seeds", "")
    shifted = Sample(ours.values + 1, ours.influence)
    assert difference(shifted, ours).p is None
    assert difference(shifted, ours).untested == "no variance to judge by"


def test_what_is_not_a_number_stays_so_and_is_told() -> None:
    found = difference(sample([61.0, math.nan, 62.0]), sample([60.0, 61.0, 62.0]))
    assert math.isnan(found.value)
    assert (found.low, found.p, found.untested) == (None, None, "a value is not a number")
    assert math.isnan(mean_sd([1.0, math.nan])[0])


def test_a_single_image_tells_nothing() -> None:
    one = Sample(np.array([1.0, 2.0, 3.0]), np.zeros((3, 1)))
    assert difference(one, one).low is None
    assert difference(one, one).untested == "a single image"


def test_methods_on_different_images_are_not_compared() -> None:
    with pytest.raises(ValueError, match="30 and 20 images"):
        difference(sample([1.0]), sample([1.0], n=20))


def test_mean_and_deviation_over_seeds() -> None:
    assert mean_sd([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert mean_sd([5.0]) == (5.0, None)


# --- Holm -----------------------------------------------------------------------------------------------------------


def rejected(ps: Sequence[float], alpha: float) -> set[int]:
    """Holm's procedure as it is defined: step down until one is not rejected."""
    out: set[int] = set()
    for k, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        if ps[i] > alpha / (len(ps) - k):
            break
        out.add(i)
    return out


@given(st.lists(st.integers(0, 1000).map(lambda i: i / 1000), max_size=8), st.sampled_from([0.001, 0.05, 0.2, 0.5]))
def test_holm_against_its_definition(ps: list[float], alpha: float) -> None:
    adjusted = holm(ps)
    assert {i for i, p in enumerate(adjusted) if p is not None and p <= alpha * (1 + 1e-12)} == rejected(
        ps, alpha * (1 + 1e-12)
    )
    assert all(a is not None and p <= a <= 1 for p, a in zip(ps, adjusted, strict=True))
    in_order = [a for _, a in sorted(zip(ps, adjusted, strict=True))]
    assert all(a <= b for a, b in pairwise(in_order))  # type: ignore[operator]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8))
def test_what_was_not_tested_is_no_member_of_the_family(ps: list[float | None]) -> None:
    adjusted = holm(ps)
    assert [a is None for a in adjusted] == [p is None for p in ps]
    assert [a for a in adjusted if a is not None] == holm([p for p in ps if p is not None])


def test_holm_by_hand() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])


def test_equal_systems_in_a_table_of_six_rows() -> None:
    """The family's error: any row marked, where none differs. The baseline is shared, so rows are not independent."""
    rng = np.random.default_rng(5)
    reps, wrong = 300, 0
    for _ in range(reps):
        base = draw(rng, 3, 0.8)
        adjusted = holm([difference(draw(rng, 3, 0.8), base).p for _ in range(6)])
        wrong += min(p for p in adjusted if p is not None) < 0.05
    assert wrong <= at_most(reps, 0.06)
