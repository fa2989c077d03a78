"""Measurements of speed: ratios of two ways to do one thing, taken in one process on one machine.

A section is a module with `measure(bench)`, which yields rows (report.Row). docs/speed.md says what each measures.
"""

from __future__ import annotations

SECTIONS = {
    "training": "a step against the arithmetic floor and against a plain implementation",
    "queries": "encoding queries with each method against the bare text tower",
    "ranking": "exact ranks against the bare matrix product and against torchmetrics",
    "extraction": "image features against the bare image tower, and the warm start",
    "startup": "the command line against the bare interpreter",
    "growth": "time and memory against the number of images, captions and languages",
}
"""name, which is also its module's, -> what it measures"""

BY_DEFAULT = tuple(name for name in SECTIONS if name != "growth")  # which takes long, and is asked for by its name
