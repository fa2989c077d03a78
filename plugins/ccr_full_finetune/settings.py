"""Every setting of full fine-tuning. What it shares with DASD has DASD's published values."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen
class Settings(ccr.StudentSettings):
    tower_lr: float = ccr.setting(
        0.1, "Learning rate of the tower's weights, as a share of the token input's.", check=ccr.positive
    )
