"""DASD against a caption-by-caption loop, its switches, its gradients, its losses, its size."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import ccr_dasd
import pytest
import tiny
import torch
import torch.nn.functional as F
from attrs import evolve, fields
from ccr_dasd.method import DASD
from ccr_dasd.settings import Settings
from ccr_openclip.encoder import build
from ccr_openclip.tower import OpenClipTextTower
from hypothesis import given
from hypothesis import strategies as st
from tiny import ALIGN, DEPTH, EMBED, MATCH, WIDTH, context, tensors
from torch import Tensor
from trained import check_extend

from ccr import Batch, CcrError, Phase
from ccr.settings import make_settings, settings_values
from ccr.training.journal import Journal
from ccr.training.loop import Stage, Trainer, weights_digest
from ccr.training.optim import Optimiser

SMALL = {"bottleneck": 10, "rank": 4, "z_width": 12, "critic_hidden": (9, 7)}
SWITCHES = ("branch_adapters", "dynamic", "sr", "sa", "adversarial", "consistency")
VARIANTS = ("default", "released")


def made(langs: tuple[str, ...] = ("de", "cs"), **settings: Any) -> DASD:
    return DASD(context(Settings(**{**SMALL, **settings}), langs))


def trained(method: DASD, phase: Phase = ALIGN) -> dict[str, Tensor]:
    """The main player's parameters by name."""
    names = {p: name for name, p in method.named_parameters()}
    return {names[p]: p for p in method.players(phase)[-1].params}


# --- forward ------------------------------------------------------------------------------------------------------


def slow(method: DASD, ids: list[int], lang: str) -> dict[str, Tensor]:
    """One caption without padding (the released variant: with all of it), token by token, from the raw tensors."""
    s, w, tower = method.settings, dict(method.named_parameters()), method.tower
    released = s.variant == "released"

    def linear(name: str, x: Tensor) -> Tensor:
        return w[f"{name}.weight"] @ x + w.get(f"{name}.bias", torch.zeros(1, dtype=x.dtype))

    def normed(name: str, x: Tensor) -> Tensor:
        y = (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + 1e-5)
        return y if released else y * w[f"{name}.weight"] + w[f"{name}.bias"]

    def embedded(ids: list[int]) -> Tensor:
        return torch.stack([linear("embedding.linear", w["embedding.table.weight"][i]) for i in ids])[None]

    def branch(name: str, x: Tensor) -> Tensor:
        if released or not s.branch_adapters:
            return x
        return x + linear(f"{name}_branch.lang_{lang}.up", linear(f"{name}_branch.lang_{lang}.down", x).clamp(min=0))

    def read(block: Tensor) -> dict[str, Tensor]:
        """(L, width) -> sr, sa."""
        out = {}
        if s.sr:
            out["sr"] = linear("sr.project", normed("sr.norm", branch("sr", block[len(ids) - 1])))
        if s.sa:
            out["sa"] = sum(normed("sa.norm", branch("sa", token)) for token in block) / len(block)
        return out

    full = [*ids, *[method.pad] * (tower.context_length - len(ids))] if released else ids
    bare: list[Tensor] = []
    tower.run(embedded(full), torch.tensor([len(ids)]), lambda i, x: bare.append(x[0, : len(full)]) or x)
    out = read(bare[1 if released else 0])
    double = next(iter(w.values())).dtype
    both = [
        out.get("sr", torch.zeros(tower.embed_dim, dtype=double)),
        out.get("sa", torch.zeros(tower.width, dtype=double)),
    ]
    rank = s.rank

    def matrix(layer: int) -> Tensor:
        if not s.dynamic:
            return w[f"matrices.{layer}.weight"]
        z = linear("z.linear", torch.cat(both))
        z = torch.tensor([v / (1 + math.exp(-1.702 * v)) for v in z.tolist()], dtype=z.dtype)
        flat = linear(f"matrices.{layer}.linear", z)
        return torch.stack([torch.stack([flat[row * rank + column] for column in range(rank)]) for row in range(rank)])

    def adapted(layer: int, x: Tensor) -> Tensor:
        name, tokens = f"adapters.lang_{lang}.{layer}", []
        for token in x[0]:
            down = linear(f"{name}.down", token)
            mixed = torch.stack([sum(down[k] * matrix(layer)[k, j] for k in range(rank)) for j in range(rank)])
            tokens.append(token + linear(f"{name}.up", mixed.clamp(min=0)))
        return torch.stack(tokens)[None]

    return {"text": tower.run(embedded(ids), torch.tensor([len(ids)]), adapted)[0], **out}


def moved(method: DASD) -> DASD:
    """In double precision, and away from initial values that hide a mistake (norms at one, biases near zero)."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for name, p in method.double().named_parameters():
            if not name.startswith("tower."):
                p.data += 0.2 * torch.randn_like(p)
    return method


CASES = [{}, *({switch: False} for switch in SWITCHES), {"sr": False, "sa": False}, {"dynamic": False, "sa": False}]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("switched", CASES, ids=str)
def test_forward_is_the_slow_loop(variant: str, switched: dict[str, bool]) -> None:
    method = moved(made(variant=variant, **switched))
    rows = tiny.captions(5)
    for lang in ("de", "cs"):
        out = method(tiny.text(rows, lang))
        for i, row in enumerate(rows):
            expected = slow(method, [1, *row, 2], lang)
            assert out.keys() == expected.keys()
            for name in out:
                torch.testing.assert_close(out[name][i], expected[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_row_does_not_depend_on_padding_or_on_its_neighbours(variant: str) -> None:
    method = moved(made(variant=variant))

    @given(
        st.lists(st.lists(st.integers(4, tiny.VOCABULARY - 1), max_size=8), min_size=1, max_size=6), st.integers(0, 4)
    )
    def law(rows: list[list[int]], extra: int) -> None:
        whole = method(tiny.text(rows, extra=extra))
        for i, row in enumerate(rows):
            for name, values in method(tiny.text([row])).items():
                torch.testing.assert_close(values[0], whole[name][i], rtol=1e-9, atol=1e-9)

    with torch.no_grad():
        law()


def test_one_row_in_single_precision_is_that_row_of_eight() -> None:
    method = made()
    rows = tiny.captions(8)
    whole = method(tiny.text(rows))
    for i, row in enumerate(rows):
        for name, values in method(tiny.text([row])).items():
            torch.testing.assert_close(values[0], whole[name][i], rtol=0, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_in_bf16_it_is_nearly_the_same(variant: str) -> None:
    method, batch = made(variant=variant), tiny.batch()
    exact = method(batch.text)
    with torch.autocast("cpu", torch.bfloat16):
        near = method(batch.text)
    for name, values in near.items():
        torch.testing.assert_close(values.float(), exact[name], rtol=0.05, atol=0.05)


def test_captions_of_other_padding_differ_in_the_released_mean_only() -> None:
    """The padding that the released code averages is the whole context's: sa is another, sr is not."""
    method = made(branch_adapters=False)
    released = made(variant="released")
    released.load_state_dict(method.state_dict(), strict=False)
    rows = [[5, 6, 7], list(range(10, 22))]
    x = method.embedding(tiny.text(rows).ids)
    first: list[Tensor] = []
    method.tower.run(x, tiny.text(rows).lengths, lambda i, x: first.append(x) or x)
    sr, sa = (method._read(first[1], "de", tiny.text(rows).lengths, tiny.text(rows).lengths)[k] for k in ("sr", "sa"))
    out = released(tiny.text(rows))
    torch.testing.assert_close(out["sr"], sr)
    assert (out["sa"][0] - sa[0]).abs().max() > 0.1, "three words and nine of padding"
    torch.testing.assert_close(out["sa"][1], sa[1])  # this row has no padding


def openclip(**text: Any) -> OpenClipTextTower:
    """An open_clip text tower of the tiny tower's sizes, with random weights."""
    sizes = {"context_length": tiny.CONTEXT, "vocab_size": 49_408, "width": WIDTH, "heads": 2, "layers": DEPTH}
    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    with torch.random.fork_rng():
        torch.manual_seed(2)
        config = {"embed_dim": EMBED, "vision_cfg": vision, "text_cfg": sizes | text, "custom_text": bool(text)}
        return OpenClipTextTower(build(config, "test")).private()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("text", [{}, {"no_causal_mask": True, "pool_type": "last"}], ids=["causal", "both ways"])
def test_on_an_open_clip_tower_forward_is_the_slow_loop(variant: str, text: dict[str, Any]) -> None:
    tower = openclip(**text)
    assert tower.trim_exact == (not text)
    encoder = tiny.TinyEncoder(lambda: tower)
    method = moved(DASD(context(Settings(**SMALL, variant=variant), encoder=encoder)))
    rows = tiny.captions(3)
    out = method(tiny.text(rows))
    for i, row in enumerate(rows):
        expected = slow(method, [1, *row, 2], "de")
        for name in out:
            torch.testing.assert_close(out[name][i], expected[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("variant", "runs"), [("default", [1, 1, 1]), ("released", [2, 2, 1])])
def test_every_block_runs_once_and_in_the_released_variant_two_run_twice(variant: str, runs: list[int]) -> None:
    method = made(variant=variant)
    counts = [0] * DEPTH
    for i, block in enumerate(method.tower.blocks):
        block.register_forward_hook(lambda *_, i=i: counts.__setitem__(i, counts[i] + 1))
    method(tiny.text(tiny.captions(4)))
    assert counts == runs


def test_a_language_without_adapters_is_an_error() -> None:
    with pytest.raises(CcrError, match="no modules for 'fr'; it was made for de, cs"):
        made()(tiny.text([[5]], "fr"))


# --- switches -----------------------------------------------------------------------------------------------------

PARTS = {  # switch -> modules that go, modules that come, loss terms that go
    "branch_adapters": ({"sr_branch", "sa_branch"}, set(), set()),
    "dynamic": ({"z", "matrices"}, {"matrices"}, set()),
    "sr": ({"sr", "sr_branch"}, set(), {"consistency"}),
    "sa": ({"sa", "sa_branch", "critic"}, set(), {"adversarial", "critic"}),
    "adversarial": ({"critic"}, set(), {"adversarial", "critic"}),
    "consistency": (set(), set(), {"consistency"}),
}
CHANGED = {  # switch -> what is computed otherwise, of what is computed with it and without it
    "branch_adapters": {"text", "sr", "sa"},
    "dynamic": {"text"},
    "sr": {"text"},
    "sa": {"text"},
    "adversarial": set(),
    "consistency": set(),
}


def parts(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def terms(method: DASD, batch: Batch, phase: Phase) -> dict[str, float]:
    out = method(batch.text)
    values: dict[str, Tensor] = {}
    for player in method.players(phase):
        values |= method.loss(phase, player.name, out, batch)
    return {name: float(value.detach()) for name, value in values.items()}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_moves_its_own_part_and_nothing_else(switch: str) -> None:
    whole, off = made(), made(**{switch: False})
    before, after = tensors(whole), tensors(off)
    gone, come, terms_gone = PARTS[switch]
    assert parts(before.keys() - after.keys()) == gone
    assert parts(after.keys() - before.keys()) == come
    for name in before.keys() & after.keys():
        assert torch.equal(before[name], after[name]), name
    for phase in (ALIGN, MATCH):
        batch = tiny.batch()
        on_terms, off_terms = terms(whole, batch, phase), terms(off, batch, phase)
        assert on_terms.keys() - off_terms.keys() == terms_gone
        assert off_terms.keys() <= on_terms.keys()
        if switch in ("adversarial", "consistency"):  # these change losses, not what is computed
            assert all(off_terms[name] == on_terms[name] for name in off_terms)
    here, there = whole(batch.text), off(batch.text)
    changed = {name for name in here.keys() & there.keys() if not torch.equal(here[name], there[name])}
    assert changed == CHANGED[switch]


def test_what_is_off_is_listed_with_its_reason() -> None:
    assert made().losses_off == ()
    assert made(sr=False, adversarial=False).losses_off == ("consistency (sr is off)", "adversarial")
    assert made(sa=False, consistency=False).losses_off == ("consistency", "adversarial (sa is off)")


def test_parts_that_nothing_reads_are_not_built() -> None:
    method = made(dynamic=False, adversarial=False, consistency=False)
    assert parts(set(tensors(method))) == {"embedding", "matrices", "adapters"}
    assert set(method(tiny.text([[5]]))) == {"text"}


def test_initial_values_depend_on_the_seed_and_on_no_other_language() -> None:
    one, both = tensors(made(("de",))), tensors(made(("cs", "de")))
    assert all(torch.equal(both[name], value) for name, value in one.items())
    other = tensors(DASD(context(Settings(**SMALL), seed=1)))
    drawn = [name for name in one if not name.startswith(("embedding.table", "sr.norm", "sa.norm"))]
    assert drawn
    assert not any(torch.equal(other[name], one[name]) for name in drawn)
    assert not torch.equal(both["adapters.lang_de.0.up.weight"], both["adapters.lang_cs.0.up.weight"])
    assert not torch.equal(both["adapters.lang_de.0.up.weight"], both["adapters.lang_de.1.up.weight"])
    assert not torch.equal(both["sr_branch.lang_de.up.weight"], both["sa_branch.lang_de.up.weight"])


def test_hidden_sizes_follow_the_recipe() -> None:
    method = DASD(context(Settings(), size_scale=1 / 8))
    shapes = {name: tuple(p.shape) for name, p in method.named_parameters()}
    assert shapes["sr_branch.lang_de.down.weight"] == (32, WIDTH)
    assert shapes["adapters.lang_de.0.down.weight"] == (4, WIDTH)
    assert shapes["matrices.0.linear.weight"] == (16, 64)
    assert shapes["z.linear.weight"] == (64, EMBED + WIDTH)
    assert [shapes[f"critic.layers.{i}.weight"] for i in (0, 2, 4)] == [(32, WIDTH + EMBED), (16, 32), (2, 16)]


# --- losses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("rescale", "unit"), [("auto", 0.5), ("always", 0.5), ("never", 1.0)])
@pytest.mark.parametrize("phase", [ALIGN, MATCH], ids=lambda phase: phase.name)
def test_losses_are_those_of_the_paper(phase: Phase, rescale: str, unit: float, variant: str) -> None:
    method, batch = made(variant=variant, rescale=rescale), tiny.batch(7)
    out = {name: value.detach() for name, value in method(batch.text).items()}
    english, image = batch.source_features / unit, batch.image_features / unit
    meaning = english if phase is ALIGN else image
    mismatch = [6, 5, 4, 3, 2, 1, 0] if variant == "released" else batch.other.tolist()

    def bce(sa: Tensor, feature: Tensor, truth: tuple[int, int]) -> float:
        scores, w = torch.cat([sa, feature]), dict(method.critic.named_parameters())
        for i in (0, 2, 4):
            scores = (
                w[f"layers.{i}.weight"].detach() @ (scores.tanh() if i else scores) + w[f"layers.{i}.bias"].detach()
            )
        return sum(math.log1p(math.exp(-v if t else v)) for v, t in zip(scores.tolist(), truth, strict=True)) / 2

    wrong = [bce(out["sa"][i], meaning[mismatch[i]], (0, 1)) for i in range(7)]
    right = [bce(out["sa"][i], meaning[i], (1, 0)) for i in range(7)]
    fooled = [bce(out["sa"][i], meaning[mismatch[i]], (1, 0)) for i in range(7)]
    apart = (out["sr"] / unit - meaning).abs()
    smooth = torch.where(apart < 1, apart.square() / 2, apart - 0.5)
    expected = {
        "critic": (sum(wrong) + sum(right)) / 14,
        "mse": float((out["text"] / unit - english).square().mean()),
        "consistency": 0.1 * float((apart if phase is ALIGN else smooth).mean()),
        "adversarial": 0.001 * sum(fooled) / 7,
    }
    if phase is MATCH:
        cosines = 15 * F.normalize(out["text"], dim=1) @ F.normalize(image, dim=1).T  # 15: the encoder's own scale
        matched = cosines.log_softmax(0).diag() + cosines.log_softmax(1).diag()
        expected["infonce"] = float(-matched.mean() / 2)
    assert terms(method, batch, phase) == pytest.approx(expected, rel=1e-5)


def test_weights_and_scale_are_settings() -> None:
    batch = tiny.batch()
    plain = terms(made(), batch, MATCH)
    weights = {"mse_weight": 3.0, "infonce_weight": 5.0, "match_consistency_weight": 0.7, "adversarial_weight": 0.011}
    weighed = terms(made(**weights), batch, MATCH)
    factors = {"mse": 3, "infonce": 5, "consistency": 7, "adversarial": 11, "critic": 1}
    assert weighed == pytest.approx({name: factors[name] * value for name, value in plain.items()}, rel=1e-5)
    aligned = terms(made(align_consistency_weight=1.0), batch, ALIGN)["consistency"]
    assert aligned == pytest.approx(10 * terms(made(), batch, ALIGN)["consistency"])
    assert terms(made(infonce_scale=1.0), batch, MATCH)["infonce"] < plain["infonce"]
    assert terms(made(smooth_l1_beta=0.1), batch, MATCH)["consistency"] > plain["consistency"]


def test_missing_features_and_foreign_phases_are_told() -> None:
    method, batch = made(), tiny.batch()
    out = method(batch.text)
    with pytest.raises(CcrError, match="source-language features"):
        method.loss(ALIGN, "main", out, evolve(batch, source_features=None))
    with pytest.raises(CcrError, match="image features"):
        method.loss(MATCH, "critic", out, evolve(batch, image_features=None))
    method.loss(ALIGN, "main", out, evolve(batch, image_features=None))
    with pytest.raises(CcrError, match="no losses for the phase 'mix'"):
        method.players(Phase("mix", 1, 1))


def test_degenerate_batches_stay_finite() -> None:
    """Empty captions, all the same, before features of zero: finite terms, finite gradients."""
    method = made()
    batch = tiny.batch(rows=[[]] * 8)
    batch = evolve(batch, source_features=torch.zeros(8, EMBED), image_features=torch.zeros(8, EMBED))
    for phase in (ALIGN, MATCH):
        assert all(map(math.isfinite, terms(method, batch, phase).values()))
        assert all(g is None or g.to_dense().isfinite().all() for g in grads(method, batch, phase)[1].values())


# --- players and gradients ----------------------------------------------------------------------------------------


def grads(method: DASD, batch: Batch, phase: Phase) -> tuple[dict[str, Tensor | None], ...]:
    """The gradients of the critic's own loss and of the main loss, for every parameter of the method by name."""
    out = method(batch.text)
    names, params = zip(*((n, p) for n, p in method.named_parameters() if p.requires_grad), strict=True)
    gradients = []
    for player in ("critic", "main"):
        total = sum(method.loss(phase, player, out, batch).values())
        found = torch.autograd.grad(total, params, retain_graph=True, allow_unused=True)
        gradients.append(dict(zip(names, found, strict=True)))
    return tuple(gradients)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("phase", [ALIGN, MATCH], ids=lambda phase: phase.name)
def test_each_player_moves_its_own_and_the_tower_has_no_gradient(phase: Phase, variant: str) -> None:
    method = made(variant=variant)
    critic, main = (player.params for player in method.players(phase))
    own_critic, own_main = set(map(id, critic)), set(map(id, main))
    assert own_critic == set(map(id, method.critic.parameters()))
    assert (own_critic <= own_main) if variant == "released" else not (own_critic & own_main)
    assert len(own_main) == len(main)
    assert own_main | own_critic == {id(p) for p in method.parameters() if p.requires_grad}
    assert not any(p.requires_grad for p in method.tower.parameters())
    by_critic, by_main = grads(method, tiny.batch(), phase)
    assert {name for name, g in by_critic.items() if g is not None} == {n for n in by_critic if n.startswith("critic.")}
    assert all(g is not None and g.to_dense().any() for n, g in by_main.items() if ".lang_cs." not in n), (
        "all take part"
    )
    assert all(g is None for n, g in by_main.items() if ".lang_cs." in n), "the batch is German"


def every_combination() -> Iterator[dict[str, bool]]:
    for values in product((True, False), repeat=len(SWITCHES)):
        yield dict(zip(SWITCHES, values, strict=True))


def test_whatever_is_switched_off_each_parameter_that_is_left_takes_part() -> None:
    for switched in every_combination():
        method, batch = made(("de",), **switched), tiny.batch()
        for phase in (ALIGN, MATCH):
            out = method(batch.text)
            players = method.players(phase)
            assert [p.name for p in players] == ["critic"] * (switched["sa"] and switched["adversarial"]) + ["main"]
            for player in players:
                total = sum(method.loss(phase, player.name, out, batch).values())
                found = torch.autograd.grad(total, list(player.params), retain_graph=True, allow_unused=True)
                assert all(g is not None for g in found), switched
        used = {id(p) for player in players for p in player.params}
        assert used == {id(p) for name, p in method.named_parameters() if not name.startswith("tower.")}


def test_players_are_the_released_optimisers() -> None:
    method = made()
    for phase, lr in ((ALIGN, 2e-4), (MATCH, 6e-6)):
        critic, main = method.players(phase)
        assert (main.lr, main.betas, main.eps, main.weight_decay, main.clip) == (lr, (0.9, 0.98), 1e-6, 0.2, 1.0)
        assert (main.bias_correction, main.schedule) == (False, "cosine")
        assert (critic.lr, critic.betas, critic.eps, critic.weight_decay) == (1e-4, (0.9, 0.999), 1e-8, 0.0)
        assert (critic.clip, critic.bias_correction, critic.schedule) == (None, True, "constant")
        assert [id(p) for p in main.lazy_rows] == [id(method.embedding.table.weight)]
    for dense in (made(embedding="dense"), made(variant="released")):
        assert list(dense.players(ALIGN)[-1].lazy_rows) == []
        assert not grads(dense, tiny.batch(), ALIGN)[1]["embedding.table.weight"].is_sparse


def test_the_critic_learns_and_sa_learns_to_fool_it() -> None:
    method, batch = made(), tiny.batch(16)
    critic, main = method.players(ALIGN)
    names = {p: name for name, p in method.named_parameters()}

    def step(optimiser: Optimiser, term: str, lr: float) -> float:
        out = method(batch.text)
        loss = method.loss(ALIGN, optimiser.player.name, out, batch)[term]
        found = torch.autograd.grad(loss, list(optimiser.player.params), allow_unused=True)
        optimiser.step(found, lr / optimiser.player.lr)
        return float(loss.detach())

    told_apart = [step(learner, "critic", 0.01) for learner in [Optimiser(critic, names)] for _ in range(80)]
    assert told_apart[-1] < 0.5 * told_apart[0]
    fooled = [step(learner, "adversarial", 0.01) for learner in [Optimiser(main, names)] for _ in range(30)]
    assert fooled[-1] < 0.5 * fooled[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_thirty_steps_lower_every_phase_s_loss_and_leave_the_tower_as_it_was(variant: str, tmp_path: Path) -> None:
    method = made(variant=variant, align_lr=3e-3, match_lr=3e-3)
    before = weights_digest(dict(method.tower.named_parameters()))
    untouched = tensors(method)

    def validate() -> float:
        return -sum(terms(method, tiny.batch(16), MATCH).values())

    stages = [Stage(Phase(name, 30, 16), lambda step: tiny.batch(16)) for name in ("align", "match")]
    Trainer(method, stages, validate, tmp_path, Journal(tmp_path / "log.jsonl"), 0, torch.device("cpu")).run()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    align, match = ([row for row in log if row["phase"] == name and "mse" in row] for name in ("align", "match"))
    assert align[-1]["mse"] < 0.6 * align[0]["mse"]
    assert align[-1]["consistency"] < 0.8 * align[0]["consistency"]
    assert match[-1]["infonce"] < 0.5 * match[0]["infonce"]
    assert match[-1]["mse"] < match[0]["mse"]
    assert weights_digest(dict(method.tower.named_parameters())) == before
    after = tensors(method)
    assert all(torch.equal(after[n], untouched[n]) for n in after if ".lang_cs." in n)
    seen = tiny.batch(16).text.ids.unique()
    still = [i for i in range(tiny.VOCABULARY) if i not in seen.tolist()]
    rows_moved = (after["embedding.table.weight"] != untouched["embedding.table.weight"]).any(dim=1)
    assert rows_moved[still].all() == (variant == "released"), "only weight decay moves rows that no caption has"


# --- languages added later ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_language_added_later_is_as_if_it_had_been_there(variant: str) -> None:
    check_extend(lambda langs: made(langs, variant=variant))


# --- size, settings, registration ---------------------------------------------------------------------------------


class BigTokens(tiny.TinyTokens):
    vocab_size, dim = 119_547, 768

    def table(self) -> Tensor:
        return torch.empty(self.vocab_size, self.dim)


class BigTower(tiny.TinyTower):
    width, depth, embed_dim = 512, 12, 512


@pytest.mark.parametrize(("variant", "with_table", "without"), [("default", 100.2, 8.4), ("released", 99.7, 7.9)])
def test_trainable_parameters_at_vit_b_size(variant: str, with_table: float, without: float) -> None:
    with torch.device("meta"):
        encoder = tiny.TinyEncoder(BigTower)
        method = DASD(context(Settings(variant=variant), ["de"], tokens=BigTokens(), encoder=encoder))
    critic = sum(p.numel() for p in method.critic.parameters())
    assert round(critic / 1e6, 1) == 0.3
    main = sum(p.numel() for p in trained(method).values()) - (critic if variant == "released" else 0)
    assert round(main / 1e6, 1) == with_table
    assert round((main - method.embedding.table.weight.numel()) / 1e6, 1) == without


def test_ablations_are_one_row_per_switch_and_all_can_be_built() -> None:
    (spec,) = ccr_dasd.ccr_register_methods()
    rows = [dict(changes) for changes in spec.ablations.values()]
    assert [row for row in rows if set(row) & set(SWITCHES)] == [{switch: False} for switch in SWITCHES]
    assert {"variant": "released"} in rows
    sizes = [row for row in rows if set(row) & {"rank", "z_width"}]
    assert sizes == [{"rank": 16}, {"rank": 64}, {"z_width": 256}, {"z_width": 1024}]
    assert len(rows) == len(SWITCHES) + 1 + len(sizes)
    for changes in rows:
        settings = make_settings(Settings, changes, "ablation")
        assert settings != Settings()
        assert set(DASD(context(settings, size_scale=1 / 16))(tiny.text([[5, 6]]))) >= {"text"}


def test_defaults_are_the_released_constants() -> None:
    values = settings_values(Settings())
    assert (values["bottleneck"], values["rank"], values["z_width"], values["critic_hidden"]) == (
        256,
        32,
        512,
        [256, 128],
    )
    assert values["infonce_scale"] is None, "the encoder's own: 100 for CLIP"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rank": 0}, "rank must be positive, not 0"),
        ({"critic_hidden": [256, -1]}, "critic_hidden must be positive, not -1"),
        ({"infonce_scale": 0}, "infonce_scale must be positive, not 0"),
        ({"adversarial_weight": -0.1}, "adversarial_weight must be 0 or more"),
        ({"betas": [0.9, 1]}, "betas must lie from 0 to below 1"),
        ({"variant": "paper"}, '"default" or "released"'),
        ({"rescale": "on"}, '"auto" or "always" or "never"'),
        ({"dynamc": False}, 'did you mean "dynamic"'),
        ({"sa": "off"}, "sa must be true or false"),
    ],
)
def test_bad_settings_are_told_in_a_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(CcrError) as error:
        make_settings(Settings, values, "run.yaml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_every_setting_says_what_it_is() -> None:
    assert all(field.metadata["help"].endswith(".") for field in fields(Settings))


def test_registering_imports_no_torch() -> None:
    code = "import ccr_dasd, sys; ccr_dasd.ccr_register_methods(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
