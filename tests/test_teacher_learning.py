"""Teacher learning: a sentence encoder learns the English features, the small one of ours or one of transformers."""

from __future__ import annotations

import json
import socket
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
import torch.nn.functional as F
import trained
from ccr_teacher_learning.encoders import open_pretrained
from ccr_teacher_learning.method import TeacherLearning
from ccr_teacher_learning.settings import Settings
from tiny import ALIGN, MATCH, context

from ccr import CcrError, TextBatch
from ccr.data.batches import TextRows
from ccr.settings import make_settings

RATES = {"align_lr": 3e-3, "match_lr": 3e-3}
needs_transformers = pytest.mark.skipif(not find_spec("transformers"), reason="needs the extra hf")


def made(**settings: Any) -> TeacherLearning:
    return TeacherLearning(context(Settings(**{"width": 64, "layers": 2, **settings})))


def test_it_learns_the_english_features_and_in_match_nothing_else() -> None:
    method, data = made(), tiny.batch()
    out = method(data.text)
    mse = F.mse_loss(out["text"] / 0.5, data.source_features / 0.5)
    for phase in (ALIGN, MATCH):
        terms = method.loss(phase, "main", out, data)
        assert terms.keys() == {"mse"}
        torch.testing.assert_close(terms["mse"], mse)
    assert method.losses_off == ("infonce",)
    assert made(infonce_weight=0.5).loss(MATCH, "main", out, data).keys() == {"mse", "infonce"}
    assert made(infonce_weight=0.5).losses_off == ()


@pytest.mark.parametrize("share", [None, 0.1])
def test_encoder_and_head_train(share: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = made(encoder_lr=share)
    trained.check_gradients(method, frozen=())
    rates = [(player.name, player.lr) for player in method.players(ALIGN)]
    assert rates == ([("main", 2e-4), ("encoder", 2e-5)] if share else [("main", 2e-4)])
    given = {"encoder_lr": share, "infonce_weight": 1.0, **RATES}
    trained.check_training(lambda: made(**given), tmp_path, monkeypatch)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    for method in (made(), made().eval()):
        trained.check_rows(method)


def test_layers_start_from_different_values_and_sizes_follow_the_recipe() -> None:
    first, second = made().encoder.layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)
    sized = TeacherLearning(context(Settings(layers=1), size_scale=0.2))
    assert sized.encoder.width == 96, "a multiple of a head's 32 features"


def test_its_size_and_its_settings() -> None:
    assert trained.millions(trained.at_vit_b(TeacherLearning, Settings())) == 13.31
    trained.check_page("teacher-learning", Settings())
    with pytest.raises(CcrError, match="layers must be positive, not 0"):
        make_settings(Settings, {"layers": 0}, "run.yaml")


def test_without_transformers_the_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccr_teacher_learning.settings.find_spec", lambda name: None)
    with pytest.raises(CcrError, match=r"needs transformers: pip install 'ccr\[hf\]'"):
        make_settings(Settings, {"encoder": "FacebookAI/xlm-roberta-base"}, "run.yaml")
    assert make_settings(Settings, {"encoder": "small"}, "run.yaml") == Settings()


WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "ein", "rotes", "haus", "blaues", "auto")


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    """A BERT of 2 layers, as a folder of transformers'."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=12,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(tmp_path / "bert")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        tmp_path / "bert"
    )
    return tmp_path / "bert"


@needs_transformers
def test_an_encoder_of_transformers_reads_the_texts_itself(bert: Path) -> None:
    from transformers import AutoModel

    method = made(encoder=str(bert)).eval()
    texts = ("ein rotes haus", "auto", "", "ein " * 30)
    rows = TextRows("de", texts, method.tokens, method.context_length)
    assert rows.lengths.tolist() == [5, 3, 2, 10], "cut to the positions that the encoder has"
    batch = rows.take(torch.arange(4).numpy())
    out = method(batch)["text"]
    model = AutoModel.from_pretrained(bert).eval()
    for i, ids in enumerate([[2, 4, 5, 6, 3], [2, 8, 3], [2, 3]]):
        mean = model(torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
        expected = method.head.weight @ mean + method.head.bias
        torch.testing.assert_close(out[i], expected, rtol=1e-4, atol=1e-5)
    assert [(p.name, p.lr) for p in method.players(ALIGN)] == [("main", 2e-4), ("encoder", pytest.approx(2e-5))]
    players = method.players(ALIGN)
    total = method.loss(ALIGN, "main", method(batch), tiny.batch(4))["mse"]
    found = torch.autograd.grad(total, [p for player in players for p in player.params], allow_unused=True)
    assert all(grad is not None for grad in found), "nothing idle trains"
    assert isinstance(batch, TextBatch)


@needs_transformers
def test_an_encoder_that_cannot_be_had_is_one_quick_sentence(
    bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    began = time.monotonic()
    with pytest.raises(CcrError, match=r"somebody/some-encoder cannot be had .*--set method\.encoder=FOLDER") as error:
        open_pretrained("somebody/some-encoder")
    assert time.monotonic() - began < 10
    assert "\n" not in str(error.value)
    with pytest.raises(CcrError, match="cannot be had"):
        open_pretrained(str(tmp_path))
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps({**config, "hidden_size": 20}))
    with pytest.raises(CcrError, match="cannot be had"):
        open_pretrained(str(bert))


def test_it_runs(tmp_path: Path) -> None:
    result = trained.check_run("teacher-learning", tmp_path)
    assert result["losses_off"] == ["infonce"]


@needs_transformers
def test_it_runs_with_an_encoder_of_transformers(bert: Path, tmp_path: Path) -> None:
    trained.check_run("teacher-learning", tmp_path, "--set", f"method.encoder={bert}")
