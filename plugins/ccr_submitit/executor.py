"""Cells as Slurm jobs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Any

import ccr
from ccr_submitit.settings import Settings

WAITING = ("PENDING", "REQUEUED", "SUSPENDED", "CONFIGURING", "READY", "UNKNOWN")
LOST = ("TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "REVOKED")  # not through a fault of the cell's


class Submitit(ccr.Executor):
    """Jobs that outlive this process: a grid whose command is gone goes on, and the command given again joins in.

    What is submitted at once becomes job arrays, one for cells that ask for the same. Slurm's queue holds all cells,
    unless --jobs limits them; `local` has no queue and runs one at a time, or --jobs.
    """

    def __init__(self, settings: Settings, jobs: int | None) -> None:
        super().__init__(settings, jobs)
        try:
            import submitit
        except ImportError as error:
            raise ccr.CcrError("the executor submitit needs submitit: pip install 'ccr[submitit]'") from error
        self.submitit = submitit
        there = submitit.SlurmExecutor.affinity() > 0
        if settings.cluster == "slurm" and not there:
            raise ccr.CcrError("executor.cluster=slurm: no srun is on this machine's path; log in where Slurm is")
        self.slurm = settings.cluster == "slurm" or (settings.cluster == "auto" and there)
        self.poll_every = 5.0 if self.slurm else 0.2
        self.given: dict[str, Any] = {}  # id -> submitit's job

    @property
    def slots(self) -> int | None:
        return self.jobs or (None if self.slurm else 1)

    def submit(self, jobs: Sequence[ccr.Job]) -> list[str]:
        ids: dict[Path, str] = {}
        ordered = sorted(jobs, key=self._asks)
        for asks, alike in groupby(ordered, key=self._asks):
            cells = list(alike)
            for start in range(0, len(cells), self.settings.chunk):
                array = cells[start : start + self.settings.chunk]
                for cell, job in zip(array, self._array(array, *asks), strict=True):
                    ids[cell.folder] = job.job_id
                    self.given[job.job_id] = job
        return [ids[job.folder] for job in jobs]

    def poll(self, ids: Sequence[str]) -> list[ccr.JobState]:
        return [self._state(self.given[each]) for each in ids]

    def cancel(self, ids: Sequence[str], force: bool = False) -> None:
        for each in ids:  # a job that is cancelled twice is not asked again, but stopped
            if self._state(self.given[each]) not in ("waiting", "running"):
                continue
            if self.slurm:
                self.given[each].cancel(check=False)
            else:
                with suppress(ProcessLookupError):
                    os.kill(int(each), signal.SIGTERM)

    def _asks(self, job: ccr.Job) -> tuple[int, int]:
        """GPUs, and CPU cores (0 = the cluster's own)."""
        given = self.settings
        return job.gpus if given.gpus is None else given.gpus, given.cpus or job.threads or 0

    def _array(self, cells: Sequence[ccr.Job], gpus: int, cpus: int) -> list[Any]:
        from ccr_submitit.command import Command

        environment = {"OMP_NUM_THREADS": str(cpus)} if cpus else {}
        executor = self._executor(cells[0], gpus, cpus)
        with _untouched_by_ctrl_c(), executor.batch():
            return [executor.submit(Command(cell.command, str(cell.folder), environment)) for cell in cells]

    def _executor(self, cell: ccr.Job, gpus: int, cpus: int) -> Any:
        given: Settings = self.settings
        folder = cell.folder.parents[1] / "submitit"  # beside the grid's cells
        if not self.slurm:
            local = self.submitit.LocalExecutor(folder, max_num_timeout=given.timeouts)
            local.update_parameters(
                timeout_min=given.time, signal_delay_s=given.grace, gpus_per_node=gpus, stderr_to_stdout=True
            )
            return local
        asked = {
            "job_name": f"ccr-{cell.folder.parents[1].name}",
            "time": max(1, round(given.time)),
            "signal_delay_s": given.grace,
            "partition": given.partition,
            "account": given.account,
            "qos": given.qos,
            "constraint": given.constraint,
            "mem": given.mem and f"{given.mem:g}GB",
            "cpus_per_task": cpus or None,
            "gpus_per_node": gpus or None,
            "setup": list(given.setup) or None,
        }
        slurm = self.submitit.SlurmExecutor(folder, max_num_timeout=given.timeouts)
        slurm.update_parameters(
            nodes=1,
            ntasks_per_node=1,
            stderr_to_stdout=True,
            array_parallelism=given.parallel,
            **{key: value for key, value in asked.items() if value is not None},
        )
        return slurm

    def _state(self, job: Any) -> ccr.JobState:
        if job.done():
            return "lost" if job.state.upper() in LOST and not job.paths.result_pickle.exists() else "ended"
        state = job.state.upper()
        if state in LOST:
            return "lost"
        return "waiting" if state in WAITING else "running"


@contextmanager
def _untouched_by_ctrl_c() -> Iterator[None]:
    """Processes that are started within it leave Ctrl-C to the executor, which asks them to stop in its own way."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
