"""What a cell asks Slurm for."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

import ccr


@frozen(kw_only=True)
class Settings:
    cluster: Literal["auto", "slurm", "local"] = ccr.setting(
        "auto", "slurm; local, processes of this machine under submitit; auto: slurm where there is an srun."
    )
    partition: str | None = ccr.setting(None, "Slurm partition; None: the cluster's own.")
    account: str | None = ccr.setting(None, "Slurm account.")
    qos: str | None = ccr.setting(None, "Slurm quality of service.")
    constraint: str | None = ccr.setting(None, "Features that a node must have, as in sbatch.")
    time: float = ccr.setting(240.0, "Time limit of one start of a cell.", unit="minutes", check=ccr.positive)
    grace: int = ccr.setting(
        120, "A cell is told so long before its limit that it ends, and saves its state.", unit="s", check=ccr.positive
    )
    timeouts: int = ccr.setting(
        20, "How often a cell that ran out of time goes back into the queue.", check=ccr.not_negative
    )
    gpus: int | None = ccr.setting(
        None, "GPUs of a cell; None: 1, or what --gpus says, and 0 with --device cpu.", check=ccr.not_negative
    )
    cpus: int | None = ccr.setting(
        None, "CPU cores of a cell; None: what --threads says, or the cluster's own.", check=ccr.positive
    )
    mem: float | None = ccr.setting(None, "Memory of a cell; None: the cluster's own.", unit="GB", check=ccr.positive)
    parallel: int = ccr.setting(64, "Cells of one array that run at the same time.", check=ccr.positive)
    chunk: int = ccr.setting(
        500, "Cells of one array; clusters have a limit, often 1001.", unit="cells", check=ccr.positive
    )
    setup: tuple[str, ...] = ccr.setting((), "Shell lines of a Slurm job before its cell, e.g. [module load cuda].")
