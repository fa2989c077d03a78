"""Translate-train: contrastive training on machine-translated captions."""

from __future__ import annotations

import ccr

CCR_API = 1

TRANSLATE_TRAIN = ccr.MethodSpec(
    name="translate-train",
    factory="ccr_translate_train.method:TranslateTrain",
    settings="ccr_translate_train.settings:Settings",
    summary="InfoNCE alone between machine-translated captions and images; no teacher, no text-text loss",
    paper="the translate-train row of the CCR literature",
    ablations={"last two blocks": {"blocks": 2}},
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [TRANSLATE_TRAIN]
