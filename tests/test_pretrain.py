"""Precomputed features as an encoder, `ccr pretrain`, and a run on what it made: no picture is ever read."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from ccr_openclip.features import FeaturesEncoder, open_vectors
from click.testing import CliRunner
from safetensors.numpy import save_file

from ccr import CcrError, Item, NoSettings
from ccr.cli import main

SIZE = 20  # of the features; the text tower's are 16
CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
WORDS = {
    "dog": "Hündin",
    "cat": "Katze",
    "red": "rötlich",
    "blue": "blau",
    "house": "Haus",
    "trees": "Bäume",
    "car": "Auto",
}


def dataset(folder: Path) -> Path:
    """Photos are sums of their words' directions; German captions are machine-made, and people's in the test."""
    rng, draws = random.Random(0), np.random.default_rng(0)
    directions = draws.normal(size=(len(WORDS), SIZE))
    rows, ids, features = [], [], []
    for number in range(150):
        split = "train" if number < 110 else "val" if number < 130 else "test"
        chosen = rng.sample(range(len(WORDS)), 3)
        english = [list(WORDS)[i] for i in chosen]
        rows.append(
            {
                "id": f"p{number}",
                "split": split,
                "captions": [
                    {"lang": "en", "text": " ".join(english)},
                    {
                        "lang": "de",
                        "text": " ".join(WORDS[word] for word in english),
                        "origin": "human" if split == "test" else "mt:words@1",
                    },
                ],
            }
        )
        ids.append(f"p{number}")
        features.append(directions[chosen].sum(axis=0) + draws.normal(scale=0.05, size=SIZE))
    np.savez(folder / "features.npz", ids=np.array(ids), features=np.array(features, dtype=np.float16))
    (folder / "photos.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "text.json").write_text(json.dumps(CONFIG))
    return folder


def command(folder: Path, *extra: str) -> list[str]:
    encoder = f"features:{folder / 'features.npz'}+openclip:{folder / 'text.json'}@random"
    words = ["pretrain", "--dataset", str(folder / "photos.jsonl"), "--encoder", encoder, "--out", str(folder / "out")]
    return [*words, "--cache", str(folder / "cache"), "--device", "cpu", "--batch-size", "32", *extra]


def test_pretrained_features_carry_a_run(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    done = CliRunner().invoke(main, command(folder, "--epochs", "16", "--lr", "5e-3"))
    assert done.exit_code == 0, done.output
    record = json.loads((folder / "out" / "pretrain.json").read_text())
    assert record["validation_mAR"] > 0.75  # chance is 0.3 among 20
    reference = record["reference"]
    assert done.stdout.strip().endswith(reference)
    assert json.loads((folder / "out" / "open_clip_config.json").read_text())["ccr"] == {"features": SIZE}

    again = CliRunner().invoke(main, command(folder, "--epochs", "16", "--lr", "5e-3"))
    assert "steps" not in again.stderr  # found, not trained
    assert again.stdout == done.stdout

    words = ["run", "--method", "static-adapter", "--dataset", str(folder / "photos.jsonl"), "--encoder", reference]
    words += ["--cache", str(folder / "cache"), "--runs", str(folder / "runs"), "--device", "cpu"]
    for setting in ("batch_size=16", "epochs.align=4", "epochs.match=1", "encoder_epochs=0.5", "vocabulary=300"):
        words += ["--set", f"recipe.{setting}"]
    run = CliRunner().invoke(main, words)
    assert run.exit_code == 0, run.output
    (result,) = folder.glob("runs/*/*/result.json")
    rows = json.loads(result.read_text())["metrics"]
    english = next(row["value"] for row in rows if (row["metric"], row["lang"]) == ("AR", "en"))
    assert english > 0.75


def test_a_killed_pretraining_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, killed = dataset(tmp_path / "a"), dataset(tmp_path / "b")
    assert CliRunner().invoke(main, command(whole, "--epochs", "6")).exit_code == 0
    words = [sys.executable, "-c", "from ccr.cli import main; main()", *command(killed, "--epochs", "6")]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    log = killed / "cache" / "pretrained"
    deadline = time.monotonic() + 120
    while not list(log.glob("*/log.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    assert CliRunner().invoke(main, command(killed, "--epochs", "6")).exit_code == 0
    name = "out/open_clip_model.safetensors"
    assert (whole / name).read_bytes() == (killed / name).read_bytes()


def test_what_is_missing_or_means_nothing_is_told(tmp_path: Path) -> None:
    folder = dataset(tmp_path)
    words = command(folder)
    words[words.index("--encoder") + 1] = f"features:{folder / 'none.npz'}+openclip:{folder / 'text.json'}@random"
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 2
    assert f"there is no features file {folder / 'none.npz'}" in outcome.stderr

    # a checkpoint of another feature size: its map would be random
    torch.manual_seed(0)
    random_tower = FeaturesEncoder(f"{folder / 'features.npz'}+openclip:{folder / 'text.json'}@random", NoSettings())
    state = {key: value for key, value in random_tower.module.state_dict().items() if not key.startswith("visual.")}
    save_file({key: value.numpy() for key, value in state.items()}, folder / "text.safetensors")
    encoder = f"features:{folder / 'features.npz'}+openclip:{folder / 'text.json'}@{folder / 'text.safetensors'}"
    run = ["run", "--method", "zero-shot-clip", "--dataset", str(folder / "photos.jsonl"), "--encoder", encoder]
    outcome = CliRunner().invoke(main, [*run, "--cache", str(folder / "cache"), "--runs", str(folder / "runs")])
    assert outcome.exit_code == 2
    assert "has 20 features where" in outcome.stderr
    assert "ccr pretrain" in outcome.stderr


# --- files of features ------------------------------------------------------------------------------------------------

VECTORS = {"a": np.arange(4, dtype=np.float32), "b": np.ones((3, 4), np.float16)}  # b: a clip of three frames


def written(folder: Path, form: str) -> Path:
    if form == "npz":
        np.savez(folder / "f.npz", **VECTORS)
        return folder / "f.npz"
    if form == "safetensors":
        save_file(VECTORS, folder / "f.safetensors")
        return folder / "f.safetensors"
    if form == "hdf5":
        h5py = pytest.importorskip("h5py", reason="the extra hdf5 is not installed")
        with h5py.File(folder / "f.h5", "w") as file:
            for name, value in VECTORS.items():
                file[name] = value
        return folder / "f.h5"
    for name, value in VECTORS.items():
        np.save(folder / f"{name}.npy", value)
    return folder


@pytest.mark.parametrize("form", ["npz", "safetensors", "folder", "hdf5"])
def test_every_form_gives_the_same_vectors(tmp_path: Path, form: str) -> None:
    vectors = open_vectors(written(tmp_path, form))
    assert vectors["a"]().tolist() == [0, 1, 2, 3]
    assert vectors["b"]().tolist() == [1, 1, 1, 1]


def test_faults_of_a_features_file_are_one_sentence(tmp_path: Path) -> None:
    def says(match: str) -> None:
        with pytest.raises(CcrError, match=match):
            open_vectors(tmp_path / "f.npz")

    (tmp_path / "f.npz").write_bytes(b"no archive")
    says("f.npz holds no readable features")
    np.savez(tmp_path / "f.npz", ids=np.array(["a", "a"]), features=np.ones((2, 3)))
    says("the id 'a' stands twice")
    np.savez(tmp_path / "f.npz", ids=np.array(["a"]), features=np.ones((2, 3)))
    says("must have a row per id")
    np.savez(tmp_path / "f.npz", ids=np.array([{"a": 1}], dtype=object), features=np.ones((1, 3)))
    says("holds no readable features")  # objects are never unpickled


def test_an_item_is_found_by_id_or_by_the_name_of_its_picture(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", ids=np.array(["17", "18"]), features=np.array([[1.0] * SIZE, [np.nan] * SIZE]))
    (tmp_path / "text.json").write_text(json.dumps(CONFIG))
    encoder = FeaturesEncoder(f"{tmp_path / 'f.npz'}+openclip:{tmp_path / 'text.json'}@random", NoSettings())
    for item in (Item("17", ()), Item("17.jpg", ()), Item("x", (), tmp_path / "17.png")):
        assert encoder.lookup(item).tolist() == [1.0] * SIZE
    with pytest.raises(CcrError, match="has no features for item '19'"):
        encoder.lookup(Item("19", ()))
    with pytest.raises(CcrError, match="'18' hold NaN"):
        encoder.lookup(Item("18", ()))
