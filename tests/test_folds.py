"""Galleries that are cut into folds: ranks, metrics and a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from ccr_recall import metrics as recall
from click.testing import CliRunner
from test_sound import REGISTRY, root, words  # noqa: F401  # `root` is a fixture

from ccr import MetricSpec
from ccr.cli import main
from ccr.evaluation.encode import Sides
from ccr.evaluation.folds import fold_numbers, ranked, score_folds
from ccr.evaluation.ranks import both_directions
from ccr.evaluation.score import score, value
from ccr.evaluation.top import top_images

METRICS = [
    (MetricSpec(name="R@1", factory="x:Y", arguments={"k": 1}), recall.RecallAt),
    (MetricSpec(name="MedR", factory="x:Y", percent=False), recall.MedianRank),
    (MetricSpec(name="AR", factory="x:Y", scope="language"), recall.AverageRecall),
    (MetricSpec(name="mAR", factory="x:Y", scope="table"), recall.AverageRecall),
]


def made(images: int, captions: int, seed: int = 0) -> Sides:
    """Captions of the images in a jumble, near them."""
    generator = torch.Generator().manual_seed(seed)
    gallery = torch.randn(images, 4, generator=generator)
    owner = torch.randperm(images * captions, generator=generator) % images
    return Sides(gallery[owner] + torch.randn(len(owner), 4, generator=generator), gallery, owner)


def part(side: Sides, fold: torch.Tensor, number: int) -> Sides:
    images = [i for i in range(len(side.gallery)) if fold[i] == number]
    texts = [t for t in range(len(side.text)) if fold[side.owner[t]] == number]
    owner = torch.tensor([images.index(int(side.owner[t])) for t in texts])
    return Sides(side.text[texts], side.gallery[images], owner)


def test_folds_are_equal_and_neighbours_share_one() -> None:
    assert fold_numbers(6, 3).tolist() == [0, 0, 1, 1, 2, 2]
    assert fold_numbers(5_000, 5).bincount().tolist() == [1_000] * 5
    assert sorted(fold_numbers(7, 3).bincount().tolist()) == [2, 2, 3]


def test_one_fold_is_the_whole_gallery() -> None:
    side = made(9, 2)
    by_text, by_image, best = ranked(side, 1)
    for found, right in zip((by_text, by_image), both_directions(side.text, side.gallery, side.owner), strict=True):
        assert found.lo.tolist() == right.lo.tolist()
    assert best.tolist() == top_images(side.text, side.gallery, side.owner, by_text.lo).tolist()


@pytest.mark.parametrize(("images", "folds"), [(30, 5), (31, 5), (5, 5)])
def test_each_query_is_ranked_within_its_fold(images: int, folds: int) -> None:
    side = made(images, 3)
    by_text, by_image, best = ranked(side, folds)
    fold = fold_numbers(images, folds)
    cosine = torch.nn.functional.cosine_similarity
    for t in range(len(side.text)):
        home = int(side.owner[t])
        rivals = [i for i in range(images) if fold[i] == fold[home]]
        scores = cosine(side.text[t], side.gallery[rivals], dim=1)
        right = scores[rivals.index(home)]
        assert int(by_text.lo[t]) == 1 + int((scores > right).sum())
        assert fold[best[t]].eq(fold[home]).all()
    for i in range(images):
        mine = [t for t in range(len(side.text)) if fold[side.owner[t]] == fold[i]]
        scores = cosine(side.gallery[i], side.text[mine], dim=1)
        own = torch.tensor([int(side.owner[t]) == i for t in mine])
        assert int(by_image.lo[i]) == 1 + int((scores[~own] > scores[own].max()).sum())


def test_every_metric_is_the_mean_over_the_folds_and_what_is_not_cut_stays() -> None:
    sides = {"ja": made(20, 5, seed=1), "en": made(20, 5, seed=2), "zh": made(6, 1, seed=3)}
    folds = {"ja": 5, "en": 5}
    ranks, owners = {}, {}
    for lang, side in sides.items():
        ranks[lang, "t2i"], ranks[lang, "i2t"], _ = ranked(side, folds.get(lang, 1))
        owners[lang] = side.owner.numpy()
    found = score_folds(ranks, owners, folds, METRICS, ["ja", "zh"])
    apart = []
    for number in range(5):
        alone = {}
        for lang, side in sides.items():
            one = part(side, fold_numbers(len(side.gallery), 5), number) if lang in folds else side
            alone[lang, "t2i"], alone[lang, "i2t"] = both_directions(one.text, one.gallery, one.owner)
        apart.append(score(alone, METRICS, ["ja", "zh"]))
    for row in found:
        place = row["metric"], row["lang"], row["direction"]
        assert row["value"] == pytest.approx(np.mean([value(rows, *place) for rows in apart]), abs=1e-12), place
    queries = {(row["metric"], row["lang"], row["direction"]): row["queries"] for row in found}
    assert queries["MedR", "ja", "t2i"] == queries["R@1", "ja", "t2i"] == 100
    assert queries["mAR", "*", None] == 120 + 12


def test_a_run_over_folds(root: Path) -> None:  # noqa: F811
    (root.parent / "registry.yaml").write_text(
        REGISTRY.replace("{id: faulty-v1, langs: [en, de], images: {de: 4}}",
                         "{id: faulty-v1, langs: [en, de], folds: {en: 2, de: 2}}")
    )  # fmt: skip
    done = CliRunner().invoke(main, words(root))
    assert done.exit_code == 0, done.output
    (path,) = (root.parent / "runs").rglob("result.json")
    found = json.loads(path.read_text())
    assert found["folds"] == {"en": 2, "de": 2}
    assert found["protocol_id"].startswith("faulty-v1/")
    with np.load(path.with_name("ranks.npz")) as arrays:
        assert arrays["de/t2i/hi"].max() <= 2  # of two images
        assert arrays["de/t2i/top"].tolist() in ([[a, 1 - a], [b, 1 - b], [2 + c, 3 - c], [2 + d, 3 - d]]
            for a in (0, 1) for b in (0, 1) for c in (0, 1) for d in (0, 1))  # fmt: skip
    assert CliRunner().invoke(main, ["compare", str(path.parent)]).exit_code == 0
