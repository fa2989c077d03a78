"""Writing a comparison: terminal, Markdown, LaTeX, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import attrs

from ccr.results.compare import Comparison, Table
from ccr.results.layout import Grid, grids
from ccr.results.published import Published
from ccr.results.rows import ALL, Row
from ccr.results.table import render

WIDTH = 100  # of captions in the terminal


def terminal(comparison: Comparison, results: Sequence[Published] = (), wide: bool = False) -> str:
    return "\n\n".join(map(_terminal_grid, grids(comparison, results, wide)))


def markdown(comparison: Comparison, results: Sequence[Published] = (), wide: bool = False) -> str:
    return "\n\n".join(map(_markdown_grid, grids(comparison, results, wide)))


def latex(comparison: Comparison, results: Sequence[Published] = (), wide: bool = False) -> str:
    """A document that compiles as it is; a paper takes its table environments and the packages of its head."""
    found = grids(comparison, results, wide)
    # LaTeX keeps a few dozen floats at most until it finds pages for them
    ends = ("\n\\clearpage" if (i + 1) % 12 == 0 else "" for i in range(len(found)))
    body = "\n\n".join(_latex_grid(grid) + end for grid, end in zip(found, ends, strict=True))
    strange = sorted({c for c in body if ord(c) > 0x7F})
    declared = "".join(map(_declared, strange))
    return _HEAD.replace("%DECLARED%\n", declared) + "\n" + body + "\n\n\\end{document}"


def as_csv(comparison: Comparison, results: Sequence[Published] = (), wide: bool = False) -> str:
    """A line per value: easy to filter, nothing rounded. Metrics that are shares are in percent."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _FIELDS, restval="", lineterminator="\n")
    writer.writeheader()
    for place, table in enumerate(comparison.tables, 1):
        for row in table.rows:
            writer.writerows(_lines(place, table, row, comparison))
    asked = {table.dataset for table in comparison.tables}
    for r in (r for r in results if r.dataset in asked):
        for metric, cells in r.values.items():
            name, _, way = metric.partition(" ")
            for lang, value in cells.items():
                line: dict[str, Any] = {"kind": "published", "dataset": r.dataset, "method": r.method, "row": r.setting}
                line |= {"source": r.source, "metric": name, "lang": lang, "direction": way, "mean": value}
                writer.writerow({**line, "note": "; ".join(filter(None, (r.test, r.selection)))})
    return out.getvalue().rstrip("\n")


def as_json(comparison: Comparison, results: Sequence[Published] = (), wide: bool = False) -> str:
    asked = {table.dataset for table in comparison.tables}
    document = {
        "headline": comparison.headline,
        "tables": [_table_record(table) for table in comparison.tables],
        "published": [attrs.asdict(result) for result in results if result.dataset in asked],
        "unfinished": [str(path) for path in comparison.unfinished],
    }
    return json.dumps(_finite(document), ensure_ascii=False, indent=1)


FORMATS: Mapping[str, Callable[[Comparison, Sequence[Published], bool], str]] = {
    "terminal": terminal,
    "markdown": markdown,
    "latex": latex,
    "csv": as_csv,
    "json": as_json,
}


# --- text -----------------------------------------------------------------------------------------------------------


def _terminal_grid(grid: Grid) -> str:
    notes = (textwrap.fill(note, WIDTH, subsequent_indent="  ", break_long_words=False) for note in grid.notes)
    return "\n".join([grid.title, "", render(grid.columns, grid.rows), *notes])


def _markdown_grid(grid: Grid) -> str:
    titles = [" ".join(filter(None, (column.group, column.title))) for column in grid.columns]
    lines = [titles, [":--" if column.align == "left" else "--:" for column in grid.columns]]
    text = ["| " + " | ".join(map(_markdown_text, line)) + " |" for line in lines]
    text += ["| " + " | ".join(map(_markdown_text, row)) + " |" for row in grid.rows if row is not None]
    # one paragraph per note: a single line break is none in Markdown
    return "\n".join([f"**{_markdown_text(grid.title)}**", "", *text, *(f"\n{_markdown_text(n)}" for n in grid.notes)])


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|*_`<>\[\]#~])", r"\\\1", _plain(text)) if text not in (":--", "--:") else text


def _plain(text: str) -> str:
    """On one line, without control characters."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)


# --- LaTeX ----------------------------------------------------------------------------------------------------------

_HEAD = r"""\documentclass{article}
\usepackage[margin=1.5cm,landscape]{geometry}
\usepackage{booktabs,graphicx,iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \usepackage{textcomp}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
%DECLARED%
\else
  \usepackage{fontspec}
\fi
\begin{document}
"""
_TEX = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",  # after \\ a bracket would be its argument
    "]": "{]}",
    "±": r"$\pm$",
    "−": "$-$",
    "Δ": r"$\Delta$",
    "°": r"$^{\circ}$",
    "†": r"$^{\dagger}$",
    "‡": r"$^{\ddagger}$",
    "*": "$^{*}$",
}


def _tex(text: str) -> str:
    return "".join(_TEX.get(c, c) for c in _plain(text))


def _declared(c: str) -> str:
    """What pdfTeX writes for a character that it has no font for: its number. XeTeX and LuaTeX have their fonts."""
    shown = "" if unicodedata.category(c) == "Cf" else rf"\texttt{{[U+{ord(c):04X}]}}"
    known = rf"\ifcsname u8:\detokenize{{{c}}}\endcsname\else"
    return rf"  {known}\DeclareUnicodeCharacter{{{ord(c):04X}}}{{{shown}}}\fi" + "\n"


def _latex_grid(grid: Grid) -> str:
    align = "".join("l" if column.align == "left" else "r" for column in grid.columns)
    lines = [*_latex_groups(grid), " & ".join(_tex(column.title) for column in grid.columns) + r" \\", r"\midrule"]
    lines += [r"\midrule" if row is None else " & ".join(map(_tex, row)) + r" \\" for row in grid.rows]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_tex(grid.title)}. {' '.join(map(_tex, grid.notes))}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
        ]
    )


def _latex_groups(grid: Grid) -> Iterator[str]:
    """A line of shared headers with rules under them, if there are any."""
    if not any(column.group for column in grid.columns):
        return
    heads, rules, first = [], [], 1
    for group, members in groupby(grid.columns, key=lambda column: column.group):
        width = len(list(members))
        heads += [rf"\multicolumn{{{width}}}{{c}}{{{_tex(group)}}}"] if group else [""] * width
        rules += [rf"\cmidrule(lr){{{first}-{first + width - 1}}}"] if group else []
        first += width
    yield " & ".join(heads) + r" \\"
    yield " ".join(rules)


# --- data -----------------------------------------------------------------------------------------------------------

_FIELDS = (
    *("kind", "table", "dataset", "protocol_id", "encoder", "method", "row", "metric", "lang", "direction"),
    *("mean", "sd", "seeds", "ties_low", "ties_high", "difference", "ci_low", "ci_high", "ci_over", "df"),
    *("p", "p_holm", "source", "note"),
)


def _lines(place: int, table: Table, row: Row, comparison: Comparison) -> Iterator[dict[str, Any]]:
    head = {"kind": "run", "table": place, "dataset": table.dataset, "protocol_id": table.protocol_id}
    head |= {"encoder": table.encoder, "method": row.method, "row": row.label, "seeds": len(row.seeds)}
    for at, value in row.values.items():
        metric, lang, way = at
        line = {**head, "metric": metric, "lang": lang, "direction": way, "mean": value.mean, "sd": value.sd}
        line |= {"ties_low": value.low, "ties_high": value.high}
        if found := row.differences.get(at):
            line |= {"difference": found.value, "ci_low": found.low, "ci_high": found.high, "ci_over": found.over}
            if at == (comparison.headline, ALL, None):  # single cells are not tested
                line |= {"df": found.df, "p": found.p, "p_holm": row.p_holm, "note": found.untested}
        yield line
    for name, cost in row.costs.items():
        if cost is not None:
            yield {**head, "metric": name, "mean": cost}


def _table_record(table: Table) -> dict[str, Any]:
    """Everything but the runs themselves, whose ids and folders stand for them."""
    record = attrs.asdict(table, filter=lambda a, _: a.name != "rows", recurse=False)
    return {**record, "rows": [_row_record(row) for row in table.rows]}


def _row_record(row: Row) -> dict[str, Any]:
    record = attrs.asdict(row, filter=lambda a, _: a.name not in ("runs", "values", "differences"), recurse=False)
    cells = [
        {"metric": metric, "lang": lang, "direction": way, **attrs.asdict(value)}
        | ({"difference": attrs.asdict(found)} if (found := row.differences.get((metric, lang, way))) else {})
        for (metric, lang, way), value in row.values.items()
    ]
    return {**record, "runs": [{"id": r.run.id, "folder": str(r.folder)} for r in row.runs], "values": cells}


def _finite(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
