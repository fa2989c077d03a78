"""Runs checks in a process of their own, and tells their outcomes as they come.

A check that hangs, or that takes its process with it, fails alone: the rest goes on in a new process.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import define, field

from ccr.host import Host
from ccr.testing.subjects import Outcome, Subject, find_subjects

LIMIT = 180.0  # seconds that one check may take
PREPARING = 600.0  # seconds for what stands before the first check: imports, the tiny world
POLL = 0.05
FOLDERS = ("work", "home", "cache", "tmp")
REAL_CACHES = {"HF_HOME": "huggingface", "TORCH_HOME": "torch"}  # models that are there may be read


def check_plugin(
    name: str, kind: str | None = None, *, registry: Path | None = None, limit: float = LIMIT
) -> list[Outcome]:
    """Check what NAME[:ARGUMENT] stands for; `limit` is what one check may take, in seconds."""
    return list(run_checks(find_subjects(Host.load(registry), name, kind), registry=registry, limit=limit))


def run_checks(subjects: Sequence[Subject], *, registry: Path | None = None, limit: float = LIMIT) -> Iterator[Outcome]:
    """The outcomes of all checks of all subjects."""
    if registry is None and Path("registry.yaml").is_file():
        registry = Path("registry.yaml")
    with tempfile.TemporaryDirectory(prefix="ccr-check-") as folder:
        root = Path(folder).resolve()
        session = _Session(root, list(subjects), registry and registry.absolute(), limit)
        while not session.done:
            yield from session.run()


@define
class _Session:
    root: Path
    subjects: list[Subject]
    registry: Path | None
    limit: float
    done: bool = False
    _told: list[tuple[str, str, str]] = field(factory=list)
    _given_up: list[tuple[str, str]] = field(factory=list)

    def run(self) -> Iterator[Outcome]:
        """One process, to its end or to the check that stops it."""
        for name in FOLDERS:
            shutil.rmtree(self.root / name, ignore_errors=True)
            (self.root / name).mkdir()
        report = self.root / "report.jsonl"
        report.write_bytes(b"")
        task = {
            "subjects": [[s.kind, s.name, s.argument] for s in self.subjects],
            "registry": str(self.registry) if self.registry else None,
            "told": self._told,
            "given_up": self._given_up,
        }
        (self.root / "task.json").write_text(json.dumps(task), encoding="utf-8")
        with (self.root / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "ccr.testing", str(self.root)],
                cwd=self.root / "work",
                env=_environment(self.root),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # so that what it starts ends with it
            )
            try:
                yield from self._follow(process, report)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _follow(self, process: subprocess.Popen[bytes], report: Path) -> Iterator[Outcome]:
        running: dict[str, Any] = {}
        since = time.monotonic()
        with report.open(encoding="utf-8") as lines:
            rest = ""
            while True:
                ended = process.poll() is not None  # asked before reading: what it wrote last is still read
                rest += lines.read()
                *whole, rest = rest.split("\n")
                for line in whole:
                    row, since = json.loads(line), time.monotonic()
                    if "outcome" in row:
                        running = {}
                        yield self._tell(Outcome(**row["outcome"]))
                    elif "start" in row:
                        running = row["start"]
                    else:
                        self.done = True
                        return
                late = time.monotonic() - since
                if ended or late > (self.limit if running else PREPARING):
                    reason = f"it ended its process, exit code {process.returncode}{self._last_words()}"
                    if not ended:
                        reason = f"it did not end within {self.limit:g} s"
                    if not running:
                        raise RuntimeError(f"the checks could not be run: {reason}")
                    basis, mend = running.pop("basis"), running.pop("mend")
                    if basis:
                        self._given_up.append((running["kind"], running["name"]))
                    yield self._tell(
                        Outcome(**running, status="fail", message=reason, mend=mend, seconds=round(late, 2))
                    )
                    return
                time.sleep(POLL)

    def _tell(self, outcome: Outcome) -> Outcome:
        self._told.append((outcome.kind, outcome.name, outcome.check))
        return outcome

    def _last_words(self) -> str:
        words = (self.root / "stderr").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f": {words[-1]}" if words else ""


def _environment(root: Path) -> dict[str, str]:
    """The parent's, with all that is written led into `root`, and no way to a model hub."""
    home = Path.home()
    caches = {key: os.environ.get(key, str(home / ".cache" / name)) for key, name in REAL_CACHES.items()}
    return {
        "OMP_NUM_THREADS": "1",
        **os.environ,
        **caches,
        "HOME": str(root / "home"),
        "XDG_CACHE_HOME": str(root / "cache"),
        "MPLCONFIGDIR": str(root / "cache"),
        "CCR_CACHE": str(root / "cache"),
        "TMPDIR": str(root / "tmp"),
        "TORCHINDUCTOR_CACHE_DIR": str(root / "cache"),  # torch sets it, and so hands it down from this process
        "CUDA_VISIBLE_DEVICES": "",  # all is tiny, and compared with what a CPU gives
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path),
    }
