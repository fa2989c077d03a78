"""Metrics against the enumeration of all orders of tied candidates; scores of every scope."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from math import comb

import pytest
import torch
from ccr_recall import ccr_register_metrics
from ccr_recall.metrics import AverageRecall, MeanRank, MedianRank, RecallAt, SumOfRecalls, hits
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchmetrics.retrieval import RetrievalHitRate

from ccr import CcrError, MetricSpec
from ccr.evaluation.ranks import Ranks, both_directions
from ccr.evaluation.score import score, value

CLASSES = {
    "RecallAt": RecallAt,
    "AverageRecall": AverageRecall,
    "SumOfRecalls": SumOfRecalls,
    "MeanRank": MeanRank,
    "MedianRank": MedianRank,
}
METRICS = [(spec, CLASSES[spec.factory.split(":")[1]]) for spec in ccr_register_metrics()]
ALL = [(metric, spec.arguments) for spec, metric in METRICS]


def first_places(lo: int, hi: int, tied: int) -> list[int]:
    """The place of the first right answer in every order of the tied candidates."""
    m = hi - lo + tied
    return [lo + min(places) for places in combinations(range(m), tied)]


def ranks_of(*queries: tuple[int, int, int]) -> Ranks:
    return Ranks(*(torch.tensor(column, dtype=torch.int64) for column in zip(*queries, strict=True)))


def columns(ranks: Ranks) -> tuple[Tensor, Tensor, Tensor]:
    return ranks.lo, ranks.hi, ranks.tied


def random_ranks(n: int, seed: int, largest: int = 30) -> Ranks:
    g = torch.Generator().manual_seed(seed)
    lo = torch.randint(1, largest, (n,), generator=g)
    return Ranks(lo, lo + torch.randint(0, 6, (n,), generator=g), torch.randint(1, 4, (n,), generator=g))


def queries(metric: type, arguments: dict, ranks: Ranks, *parts: list[int]) -> tuple[float, ...]:
    """Value and bounds of a metric that gets its queries, by their ids, in these parts."""
    measure = metric(**arguments)
    for part in parts:
        ids = torch.tensor(part, dtype=torch.int64)
        measure.update(ranks.lo[ids], ranks.hi[ids], ranks.tied[ids], 1, 3, ids)
    return float(measure.compute()), *map(float, measure.bounds())


@pytest.mark.parametrize(("metric", "arguments"), ALL)
def test_a_query_with_an_id_counts_once_in_any_order(metric, arguments):
    ranks = random_ranks(9, seed=4)
    whole = queries(metric, arguments, ranks, list(range(9)))
    assert queries(metric, arguments, ranks, [8, 3, 3, 0], [], [5, 1, 2], [7, 6, 4, 8, 0]) == whole
    assert queries(metric, arguments, ranks, list(range(8))) != whole or metric is not MeanRank


def test_without_ids_every_query_counts():
    metric = MeanRank()
    metric.update(*columns(ranks_of((1, 1, 1), (1, 1, 1), (4, 4, 1))))
    assert float(metric.compute()) == 2


def test_a_query_with_two_ranks_is_told():
    metric = MeanRank()
    metric.update(*columns(ranks_of((1, 1, 1), (2, 2, 1))), ids=torch.tensor([5, 5]))
    with pytest.raises(CcrError, match=r"query 5 of language 0 came twice with other ranks"):
        metric.compute()


@pytest.mark.parametrize("tied", [1, 2, 3, 5])
@pytest.mark.parametrize("wrong", [0, 1, 2, 7])
@pytest.mark.parametrize("lo", [1, 2, 5, 11])
def test_expected_credit_is_the_mean_over_all_orders(lo, wrong, tied):
    ranks = ranks_of((lo, lo + wrong, tied))
    places = first_places(lo, lo + wrong, tied)
    for k in (1, 2, 5, 10, 40):
        expected = sum(place <= k for place in places) / len(places)
        assert hits(*columns(ranks), k).item() == pytest.approx(expected, abs=1e-12)
    mean = MeanRank().per_query(*columns(ranks)).item()
    assert mean == pytest.approx(sum(places) / len(places), abs=1e-12)


@given(st.integers(1, 25_000), st.integers(0, 25_000), st.integers(1, 2_000), st.integers(1, 12))
def test_expected_credit_of_large_ties(lo, wrong, tied, k):
    m, j = wrong + tied, min(max(k - lo + 1, 0), wrong + tied)
    expected = 1 - comb(m - tied, j) / comb(m, j)
    assert hits(*columns(ranks_of((lo, lo + wrong, tied))), k).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("k", [1, 5, 10])
def test_without_ties_it_is_the_hit_rate_of_torchmetrics(k):
    g = torch.Generator().manual_seed(0)
    images = torch.randn(25, 12, generator=g)
    owner = torch.cat([torch.arange(25), torch.randint(25, (35,), generator=g)])
    texts = images[owner] + torch.randn(60, 12, generator=g)
    by_text, by_image = both_directions(texts, images, owner)
    unit = torch.nn.functional.normalize
    scores, right = unit(texts) @ unit(images).T, owner[:, None] == torch.arange(25)
    for ranks, s, y in ((by_text, scores, right), (by_image, scores.T, right.T)):
        theirs = RetrievalHitRate(top_k=k)
        indexes = torch.arange(len(s))[:, None].expand_as(s)
        theirs.update(s.flatten(), y.flatten(), indexes=indexes.flatten())
        ours = RecallAt(k)
        ours.update(*columns(ranks))
        assert ours.compute().item() == pytest.approx(theirs.compute().item(), abs=1e-6)


def test_averages_go_over_queries_then_directions_then_languages():
    first, second, third = ranks_of((1, 1, 1), (6, 6, 1), (20, 20, 1)), ranks_of((1, 1, 1)), ranks_of((11, 11, 1))
    metric = AverageRecall()
    metric.update(*columns(first), direction=0, lang=0)
    metric.update(*columns(second), direction=1, lang=0)
    per_direction = [(1 + 1 / 3 + 0) / 3, 1.0]
    assert metric.compute().item() == pytest.approx(sum(per_direction) / 2)
    metric.update(*columns(third), direction=0, lang=1)
    metric.update(*columns(third), direction=1, lang=1)
    assert metric.compute().item() == pytest.approx(sum(per_direction) / 4)


def test_the_sum_of_recalls_is_the_sum_of_six_recalls():
    by_text, by_image = random_ranks(50, seed=1, largest=14), random_ranks(20, seed=2, largest=14)
    metric = SumOfRecalls()
    total = 0.0
    for direction, ranks in enumerate((by_text, by_image)):
        metric.update(*columns(ranks), direction=direction)
        total += sum(hits(*columns(ranks), k).mean().item() for k in (1, 5, 10))
    assert metric.compute().item() == pytest.approx(total)


def test_the_median_of_an_even_number_of_queries_lies_between():
    metric = MedianRank()
    metric.update(*columns(ranks_of((1, 1, 1), (4, 4, 1), (7, 9, 1), (30, 30, 1))))
    assert metric.compute().item() == 6.0  # between 4 and the expected 8
    assert [bound.item() for bound in metric.bounds()] == [6.5, 5.5]


@pytest.mark.parametrize(("metric", "arguments"), ALL)
def test_the_value_lies_within_its_bounds_and_on_them_without_ties(metric, arguments):
    measure = metric(**arguments)
    measure.update(*columns(random_ranks(300, seed=3)))
    worst, best = (bound.item() for bound in measure.bounds())
    assert min(worst, best) < measure.compute().item() < max(worst, best)
    assert (best > worst) == measure.higher_is_better
    measure.reset()
    lo = random_ranks(300, seed=3).lo
    measure.update(lo, lo, torch.ones_like(lo))
    assert [bound.item() for bound in measure.bounds()] == [measure.compute().item()] * 2


@pytest.mark.parametrize(("metric", "arguments"), ALL)
def test_pieces_and_merged_halves_equal_the_whole(metric, arguments):
    ranks = [(random_ranks(41, seed), seed % 2, seed // 2) for seed in range(4)]
    whole, pieces, half, other = (metric(**arguments) for _ in range(4))
    for found, direction, lang in ranks:
        whole.update(*columns(found), direction=direction, lang=lang)
        for part in zip(*(column.split(7) for column in columns(found)), strict=True):
            pieces.update(*part, direction=direction, lang=lang)
        (half if direction else other).update(*columns(found), direction=direction, lang=lang)
    half.merge_state(other)
    assert pieces.compute() == whole.compute()
    assert half.compute().item() == pytest.approx(whole.compute().item(), abs=1e-12)
    pieces.reset()
    pieces.update(*columns(ranks[0][0]))
    alone = metric(**arguments)
    alone.update(*columns(ranks[0][0]))
    assert pieces.compute() == alone.compute()


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize(("metric", "arguments"), ALL)
def test_nothing_seen_is_one_clear_error(metric, arguments):
    with pytest.raises(CcrError, match="has seen no query: call update"):
        metric(**arguments).compute()


def test_a_recall_at_zero_is_refused():
    with pytest.raises(CcrError, match="whole number from 1"):
        RecallAt(0)


def test_specs_say_what_the_metrics_are():
    names = [spec.name for spec, _ in METRICS]
    assert names == ["R@1", "R@5", "R@10", "AR", "SumR", "mAR", "MedR", "MeanR"]
    for spec, metric in METRICS:
        assert spec.higher_is_better == metric(**spec.arguments).higher_is_better


def test_registering_needs_no_torch():
    code = "import sys, ccr_recall; list(ccr_recall.ccr_register_metrics()); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- score ------------------------------------------------------------------------------------------------------------


def three_languages() -> dict[tuple[str, str], Ranks]:
    cells = [(lang, direction) for lang in ("en", "de", "zh") for direction in ("t2i", "i2t")]
    return {cell: random_ranks(30 + i, seed=10 + i, largest=15) for i, cell in enumerate(cells)}


def test_rows_of_every_scope():
    ranks = three_languages()
    rows = score(ranks, METRICS, ["de", "zh"])
    assert json.loads(json.dumps(rows)) == rows
    assert len(rows) == 5 * 6 + 2 * 3 + 1
    for lang in ("en", "de", "zh"):
        recalls = [value(rows, f"R@{k}", lang, way) for k in (1, 5, 10) for way in ("t2i", "i2t")]
        assert value(rows, "AR", lang) == pytest.approx(sum(recalls) / 6)
        assert value(rows, "SumR", lang) == pytest.approx(sum(recalls))
    assert value(rows, "mAR") == pytest.approx((value(rows, "AR", "de") + value(rows, "AR", "zh")) / 2)
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert row["percent"] == (not row["metric"].startswith("Me"))
    counts = {(row["lang"], row["direction"]): row["queries"] for row in rows}
    assert counts["de", "i2t"] == 33
    assert counts["de", None] == 32 + 33
    assert counts["*", None] == 32 + 33 + 34 + 35


def test_a_row_equals_the_enumeration():
    ranks = {("de", "t2i"): ranks_of((1, 3, 2), (4, 6, 1)), ("de", "i2t"): ranks_of((2, 2, 1))}
    rows = score(ranks, METRICS, ["de"])
    places = [first_places(1, 3, 2), first_places(4, 6, 1)]
    expected = sum(sum(p <= 5 for p in query) / len(query) for query in places) / 2
    assert value(rows, "R@5", "de", "t2i") == pytest.approx(expected)
    row = next(row for row in rows if (row["metric"], row["direction"]) == ("R@5", "t2i"))
    assert (row["low"], row["high"]) == (0.5, 1.0)


def test_what_cannot_be_scored_is_said():
    ranks = three_languages()
    with pytest.raises(CcrError, match="mAR needs ranks of fr t2i, fr i2t"):
        score(ranks, METRICS, ["de", "fr"])
    with pytest.raises(CcrError, match="mAR needs ranks of a target language"):
        score(ranks, METRICS, [])
    with pytest.raises(CcrError, match="ranks of de, t2i: no query"):
        score({("de", "t2i"): Ranks(*(torch.zeros(0, dtype=torch.int64),) * 3)}, METRICS, ["de"])
    with pytest.raises(CcrError, match=r"called 'i2i' \(did you mean"):
        score({("de", "i2i"): ranks["de", "t2i"]}, METRICS, ["de"])
    with pytest.raises(CcrError, match='no value of R@50 for de t2i \\(did you mean "R@5"'):
        value(score(ranks, METRICS, ["de"]), "R@50", "de", "t2i")


def test_ranks_are_int64():
    with pytest.raises(CcrError, match=r"\(Q,\) int64"):
        Ranks(torch.ones(3), torch.ones(3), torch.ones(3))


def test_a_metric_of_a_stranger_is_scored_like_any_other():
    class ReciprocalRank(MeanRank):
        higher_is_better = True

        def per_query(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
            return 1 / super().per_query(lo, hi, tied)

    spec = MetricSpec(name="MRR", factory="mine:ReciprocalRank", scope="language", percent=False)
    rows = score({("de", way): ranks_of((2, 2, 1), (4, 4, 1)) for way in ("t2i", "i2t")}, [(spec, ReciprocalRank)], [])
    assert value(rows, "MRR", "de") == 0.375
