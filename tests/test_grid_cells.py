"""Grids: cells and their folders, and what makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from filelock import FileLock
from grids import a_cell

from ccr.config import RunConfig, load_config
from ccr.errors import CcrError
from ccr.files import write_json
from ccr.grid import cell
from ccr.grid.cell import BUSY, read_status, run_cell, write_cell
from ccr.grid.grid import ablations, make_grid
from ccr.results.run import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = a_cell(tmp_path, 0)
    write_cell(made, tmp_path / made.name)
    return tmp_path / made.name


def executing(monkeypatch: pytest.MonkeyPatch, what: Callable[[RunConfig], Any]) -> list[RunConfig]:
    seen: list[RunConfig] = []

    def execute(config: RunConfig) -> Any:
        seen.append(config)
        return what(config)

    monkeypatch.setattr("ccr.pipeline.run.execute", execute)
    return seen


def finished(config: RunConfig) -> Run:
    config.runs.mkdir(exist_ok=True)
    (config.runs / "result.json").write_text("{}")
    return Run("1", config.runs, {})


def test_a_cell_runs_its_configuration_and_once_done_is_left_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = executing(monkeypatch, finished)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    here = Path.cwd()
    monkeypatch.chdir(elsewhere)
    assert run_cell(folder) == 0
    assert seen == [RunConfig(method="dasd", dataset="scenes", runs=tmp_path / "runs")]
    assert Path.cwd() == here, "a cell runs where its grid was asked for"
    found = read_status(folder)
    assert (found.state, found.run) == ("done", tmp_path / "runs")
    assert run_cell(folder) == 0
    assert len(seen) == 1


def test_what_a_cell_fails_of_is_written_down(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(config: RunConfig) -> None:
        raise CcrError("scenes has no such thing")

    executing(monkeypatch, fail)
    with pytest.raises(CcrError, match="no such thing"):
        run_cell(folder)
    assert (read_status(folder).state, read_status(folder).reason) == ("failed", "scenes has no such thing")

    def crash(config: RunConfig) -> None:
        raise ZeroDivisionError("by zero")

    executing(monkeypatch, crash)
    with pytest.raises(ZeroDivisionError):
        run_cell(folder)
    assert read_status(folder).reason.startswith("ZeroDivisionError: by zero (test_grid_cells.py:")

    def interrupt(config: RunConfig) -> None:
        raise KeyboardInterrupt

    executing(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_cell(folder)
    assert read_status(folder).state == "interrupted"


def test_a_cell_of_several_processes_is_launched_as_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = a_cell(tmp_path, 0, gpus=2, device="cuda", settings={"method.lr": 1e-05})
    folder = tmp_path / made.name
    write_cell(made, folder)
    assert made.job(folder).gpus == 2
    codes, launched = [2, 0], []

    def launch(words: list[str], processes: int, device: str) -> int:
        launched.append((load_config(Path(words[2]), {}), processes, device))
        return codes.pop(0)

    monkeypatch.setattr("ccr.pipeline.launch.launch", launch)
    seen = executing(monkeypatch, finished)
    with pytest.raises(CcrError, match="says why"):
        run_cell(folder)
    assert run_cell(folder) == 0
    assert launched[0] == launched[1]
    assert launched[0][1:] == (2, "cuda")
    assert dict(launched[0][0].settings) == {"method.lr": 1e-05}
    assert [config.gpus for config in seen] == [None]


def test_seconds_add_up_over_the_starts_of_a_cell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json(folder / "status.json", {"state": "interrupted", "seconds": 50.0, "since": 1.0})
    executing(monkeypatch, finished)
    run_cell(folder)
    assert 50.0 <= read_status(folder).seconds < 60.0


def test_a_cell_that_is_worked_on_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = executing(monkeypatch, finished)
    monkeypatch.setattr(cell, "PATIENCE", 0.05)
    with FileLock(folder / ".lock"):
        assert run_cell(folder) == BUSY
        assert read_status(folder).state == "running"
    assert seen == []
    assert "is being worked on by another process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cell.json is not there"),
        ("{", "cell.json is not whole"),
        ('{"config": {"method": "dasd", "dataset": "scenes", "sed": 1}}', 'sed is unknown (did you mean "seed"?)'),
    ],
)
def test_a_folder_that_is_no_cell_is_told(tmp_path: Path, content: str | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "cell.json").write_text(content)
    with pytest.raises(CcrError, match="cell") as error:
        run_cell(tmp_path)
    assert sentence in str(error.value)


# --- what makes a grid -----------------------------------------------------------------------------------------------


def test_ablations_are_the_method_and_every_row_that_it_declares(tmp_path: Path) -> None:
    small = [f"dataset.{split}=16" for split in ("train", "val", "test")]
    words = ["method.sr=true", "method.rank=8", *small]
    config = load_config(None, {"method": "dasd", "dataset": "scenes", "set": words})
    asked = ablations(config, [0, 1])
    grid = make_grid("ablate", tmp_path, asked)
    rows = list(dict.fromkeys(each.label for each in grid.cells))
    assert rows[0] == "dasd"
    assert {"dasd w/o adversary", "dasd w/o dynamic matrices", "dasd released code", "dasd rank 16"} <= set(rows)
    assert len(grid.cells) == 2 * len(rows) == len({each.name for each in grid.cells})
    settings = {
        each.label: {key: value for key, value in each.config["settings"].items() if key.startswith("method.")}
        for each in grid.cells
    }
    assert settings["dasd w/o adversary"] == {"method.sr": True, "method.rank": 8, "method.adversarial": False}
    assert settings["dasd rank 16"]["method.rank"] == 16
    assert len({each.shares for each in grid.cells}) == 1
    with pytest.raises(CcrError, match="zero-shot-clip declares no ablations"):
        ablations(evolve(config, method="zero-shot-clip"), [0])


def test_equal_runs_are_one_cell_however_they_were_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    def asked(title: str, **words: Any) -> Any:
        from ccr.grid.grid import Asked

        return Asked(config=load_config(None, {"method": "dasd", "dataset": "scenes", **words}), title=title)

    grid = make_grid(
        "g",
        tmp_path,
        [
            asked("plain"),
            asked("default", protocol="finetune", encoder="scenes", recipe="quick", set=["method.rank=32"]),
            asked("elsewhere", device="cpu", threads=3, langs=["ja", "zh", "cs", "fr", "de"]),
            asked("other", seed=1),
            asked("more", recipe="full"),
            asked("fewer", langs=["de"]),
        ],
    )
    assert [each.title for each in grid.cells] == ["plain", "other", "more", "fewer"]
    assert "g: of 6 runs 4 are different" in capsys.readouterr().err


def test_all_that_is_wrong_with_runs_is_told_at_once(tmp_path: Path) -> None:
    from ccr.grid.grid import Asked

    words: list[dict[str, Any]] = [
        {"method": "dsad"},
        {"set": ["method.rnak=3"]},
        {"protocol": "zeroshot"},
        {"recipe": "quik"},
        {"set": ["recipe.batch_size=1"]},
        {"dataset": "scens"},
    ]
    asked = [Asked(config=load_config(None, {"method": "dasd", "dataset": "scenes", **word})) for word in words]
    with pytest.raises(CcrError) as error:
        make_grid("g", tmp_path, asked)
    lines = str(error.value).splitlines()
    assert len(lines) == len(words)
    for near in ('"dasd"', '"rank"', '"zero-shot"', '"quick"', "at least 2", '"scenes"'):
        assert any(near in line for line in lines), near
    assert not list(tmp_path.iterdir())
