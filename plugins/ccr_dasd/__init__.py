"""DASD: dynamic adapters with semantics disentangling, for cross-lingual cross-modal retrieval."""

from __future__ import annotations

import ccr

CCR_API = 1

DASD = ccr.MethodSpec(
    name="dasd",
    factory="ccr_dasd.method:DASD",
    settings="ccr_dasd.settings:Settings",
    summary="adapters after every frozen text block, whose inner matrix each caption generates for itself",
    paper="arXiv 2412.13510",
    ablations={
        "w/o branch adapters": {"branch_adapters": False},
        "w/o dynamic matrices": {"dynamic": False},
        "w/o semantic-related": {"sr": False},
        "w/o semantic-agnostic": {"sa": False},
        "w/o adversary": {"adversarial": False},
        "w/o consistency": {"consistency": False},
        "released code": {"variant": "released"},
        "rank 16": {"rank": 16},
        "rank 64": {"rank": 64},
        "z width 256": {"z_width": 256},
        "z width 1024": {"z_width": 1024},
    },
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [DASD]
