"""Every constant of the static adapter. What it shares with DASD has DASD's published values."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

import ccr


@frozen
class Settings(ccr.StudentSettings):
    hidden: int = ccr.setting(256, "Hidden size of the adapters.", unit="features", check=ccr.positive)
    match: Literal["none", "dasd"] = ccr.setting(
        "none", "dasd: not `hidden` but the size that gives as many trainable parameters as DASD has."
    )
