"""zero-shot-clip: the encoder as it is, the floor that every method must rise above."""

from __future__ import annotations

import ccr

CCR_API = 1

ZERO_SHOT_CLIP = ccr.MethodSpec(
    name="zero-shot-clip",
    factory="ccr_zero_shot_clip.method:ZeroShotClip",
    summary="the encoder reads the target languages as they are; nothing trains",
    paper="arXiv 2103.00020",
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [ZERO_SHOT_CLIP]
