"""All that `ccr bench` does once its options are read."""

from __future__ import annotations

import importlib
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from ccr.bench import SECTIONS
from ccr.bench.report import Row
from ccr.bench.subjects import Bench
from ccr.config import RunConfig
from ccr.host import Host
from ccr.pipeline.device import compute, describe
from ccr.progress import say

QUICK_ROUNDS, ROUNDS = 2, 5


def run(
    sections: Sequence[str],
    *,
    quick: bool = False,
    rounds: int | None = None,
    threads: int | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    compiled: bool = False,
    encoder: str = "",
    registry: Path | None = None,
) -> tuple[list[Row], dict[str, Any]]:
    """Measure; the rows and what is to be known of the machine. Threads are pinned to what they are, if not said."""
    machine = compute(
        RunConfig(method="", dataset="", device=device, precision=precision, threads=threads or torch.get_num_threads())
    )
    told = about(describe(machine.device), machine.precision, quick, compiled)
    if told["load before"] > 0.75 * (os.cpu_count() or 1) and not quick:
        say(f"  the machine is busy (load {told['load before']}): ratios hold up better than times, and neither well")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ccr-bench-") as folder:
        bench = Bench(
            Host.load(registry),
            machine,
            Path(folder),
            quick=quick,
            rounds=rounds or (QUICK_ROUNDS if quick else ROUNDS),
            compiled=compiled,
            encoder=encoder,
        )
        told |= {"encoder": "tiny, random weights" if quick and not encoder else bench.encoder_name}
        told |= {"rounds": bench.rounds}
        for name in sections:
            say(f"{name}: {SECTIONS[name]}")
            for row in importlib.import_module(f"ccr.bench.{name}").measure(bench):
                say(f"  {row.case}: {row.ratio:.2f} x {row.against}")
                rows.append(row)
    return rows, told


def about(device: str, precision: str, quick: bool, compiled: bool) -> dict[str, Any]:
    """What a reader of the numbers should know of the machine."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "device": device,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "load before": round(load, 2),
        "compiled": "yes" if compiled else "no",
        "quick": "yes, so that targets do not apply" if quick else "",
    }
