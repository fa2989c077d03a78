"""The per-step log of a run: one JSON object per line, appended as it happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ccr.files import replacing
from ccr.world import world

Observer = Callable[[str, int, Mapping[str, float]], None]


class Journal:
    """`log.jsonl`. After a resume it holds the steps up to the checkpoint and goes on from there.

    Of several processes the leader writes it.
    """

    def __init__(self, path: Path, observe: Observer | None = None) -> None:
        self.path = path
        self._observe = observe

    def rewind(self, phases: list[str], phase: int, step: int) -> None:
        """Drop what was logged at or after a step of a phase: it will be logged again. A torn last line goes, too."""
        if not world().leads or not self.path.exists():
            return
        kept = []
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            at = (phases.index(row["phase"]), row["step"])
            if at < (phase, step):
                kept.append(line + "\n")
        with replacing(self.path) as temporary:
            temporary.write_text("".join(kept), encoding="utf-8")

    def log(self, phase: str, step: int, values: Mapping[str, float]) -> None:
        """Write one row and tell the observers."""
        if not world().leads:
            return
        row: dict[str, Any] = {"phase": phase, "step": step, **values}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if self._observe:
            self._observe(phase, step, values)
