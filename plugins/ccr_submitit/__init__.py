"""The cells of a grid as Slurm jobs, in arrays, through submitit; or through its local stand-in for Slurm."""

from __future__ import annotations

import ccr

CCR_API = 1


@ccr.hookimpl
def ccr_register_executors() -> list[ccr.ExecutorSpec]:
    return [
        ccr.ExecutorSpec(
            name="submitit",
            factory="ccr_submitit.executor:Submitit",
            settings="ccr_submitit.settings:Settings",
            summary="Slurm job arrays; cells that run out of time or are preempted go back into the queue and resume",
        )
    ]
