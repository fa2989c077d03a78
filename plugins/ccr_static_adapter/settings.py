"""Every constant of the static adapter. What it shares with DASD has DASD's published values."""

from __future__ import annotations

from typing import Any, Literal

from attrs import frozen

import ccr


@frozen
class Settings:
    hidden: int = ccr.setting(256, "Hidden size of the adapters.", unit="features")
    match: Literal["none", "dasd"] = ccr.setting(
        "none", "dasd: not `hidden` but the size that gives as many trainable parameters as DASD has."
    )
    embedding: Literal["lazy", "dense"] = ccr.setting(
        "lazy", "lazy: only the table's rows in the batch move; dense: all do, by weight decay and by momentum."
    )

    mse_weight: float = ccr.setting(1.0, "Weight of MSE(text, English), both phases.")
    infonce_weight: float = ccr.setting(1.0, "Weight of InfoNCE(text, image), phase match.")
    infonce_scale: float | None = ccr.setting(None, "What InfoNCE multiplies cosines by; null: the encoder's own.")
    rescale: Literal["auto", "always", "never"] = ccr.setting(
        "auto",
        "Divide features by the teacher's RMS where losses compare un-normalised ones; "
        "auto: for encoders whose feature size is not CLIP B's 512.",
    )

    align_lr: float = ccr.setting(2e-4, "Peak learning rate, phase align.")
    match_lr: float = ccr.setting(6e-6, "Peak learning rate, phase match.")
    betas: tuple[float, float] = ccr.setting((0.9, 0.98), "Decay of Adam's moments.")
    eps: float = ccr.setting(1e-6, "Adam's epsilon.")
    weight_decay: float = ccr.setting(0.2, "Decoupled weight decay, on matrices only.")
    clip: float | None = ccr.setting(1.0, "Largest gradient norm of each tensor; null: no clipping.")

    @hidden.validator
    @infonce_scale.validator
    @align_lr.validator
    @match_lr.validator
    @eps.validator
    @clip.validator
    def _positive(self, field: Any, value: Any) -> None:
        if value is not None and not value > 0:
            raise ValueError(f"{field.name} must be positive, not {value}")

    @mse_weight.validator
    @infonce_weight.validator
    @weight_decay.validator
    def _not_negative(self, field: Any, value: float) -> None:
        if not value >= 0:
            raise ValueError(f"{field.name} must be 0 or more, not {value}")

    @betas.validator
    def _decay(self, field: Any, value: tuple[float, float]) -> None:
        if not all(0 <= beta < 1 for beta in value):
            raise ValueError(f"{field.name} must lie from 0 to below 1, not {value[0]} and {value[1]}")
