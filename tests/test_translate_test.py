"""translate-test: the encoder of the protocol reads a translation of each caption; nothing trains."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from ccr_translate_test.method import TranslateTest
from click.testing import CliRunner
from safetensors.numpy import load_file
from tiny import ALIGN, MATCH, TinyEncoder, context, text
from torch import Tensor, nn

from ccr import CcrError, NoSettings, TextBatch
from ccr.cli import main

SMALL = (
    "--method", "translate-test", "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu",
    "--set", "dataset.train=64", "--set", "dataset.val=16", "--set", "dataset.test=24",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.5",
    "--set", "recipe.vocabulary=300",
)  # fmt: skip


class Reader(TinyEncoder):
    """Features are sums of one vector per letter, so that they tell the text and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Linear(1, 1)
        self.letters = torch.randn(128, self.embed_dim, generator=torch.Generator().manual_seed(1))
        self.langs: list[str] = []

    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        self.langs.append(lang)
        return nn.utils.rnn.pad_sequence([torch.tensor([*text.encode("ascii")]) for text in texts], batch_first=True)

    def encode_texts(self, ids: Tensor) -> Tensor:
        return (self.letters[ids] * (ids > 0)[..., None]).sum(1)


def batch(lang: str, *texts: str) -> TextBatch:
    """Captions without tokens, as the harness gives them to a method that reads texts."""
    none = text([[]] * len(texts), lang)
    return TextBatch(lang, texts, none.ids[:, :0], torch.zeros(len(texts), dtype=torch.int64))


WORDS = {"ein Hund": "a dog", "zwei Katzen": "two cats", "狗": "a dog"}


def lexicon(texts: Sequence[str], source: str, target: str) -> list[str]:
    return [WORDS[text] if target == "en" else f"{target} {len(text)}" for text in texts]


def test_the_encoder_reads_the_translation() -> None:
    encoder = Reader()
    method = TranslateTest(context(NoSettings(), encoder=encoder, translate=lexicon))
    german = method(batch("de", "ein Hund", "zwei Katzen"))["text"]
    assert torch.equal(german, method.context.encoder.encode_source(["a dog", "two cats"]))
    assert torch.equal(method(batch("zh", "狗"))["text"], german[:1]), "what it knows of a language is its translation"
    assert set(encoder.langs) == {"en"}


def test_nothing_trains_and_nothing_is_tokenised() -> None:
    method = TranslateTest(context(NoSettings(), encoder=Reader(), translate=lexicon))
    assert method.players(ALIGN) == method.players(MATCH) == ()
    assert not method.state_dict()
    assert method.tokens is None


def test_without_a_translator_it_says_what_to_name() -> None:
    method = TranslateTest(context(NoSettings(), encoder=Reader()))
    with pytest.raises(CcrError, match="this run has no translator; name one with --translator"):
        method(batch("de", "ein Hund"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run(cwd: Path, cache: Path, *extra: str, code: int = 0) -> Any:
    before = Path.cwd()
    os.chdir(cwd)
    try:
        outcome = CliRunner().invoke(main, ["run", *SMALL, "--cache", str(cache), *extra])
    finally:
        os.chdir(before)
    assert outcome.exit_code == code, outcome.output
    return outcome


def folders(cwd: Path) -> list[Path]:
    return sorted((cwd / "runs").glob("*/translate-test-s0-*"))


@pytest.mark.parametrize("protocol", ["finetune", "zero-shot"])
def test_it_runs_under_both_protocols_with_the_translator_of_the_dataset(
    protocol: str, cache: Path, tmp_path: Path
) -> None:
    small = ("--set", "corpus.train=64", "--set", "corpus.val=16") if protocol == "zero-shot" else ()
    run(tmp_path, cache, "--protocol", protocol, *small)
    (folder,) = folders(tmp_path)
    result = json.loads((folder / "result.json").read_text())
    assert result["protocol"] == protocol
    assert result["parameters"]["trainable"] == 0
    assert result["exposures"] == {}
    assert load_file(folder / "model.safetensors") == {}
    assert json.loads((folder / "config.json").read_text())["identity"]["translator"] == "scenes@1-noise0.1"
    assert {row["lang"] for row in result["metrics"] if row.get("lang")} >= {"de", "zh"}


def test_the_translator_is_part_of_the_run(cache: Path, tmp_path: Path) -> None:
    run(tmp_path, cache)
    run(tmp_path, cache, "--set", "translator.noise=1")
    assert len(folders(tmp_path)) == 2
    found = {json.loads((folder / "config.json").read_text())["identity"]["translator"] for folder in folders(tmp_path)}
    assert found == {"scenes@1-noise0.1", "scenes@1-noise1"}
    assert "is finished" in run(tmp_path, cache).stderr
