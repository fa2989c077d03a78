"""Table and plot of docs/performance.md from the curves that `ccr bench --only growth --out growth.json` measured.

python docs/growth.py growth.json docs/growth.svg      writes the plot, prints the table in Markdown
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 800, 420, 70, 280, 20, 50
COLOURS = ("#1b6ca8", "#c8553d", "#2f8f5b", "#8256a8", "#b08900", "#5a6b7b")
STYLE = (
    "text{font:13px sans-serif;fill:#333}.grid{stroke:#8884;stroke-width:1}.line{fill:none;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}}"
)


def curves(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows by what grew, smallest size first; the number at a case's end is its size."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(re.sub(r", [\d,]+$", "", row["case"]), []).append(row)
    return found


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Seconds, peak memory, and time per unit of work against the size before."""
    lines = ["| what | size | time, s | per unit of work | peak memory, MB |", "|---|--:|--:|--:|--:|"]
    for what, rows in found.items():
        for i, row in enumerate(rows):
            memory, size = row["facts"]["peak memory, MB"], f"{row['facts']['size']:,}"
            ratio = f"{row['ratio']:.2f}" if i else ""
            held = "" if memory is None else f"{memory:,.0f}"
            lines.append(f"| {'' if i else what} | {size} | {row['seconds']:.3g} | {ratio} | {held} |")
    return "\n".join(lines)


def plot(found: dict[str, list[dict[str, Any]]]) -> str:
    """Time against size, both logarithmic; a dashed line grows as fast as its work."""
    points = [(math.log10(r["facts"]["size"]), math.log10(r["seconds"])) for rows in found.values() for r in rows]
    low_x, high_x = min(x for x, _ in points), max(x for x, _ in points)
    low_y, high_y = math.floor(min(y for _, y in points)), math.ceil(max(y for _, y in points))

    def at(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (y - low_y) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Time against size, logarithmic"><style>{STYLE}</style>'
    ]
    for power in range(low_y, high_y + 1):
        x, y = at(low_x, power)
        parts.append(f'<path class="grid" d="M{x:.0f} {y:.0f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{x - 8:.0f}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g} s</text>')
    for power in range(math.ceil(low_x), math.floor(high_x) + 1):
        x, y = at(power, low_y)
        parts.append(f'<path class="grid" d="M{x:.0f} {TOP}V{y:.0f}"/>')
        parts.append(f'<text x="{x:.0f}" y="{y + 22:.0f}" text-anchor="middle">{10**power:,}</text>')
    reach = min(high_x - low_x, high_y - low_y)
    (x1, y1), (x2, y2) = at(low_x, low_y), at(low_x + reach, low_y + reach)
    parts.append(f'<path class="grid" stroke-dasharray="4 4" d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}"/>')
    taken: list[float] = []
    for colour, (what, rows) in zip(COLOURS, found.items(), strict=False):
        line = [at(math.log10(r["facts"]["size"]), math.log10(r["seconds"])) for r in rows]
        parts.append(f'<path class="line" stroke="{colour}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in line)}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in line]
        x, y = line[-1]
        while any(abs(y - other) < 16 for other in taken):
            y += 4
        taken.append(y)
        parts.append(f'<text x="{x + 8:.0f}" y="{y + 4:.0f}" style="fill:{colour}">{what}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main(measured: str, drawing: str) -> None:
    found = curves(json.loads(Path(measured).read_text(encoding="utf-8"))["rows"])
    print(table(found))
    by_size = {what: rows for what, rows in found.items() if "languages" not in what}
    Path(drawing).write_text(plot(by_size), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
