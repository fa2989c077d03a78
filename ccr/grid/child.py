"""A job's command as a child process, for whoever keeps cells running: an executor, or its worker elsewhere."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Child:
    """A cell's command, started at once; what it prints is appended to output.txt in `folder`.

    It is tethered: it stops, with a checkpoint, when this process is gone, however it went. Signals to this process's
    group do not reach it. `environment` is laid over this process's.
    """

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.code: int | None = None  # exit code, negative for a signal; None = it runs
        with (folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [*command, "--tethered"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C is ours to pass on
            )
        # a thread waits, since a lock inside Popen makes `wait` and `poll` unsafe in signal handlers
        threading.Thread(target=self._reap, daemon=True).start()

    def stop(self, force: bool = False) -> None:
        """Ask it to stop, with a checkpoint; `force` kills it. Nothing once it has ended."""
        if self.code is None and force:
            self._process.kill()
        elif self._process.stdin:  # heard by a cell that has only begun, and wherever Ctrl-C is ignored
            self._process.stdin.close()

    def wait(self) -> int:
        """Its exit code, once it has ended. An exception raised here meanwhile, such as KeyboardInterrupt, stops it
        and goes on once it has ended."""
        try:
            return self._ended()
        except BaseException:
            self.stop()
            self._ended()
            raise

    def _ended(self) -> int:
        while self.code is None:
            time.sleep(0.05)
        return self.code

    def _reap(self) -> None:
        self.code = self._process.wait()
