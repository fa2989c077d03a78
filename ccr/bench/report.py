"""What was measured, as a table for people and as JSON."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import asdict, field, frozen


@frozen
class Target:
    """What a row should not exceed."""

    at_most: float
    of: Literal["ratio", "seconds"] = "ratio"


@frozen(kw_only=True)
class Row:
    """One comparison: `case` took `seconds`, `ratio` times as long as `against`."""

    section: str
    case: str
    against: str
    seconds: float  # median over rounds
    base_seconds: float
    ratio: float  # median over rounds of the ratio within a round
    low: float  # its quartiles over rounds
    high: float
    target: Target | None = None
    facts: Mapping[str, Any] = field(factory=dict)  # what else there is to tell, by its name and unit

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return (self.ratio if self.target.of == "ratio" else self.seconds) <= self.target.at_most


def as_json(rows: Sequence[Row], machine: Mapping[str, Any]) -> dict[str, Any]:
    """The machine, the rows and whether the targets are met."""
    return {"machine": dict(machine), "rows": [{**asdict(row), "met": row.met} for row in rows]}


def as_table(rows: Sequence[Row], machine: Mapping[str, Any]) -> str:
    """A block per section, a line per row: time, ratio with its quartiles, target, verdict; facts stand below."""
    facts = ", ".join(f"{name} {value}" for name, value in machine.items() if value not in ("", None))
    lines = [facts]
    for section, group in itertools.groupby(rows, lambda row: row.section):
        members = list(group)
        cells = [("", "time", "ratio", "quartiles", "target", "", "against"), *map(_cells, members)]
        widths = [max(len(cell[i]) for cell in cells) for i in range(7)]
        lines += ["", section]
        lines.append("  " + _aligned(cells[0], widths))
        for row, cell in zip(members, cells[1:], strict=True):
            lines.append("  " + _aligned(cell, widths))
            if row.facts:
                lines.append("      " + ", ".join(f"{name} {_value(value)}" for name, value in row.facts.items()))
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    target = ""
    if row.target:
        target = f"{row.target.at_most:g} s" if row.target.of == "seconds" else f"{row.target.at_most:.2f} x"
    verdict = {True: "met", False: "MISSED", None: ""}[row.met]
    spread = f"{row.low:.2f} - {row.high:.2f}"
    return row.case, duration(row.seconds), f"{row.ratio:.2f} x", spread, target, verdict, row.against


def _aligned(cell: Sequence[str], widths: Sequence[int]) -> str:
    words = [
        text.ljust(w) if i in (0, 5, 6) else text.rjust(w) for i, (text, w) in enumerate(zip(cell, widths, strict=True))
    ]
    return "  ".join(words).rstrip()


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 else f"{seconds:,.0f} s"
    return f"{seconds / 1e-6:.3g} µs"


def _value(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
