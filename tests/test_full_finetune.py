"""Full fine-tuning: all of the tower but the token table that it does not read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
import trained
from ccr_embedding_only.method import EmbeddingOnly
from ccr_embedding_only.settings import Settings as EmbeddingOnlySettings
from ccr_full_finetune.method import FullFinetune
from ccr_full_finetune.settings import Settings
from tiny import ALIGN, MATCH, context

from ccr import CcrError
from ccr.settings import make_settings

RATES = {"align_lr": 3e-3, "match_lr": 3e-3}


def made(**settings: Any) -> FullFinetune:
    return FullFinetune(context(Settings(**settings)))


def test_it_starts_as_the_frozen_tower_and_has_the_losses_of_adapters() -> None:
    method, frozen, data = made(), EmbeddingOnly(context(EmbeddingOnlySettings())), tiny.batch()
    out = method(data.text)
    torch.testing.assert_close(out["text"], frozen(data.text)["text"])
    for phase in (ALIGN, MATCH):
        theirs = frozen.loss(phase, "main", out, data)
        ours = method.loss(phase, "main", out, data)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(term, theirs[name]) for name, term in ours.items())


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_the_whole_tower_trains(share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = made(tower_lr=share)
    trained.check_gradients(method, frozen=("tower.own.",))
    rates = [(player.name, player.lr) for player in method.players(ALIGN)]
    assert rates == ([("main", 2e-4)] if share == 1 else [("main", 2e-4), ("tower", 2e-5)])
    assert [p for player in method.players(MATCH) for p in player.lazy_rows] == [method.embedding.table.weight]
    after = trained.check_training(lambda: made(tower_lr=share, **RATES), tmp_path, monkeypatch)
    start = dict(made().named_parameters())
    moved = {name for name, p in after.named_parameters() if not torch.equal(p, start[name])}
    assert moved == start.keys() - {"tower.own.weight"}


def test_the_encoder_s_own_tower_stays() -> None:
    """What trains is a copy: English queries are read by the encoder as it was."""
    tower = trained.openclip()
    method = FullFinetune(context(Settings(), encoder=tiny.TinyEncoder(tower.private)))
    shared = {p.data_ptr() for p in tower.parameters()} & {p.data_ptr() for p in method.parameters()}
    assert not shared


@pytest.mark.parametrize("text", trained.TOWERS.values(), ids=trained.TOWERS)
def test_a_row_does_not_depend_on_its_neighbours(text: dict[str, Any]) -> None:
    tower = trained.openclip(**text)
    method = FullFinetune(context(Settings(), encoder=tiny.TinyEncoder(lambda: tower)))
    trained.check_rows(method)
    trained.check_gradients(method, frozen=("tower.token_embedding.",))


def test_its_size_and_its_settings() -> None:
    assert trained.millions(trained.at_vit_b(FullFinetune, Settings())) == 38.52
    trained.check_page("full-finetune", Settings())
    with pytest.raises(CcrError, match="tower_lr must be positive, not 0"):
        make_settings(Settings, {"tower_lr": 0}, "run.yaml")


def test_it_runs(tmp_path: Path) -> None:
    trained.check_run("full-finetune", tmp_path)
