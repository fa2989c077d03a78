"""On a GPU: every method trains as it does on the CPU. Skipped where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from test_distributed import METHODS, captions, shipped

from ccr import Batch, Phase, TextBatch
from ccr.evaluation.ranks import both_directions
from ccr.training.journal import Journal
from ccr.training.loop import Stage, Trainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch can use")

STEPS, ROWS = 10, 11  # of each phase


def trained(plugin: str, device: torch.device, folder: Path) -> tuple[list[dict], dict[str, torch.Tensor]]:
    """The log of ten steps of each phase in fp32, and features of captions that it has not seen."""
    method = shipped(plugin).to(device)

    def text(given: TextBatch) -> TextBatch:
        return TextBatch(given.lang, given.texts, given.ids.to(device), given.lengths.to(device))

    def batch(step: int) -> Batch:
        made = captions(ROWS, ("de", "cs")[step % 2], step)
        source, image = made.source_features.to(device), made.image_features.to(device)
        return Batch(text(made.text), made.source and text(made.source), source, image, made.other.to(device))

    stages = [
        Stage(Phase(name, STEPS, ROWS), lambda step, at=at: batch(STEPS * at + step))
        for at, name in enumerate(("align", "match"))
    ]
    folder.mkdir()
    Trainer(method, stages, lambda: 0.0, folder, Journal(folder / "log.jsonl"), 0, device).run()
    with torch.no_grad():
        features = {lang: method(text(captions(8, lang, 99).text))["text"].cpu() for lang in ("de", "cs")}
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()], features


@pytest.mark.parametrize("plugin", METHODS)
def test_every_method_trains_on_a_gpu_as_on_the_cpu(plugin: str, tmp_path: Path) -> None:
    losses, features = trained(plugin, torch.device("cpu"), tmp_path / "cpu")
    found, there = trained(plugin, torch.device("cuda"), tmp_path / "cuda")
    assert len(found) == 2 * STEPS
    for row, expected in zip(found, losses, strict=True):
        assert row.pop("phase") == expected.pop("phase")
        assert row == pytest.approx(expected, rel=1e-3, abs=1e-3)
    for lang, value in features.items():
        torch.testing.assert_close(there[lang], value, rtol=1e-2, atol=1e-2)


def test_ranks_on_a_gpu_are_those_of_the_cpu() -> None:
    draws = torch.Generator().manual_seed(0)
    text, image = torch.randn(700, 32, generator=draws), torch.randn(600, 32, generator=draws)
    owner = torch.arange(700) % 600
    here = both_directions(text, image, owner)
    there = both_directions(text.cuda(), image.cuda(), owner.cuda())
    for one, other in zip(here, there, strict=True):
        assert (one.lo - other.lo).abs().max() <= 1  # a last bit may turn two neighbours
        assert (one.lo == other.lo).float().mean() > 0.99
