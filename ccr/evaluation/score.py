"""From ranks to the rows of a result: every registered metric, over all that its scope asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ccr.errors import CcrError, nearest
from ccr.specs import MetricSpec
from ccr.world import world

if TYPE_CHECKING:
    from ccr.evaluation.ranks import Ranks
    from ccr.host import Host
    from ccr.metric import RankMetric

DIRECTIONS = ("t2i", "i2t")
"""Text to image, image to text; a metric's `update` gets their places, 0 and 1."""

SELECTS = "mAR"
"""The metric that selects checkpoints."""

Cell = tuple[str, str]  # language, direction


def score(
    ranks: Mapping[Cell, Ranks], metrics: Sequence[tuple[MetricSpec, type[RankMetric]]], targets: Sequence[str]
) -> list[dict[str, Any]]:
    """Metric values over ranks keyed by (language, "t2i" or "i2t"), as JSON-able rows.

    A row is {metric, lang, direction, value, low, high, queries, percent}. Scope "direction" gives one per language and
    direction; "language" one per language, with direction None; "table" one over the target languages, with lang "*"
    and direction None. Values are as the metric gives them: fractions, or ranks. `low` and `high` bound the value
    whichever way ties fall; `queries` counts what it was averaged over; `percent` says that it is shown times 100.

    All processes of a run come here with the same ranks. Each gives a metric its share of the queries, and torchmetrics
    gathers them by their ids.
    """
    for (lang, direction), found in ranks.items():
        if direction not in DIRECTIONS:
            raise CcrError(f"ranks of {lang}: no direction is called {direction!r}{nearest(direction, DIRECTIONS)}")
        if not len(found):
            raise CcrError(f"ranks of {lang}, {direction}: no query to score")
    langs = list(dict.fromkeys(lang for lang, _ in ranks))
    rows = []
    for spec, metric in metrics:
        if spec.scope == "direction":
            rows += [_row(spec, metric, ranks, [cell], *cell) for cell in ranks]
        elif spec.scope == "language":
            rows += [_row(spec, metric, ranks, _both([lang]), lang, None) for lang in langs]
        else:
            rows.append(_row(spec, metric, ranks, _both(targets), "*", None))
    return rows


def value(rows: Sequence[Mapping[str, Any]], metric: str, lang: str = "*", direction: str | None = None) -> float:
    """One value of `score`'s rows."""
    for row in rows:
        if (row["metric"], row["lang"], row["direction"]) == (metric, lang, direction):
            return row["value"]
    where = " ".join(filter(None, (lang, direction)))
    raise CcrError(f"no value of {metric} for {where}{nearest(metric, {row['metric'] for row in rows})}")


def selector(host: Host) -> Callable[[Mapping[Cell, Ranks], Sequence[str]], float]:
    """The number that selects checkpoints, mAR over the given languages, through the same hook as any metric."""
    spec = host.spec("metric", SELECTS)
    metric = host.resolve(spec.factory)
    return lambda ranks, langs: value(score(ranks, [(spec, metric)], langs), SELECTS)


def _both(langs: Sequence[str]) -> list[Cell]:
    return [(lang, direction) for lang in langs for direction in DIRECTIONS]


def _row(
    spec: MetricSpec,
    metric: type[RankMetric],
    ranks: Mapping[Cell, Ranks],
    cells: Sequence[Cell],
    lang: str,
    direction: str | None,
) -> dict[str, Any]:
    missing = [f"{lang} {direction}" for lang, direction in cells if (lang, direction) not in ranks]
    if missing or not cells:
        raise CcrError(f"metric {spec.name} needs ranks of {', '.join(missing) or 'a target language'}")
    import torch

    measure = metric(**spec.arguments)
    together = world()
    measure.distributed_available_fn, measure.dist_sync_fn = lambda: together.size > 1, together.every
    places = {name: i for i, name in enumerate(dict.fromkeys(name for name, _ in cells))}
    for cell in cells:
        found = ranks[cell]
        own = together.share(torch.arange(len(found)))
        measure.update(found.lo[own], found.hi[own], found.tied[own], DIRECTIONS.index(cell[1]), places[cell[0]], own)
    bounds = [float(bound) for bound in measure.bounds()]
    return {
        "metric": spec.name,
        "lang": lang,
        "direction": direction,
        "value": float(measure.compute()),
        "low": min(bounds),
        "high": max(bounds),
        "queries": sum(len(ranks[cell]) for cell in cells),
        "percent": spec.percent,
    }
