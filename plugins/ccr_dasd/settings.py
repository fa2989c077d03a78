"""Every constant of DASD. The defaults are those of the released code (HuiGuanLab/DASD at 1bd165d)."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

import ccr


@frozen
class Settings(ccr.StudentSettings):
    variant: Literal["default", "released"] = ccr.setting(
        "default", "default: as the paper's figure; released: as the released code, departures included."
    )

    branch_adapters: bool = ccr.setting(True, "Bottlenecks between the first block and sr and sa.")
    dynamic: bool = ccr.setting(True, "Matrices generated per caption; false: one learned matrix per layer.")
    sr: bool = ccr.setting(True, "Semantic-related feature; false: a zero vector, and no consistency loss.")
    sa: bool = ccr.setting(True, "Semantic-agnostic feature; false: a zero vector, and no adversary.")
    adversarial: bool = ccr.setting(True, "The critic, and the loss that hides semantics from it.")
    consistency: bool = ccr.setting(True, "The loss that draws sr to the English or the image feature.")

    bottleneck: int = ccr.setting(256, "Hidden size of the branch adapters.", unit="features", check=ccr.positive)
    rank: int = ccr.setting(
        32, "Hidden size of the dynamic adapters; W is rank x rank.", unit="features", check=ccr.positive
    )
    z_width: int = ccr.setting(
        512, "Size of z, from which every layer generates its W.", unit="features", check=ccr.positive
    )
    critic_hidden: tuple[int, int] = ccr.setting(
        (256, 128), "Hidden sizes of the critic.", unit="features", check=ccr.positive
    )

    align_consistency_weight: float = ccr.setting(
        0.1, "Weight of L1(sr, English), phase align.", check=ccr.not_negative
    )
    match_consistency_weight: float = ccr.setting(
        0.1, "Weight of SmoothL1(sr, image), phase match.", check=ccr.not_negative
    )
    smooth_l1_beta: float = ccr.setting(
        1.0, "Where SmoothL1 turns from square to linear.", unit="rescaled feature", check=ccr.positive
    )
    adversarial_weight: float = ccr.setting(0.001, "Weight of sa's side of the adversary.", check=ccr.not_negative)

    critic_lr: float = ccr.setting(1e-4, "Learning rate of the critic, constant.", check=ccr.positive)
    critic_betas: tuple[float, float] = ccr.setting(
        (0.9, 0.999), "Decay of the moments of the critic's Adam.", check=ccr.decay
    )
    critic_eps: float = ccr.setting(1e-8, "Epsilon of the critic's Adam.", check=ccr.positive)
