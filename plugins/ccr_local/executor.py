"""Cells as processes of this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import ccr


class Local(ccr.Executor):
    """`jobs` processes side by side, one unless asked for more; each gets its share of the cores and one of the GPUs.

    Processes are tethered: they stop, with a checkpoint, when this one is gone, however it went.
    """

    poll_every = 0.2

    def __init__(self, settings: Any, jobs: int | None) -> None:
        super().__init__(settings, jobs or 1)
        self.running: dict[str, ccr.Child] = {}
        self.on: dict[str, list[str]] = {}  # id -> GPUs
        self.gpus: list[str] | None = None  # not looked for yet
        self.started = 0

    def submit(self, jobs: Sequence[ccr.Job]) -> list[str]:
        return [self._start(job) for job in jobs]

    def poll(self, ids: Sequence[str]) -> list[ccr.JobState]:
        return ["running" if self.running[each].code is None else "ended" for each in ids]

    def cancel(self, ids: Sequence[str], force: bool = False) -> None:
        for each in ids:
            self.running[each].stop(force)

    def _start(self, job: ccr.Job) -> str:
        self.started += 1
        name = str(self.started)
        environment = {"OMP_NUM_THREADS": str(job.threads or self._threads())}
        if job.gpus and (gpus := self._least_used_gpus(job.gpus)):
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
            self.on[name] = gpus
        self.running[name] = ccr.Child(job.command, job.folder, environment)
        return name

    def _threads(self) -> int:
        there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        limit = int(os.environ.get("OMP_NUM_THREADS") or there)
        return max(1, min(limit, there // (self.jobs or 1)))

    def _least_used_gpus(self, count: int) -> list[str]:
        """In turn, where there are several; [] = there is none."""
        if self.gpus is None:
            visible = os.environ.get("CUDA_VISIBLE_DEVICES")
            self.gpus = _all_gpus() if visible is None else [name for name in visible.split(",") if name]
        busy = [gpu for name, gpus in self.on.items() if self.running[name].code is None for gpu in gpus]
        return sorted(self.gpus, key=busy.count)[:count]


def _all_gpus() -> list[str]:
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]
