"""zero-shot-clip: the encoder's own reading of every language, and a run in which nothing trains."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import ccr_zero_shot_clip
import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from ccr_zero_shot_clip.method import ZeroShotClip
from click.testing import CliRunner
from PIL import Image
from torch import Tensor

from ccr import NoSettings, TextBatch
from ccr.cli import main
from ccr.config import RunConfig
from ccr.data.records import unsealed
from ccr.pipeline.plan import resolve

SMALL = (
    "run", "--method", "zero-shot-clip", "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu", "--seed", "5",
    "--protocol", "zero-shot", "--set", "dataset.train=24", "--set", "dataset.val=16", "--set", "dataset.test=20",
    "--set", "corpus.train=24", "--set", "corpus.val=16", "--set", "recipe.vocabulary=300",
)  # fmt: skip


class Reader(tiny.TinyEncoder):
    """Its features say what it was asked to read."""

    def __init__(self) -> None:
        super().__init__()
        self.module = torch.nn.Linear(1, 1)

    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        return torch.tensor([[len(text), ord(lang[0])] for text in texts])

    def encode_texts(self, ids: Tensor) -> Tensor:
        return F.pad(ids.double(), (0, tiny.EMBED - 2))


def test_texts_are_read_by_the_encoder_in_the_language_of_the_batch() -> None:
    method = ZeroShotClip(tiny.context(NoSettings(), ("de", "zh"), encoder=Reader()))
    batch = TextBatch("zh", ("一只狗", ""), torch.zeros(2, 0, dtype=torch.int64), torch.zeros(2, dtype=torch.int64))
    features = method(batch)["text"]
    assert features.dtype == torch.float32
    assert features.shape == (2, tiny.EMBED)
    assert features[:, :2].tolist() == [[3, ord("z")], [0, ord("z")]]
    assert not features.requires_grad


def test_nothing_trains_and_the_harness_tokenises_nothing() -> None:
    method = ZeroShotClip(tiny.context(NoSettings()))
    assert method.tokens is None
    assert not list(method.parameters())
    assert not method.state_dict()
    assert method.players(tiny.ALIGN) == method.players(tiny.MATCH) == ()


def test_a_run_ranks_by_the_encoder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(main, list(SMALL))
    assert outcome.exit_code == 0, outcome.output
    (folder,) = (tmp_path / "runs" / "scenes-zero-shot").glob("zero-shot-clip-s5-*")
    result = json.loads((folder / "result.json").read_text())
    assert result["parameters"] == {"trainable": 0, "frozen": 0}
    assert result["steps"] == {}

    sizes = {"dataset.train": 24, "dataset.val": 16, "dataset.test": 20}
    plan = resolve(RunConfig(method="zero-shot-clip", dataset="scenes", settings=sizes))
    encoder = plan.make_encoder()
    with unsealed():
        items = {item.id: item for item in plan.data.records("test", plan.test_set.id)}
    asked = json.loads((folder / "queries.json").read_text())
    ranks = np.load(folder / "ranks.npz", allow_pickle=False)
    for lang in ("de", "zh"):
        pixels = [
            encoder.preprocess(Image.open(io.BytesIO(plan.data.dataset.read(items[name]))).convert("RGB"))
            for name in asked[lang]["images"]
        ]
        with torch.no_grad():
            images = F.normalize(encoder.encode_images(torch.stack(pixels)), dim=-1)
            texts = F.normalize(encoder.encode_texts(encoder.tokenize(asked[lang]["texts"], lang)), dim=-1)
        scores = texts @ images.T
        own = scores[torch.arange(len(texts)), torch.tensor(asked[lang]["owner"])]
        above = (scores > own[:, None] + 1e-5).sum(dim=1) + 1
        below = (scores >= own[:, None] - 1e-5).sum(dim=1)
        assert len(texts) == 40
        assert (above.numpy() <= ranks[f"{lang}/t2i/lo"]).all()
        assert (ranks[f"{lang}/t2i/hi"] <= below.numpy()).all()
        assert ranks[f"{lang}/t2i/lo"].max() > 1


def test_registering_imports_no_torch() -> None:
    code = "import sys, ccr_zero_shot_clip as z; list(z.ccr_register_methods()); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    (spec,) = ccr_zero_shot_clip.ccr_register_methods()
    assert (spec.name, spec.translates, ccr_zero_shot_clip.CCR_API) == ("zero-shot-clip", False, 1)
