"""Running a grid: which cell starts when, what became of it, and what goes on after an interruption.

The folders of the cells are the only books that are kept. So a grid that was killed goes on with the same command,
and two commands at one grid share its cells: what one works on is locked, and the other waits for it.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field

from ccr.base import Executor
from ccr.config import EXECUTION, RunConfig
from ccr.grid.cell import Cell, Status, mark_to_do, read_status
from ccr.grid.grid import Grid, as_config_fields
from ccr.progress import say

RETRIES = 3
"""How often a job is submitted again that was lost, or never began its cell."""
STOPPING = 600.0  # seconds that cells have to save their state once they were asked to stop


@define(eq=False)
class Started:
    """A job of ours that is under way."""

    id: str
    at: float  # seconds since 1970
    waiting: bool = False  # in a queue


@define(eq=False)
class Schedule:
    """The cells of a grid and where they are."""

    grid: Grid
    executor: Executor
    status: dict[str, Status] = field(factory=dict)  # by cell id
    started: dict[str, Started] = field(factory=dict)  # cells that are under way through us
    failures: dict[str, str] = field(factory=dict)  # cell id -> one sentence
    lost: dict[str, int] = field(factory=dict)  # cell id -> how often

    def __attrs_post_init__(self) -> None:
        for cell in self.grid.cells:
            found = read_status(self.grid.place(cell))
            # what failed earlier is tried again
            self.status[cell.id] = attrs.evolve(found, state="to do") if found.state == "failed" else found

    def run(self, watch: Callable[[Schedule], None]) -> None:
        """Run what is not done, until every cell is done or has failed. `watch` is called all the while.

        Ctrl-C and SIGTERM ask the cells to stop, and go on as KeyboardInterrupt once they have saved their state.
        """
        with _terminated_as_interrupted():
            try:
                while True:
                    self._look()
                    self._submit()
                    watch(self)
                    if self.ended:
                        return
                    time.sleep(self.executor.poll_every)
            except KeyboardInterrupt:
                self._stop()
                raise

    @property
    def ended(self) -> bool:
        return all(self.state(cell) in ("done", "failed") for cell in self.grid.cells)

    def state(self, cell: Cell) -> str:
        """Of "done", "failed", "running", "queued", "to do"."""
        if cell.id in self.failures:
            return "failed"
        if cell.id in self.started:
            return "queued" if self.started[cell.id].waiting else "running"
        found = self.status[cell.id].state
        return found if found in ("done", "running") else "to do"

    def seconds_left(self) -> float | None:
        """From the times of cells that are done: of the same row, else of the same method, else of all."""
        known = [(cell, self.status[cell.id].seconds) for cell in self.grid.cells if self.state(cell) == "done"]
        rest = [cell for cell in self.grid.cells if self.state(cell) not in ("done", "failed")]
        if not known or not rest:
            return None
        total = 0.0
        for cell in rest:
            alike = [s for other, s in known if other.label == cell.label]
            alike = alike or [s for other, s in known if other.config["method"] == cell.config["method"]]
            alike = alike or [s for _, s in known]
            total += max(0.0, sum(alike) / len(alike) - self.elapsed(cell))
        at_once = self.executor.slots or sum(self.state(cell) == "running" for cell in rest)
        return total / max(1, min(at_once, len(rest)))

    def elapsed(self, cell: Cell) -> float:
        """Seconds that a cell that is not done took so far."""
        status = self.status[cell.id]
        return status.seconds + (time.time() - status.since if status.state == "running" and status.since else 0.0)

    def _look(self) -> None:
        """See what became of cells that are under way, through us or through others."""
        ours = list(self.started.items())
        states = self.executor.poll([job.id for _, job in ours]) if ours else []
        for (id, job), state in zip(ours, states, strict=True):
            job.waiting = state == "waiting"
            if state in ("ended", "lost"):
                del self.started[id]
                self._settle(self._cell(id), job, lost=state == "lost")
            else:
                self.status[id] = read_status(self.grid.place(self._cell(id)))
        for cell in self.grid.cells:
            if cell.id not in self.started and self.status[cell.id].state == "running":
                found = self.status[cell.id] = read_status(self.grid.place(cell))
                if found.state == "failed":
                    self.failures[cell.id] = found.reason

    def _settle(self, cell: Cell, job: Started, lost: bool) -> None:
        """A job of ours has ended: what became of its cell."""
        folder = self.grid.place(cell)
        found = self.status[cell.id] = read_status(folder)
        began = found.since >= job.at - 1.0  # clocks of one file system may differ a little
        if found.state == "failed" and began:
            self.failures[cell.id] = found.reason
        elif found.state in ("done", "running"):  # running: by another process, which was first
            pass
        elif (lost or not began) and self.lost.get(cell.id, 0) < RETRIES:
            self.lost[cell.id] = self.lost.get(cell.id, 0) + 1
        else:
            what = "was lost with its machine" if lost else "was killed" if began else "could not be started"
            self.failures[cell.id] = f"it {what}; {last_line(folder) or 'it printed nothing'}"

    def _submit(self) -> None:
        free = len(self.grid.cells) if self.executor.slots is None else self.executor.slots - len(self.started)
        if free <= 0:
            return
        chosen: list[Cell] = []
        for cell in self._next():
            if len(chosen) == free:
                break
            found = self.status[cell.id] = read_status(self.grid.place(cell))  # others may have been here
            if found.state == "running" or found.finished:
                continue
            chosen.append(cell)
        if chosen:
            now = time.time()
            ids = self.executor.submit([cell.job(self.grid.place(cell)) for cell in chosen])
            self.started |= {cell.id: Started(id, now) for cell, id in zip(chosen, ids, strict=True)}

    def _next(self) -> list[Cell]:
        """Cells to start, in order. One cell makes the English encoder and the features that others share: they wait
        for it without a process of their own."""
        waiting = [cell for cell in self.grid.cells if self.state(cell) == "to do"]
        if self.executor.slots == 1:
            return waiting
        first: dict[str, Cell] = {}
        ready = {cell.shares for cell in self.grid.cells if self.state(cell) == "done"}
        for cell in self.grid.cells:
            if cell.shares not in ready and self.state(cell) in ("running", "queued"):
                first[cell.shares] = cell
                if self._trains(cell):
                    ready.add(cell.shares)
        leaders = []
        for cell in waiting:
            if cell.shares not in ready and cell.shares not in first:
                first[cell.shares] = cell
                leaders.append(cell)
        return leaders + [cell for cell in waiting if cell.shares in ready]

    def _trains(self, cell: Cell) -> bool:
        """Whether a running cell has logged a step since it was started: all that it shares with others is made."""
        since = self.status[cell.id].since
        if not since:
            return False
        for log in Path(cell.config["runs"]).glob(f"*/{cell.config['method']}-s{cell.seed}-*/log.jsonl"):
            if log.stat().st_mtime >= since - 1.0 and log.stat().st_size and _is_of(log.parent, cell.config):
                return True
        return False

    def _stop(self) -> None:
        """Ask all jobs of ours to stop, and wait; interrupted again, stop them at once."""
        if not self.started:
            return
        say("stopping: cells save their state first (Ctrl-C again stops them at once)")
        self._cancel(force=False)
        end = time.monotonic() + STOPPING
        try:
            while self._under_way() and time.monotonic() < end:
                time.sleep(self.executor.poll_every)
        except KeyboardInterrupt:
            pass
        if self._under_way():
            self._cancel(force=True)

    def _cancel(self, force: bool) -> None:
        self.executor.cancel([job.id for job in self.started.values()], force)

    def _under_way(self) -> bool:
        return any(state in ("waiting", "running") for state in self.executor.poll(self._ids()))

    def _ids(self) -> Sequence[str]:
        return [job.id for job in self.started.values()]

    def _cell(self, id: str) -> Cell:
        return next(cell for cell in self.grid.cells if cell.id == id)


def start_over(grid: Grid) -> None:
    """Forget what became of all cells, but for those that somebody works on."""
    for cell in grid.cells:
        if read_status(grid.place(cell)).state != "running":
            mark_to_do(grid.place(cell))


def last_line(folder: Path) -> str:
    """The last line that a cell printed; "" where there is none."""
    try:
        with (folder / "output.txt").open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 4096))
            lines = file.read().decode("utf-8", "replace").replace("\r", "\n").strip().splitlines()
    except FileNotFoundError:
        return ""
    return lines[-1].strip() if lines else ""


def _is_of(run: Path, config: Mapping[str, Any]) -> bool:
    """Whether a run's folder is that of a cell's run, as far as what was asked for can tell."""
    try:
        asked = json.loads((run / "config.json").read_text(encoding="utf-8"))["asked"]
    except (OSError, ValueError, KeyError):
        return False
    wanted = as_config_fields(RunConfig(**config))
    return all(asked.get(key) == value for key, value in wanted.items() if key not in EXECUTION)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Within it SIGTERM is a Ctrl-C."""
    try:
        before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
