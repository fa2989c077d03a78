"""The live overview of a grid: rewritten in place on a terminal, a line per event elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
import unicodedata
from collections.abc import Sequence

from ccr.grid.cell import Cell
from ccr.grid.schedule import Schedule, last_line
from ccr.progress import say

MARKS = {"done": "✓", "running": "▶", "queued": "…", "to do": "·", "failed": "✗"}
REDRAW = 0.5  # seconds


class Board:
    """`with Board() as board: schedule.run(board.watch)`."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self._said: dict[str, str] = {}  # cell id -> the state that was last told
        self._lines = 0  # that stand on the terminal
        self._drawn = 0.0

    def watch(self, schedule: Schedule) -> None:
        if self.live:
            now = time.monotonic()
            if now - self._drawn >= REDRAW or schedule.ended:
                self._drawn = now
                self._draw(overview(schedule, shutil.get_terminal_size((100, 24)).lines - 2))
        else:
            self._tell(schedule)

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines = 0

    def _draw(self, lines: Sequence[str]) -> None:
        width = shutil.get_terminal_size((100, 24)).columns - 1
        up = f"\x1b[{self._lines}F" if self._lines else ""
        sys.stderr.write(up + "".join(f"{_cut(line, width)}\x1b[K\n" for line in lines) + "\x1b[J")
        sys.stderr.flush()
        self._lines = len(lines)

    def _tell(self, schedule: Schedule) -> None:
        first = not self._said
        for cell in schedule.grid.cells:
            state = schedule.state(cell)
            before, self._said[cell.id] = self._said.get(cell.id, ""), state
            if state == before or state in ("to do", "queued") or (first and state == "done"):
                continue
            what = f"{cell.label}, seed {cell.seed}: {state}"
            if state == "done":
                what += f" in {_span(schedule.status[cell.id].seconds)}; {summary(schedule)}"
            elif state == "failed":
                what += f": {schedule.failures[cell.id].splitlines()[0]}"
            say(what)
        if first:
            say(f"{schedule.grid.name}: {summary(schedule)}")


def summary(schedule: Schedule) -> str:
    """'7 of 21 done, 2 running, 12 to do; about 41 min left'."""
    states = [schedule.state(cell) for cell in schedule.grid.cells]
    count = {state: states.count(state) for state in MARKS}
    parts = [f"{count['done']} of {len(states)} done"]
    parts += [f"{count[state]} {state}" for state in ("running", "queued", "to do", "failed") if count[state]]
    left = schedule.seconds_left()
    return ", ".join(parts) + (f"; about {_span(left)} left" if left is not None else "")


def overview(schedule: Schedule, height: int) -> list[str]:
    """A line for the grid and one for each row, with a mark for every seed; rows that wait give way where room ends."""
    rows: dict[str, list[Cell]] = {}
    for cell in schedule.grid.cells:
        rows.setdefault(cell.label, []).append(cell)
    wide = min(48, max(map(_width, rows)))
    lines = {}
    for label, cells in rows.items():
        marks = "  ".join(f"s{cell.seed} {MARKS[schedule.state(cell)]}" for cell in cells)
        running = [cell for cell in cells if schedule.state(cell) == "running"]
        note = ""
        if running:
            note = f"   {_span(schedule.elapsed(running[0]))}  {last_line(schedule.grid.place(running[0]))}"
        lines[label] = f"  {label}{' ' * (wide - _width(label))}  {marks}{note}"
    head = f"{schedule.grid.name}: {summary(schedule)}"
    if len(lines) + 1 <= height:
        return [head, *lines.values()]
    order = ("running", "failed", "queued", "to do", "done")
    weight = {label: min(order.index(schedule.state(cell)) for cell in cells) for label, cells in rows.items()}
    kept = set(sorted(lines, key=lambda label: weight[label])[: max(1, height - 2)])
    shown = [line for label, line in lines.items() if label in kept]
    return [head, *shown, f"  and {len(lines) - len(shown)} more rows"]


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _width(text: str) -> int:
    """Columns that a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _cut(line: str, width: int) -> str:
    while _width(line) > width:
        line = line[:-1]
    return line
