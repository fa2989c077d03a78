"""A test gallery cut into folds, each ranked by itself: STAIR's and MSCOCO's five times 1,000 images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ccr.evaluation.encode import Sides
from ccr.evaluation.ranks import Ranks, both_directions
from ccr.evaluation.score import DIRECTIONS, Cell, score
from ccr.evaluation.top import top_images
from ccr.metric import RankMetric
from ccr.specs import MetricSpec


def fold_numbers(images: int, folds: int) -> Tensor:
    """(images,) int64: the fold of each image of a gallery. Neighbours share one; sizes differ by one at the most."""
    return torch.arange(images) * folds // max(1, images)


def ranked(side: Sides, folds: int) -> tuple[Ranks, Ranks, Tensor]:
    """Ranks of texts and of images among those of their own fold, and of each text the rows of its best images."""
    if folds == 1:
        by_text, by_image = both_directions(side.text, side.gallery, side.owner)
        return by_text, by_image, top_images(side.text, side.gallery, side.owner, by_text.lo)
    of_image = fold_numbers(len(side.gallery), folds).to(side.owner.device)
    of_text = of_image[side.owner]
    parts = []
    for fold in range(folds):
        texts, images = (torch.nonzero(of == fold).flatten() for of in (of_text, of_image))
        one = Sides(side.text[texts], side.gallery[images], side.owner[texts] - images[0])
        by_text, by_image, best = ranked(one, 1)
        parts.append((texts.cpu(), by_text, by_image, best + int(images[0])))
    back = torch.cat([texts for texts, *_ in parts]).argsort()
    shown = min(best.shape[1] for *_, best in parts)
    by_text, by_image = _joined([part[1] for part in parts], back), _joined([part[2] for part in parts])
    return by_text, by_image, torch.cat([best[:, :shown] for *_, best in parts])[back]


def score_folds(
    ranks: Mapping[Cell, Ranks],
    owners: Mapping[str, np.ndarray],
    folds: Mapping[str, int],
    metrics: Sequence[tuple[MetricSpec, type[RankMetric]]],
    targets: Sequence[str],
) -> list[dict[str, Any]]:
    """`score`, averaged over the folds of each language; `owners` are the places of the texts' images.

    Means over queries are taken over all queries at once, which is the same where folds are equal; any other metric
    (a median) is computed fold by fold.
    """
    count = max(folds.values(), default=1)
    rows = []
    for spec, metric in metrics:
        plain = metric.reduce is RankMetric.reduce and metric._macro is RankMetric._macro
        if count == 1 or plain:
            rows += score(ranks, [(spec, metric)], targets)
            continue
        parts = [score(_fold(ranks, owners, folds, fold), [(spec, metric)], targets) for fold in range(count)]
        for same in zip(*parts, strict=True):
            values = {key: sum(row[key] for row in same) / count for key in ("value", "low", "high")}
            langs = targets if same[0]["lang"] == "*" else [same[0]["lang"]]
            ways = [same[0]["direction"]] if same[0]["direction"] else DIRECTIONS
            rows.append({**same[0], **values, "queries": sum(len(ranks[lang, way]) for lang in langs for way in ways)})
    return rows


def _fold(
    ranks: Mapping[Cell, Ranks], owners: Mapping[str, np.ndarray], folds: Mapping[str, int], fold: int
) -> dict[Cell, Ranks]:
    """The ranks of one fold; of a language that is not cut, or into fewer, all or those of the fold's turn."""
    found = {}
    for (lang, way), mine in ranks.items():
        count = folds.get(lang, 1)
        of = fold_numbers(len(ranks[lang, "i2t"]), count)
        chosen = (of[torch.from_numpy(owners[lang])] if way == "t2i" else of) == fold % count
        found[lang, way] = Ranks(mine.lo[chosen], mine.hi[chosen], mine.tied[chosen])
    return found


def _joined(parts: Sequence[Ranks], order: Tensor | None = None) -> Ranks:
    columns = [torch.cat([getattr(part, name) for part in parts]) for name in ("lo", "hi", "tied")]
    return Ranks(*(column if order is None else column[order] for column in columns))
