"""Adding languages to a finished run: `ccr run --langs xx --from RUN`.

Everything that the run trained stays as it is, bit for bit. What the new languages need is added to it (adapters,
token rows that the vocabulary lacks), and trains alone, under the protocol of the new run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from ccr.base import Method
from ccr.config import RunConfig
from ccr.errors import CcrError
from ccr.results.load import read_finished
from ccr.results.run import WEIGHTS
from ccr.specs import Phase, Player, Recipe

if TYPE_CHECKING:
    from ccr.pipeline.load import LoadedRun


@frozen(eq=False)
class Base:
    """The run that languages are added to, as its folder tells it."""

    folder: Path
    id: str
    langs: tuple[str, ...]
    weights: str  # sha256 of its trained tensors
    settings: dict[str, Any]  # of the method
    size_scale: float

    def recipe(self, recipe: Recipe) -> Recipe:
        """A recipe whose modules have the sizes of the run's."""
        return evolve(recipe, size_scale=self.size_scale)


def read_base(config: RunConfig) -> Base | None:
    """The run that `--from` names. CcrError where the configuration cannot go on from it."""
    if config.from_run is None:
        return None
    record = read_finished(config.from_run)
    method = record.result["method"]
    if config.method != method:
        raise CcrError(f"--from: {config.from_run} is a run of {method}, not of {config.method}")
    for key in config.settings:
        if key.startswith("method."):
            raise CcrError(f"{config.where(key)}: {key} has no effect: the settings are those of {config.from_run}")
    langs = tuple(record.result["langs"]["targets"])
    if not isinstance(config.langs, tuple):
        raise CcrError("--from adds languages to a run: name the new ones with --langs")
    known = [lang for lang in config.langs if lang in langs]
    if known:
        raise CcrError(f"--langs: {config.from_run} has {', '.join(known)} already; name languages that are new to it")
    kept = record.run.config
    return Base(
        folder=config.from_run,
        id=record.result["id"],
        langs=langs,
        weights=hashlib.sha256((config.from_run / WEIGHTS).read_bytes()).hexdigest(),
        settings=kept["settings"]["method"],
        size_scale=kept["settings"]["recipe"]["size_scale"],
    )


def open_base(config: RunConfig) -> LoadedRun | None:
    """The run that `--from` names, its method with the trained tensors."""
    from ccr.pipeline.load import load_run

    if config.from_run is None:
        return None
    places = {"registry": config.registry, "threads": config.threads}
    return load_run(config.from_run, device=config.device, cache=config.cache, **places)


def extended(base: LoadedRun, langs: Sequence[str], tokens: Any, fingerprint: str) -> Method:
    """The method of a run with languages added to it, of which alone the new parameters train."""
    if base.record.result["encoder"]["fingerprint"] != fingerprint:
        raise CcrError(
            f"--from: {base.record.folder} was trained with another encoder than this run's protocol gives it; add "
            "languages under its dataset, encoder, protocol and English fine-tune"
        )
    method = base.method
    before = {id(p) for p in method.parameters()}
    place = next(method.parameters()).device
    method.extend(langs, tokens)
    method.to(place)
    if method.tokens is not None:
        method.tokens = tokens
    players = method.players

    def new_alone(phase: Phase) -> Sequence[Player]:
        found = []
        for player in players(phase):
            params = [p for p in player.params if id(p) not in before]
            lazy = [p for p in player.lazy_rows if id(p) not in before]
            found += [evolve(player, params=params, lazy_rows=lazy)] if params else []
        return found

    method.players = new_alone  # type: ignore[method-assign]
    return method
