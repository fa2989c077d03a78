"""What each section of a report shows, gathered from a comparison. docs/report.md tells how to add one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from ccr.host import Host
from ccr.results.compare import Comparison, Table, mean_scorer
from ccr.results.layout import Grid, grids
from ccr.results.load import DIRECTIONS, FinishedRun
from ccr.results.published import Published
from ccr.results.report.page import Section, escape
from ccr.results.report.recall import KS, recall_curve
from ccr.results.rows import ALL, Row
from ccr.results.statistics import Difference, Sample, difference
from ccr.results.table import DIRECTION_TITLES

POINTS = 150  # of a learning curve


@frozen(kw_only=True)
class Source:
    """What a section is made from: one table of a comparison, and the means to look further."""

    comparison: Comparison
    table: Table
    host: Host
    published: Sequence[Published] = ()


Builder = Callable[[Source], Section | None]


# --- tables ---------------------------------------------------------------------------------------------------------


def tables(source: Source) -> Section:
    """The grids of `ccr compare`, captions included."""
    whole = source.comparison
    place = whole.tables.index(source.table)
    alone = Comparison(
        tables=(source.table,),
        headline=whole.headline,
        baseline=whole.baseline,
        metrics=whole.metrics,
        unfinished=(),
    )
    main, *others = grids(alone, wide=True)
    cited = grids(alone, source.published)[1:]
    title = grids(whole)[place].title if len(whole.tables) > 1 else main.title
    wide = "".join(
        f'<h4>{escape(grid.title)}</h4><div class="scroll" tabindex="0">{_grid(grid)}</div>{_notes(grid)}'
        for grid in others
    )
    details = f"<details><summary>Every metric, language and direction</summary>{wide}</details>" if wide else ""
    caption = f'<p class="note">{escape(title)}</p>'
    html = f'{caption}<div class="scroll" tabindex="0">{_grid(main, source.table)}</div>{_notes(main)}{details}'
    html += "".join(
        f'<details><summary>{escape(grid.title)}</summary><div class="scroll" tabindex="0">{_grid(grid)}</div>'
        f"{_notes(grid)}</details>"
        for grid in cited
    )
    return Section(title="Results", html=html)


def _grid(grid: Grid, table: Table | None = None) -> str:
    head = ""
    if any(column.group for column in grid.columns):
        spans: list[tuple[str, int]] = []
        for column in grid.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        cells = (
            f'<th scope="colgroup" colspan="{n}">{escape(name)}</th>' if name else "<td></td>" for name, n in spans
        )
        head = f'<tr class="groups">{"".join(cells)}</tr>'
    head += "<tr>" + "".join(f'<th scope="col">{escape(column.title)}</th>' for column in grid.columns) + "</tr>"
    body, number = [], -1
    for row in grid.rows:
        if row is None:
            continue
        number += 1
        first = " class=base" if table and table.baseline and not number else ""
        dot = f'<i class="dot" style="--c:var(--c{number % 8})"></i>' if table else ""
        cells = (
            f'<th scope="row">{dot}{escape(cell)}</th>' if not i else f"<td>{escape(cell)}</td>"
            for i, cell in enumerate(row)
        )
        body.append(f"<tr{first}>{''.join(cells)}</tr>")
    return f"<table><thead>{head}</thead><tbody>{''.join(body)}</tbody></table>"


def _notes(grid: Grid) -> str:
    return f'<p class="note">{escape(" ".join(grid.notes))}</p>' if grid.notes else ""


# --- charts ---------------------------------------------------------------------------------------------------------


def languages(source: Source) -> Section:
    """Every metric by language, with its own 95 % interval over images and seeds."""
    table, data = source.table, []
    langs = tested(table)
    kinds = dict.fromkeys((m, way) for row in table.rows for m, lang, way in row.values if lang != ALL)
    for metric, way in sorted(kinds, key=lambda kind: (kind[0] != "AR", list(kinds).index(kind))):
        score = mean_scorer(source.host, metric)
        ways = [way] if way else list(DIRECTIONS)
        cells = []
        for row in table.rows:
            found: list[list[float | None]] = []
            for lang in langs:
                value = row.values.get((metric, lang, way))
                if value is None:
                    found.append([None, None, None])
                elif score is None:  # no mean over queries: no interval
                    found.append([value.mean, None, None])
                else:
                    ends = _alone([score(run, [lang], ways) for run in row.runs], row)
                    found.append([value.mean, ends.low, ends.high])
            cells.append(found)
        spec = source.host.specs("metric").get(metric)
        data.append(
            {
                "title": ", ".join(filter(None, (metric, DIRECTION_TITLES[way]))),
                "cells": cells,
                "percent": bool(spec and spec.percent),
            }
        )
    one = any(len(row.seeds) == 1 and row.costs["trainable"] != 0 for row in table.rows)
    seeds = "; of rows with one seed, over images alone: they say nothing of other seeds" if one else ""
    note = f"Bars are means over seeds, lines 95 % intervals over images and seeds{seeds}. Neighbours that overlap may "
    note += "still differ: methods share their images, and the table's differences make use of it."
    shown = [f"{lang}*" if lang == table.source else lang for lang in langs]
    return Section(
        title="By language", kind="languages", html=_note(note), data={"langs": langs, "shown": shown, "metrics": data}
    )


def _alone(scored: Sequence[tuple[float, np.ndarray]], row: Row) -> Difference:
    """A row's own interval: its difference to what is 0 for certain."""
    values = np.array([value for value, _ in scored])
    seeded = row.costs["trainable"] != 0 or float(np.ptp(values)) > 0
    ours = Sample(values, np.stack([influence for _, influence in scored]), seeded)
    return difference(ours, Sample(np.zeros(1), np.zeros((1, ours.influence.shape[1])), seeded=False))


def recall(source: Source) -> Section:
    """R@K for every K that can be seen, in each language and direction."""
    table = source.table
    langs = tested(table)
    sizes = [len(table.rows[0].runs[0].ranks[lang, way][0]) for lang in langs for way in DIRECTIONS]
    ks = [k for k in KS if k <= max(sizes)]
    curves = [
        {
            f"{lang}/{way}": np.round(
                np.mean([recall_curve(*run.ranks[lang, way], ks) for run in row.runs], axis=0) * 100, 2
            ).tolist()
            for lang in langs
            for way in DIRECTIONS
        }
        for row in table.rows
    ]
    data = {"langs": langs, "targets": list(table.targets), "ks": ks, "rows": curves}
    note = "The share of queries with a right answer among the first K, in percent; expected values where scores tie."
    return Section(title="Recall against K", kind="recall", html=_note(note), data=data)


def curves(source: Source) -> Section | None:
    """Losses and validation by phase, of every run."""
    phases: dict[str, dict[str, None]] = {}
    rows = []
    for row in source.table.rows:
        runs = []
        for run in row.runs:
            logged = _logged(run)
            runs.append({"seed": run.seed, "series": logged})
            for phase, terms in logged.items():
                phases.setdefault(phase, {}).update(dict.fromkeys(terms))
        rows.append(runs)
    if not phases:
        return None
    order = sorted({t for terms in phases.values() for t in terms}, key=lambda t: (t != "validation", t))
    data = {"phases": list(phases), "terms": order, "rows": rows}
    note = "A line per seed. Validation is mAR on the held-out captions that select the checkpoint, in percent; losses "
    note += "are those of single batches, and methods weigh theirs differently."
    return Section(title="Learning curves", kind="curves", html=_note(note), data=data)


def _logged(run: FinishedRun) -> dict[str, dict[str, list[list[float]]]]:
    """phase -> term -> [step, value] pairs of log.jsonl, thinned. A run without a log has none."""
    path = run.folder / "log.jsonl"
    found: dict[str, dict[str, list[list[float]]]] = {}
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            phase, step = entry.pop("phase"), entry.pop("step")
        except (ValueError, KeyError, AttributeError):
            continue  # a torn line
        for term, value in entry.items():
            if not term.startswith("lr/") and isinstance(value, (int, float)) and math.isfinite(value):
                scale = 100 if term == "validation" else 1
                found.setdefault(phase, {}).setdefault(term, []).append([step, float(f"{scale * value:.4g}")])
    return {
        phase: {term: points[:: max(1, -(-len(points) // POINTS))] for term, points in terms.items()}
        for phase, terms in found.items()
    }


def costs(source: Source) -> Section | None:
    """The headline against what it costs."""
    headline = source.comparison.headline
    score = mean_scorer(source.host, headline)
    rows: list[dict[str, Any]] = []
    for row in source.table.rows:
        value = row.values.get((headline, ALL, None))
        if value is None or score is None:
            return None
        ends = _alone([score(run, source.table.targets, DIRECTIONS) for run in row.runs], row)
        rows.append({"value": value.mean, "low": ends.low, "high": ends.high, "costs": dict(row.costs)})
    if len(rows) < 2:
        return None
    titles = {
        "trainable": "trainable parameters",
        "seconds": "training time (s)",
        "memory_mb": "peak memory (MB)",
        "latency_ms": "latency of a query (ms)",
    }
    known = {key: title for key, title in titles.items() if any(row["costs"].get(key) is not None for row in rows)}
    note = f"{headline} with its 95 % interval. Time and memory depend on the machine and on what else ran on it."
    data = {"headline": headline, "kinds": known, "rows": rows}
    return Section(title="Score against cost", kind="costs", html=_note(note), data=data)


def tested(table: Table) -> list[str]:
    """Languages with values, the source language first."""
    found = {lang for row in table.rows for _, lang, _ in row.values}
    return [lang for lang in (table.source, *table.targets) if lang in found]


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'
