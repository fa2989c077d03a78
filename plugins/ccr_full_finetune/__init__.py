"""Full fine-tuning of the text tower with DASD's two losses."""

from __future__ import annotations

import ccr

CCR_API = 1

FULL_FINETUNE = ccr.MethodSpec(
    name="full-finetune",
    factory="ccr_full_finetune.method:FullFinetune",
    settings="ccr_full_finetune.settings:Settings",
    summary="the whole text tower trains, with MSE to the English features and InfoNCE with images",
    paper="the upper row of parameter-efficiency tables",
    ablations={"one learning rate": {"tower_lr": 1.0}},
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [FULL_FINETUNE]
