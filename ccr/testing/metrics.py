"""Checks of metrics, against the slow meaning of a tie: all orders of the tied candidates are equally likely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import combinations, pairwise, product

import torch
from torch import Tensor

from ccr.evaluation.ranks import both_directions
from ccr.host import Host
from ccr.metric import RankMetric
from ccr.testing.checks import Failed, NotApplicable, check
from ccr.testing.subjects import Subject

CLOSE = 1e-9
Query = tuple[int, int, int]  # lo, hi, tied
CLEAR: tuple[Query, ...] = tuple((rank, rank, 1) for rank in (3, 1, 12, 5, 1, 7, 2, 30, 10, 11))
TIED: tuple[Query, ...] = ((1, 4, 1), (2, 2, 3), (1, 3, 2), (9, 12, 2), (5, 6, 1))


class Bench:
    """A metric under test."""

    def __init__(self, host: Host, subject: Subject) -> None:
        self.host, self.spec = host, host.spec("metric", subject.name)

    def make(self) -> RankMetric:
        metric: RankMetric = self.host.resolve(self.spec.factory)(**self.spec.arguments)
        metric.distributed_available_fn = lambda: False
        return metric

    def value(self, *updates: tuple[Sequence[Query], int, int]) -> float:
        """The value over queries, each group with its direction and language."""
        metric = self.make()
        for queries, direction, lang in updates:
            metric.update(*columns(queries), direction, lang)
        return float(metric.compute())

    @cached_property
    def is_mean(self) -> bool:
        """Whether it is a mean over queries."""
        return type(self.make()).reduce is RankMetric.reduce


def columns(queries: Sequence[Query]) -> tuple[Tensor, Tensor, Tensor]:
    lo, hi, tied = torch.tensor(queries, dtype=torch.int64).T
    return lo, hi, tied


def orders(query: Query) -> list[int]:
    """The rank of the best right answer in every order of the tied candidates: `tied` of them are right."""
    lo, hi, tied = query
    return [lo + min(places) for places in combinations(range(hi - lo + tied), tied)]


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE)


@check("metric", "derive from ccr.RankMetric, give per_query, return (Q,) float64; call it with the spec's arguments")
def computes(bench: Bench) -> None:
    """It gives a finite number, as its spec says: where higher is better, a perfect ranking is not the worst."""
    perfect, poor = bench.value(([(1, 1, 1)] * 4, 0, 0)), bench.value(([(900, 900, 1)] * 4, 0, 0))
    if not (math.isfinite(perfect) and math.isfinite(poor)):
        raise Failed(f"its value is {perfect} for a perfect ranking and {poor} for a poor one")
    if perfect == poor or (perfect > poor) != bench.spec.higher_is_better:
        said = "higher" if bench.spec.higher_is_better else "lower"
        raise Failed(f"{said} is better, says its spec; a perfect ranking has {perfect:g} and a poor one {poor:g}")
    if bench.make().higher_is_better != bench.spec.higher_is_better:
        raise Failed("its class and its spec differ in higher_is_better")


@check("metric", "a better rank must never make the value worse")
def monotone(bench: Bench) -> None:
    """No query that moves up makes it worse."""
    sign = 1 if bench.spec.higher_is_better else -1
    values = [sign * bench.value(([*CLEAR, (rank, rank, 1)], 0, 0)) for rank in range(1, 40)]
    for rank, (better, worse) in enumerate(pairwise(values), 1):
        if worse > better + CLOSE:
            raise Failed(f"it is better at rank {rank + 1} than at rank {rank}")


@check("metric", "average over queries, then over directions, then over languages, as RankMetric.compute does")
def aggregation(bench: Bench) -> None:
    """The order and the portions of updates do not matter; directions and languages count alike."""
    whole = bench.value((CLEAR, 0, 0))
    if not _close(whole, bench.value((CLEAR[4:], 0, 0), (CLEAR[:4], 0, 0))):
        raise Failed("it depends on the portions and the order in which queries come")
    few = CLEAR[1:3]
    cells = [(CLEAR, 0, 0), (few, 1, 0), (few, 0, 1)]
    de, fr = (bench.value((CLEAR, 0, 0)) + bench.value((few, 1, 0))) / 2, bench.value((few, 0, 1))
    if not _close(bench.value(*cells), (de + fr) / 2):
        raise Failed("it is no mean over queries, then directions, then languages")


@check("metric", "give the expectation over all orders of the hi - lo + tied tied candidates, of which tied are right")
def oracle(bench: Bench) -> None:
    """Under ties it gives what all full orders give on average, by brute force."""
    if bench.is_mean:
        for query in TIED:
            slow = sum(bench.value(([(r, r, 1)], 0, 0)) for r in orders(query)) / len(orders(query))
            if not _close(fast := bench.value(([query], 0, 0)), slow):
                raise Failed(
                    f"ranks {query[0]} to {query[1]}, {query[2]} right: it gives {fast:g}, all orders {slow:g}"
                )
    else:
        values = [bench.value(([(r, r, 1) for r in ranks], 0, 0)) for ranks in product(*map(orders, TIED[:3]))]
        fast = bench.value((TIED[:3], 0, 0))
        if not min(values) - CLOSE <= fast <= max(values) + CLOSE:
            raise Failed(f"it gives {fast:g}, and all orders lie from {min(values):g} to {max(values):g}")


@check("metric", "leave `bounds` to RankMetric, or bracket the value: all ties lost, all ties won")
def bounds(bench: Bench) -> None:
    """Its bounds bracket its value, and meet where nothing ties."""
    for queries in (CLEAR, TIED):
        metric = bench.make()
        metric.update(*columns(queries), 0, 0)
        low, high = sorted(float(bound) for bound in metric.bounds())
        value = float(metric.compute())
        if not low - CLOSE <= value <= high + CLOSE:
            raise Failed(f"its value {value:g} is not between its bounds, {low:g} and {high:g}")
        if queries is CLEAR and not _close(low, high):
            raise Failed("its bounds differ where nothing ties")


@check("metric", "read lo, hi and tied: lo alone is the rank after winning every tie")
def collapsed_encoder(bench: Bench) -> None:
    """An encoder that gives every text and picture one vector scores chance."""
    if not bench.is_mean:
        raise NotApplicable("it is no mean over queries, so chance has no simple value")
    count, one = 20, torch.ones(1, 4)
    ranks, _ = both_directions(one.repeat(count, 1), one.repeat(count, 1), torch.arange(count))
    metric = bench.make()
    metric.update(ranks.lo, ranks.hi, ranks.tied)
    chance = sum(bench.value(([(r, r, 1)], 0, 0)) for r in range(1, count + 1)) / count
    if not _close(float(metric.compute()), chance):
        raise Failed(f"it scores {float(metric.compute()):g}, and chance is {chance:g}")
