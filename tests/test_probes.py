"""Probes: planted readings are told for what they hold, and a trained run is probed from end to end."""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ccr.cli import main
from ccr.errors import CcrError
from ccr.probes import fit
from ccr.probes.distance import distance, grams
from ccr.probes.fit import folds, linear
from ccr.probes.measure import probe
from ccr.probes.readings import Readings
from ccr.probes.scores import ratio
from ccr.probes.variance import shares, split
from ccr.results.report.probes import _slope

SMALL = (
    "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu",
    "--set", "dataset.train=96", "--set", "dataset.val=32", "--set", "dataset.test=40",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.7",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=1",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip
IMAGES, WIDTH, STYLES = 80, 12, 3


def drawn(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def planted(images: int = IMAGES) -> Readings:
    """Two languages, two captions of each image in each; sr is the image turned round, sa the style in another code."""
    rng = np.random.default_rng(0)
    image = np.tile(np.repeat(np.arange(images), 2), 2)
    n = len(image)
    style = rng.integers(0, STYLES, n)
    length = rng.integers(4, 12, n).astype(float)
    semantic = drawn(images, WIDTH, seed=1)
    sr = semantic[image] @ drawn(WIDTH, WIDTH, seed=2)
    sa = F.one_hot(torch.from_numpy(style), STYLES).float() @ drawn(STYLES, WIDTH, seed=3)
    sa = sa + torch.from_numpy(length).float()[:, None] * drawn(WIDTH, seed=4)
    return Readings(
        langs=("de", "zh"),
        lang=np.repeat([0, 1], n // 2),
        styles=tuple("abc"),
        style=style,
        length=length,
        image=image,
        meaning=np.tile(np.arange(n // 2), 2),
        ids=tuple(map(str, range(n))),
        semantic=semantic,
        vectors={"sr": sr, "sa": sa, "random": drawn(n, WIDTH, seed=5)},
        matrices=sa[:, :, None].mul(drawn(4, seed=6)).flatten(1),
    )


def test_each_reading_is_told_for_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "EPOCHS", 15)
    out = probe(planted())
    held = {"sr": ["meaning/linear", "meaning/mlp"], "sa": ["style/linear", "style/mlp", "length/linear"], "random": []}
    for name, scores in out["readings"].items():
        for key, score in scores.items():
            assert score["low"] <= score["value"] <= score["high"]
            if key in held[name]:
                assert score["value"] > 0.6, (name, key, score)
            elif key == "critic" and name == "sr":
                assert score["low"] > 0.7
            elif (name, key) != ("sa", "length/mlp"):
                assert score["low"] < score["chance"] + 0.04, (name, key, score)
    assert out["readings"]["sr"]["meaning/linear"]["chance"] == pytest.approx(5 / IMAGES)
    assert out["sr less sa"]["meaning/linear"]["low"] > 0.8
    assert out["sr less sa"]["style/linear"]["high"] < -0.5
    assert out["matrices"]["style"]["low"] < out["matrices"]["style"]["value"] <= 1
    assert out["matrices"]["meaning"]["low"] < 0.05


def test_a_constant_reading_scores_chance() -> None:
    found = planted()
    out = probe(
        Readings(
            **{name: getattr(found, name) for name in found.__slots__ if name not in ("vectors", "__weakref__")},
            vectors={"sa": torch.ones(len(found.ids), 3)},
        )
    )
    scores = out["readings"]["sa"]
    assert scores["meaning/linear"]["value"] == pytest.approx(5 / IMAGES, abs=0.05)
    assert scores["length/linear"]["value"] == pytest.approx(0, abs=0.01)
    assert 0.4 < scores["critic"]["value"] < 0.6
    assert "sr less sa" not in out


def test_too_few_images_are_told() -> None:
    with pytest.raises(CcrError, match="at least 20 test images"):
        probe(planted(12))


def test_no_image_is_in_two_folds() -> None:
    image = np.array([0, 0, 7, 7, 9, 12, 12, 30, 31, 40])
    fold = folds(image, 5)
    assert all(len(set(fold[image == one])) == 1 for one in image)
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]


@given(st.integers(0, 2**31), st.integers(5, 30), st.integers(1, 8))
def test_ridge_is_the_textbook_one(seed: int, n: int, d: int) -> None:
    """Against the normal equations, at whichever of the penalties was chosen."""
    x, y = drawn(n, d, seed=seed).double(), drawn(n, 2, seed=seed + 1).double()
    told = linear(x, y, torch.arange(n), False)(x)
    a, b = x - x.mean(0), y - y.mean(0)
    scale = float(torch.linalg.svdvals(a).square().mean())
    fits = [
        a @ torch.linalg.solve(a.T @ a + float(p) * scale * torch.eye(d, dtype=x.dtype), a.T @ b) + y.mean(0)
        for p in fit.PENALTIES
    ]
    assert min(float((told - each).abs().max()) for each in fits) < 1e-6


def test_intervals_cover_over_images() -> None:
    """Captions of one image agree: the interval knows that there are 50 images and not 200 captions."""
    rng = np.random.default_rng(0)
    image = np.repeat(np.arange(50), 4)
    covered = 0
    for _ in range(400):
        score = ratio(np.repeat(rng.random(50) < 0.4, 4).astype(float), np.ones(200), image, 0.0)
        covered += abs(score.value - 0.4) <= score.half
    assert 0.91 <= covered / 400 <= 0.975


def test_variance_goes_where_it_was_put() -> None:
    rng = np.random.default_rng(1)
    lang = np.repeat([0, 1, 2], 200)
    meaning = np.tile(np.arange(200), 3)
    style = rng.integers(0, 4, 600)
    styles = drawn(3, 4, 40, seed=2)
    styles = styles - styles.mean(1, keepdim=True)  # or else they tell the languages apart, too
    parts = (drawn(3, 40, seed=1)[lang], styles[lang, style], drawn(200, 40, seed=3)[meaning])
    for name, part in zip(("language", "style", "meaning"), parts, strict=True):
        assert shares(part, lang, style, meaning)[name] > 0.9
    noise = split(drawn(600, 40, seed=4), lang, style, meaning, meaning // 2)
    assert all(abs(noise[name]["value"]) < 0.02 for name in ("language", "style", "meaning"))
    assert sum(part["value"] for part in noise.values()) == pytest.approx(1)
    assert all(math.isnan(value) for value in shares(torch.ones(600, 4), lang, style, meaning).values())


def test_the_distance_of_styles() -> None:
    one, two = grams(["ein roter Kreis"]), grams(["一个红色的圆"])
    assert distance(one, one) == 0
    assert distance(one, two) == pytest.approx(1)
    assert 0 < distance(one, grams(["ein roter Stern"])) < 1
    assert distance(one, grams([])) == 1


def test_a_slope_is_found_with_its_interval() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=400)
    found = _slope(x, 30 * x + rng.normal(size=400), np.arange(400) // 2)
    assert found is not None
    slope, low, high = found
    assert low < 3 < high
    assert 2.8 < slope < 3.2
    assert _slope(np.zeros(4), np.ones(4), np.arange(4)) is None


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd, before = tmp_path_factory.mktemp("probes"), Path.cwd()
    os.chdir(cwd)
    try:
        for method in ("dasd", "static-adapter"):
            outcome = CliRunner().invoke(main, ["run", "--method", method, *SMALL])
            assert outcome.exit_code == 0, outcome.output
    finally:
        os.chdir(before)
    return cwd / "runs"


def test_a_run_is_probed_once_and_the_report_shows_it(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "EPOCHS", 2)
    (folder,) = runs.glob("*/dasd-*")
    outcome = CliRunner().invoke(main, ["probe", str(folder), "--json"])
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.stdout)
    assert list(found["readings"]) == ["sr", "sa", "text", "mean pool", "random"]
    assert set(found["matrices"]) == {"language", "style", "meaning", "rest"}
    assert {len(told["of"]) for told in found["styles"].values()} == {80}
    assert all(0 < far < 1 for told in found["styles"].values() for far in told["distance"])
    written = (folder / "probes.json").stat().st_mtime_ns
    again = CliRunner().invoke(main, ["probe", str(folder)])
    assert "fresh critic (accuracy) (50.0)" in again.stdout
    assert "Variance of the generated matrices" in again.stdout
    assert (folder / "probes.json").stat().st_mtime_ns == written
    page = tmp_path / "r.html"
    words = ["report", str(runs), "-o", str(page), "--baseline", "static-adapter", "--pictures", "0", "--probes"]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, outcome.output
    assert "static-adapter has no readings to probe" in outcome.stderr
    html = page.read_text(encoding="utf-8")
    assert "What the readings hold" in html
    assert "Gain by style" in html


def test_probes_of_another_run_are_not_shown(runs: Path, tmp_path: Path) -> None:
    (folder,) = runs.glob("*/static-adapter-*")
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    (copy / "probes.json").write_text("{torn")
    outcome = CliRunner().invoke(main, ["probe", str(copy)])
    assert outcome.exit_code == 2
    assert "is not whole" in outcome.output
    (copy / "probes.json").write_text('{"run": "another"}')
    outcome = CliRunner().invoke(main, ["probe", str(copy)])
    assert 'static-adapter has no readings to probe: its forward returns text, neither "sr" nor "sa"' in outcome.output
