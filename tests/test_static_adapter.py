"""The static adapter against a caption-by-caption loop, its losses and players, and its size beside DASD's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import ccr_dasd.method
import ccr_dasd.settings
import ccr_static_adapter
import pytest
import tiny
import torch
import torch.nn.functional as F
from attrs import evolve, fields
from ccr_static_adapter.method import StaticAdapter
from ccr_static_adapter.settings import Settings
from tiny import ALIGN, EMBED, MATCH, WIDTH, context, tensors
from torch import Tensor
from trained import check_extend

from ccr import CcrError, Phase
from ccr.settings import make_settings, settings_values
from ccr.training.journal import Journal
from ccr.training.loop import Stage, Trainer, weights_digest


def made(langs: tuple[str, ...] = ("de", "cs"), **settings: Any) -> StaticAdapter:
    return StaticAdapter(context(Settings(**{"hidden": 10, **settings}), langs))


def slow(method: StaticAdapter, ids: list[int], lang: str) -> Tensor:
    """One caption without padding, token by token, from the raw tensors."""
    w = dict(method.named_parameters())

    def linear(name: str, x: Tensor) -> Tensor:
        return w[f"{name}.weight"] @ x + w[f"{name}.bias"]

    def adapted(layer: int, x: Tensor) -> Tensor:
        name = f"adapters.lang_{lang}.{layer}"
        return torch.stack([t + linear(f"{name}.up", linear(f"{name}.down", t).clamp(min=0)) for t in x[0]])[None]

    x = torch.stack([linear("embedding.linear", w["embedding.table.weight"][i]) for i in ids])[None]
    return method.tower.run(x, torch.tensor([len(ids)]), adapted)[0]


@pytest.mark.parametrize("extra", [0, 1])
def test_forward_is_the_slow_loop_whatever_the_padding(extra: int) -> None:
    method = made().double()
    rows = tiny.captions(6)[: 6 - extra]  # the last one leaves no room for more padding
    for lang in ("de", "cs"):
        out = method(tiny.text(rows, lang, extra))["text"]
        for i, row in enumerate(rows):
            torch.testing.assert_close(out[i], slow(method, [1, *row, 2], lang), rtol=1e-9, atol=1e-9)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    method, rows = made(), tiny.captions(8)
    whole = method(tiny.text(rows))["text"]
    for i, row in enumerate(rows):
        torch.testing.assert_close(method(tiny.text([row]))["text"][0], whole[i], rtol=0, atol=1e-5)


def test_a_language_without_adapters_is_an_error() -> None:
    with pytest.raises(CcrError, match="no modules for 'fr'"):
        made()(tiny.text([[5]], "fr"))


@pytest.mark.parametrize(("rescale", "unit"), [("auto", 0.5), ("never", 1.0)])
def test_losses_are_dasd_s_without_sr_and_critic(rescale: str, unit: float) -> None:
    method, batch = made(rescale=rescale), tiny.batch()
    out = method(batch.text)
    mse = F.mse_loss(out["text"], batch.source_features) / unit**2
    logits = 15 * F.normalize(out["text"]) @ F.normalize(batch.image_features).T
    infonce = -(logits.log_softmax(0).diag() + logits.log_softmax(1).diag()).mean() / 2
    assert method.loss(ALIGN, "main", out, batch).keys() == {"mse"}
    terms = method.loss(MATCH, "main", out, batch)
    assert terms.keys() == {"mse", "infonce"}
    torch.testing.assert_close(terms["mse"], mse)
    torch.testing.assert_close(terms["infonce"], infonce)
    dasd = ccr_dasd.method.DASD(context(ccr_dasd.settings.Settings(rescale=rescale)))
    theirs = dasd.loss(MATCH, "main", dasd(batch.text) | out, batch)
    assert all(torch.equal(theirs[name], terms[name]) for name in terms)
    weighed = made(rescale=rescale, mse_weight=3.0, infonce_weight=5.0).loss(MATCH, "main", out, batch)
    torch.testing.assert_close(weighed["mse"], 3 * mse)
    torch.testing.assert_close(weighed["infonce"], 5 * infonce)


def test_missing_features_and_foreign_phases_are_told() -> None:
    method, batch = made(), tiny.batch()
    out = method(batch.text)
    with pytest.raises(CcrError, match="source-language features"):
        method.loss(ALIGN, "main", out, evolve(batch, source_features=None))
    with pytest.raises(CcrError, match="image features"):
        method.loss(MATCH, "main", out, evolve(batch, image_features=None))
    with pytest.raises(CcrError, match="no losses for the phase 'mix'"):
        method.players(Phase("mix", 1, 1))


def test_its_player_and_what_it_shares_with_dasd() -> None:
    method = made()
    dasd = ccr_dasd.method.DASD(context(ccr_dasd.settings.Settings()))
    for phase in (ALIGN, MATCH):
        (player,) = method.players(phase)
        theirs = dasd.players(phase)[-1]
        for name in ("name", "lr", "betas", "eps", "weight_decay", "clip", "bias_correction", "schedule"):
            assert getattr(player, name) == getattr(theirs, name)
        assert [id(p) for p in player.lazy_rows] == [id(method.embedding.table.weight)]
        assert {id(p) for p in player.params} == {id(p) for p in method.parameters() if p.requires_grad}
        out, batch = method(tiny.batch().text), tiny.batch()
        total = sum(method.loss(phase, "main", out, batch).values())
        found = torch.autograd.grad(total, list(player.params), allow_unused=True)
        names = {p: name for name, p in method.named_parameters()}
        used = {names[p] for p, g in zip(player.params, found, strict=True) if g is not None}
        assert {names[p] for p in player.params} - used == {name for name in names.values() if ".lang_cs." in name}
    assert not any(p.requires_grad for p in method.tower.parameters())
    assert list(made(embedding="dense").players(ALIGN)[0].lazy_rows) == []
    ours = tensors(method)
    shared = {name for name in ours if name.startswith("embedding.")}
    assert all(torch.equal(ours[name], tensors(dasd)[name]) for name in shared), "the same token input"


def test_training_lowers_the_loss_and_leaves_the_tower_as_it_was(tmp_path: Path) -> None:
    method = made(align_lr=3e-3, match_lr=3e-3)
    before = weights_digest(dict(method.tower.named_parameters()))

    def validate() -> float:
        batch = tiny.batch(16)
        return -float(sum(method.loss(MATCH, "main", method(batch.text), batch).values()))

    stages = [Stage(Phase(name, 30, 16), lambda step: tiny.batch(16)) for name in ("align", "match")]
    Trainer(method, stages, validate, tmp_path, Journal(tmp_path / "log.jsonl"), 0, torch.device("cpu")).run()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    align, match = ([row for row in log if row["phase"] == name and "mse" in row] for name in ("align", "match"))
    assert align[-1]["mse"] < 0.6 * align[0]["mse"]
    assert match[-1]["infonce"] < 0.5 * match[0]["infonce"]
    assert weights_digest(dict(method.tower.named_parameters())) == before


def test_a_language_added_later_is_as_if_it_had_been_there() -> None:
    check_extend(made)


# --- size ---------------------------------------------------------------------------------------------------------


class BigTokens(tiny.TinyTokens):
    vocab_size, dim = 119_547, 768

    def table(self) -> Tensor:
        return torch.empty(self.vocab_size, self.dim)


def without_table(method: Any) -> int:
    return sum(p.numel() for p in method.players(ALIGN)[-1].params) - method.embedding.table.weight.numel()


@pytest.mark.parametrize(
    ("width", "depth", "embed_dim", "scale", "langs"),
    [
        (512, 12, 512, 1.0, 1),  # CLIP ViT-B, one language: the paper's setting
        (512, 12, 512, 1.0, 5),
        (768, 12, 768, 1.0, 2),
        (128, 4, 128, 0.25, 1),  # the size of a tower trained on a laptop
        (128, 4, 128, 0.25, 5),
        (64, 3, 96, 0.125, 3),
    ],
)
def test_the_parameter_matched_row_is_within_two_percent_of_dasd(
    width: int, depth: int, embed_dim: int, scale: float, langs: int
) -> None:
    class Tower(tiny.TinyTower):
        pass

    Tower.width, Tower.depth, Tower.embed_dim = width, depth, embed_dim
    matched = ccr_static_adapter.STATIC_ADAPTER.ablations["parameter-matched"]
    with torch.device("meta"):
        given = {"encoder": tiny.TinyEncoder(Tower), "tokens": BigTokens(), "size_scale": scale}
        names = [f"l{i}" for i in range(langs)]
        ours = StaticAdapter(context(make_settings(Settings, matched, "ablation"), names, **given))
        dasd = ccr_dasd.method.DASD(context(ccr_dasd.settings.Settings(), names, **given))
    assert without_table(ours) == pytest.approx(without_table(dasd), rel=0.02)


def test_trainable_parameters_at_vit_b_size() -> None:
    """3.2 M of adapters, as MLA has, and the linear map behind the table."""

    class Tower(tiny.TinyTower):
        width, depth, embed_dim = 512, 12, 512

    with torch.device("meta"):
        given = {"encoder": tiny.TinyEncoder(Tower), "tokens": BigTokens()}
        method = StaticAdapter(context(Settings(), ["de"], **given))
        matched = StaticAdapter(context(Settings(match="dasd"), ["de"], **given))
    assert matched.adapters["de"][0].down.out_features == 651
    assert round(sum(p.numel() for p in method.adapters.parameters()) / 1e6, 1) == 3.2
    assert round(without_table(method) / 1e6, 1) == 3.5


def test_the_hidden_size_follows_the_recipe() -> None:
    method = StaticAdapter(context(Settings(), size_scale=1 / 8))
    assert method.adapters["de"][0].down.weight.shape == (32, WIDTH)
    assert method(tiny.text([[5]]))["text"].shape == (1, EMBED)


# --- settings, registration ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden": 0}, "hidden must be positive, not 0"),
        ({"clip": -1}, "clip must be positive, not -1"),
        ({"weight_decay": -0.1}, "weight_decay must be 0 or more"),
        ({"betas": [0.9, 1]}, "betas must lie from 0 to below 1"),
        ({"match": "clip"}, '"none" or "dasd"'),
        ({"hiden": 3}, 'did you mean "hidden"'),
    ],
)
def test_bad_settings_are_told_in_a_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(CcrError) as error:
        make_settings(Settings, values, "run.yaml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("section", "settings"),
    [("dasd", ccr_dasd.settings.Settings()), ("static-adapter", Settings())],
    ids=lambda v: str(v)[:8],
)
def test_the_page_lists_the_settings_and_their_defaults(section: str, settings: Any) -> None:
    page = (Path(__file__).parent.parent / "docs" / "methods.md").read_text(encoding="utf-8")
    page = page.split(f"\n## {section}\n")[1].split("\n## ")[0].split("| setting | default |")[1]
    listed = dict(re.findall(r"^\| `(\w+)` \| `(.+)` \|$", page, re.MULTILINE))
    assert listed == {name: json.dumps(value).strip('"') for name, value in settings_values(settings).items()}


def test_what_it_shares_with_dasd_has_dasd_s_defaults() -> None:
    ours, theirs = settings_values(Settings()), settings_values(ccr_dasd.settings.Settings())
    assert ours.keys() - theirs.keys() == {"hidden", "match"}
    assert all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())
    assert all(field.metadata["help"].endswith(".") for field in fields(Settings))


def test_registering_imports_no_torch() -> None:
    code = "import ccr_static_adapter as p, sys; p.ccr_register_methods(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
