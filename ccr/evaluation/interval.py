"""How far a score would move on other images of the same kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ccr.evaluation.ranks import Ranks
from ccr.metric import RankMetric

NORMAL_975 = 1.959964


def image_interval(
    metric: RankMetric,
    ranks: Mapping[tuple[str, str], Ranks],
    images: Mapping[tuple[str, str], Sequence[str]],
    langs: Sequence[str],
) -> tuple[float, float, int]:
    """(low, high, number of images): 95 % interval of a metric that averages queries, then directions, then languages.

    All queries of one image, over languages and directions, are one cluster; `images` names each query's. The
    variance is the usual one of a mean of clusters, by the influence of each image on the score. Seeds are another
    source of variance, of which one run says nothing.
    """
    cells = [(lang, direction) for lang in langs for direction in ("t2i", "i2t")]
    names = {name: i for i, name in enumerate(dict.fromkeys(name for cell in cells for name in images[cell]))}
    influence = torch.zeros(len(names), dtype=torch.float64)
    score = 0.0
    for cell in cells:
        found = ranks[cell]
        credit: Tensor = metric.per_query(found.lo, found.hi, found.tied).double()
        mean = credit.mean()
        owner = torch.tensor([names[name] for name in images[cell]])
        influence.index_add_(0, owner, (credit - mean) / (len(credit) * len(cells)))
        score += float(mean) / len(cells)
    n = len(names)
    half = NORMAL_975 * math.sqrt(float(influence.square().sum()) * n / max(1, n - 1))
    return max(0.0, score - half), min(1.0, score + half), n
