"""ccr: cross-lingual cross-modal retrieval under one protocol.

These are the public names. Those that need torch are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ccr.errors import CcrError, NotAdaptableError, SealedSplitError
from ccr.hookspecs import hookimpl
from ccr.specs import (
    API,
    Batch,
    Caption,
    DatasetSpec,
    EncoderSpec,
    Item,
    MethodSpec,
    MetricSpec,
    NoSettings,
    Phase,
    Player,
    Recipe,
    TestSet,
    TextBatch,
    TranslatorSpec,
    setting,
)

if TYPE_CHECKING:
    from ccr.base import Context, Dataset, Encoder, Method, RankMetric, TextTower, TokenInput, Translator
    from ccr.data import open_dataset

_LAZY = {
    "Context": "ccr.base",
    "Dataset": "ccr.base",
    "Encoder": "ccr.base",
    "Method": "ccr.base",
    "RankMetric": "ccr.base",
    "TextTower": "ccr.base",
    "TokenInput": "ccr.base",
    "Translator": "ccr.base",
    "open_dataset": "ccr.data",
}

__all__ = [
    "API",
    "Batch",
    "Caption",
    "CcrError",
    "Context",
    "Dataset",
    "DatasetSpec",
    "Encoder",
    "EncoderSpec",
    "Item",
    "Method",
    "MethodSpec",
    "MetricSpec",
    "NoSettings",
    "NotAdaptableError",
    "Phase",
    "Player",
    "RankMetric",
    "Recipe",
    "SealedSplitError",
    "TestSet",
    "TextBatch",
    "TextTower",
    "TokenInput",
    "Translator",
    "TranslatorSpec",
    "hookimpl",
    "open_dataset",
    "setting",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'ccr' has no attribute {name!r}")
