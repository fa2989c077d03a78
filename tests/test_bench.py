"""`ccr bench`: every section works at the smallest size, and the plain way computes what the loop computes."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from ccr import Method, Phase, cli
from ccr.bench import BY_DEFAULT, SECTIONS
from ccr.bench.plain import Plain
from ccr.bench.report import Row, Target, as_json, as_table, duration
from ccr.bench.subjects import Bench, SyntheticTokens, captions, compiled_if, forward_flops
from ccr.bench.timing import Timing, clock, peak_memory, taking_turns
from ccr.bench.training import METHODS, Floor, Material, Ours
from ccr.host import Host
from ccr.pipeline.device import Compute

CPU = torch.device("cpu")


def ccr(*args: str) -> Result:
    return CliRunner().invoke(cli.main, ["bench", *args])


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("bench")
    return Material(Bench(Host.load(), Compute(CPU, False), folder, quick=True, rounds=4))


# --- the plain way -------------------------------------------------------------------------------------------------


def twins(material: Material, name: str, phase: Phase, **options: Any) -> tuple[Ours, Plain]:
    """One method twice, equal weight by weight; no weight is zero, which would hide what it is multiplied by."""
    bench, table = material.bench, "lazy" if options else "dense"
    methods: list[Method] = [bench.method(name), bench.method(name, embedding=table)]
    draws = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for (key, p), q in zip(methods[0].named_parameters(), methods[1].parameters(), strict=True):
            if not key.startswith("tower.") and not p.any():
                p.copy_(0.05 * torch.randn(p.shape, generator=draws))
            q.copy_(p)
    plain = Plain(methods[1], phase, bench.encoder, material.english, material.pixels, bench.tokens.pad, **options)
    return Ours(material, phase, methods[0]), plain


@pytest.mark.parametrize(("name", "phase_name"), list(itertools.product(METHODS, ("align", "match"))))
def test_the_plain_way_has_our_losses_and_gradients(material: Material, name: str, phase_name: str) -> None:
    phase = material.phase(phase_name)
    ours, plain = twins(material, name, phase)
    feed, order = material.feed(phase)
    batch, rows = material.batch(feed, order, 0)
    theirs, gradients = plain.gradients(batch, rows)

    player = ours.optimisers[-1].player
    terms = ours.method.loss(phase, player.name, ours.trainer._outputs(feed(0)), batch)
    grads = torch.autograd.grad(torch.stack(list(terms.values())).sum(), list(player.params), allow_unused=True)
    names = {id(p): key for key, p in ours.method.named_parameters()}
    mine = {names[id(p)]: g for p, g in zip(player.params, grads, strict=True) if g is not None}

    losses = {key: float(value.detach()) for key, value in theirs.items()}
    assert {key: float(value.detach()) for key, value in terms.items()} == pytest.approx(losses, rel=1e-4)
    assert set(mine) == set(gradients)
    for key, grad in mine.items():
        dense = grad.to_dense() if grad.is_sparse else grad
        assert dense.any(), key
        assert (dense - gradients[key]).norm() <= 1e-4 * gradients[key].norm(), key


@pytest.mark.parametrize(("name", "phase_name"), [("dasd", "match"), ("lora", "align")])
def test_over_steps_the_plain_way_goes_where_the_loop_goes(material: Material, name: str, phase_name: str) -> None:
    """With the same row-wise optimiser; the critic's steps between are part of it."""
    phase = material.phase(phase_name)
    ours, plain = twins(material, name, phase, rowwise=True)
    start = {key: p.detach().clone() for key, p in ours.method.named_parameters()}
    feed, order = material.feed(phase)
    for step in range(4):
        losses = {key: float(value) for key, value in ours().items()}
        batch, rows = material.batch(feed, order, step)
        assert plain.step(step, batch, rows) == pytest.approx(losses, rel=1e-4)
    trained = {id(p): p for optimiser in ours.optimisers for p in optimiser.player.params}
    moved = 0
    for (key, p), q in zip(ours.method.named_parameters(), plain.method.parameters(), strict=True):
        if id(p) in trained:
            way = (p - start[key]).norm()
            moved += int(way > 0)
            assert (p - q).norm() <= 2e-2 * way + 1e-7, key
        else:
            assert torch.equal(p, start[key]), key
    assert moved > 10


def test_the_plain_way_pays_what_it_says(material: Material) -> None:
    """Padding, the teacher and the images in every step, gradients for frozen weights, every row of the table."""
    phase = material.phase("match")
    _, plain = twins(material, "dasd", phase)
    seen: list[tuple[int, ...]] = []
    encode, tower = plain.encoder.encode_images, plain.method.tower
    tower.blocks[0].register_forward_pre_hook(lambda _, args: seen.append(tuple(args[0].shape)))
    pictures: list[int] = []
    plain.encoder.encode_images = lambda pixels: pictures.append(len(pixels)) or encode(pixels)  # type: ignore[func-returns-value,method-assign]
    try:
        before = plain.method.embedding.table.weight.detach().clone()
        feed, order = material.feed(phase)
        plain.step(1, *material.batch(feed, order, 0))
    finally:
        plain.encoder.encode_images = encode  # type: ignore[method-assign]
    assert seen == [(material.size, 77, tower.width)] * 3
    assert pictures == [material.size]
    assert all(p.grad is not None and p.grad.any() for p in tower.blocks.parameters())
    after = plain.method.embedding.table.weight
    assert (after != before).any(dim=1).all()


def test_the_floor_is_two_bare_forwards_of_the_batchs_lengths(material: Material) -> None:
    floor = Floor(material)
    shapes: list[tuple[int, int]] = []
    hook = material.bench.tower.blocks[0].register_forward_pre_hook(
        lambda _, args: shapes.append(tuple(args[0].shape[:2]))
    )
    try:
        floor()
    finally:
        hook.remove()
    assert sum(rows for rows, _ in shapes) == 2 * material.size
    assert max(length for _, length in shapes) == material.texts.lengths[: material.size].max()


# --- sections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_measures_and_writes_json(section: str, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    result = ccr("--quick", "--rounds", "2", "--threads", "1", "--only", section, "--out", str(out))
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text())
    assert written["machine"]["threads"] == 1
    assert {row["section"] for row in written["rows"]} == {section}
    for row in written["rows"]:
        assert row["seconds"] > 0
        assert row["base_seconds"] > 0
        assert 0 < row["low"] <= row["ratio"] <= row["high"] < math.inf
        assert row["case"] in result.stdout
    cases = {row["case"] for row in written["rows"]}
    assert {
        "training": {f"{name}, {phase}" for name in METHODS for phase in ("align", "match")},
        "queries": {"dasd, batch 1", "static-adapter, batch 1", "lora, batch 1"},
        "startup": {"ccr --help", "ccr plugins list"},
    }.get(section, set()) <= cases


def test_the_default_is_all_that_does_not_take_long() -> None:
    assert set(SECTIONS) - set(BY_DEFAULT) == {"growth"}


def test_an_unknown_section_is_one_sentence(tmp_path: Path) -> None:
    result = ccr("--only", "training,rankin", "--out", str(tmp_path / "x.json"))
    assert result.exit_code == 2
    assert result.stderr.startswith('error: ccr bench has no section "rankin" (did you mean "ranking"?)')
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_an_unknown_encoder_is_one_sentence(tmp_path: Path) -> None:
    result = ccr("--only", "queries", "--encoder", "openclop:x", "--out", str(tmp_path / "x.json"))
    assert result.exit_code == 2
    assert 'did you mean "openclip"' in result.stderr


# --- timing and report ---------------------------------------------------------------------------------------------


def test_calls_take_turns_and_the_order_turns_round() -> None:
    order: list[str] = []
    taking_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3, CPU, warmups=1)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"


def test_a_short_call_is_repeated_and_a_ratio_is_of_one_round() -> None:
    count = itertools.count()
    timing = taking_turns({"a": lambda: (next(count), time.sleep(0.001))}, 1, CPU, at_least=0.02)
    assert next(count) > 5
    assert 0.001 <= timing.median("a") < 0.02
    timing = Timing({"ours": (2.0, 40.0, 6.0), "base": (1.0, 10.0, 2.0)})  # the second round was ten times slower
    assert (timing.ratio("ours", "base").value, timing.median("ours")) == (3.0, 6.0)
    assert timing.ratio("ours", "base").low == 2.5
    assert Timing({"a": (3.0,), "b": (2.0,)}).ratio("a", "b").high == 1.5
    assert clock(lambda: time.sleep(0.002), CPU, 2) >= 0.002


def test_peak_memory_is_seen_while_the_call_runs() -> None:
    def takes() -> None:
        held = torch.ones(20_000_000)  # 76 MB, gone when it returns
        time.sleep(0.05)
        del held

    found = peak_memory(takes, CPU)
    if found is not None:
        assert 50 < found < 400


def test_captions_have_the_lengths_that_are_told() -> None:
    lengths = np.array([len(text.split()) + 2 for text in captions(4_000, 0, 119_547)])
    assert abs(lengths.mean() - 20) < 0.5
    assert (lengths.min(), lengths.max()) >= (5, 40)
    tokens = SyntheticTokens(100, 4)
    texts = captions(50, 1, 100)
    rows = tokens.encode(texts, 12)
    assert captions(50, 1, 100) == texts
    assert all(row[0] == 1 and row[-1] == 2 and len(row) <= 12 for row in rows)
    assert all(2 < int(word) < 100 for text in texts for word in text.split())


def test_operations_of_a_tower_are_counted(material: Material) -> None:
    """A row of one token: two operations per weight of a matrix, four per feature and layer for attention."""
    tower = material.bench.tower
    matrices = sum(p.numel() for p in tower.blocks.parameters() if p.ndim == 2)
    assert forward_flops(tower, [1]) == 2 * matrices + 4 * tower.width * tower.depth
    assert forward_flops(tower, [20, 20]) > 40 * forward_flops(tower, [1])


def row(**changes: Any) -> Row:
    given = {"section": "s", "case": "ours", "against": "base", "seconds": 0.3, "base_seconds": 0.2, "ratio": 1.5}
    return Row(**{**given, "low": 1.4, "high": 1.6, **changes})


def test_verdicts() -> None:
    assert row().met is None
    assert row(target=Target(1.5)).met is True
    assert row(target=Target(1.4)).met is False
    assert row(target=Target(0.25, "seconds")).met is False
    rows = [row(target=Target(1.4), facts={"images/s": 12345.6}), row(case="other", target=Target(0.4, "seconds"))]
    table = as_table(rows, {"device": "cpu", "quick": ""})
    assert "MISSED" in table
    assert "met" in table
    assert "0.4 s" in table
    assert "images/s 1.235e+04" in table
    assert "quick" not in table
    assert [r["met"] for r in as_json(rows, {})["rows"]] == [False, True]
    assert [duration(s) for s in (1234.5, 2.5, 0.0123, 0.00002)] == ["1,234 s", "2.5 s", "12.3 ms", "20 µs"]


@pytest.fixture
def eager() -> Iterator[None]:
    with torch._dynamo.config.patch(disable=True):
        yield


@pytest.mark.usefixtures("eager")
def test_compile_reaches_every_block_of_every_tower(material: Material) -> None:
    method = compiled_if(material.bench.method("dasd"), True)
    assert all(block._compiled_call_impl is not None for block in method.tower.blocks)
    assert all(
        block._compiled_call_impl is None for block in compiled_if(material.bench.method("dasd"), False).tower.blocks
    )
