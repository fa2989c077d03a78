"""The executor `local`: cells as processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from grids import a_cell, ended, job, make

from ccr.errors import CcrError
from ccr.grid.cell import read_status, write_cell


def test_local_shares_out_threads_and_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    shown = (
        "import os, sys; print(os.environ['OMP_NUM_THREADS'], os.environ['CUDA_VISIBLE_DEVICES'], sys.argv[1:]);"
        "sys.stdin.read()"
    )
    executor = make(tmp_path, "local", {}, 4)
    assert executor.slots == 4
    jobs = [job(tmp_path, str(i), shown, gpus=int(i < 3), threads=3 if i == 3 else None) for i in range(4)]
    ids = executor.submit(jobs)
    assert executor.poll(ids) == ["running"] * 4
    for each in executor.running.values():
        each._process.stdin.close()
    ended(executor, ids)
    told = [(each.folder / "output.txt").read_text().split()[:2] for each in jobs]
    assert told == [["2", "4"], ["2", "7"], ["2", "4"], ["3", "4,7"]]
    assert "--tethered" in (jobs[0].folder / "output.txt").read_text()


def test_local_runs_one_cell_unless_told_and_takes_no_unknown_settings(tmp_path: Path) -> None:
    assert make(tmp_path, "local", {}, None).slots == 1
    with pytest.raises(CcrError, match="partition is unknown"):
        make(tmp_path, "local", {"partition": "gpu"}, None)
    with pytest.raises(CcrError, match='no executor is named "locl" \\(did you mean "local"'):
        make(tmp_path, "locl", {}, None)


def test_local_asks_before_it_kills(tmp_path: Path) -> None:
    code = "import sys, time; print('ready', flush=True); sys.stdin.read(); print('asked', flush=True); time.sleep(300)"
    executor, stubborn = make(tmp_path, "local", {}, 1), job(tmp_path, "stubborn", code)
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


def test_a_tethered_cell_stops_gently_once_its_keeper_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "cell"
    write_cell(a_cell(tmp_path, 0), folder)
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
