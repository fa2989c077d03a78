"""Finding run folders and reading them, with everything that is wrong with one said."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, frozen

from ccr.errors import CcrError
from ccr.files import digest_of
from ccr.results.run import Run

DIRECTIONS = ("t2i", "i2t")
Cell = tuple[str, str]  # language, direction
_RESULT = ("id", "method", "dataset", "seed", "langs", "test_set", "protocol_id", "test_content", "metrics")
_IDENTITY = ("method", "encoder", "langs", "protocol", "seed")


@define(eq=False, slots=False)
class FinishedRun:
    """A finished run as it lies on disk; the ranks are read when they are asked for."""

    run: Run
    result: Mapping[str, Any]
    starts: Sequence[Mapping[str, Any]]  # provenance: where, and with which code

    @property
    def folder(self) -> Path:
        return self.run.folder

    @property
    def seed(self) -> int:
        return int(self.result["seed"])

    @cached_property
    def row_id(self) -> str:
        """One for the runs that differ in their seed alone."""
        return row_id(self.run.config)

    @cached_property
    def queries(self) -> dict[str, tuple[list[str], list[str], list[int]]]:
        """language -> ids of the captions, ids of the gallery's images, the place there of each caption's image."""
        found = self.run.read("queries.json")
        try:
            asked = {lang: (q["ids"], q["images"], q["owner"]) for lang, q in found.items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise _damaged(self.folder / "queries.json", f"no {error}") from error
        _need(asked, self.result["langs"]["targets"], self.folder / "queries.json")
        return asked

    @cached_property
    def ranks(self) -> dict[Cell, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(language, direction) -> (lo, hi, tied) of every query, as `ccr.evaluation.ranks.Ranks` has them."""
        path = self.folder / "ranks.npz"
        try:
            with np.load(path, allow_pickle=False) as arrays:
                found = {
                    (lang, way): tuple(arrays[f"{lang}/{way}/{name}"] for name in ("lo", "hi", "tied"))
                    for lang in self.queries
                    for way in DIRECTIONS
                }
        except FileNotFoundError:
            raise CcrError(f"{path} is not there; run the same command again with --fresh") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise _damaged(path, error) from error
        for (lang, way), columns in found.items():
            ids, images, _ = self.queries[lang]
            asked = len(ids if way == "t2i" else images)
            if any(column.shape != (asked,) for column in columns):
                raise _damaged(path, f"{lang} {way} has other queries than queries.json")
        return found  # type: ignore[return-value]


@frozen
class Found:
    """What a search for runs came back with."""

    runs: tuple[FinishedRun, ...]
    unfinished: tuple[Path, ...]
    asked: frozenset[Path]  # run folders that were named one by one


def row_id(config: Mapping[str, Any]) -> str:
    """Digest of a run's identity but for the seed."""
    return digest_of({key: value for key, value in config["identity"].items() if key != "seed"})


def find_runs(paths: Iterable[Path]) -> Found:
    """Runs in run folders and in folders that hold run folders, each once, in the order of the paths.

    Unfinished runs below a folder are listed. CcrError: a path that is no folder or holds no run; an unfinished run
    that was named itself; a folder whose files are not whole; two folders of one run that hold different numbers.
    """
    runs: dict[str, FinishedRun] = {}
    unfinished: dict[Path, None] = {}
    asked = set()
    for path in paths:
        if not path.is_dir():
            raise CcrError(f"{path} is no folder; RUNS are run folders, or folders that hold run folders")
        named = _is_run(path)
        folders = [path] if named else _below(path)
        if not folders:
            raise CcrError(f"{path} holds no run folder (one with a config.json)")
        for folder in folders:
            if (folder / "result.json").exists():
                found = load_run(folder)
                _same_numbers(runs.setdefault(found.run.id, found), found)
            elif named:
                raise CcrError(f"{folder} is not finished: it has no result.json; run the same command again")
            else:
                unfinished[folder] = None
            if named:
                asked.add(folder.resolve())
    if not runs:
        raise CcrError(f"no run in {', '.join(map(str, paths))} is finished ({len(unfinished)} unfinished)")
    return Found(tuple(runs.values()), tuple(unfinished), frozenset(asked))


def load_run(folder: Path) -> FinishedRun:
    """A finished run. CcrError names the file that is missing or not whole."""
    run = Run("", folder, {})
    config, result, provenance = (run.read(name) for name in ("config.json", "result.json", "provenance.json"))
    _need(config, ("id", "identity"), folder / "config.json")
    _need(config["identity"], _IDENTITY, folder / "config.json")
    _need(result, _RESULT, folder / "result.json")
    _need(provenance, ("starts",), folder / "provenance.json")
    for row in result["metrics"]:
        _need(row, ("metric", "lang", "direction", "value", "low", "high", "percent"), folder / "result.json")
    if result["id"] != config["id"] or result["seed"] != config["identity"]["seed"]:
        raise _damaged(folder / "result.json", f"it is of run {result['id']}, config.json of run {config['id']}")
    return FinishedRun(Run(config["id"], folder, config), result, provenance["starts"])


def read_finished(folder: Path) -> FinishedRun:
    """The record of a finished run. CcrError, in a sentence, for anything else."""
    if not (folder / "config.json").exists():
        raise CcrError(f"{folder} is no run folder: it has no config.json")
    if not (folder / "result.json").exists():
        raise CcrError(f"{folder} is not finished: it has no result.json; run the same command again")
    return load_run(folder)


def left_out(runs: Sequence[FinishedRun], asked: frozenset[Path]) -> list[int]:
    """Seeds of a row that lie beside those of its runs that were named one by one, and were not named."""
    here = {run.folder.resolve() for run in runs}
    seeds = set()
    for parent in {folder.parent for folder in here & asked}:
        for folder in parent.glob(f"{runs[0].result['method']}-s*"):
            if folder.resolve() in here or not (folder / "result.json").exists():
                continue
            config = Run("", folder, {}).read("config.json")
            if row_id(config) == runs[0].row_id:
                seeds.add(config["identity"]["seed"])
    return sorted(seeds - {run.seed for run in runs})


def _is_run(folder: Path) -> bool:
    return (folder / "config.json").exists()


def _below(folder: Path) -> list[Path]:
    found = []
    for place, names, files in os.walk(folder):
        if "config.json" in files:
            found.append(Path(place))
            names.clear()
        names[:] = sorted(name for name in names if not name.startswith("."))
    return found


def _same_numbers(one: FinishedRun, two: FinishedRun) -> None:
    if digest_of(one.result["metrics"]) != digest_of(two.result["metrics"]):
        raise CcrError(f"{one.folder} and {two.folder} are one run with different numbers; give one of them")


def _need(value: Any, keys: Iterable[str], path: Path) -> None:
    missing = [key for key in keys if not isinstance(value, Mapping) or key not in value]
    if missing:
        raise _damaged(path, f"no {', '.join(missing)}")


def _damaged(path: Path, why: object) -> CcrError:
    return CcrError(f"{path} is not whole ({why}); run the same command again with --fresh")
