"""A comparison as grids of text with their captions; what every written format shares."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from attrs import frozen

from ccr.results.compare import Comparison, Table
from ccr.results.published import Published
from ccr.results.rows import ALL, Place, Row, Value
from ccr.results.statistics import Difference
from ccr.results.table import DIRECTION_TITLES, Column

ALPHA = 0.05
STAR, UNTESTED, OTHER_TRAINING, PUBLISHED = "*", "°", "†", "‡"


@frozen
class Grid:
    """One table as text: `rows` hold a cell per column, None is a rule; the notes are its caption."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...] | None, ...]
    notes: tuple[str, ...] = ()


def grids(comparison: Comparison, results: Sequence[Published] = (), wide: bool = False) -> list[Grid]:
    """The grids of all tables, in order. `wide` adds one per metric and direction, and the differences by language."""
    out = []
    for table in comparison.tables:
        out.append(_main(comparison, table))
        if wide:
            out += _wide(comparison, table)
        mine = [result for result in results if result.dataset == table.dataset]
        if mine:
            out.append(_published(table, mine))
    return out


def number(value: float | None, digits: int = 1, sign: bool = False) -> str:
    """A number with a true minus sign; "-" for what is missing."""
    if value is None:
        return "-"
    if not math.isfinite(value):
        return "NaN"
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def interval(found: Difference | None) -> str:
    """ "+1.2 [0.3, 2.1]", or the difference alone where nothing is known of its error."""
    if found is None:
        return "-"
    ends = f" [{number(found.low)}, {number(found.high)}]" if found.low is not None else ""
    return number(found.value, sign=True) + ends


# --- the main grid --------------------------------------------------------------------------------------------------


def _main(comparison: Comparison, table: Table) -> Grid:
    headline = comparison.headline
    metric = "AR" if headline == "mAR" else headline
    shown = [metric, *(m for m in comparison.metrics if m != metric)] if len(comparison.metrics) <= 2 else [metric]
    shown = [m for m in shown if m in comparison.metrics] or list(comparison.metrics[:1])
    columns = [Column("method", "left")]
    cells: list[Callable[[Row], str]] = [lambda row: row.label + ("" if row.same_training else OTHER_TRAINING)]

    def add(title: str, cell: Callable[[Row], str], group: str = "") -> None:
        columns.append(Column(title, group=group))
        cells.append(cell)

    langs = _langs(table)
    for name, way in _kinds(table, shown):
        group = ", ".join(filter(None, (name, DIRECTION_TITLES[way])))
        for lang in langs:
            add(_lang(lang, table), partial(_mean, place=(name, lang, way)), group)
    add(headline, lambda row: _mean_sd(row.values.get((headline, ALL, None))))
    if _has(table, "AR"):
        add("worst", lambda row: _worst(row, table))
        if any(("AR", table.source, None) in row.values for row in table.rows):
            add(f"vs {table.source}", lambda row: _drop(row, table, headline))
    if table.baseline:
        add(f"Δ {headline} [95 %]", lambda row: _tested(row, headline))
    add("seeds", lambda row: str(len(row.seeds)))
    for title, key, show in _COSTS:
        if any(row.costs[key] is not None for row in table.rows):
            add(title, partial(_cost, key=key, show=show))
    rows: list[tuple[str, ...] | None] = [tuple(cell(row) for cell in cells) for row in table.rows]
    if table.baseline and len(rows) > 1:
        rows.insert(1, None)
    return Grid(_title(comparison, table), tuple(columns), tuple(rows), tuple(_notes(comparison, table)))


def _title(comparison: Comparison, table: Table) -> str:
    """What the rows share; digests only where another table has the same names."""
    encoder, content = table.encoder, ""
    for other in comparison.tables:
        if other is table:
            continue
        if other.encoder == table.encoder and other.encoder_fingerprint != table.encoder_fingerprint:
            encoder = f"{table.encoder} {table.encoder_fingerprint[:6]}"
        if other.protocol_id == table.protocol_id and other.content != table.content:
            content = f" (content {table.content[:6]})"
    return f"{table.dataset}: {table.protocol_id}{content}, encoder {encoder}"


def _notes(comparison: Comparison, table: Table) -> list[str]:
    headline = comparison.headline
    over = ", ".join(table.targets)
    spread = " ± standard deviation" if any(len(row.seeds) > 1 for row in table.rows) else ""
    notes = [f"Means over seeds{spread}, in the metric's unit (recalls in percent). {headline} is over {over}."]
    if ("AR", table.source, None) in {place for row in table.rows for place in row.values}:
        notes.append(f"{table.source}* is the source language; vs {table.source} is {headline} less its AR.")
    if table.baseline:
        notes.append(_tests_note(headline, table))
    elif comparison.baseline:
        notes.append(f'No row is "{comparison.baseline}" here, so there are no differences.')
    if any(not row.same_training for row in table.rows):
        notes.append(f"{OTHER_TRAINING} trained with another budget, data or tokens than {table.baseline}.")
    return [*notes, *(f"{note}." for note in table.notes)]


def _tests_note(headline: str, table: Table) -> str:
    found = [d for row in table.rows if (d := row.differences.get((headline, ALL, None)))]
    tested = sum(d.p is not None for d in found)
    covers = sorted({d.over for d in found if d.over}) or ["images"]
    note = (
        f"Δ {headline} is the difference to {table.baseline}, with its 95 % interval over {' or '.join(covers)} "
        f"({table.images} images; all queries of an image are one cluster)."
    )
    if tested:
        how = f"after Holm's correction over {tested} tests" if tested > 1 else "(one test)"
        note += f" {STAR} differs at the 5 % level {how}; without a mark no difference is shown."
    if tested < len(found):
        reasons = sorted({d.untested for d in found if d.p is None})
        note += f" {UNTESTED} not tested ({'; '.join(reasons)})."
        if any(d.over == "images" and d.untested for d in found):
            note += " An interval over images says nothing of other seeds."
    if found and not table.higher_is_better:
        note += f" Less {headline} is better."
    return note


_KILO = ((1e9, " G"), (1e6, " M"), (1e3, " k"), (1, ""))


def _count(value: float | None) -> str:
    if value is None:
        return "-"
    unit, letter = next((pair for pair in _KILO if value >= pair[0]), (1.0, ""))
    return f"{value / unit:.{1 if unit > 1 else 0}f}{letter}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    size, unit = (1.0, "s") if seconds < 120 else (60.0, "min") if seconds < 7200 else (3600.0, "h")
    return f"{seconds / size:.{0 if size == 1 else 1}f} {unit}"


def _memory(megabytes: float | None) -> str:
    return "-" if megabytes is None else f"{megabytes / 1024:.1f} GB"


def _latency(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.2f} ms"


_COSTS: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("trainable", "trainable", _count),
    ("training", "seconds", _time),
    ("memory", "memory_mb", _memory),
    ("latency", "latency_ms", _latency),
)


# --- the wide grids -------------------------------------------------------------------------------------------------


def _wide(comparison: Comparison, table: Table) -> list[Grid]:
    langs, out = _langs(table), []
    kinds = _kinds(table, comparison.metrics)
    for name, way in kinds:
        title = ", ".join(filter(None, (name, DIRECTION_TITLES[way])))
        columns = [Column("method", "left"), *(Column(_lang(lang, table)) for lang in langs)]
        rows = [(row.label, *(_mean_sd(row.values.get((name, lang, way))) for lang in langs)) for row in table.rows]
        out.append(Grid(title, tuple(columns), tuple(rows)))
        if table.baseline and any((name, lang, way) in row.differences for row in table.rows for lang in langs):
            rows = [
                (row.label, *(interval(row.differences.get((name, lang, way))) for lang in langs))
                for row in table.rows
                if row.differences
            ]
            note = "Intervals of single cells at 95 %, uncorrected: no tests."
            out.append(Grid(f"{title}: difference to {table.baseline}", tuple(columns), tuple(rows), (note,)))
    return out


def _published(table: Table, results: Sequence[Published]) -> Grid:
    """Of each result its AR by language, and what else it gives where there is none."""
    langs = _langs(table)
    places = [("AR", lang) for lang in langs if any(lang in result.values.get("AR", {}) for result in results)]
    places = places or list(
        dict.fromkeys((m, lang) for r in results for m, cells in r.values.items() for lang in cells)
    )
    columns = [Column("published", "left"), *(Column("all" if lg == ALL else lg, group=m) for m, lg in places)]
    marks = {(r.setting, r.test, r.selection, r.source): i for i, r in reversed(list(enumerate(results)))}
    marks = {key: place + 1 for place, key in enumerate(sorted(marks, key=marks.__getitem__))}
    full = places and all(("AR", lang) in places for lang in table.targets)
    if full:
        columns.append(Column("mAR"))
    rows = []
    for r in results:
        cells = [number(r.values.get(m, {}).get(lang)) for m, lang in places]
        if full:
            ar = [r.values.get("AR", {}).get(lang) for lang in table.targets]
            cells.append(number(sum(filter(None, ar)) / len(ar)) if None not in ar else "-")
        rows.append((f"{r.method} {PUBLISHED}{marks[r.setting, r.test, r.selection, r.source]}", *cells))
    notes = [f"{PUBLISHED} From the literature, never tested against ours: test folds, selection and training differ."]
    for (setting, test, selection, source), mark in marks.items():
        words = (setting, f"tested on: {test}", f"selection: {selection}" if selection else "", f"read in: {source}")
        notes.append(f"{PUBLISHED}{mark} {'; '.join(filter(None, words))}.")
    return Grid(f"Published results on {table.dataset}", tuple(columns), tuple(rows), tuple(notes))


# --- cells ----------------------------------------------------------------------------------------------------------


def _kinds(table: Table, metrics: Sequence[str]) -> list[tuple[str, str | None]]:
    """(metric, direction) of what rows have by language, in the order of `metrics`, then of directions."""
    found = dict.fromkeys((m, way) for row in table.rows for m, lang, way in row.values if lang != ALL)
    order = list(DIRECTION_TITLES)
    return sorted((k for k in found if k[0] in metrics), key=lambda k: (metrics.index(k[0]), order.index(k[1])))


def _has(table: Table, metric: str) -> bool:
    return any((metric, lang, None) in row.values for row in table.rows for lang in table.targets)


def _langs(table: Table) -> list[str]:
    tested = {lang for row in table.rows for _, lang, _ in row.values}
    return [lang for lang in (table.source, *table.targets) if lang in tested]


def _lang(lang: str, table: Table) -> str:
    return f"{lang}*" if lang == table.source else lang


def _mean(row: Row, place: Place) -> str:
    return number(value.mean) if (value := row.values.get(place)) else "-"


def _mean_sd(value: Value | None) -> str:
    if value is None:
        return "-"
    return number(value.mean) + (f" ± {number(value.sd, 2)}" if value.sd is not None else "")


def _cost(row: Row, key: str, show: Callable[[float | None], str]) -> str:
    return show(row.costs[key])


def _worst(row: Row, table: Table) -> str:
    """The target language with the least AR; a dash where one of them has no value."""
    found = [(v.mean, lang) for lang in table.targets if (v := row.values.get(("AR", lang, None)))]
    if len(found) < len(table.targets) or not all(math.isfinite(mean) for mean, _ in found):
        return "-"
    return f"{min(found)[1]} {number(min(found)[0])}"


def _drop(row: Row, table: Table, headline: str) -> str:
    source, target = row.values.get(("AR", table.source, None)), row.values.get(("mAR", ALL, None))
    return number(target.mean - source.mean, sign=True) if source and target else "-"


def _tested(row: Row, headline: str) -> str:
    found = row.differences.get((headline, ALL, None))
    if found is None:
        return ""
    mark = UNTESTED if row.p_holm is None else STAR if row.p_holm < ALPHA else ""
    return interval(found) + mark
