"""Several processes of one run on this machine, over gloo: functions here, commands in test_distributed.py."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from ccr import world as processes


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def together(
    size: int, work: Callable[[], dict[str, Tensor]], folder: Path, dies: int | None = None
) -> list[dict[str, Tensor]]:
    """What `work` gives in each of `size` processes, forked from this one so that they need not import torch.

    The process of rank `dies` is to be killed by `work`; it gives nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    fork = multiprocessing.get_context("fork")
    started = [fork.Process(target=_one, args=(rank, size, port, work, folder)) for rank in range(size)]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        process.kill()
        process.join()
    faults = [path.read_text() for path in sorted(folder.glob("fault-*.txt"))]
    assert not faults, "\n".join(faults)
    assert [process.exitcode for process in started] == [-signal.SIGKILL if r == dies else 0 for r in range(size)]
    return [load_file(folder / f"{rank}.safetensors") for rank in range(size) if rank != dies]


def _one(rank: int, size: int, port: int, work: Callable[[], dict[str, Tensor]], folder: Path) -> None:
    environment: dict[str, Any] = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in environment.items()}, MASTER_ADDR="127.0.0.1")
    code = 1
    try:
        processes.join()
        found = work()
        save_file({name: value.detach().contiguous() for name, value in found.items()}, folder / f"{rank}.safetensors")
        processes.leave()
        code = 0
    except BaseException:
        (folder / f"fault-{rank}.txt").write_text(traceback.format_exc())
    finally:
        os._exit(code)
