"""`ccr ablate`, `ccr sweep` and `ccr cell`: many runs, side by side, that go on where they were interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccr.cli.run import run as run_command
from ccr.errors import CcrError

if TYPE_CHECKING:
    from ccr.grid.grid import Grid

_EXECUTOR = "executor."


def _options(*left_out: str) -> Callable[[Any], Any]:
    """The options of `ccr run`, but for some, and those of every grid."""
    taken = [option for option in run_command.params if option.name not in (*left_out, "runs")]
    own = [
        click.option("--grid", "folder", type=click.Path(path_type=Path), help="The grid's folder [grids/NAME]."),
        click.option("--runs", type=click.Path(path_type=Path), help="Where run folders are made [in the grid's]."),
        click.option("--executor", default="local", show_default=True, help="What runs the cells."),
        click.option("--jobs", type=click.IntRange(1), help="Cells side by side (local: 1 unless said)."),
        click.option("--plan", is_flag=True, help="Run nothing: print a line of JSON for every cell that is to do."),
    ]

    def add(function: Any) -> Any:
        for option in reversed(own):
            function = option(function)
        function.__click_params__ = [*function.__click_params__, *reversed(taken)]
        return function

    return add


@click.command()
@_options("seed")
def ablate(
    assignments: tuple[str, ...],
    file: Path | None,
    seeds: str | None,
    folder: Path | None,
    runs: Path | None,
    executor: str,
    jobs: int | None,
    plan: bool,
    **flags: Any,
) -> None:
    """Run METHOD and each ablation that it declares, and print their table.

    The same command again goes on with what is missing. docs/sweeps.md tells how grids work.
    """
    from ccr.cli.run import _seeds
    from ccr.config import load_config

    of_executor, words = _split(assignments)
    given = {name: value for name, value in flags.items() if value is not None}
    config = load_config(file, {**given, "set": words})
    asked_seeds = [seed["seed"] for seed in _seeds(seeds) if seed] or [config.seed]

    from ccr.grid.grid import ablations, make_grid

    name = f"ablate-{config.method}-{Path(config.dataset).name}"
    asked = ablations(config, asked_seeds, config.registry)
    grid = make_grid(name, folder or Path("grids") / name, asked, runs, baseline=asked[0].title)
    _carry_out(grid, executor, of_executor, jobs, plan, config.fresh)


@click.command()
@click.argument("sweep_file", metavar="FILE", type=click.Path(path_type=Path))
@_options("seed", "method", "dataset", "protocol", "encoder", "test_set", "select", "tokens", "translator", "file")
def sweep(
    sweep_file: Path,
    assignments: tuple[str, ...],
    seeds: str | None,
    folder: Path | None,
    runs: Path | None,
    executor: str,
    jobs: int | None,
    plan: bool,
    **flags: Any,
) -> None:
    """Run the grid that FILE describes, and print the table of its runs.

    FILE is YAML of what a run is; where a key has a list, the grid has a run for each value, crossed with all others.
    The same command again goes on with what is missing. docs/sweeps.md tells more.
    """
    from ccr.cli.run import _seeds
    from ccr.config import load_config

    of_executor, words = _split(assignments)
    settings = load_config(None, {"method": "any", "dataset": "any", "set": words}).settings
    many = tuple(seed["seed"] for seed in _seeds(seeds) if seed)

    from ccr.grid.grid import make_grid
    from ccr.grid.sweepfile import read_sweep

    found = read_sweep(sweep_file, {**flags, "seeds": many}, settings)
    grid = make_grid(found.name, folder or Path("grids") / found.name, found.runs, runs, found.baseline)
    _carry_out(grid, executor, of_executor, jobs, plan, bool(flags["fresh"]))


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--tethered", is_flag=True, help="Stop, with a checkpoint, once standard input closes.")
def cell(folder: Path, tethered: bool) -> int:
    """Run one cell of a grid, or go on with it: what executors call.

    FOLDER is one of those that `ccr sweep --plan` prints. Exit codes: 0 done, 75 another process works on it, 130
    interrupted, 2 anything that is told in a sentence.
    """
    from ccr.grid.cell import run_cell

    return run_cell(folder, tethered)


def _carry_out(
    grid: Grid, executor: str, settings: Mapping[str, Any], jobs: int | None, plan: bool, fresh: bool
) -> None:
    from ccr.grid.board import Board
    from ccr.grid.cell import read_status
    from ccr.grid.grid import make_executor
    from ccr.grid.schedule import Schedule, start_over
    from ccr.progress import say

    made = make_executor(grid, executor, settings, jobs)
    grid.write()
    if fresh:
        start_over(grid)
    if plan:
        for each in grid.cells:
            if not read_status(grid.place(each)).finished:
                job = each.job(grid.place(each))
                told = {"cell": each.name, "row": each.label, "seed": each.seed, "gpus": job.gpus}
                click.echo(json.dumps({**told, "folder": str(job.folder), "command": job.command}, ensure_ascii=False))
        return
    schedule = Schedule(grid, made)
    with Board() as board:
        schedule.run(board.watch)

    from ccr.grid.table import command, table

    try:
        if text := table(grid):
            click.echo(text)
            say(f"the table again: {command(grid)}")
    except CcrError as error:  # the runs are there all the same, and so is what failed
        say(f"there is no table: {error}\nthe command of the table: {command(grid)}")
    if schedule.failures:
        failed = [each for each in grid.cells if each.id in schedule.failures]
        raise CcrError(
            f"{len(failed)} of {len(grid.cells)} cells failed; the same command tries them again:\n"
            + "\n".join(
                f"  - {each.label}, seed {each.seed}: {schedule.failures[each.id]} ({grid.place(each) / 'output.txt'})"
                for each in failed
            )
        )


def _split(assignments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """`--set` of the executor, and all others."""
    from ccr.yamlstrict import parse_value

    settings: dict[str, Any] = {}
    for text in assignments:
        key, equals, raw = text.partition("=")
        if key.strip().startswith(_EXECUTOR) and equals:
            settings[key.strip().removeprefix(_EXECUTOR)] = parse_value(raw, f"--set {key}")
    return settings, [text for text in assignments if not text.strip().startswith(_EXECUTOR)]
