"""The modules that methods share, the settings that train them, and the base of trained methods."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
import torch
from attrs import evolve, fields, frozen
from tiny import ALIGN, DEPTH, EMBED, MATCH, TOKEN_DIM, VOCABULARY, WIDTH, TinyTokens, TinyTower, batch, context
from torch import Tensor, nn
from trained import check_page

import ccr
from ccr.settings import make_settings


def slow_infonce(text: Tensor, visual: Tensor, scale: float) -> float:
    def cosine(a: Tensor, b: Tensor) -> float:
        return float(a @ b) / math.sqrt(float(a @ a) * float(b @ b))

    total = 0.0
    for i in range(len(text)):
        own = scale * cosine(text[i], visual[i])
        total += math.log(sum(math.exp(scale * cosine(text[i], v)) for v in visual)) - own
        total += math.log(sum(math.exp(scale * cosine(t, visual[i])) for t in text)) - own
    return total / (2 * len(text))


@pytest.mark.parametrize("scale", [1.0, 15.0, 100.0])
@pytest.mark.parametrize("size", [1, 2, 7])
def test_infonce_is_the_mean_cross_entropy_of_both_directions(size: int, scale: float) -> None:
    text, visual = torch.randn(2, size, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    assert float(ccr.infonce(text, visual, scale)) == pytest.approx(slow_infonce(text, visual, scale), abs=1e-9)
    torch.testing.assert_close(ccr.infonce(7 * text, 0.01 * visual, scale), ccr.infonce(text, visual, scale))


def test_infonce_of_zero_vectors_is_chance_with_a_finite_gradient() -> None:
    text = torch.zeros(4, 5, requires_grad=True)
    loss = ccr.infonce(text, torch.randn(4, 5), 100.0)
    (grad,) = torch.autograd.grad(loss, text)
    assert float(loss.detach()) == pytest.approx(math.log(4))
    assert grad.isfinite().all()


@pytest.mark.parametrize("lazy", [True, False])
def test_a_table_is_a_private_copy_with_gradients_of_its_kind(lazy: bool) -> None:
    tokens = TinyTokens()
    embedding = ccr.TokenEmbedding(context(None, tokens=tokens), WIDTH, lazy=lazy)
    out = embedding(torch.tensor([[4, 5, 5]]))
    expected = tokens.table()[[4, 5, 5]] @ embedding.linear.weight.T + embedding.linear.bias
    torch.testing.assert_close(out[0], expected)
    grad, _ = torch.autograd.grad(out.square().sum(), [embedding.table.weight, embedding.linear.weight])
    assert grad.is_sparse == lazy
    assert sorted(set(grad.to_dense().any(dim=1).nonzero().flatten().tolist())) == [4, 5]
    assert [p is embedding.table.weight for p in embedding.lazy_rows] == [True] * lazy
    assert embedding.linear.weight.shape == (WIDTH, TOKEN_DIM)


def test_languages_have_modules_of_their_own_and_an_absent_one_is_told() -> None:
    modules = ccr.PerLanguage(lambda lang: nn.Linear(2, len(lang)), ("de", "zh-Hant", "to"))  # to: Tongan
    assert [modules[lang].out_features for lang in modules.langs] == [2, 7, 2]
    assert modules.to(torch.float64)["to"].weight.dtype is torch.float64
    with pytest.raises(
        ccr.CcrError, match=r'no modules for .zh-Hans. \(did you mean "zh-Hant"\?\); .* de, zh-Hant, to'
    ):
        modules["zh-Hans"]
    added = modules.add("ja")
    assert modules["ja"] is added
    assert {name.split(".")[0] for name in modules.state_dict()} == {f"lang_{lang}" for lang in modules.langs}
    with pytest.raises(ccr.CcrError, match="'ja' has its modules already"):
        modules.add("ja")


def test_the_regression_unit_is_the_rms_where_the_features_are_not_clip_b_s() -> None:
    other, clip_b = context(None), context(None)
    clip_b.encoder.embed_dim = 512
    assert other.encoder.embed_dim == EMBED
    assert [ccr.regression_unit(other, rescale) for rescale in ("auto", "always", "never")] == [0.5, 0.5, 1.0]
    assert [ccr.regression_unit(clip_b, rescale) for rescale in ("auto", "always", "never")] == [1.0, 0.5, 1.0]


@pytest.mark.parametrize("rms", [0.0, math.nan, math.inf])
def test_features_without_a_scale_are_an_error_only_where_it_is_needed(rms: float) -> None:
    ctx = context(None, feature_rms=rms)
    with pytest.raises(ccr.CcrError, match=f"root mean square of {rms}"):
        ccr.regression_unit(ctx, "auto")
    assert ccr.regression_unit(ctx, "never") == 1.0


@frozen
class Settings(ccr.StudentSettings):
    hidden: int = ccr.setting(4, "Hidden size.", check=ccr.positive)


class Mean(ccr.StudentMethod):
    """The mean of the token embeddings."""

    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        self.embedding = ccr.TokenEmbedding(ctx, EMBED, lazy=self.settings.embedding == "lazy")
        self.gain = nn.Parameter(torch.ones(EMBED))

    def trained(self) -> list[nn.Parameter]:
        return list(self.parameters())

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        return {"text": self.gain * self.embedding(text.ids).mean(dim=1)}


def test_a_trained_method_has_the_losses_and_the_optimiser_of_its_settings() -> None:
    changed = {"align_lr": 0.5, "betas": (0.1, 0.2), "eps": 0.3, "weight_decay": 0.0, "clip": None}
    method = Mean(context(Settings(mse_weight=2.0, infonce_weight=3.0, infonce_scale=7.0, **changed)))
    (player,) = method.players(ALIGN)
    assert {name: getattr(player, name.replace("align_", "")) for name in changed} == changed
    assert method.players(MATCH)[0].lr == 6e-6
    assert [p is method.embedding.table.weight for p in player.lazy_rows] == [True]
    assert player.params == list(method.parameters())
    assert not method.player([method.gain], 1.0).lazy_rows, "a table that the player does not train"
    assert not Mean(context(Settings(embedding="dense"))).players(ALIGN)[0].lazy_rows
    data = batch()
    out = {"text": method(data.text)["text"].detach()}
    terms = method.loss(MATCH, "main", out, data)
    apart = ((out["text"] - data.source_features) / 0.5).square().mean()
    torch.testing.assert_close(terms["mse"], 2 * apart)
    assert float(terms["infonce"]) == pytest.approx(3 * slow_infonce(out["text"], data.image_features, 7.0), rel=1e-5)
    assert method.loss(ALIGN, "main", out, data).keys() == {"mse"}


def test_a_trained_method_asks_for_what_it_learns_from() -> None:
    method, data = Mean(context(Settings())), batch()
    with pytest.raises(ccr.CcrError, match="Mean learns from source-language features, and this training has none"):
        method.loss(ALIGN, "main", method(data.text), evolve(data, source_features=None))
    with pytest.raises(ccr.CcrError, match="Mean learns from image features"):
        method.loss(MATCH, "main", method(data.text), evolve(data, image_features=None))
    with pytest.raises(ccr.CcrError, match="Mean has no losses for the phase 'mix'; it trains in align and in match"):
        method.players(ccr.Phase("mix", 1, 1))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        *(({name: 0}, f"{name} must be positive, not 0") for name in ("align_lr", "match_lr", "eps", "clip", "hidden")),
        *(({name: -1}, f"{name} must be 0 or more") for name in ("mse_weight", "infonce_weight", "weight_decay")),
        ({"infonce_scale": -2.0}, "infonce_scale must be positive, not -2"),
        ({"betas": [0.9, 1]}, "betas must lie from 0 to below 1, not 0.9 and 1"),
    ],
)
def test_settings_of_training_are_checked_in_subclasses_too(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ccr.CcrError, match=message):
        make_settings(Settings, values, "run.yaml")
    with pytest.raises(ValueError, match=message):
        Settings(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


def test_what_may_be_zero_or_absent() -> None:
    free = {"clip": None, "infonce_scale": None, "weight_decay": 0, "mse_weight": 0, "betas": [0, 0]}
    assert make_settings(Settings, free, "run.yaml").clip is None
    assert all(field.metadata["help"].endswith(".") for field in fields(Settings))


def test_the_methods_page_lists_the_settings_that_trained_methods_share() -> None:
    check_page("What trained methods share", ccr.StudentSettings())


def test_a_settings_class_imports_no_torch() -> None:
    code = "import ccr, sys; ccr.StudentSettings(); ccr.positive; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


class Tower(TinyTower):
    """With a weight that nothing reads, and with padding from its own token table."""

    def __init__(self) -> None:
        super().__init__()
        self.unread = nn.Parameter(torch.zeros(3), requires_grad=False)

    def run(self, x: Tensor, lengths: Tensor, after_block: Any = None) -> Tensor:
        return super().run(x + 0 * self.own.weight[0], lengths, after_block)


@pytest.mark.parametrize("blocks", [None, 0, 1, DEPTH])
def test_tower_weights_are_those_of_the_last_blocks_and_of_what_follows(blocks: int | None) -> None:
    tower = Tower()
    names = {p: name for name, p in tower.named_parameters()}
    found = [names[p] for p in ccr.tower_weights(tower, blocks)]
    whole = blocks is None
    trained = range(DEPTH) if whole else range(DEPTH - blocks, DEPTH)
    starts = ("final.", "projection.", *(f"blocks.{i}." for i in trained), *(["positions"] if whole else []))
    assert sorted(found) == sorted(name for name in names.values() if name.startswith(starts))
    assert not any(p.requires_grad for p in tower.parameters()), "it stays frozen until a player trains it"


def test_more_blocks_than_there_are_cannot_train() -> None:
    with pytest.raises(ccr.CcrError, match=f"the last 4 blocks cannot train: .* has {DEPTH}"):
        ccr.tower_weights(Tower(), 4)


@pytest.mark.parametrize("lazy", [True, False])
def test_rows_added_later_move_none_of_those_before(lazy: bool) -> None:
    class More(TinyTokens):
        vocab_size = VOCABULARY + 3

        def table(self) -> Tensor:
            return torch.cat([super().table(), torch.full((3, self.dim), 7.0)])

    embedding = ccr.TokenEmbedding(context(None), WIDTH, lazy=lazy)
    ids = torch.tensor([[1, 4, VOCABULARY - 1], [2, 0, 3]])
    before = embedding(ids)
    embedding.extend(TinyTokens())  # nothing that is not there
    assert len(embedding.added) == 0
    embedding.extend(More())
    assert torch.equal(embedding(ids), before)
    mixed = embedding(torch.tensor([[1, VOCABULARY, VOCABULARY - 1, VOCABULARY + 2]]))
    assert torch.allclose(mixed[0, [0, 2]], embedding(torch.tensor([[1, VOCABULARY - 1]]))[0])
    assert torch.allclose(mixed[0, [1, 3]], embedding.linear(torch.full((2, TinyTokens.dim), 7.0)))
    added = embedding.added[0].weight
    grad = torch.autograd.grad(mixed.sum(), added)[0]
    assert grad.is_sparse == lazy
    touched = grad.to_dense().abs().sum(1) > 0
    assert touched.tolist() == [True, False, True]
    assert len(embedding.lazy_rows) == (2 if lazy else 0)
