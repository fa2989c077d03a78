"""Making a run's method: anew from the plan, or from the run that languages are added to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from ccr.base import Context, FrozenEncoder, Method
from ccr.pipeline.device import Compute
from ccr.pipeline.extension import extended
from ccr.pipeline.plan import Plan
from ccr.pipeline.prepare import Corpus, Prepared

if TYPE_CHECKING:
    from ccr.pipeline.load import LoadedRun


def make_method(
    plan: Plan,
    prepared: Prepared,
    corpora: Mapping[str, Corpus],
    machine: Compute,
    base: LoadedRun | None,
    fingerprint: str,
) -> Method:
    """The method as its training begins. `fingerprint` is that of the encoder under the protocol."""
    if base:
        return extended(base, plan.trains, prepared.tokens, fingerprint)
    return build(plan, prepared, machine, _rms(next(iter(corpora.values())).texts.table))


def build(plan: Plan, prepared: Prepared, machine: Compute, feature_rms: float = 1.0) -> Method:
    """A new method; `feature_rms` is the root mean square of the teacher's source-language features."""
    context = Context(
        settings=plan.settings,
        langs=plan.langs,
        tokens=prepared.tokens,
        encoder=FrozenEncoder(prepared.encoder, plan.source_lang),
        seed=plan.config.seed,
        size_scale=plan.recipe.size_scale,
        feature_rms=feature_rms,
        translate=plan.translator.translate if plan.translator else None,
    )
    torch.manual_seed(plan.config.seed)
    method: Method = plan.host.resolve(plan.method.factory)(context)
    return method.to(machine.device)


def _rms(table: np.ndarray) -> float:
    square = sum(float(np.square(part, dtype=np.float64).sum()) for part in np.array_split(table, 100))
    return math.sqrt(square / table.size)
