"""The static adapter: DASD's comparison without anything that depends on the caption."""

from __future__ import annotations

import ccr

CCR_API = 1

STATIC_ADAPTER = ccr.MethodSpec(
    name="static-adapter",
    factory="ccr_static_adapter.method:StaticAdapter",
    settings="ccr_static_adapter.settings:Settings",
    summary="the same bottleneck after every frozen text block for all captions of a language",
    paper="the comparison of arXiv 2412.13510: DASD without its dynamic parts and its critic",
    ablations={"parameter-matched": {"match": "dasd"}},
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [STATIC_ADAPTER]
