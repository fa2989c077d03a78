"""What submitit stores and starts for a cell: its command, as words."""

from __future__ import annotations

import os
import signal
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
        return self._child.wait()

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
