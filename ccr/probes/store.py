"""Probes of runs, kept in their folders: made once, by code that they still belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ccr.errors import CcrError
from ccr.files import write_json
from ccr.pipeline.load import load_run
from ccr.probes import CODE
from ccr.probes.measure import probe_run
from ccr.progress import say
from ccr.results.compare import Comparison
from ccr.results.load import read_finished
from ccr.results.report.probes import FILE, read_probes


def probed(folder: Path, *, fresh: bool = False, **places: Any) -> dict[str, Any]:
    """The probes of a finished run; `places` are those of `load_run`."""
    record = read_finished(folder)
    kept = None if fresh else read_probes(record)
    if kept and kept.get("code") == CODE:
        return kept
    found = probe_run(load_run(folder, **places))
    write_json(folder / FILE, found)
    return found


def probe_rows(comparison: Comparison, **places: Any) -> None:
    """Probe the first run of every row; what cannot be probed is told and left out."""
    for table in comparison.tables:
        for row in table.rows:
            try:
                probed(row.runs[0].folder, **places)
            except CcrError as error:
                say(f"not probed: {error}")
