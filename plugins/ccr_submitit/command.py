"""What submitit stores and starts for a cell: its command, as words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import submitit

import ccr

WARNING = getattr(signal, f"SIG{os.environ.get('SUBMITIT_PREEMPT_SIGNAL', 'USR2')}")
"""What submitit has Slurm send before a time limit and at a preemption."""


class Command:
    """A cell's command. submitit calls it in the job, and `checkpoint` when the job is about to lose its machine."""

    def __init__(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> None:
        self.words = (list(command), folder, dict(environment))
        self._child: ccr.Child | None = None
        self._asked = False

    def __call__(self) -> int:
        command, folder, environment = self.words
        handler = signal.signal(WARNING, signal.SIG_IGN)  # Slurm may send it to all processes, and it kills by default
        self._child = ccr.Child(command, Path(folder), environment)
        signal.signal(WARNING, handler)
        signal.signal(signal.SIGTERM, self._stop)
        code = self._child.wait()
        if code and self._asked and _back_into_the_queue():
            raise SystemExit(1)  # without a result, which would say that the job is over
        return code

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """Stop the cell, which saves its state; what runs when the job has a machine again: the same command."""
        if self._child:
            self._child.stop()
            self._child.wait()
        return submitit.helpers.DelayedSubmission(Command(*self.words))

    def _stop(self, *_: object) -> None:
        """Cancelled, or preempted: asked once it saves its state, asked again it is killed."""
        if self._child:
            self._child.stop(force=self._asked)
            self._asked = True


def _back_into_the_queue() -> bool:
    """Ask Slurm for another start of this job if it is being preempted: one that ends by itself within its time of
    grace counts as over. Where it was cancelled there is nothing to ask."""
    job = submitit.JobEnvironment()
    if job.cluster != "slurm":
        return False
    shown = subprocess.run(["scontrol", "show", "job", job.job_id], capture_output=True, text=True, check=False)
    if not re.search(r"PreemptTime=\d", shown.stdout):
        return False
    return subprocess.run(["scontrol", "requeue", job.job_id], check=False).returncode == 0
