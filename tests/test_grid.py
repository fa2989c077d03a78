"""Grids: the schedule of their cells, and the overview."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from grids import Stub, a_cell, a_grid, finish, run

from ccr.config import RunConfig
from ccr.files import write_json
from ccr.grid import board, schedule
from ccr.grid.board import Board, overview, summary
from ccr.grid.cell import read_status
from ccr.grid.schedule import Schedule, start_over


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


# --- the overview ----------------------------------------------------------------------------------------------------


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
