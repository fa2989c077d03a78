"""What ccr asks of every method, and what MURAL is."""

from __future__ import annotations

import pytest
import torch

from ccr.testing import parametrize_with_ccr_checks, tiny_batch, tiny_method


@parametrize_with_ccr_checks("ccr_mural")
def test_ccr_contract(ccr_check):
    ccr_check()


def test_align_has_one_task_and_match_has_both():
    method = tiny_method("mural")
    for phase, names in (("align", {"text_text"}), ("match", {"text_text", "image_text"})):
        seen, batch = tiny_batch(method, phase)
        assert set(method.loss(seen, "main", method.outputs(batch), batch)) == names


def test_the_losses_are_softmaxes_over_the_batch():
    """Against the definition, written out: the mean of -log p(right one) in both directions."""
    method = tiny_method("mural", text_text_weight=3.0)
    phase, batch = tiny_batch(method)
    out = method.outputs(batch)
    terms = method.loss(phase, "main", out, batch)
    scale = float(method.image_text.log_scale.detach().exp())

    def contrast(a, b):
        p = torch.softmax(scale * torch.nn.functional.cosine_similarity(a[:, None], b[None], dim=-1), 1).diagonal()
        q = torch.softmax(scale * torch.nn.functional.cosine_similarity(a[:, None], b[None], dim=-1), 0).diagonal()
        return -(p.log().mean() + q.log().mean()) / 2

    text_text = 3 * contrast(out["bitext"], out["source_bitext"])
    pairs = [contrast(out[name], batch.image_features) for name in ("text", "source_text")]
    torch.testing.assert_close(terms["text_text"], text_text)
    torch.testing.assert_close(terms["image_text"], sum(pairs) / 2)


def test_one_encoder_reads_all_languages():
    method = tiny_method("mural")
    _, batch = tiny_batch(method)
    out = method.outputs(batch)
    torch.testing.assert_close(out["source_text"], method(batch.source)["text"])
    assert method.encodes_source


def test_heads_begin_as_the_encoder_is_and_can_be_left_out():
    with_heads, without = tiny_method("mural"), tiny_method("mural", heads=False)
    _, batch = tiny_batch(with_heads)
    for name, value in without(batch.text).items():
        torch.testing.assert_close(with_heads(batch.text)[name], value)
    assert not list(without.image_text.head.parameters())


def test_a_fixed_temperature_belongs_to_no_player():
    method = tiny_method("mural", learn_temperature=False)
    phase, _ = tiny_batch(method)
    trained = {id(p) for player in method.players(phase) for p in player.params}
    assert id(method.image_text.log_scale) not in trained
    assert id(method.image_text.head.weight) in trained


@pytest.mark.parametrize("phase", ["align", "match"])
def test_steps_on_a_batch_bring_its_losses_down(phase):
    method = tiny_method("mural")
    seen, batch = tiny_batch(method, phase)
    params = [p for player in method.players(seen) for p in player.params]
    for p in params:
        p.requires_grad_(True)
    optimiser = torch.optim.SGD(params, lr=0.02)  # takes the table's sparse gradients
    losses = []
    for _ in range(20):
        loss = sum(method.loss(seen, "main", method.outputs(batch), batch).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
