"""Which runs may stand beside each other, and what the table of those that may holds."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import evolve, frozen

from ccr.errors import CcrError, nearest
from ccr.host import Host
from ccr.results.load import DIRECTIONS, Cell, FinishedRun, find_runs
from ccr.results.rows import ALL, Place, Row, Value, changed_settings, make_row, row_labels, training_view
from ccr.results.statistics import Sample, difference, holm, image_influence, mean_sd

HEADLINE = "mAR"
Score = Callable[[FinishedRun, Sequence[str], Sequence[str]], tuple[float, np.ndarray]]


@frozen(kw_only=True)
class Table:
    """Rows that were tested on the same queries under the same protocol, with the same encoder."""

    dataset: str
    test_set: str
    protocol_id: str
    content: str  # digest of what was tested
    encoder: str
    encoder_fingerprint: str
    source: str
    targets: tuple[str, ...]
    rows: tuple[Row, ...]
    baseline: str  # label of a row; "" = none here
    higher_is_better: bool
    images: int  # clusters; 0 = no differences were computed
    notes: tuple[str, ...]


@frozen(kw_only=True)
class Comparison:
    tables: tuple[Table, ...]
    headline: str
    baseline: str  # as asked for
    metrics: tuple[str, ...]
    unfinished: tuple[Path, ...]


def compare(
    paths: Sequence[Path],
    baseline: str = "",
    metrics: Sequence[str] = ("AR",),
    headline: str = HEADLINE,
    registry: Path | None = None,
) -> Comparison:
    """Compare runs: the rows of each table, and their differences to the row that `baseline` names.

    The headline, the metric's mean over target languages, is tested; `metrics` (of a language or of a direction; () =
    all that the runs have) get intervals. Raises CcrError for folders and names that cannot be used.
    """
    found = find_runs(paths)
    recorded = dict.fromkeys(row["metric"] for run in found.runs for row in run.result["metrics"] if row["lang"] != ALL)
    for metric in metrics:
        if metric not in recorded:
            raise CcrError(
                f'no run has a metric "{metric}"{nearest(metric, recorded)}; they have {", ".join(recorded)}'
            )
    shown = tuple(metrics) or tuple(recorded)
    host = Host.load(registry)
    score = mean_scorer(host, headline)
    if score is None:
        raise CcrError(f"{headline} is no mean over queries, so its differences cannot be tested; choose another")
    tables: dict[str, list[FinishedRun]] = {}
    for run in found.runs:
        tables.setdefault(_table_key(run), []).append(run)
    made = [_table(runs, baseline, found.asked, headline) for runs in tables.values()]
    if baseline and not any(table.baseline for table in made):
        labels = dict.fromkeys(row.label for table in made for row in table.rows)
        raise CcrError(f'no row is "{baseline}"{nearest(baseline, labels)}; there are {", ".join(labels)}')
    scorers = {metric: scorer for metric in shown if (scorer := mean_scorer(host, metric))}
    better = host.spec("metric", headline).higher_is_better
    return Comparison(
        tables=tuple(
            evolve(_with_differences(table, headline, score, scorers), higher_is_better=better) for table in made
        ),
        headline=headline,
        baseline=baseline,
        metrics=shown,
        unfinished=found.unfinished,
    )


def _table_key(run: FinishedRun) -> str:
    """One for runs whose numbers may share a column."""
    langs = run.result["langs"]
    return json.dumps(
        [
            run.result["dataset"],
            _protocol_id(run),
            run.result["test_content"],
            run.run.config["identity"]["encoder"],
            langs["source"],
            sorted(langs["targets"]),
        ]
    )


def _protocol_id(run: FinishedRun) -> str:
    """Without the digest that a test set's name has where the dataset was set otherwise: the key has it in full."""
    return str(run.result["protocol_id"]).replace(f"@{run.result['test_content'][:6]}/", "/", 1)


def _table(runs: Sequence[FinishedRun], baseline: str, asked: frozenset[Path], headline: str) -> Table:
    groups: dict[str, list[FinishedRun]] = {}
    for run in sorted(runs, key=lambda run: run.seed):
        groups.setdefault(run.row_id, []).append(run)
    in_order = sorted(groups.values(), key=lambda group: min(runs.index(run) for run in group))
    labels = row_labels(in_order)
    base = _baseline([group[0].result["method"] for group in in_order], labels, in_order, baseline)
    notes: list[str] = []
    rows = [make_row(group, label, asked, headline, notes) for group, label in zip(in_order, labels, strict=True)]
    if base is not None:
        trained = training_view(in_order[base][0])
        rows = [evolve(row, same_training=training_view(row.runs[0]) == trained) for row in rows]
        rows.insert(0, rows.pop(base))
    first = runs[0].result
    return Table(
        dataset=first["dataset"],
        test_set=first["test_set"],
        protocol_id=min((run.result["protocol_id"] for run in runs), key=len),
        content=first["test_content"],
        encoder=str(first.get("encoder", {}).get("name", "")),
        encoder_fingerprint=runs[0].run.config["identity"]["encoder"],
        source=first["langs"]["source"],
        targets=tuple(first["langs"]["targets"]),
        rows=tuple(rows),
        baseline=labels[base] if base is not None else "",
        higher_is_better=True,
        images=0,
        notes=(*notes, *_circumstances(runs)),
    )


def _baseline(
    methods: Sequence[str], labels: Sequence[str], groups: Sequence[Sequence[FinishedRun]], wanted: str
) -> int | None:
    """The row that is meant: by its label, by a run's id or folder, or by its method (of several, the default one)."""
    if not wanted:
        return None
    hits = [i for i, label in enumerate(labels) if label == wanted]
    hits = hits or [i for i, g in enumerate(groups) for run in g if wanted in (run.run.id, run.folder.name)]
    hits = hits or [i for i, method in enumerate(methods) if method == wanted]
    if len(hits) > 1:
        plain = [i for i in hits if not changed_settings(groups[i][0])]
        hits = plain if len(plain) == 1 else hits
    if len(hits) > 1:
        raise CcrError(f'--baseline "{wanted}" could be any of {"; ".join(labels[i] for i in hits)}: give one in full')
    return hits[0] if hits else None


def _circumstances(runs: Sequence[FinishedRun]) -> list[str]:
    """What differs between the runs of a table beside what makes their rows."""
    notes = []
    code: dict[str, set[str]] = {}
    for run in runs:
        for start in run.starts:
            for module, digest in start.get("code", {}).items():
                code.setdefault(module, set()).add(digest)
    changed = sorted(module for module, digests in code.items() if len(digests) > 1)
    if changed:
        notes.append(f"The code of {', '.join(changed)} changed between the runs of this table")
    machines = {(start.get("device"), start.get("precision")) for run in runs for start in run.starts}
    if len(machines) > 1:
        places = "; ".join(sorted(", ".join(map(str, machine)) for machine in machines))
        notes.append(f"Time and memory were measured on different machines or settings: {places}")
    return notes


# --- differences ----------------------------------------------------------------------------------------------------


def mean_scorer(host: Host, name: str) -> Score | None:
    """(run, languages, directions) -> the metric and each image's influence on it; None = no mean over queries."""
    import torch

    from ccr.metric import RankMetric

    try:
        spec = host.spec("metric", name)
    except CcrError:
        if name == HEADLINE or host.specs("metric").get(name):
            raise
        raise CcrError(f'no metric is named "{name}"{nearest(name, host.specs("metric"))}') from None
    kind = host.resolve(spec.factory)
    if any(getattr(kind, part) is not getattr(RankMetric, part) for part in ("reduce", "_macro")):
        return None
    metric = kind(**spec.arguments)
    scale = 100.0 if spec.percent else 1.0

    def credits(run: FinishedRun, cell: Cell) -> np.ndarray:
        lo, hi, tied = (torch.from_numpy(column) for column in run.ranks[cell])
        return scale * metric.per_query(lo, hi, tied).double().numpy()

    def score(run: FinishedRun, langs: Sequence[str], ways: Sequence[str]) -> tuple[float, np.ndarray]:
        names = {image: i for i, image in enumerate(dict.fromkeys(i for q in run.queries.values() for i in q[1]))}
        cells = [(lang, way) for lang in langs for way in ways]
        images = []
        for lang, way in cells:
            gallery = np.array([names[image] for image in run.queries[lang][1]])
            images.append(gallery[run.queries[lang][2]] if way == "t2i" else gallery)
        weights = [1 / len(cells)] * len(cells)
        return image_influence([credits(run, cell) for cell in cells], images, weights, len(names))

    return score


def _with_differences(table: Table, headline: str, score: Score, scorers: Mapping[str, Score]) -> Table:
    """The table with every row's headline, and where it has a baseline the differences to it."""
    _same_queries([run for row in table.rows for run in row.runs])
    places: dict[Place, tuple[Score, Sequence[str], Sequence[str]]] = {
        (headline, ALL, None): (score, table.targets, DIRECTIONS)
    }
    if table.baseline:
        for place in dict.fromkeys(place for row in table.rows for place in row.values):
            metric, lang, way = place
            if metric in scorers and lang != ALL:
                places[place] = (scorers[metric], [lang], [way] if way else DIRECTIONS)
    samples = [{place: _sample(row, place, *how) for place, how in places.items()} for row in table.rows]
    rows = []
    for row, mine in zip(table.rows, samples, strict=True):
        found = {}
        if table.baseline and row.label != table.baseline:
            found = {place: difference(mine[place], samples[0][place]) for place in places}
        mean, sd = mean_sd(mine[headline, ALL, None].values)
        # a metric without a row over all languages gets its headline here
        values = {(headline, ALL, None): Value(mean, sd, mean, mean), **row.values}
        rows.append(evolve(row, values=values, differences=found))
    ps = [row.differences[headline, ALL, None].p if row.differences else None for row in rows]
    rows = [evolve(row, p_holm=p) for row, p in zip(rows, holm(ps), strict=True)]
    return evolve(table, rows=tuple(rows), images=samples[0][headline, ALL, None].influence.shape[1])


def _sample(row: Row, place: Place, score: Score, langs: Sequence[str], ways: Sequence[str]) -> Sample:
    scored = [score(run, langs, ways) for run in row.runs]
    values = np.array([value for value, _ in scored])
    told = row.values.get(place)
    if told and math.isfinite(told.mean) and not math.isclose(told.mean, values.mean(), abs_tol=1e-6):
        raise CcrError(
            f"{row.runs[0].folder}: result.json has {' '.join(filter(None, place))} {told.mean:.3f}, ranks.npz gives "
            f"{values.mean():.3f}: the folder is damaged, or the metric has changed since; run it again with --fresh"
        )
    if told and not math.isfinite(told.mean):
        values = np.full(len(values), math.nan)
    seeded = row.costs["trainable"] != 0 or float(np.ptp(values)) > 0
    return Sample(values, np.stack([influence for _, influence in scored]), seeded)


def _same_queries(runs: Sequence[FinishedRun]) -> None:
    for run in runs[1:]:
        if run.queries != runs[0].queries:
            raise CcrError(f"{runs[0].folder} and {run.folder} name one test set and were tested on different queries")
