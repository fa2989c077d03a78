"""A cell: one run of a grid, as a folder that any machine can work on.

cell.json    the run's configuration as plain values, its row's title, the folder that the command is to be run in
status.json  what became of it: running, done, failed or interrupted
output.txt   what the command printed
.lock        held while somebody works on the cell
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs
from attrs import frozen
from filelock import FileLock, Timeout

from ccr.config import RunConfig
from ccr.errors import CcrError
from ccr.files import write_json
from ccr.loading import why
from ccr.progress import say
from ccr.settings import Faults, build
from ccr.specs import Job

if TYPE_CHECKING:
    from ccr.results.run import Run

BUSY = 75
"""Exit code of a cell that somebody else works on."""

PATIENCE = 5.0  # seconds; who looks whether a lock is held holds it for a moment

State = Literal["to do", "running", "done", "failed", "interrupted"]


@frozen(kw_only=True)
class Cell:
    """One run of a grid."""

    id: str  # equal cells, whose runs would be one, have one id
    label: str  # what people call its row
    title: str  # of its row in tables; "" = tables find their own
    seed: int
    config: Mapping[str, Any]  # fields of RunConfig as plain values, those at their defaults left out
    shares: str  # equal for cells that stand on the same English encoder and features

    @property
    def name(self) -> str:
        return re.sub(r"[^\w.-]+", "_", f"{self.config['method']}-s{self.seed}-{self.id[:8]}")

    @property
    def takes_gpu(self) -> bool:
        return self.config.get("device", "auto") in ("auto", "cuda")

    def job(self, folder: Path) -> Job:
        command = (sys.executable, "-m", "ccr", "cell", str(folder))
        threads = self.config.get("threads")
        gpus = (self.config.get("gpus") or 1) if self.takes_gpu else 0
        return Job(folder=folder, command=command, name=self.name, gpus=gpus, threads=threads)


@frozen
class Status:
    """What became of a cell, as its folder says."""

    state: State = "to do"
    reason: str = ""  # of a failure, one sentence
    run: Path | None = None  # folder of the finished run
    seconds: float = 0.0  # spent on it so far, over all starts; of a running one, up to its last start
    since: float = 0.0  # of a running one: when it was started, seconds since 1970
    host: str = ""

    @property
    def finished(self) -> bool:
        return self.state == "done"


def write_cell(cell: Cell, folder: Path) -> None:
    """Put a cell's configuration into its folder, made if need be."""
    value = {"label": cell.label, "title": cell.title, "cwd": str(Path.cwd()), "config": dict(cell.config)}
    path = folder / "cell.json"
    if _read(path) != value:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, value)


def read_status(folder: Path) -> Status:
    """What became of the cell in a folder. One that was running and is locked by nobody was interrupted."""
    said = _read(folder / "status.json")
    if not isinstance(said, dict):
        said = {}
    run = (folder / said["run"]).resolve() if said.get("run") else None
    state: State = said.get("state", "to do")
    if state == "done" and not (run and (run / "result.json").exists()):
        state, run = "to do", None
    if state != "done" and _locked(folder):
        state = "running"
    elif state == "running":
        state = "interrupted"
    return Status(
        state=state,
        reason=said.get("reason", ""),
        run=run,
        seconds=float(said.get("seconds", 0.0)),
        since=float(said.get("since", 0.0)),
        host=said.get("host", ""),
    )


def run_cell(folder: Path, tethered: bool = False) -> int:
    """Run the cell in a folder, or go on with it; the exit code.

    Raises what the run raises, once it is written down.
    """
    folder = folder.absolute()
    config = _config(folder)
    if tethered:
        _stop_when_stdin_closes()
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        say(f"{folder} is being worked on by another process")
        return BUSY
    try:
        before = read_status(folder)
        if before.finished and not config.fresh:
            say(f"{folder} is done: {before.run}")
            return 0
        _carry_out(folder, config, before.seconds)
    finally:
        lock.release()
    return 0


def mark_to_do(folder: Path) -> None:
    """Forget what became of a cell."""
    (folder / "status.json").unlink(missing_ok=True)


def _carry_out(folder: Path, config: RunConfig, spent: float) -> None:
    started = time.time()

    def note(state: State, **more: Any) -> None:
        seconds = spent + (time.time() - started if state != "running" else 0.0)
        said = {"state": state, "seconds": round(seconds, 2), "since": round(started, 2), "host": socket.gethostname()}
        write_json(folder / "status.json", {**said, **more})

    note("running", pid=os.getpid())
    try:
        run = _execute(config, folder)
    except KeyboardInterrupt:
        note("interrupted")
        raise
    except BaseException as error:
        note("failed", reason=why(error))
        raise
    note("done", run=os.path.relpath(run.folder.resolve(), folder.resolve()))  # a grid's folder may be moved


def _execute(config: RunConfig, folder: Path) -> Run:
    from ccr.pipeline.run import execute

    if (config.gpus or 1) == 1:
        return execute(config)
    from ccr.pipeline.launch import launch

    write_json(folder / "run.json", _read(folder / "cell.json")["config"])  # JSON is YAML, too
    if launch(["run", "--config", str(folder / "run.json")], config.gpus or 1, config.device):
        raise CcrError(f"its processes could not run it; {folder / 'output.txt'} says why")
    return execute(attrs.evolve(config, gpus=None, fresh=False))  # finds it finished


def _config(folder: Path) -> RunConfig:
    path = folder / "cell.json"
    value = _read(path)
    if value is None:
        raise CcrError(f"{path} is not there: {folder} is no cell; ccr sweep and ccr ablate make them")
    if not isinstance(value, dict) or not isinstance(value.get("config"), dict):
        raise CcrError(f"{path} is not whole; give the command that made it again")
    if value.get("cwd") and Path(value["cwd"]).is_dir():
        os.chdir(value["cwd"])  # its registry.yaml counts, and datasets may be named by a path
    faults = Faults(str(path))
    config = build(RunConfig, value["config"], (), faults)
    faults.check()
    assert isinstance(config, RunConfig)
    return config


def _read(path: Path) -> Any:
    """JSON, or None where it is not there; "" where it is not whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return ""


def _locked(folder: Path) -> bool:
    lock = FileLock(folder / ".lock")
    if not folder.is_dir() or not (folder / ".lock").exists():
        return False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _stop_when_stdin_closes() -> None:
    """Stop gently once who started this process is gone."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs of a shell begin with it ignored

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()
