"""The modules that methods share."""

from __future__ import annotations

import math

import pytest
import torch
from tiny import EMBED, TOKEN_DIM, WIDTH, TinyTokens, context
from torch import Tensor, nn

import ccr


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
