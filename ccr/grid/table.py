"""The table of a grid's runs, its rows called as the grid calls them."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import evolve

from ccr.grid.cell import read_status
from ccr.grid.grid import Grid
from ccr.results.compare import HEADLINE, Comparison, Table, compare
from ccr.results.formats import terminal


def table(grid: Grid) -> str:
    """The comparison of all runs that are done; "" where there are none."""
    titles = run_titles(grid.folder)
    runs = [run for run in (read_status(grid.place(cell)).run for cell in grid.cells) if run]
    if not runs:
        return ""
    return terminal(compare_entitled(runs, titles, grid.baseline, registry=grid.registry))


def command(grid: Grid) -> str:
    """The command that prints the table again."""
    runs = [read_status(grid.place(cell)).run for cell in grid.cells]
    ours = {run.resolve() for run in runs if run}
    below = {path.parent.resolve() for path in (grid.folder / "runs").glob("*/*/result.json")}
    places = [grid.folder] if ours and ours == below else sorted(ours)
    words = ["ccr", "compare", *map(_short, places)]
    return shlex.join([*words, "--baseline", grid.baseline] if grid.baseline else words)


def titles_of(paths: Iterable[Path]) -> dict[Path, str]:
    """As `run_titles`, of all grids that the folders given to `ccr compare` are, hold or belong to."""
    titles: dict[Path, str] = {}
    for path in paths:
        near = [path.resolve(), *path.resolve().parents[:3]]
        for folder in dict.fromkeys([*near, *(made.parent for made in path.glob("*/grid.json"))]):
            titles |= run_titles(folder)
    return titles


def run_titles(folder: Path) -> Mapping[Path, str]:
    """Folder of a finished run -> its row's title ("" = none), of the grid in a folder."""
    try:
        cells = json.loads((folder / "grid.json").read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    found = [(read_status(folder / "cells" / cell["cell"]).run, cell["title"]) for cell in cells]
    return {run: title for run, title in found if run}


def compare_entitled(
    paths: Sequence[Path],
    titles: Mapping[Path, str],
    baseline: str = "",
    metrics: Sequence[str] = ("AR",),
    headline: str = HEADLINE,
    registry: Path | None = None,
) -> Comparison:
    """As `ccr.results.compare.compare`, rows called as their grids call them; `baseline` may be such a title.

    A title that two rows of a table would have is left out.
    """
    known = {run.resolve(): title for run, title in titles.items() if title}
    if baseline not in known.values():
        found = compare(paths, baseline, metrics, headline, registry)
    else:  # a row of that title in each table, which the comparison knows by one of its runs
        plain = compare(paths, "", metrics, headline, registry)
        tables = list(plain.tables)
        for i, table in enumerate(tables):
            rows = [row for row in table.rows if known.get(row.runs[0].folder.resolve()) == baseline]
            if rows:
                tables[i] = compare(paths, rows[0].runs[0].folder.name, metrics, headline, registry).tables[i]
        found = evolve(plain, tables=tuple(tables), baseline=baseline)
    return evolve(found, tables=tuple(_entitled(table, known) for table in found.tables))


def _entitled(table: Table, known: Mapping[Path, str]) -> Table:
    given = {row.label: known.get(row.runs[0].folder.resolve(), "") for row in table.rows}
    count = Counter([title or label for label, title in given.items()])
    new = {label: title if title and count[title] == 1 else label for label, title in given.items()}
    return evolve(
        table,
        rows=tuple(evolve(row, label=new[row.label]) for row in table.rows),
        baseline=new.get(table.baseline, table.baseline),
        notes=tuple(_renamed(note, new) for note in table.notes),
    )


def _renamed(note: str, new: Mapping[str, str]) -> str:
    """Notes about a row begin with its label."""
    old = next((label for label in sorted(new, key=len, reverse=True) if note.startswith(label + ":")), "")
    return new[old] + note[len(old) :] if old else note


def _short(path: Path) -> str:
    """As seen from here, where that is below."""
    here: Sequence[str] = Path.cwd().resolve().parts
    parts = path.resolve().parts
    return str(Path(*parts[len(here) :])) if parts[: len(here)] == tuple(here) else str(path)
