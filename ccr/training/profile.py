"""`ccr run --profile`: what some steps of each phase spend their time on, as a trace and as a summary of one screen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from attrs import evolve
from torch.profiler import ProfilerActivity, profile

from ccr.specs import Batch
from ccr.training.loop import Stage

SKIPPED, PROFILED = 8, 10  # steps of a phase: what is slow once is over by then
ROWS = 15


def profiled(stages: Sequence[Stage], folder: Path, device: torch.device) -> list[Stage]:
    """The stages, with steps 8 to 17 of each phase under the profiler.

    A phase leaves `profile-<phase>.json` in the folder, a trace for chrome://tracing or Perfetto, and
    `profile-<phase>.txt`. A phase with fewer steps is profiled to its end, and leaves nothing if it has no step left.
    """
    return [evolve(stage, feed=_Profiled(stage, folder, device)) for stage in stages]


def summaries(folder: Path) -> list[str]:
    """What the phases of a profiled run left, in words."""
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("profile-*.txt"))]


class _Profiled:
    """A stage's feed, which sees every step begin."""

    def __init__(self, stage: Stage, folder: Path, device: torch.device) -> None:
        self._stage, self._folder, self._device = stage, folder, device
        self._first = min(SKIPPED, max(0, stage.phase.steps - 2))
        self._last = min(self._first + PROFILED, stage.phase.steps - 1)  # its beginning ends the profile
        self._profiler: Any = None
        self._begun = 0.0

    def __call__(self, step: int) -> Batch:
        if self._profiler is None and self._first <= step < self._last:
            self._first = step  # a resumed phase begins where it stands
            kinds = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (self._device.type == "cuda")
            self._profiler = profile(activities=kinds)
            self._profiler.start()
            self._begun = time.perf_counter()
        elif self._profiler is not None and step == self._last:
            self._end(step)
        return self._stage.feed(step)

    def _end(self, step: int) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        seconds, steps = time.perf_counter() - self._begun, step - self._first
        self._profiler.stop()
        name = self._stage.phase.name
        self._profiler.export_chrome_trace(str(self._folder / f"profile-{name}.json"))
        text = _summary(self._profiler.key_averages(), name, steps, seconds, self._device.type == "cuda")
        (self._folder / f"profile-{name}.txt").write_text(text, encoding="utf-8")
        self._profiler = None


def _summary(events: Any, phase: str, steps: int, seconds: float, cuda: bool) -> str:
    """The operations that cost most by their own time, in milliseconds per step."""

    def own(event: Any) -> float:
        return (event.self_device_time_total if cuda else event.self_cpu_time_total) / 1000 / steps

    ordered = sorted(events, key=own, reverse=True)
    total, step = sum(map(own, ordered)), 1000 * seconds / steps
    where = "GPU" if cuda else "CPU"
    lines = [f"{phase}: {steps} steps, {step:.1f} ms each; operations on the {where} account for {total:.1f} ms"]
    if cuda:
        lines.append(
            f"the GPU is idle for {max(0.0, 1 - total / step):.1%} of the time, as far as kernels do not overlap"
        )
    lines.append(f"{'ms a step':>10} {'share':>6} {'calls':>6}  operation")
    for event in ordered[:ROWS]:
        share = own(event) / total if total else 0.0
        lines.append(f"{own(event):10.2f} {share:6.1%} {event.count / steps:6.0f}  {event.key[:80]}")
    return "\n".join(lines) + "\n"
