"""The whole plugin contract on one page.

A plugin is a module found through the entry-point group `ccr` that declares `CCR_API = 1` and implements any of these
hooks with `@ccr.hookimpl`. The first six return frozen specs, whose factories are lazy "package.module:Object"
references: registering imports nothing heavy. The last three observe a run; what they raise becomes a warning, never a
dead run. An entry of registry.yaml with `file:` is a spec without a hook.

What the factories must be is in ccr/base.py: Encoder, Dataset, Method, Translator, Executor; and in ccr/metric.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

from ccr.specs import DatasetSpec, EncoderSpec, ExecutorSpec, MethodSpec, MetricSpec, TranslatorSpec

if TYPE_CHECKING:
    from ccr.results.run import Run

hookspec = pluggy.HookspecMarker("ccr")
hookimpl = pluggy.HookimplMarker("ccr")


@hookspec
def ccr_register_encoders() -> Iterable[EncoderSpec]:  # type: ignore[empty-body]
    """Encoders: frozen image and text towers that share a space."""


@hookspec
def ccr_register_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]
    """Datasets: images or clips with captions, their splits, test sets and recipes."""


@hookspec
def ccr_register_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]
    """Metrics over the ranks of the right answers."""


@hookspec
def ccr_register_methods() -> Iterable[MethodSpec]:  # type: ignore[empty-body]
    """Methods: what carries the encoder over to the target languages."""


@hookspec
def ccr_register_translators() -> Iterable[TranslatorSpec]:  # type: ignore[empty-body]
    """Machine translators."""


@hookspec
def ccr_register_executors() -> Iterable[ExecutorSpec]:  # type: ignore[empty-body]
    """Executors: what runs the cells of a grid."""


@hookspec
def ccr_run_started(run: Run) -> None:
    """A run begins or goes on. `run.folder` is its folder, `run.config` its resolved configuration."""


@hookspec
def ccr_step_logged(run: Run, phase: str, step: int, values: Mapping[str, float]) -> None:
    """A training step was logged: losses, learning rates, or validation scores by name."""


@hookspec
def ccr_run_finished(run: Run, result: Mapping[str, object]) -> None:
    """The run is complete; `result` is what result.json holds."""
