"""What makes a grid: runs that were asked for, each resolved, equal ones once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from ccr.base import Executor
from ccr.config import RunConfig
from ccr.errors import CcrError, nearest
from ccr.files import digest_of, write_json
from ccr.grid.cell import Cell, write_cell
from ccr.host import Host
from ccr.progress import say
from ccr.settings import make_settings, settings_values


@frozen(kw_only=True)
class Asked:
    """A run that was asked for."""

    config: RunConfig
    title: str = ""  # of its row in tables; "" = tables find their own
    label: str = ""  # what people call its row; "" = by its method
    where: str = ""  # what messages about it begin with


@frozen(kw_only=True)
class Grid:
    """Cells and the folder that they live in."""

    name: str
    folder: Path
    cells: tuple[Cell, ...]
    baseline: str = ""  # row that the table compares to
    registry: Path | None = None

    def place(self, cell: Cell) -> Path:
        return self.folder / "cells" / cell.name

    def write(self) -> None:
        """Write every cell's configuration, and which cells there are. What was worked on stays as it is."""
        for cell in self.cells:
            write_cell(cell, self.place(cell))
        listed = [
            {"cell": cell.name, "label": cell.label, "title": cell.title, "seed": cell.seed} for cell in self.cells
        ]
        write_json(self.folder / "grid.json", {"name": self.name, "baseline": self.baseline, "cells": listed})


def ablations(config: RunConfig, seeds: Sequence[int], registry: Path | None = None) -> list[Asked]:
    """The method as configured, and each of the ablations that it declares, under each seed.

    Raises CcrError for an unknown method, or one that declares none.
    """
    spec = Host.load(registry).spec("method", config.method)
    if not spec.ablations:
        raise CcrError(f"{spec.name} declares no ablations; compare settings of it with ccr sweep (docs/sweeps.md)")
    rows: dict[str, Mapping[str, Any]] = {spec.name: {}}
    rows |= {f"{spec.name} {title}": changes for title, changes in spec.ablations.items()}
    asked = []
    for title, changes in rows.items():
        settings = {**config.settings, **{f"method.{key}": _listed(value) for key, value in changes.items()}}
        for seed in seeds:
            run = attrs.evolve(config, settings=settings, seed=seed)
            asked.append(Asked(config=run, title=title, label=title, where=f"{spec.name}, ablation {title!r}"))
    return asked


def make_grid(name: str, folder: Path, asked: Sequence[Asked], runs: Path | None = None, baseline: str = "") -> Grid:
    """Resolve all runs; equal ones become one cell, named as the first.

    Runs go to `runs`, by default a folder of the grid's own. Raises CcrError with everything that is wrong with them.
    """
    from ccr.grid.check import faults
    from ccr.pipeline.plan import resolve

    folder = folder.absolute()
    told = faults((one.config for one in asked), Host.load(asked[0].config.registry if asked else None))
    if told:
        raise CcrError("\n".join(told))
    cells: dict[str, Cell] = {}
    wrong: dict[str, None] = {}
    opened: dict[str, Any] = {}
    for one in asked:
        try:
            plan = resolve(one.config, opened)
        except CcrError as error:
            known = "\n".join(wrong)
            lines = [line for line in str(error).splitlines() if line not in known]
            if lines:
                wrong[
                    "\n".join([f"{one.where}: {lines[0]}" if one.where not in lines[0] else lines[0], *lines[1:]])
                ] = None
            continue
        encoder = settings_values(one.config.settings_for("encoder", plan.host.resolve(plan.encoder.settings)))
        files = [str(path.absolute()) for path in (one.config.data_root, *one.config.mt) if path]
        identity = plan.identity(digest_of([plan.encoder.name, plan.encoder_argument, encoder]), one.config.tokens, {})
        id = digest_of([identity, files])
        shared = {key: identity[key] for key in ("data", "encoder", "protocol", "langs", "tokens")}
        shared["recipe"] = {
            key: value for key, value in identity["recipe"].items() if key.startswith(("encoder", "voc"))
        }
        cells.setdefault(
            id,
            Cell(
                id=id,
                label=one.label or plan.method.name,
                title=one.title,
                seed=one.config.seed,
                config=_plain(one.config, runs or folder / "runs"),
                shares=digest_of([shared, files]),
            ),
        )
    if wrong:
        raise CcrError("\n".join(wrong))
    if len(cells) < len(asked):
        say(f"{name}: of {len(asked)} runs {len(cells)} are different; gpus or threads, say, make no other run")
    rows = dict.fromkeys(name for cell in cells.values() for name in (cell.title, cell.config["method"]) if name)
    if baseline and baseline not in rows:
        raise CcrError(f'baseline: no row is "{baseline}"{nearest(baseline, rows)}; there are {", ".join(rows)}')
    twice = [name for name, count in Counter(cell.name for cell in cells.values()).items() if count > 1]
    assert not twice, twice  # 32 bits of a hash
    registry = next((one.config.registry for one in asked), None)
    return Grid(name=name, folder=folder, cells=tuple(cells.values()), baseline=baseline, registry=registry)


def as_config_fields(config: RunConfig) -> dict[str, Any]:
    """All fields of a configuration as JSON has them."""
    fields = {f.name: getattr(config, f.name) for f in attrs.fields(RunConfig) if f.name != "origins"}
    return {name: _listed(value) for name, value in fields.items()}


def _plain(config: RunConfig, runs: Path) -> dict[str, Any]:
    """Fields that are not at their defaults, as JSON has them. Paths are absolute: a cell runs anywhere."""

    def anywhere(path: Path) -> Path:
        return path.expanduser().absolute()

    config = attrs.evolve(
        config,
        runs=anywhere(runs),
        cache=config.cache and anywhere(config.cache),
        data_root=config.data_root and anywhere(config.data_root),
        registry=config.registry and anywhere(config.registry),
        mt=tuple(map(anywhere, config.mt)),
    )
    default = as_config_fields(RunConfig(method="", dataset=""))
    return {name: value for name, value in as_config_fields(config).items() if value != default[name]}


def _listed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def make_executor(grid: Grid, name: str, settings: Mapping[str, Any], jobs: int | None) -> Executor:
    """The executor of that name. Raises CcrError for an unknown one, or settings that it does not have."""
    host = Host.load(grid.registry)
    spec = host.spec("executor", name)
    made = make_settings(host.resolve(spec.settings), settings, "--set", prefix="executor.")
    executor: Executor = host.resolve(spec.factory)(made, jobs)
    return executor
