"""A run's folder.

config.json            the resolved configuration and the identity that the run id is the hash of
provenance.json        versions, commit, device, digests of the code that ran
log.jsonl              losses and validation scores, step by step
checkpoint.safetensors the training state while it trains; gone when the run is finished
model.safetensors      the selected trainable tensors
ranks.npz              the rank of every query, with its tie interval
result.json            written last: a run is finished when it is there
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from filelock import FileLock, Timeout

from ccr.errors import CcrError
from ccr.files import replacing, write_json
from ccr.world import world

WEIGHTS = "model.safetensors"


@frozen
class Run:
    """One run: one method, one seed."""

    id: str
    folder: Path
    config: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        return (self.folder / "result.json").exists()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within it no other process works on this run; CcrError if one does."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder.with_name(f".{self.folder.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise CcrError(f"{self.folder} is being worked on by another process; wait for it, or stop it") from None
        try:
            yield
        finally:
            lock.release()

    def read(self, name: str) -> Any:
        """One of the folder's JSON files."""
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CcrError(f"{path} is not there: {self.folder} is no run folder, or the run is not finished") from None
        except ValueError as error:
            raise CcrError(f"{path} is not whole ({error}); run the same command again with --fresh") from error

    def write(self, name: str, value: Any) -> None:
        """Write one of the folder's JSON files, whole or not at all. Of several processes the leader writes."""
        if world().leads:
            write_json(self.folder / name, value)

    def write_arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Write an npz of plain arrays (numbers and fixed-width strings: no objects, no pickle). The leader writes."""
        if not world().leads:
            return
        with replacing(self.folder / name) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)  # type: ignore[arg-type]


def run_folder(root: Path, dataset: str, protocol: str, method: str, seed: int, run_id: str) -> Path:
    """`runs/scenes-finetune/dasd-s0-3fa2b1c9`."""
    return root / f"{dataset}-{protocol}" / f"{method}-s{seed}-{run_id[:8]}"
