"""Every setting of the prefix. What it shares with DASD has DASD's published values."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen
class Settings(ccr.StudentSettings):
    length: int = ccr.setting(8, "Learned positions of a language.", unit="tokens", check=ccr.positive)
    deep: bool = ccr.setting(True, "New learned positions for every block; false: at the input alone.")
    std: float = ccr.setting(0.02, "Standard deviation of their initial values.", check=ccr.positive)
