"""Finished runs in use: `ccr.load_run` and `ccr search` on a small share of scenes."""

from __future__ import annotations

import json
import os
import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import load_file, save_file

import ccr
from ccr.cli import main
from ccr.evaluation.ranks import both_directions

SMALL = (
    "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu",
    "--set", "dataset.train=96", "--set", "dataset.val=32", "--set", "dataset.test=40",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.7",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=1",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def made(method: str, cwd: Path, cache: Path, *words: str) -> Path:
    before = Path.cwd()
    os.chdir(cwd)
    try:
        outcome = CliRunner().invoke(main, ["run", "--method", method, *SMALL, "--cache", str(cache), *words])
    finally:
        os.chdir(before)
    assert outcome.exit_code == 0, outcome.output
    return cwd / outcome.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def folder(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made("dasd", tmp_path_factory.mktemp("run"), cache)


@pytest.fixture(scope="module")
def loaded(folder: Path) -> ccr.load_run:
    return ccr.load_run(folder)


def search(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["search", *map(str, words)])


def copied(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to / "run")
    return to / "run"


def test_it_ranks_as_the_run_did(folder: Path, loaded: ccr.load_run) -> None:
    asked = json.loads((folder / "queries.json").read_text())
    then = np.load(folder / "ranks.npz", allow_pickle=False)
    assert loaded.langs == ("en", "de", "zh")
    for lang in loaded.langs:
        text = loaded.encode_text(asked[lang]["texts"], lang=lang)
        items, gallery = loaded.encode_gallery(lang=lang)
        assert [item.id for item in items] == asked[lang]["images"]
        assert (text.dtype, text.shape) == (torch.float32, (80, gallery.shape[1]))
        found = both_directions(text, gallery, torch.tensor(asked[lang]["owner"]))
        for way, ranks in zip(("t2i", "i2t"), found, strict=True):
            for name in ("lo", "hi", "tied"):
                assert np.array_equal(getattr(ranks, name).numpy(), then[f"{lang}/{way}/{name}"]), (lang, way, name)


def test_search_finds_the_top_that_evaluation_kept(folder: Path, loaded: ccr.load_run) -> None:
    asked = json.loads((folder / "queries.json").read_text())["zh"]
    top = np.load(folder / "ranks.npz", allow_pickle=False)["zh/t2i/top"]
    hits = loaded.search(asked["texts"], "zh")
    assert [[hit.item.id for hit in row] for row in hits] == [[asked["images"][i] for i in row] for row in top]
    assert all(a.score >= b.score for row in hits for a, b in pairwise(row))
    assert all(-1.0001 <= hit.score <= 1.0001 for row in hits for hit in row)
    ((hit,),) = loaded.search("一只狗", "zh", top=1, split="val")
    assert hit.item.id.startswith("val-")
    assert len(loaded.search("ein Kreis", "de", top=1000)[0]) == 40


@pytest.mark.parametrize(
    ("texts", "lang", "sentence"),
    [
        (["x"], "fr", 'reads no "fr": it was trained on de, zh, and its encoder reads en'),
        (["x", " "], "de", "text 2 of 2 is empty"),
        ([], "de", "there is no text to read"),
    ],
)
def test_what_it_cannot_read(loaded: ccr.load_run, texts: list[str], lang: str, sentence: str) -> None:
    with pytest.raises(ccr.CcrError, match=sentence):
        loaded.encode_text(texts, lang=lang)


def test_a_method_without_training(cache: Path, tmp_path: Path) -> None:
    folder = made("zero-shot-clip", tmp_path, cache)
    asked = json.loads((folder / "queries.json").read_text())["de"]
    top = np.load(folder / "ranks.npz", allow_pickle=False)["de/t2i/top"]
    hits = ccr.load_run(folder).search(asked["texts"], "de")
    assert [[hit.item.id for hit in row] for row in hits] == [[asked["images"][i] for i in row] for row in top]


def test_every_trained_tensor_must_be_there(folder: Path, tmp_path: Path) -> None:
    run = copied(folder, tmp_path)
    tensors = load_file(run / "model.safetensors")
    name = sorted(tensors)[0]
    save_file({n: t for n, t in tensors.items() if n != name}, run / "model.safetensors")
    with pytest.raises(ccr.CcrError, match=f"does not fit the model: '{re.escape(name)}'"):
        ccr.load_run(run)
    save_file(tensors | {"another": torch.zeros(2)}, run / "model.safetensors")
    with pytest.raises(ccr.CcrError, match="does not fit the model: 'another'"):
        ccr.load_run(run)
    (run / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ccr.CcrError, match=r"model\.safetensors is not whole"):
        ccr.load_run(run)


def test_an_encoder_that_is_gone_is_told_with_its_command(folder: Path, cache: Path, tmp_path: Path) -> None:
    words = [folder, "ein Kreis", "--lang", "de", "--cache", tmp_path / "empty"]
    outcome = search(*words)
    assert outcome.exit_code == 2
    (sentence,) = [line for line in outcome.stderr.splitlines() if line.startswith("error:")]
    assert "the fine-tuned encoder of" in sentence
    assert "ccr run --method dasd --dataset scenes --seed 0 --langs de,zh --device cpu" in sentence
    assert sentence.endswith("--fresh")
    assert "--set dataset.train=96" in sentence
    assert not (tmp_path / "empty").exists()


def test_what_became_another_is_refused(folder: Path, tmp_path: Path) -> None:
    run = copied(folder, tmp_path)
    config = json.loads((run / "config.json").read_text())
    config["asked"]["settings"]["dataset.seed"] = 7
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(ccr.CcrError, match=r"made of other parts than there are now \(data, content changed since\)"):
        ccr.load_run(run)


def test_it_answers_in_the_terminal_and_on_a_page(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "found.html"
    outcome = search(folder, "ein <Kreis> & mehr", "drei rote Dreiecke", "--lang", "de", "--top", 3, "--html", page)
    assert outcome.exit_code == 0, outcome.output
    blocks = outcome.stdout.strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["ein <Kreis> & mehr", "drei rote Dreiecke"]
    for block in blocks:
        rows = [re.fullmatch(r"  (\d)  (-?[01]\.\d{3})  (test-\d{5})  (\S.*)", line) for line in block.splitlines()[1:]]
        assert [row and row[1] for row in rows] == ["1", "2", "3"]
    html = page.read_text(encoding="utf-8")
    assert "ein &lt;Kreis&gt; &amp; mehr" in html
    assert "<Kreis>" not in html
    assert html.count('src="data:image/') == 6
    assert 'lang="de" dir="auto"' in html
    assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//""", html)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{run}", "x", "--lang", "xx"], 'reads no "xx"'),
        (["{run}", "--lang", "de"], "which TEXTS?"),
        (["{run}", "x"], "Missing option '--lang'"),
        (["{run}", "x", "--lang", "de", "--top", "0"], "--top"),
        (["{tmp}", "x", "--lang", "de"], "is no run folder"),
        (["{tmp}/begun", "x", "--lang", "de"], "is not finished: it has no result.json"),
        (["{run}", "x", "--lang", "de", "--html", "{tmp}/nowhere/x.html"], "is no folder; make it first"),
    ],
)
def test_a_mistake_is_one_sentence(folder: Path, tmp_path: Path, words: list[str], sentence: str) -> None:
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_text("{}")
    outcome = search(*(word.format(run=folder, tmp=tmp_path) for word in words))
    assert outcome.exit_code == 2
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr
