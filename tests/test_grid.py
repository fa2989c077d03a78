"""Grids: cells and their folders, the schedule, the local executor, the overview."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from filelock import FileLock

import ccr
from ccr.config import RunConfig, load_config
from ccr.errors import CcrError
from ccr.files import write_json
from ccr.grid import board, cell, schedule
from ccr.grid.board import Board, overview, summary
from ccr.grid.cell import BUSY, Cell, read_status, run_cell, write_cell
from ccr.grid.grid import Grid, ablations, make_executor, make_grid
from ccr.grid.schedule import Schedule, start_over
from ccr.results.run import Run


def a_cell(tmp_path: Path, number: int, label: str = "row", shares: str = "one", **config: Any) -> Cell:
    config = {"method": "dasd", "dataset": "scenes", "seed": number, "runs": str(tmp_path / "runs"), **config}
    return Cell(id=f"{number:064d}"[::-1], label=label, title="", seed=number, config=config, shares=shares)


def a_grid(tmp_path: Path, *cells: Cell) -> Grid:
    grid = Grid(name="test", folder=tmp_path, cells=cells)
    grid.write()
    return grid


def finish(folder: Path, seconds: float = 10.0, state: str = "done", **more: Any) -> None:
    """As a cell's command leaves its folder."""
    run = folder / "run"
    if state == "done":
        run.mkdir(exist_ok=True)
        (run / "result.json").write_text("{}")
        more["run"] = str(run)
    write_json(folder / "status.json", {"state": state, "seconds": seconds, "since": time.time(), **more})


class Stub(ccr.Executor):
    """Jobs end one poll after they began, and `work` says how they leave their folders."""

    poll_every = 0.0

    def __init__(self, jobs: int | None, work: Callable[[Path], str | None] = lambda folder: finish(folder)) -> None:
        super().__init__(None, jobs)
        self.work = work
        self.given: list[str] = []
        self.at_once: list[list[str]] = []
        self.cancelled: list[str] = []
        self.open: dict[str, str] = {}

    def submit(self, jobs: Sequence[ccr.Job]) -> list[str]:
        self.at_once.append([job.name for job in jobs])
        ids = []
        for job in jobs:
            assert job.command[-2:] == ("cell", str(job.folder))
            self.given.append(job.name)
            ids.append(str(len(self.given)))
            self.open[ids[-1]] = self.work(job.folder) or "ended"
        return ids

    def poll(self, ids: Sequence[str]) -> list[Any]:
        return [self.open[each] for each in ids]

    def cancel(self, ids: Sequence[str], force: bool = False) -> None:
        self.cancelled += ids
        self.open.update(dict.fromkeys(ids, "ended"))


def run(grid: Grid, stub: Stub, watch: Callable[[Schedule], None] = lambda made: None) -> Schedule:
    made = Schedule(grid, stub)
    made.run(watch)
    return made


# --- the schedule ---------------------------------------------------------------------------------------------------


def test_every_cell_runs_once_and_the_same_command_runs_none(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, *(a_cell(tmp_path, i) for i in range(3)))
    first = Stub(1)
    run(grid, first)
    assert first.given == [each.name for each in grid.cells]
    again = Stub(1)
    assert run(grid, again).ended
    assert again.given == []


def test_a_cell_whose_run_is_gone_runs_again(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, *(a_cell(tmp_path, i) for i in range(2)))
    run(grid, Stub(1))
    (grid.place(grid.cells[1]) / "run" / "result.json").unlink()
    again = Stub(1)
    run(grid, again)
    assert again.given == [grid.cells[1].name]


def test_one_cell_makes_what_others_share_before_they_start(tmp_path: Path) -> None:
    cells = [a_cell(tmp_path, i, shares=shares) for i, shares in enumerate(["a", "a", "b", "a"])]
    stub = Stub(4)
    run(a_grid(tmp_path, *cells), stub)
    names = [each.name for each in cells]
    assert stub.at_once == [[names[0], names[2]], [names[1], names[3]]]


def test_side_by_side_without_anything_to_share_all_start_at_once(tmp_path: Path) -> None:
    for slots, parts in ((None, [3]), (2, [2, 1])):
        stub = Stub(slots)
        run(a_grid(tmp_path / str(slots), *(a_cell(tmp_path, i, shares=str(i)) for i in range(3))), stub)
        assert [len(part) for part in stub.at_once] == parts


def test_others_start_once_the_first_one_trains(tmp_path: Path) -> None:
    cells = [a_cell(tmp_path, i) for i in range(2)]
    grid = a_grid(tmp_path, *cells)
    begun = []

    def work(folder: Path) -> str:
        lock = FileLock(folder / ".lock")
        lock.acquire()
        begun.append((folder, lock))
        write_json(folder / "status.json", {"state": "running", "since": time.time()})
        return "running"

    stub = Stub(2, work)

    def watch(made: Schedule) -> None:
        if watch.calls == 3:  # type: ignore[attr-defined]
            assert len(begun) == 1, "the second waits for what the first makes"
            folder = tmp_path / "runs" / "scenes-finetune" / "dasd-s0-12345678"
            folder.mkdir(parents=True)
            asked = {"method": "dasd", "dataset": "scenes", "seed": 0, "settings": {}}
            (folder / "config.json").write_text(json.dumps({"asked": _all_asked(asked)}))
            (folder / "log.jsonl").write_text('{"phase": "align"}\n')
        if len(begun) == 2:
            for (folder, lock), job in zip(begun, list(stub.open), strict=True):
                lock.release()
                finish(folder)
                stub.open[job] = "ended"
        watch.calls += 1  # type: ignore[attr-defined]
        assert watch.calls < 100  # type: ignore[attr-defined]

    watch.calls = 0  # type: ignore[attr-defined]
    assert run(grid, stub, watch).failures == {}
    assert len(stub.at_once) == 2


def _all_asked(known: dict[str, Any]) -> dict[str, Any]:
    from ccr.grid.grid import as_config_fields

    return as_config_fields(RunConfig(**known))


def test_a_failing_cell_stops_no_other_and_is_tried_again_by_the_next_command(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, *(a_cell(tmp_path, i) for i in range(3)))

    def work(folder: Path) -> None:
        if "-s1-" in folder.name:
            finish(folder, state="failed", reason="the loss became nan")
        else:
            finish(folder)

    made = run(grid, Stub(1, work))
    assert made.failures == {grid.cells[1].id: "the loss became nan"}
    assert [made.state(each) for each in grid.cells] == ["done", "failed", "done"]
    again = Stub(1)
    assert run(grid, again).failures == {}
    assert again.given == [grid.cells[1].name]


def test_a_killed_cell_is_a_failure_that_goes_on_with_the_next_command(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, a_cell(tmp_path, 0))

    def killed(folder: Path) -> None:
        write_json(folder / "status.json", {"state": "running", "since": time.time()})
        (folder / "output.txt").write_text("align 3/20\nKilled\n")

    made = run(grid, Stub(1, killed))
    assert made.failures == {grid.cells[0].id: "it was killed; Killed"}
    assert read_status(grid.place(grid.cells[0])).state == "interrupted"
    assert run(grid, Stub(1)).failures == {}


def test_jobs_that_never_begin_are_given_up(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, a_cell(tmp_path, 0))
    stub = Stub(1, lambda folder: None)
    made = run(grid, stub)
    assert made.failures == {grid.cells[0].id: "it could not be started; it printed nothing"}
    assert len(stub.given) == 1 + schedule.RETRIES


def test_lost_jobs_are_given_again(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, a_cell(tmp_path, 0))
    fates = iter(["lost", "lost"])

    def work(folder: Path) -> str | None:
        fate = next(fates, None)
        write_json(folder / "status.json", {"state": "running", "since": time.time()})
        if fate is None:
            finish(folder)
        return fate

    stub = Stub(1, work)
    assert run(grid, stub).failures == {}
    assert len(stub.given) == 3


@pytest.mark.parametrize("how", ["done", "failed", "interrupted"])
def test_a_cell_that_another_command_works_on_is_waited_for(tmp_path: Path, how: str) -> None:
    grid = a_grid(tmp_path, a_cell(tmp_path, 0), a_cell(tmp_path, 1, shares="two"))
    folder = grid.place(grid.cells[0])
    write_json(folder / "status.json", {"state": "running", "since": time.time()})
    lock = FileLock(folder / ".lock")
    lock.acquire()
    seen = []

    def watch(made: Schedule) -> None:
        seen.append(made.state(grid.cells[0]))
        if len(seen) == 4:
            finish(folder, state=how, reason="it broke")
            lock.release()

    stub = Stub(2)
    made = run(grid, stub, watch)
    assert seen[:4] == ["running"] * 4
    expected = [grid.cells[1].name] + ([grid.cells[0].name] if how == "interrupted" else [])
    assert stub.given == expected
    assert made.failures == ({grid.cells[0].id: "it broke"} if how == "failed" else {})


def test_who_comes_second_to_a_cell_waits_for_the_first(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, a_cell(tmp_path, 0))
    folder = grid.place(grid.cells[0])
    lock = FileLock(folder / ".lock")
    calls = []

    def busy(_: Path) -> None:  # another command was quicker, and our job ends with exit code 75
        lock.acquire()
        write_json(folder / "status.json", {"state": "running", "since": time.time() - 60})

    def watch(made: Schedule) -> None:
        calls.append(made.state(grid.cells[0]))
        if len(calls) == 5:
            finish(folder)
            lock.release()

    stub = Stub(1, busy)
    assert run(grid, stub, watch).failures == {}
    assert len(stub.given) == 1


def test_a_cell_is_done_once_its_job_has_ended(tmp_path: Path) -> None:
    """The folder says so a moment before the process is gone."""
    grid = a_grid(tmp_path, a_cell(tmp_path, 0))

    def work(folder: Path) -> str:
        finish(folder)
        return "running"

    stub, seen = Stub(1, work), []

    def watch(made: Schedule) -> None:
        seen.append(made.state(grid.cells[0]))
        if len(seen) == 3:
            stub.open["1"] = "ended"

    run(grid, stub, watch)
    assert seen == ["running", "running", "running", "done"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_asks_its_jobs_to_stop(tmp_path: Path, number: int) -> None:
    grid = a_grid(tmp_path, *(a_cell(tmp_path, i, shares=str(i)) for i in range(3)))
    stub = Stub(2, lambda folder: "running")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs are started without it
    try:
        with pytest.raises(KeyboardInterrupt):
            run(grid, stub, lambda made: signal.raise_signal(number))
    finally:
        signal.signal(signal.SIGINT, before)
    assert stub.cancelled == ["1", "2"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_starting_over_forgets_all_but_what_is_worked_on(tmp_path: Path) -> None:
    grid = a_grid(tmp_path, *(a_cell(tmp_path, i) for i in range(2)))
    run(grid, Stub(1))
    (grid.place(grid.cells[1]) / "status.json").write_text('{"state": "running"}')
    with FileLock(grid.place(grid.cells[1]) / ".lock"):
        start_over(grid)
        assert [read_status(grid.place(each)).state for each in grid.cells] == ["to do", "running"]


# --- the overview ---------------------------------------------------------------------------------------------------


def test_time_left_follows_from_cells_like_those_that_wait(tmp_path: Path) -> None:
    cells = [
        a_cell(tmp_path, i, label=label, method=method)
        for i, (label, method) in enumerate([("a", "x"), ("a", "x"), ("b", "x"), ("c", "y"), ("b", "x")])
    ]
    grid = a_grid(tmp_path, *cells)
    made = Schedule(grid, Stub(1))
    assert made.seconds_left() is None
    finish(grid.place(cells[0]), 100)
    finish(grid.place(cells[2]), 40)
    made = Schedule(grid, Stub(2))
    assert made.seconds_left() == pytest.approx((100 + 70 + 40) / 2)
    assert summary(made) == "2 of 5 done, 3 to do; about 2 min left"


def test_the_overview_has_a_line_per_row_and_fits(tmp_path: Path) -> None:
    cells = [a_cell(tmp_path, 2 * i + j, label=f"行 {i}") for i in range(6) for j in range(2)]
    grid = a_grid(tmp_path, *cells)
    finish(grid.place(cells[0]))
    finish(grid.place(cells[10]), state="failed", reason="no")
    write_json(grid.place(cells[5]) / "status.json", {"state": "running", "since": time.time() - 200})
    (grid.place(cells[5]) / "output.txt").write_text("  align 120/400 steps\n")
    with FileLock(grid.place(cells[5]) / ".lock"):
        made = Schedule(grid, Stub(1))
        made.failures[cells[10].id] = "no"
        lines = overview(made, 40)
        assert lines[0].startswith("test: 1 of 12 done, 1 running, 9 to do, 1 failed")
        assert lines[1] == "  行 0  s0 ✓  s1 ·"
        assert lines[3] == "  行 2  s4 ·  s5 ▶   3 min  align 120/400 steps"
        assert lines[6] == "  行 5  s10 ✗  s11 ·"
        short = overview(made, 5)
        assert len(short) == 5
        assert lines[3] in short
        assert lines[6] in short
        assert short[-1] == "  and 3 more rows"


def test_elsewhere_than_on_a_terminal_it_says_a_line_per_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = a_grid(tmp_path, *(a_cell(tmp_path, i) for i in range(3)))
    finish(grid.place(grid.cells[0]), 12)

    def work(folder: Path) -> None:
        if "-s2-" in folder.name:
            finish(folder, state="failed", reason="no such word\nand more")
        else:
            finish(folder, 3)

    with Board() as shown:
        run(grid, Stub(1, work), shown.watch)
    assert capsys.readouterr().err.splitlines() == [
        "row, seed 1: running",
        "test: 1 of 3 done, 1 running, 1 to do; about 24 s left",
        "row, seed 1: done in 3 s; 2 of 3 done, 1 running; about 8 s left",
        "row, seed 2: running",
        "row, seed 2: failed: no such word",
    ]


def test_on_a_terminal_it_is_rewritten_in_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "REDRAW", 0.0)
    shown = Board()
    shown.live = True
    run(a_grid(tmp_path, *(a_cell(tmp_path, i) for i in range(2))), Stub(1), shown.watch)
    err = capsys.readouterr().err
    assert err.count("\x1b[2F") == err.count("test: ") - 1
    assert "s0 ✓  s1 ✓" in err.splitlines()[-1] or "s0 ✓  s1 ✓" in err.splitlines()[-2]


# --- cells ----------------------------------------------------------------------------------------------------------


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
    assert read_status(folder).reason.startswith("ZeroDivisionError: by zero (test_grid.py:")

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


# --- what makes a grid ----------------------------------------------------------------------------------------------


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


def test_equal_runs_are_one_cell_however_they_were_asked_for(tmp_path: Path) -> None:
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


# --- the local executor ---------------------------------------------------------------------------------------------


def job(tmp_path: Path, name: str, code: str, **more: Any) -> ccr.Job:
    (tmp_path / name).mkdir()
    return ccr.Job(folder=tmp_path / name, command=(sys.executable, "-c", code), name=name, **more)


def local(tmp_path: Path, jobs: int | None) -> Any:
    return make_executor(Grid(name="g", folder=tmp_path, cells=()), "local", {}, jobs)


def ended(executor: Any, ids: Sequence[str]) -> None:
    deadline = time.monotonic() + 60
    while executor.poll(ids) != ["ended"] * len(ids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_local_shares_out_threads_and_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    shown = (
        "import os, sys; print(os.environ['OMP_NUM_THREADS'], os.environ['CUDA_VISIBLE_DEVICES'], sys.argv[1:]);"
        "sys.stdin.read()"
    )
    executor = local(tmp_path, 4)
    assert executor.slots == 4
    jobs = [job(tmp_path, str(i), shown, gpus=int(i < 3), threads=3 if i == 3 else None) for i in range(4)]
    ids = executor.submit(jobs)
    assert executor.poll(ids) == ["running"] * 4
    for each in executor.running.values():
        each.stdin.close()
    ended(executor, ids)
    told = [(each.folder / "output.txt").read_text().split()[:2] for each in jobs]
    assert told == [["2", "4"], ["2", "7"], ["2", "4"], ["3", "4,7"]]
    assert "--tethered" in (jobs[0].folder / "output.txt").read_text()


def test_local_runs_one_cell_unless_told_and_takes_no_unknown_settings(tmp_path: Path) -> None:
    assert local(tmp_path, None).slots == 1
    grid = Grid(name="g", folder=tmp_path, cells=())
    with pytest.raises(CcrError, match="partition is unknown"):
        make_executor(grid, "local", {"partition": "gpu"}, None)
    with pytest.raises(CcrError, match='no executor is named "locl" \\(did you mean "local"'):
        make_executor(grid, "locl", {}, None)


def test_local_asks_before_it_kills(tmp_path: Path) -> None:
    code = (
        "import signal, time\n"
        "def handle(*_): print('asked', flush=True)\n"
        "signal.signal(signal.SIGINT, handle); print('ready', flush=True)\n"
        "while True: time.sleep(0.05)\n"
    )
    executor, stubborn = local(tmp_path, 1), job(tmp_path, "stubborn", code)
    ids = executor.submit([stubborn])
    output = stubborn.folder / "output.txt"
    deadline = time.monotonic() + 60
    for word, force in (("ready", False), ("asked", True)):
        while word not in output.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        executor.cancel(ids, force)
    ended(executor, ids)
    executor.cancel(ids)  # what has ended is left alone


TETHERED = """
import sys, time
import ccr.pipeline.run
from ccr.grid.cell import run_cell
from pathlib import Path

def execute(config):
    print("begun", flush=True)
    time.sleep(60)

ccr.pipeline.run.execute = execute
run_cell(Path(sys.argv[1]), tethered=True)
"""


def test_a_tethered_cell_stops_gently_once_its_keeper_is_gone(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", TETHERED, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    assert read_status(folder).state == "running"
    process.stdin.close()
    process.wait(timeout=60)
    assert read_status(folder).state == "interrupted"
