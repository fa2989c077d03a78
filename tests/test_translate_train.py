"""Translate-train: InfoNCE and nothing else, on the whole tower or on its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
import torch.nn.functional as F
import trained
from attrs import evolve
from ccr_translate_train.method import TranslateTrain
from ccr_translate_train.settings import Settings
from tiny import ALIGN, DEPTH, MATCH, context

from ccr import CcrError, Phase
from ccr.settings import make_settings

RATES = {"align_lr": 3e-3, "match_lr": 3e-3}


def made(**settings: Any) -> TranslateTrain:
    return TranslateTrain(context(Settings(**settings)))


def test_infonce_is_its_only_loss_in_both_phases_and_it_needs_no_teacher() -> None:
    method, data = made(), evolve(tiny.batch(), source_features=None)
    out = method(data.text)
    logits = 15 * F.normalize(out["text"]) @ F.normalize(data.image_features).T
    expected = -(logits.log_softmax(0).diag() + logits.log_softmax(1).diag()).mean() / 2
    for phase in (ALIGN, MATCH):
        terms = method.loss(phase, "main", out, data)
        assert terms.keys() == {"infonce"}
        torch.testing.assert_close(terms["infonce"], expected)
    assert made(infonce_scale=1.0).loss(ALIGN, "main", out, data)["infonce"] != terms["infonce"]
    with pytest.raises(CcrError, match="image features"):
        method.loss(ALIGN, "main", out, evolve(data, image_features=None))
    with pytest.raises(CcrError, match="no losses for the phase 'mix'"):
        method.players(Phase("mix", 1, 1))


@pytest.mark.parametrize("blocks", [None, 0, 1, DEPTH])
@pytest.mark.parametrize("share", [1.0, 0.1])
def test_what_trains_is_a_setting(
    blocks: int | None, share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = ["own", *([] if blocks is None else ["positions", *(f"blocks.{i}" for i in range(DEPTH - blocks))])]
    method = made(blocks=blocks, tower_lr=share)
    trained.check_gradients(method, frozen=tuple(f"tower.{name}" for name in frozen))
    assert [player.name for player in method.players(ALIGN)] == ["main", "tower"][: 1 if share == 1 else 2]
    if blocks != DEPTH:
        after = trained.check_training(
            lambda: made(blocks=blocks, tower_lr=share, **RATES), tmp_path, monkeypatch, "infonce"
        )
        start = dict(made().named_parameters())
        still = {name for name, p in after.named_parameters() if torch.equal(p, start[name])}
        assert still == {name for name in start if name.startswith(tuple(f"tower.{part}" for part in frozen))}


@pytest.mark.parametrize("text", trained.TOWERS.values(), ids=trained.TOWERS)
def test_a_row_does_not_depend_on_its_neighbours(text: dict[str, Any]) -> None:
    tower = trained.openclip(**text)
    trained.check_rows(TranslateTrain(context(Settings(), encoder=tiny.TinyEncoder(lambda: tower))))


def test_its_size_and_its_settings() -> None:
    assert trained.millions(trained.at_vit_b(TranslateTrain, Settings())) == 38.52
    assert trained.millions(trained.at_vit_b(TranslateTrain, Settings(blocks=2))) == 6.96
    trained.check_page("translate-train", Settings())
    with pytest.raises(CcrError, match="blocks must be 0 or more, not -1"):
        make_settings(Settings, {"blocks": -1}, "run.yaml")
    with pytest.raises(CcrError, match="mse_weight is unknown"):
        make_settings(Settings, {"mse_weight": 1.0}, "run.yaml")
    with pytest.raises(CcrError, match="the last 9 blocks cannot train"):
        made(blocks=9)


def test_it_runs(tmp_path: Path) -> None:
    trained.check_run("translate-train", tmp_path, "--set", "method.blocks=2")
