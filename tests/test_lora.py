"""LoRA: the frozen tower until B learns, then the tower with summed weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
import trained
from ccr_embedding_only.method import EmbeddingOnly
from ccr_embedding_only.settings import Settings as EmbeddingOnlySettings
from ccr_lora.method import Lora
from ccr_lora.settings import Settings
from ccr_lora.weights import Updated
from tiny import ALIGN, context

from ccr import CcrError, TextTower
from ccr.settings import make_settings


def made(langs: tuple[str, ...] = ("de", "cs"), tower: TextTower | None = None, **settings: Any) -> Lora:
    encoder = tiny.TinyEncoder(lambda: tower) if tower else None
    return Lora(context(Settings(**{"rank": 3, **settings}), langs, encoder=encoder))


def moved(method: Lora) -> Lora:
    """In double precision, with updates that are not zero any more."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for p in method.double().updates.parameters():
            p.data += 0.2 * torch.randn_like(p)
    return method


def test_it_starts_as_the_frozen_tower() -> None:
    method, frozen = made(), EmbeddingOnly(context(EmbeddingOnlySettings()))
    rows = tiny.captions(6)
    assert torch.equal(method(tiny.text(rows))["text"], frozen(tiny.text(rows))["text"])


@pytest.mark.parametrize("text", trained.TOWERS.values(), ids=trained.TOWERS)
@pytest.mark.parametrize("weights", [(), ("attn",), ("c_fc", "out_proj")], ids=str)
def test_forward_is_a_tower_whose_weights_are_w_plus_scale_b_a(text: dict[str, Any], weights: tuple[str, ...]) -> None:
    tower = trained.openclip(**text)
    method = moved(made(tower=tower, weights=weights, scale=0.7))
    rows, before = tiny.captions(5), {name: p.clone() for name, p in tower.named_parameters()}
    for lang in ("de", "cs"):
        out = method(tiny.text(rows, lang))["text"]
        summed = trained.openclip(**text).double()
        found, learned = dict(summed.named_parameters()), dict(method.updates[lang].named_parameters())
        for i, name in enumerate(method.places):
            a, b = learned[f"{i}.a"], learned[f"{i}.b"]
            for row in range(len(b)):
                for k in range(3):
                    found[name].data[row] += 0.7 * b[row, k] * a[k]
        batch = tiny.text(rows, lang)
        torch.testing.assert_close(out, summed.run(method.embedding(batch.ids), batch.lengths), rtol=1e-9, atol=1e-9)
    assert all(torch.equal(p, before[name]) for name, p in tower.named_parameters()), "the sum is in place for a call"
    per_block = {(): 4, ("attn",): 2}.get(weights, 2)
    assert len(method.places) == per_block * tower.depth
    trained.check_rows(method)


def test_gradients_are_those_of_the_sum_formed(monkeypatch: pytest.MonkeyPatch) -> None:
    method, data = moved(made(tower=trained.openclip())), tiny.batch()

    def gradients() -> list[torch.Tensor]:
        trains = list(method.updates["de"].parameters())
        return list(torch.autograd.grad(method(data.text)["text"].square().sum(), trains))

    fast = gradients()
    monkeypatch.setattr(Updated, "of", lambda weight, update: weight + update())
    for one, other in zip(fast, gradients(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_gradients_and_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = moved(made()).float()
    trained.check_gradients(method)
    (player,) = method.players(ALIGN)
    assert list(player.lazy_rows) == [method.embedding.table.weight]
    after = trained.check_training(lambda: made(align_lr=3e-3, match_lr=3e-3), tmp_path, monkeypatch)
    assert all(p.any() for name, p in after.updates["de"].named_parameters())


def test_in_bf16_it_is_nearly_the_same() -> None:
    method, data = moved(made()).float(), tiny.batch()
    exact = method(data.text)["text"]
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(method(data.text)["text"].float(), exact, rtol=0.05, atol=0.05)


def test_a_language_added_later_is_as_if_it_had_been_there_and_trains_alone() -> None:
    trained.check_extend(made)


def test_a_weight_that_is_not_there_is_told() -> None:
    with pytest.raises(CcrError, match=r"'atn' in its name: qkv\.weight, merge\.weight, mlp\.0\.w.*"):
        made(weights=("atn",))
    with pytest.raises(CcrError, match="rank must be positive, not 0"):
        make_settings(Settings, {"rank": 0}, "run.yaml")


def test_its_size_and_its_settings() -> None:
    assert trained.millions(trained.at_vit_b(Lora, Settings())) == 3.54
    assert trained.millions(trained.at_vit_b(Lora, Settings(), ("de", "fr"))) == 6.69
    assert trained.millions(trained.at_vit_b(Lora, Settings(weights=("attn",)))) == 1.57
    trained.check_page("lora", Settings())


def test_it_runs(tmp_path: Path) -> None:
    trained.check_run("lora", tmp_path)
