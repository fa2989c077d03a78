"""ccr: cross-lingual cross-modal retrieval under one protocol.

These are the public names. Those that need torch are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ccr.errors import CcrError, NotAdaptableError, PartlyReadError, SealedSplitError
from ccr.hookspecs import hookimpl
from ccr.langs import no_text, wrong_lang
from ccr.methods import StudentSettings, TrainSettings, decay, not_negative, positive
from ccr.specs import (
    API,
    Batch,
    Caption,
    DatasetSpec,
    Download,
    EncoderSpec,
    ExecutorSpec,
    Item,
    Job,
    JobState,
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
    from ccr.base import Context, Dataset, Encoder, Executor, Method, TextTower, TokenInput, Translator
    from ccr.data import open_dataset
    from ccr.grid.child import Child
    from ccr.hub import hub_file
    from ccr.metric import RankMetric
    from ccr.nn import (
        Bottleneck,
        PerLanguage,
        StudentMethod,
        TokenEmbedding,
        TrainedMethod,
        infonce,
        regression_unit,
        tower_weights,
    )
    from ccr.pipeline.load import load_run

_LAZY = {
    "Bottleneck": "ccr.nn",
    "Child": "ccr.grid.child",
    "Context": "ccr.base",
    "Dataset": "ccr.base",
    "Encoder": "ccr.base",
    "Executor": "ccr.base",
    "Method": "ccr.base",
    "PerLanguage": "ccr.nn",
    "RankMetric": "ccr.metric",
    "StudentMethod": "ccr.nn",
    "TextTower": "ccr.base",
    "TokenEmbedding": "ccr.nn",
    "TokenInput": "ccr.base",
    "TrainedMethod": "ccr.nn",
    "Translator": "ccr.base",
    "hub_file": "ccr.hub",
    "infonce": "ccr.nn",
    "load_run": "ccr.pipeline.load",
    "open_dataset": "ccr.data",
    "regression_unit": "ccr.nn",
    "tower_weights": "ccr.nn",
}

__all__ = [
    "API",
    "Batch",
    "Bottleneck",
    "Caption",
    "CcrError",
    "Child",
    "Context",
    "Dataset",
    "DatasetSpec",
    "Download",
    "Encoder",
    "EncoderSpec",
    "Executor",
    "ExecutorSpec",
    "Item",
    "Job",
    "JobState",
    "Method",
    "MethodSpec",
    "MetricSpec",
    "NoSettings",
    "NotAdaptableError",
    "PartlyReadError",
    "PerLanguage",
    "Phase",
    "Player",
    "RankMetric",
    "Recipe",
    "SealedSplitError",
    "StudentMethod",
    "StudentSettings",
    "TestSet",
    "TextBatch",
    "TextTower",
    "TokenEmbedding",
    "TokenInput",
    "TrainSettings",
    "TrainedMethod",
    "Translator",
    "TranslatorSpec",
    "decay",
    "hookimpl",
    "hub_file",
    "infonce",
    "load_run",
    "no_text",
    "not_negative",
    "open_dataset",
    "positive",
    "regression_unit",
    "setting",
    "tower_weights",
    "wrong_lang",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'ccr' has no attribute {name!r}")
