"""The rows of a table: runs that differ in their seed alone, what they are called and what they cost."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import field, frozen

from ccr.results.load import FinishedRun, left_out
from ccr.results.statistics import Difference, mean_sd

ALL = "*"
Place = tuple[str, str, str | None]  # metric, language or "*", direction or None


@frozen
class Value:
    """A metric over the runs of a row, as it is shown: percentages where the metric is one."""

    mean: float  # NaN where a run has NaN
    sd: float | None  # over seeds; None for one
    low: float  # mean of the values with all ties lost
    high: float  # with all ties won


@frozen(kw_only=True)
class Row:
    """A method under one set of settings: runs that differ in their seed alone."""

    label: str
    method: str
    settings: Mapping[str, Any]  # those of the method that are not its defaults
    seeds: tuple[int, ...]
    runs: tuple[FinishedRun, ...]
    values: Mapping[Place, Value]
    differences: Mapping[Place, Difference] = field(factory=dict)  # to the baseline, in the unit of `values`
    p_holm: float | None = None  # of the headline's difference, within the table
    costs: Mapping[str, float | None]  # trainable, seconds, memory_mb, latency_ms: means over seeds
    same_training: bool = True  # as the baseline's: recipe, data, tokens


def make_row(runs: Sequence[FinishedRun], label: str, asked: frozenset[Path], headline: str, notes: list[str]) -> Row:
    by_run: list[dict[Place, Any]] = [
        {(row["metric"], row["lang"], row["direction"]): row for row in run.result["metrics"]} for run in runs
    ]
    values: dict[Place, Value] = {}
    missing, broken = [], []
    for place in dict.fromkeys(place for cells in by_run for place in cells):
        if not all(place in cells for cells in by_run):
            missing.append(" ".join(filter(None, place)))
            continue
        cells = [cells[place] for cells in by_run]
        scale = 100.0 if cells[0]["percent"] else 1.0
        columns = {key: [scale * float(cell[key]) for cell in cells] for key in ("value", "low", "high")}
        mean, sd = mean_sd(columns["value"])
        values[place] = Value(mean, sd, float(np.mean(columns["low"])), float(np.mean(columns["high"])))
        if not math.isfinite(mean):
            broken.append(" ".join(filter(None, place)))
    if missing:
        notes.append(f"{label}: not every seed has {', '.join(missing)}; no mean is taken over the others")
    if broken:
        notes.append(f"{label}: {', '.join(broken)} is not a number")
    beside = left_out(runs, asked)
    if beside:
        seeds = f"seed{'s' * (len(beside) > 1)} {', '.join(map(str, beside))}"
        notes.append(f"{label}: left out, though beside the runs that were given: {seeds}")
    tied = values.get((headline, ALL, None))
    if tied and tied.high - tied.low > 0.05:
        notes.append(
            f"{label}: ties leave {headline} between {tied.low:.1f} and {tied.high:.1f}; expected values shown"
        )
    return Row(
        label=label,
        method=runs[0].result["method"],
        settings=changed_settings(runs[0]),
        seeds=tuple(run.seed for run in runs),
        runs=tuple(runs),
        values=values,
        costs={
            "trainable": _cost(runs, "parameters", "trainable"),
            "seconds": _cost(runs, "seconds", "training"),
            "memory_mb": _cost(runs, "peak_memory_mb"),
            "latency_ms": _cost(runs, "latency_ms"),
        },
    )


def _cost(runs: Sequence[FinishedRun], *path: str) -> float | None:
    """Mean over seeds; None where a run does not have it."""
    found = []
    for run in runs:
        value: Any = run.result
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        found.append(value)
    numbers = [float(value) for value in found if isinstance(value, (int, float))]
    return sum(numbers) / len(numbers) if len(numbers) == len(found) else None


def changed_settings(run: FinishedRun) -> Mapping[str, Any]:
    return run.run.config["identity"]["method"][2] or {}


def row_labels(groups: Sequence[Sequence[FinishedRun]]) -> list[str]:
    """`dasd (dynamic: false, recipe.epochs.align: 4)`: settings that are no defaults, and where rows differ else."""
    leaves = [_leaves(group[0]) for group in groups]
    data = [key for mine in leaves for key in mine if key.startswith(("dataset.", "corpus."))]
    leaves = [{**dict.fromkeys(data, "default"), **mine} for mine in leaves]
    seen: dict[str, Counter[str]] = {}
    for mine in leaves:
        for key, value in mine.items():
            seen.setdefault(key, Counter())[_said(value)] += 1
    labels = []
    for group, mine in zip(groups, leaves, strict=True):
        told = [f"{key}: {_said(value)}" for key, value in sorted(changed_settings(group[0]).items())]
        others = [key for key, value in mine.items() if _said(value) != seen[key].most_common(1)[0][0]]
        if sum(key.startswith("recipe.") for key in others) > 3:
            told.append(f"recipe: {group[0].result.get('recipe')}")
            others = [key for key in others if not key.startswith("recipe.")]
        if any(key.startswith(("dataset.", "corpus.")) for key in others):
            others = [key for key in others if not key.startswith("content.")]
        told += [f"{key}: {_said(mine[key])}" for key in others]
        name = group[0].result["method"]
        labels.append(f"{name} ({', '.join(told)})" if told else name)
    twice = {label for label, count in Counter(labels).items() if count > 1}
    return [
        f"{label} #{group[0].row_id[:6]}" if label in twice else label
        for label, group in zip(labels, groups, strict=True)
    ]


def _leaves(run: FinishedRun) -> dict[str, Any]:
    """What else makes a row, flat: the recipe, the data, the tokens, the translator, versions."""
    identity = dict(run.run.config["identity"])
    name, version, _ = identity.pop("method")
    flat: dict[str, Any] = {f"{name} version": version}
    for section, (name, version, changed) in zip(("dataset", "corpus"), identity.pop("data", []), strict=False):
        flat[f"{name} version"] = version
        flat |= {f"{section}.{key}": value for key, value in (changed or {}).items()}
    for key in ("seed", "encoder", "test_set", "protocol"):
        identity.pop(key, None)
    if identity.get("translator") is None:
        identity.pop("translator", None)
    _flatten("", identity, flat)
    return flat


def _flatten(prefix: str, value: Any, into: dict[str, Any]) -> None:
    if isinstance(value, Mapping):
        for key, item in value.items():
            _flatten(f"{prefix}.{key}" if prefix else str(key), item, into)
    else:
        into[prefix] = value


def _said(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:12] if len(text) == 64 else text  # a digest


def training_view(run: FinishedRun) -> Any:
    """What training saw, method apart."""
    identity = run.run.config["identity"]
    return [identity.get(key) for key in ("recipe", "content", "tokens")]
