"""One run on several processes equals one process: losses, weights, checkpoints, and what happens when one dies."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import test_loop
import tiny
import torch
from processes import together
from torch import Tensor, nn
from torch.nn import functional

from ccr import Batch, CcrError, Method, Phase, Player, TextBatch
from ccr.training import parallel
from ccr.training.journal import Journal
from ccr.training.loop import Progressed, Stage, Trainer
from ccr.world import World, world


class Small(test_loop.Small):
    """Without dropout; its table's gradients are sparse, and rows move only when they are seen."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(self.table.weight.detach(), freeze=False, sparse=True)
        self.drop = nn.Dropout(0.0)

    def players(self, phase: Phase) -> list[Player]:
        critic, main = super().players(phase)
        return [critic, Player(name="main", params=main.params, lr=0.02, lazy_rows=[self.table.weight])]


def small_training(folder: Path, stop_after: int = 0) -> dict[str, Tensor]:
    method = Small()
    trained = test_loop.trainer(method, folder, stop_after)
    try:
        at = trained.run()
    except KeyboardInterrupt:
        at = Progressed()
    scores = [v["score"] for v in at.validations]
    return {**method.state_dict(), "scores": torch.tensor(scores, dtype=torch.float64)}


def equal(one: dict[str, Tensor], other: dict[str, Tensor], tolerance: float = 2e-5) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(
            other[name], value, rtol=tolerance, atol=tolerance, msg=lambda m, n=name: f"{n}: {m}"
        )


def terms(folder: Path) -> list[dict[str, float]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row | {"phase": len(row["phase"])} for row in rows]


@pytest.mark.parametrize("size", [2, 3])
def test_several_processes_train_as_one_does(tmp_path: Path, size: int) -> None:
    """An adversarial critic that moves at once, a lazy table, selection by validation, two phases of twelve steps."""
    alone = small_training(tmp_path / "alone")
    found = together(size, lambda: small_training(tmp_path / "run"), tmp_path / "out")
    for other in found:
        equal(alone, other)
        assert all(torch.equal(found[0][name], other[name]) for name in other), "all processes hold the same"
    one, many = terms(tmp_path / "alone"), terms(tmp_path / "run")
    assert [row.keys() for row in one] == [row.keys() for row in many]
    for row, other in zip(one, many, strict=True):
        assert row == pytest.approx(other, rel=1e-4, abs=1e-6)
