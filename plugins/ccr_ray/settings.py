"""What a cell asks Ray for."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen(kw_only=True)
class Settings:
    address: str = ccr.setting(
        "",
        "Cluster: HOST:PORT, ray://HOST:PORT, auto, or local, a new one on this machine; "
        "empty: $RAY_ADDRESS, else one that runs on this machine, else a new one.",
    )
    gpus: float | None = ccr.setting(
        None,
        "GPUs of a cell, may be a part of one; None: 1, or what --gpus says, and 0 where there is none.",
        check=ccr.not_negative,
    )
    cpus: float | None = ccr.setting(None, "CPU cores of a cell; None: what --threads says, or 1.", check=ccr.positive)
    mem: float | None = ccr.setting(None, "Memory that a cell reserves.", unit="GB", check=ccr.positive)
