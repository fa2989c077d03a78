"""What a run logs, for TensorBoard: written to `tensorboard/` in the run's folder, where the package is installed."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ccr

CCR_API = 1
_open: dict[Path, Any] = {}  # folder of a run under way -> its writer, or None


@ccr.hookimpl
def ccr_run_started(run: Any) -> None:
    _open.pop(run.folder, None)  # this process was interrupted in it before


@ccr.hookimpl
def ccr_step_logged(run: Any, phase: str, step: int, values: Mapping[str, float]) -> None:
    _write(run.folder, phase, step, values) if run.folder in _open else _begin(run.folder)


@ccr.hookimpl
def ccr_run_finished(run: Any, result: Mapping[str, Any]) -> None:
    if run.folder not in _open:
        _begin(run.folder)
    named = {f"{m['metric']} {m['lang']} {m['direction'] or ''}".rstrip(): m for m in result["metrics"]}
    _write(run.folder, "test", 0, {name: m["value"] * (100 if m["percent"] else 1) for name, m in named.items()})
    if writer := _open.pop(run.folder):
        writer.close()


def _begin(folder: Path) -> None:
    """Write anew what the log holds: after a resume it has no step twice, and the first new one already."""
    _open[folder] = None
    if importlib.util.find_spec("tensorboard"):
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        shutil.rmtree(folder / "tensorboard", ignore_errors=True)
        _open[folder] = EventFileWriter(str(folder / "tensorboard"))
        lines = log.read_text(encoding="utf-8").splitlines() if (log := folder / "log.jsonl").exists() else []
        for row in map(json.loads, lines):
            _write(folder, row.pop("phase"), row.pop("step"), row)


def _write(folder: Path, group: str, step: int, scalars: Mapping[str, float]) -> None:
    if writer := _open[folder]:
        from tensorboard.compat.proto import event_pb2, summary_pb2

        values = [summary_pb2.Summary.Value(tag=f"{group}/{name}", simple_value=v) for name, v in scalars.items()]
        writer.add_event(event_pb2.Event(wall_time=time.time(), step=step, summary=summary_pb2.Summary(value=values)))
        writer.flush()
