"""Aligned tables for the terminal, and the table of one run."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

from attrs import frozen

from ccr.data.script import isolated

DIRECTION_TITLES = {"t2i": "text to image", "i2t": "image to text", None: ""}
VISIBLE_TIE = 0.05  # percentage points; a wider interval is told


@frozen
class Column:
    """A column; neighbours of the same `group` share a header above their titles."""

    title: str
    align: Literal["left", "right"] = "right"
    group: str = ""


def display_width(text: str) -> int:
    """Terminal cells that a text fills: two for wide East Asian characters, none for combining and invisible ones."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def render(columns: Sequence[Column], rows: Sequence[Sequence[str] | None]) -> str:
    """Rows of cells under their headers; None is a rule. Lines carry no trailing spaces and no final line break."""
    titles = [_clean(column.title) for column in columns]
    lines = [None if row is None else [_clean(cell) for cell in row] for row in rows]
    for line in lines:
        if line is not None and len(line) != len(columns):
            raise ValueError(f"a row has {len(line)} cells, the table {len(columns)} columns")
    widths = [max(map(display_width, cells)) for cells in zip(titles, *filter(None, lines), strict=True)]
    spans = list(_spans(columns))
    for group, span in spans:  # a group's title may be wider than its columns: its first column makes room
        widths[span.start] += max(0, display_width(group) - _span_width(widths, span))
    rule = "-" * (sum(_span_width(widths, span) + 2 for _, span in spans) - 2)

    def line_of(cells: Sequence[str]) -> str:
        fitted = [_fit(cell, width, column.align) for cell, width, column in zip(cells, widths, columns, strict=True)]
        return "  ".join(" ".join(fitted[i] for i in span) for _, span in spans).rstrip(" ")

    out = []
    if any(group for group, _ in spans):
        heads = (_fit(group, _span_width(widths, span), "center") for group, span in spans)
        out.append("  ".join(heads).rstrip(" "))
    out += [line_of(titles), rule]
    out += [rule if line is None else line_of(line) for line in lines]
    return "\n".join(out)


def result_table(result: Mapping[str, Any]) -> str:
    """What a paper prints of one run: a row per language, the source language apart, and the mean over the targets.

    The columns are the metrics in the result, whoever registered them: those of each direction, then those of a
    language. A metric over all targets that is called m<METRIC> stands as the last row in the column of METRIC, any
    other on a line of its own. Percentages and ranks have one decimal.
    """
    rows = result["metrics"]
    source, targets = result["langs"]["source"], list(result["langs"]["targets"])
    at = {(row["metric"], row["lang"], row["direction"]): row for row in rows}
    order = list(DIRECTION_TITLES)
    names = dict.fromkeys((row["metric"], row["direction"]) for row in rows if row["lang"] != "*")
    shown = sorted(names, key=lambda column: order.index(column[1]))
    columns = [Column("", "left"), *(Column(name, group=DIRECTION_TITLES[way]) for name, way in shown)]

    def line(label: str, lang: str) -> list[str]:
        return [label, *(_shown(at.get((name, lang, way))) for name, way in shown)]

    body: list[list[str] | None] = [line(f"{source}*", source), None, *(line(lang, lang) for lang in targets)]
    totals = [row for row in rows if row["lang"] == "*"]
    notes = ["; ".join(["* source language", *(f"{row['metric']} is over {', '.join(targets)}" for row in totals)])]
    placed = [total for total in totals if total["metric"][:1] == "m" and (total["metric"][1:], None) in names]
    if placed:
        body.append(None)
    for total in totals:
        if total in placed:
            here = (total["metric"][1:], None)
            body.append([total["metric"], *(_shown(total) if column == here else "" for column in shown)])
        else:
            notes.append(f"{total['metric']}: {_shown(total)}")
    return "\n".join(
        [
            f"{result['method']} on {result['dataset']}, seed {result['seed']}",
            f"protocol {result['protocol']}, test set {result['test_set']}: {result['protocol_id']}",
            "",
            render(columns, body),
            *notes,
            *_interval_note(result),
            *_tie_note(rows),
            *_fault_notes(result),
        ]
    )


def _shown(row: Mapping[str, Any] | None, key: str = "value") -> str:
    return "-" if row is None else f"{row[key] * (100 if row['percent'] else 1):.1f}"


def _interval_note(result: Mapping[str, Any]) -> list[str]:
    """What one run tells of the score on other images of the same kind; it tells nothing of other seeds."""
    found = result.get("interval")
    if not found:
        return []
    low, high = (100 * found[end] for end in ("low", "high"))
    return [f"{found['metric']} 95 % interval over {found['images']} images: {low:.1f} to {high:.1f} (one seed)"]


def _fault_notes(result: Mapping[str, Any]) -> list[str]:
    """What was left out of the data, or kept although it is odd."""
    told = result.get("faults", {}).items()
    kinds = [f"{entry['count']:,} {kind} ({entry['done']})" for kind, entry in told]
    return [f"faults of the data: {'; '.join(kinds)}"] if kinds else []


def _tie_note(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line where tied scores leave a percentage open by more than can be seen."""
    widest = max((row for row in rows if row["percent"]), key=lambda row: row["high"] - row["low"], default=None)
    if widest is None or 100 * (widest["high"] - widest["low"]) <= VISIBLE_TIE:
        return []
    where = ", ".join(
        filter(None, (widest["metric"], widest["lang"].strip("*"), DIRECTION_TITLES[widest["direction"]]))
    )
    return [
        f"ties: expected values; the widest interval is {_shown(widest, 'low')} to {_shown(widest, 'high')} ({where})"
    ]


def _spans(columns: Sequence[Column]) -> Iterator[tuple[str, range]]:
    """(group title, column numbers) of what stands together: the neighbours of one group, or a column without group."""
    for (group, _), members in groupby(range(len(columns)), key=lambda i: (columns[i].group, columns[i].group or i)):
        found = list(members)
        yield _clean(group), range(found[0], found[-1] + 1)


def _span_width(widths: Sequence[int], span: range) -> int:
    return sum(widths[i] for i in span) + len(span) - 1


def _clean(text: str) -> str:
    """Control characters become blanks; right-to-left text is isolated."""
    return isolated("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text))


def _fit(text: str, width: int, align: str) -> str:
    room = width - display_width(text)
    left = {"left": 0, "right": room, "center": room // 2}[align]
    return " " * left + text + " " * (room - left)
