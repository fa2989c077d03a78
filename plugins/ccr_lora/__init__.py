"""LoRA: low-rank updates of the frozen text tower's weights, per language."""

from __future__ import annotations

import ccr

CCR_API = 1

LORA = ccr.MethodSpec(
    name="lora",
    factory="ccr_lora.method:Lora",
    settings="ccr_lora.settings:Settings",
    summary="low-rank updates of the attention and MLP weights of every block, per language",
    paper="arXiv 2106.09685",
    ablations={"attention": {"weights": ("attn",)}, "MLP": {"weights": ("mlp",)}},
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [LORA]
