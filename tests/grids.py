"""Grids for tests: cells that need no run, an executor that only says what it was asked, jobs of plain code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ccr
from ccr.files import write_json
from ccr.grid.cell import Cell
from ccr.grid.grid import Grid, make_executor
from ccr.grid.schedule import Schedule


def a_cell(tmp_path: Path, number: int, label: str = "row", shares: str = "one", **config: Any) -> Cell:
    config = {"method": "dasd", "dataset": "scenes", "seed": number, "runs": str(tmp_path / "runs"), **config}
    return Cell(id=f"{number:064d}"[::-1], label=label, title="", seed=number, config=config, shares=shares)


def a_grid(tmp_path: Path, *cells: Cell) -> Grid:
    grid = Grid(name="test", folder=tmp_path, cells=cells)
    grid.write()
    return grid


def finish(folder: Path, seconds: float = 10.0, state: str = "done", **more: Any) -> None:
    """As a cell's command leaves its folder."""
    run = folder / "run"
    if state == "done":
        run.mkdir(exist_ok=True)
        (run / "result.json").write_text("{}")
        more["run"] = str(run)
    write_json(folder / "status.json", {"state": state, "seconds": seconds, "since": time.time(), **more})


class Stub(ccr.Executor):
    """Jobs end one poll after they began, and `work` says how they leave their folders."""

    poll_every = 0.0

    def __init__(self, jobs: int | None, work: Callable[[Path], str | None] = lambda folder: finish(folder)) -> None:
        super().__init__(None, jobs)
        self.work = work
        self.given: list[str] = []
        self.at_once: list[list[str]] = []
        self.cancelled: list[str] = []
        self.open: dict[str, str] = {}

    def submit(self, jobs: Sequence[ccr.Job]) -> list[str]:
        self.at_once.append([job.name for job in jobs])
        ids = []
        for job in jobs:
            assert job.command[-2:] == ("cell", str(job.folder))
            self.given.append(job.name)
            ids.append(str(len(self.given)))
            self.open[ids[-1]] = self.work(job.folder) or "ended"
        return ids

    def poll(self, ids: Sequence[str]) -> list[Any]:
        return [self.open[each] for each in ids]

    def cancel(self, ids: Sequence[str], force: bool = False) -> None:
        self.cancelled += ids
        self.open.update(dict.fromkeys(ids, "ended"))


def run(grid: Grid, stub: Stub, watch: Callable[[Schedule], None] = lambda made: None) -> Schedule:
    made = Schedule(grid, stub)
    made.run(watch)
    return made


def job(tmp_path: Path, name: str, code: str, **more: Any) -> ccr.Job:
    (tmp_path / name).mkdir(parents=True)
    return ccr.Job(folder=tmp_path / name, command=(sys.executable, "-c", code), name=name, **more)


def make(tmp_path: Path, name: str, settings: dict[str, Any], jobs: int | None) -> Any:
    """The executor of that name, as `ccr sweep --executor NAME` makes it."""
    return make_executor(Grid(name="g", folder=tmp_path, cells=()), name, settings, jobs)


def ended(executor: Any, ids: Sequence[str]) -> None:
    deadline = time.monotonic() + 40
    while executor.poll(ids) != ["ended"] * len(ids):
        assert time.monotonic() < deadline
        time.sleep(0.01)
