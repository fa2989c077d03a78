"""The executor `ray`, on a cluster that the tests start."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grids import a_cell, a_grid, ended, job, make

from ccr.errors import CcrError
from ccr.grid.cell import Cell, read_status
from ccr.grid.schedule import Schedule
from ccr.specs import Job

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Two cores that Ray may use, and no GPU."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "plugins")])
    ray.init(
        address="local",
        num_cpus=2,
        num_gpus=0,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": path}},
    )
    yield
    ray.shutdown()


def until(executor: Any, one: Any, word: str) -> None:
    deadline = time.monotonic() + 40
    output = one.folder / "output.txt"
    while not (output.exists() and word in output.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


SLEEPS = """
import os, sys, time
print("begun", os.getpid(), os.getppid(), flush=True)
sys.stdin.read()  # until it is asked to stop
print("saved", flush=True)
sys.exit(130)
"""


def test_cells_wait_for_room_run_and_end(cluster: None, tmp_path: Path) -> None:
    executor = make(tmp_path, "ray", {"cpus": 1.5}, None)
    assert executor.slots is None
    shown = "import os, sys, time; print(os.environ['OMP_NUM_THREADS'], sys.argv[1:], flush=True); time.sleep(1)"
    jobs = [job(tmp_path, f"c{i}", shown, gpus=1, threads=1) for i in range(2)]
    ids = executor.submit(jobs)
    seen = set()
    deadline = time.monotonic() + 40
    while (states := tuple(executor.poll(ids))) != ("ended", "ended"):
        assert time.monotonic() < deadline
        seen.add(states)
        time.sleep(0.02)
    assert ("running", "running") not in seen, "there is room for one"
    assert ("running", "waiting") in seen or ("waiting", "running") in seen
    assert [(each.folder / "output.txt").read_text() for each in jobs] == ["1 ['--tethered']\n"] * 2


@pytest.mark.parametrize("victim", ["cell", "worker"])
def test_a_killed_process_is_a_lost_job(cluster: None, tmp_path: Path, victim: str) -> None:
    executor = make(tmp_path, "ray", {}, None)
    one = job(tmp_path, "one", SLEEPS)
    ids = executor.submit([one])
    until(executor, one, "begun")
    cell, worker = map(int, (one.folder / "output.txt").read_text().split()[1:3])
    os.kill(cell if victim == "cell" else worker, signal.SIGKILL)
    deadline = time.monotonic() + 40
    while (state := executor.poll(ids)) == ["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert state == ["lost"]


def test_cancelled_a_cell_saves_its_state(cluster: None, tmp_path: Path) -> None:
    executor = make(tmp_path, "ray", {}, None)
    running, waiting = job(tmp_path, "running", SLEEPS), job(tmp_path, "waiting", SLEEPS, threads=2)
    ids = executor.submit([running])
    until(executor, running, "begun")
    ids += executor.submit([waiting])
    assert executor.poll(ids) == ["running", "waiting"]
    executor.cancel(ids)
    ended(executor, ids)
    assert (running.folder / "output.txt").read_text().endswith("saved\n")
    assert not (waiting.folder / "output.txt").exists()


WORKS = """
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
first = not (folder / "checkpoint").exists()
status = {"state": "running", "since": time.time()}
(folder / "status.json").write_text(json.dumps(status))
(folder / "checkpoint").touch()
if first:
    print("killed", flush=True)
    os.kill(os.getpid(), 9)
(folder / "run").mkdir()
(folder / "run" / "result.json").write_text("{}")
(folder / "status.json").write_text(json.dumps({**status, "state": "done", "run": str(folder / "run")}))
"""


def test_a_grid_gives_a_lost_cell_again(cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = a_grid(tmp_path, *(a_cell(tmp_path, i, shares=str(i)) for i in range(2)))
    monkeypatch.setattr(
        Cell,
        "job",
        lambda self, folder: Job(folder=folder, command=(sys.executable, "-c", WORKS, str(folder)), name=self.name),
    )
    schedule = Schedule(grid, make(tmp_path, "ray", {}, None))
    schedule.run(lambda made: None)
    assert schedule.failures == {}
    assert [read_status(grid.place(each)).state for each in grid.cells] == ["done", "done"]
    assert set(schedule.lost.values()) == {1}


def test_an_address_where_nobody_is_is_told(tmp_path: Path) -> None:
    ray.shutdown()
    executor = make(tmp_path, "ray", {"address": "127.0.0.1:1"}, None)
    with pytest.raises(CcrError, match=r"--set executor\.address: there is no Ray cluster at 127\.0\.0\.1:1"):
        executor.submit([job(tmp_path, "one", "")])
