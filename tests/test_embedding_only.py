"""Embedding-only: an adapter method without its adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ccr_static_adapter.method
import ccr_static_adapter.settings
import pytest
import tiny
import torch
import trained
from ccr_embedding_only.method import EmbeddingOnly
from ccr_embedding_only.settings import Settings
from tiny import ALIGN, MATCH, context

from ccr.settings import settings_values


def made(**settings: Any) -> EmbeddingOnly:
    return EmbeddingOnly(context(Settings(**settings)))


def test_it_is_the_static_adapter_whose_adapters_do_nothing() -> None:
    static = ccr_static_adapter.method.StaticAdapter(context(ccr_static_adapter.settings.Settings(hidden=4)))
    for name, p in static.adapters.named_parameters():
        if ".up." in name:
            torch.nn.init.zeros_(p)
    method, data = made(), tiny.batch()
    out = method(data.text)
    torch.testing.assert_close(out["text"], static(data.text)["text"])
    for phase in (ALIGN, MATCH):
        theirs = static.loss(phase, "main", out, data)
        assert all(torch.equal(term, theirs[name]) for name, term in method.loss(phase, "main", out, data).items())


def test_the_token_input_trains_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = made()
    trained.check_gradients(method)
    (player,) = method.players(ALIGN)
    assert list(player.params) == list(method.embedding.parameters())
    assert list(player.lazy_rows) == [method.embedding.table.weight]
    trained.check_training(lambda: made(align_lr=3e-3, match_lr=3e-3), tmp_path, monkeypatch)


@pytest.mark.parametrize("text", trained.TOWERS.values(), ids=trained.TOWERS)
def test_a_row_does_not_depend_on_its_neighbours(text: dict[str, Any]) -> None:
    tower = trained.openclip(**text)
    trained.check_rows(EmbeddingOnly(context(Settings(), encoder=tiny.TinyEncoder(lambda: tower))))


def test_its_size_and_its_settings() -> None:
    assert trained.millions(trained.at_vit_b(EmbeddingOnly, Settings())) == 0.39
    shared = settings_values(ccr_static_adapter.settings.Settings())
    assert settings_values(Settings()) == {name: shared[name] for name in settings_values(Settings())}
    trained.check_page("embedding-only", Settings())


def test_it_runs(tmp_path: Path) -> None:
    trained.check_run("embedding-only", tmp_path)
