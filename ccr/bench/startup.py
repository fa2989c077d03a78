"""The command line's start, against the bare interpreter's, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

from ccr.bench.report import Row, Target
from ccr.bench.subjects import Bench
from ccr.bench.timing import taking_turns
from ccr.errors import CcrError

COMMANDS = {"--help": Target(0.2, "seconds"), "plugins list": Target(0.4, "seconds")}
PYTHON = "python -c pass"


def measure(bench: Bench) -> Iterator[Row]:
    """`ccr --help` and `ccr plugins list`, and whether they import torch."""
    calls = {PYTHON: _process("-c", "pass"), **{name: _process("-m", "ccr", *name.split()) for name in COMMANDS}}
    timing = taking_turns(calls, max(bench.rounds, 3 if bench.quick else 9), bench.device)
    for name, target in COMMANDS.items():
        ratio = timing.ratio(name, PYTHON)
        torch = _imports_torch(name.split())
        if torch:
            raise CcrError(f"ccr {name} imports torch, which costs more than all of the rest: keep it out")
        yield Row(
            section="startup",
            case=f"ccr {name}",
            against=PYTHON,
            seconds=timing.median(name),
            base_seconds=timing.median(PYTHON),
            ratio=ratio.value,
            low=ratio.low,
            high=ratio.high,
            target=None if bench.quick else target,
            facts={"imports torch": "no"},
        )


def _process(*words: str) -> Callable[[], object]:
    def call() -> None:
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))

    return call


def _imports_torch(words: list[str]) -> bool:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ccr", *words], check=True, capture_output=True, text=True
    ).stderr
    return any(line.rpartition("|")[2].strip() == "torch" for line in told.splitlines())
