"""Every constant of DASD. The defaults are those of the released code (HuiGuanLab/DASD at 1bd165d)."""

from __future__ import annotations

from typing import Any, Literal

from attrs import frozen

import ccr


@frozen
class Settings:
    variant: Literal["default", "released"] = ccr.setting(
        "default", "default: as the paper's figure; released: as the released code, departures included."
    )

    branch_adapters: bool = ccr.setting(True, "Bottlenecks between the first block and sr and sa.")
    dynamic: bool = ccr.setting(True, "Matrices generated per caption; false: one learned matrix per layer.")
    sr: bool = ccr.setting(True, "Semantic-related feature; false: a zero vector, and no consistency loss.")
    sa: bool = ccr.setting(True, "Semantic-agnostic feature; false: a zero vector, and no adversary.")
    adversarial: bool = ccr.setting(True, "The critic, and the loss that hides semantics from it.")
    consistency: bool = ccr.setting(True, "The loss that draws sr to the English or the image feature.")

    bottleneck: int = ccr.setting(256, "Hidden size of the branch adapters.", unit="features")
    rank: int = ccr.setting(32, "Hidden size of the dynamic adapters; W is rank x rank.", unit="features")
    z_width: int = ccr.setting(512, "Size of z, from which every layer generates its W.", unit="features")
    critic_hidden: tuple[int, int] = ccr.setting((256, 128), "Hidden sizes of the critic.", unit="features")
    embedding: Literal["lazy", "dense"] = ccr.setting(
        "lazy", "lazy: only the table's rows in the batch move; dense: all do, by weight decay and by momentum."
    )

    mse_weight: float = ccr.setting(1.0, "Weight of MSE(text, English), both phases.")
    infonce_weight: float = ccr.setting(1.0, "Weight of InfoNCE(text, image), phase match.")
    infonce_scale: float | None = ccr.setting(None, "What InfoNCE multiplies cosines by; null: the encoder's own.")
    align_consistency_weight: float = ccr.setting(0.1, "Weight of L1(sr, English), phase align.")
    match_consistency_weight: float = ccr.setting(0.1, "Weight of SmoothL1(sr, image), phase match.")
    smooth_l1_beta: float = ccr.setting(1.0, "Where SmoothL1 turns from square to linear.", unit="rescaled feature")
    adversarial_weight: float = ccr.setting(0.001, "Weight of sa's side of the adversary.")
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
    critic_lr: float = ccr.setting(1e-4, "Learning rate of the critic, constant.")
    critic_betas: tuple[float, float] = ccr.setting((0.9, 0.999), "Decay of the moments of the critic's Adam.")
    critic_eps: float = ccr.setting(1e-8, "Epsilon of the critic's Adam.")

    @bottleneck.validator
    @rank.validator
    @z_width.validator
    @critic_hidden.validator
    @infonce_scale.validator
    @smooth_l1_beta.validator
    @align_lr.validator
    @match_lr.validator
    @critic_lr.validator
    @eps.validator
    @critic_eps.validator
    @clip.validator
    def _positive(self, field: Any, value: Any) -> None:
        for number in value if isinstance(value, tuple) else (value,):
            if number is not None and not number > 0:
                raise ValueError(f"{field.name} must be positive, not {number}")

    @mse_weight.validator
    @infonce_weight.validator
    @align_consistency_weight.validator
    @match_consistency_weight.validator
    @adversarial_weight.validator
    @weight_decay.validator
    def _not_negative(self, field: Any, value: float) -> None:
        if not value >= 0:
            raise ValueError(f"{field.name} must be 0 or more, not {value}")

    @betas.validator
    @critic_betas.validator
    def _decay(self, field: Any, value: tuple[float, float]) -> None:
        if not all(0 <= beta < 1 for beta in value):
            raise ValueError(f"{field.name} must lie from 0 to below 1, not {value[0]} and {value[1]}")
