"""`ccr run --gpus N`: the same command in N processes of this machine, by torchrun's own launcher."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from ccr.errors import CcrError
from ccr.world import INTERRUPTED, LOST, NOTE

GRACE = 60  # seconds that processes get to write a checkpoint once they are asked to stop


def launch(words: Sequence[str], processes: int, device: str) -> int:
    """Run `ccr WORDS` in several processes that meet each other; the exit code.

    Raises CcrError where this machine cannot run as many, and where a process ends without having said why.
    """
    _require_gpus(processes, device)
    with TemporaryDirectory(prefix="ccr-") as folder:
        note = Path(folder) / "note"
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id=str(os.getpid()),
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            local_addr="localhost",
            max_restarts=0,
            monitor_interval=0.2,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        with _environment(processes, note):
            try:
                elastic_launch(config, sys.executable)("-m", "ccr", *words)
            except SignalException as error:
                raise KeyboardInterrupt from error
            except ChildFailedError as error:
                codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
                return _told(codes, processes, note.read_text(encoding="utf-8") if note.exists() else "")
    return 0


def _told(codes: Mapping[int, int], processes: int, note: str) -> int:
    """The exit code, where the processes said why they ended."""
    if INTERRUPTED in codes.values():
        raise KeyboardInterrupt
    # who was asked to stop, or stopped because another one had gone, is not the one
    first = min(codes, key=lambda rank: (codes[rank] in (LOST, -signal.SIGTERM), codes[rank] == -signal.SIGABRT, rank))
    code = codes[first]
    if code == CcrError.exit_code:
        return code
    how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with exit code {code}"
    raise CcrError(
        f"process {first} of the run's {processes} (0 to {processes - 1}) {how}; "
        f"the same command goes on from {note or 'what it has stored'}"
    )


def _require_gpus(processes: int, device: str) -> None:
    here = torch.cuda.device_count()
    if device == "cpu":
        return
    if device not in ("auto", "cuda"):
        raise CcrError(f"--gpus {processes} takes the machine's first GPUs; it cannot be used with --device {device}")
    if here < processes:
        found = f"{here} GPU{'' if here == 1 else 's'}" if here else "no GPU"
        raise CcrError(f"--gpus {processes}: this machine has {found}; --device cpu runs as many processes on the CPU")


@contextmanager
def _environment(processes: int, note: Path) -> Iterator[None]:
    """What the processes inherit. torchrun's own reports are held back: what matters is told in one sentence."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given: dict[str, Any] = {
        NOTE: str(note),
        "OMP_NUM_THREADS": max(1, cores // processes),
        "TORCH_CPP_LOG_LEVEL": "ERROR",
        "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": GRACE,
    }
    added = {name: str(value) for name, value in given.items() if name not in os.environ}
    os.environ.update(added)
    quiet = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(quiet)
        for name in added:
            del os.environ[name]
