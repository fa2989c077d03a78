"""Every setting of teacher learning."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from attrs import frozen

import ccr

SMALL = "small"


def _installed(_: Any, field: Any, value: str) -> None:
    if value != SMALL and find_spec("transformers") is None:
        raise ValueError(f"{field.name} {value!r} needs transformers: pip install 'ccr[hf]', or leave it {SMALL!r}")


@frozen
class Settings(ccr.StudentSettings):
    encoder: str = ccr.setting(
        SMALL,
        "small: a transformer of the plugin's own on the run set's tokens, from random weights; otherwise a sentence "
        "encoder of transformers: a folder, or a name on the hub, e.g. FacebookAI/xlm-roberta-base.",
        check=_installed,
    )
    encoder_lr: float | None = ccr.setting(
        None,
        "Learning rate of the encoder's weights, as a share of the head's; null: 0.1 for an encoder of transformers, "
        "1 for the small one.",
        check=ccr.positive,
    )
    max_tokens: int = ccr.setting(
        64, "What captions are cut to for an encoder of transformers.", unit="tokens", check=ccr.positive
    )
    width: int = ccr.setting(512, "Width of the small encoder.", unit="features", check=ccr.positive)
    layers: int = ccr.setting(4, "Layers of the small encoder.", check=ccr.positive)
    infonce_weight: float = ccr.setting(
        0.0, "Weight of InfoNCE(text, image), phase match; 0: no image loss, as in the paper.", check=ccr.not_negative
    )
