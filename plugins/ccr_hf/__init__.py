"""Dual encoders of Hugging Face transformers: CLIP, SigLIP, AltCLIP, Chinese-CLIP, BLIP's contrastive towers, FLAVA."""

from __future__ import annotations

from collections.abc import Iterable

from ccr import EncoderSpec, hookimpl

CCR_API = 1


@hookimpl
def ccr_register_encoders() -> Iterable[EncoderSpec]:
    return [
        EncoderSpec(
            name="hf",
            factory="ccr_hf.encoder:HfEncoder",
            summary="transformers' dual encoders: NAME or FOLDER[@random[:SEED]], e.g. google/siglip-base-patch16-224",
        )
    ]
