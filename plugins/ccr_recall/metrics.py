"""Metrics over the rank of the best right answer, each the expected value under a random order of tied candidates.

Of m = hi - lo + tied candidates that tie at places lo, lo + 1, ..., p = tied are right. R@K is hit@K: a query counts if
any right answer stands among the first K.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ccr import CcrError, RankMetric


def hits(lo: Tensor, hi: Tensor, tied: Tensor, k: int) -> Tensor:
    """Probability that a right answer is among the first k: (Q,) ranks -> (Q,) float64.

    j = k - lo + 1 of the m tied candidates get a place among the first k, and all of them are wrong with probability
    C(m - p, j) / C(m, j), taken as a product over the j places: no factorial, no cancellation.
    """
    m, places = hi - lo + tied, k - lo + 1
    missed = torch.ones(lo.shape, dtype=torch.float64, device=lo.device)
    for i in range(k):
        wrong = (m - tied - i).clamp(min=0).double() / (m - i).clamp(min=1)
        missed = torch.where(i < places, missed * wrong, missed)
    return 1 - missed


class RecallAt(RankMetric):
    """Share of queries with a right answer among the first k; a fraction."""

    def __init__(self, k: int, **kwargs: Any) -> None:
        if k < 1:
            raise CcrError(f"R@{k}: K is a whole number from 1")
        super().__init__(**kwargs)
        self.k = k

    def per_query(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
        return hits(lo, hi, tied, self.k)


class AverageRecall(RankMetric):
    """Mean of R@1, R@5 and R@10: AR over the two directions of one language, mAR over those of several; a fraction."""

    def per_query(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
        return torch.stack([hits(lo, hi, tied, k) for k in (1, 5, 10)]).mean(0)


class SumOfRecalls(AverageRecall):
    """Sum of the six recalls that AR is the mean of; from 0 to 6."""

    def per_query(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
        return 6 * super().per_query(lo, hi, tied)


class MeanRank(RankMetric):
    """Mean rank of the best right answer, from 1.

    The first of p marked places among m lies at (m + 1) / (p + 1) on average, that is lo + (hi - lo) / (p + 1) here.
    """

    higher_is_better = False

    def per_query(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
        return lo + (hi - lo).double() / (tied + 1)


class MedianRank(MeanRank):
    """Median over queries of the expected rank, from 1; of an even number of queries the mean of the middle two."""

    def reduce(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
        return self.per_query(lo, hi, tied).quantile(0.5)
