"""Every setting of translate-train."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen
class Settings(ccr.TrainSettings):
    blocks: int | None = ccr.setting(
        None, "How many of the last blocks train, with all behind them; null: the whole tower.", check=ccr.not_negative
    )
    tower_lr: float = ccr.setting(
        0.3, "Learning rate of the tower's weights, as a share of the token input's.", check=ccr.positive
    )
    infonce_scale: float | None = ccr.setting(
        None, "What InfoNCE multiplies cosines by; null: the encoder's own.", check=ccr.positive
    )
