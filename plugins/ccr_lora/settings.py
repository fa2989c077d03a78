"""Every setting of LoRA. What it shares with DASD has DASD's published values; 2e-4 is LoRA's own rate, too."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen
class Settings(ccr.StudentSettings):
    rank: int = ccr.setting(32, "Rank of the updates.", unit="features", check=ccr.positive)
    scale: float = ccr.setting(1.0, "What the updates are multiplied by: the paper's alpha / r.", check=ccr.positive)
    weights: tuple[str, ...] = ccr.setting(
        (), "Weights of a block that get an update, by parts of their names, e.g. [attn]; empty: all matrices."
    )
