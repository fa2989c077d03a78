"""Encoders from open_clip: any CLIP that it can build, from a pretrained tag, a local checkpoint or a custom config."""

from __future__ import annotations

from collections.abc import Iterable

from ccr import EncoderSpec, hookimpl

CCR_API = 1


@hookimpl
def ccr_register_encoders() -> Iterable[EncoderSpec]:
    return [
        EncoderSpec(
            name="openclip",
            factory="ccr_openclip.encoder:OpenClipEncoder",
            summary="open_clip models: MODEL[/TAG][@WEIGHTS], e.g. ViT-B-32/openai or config.json@model.safetensors",
        ),
        EncoderSpec(
            name="features",
            factory="ccr_openclip.features:FeaturesEncoder",
            summary="precomputed image features with an open_clip text tower: FILE+openclip:MODEL[/TAG][@WEIGHTS]",
        ),
    ]
