"""Several processes of one training on this machine, forked from this one."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable
from pathlib import Path

from ccr import world
from ccr.loading import why
from ccr.testing.checks import Failed


def together(size: int, work: Callable[[world.World], None], folder: Path) -> None:
    """Run `work` in `size` processes that have met each other. Raises Failed with what the first of them raised."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    started = [fork.Process(target=_one, args=(rank, size, port, work, folder)) for rank in range(size)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    for fault in sorted(folder.glob("fault-*.txt")):
        raise Failed(f"of {size} processes, one ended so: {fault.read_text(encoding='utf-8')}")
    if any(process.exitcode for process in started):
        raise Failed(f"of {size} processes, one ended with exit code {max(p.exitcode or 0 for p in started)}")


def _one(rank: int, size: int, port: int, work: Callable[[world.World], None], folder: Path) -> None:
    met = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_PORT": port, "MASTER_ADDR": "127.0.0.1"}
    os.environ.update({name: str(value) for name, value in met.items()})
    code = 1
    try:
        work(world.join())
        world.leave()
        code = 0
    except BaseException as error:
        (folder / f"fault-{rank}.txt").write_text(why(error), encoding="utf-8")
    finally:
        os._exit(code)
