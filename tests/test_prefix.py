"""Prefix: learned positions behind the first token, new ones for every block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
import trained
from ccr_prefix.method import Prefix
from ccr_prefix.settings import Settings
from tiny import ALIGN, CONTEXT, context
from torch import Tensor

from ccr import CcrError, NotAdaptableError, TextTower
from ccr.settings import make_settings


def made(langs: tuple[str, ...] = ("de", "cs"), tower: TextTower | None = None, **settings: Any) -> Prefix:
    encoder = tiny.TinyEncoder(lambda: tower) if tower else None
    return Prefix(context(Settings(**{"length": 2, "std": 0.5, **settings}), langs, encoder=encoder))


def slow(method: Prefix, ids: list[int], lang: str) -> Tensor:
    """One caption without padding: every position of every block is put in its place by hand."""
    length, learned = method.settings.length, list(method.prefixes[lang])
    tokens = list(method.embedding(torch.tensor(ids)))

    def after_block(i: int, x: Tensor) -> Tensor:
        if not method.settings.deep or i + 1 == method.tower.depth:
            return x
        x = x.clone()
        for k in range(length):
            x[0, 1 + k] = learned[i + 1][k]
        return x

    x = torch.stack([tokens[0], *learned[0], *tokens[1:]])[None]
    return method.tower.run(x, torch.tensor([len(ids) + length]), after_block)[0]


@pytest.mark.parametrize("text", trained.TOWERS.values(), ids=trained.TOWERS)
@pytest.mark.parametrize("deep", [True, False], ids=["deep", "shallow"])
def test_forward_is_the_slow_loop(text: dict[str, Any], deep: bool) -> None:
    method = made(tower=trained.openclip(**text), deep=deep).double()
    rows = [row[: method.context_length - 2] for row in tiny.captions(6)]
    assert max(map(len, rows)) == CONTEXT - 4, "the longest leaves no position free"
    for lang in ("de", "cs"):
        out = method(tiny.text(rows, lang))["text"]
        for i, row in enumerate(rows):
            torch.testing.assert_close(out[i], slow(method, [1, *row, 2], lang), rtol=1e-9, atol=1e-9)
    trained.check_rows(method, longest=method.context_length)


def test_every_learned_position_is_read() -> None:
    for deep in (True, False):
        method, data = made(deep=deep), tiny.text([[5, 6], [7]])
        learned = list(method.prefixes["de"])
        assert len(learned) == (tiny.DEPTH if deep else 1)
        grads = torch.autograd.grad(method(data)["text"].sum(), learned)
        assert all(grad.any(dim=1).all() for grad in grads)


def test_captions_leave_room_for_it() -> None:
    assert made().context_length == CONTEXT - 2
    with pytest.raises(NotAdaptableError, match=f"a prefix of 12 leaves no room for captions in the {CONTEXT} pos"):
        made(length=12)
    assert made(length=11).context_length == 3
    with pytest.raises(CcrError, match="length must be positive, not 0"):
        make_settings(Settings, {"length": 0}, "run.yaml")


def test_gradients_and_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tiny.batch(rows=[row[: CONTEXT - 4] for row in tiny.captions(8)])
    method = made()
    trained.check_gradients(method, data=data)
    (player,) = method.players(ALIGN)
    assert list(player.lazy_rows) == [method.embedding.table.weight]
    monkeypatch.setattr(tiny, "captions", lambda size, seed=0: [[5 + i, 6 + i] for i in range(size)])
    trained.check_training(lambda: made(align_lr=3e-3, match_lr=3e-3), tmp_path, monkeypatch)


def test_in_bf16_it_is_nearly_the_same() -> None:
    method, data = made(), tiny.text([[5, 6, 7], [8]])
    exact = method(data)["text"]
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(method(data)["text"].float(), exact, rtol=0.05, atol=0.05)


def test_a_language_added_later_is_as_if_it_had_been_there_and_trains_alone() -> None:
    trained.check_extend(made)


def test_its_size_and_its_settings() -> None:
    assert trained.millions(trained.at_vit_b(Prefix, Settings())) == 0.44
    assert trained.millions(trained.at_vit_b(Prefix, Settings(), ("de", "fr"))) == 0.49
    trained.check_page("prefix", Settings())


def test_it_runs(tmp_path: Path) -> None:
    trained.check_run("prefix", tmp_path)
