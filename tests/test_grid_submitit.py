"""The executor `submitit`: what it asks Slurm for, and cells under submitit's own local stand-in for it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from grids import ended, job, make

from ccr.errors import CcrError

pytest.importorskip("submitit")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SLURM = {
    "srun": "",
    # every array gets the next number; the batch files are kept
    "sbatch": "n=$(($(ls $HERE/*.batch 2>/dev/null | wc -l) + 1))\n"
    'cp "$1" $HERE/$n.batch\necho "Submitted batch job $n"',
    "sacct": "cat $HERE/states",
    "scancel": 'echo "$@" >> $HERE/cancelled',
    "scontrol": '[ "$1" = show ] && cat $HERE/shown || echo "$@" >> $HERE/requeued',
}


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Slurm's commands, which write down what they are asked; `sacct` prints the file `states`."""
    here = tmp_path / "slurm"
    here.mkdir()
    for name, body in SLURM.items():
        (here / name).write_text(f"#!/bin/sh\nHERE={here}\n{body}\n")
        (here / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:/usr/bin:/bin")
    return here


def told(batch: Path) -> dict[str, str]:
    """What a batch file asks of Slurm, by option."""
    return dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", batch.read_text(), re.M))


def test_cells_become_arrays_in_chunks_that_ask_for_what_the_cells_need(slurm: Path, tmp_path: Path) -> None:
    given = {"partition": "a100", "time": 90, "grace": 60, "mem": 32, "cpus": 8, "parallel": 2, "chunk": 2}
    executor = make(tmp_path, "submitit", {**given, "setup": ["module load cuda"]}, None)
    assert executor.slots is None, "the queue is Slurm's"
    jobs = [job(tmp_path / "grid", f"c{i}", "", gpus=2 if i == 1 else 1) for i in range(4)]
    ids = executor.submit(jobs)
    assert ids == ["1_0", "3", "1_1", "2"], "three of one GPU in two chunks, and one of two"
    first, third = told(slurm / "1.batch"), told(slurm / "3.batch")
    assert first["array"] == "0-1%2"
    assert (first["partition"], first["time"], first["mem"]) == ("a100", "90", "32GB")
    assert (first["cpus-per-task"], first["gpus-per-node"], third["gpus-per-node"]) == ("8", "1", "2")
    assert first["signal"] == "USR2@60"
    assert "module load cuda\n" in (slurm / "1.batch").read_text()


def test_what_is_not_set_is_left_to_the_cluster(slurm: Path, tmp_path: Path) -> None:
    executor = make(tmp_path, "submitit", {}, 7)
    assert executor.slots == 7
    executor.submit([job(tmp_path / "grid", "c", "")])
    assert {"partition", "mem", "cpus-per-task", "gpus-per-node", "account", "array"}.isdisjoint(
        told(slurm / "1.batch")
    )


def test_slurms_words_for_what_became_of_a_job(slurm: Path, tmp_path: Path) -> None:
    words = ["PENDING", "RUNNING", "COMPLETING", "COMPLETED", "FAILED", "NODE_FAIL", "TIMEOUT", "PREEMPTED", "REQUEUED"]
    (slurm / "states").write_text(
        "JobID|State|NodeList\n" + "".join(f"1_{i}|{word}|n1\n" for i, word in enumerate(words))
    )
    executor = make(tmp_path, "submitit", {}, None)
    ids = executor.submit([job(tmp_path / "grid", f"c{i}", "") for i in range(len(words))])
    assert dict(zip(words, executor.poll(ids), strict=True)) == {
        "PENDING": "waiting",
        "RUNNING": "running",
        "COMPLETING": "running",
        "COMPLETED": "ended",
        "FAILED": "ended",
        "NODE_FAIL": "lost",
        "TIMEOUT": "lost",
        "PREEMPTED": "lost",
        "REQUEUED": "waiting",
    }
    executor.cancel(ids)
    assert (slurm / "cancelled").read_text().split() == ["1_0", "1_1", "1_2", "1_8"], "what is over is left alone"


def test_without_slurm_it_says_so_or_runs_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CcrError, match=r"executor\.cluster=slurm: no srun is on this machine's path"):
        make(tmp_path, "submitit", {"cluster": "slurm"}, None)
    assert make(tmp_path, "submitit", {}, None).slots == 1
    with pytest.raises(CcrError, match=r'executor\.partion is unknown \(did you mean "partition"\?\)'):
        make(tmp_path, "submitit", {"partion": "gpu"}, None)


def local(tmp_path: Path, **settings: Any) -> Any:
    return make(tmp_path, "submitit", {"cluster": "local", **settings}, 2)


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def until(path: Path, word: str) -> None:
    deadline = time.monotonic() + 40
    while word not in read(path):
        assert time.monotonic() < deadline, read(path)
        time.sleep(0.05)


# a cell that works until it is asked to stop, then saves its state; with that state it finishes
CELL = """
import os, pathlib, sys
state = pathlib.Path({state!r})
state.with_name("keeper").write_text(str(os.getppid()))
print("again" if state.exists() else "begun", sys.argv[1:], flush=True)
if not state.exists():
    sys.stdin.read()  # until it is asked to stop
    state.write_text("checkpoint")
    print("saved", flush=True)
    sys.exit(130)
print("done", flush=True)
"""


@pytest.mark.slow
def test_a_cell_that_runs_out_of_time_is_queued_again_and_resumes(tmp_path: Path) -> None:
    executor = local(tmp_path, time=0.2, grace=6)
    one = job(tmp_path / "grid", "one", CELL.format(state=str(tmp_path / "state")), gpus=1)
    ids = executor.submit([one])
    assert executor.poll(ids) == ["running"]
    ended(executor, ids)
    lines = read(one.folder / "output.txt").splitlines()
    assert lines == ["begun ['--tethered']", "saved", "again ['--tethered']", "done"]
    assert not list((tmp_path / "grid").glob("*.pkl"))


@pytest.mark.slow
def test_a_cell_that_is_preempted_is_queued_again_and_resumes(tmp_path: Path) -> None:
    executor = local(tmp_path, time=60)
    one = job(tmp_path / "grid", "one", CELL.format(state=str(tmp_path / "state")))
    ids = executor.submit([one])
    until(one.folder / "output.txt", "begun")
    os.kill(int((tmp_path / "keeper").read_text()), signal.SIGUSR2)
    ended(executor, ids)
    assert [line.split()[0] for line in read(one.folder / "output.txt").splitlines()] == [
        "begun", "saved", "again", "done"
    ]  # fmt: skip


@pytest.mark.slow
def test_cancelled_a_cell_saves_its_state_and_cancelled_again_it_is_killed(tmp_path: Path) -> None:
    executor = local(tmp_path)
    stubborn = "import sys, time; print('begun', flush=True); sys.stdin.read(); print('asked', flush=True); "
    stubborn += "time.sleep(300)"
    jobs = [
        job(tmp_path / "grid", "good", CELL.format(state=str(tmp_path / "state"))),
        job(tmp_path / "grid", "stubborn", stubborn),
    ]
    ids = executor.submit(jobs)
    for each in jobs:
        until(each.folder / "output.txt", "begun")
    executor.cancel(ids)
    until(jobs[1].folder / "output.txt", "asked")
    ended(executor, ids[:1])
    assert (tmp_path / "state").read_text() == "checkpoint"
    executor.cancel(ids, force=True)
    ended(executor, ids)


@pytest.mark.parametrize(
    ("shown", "requeued"),
    [
        ("PreemptEligibleTime=2026-01-01T00:00:00 PreemptTime=2026-01-01T00:09:00\n", "requeue 7_2"),
        ("PreemptEligibleTime=2026-01-01T00:00:00 PreemptTime=None\n", ""),
    ],
)
def test_a_preempted_cell_that_saved_its_state_asks_for_another_start(
    slurm: Path, tmp_path: Path, shown: str, requeued: str
) -> None:
    """A cancelled one gets the same signal, and does not."""
    (slurm / "shown").write_text(shown)
    cell = "import sys; print('begun', flush=True); sys.stdin.read(); sys.exit(130)"
    code = "import sys; from ccr_submitit.command import Command; sys.exit(Command(sys.argv[2:], sys.argv[1], {})())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), sys.executable, "-c", cell],
        env={
            **os.environ, "SUBMITIT_EXECUTOR": "slurm", "SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7",
            "SLURM_ARRAY_TASK_ID": "2", "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )  # fmt: skip
    until(tmp_path / "output.txt", "begun")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == (1 if requeued else 130)
    assert read(slurm / "requeued").strip() == requeued


def test_what_is_stored_for_a_job_is_words(tmp_path: Path) -> None:
    """No code of a run travels: the stored bytes name the command's class and hold its words."""
    import cloudpickle
    from ccr_submitit.command import Command

    stored = cloudpickle.dumps(Command([sys.executable, "-m", "ccr", "cell", "/x/cells/a"], "/x/cells/a", {}))
    assert b"ccr_submitit.command" in stored
    assert b"/x/cells/a" in stored
    assert len(stored) < 1000
    assert json.dumps(Command(["a"], "b", {"c": "d"}).checkpoint().function.words) == '[["a"], "b", {"c": "d"}]'
