"""`ccr run --langs xx --from RUN`: a language added to a finished run, and not a bit of the others moved."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.numpy import load_file

import ccr
from ccr.cli import main

SMALL = (
    "--device", "cpu", "--set", "dataset.train=64", "--set", "dataset.val=24", "--set", "dataset.test=24",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.5",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=2",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip
GERMAN = ["ein roter Kreis", "zwei blaue Sterne links von einem Quadrat"]


def run(place: Path, *words: str, method: str = "dasd", code: int = 0) -> str:
    given = ["run", "--method", method, "--dataset", "scenes", *SMALL, "--runs", str(place / "runs")]
    outcome = CliRunner().invoke(main, [*given, "--cache", str(place / "cache"), *words])
    assert outcome.exit_code == code, outcome.output
    return outcome.stderr if code else outcome.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("extension")


@pytest.fixture(scope="module")
def base(place: Path) -> str:
    return run(place, "--langs", "de,fr")


def test_a_language_is_added_and_the_others_stay_bit_for_bit(place: Path, base: str) -> None:
    folder = run(place, "--langs", "ja", "--from", base)
    one, two = (json.loads((Path(f) / "result.json").read_text()) for f in (base, folder))
    assert two["from"] == one["id"]
    assert two["langs"]["targets"] == ["de", "fr", "ja"]
    assert set(two["exposures"]["align"]) == {"ja"}, "the new language trains, and nothing else does"

    ranks = [np.load(Path(f) / "ranks.npz", allow_pickle=False) for f in (base, folder)]
    for name in ranks[0]:
        assert (ranks[0][name] == ranks[1][name]).all(), name
    assert "ja/t2i/lo" in ranks[1]

    before, after = (ccr.load_run(f, cache=place / "cache", device="cpu") for f in (base, folder))
    assert torch.equal(before.encode_text(GERMAN, "de"), after.encode_text(GERMAN, "de"))
    assert after.encode_text(["赤い円"], "ja").isfinite().all()

    new = load_file(Path(folder) / "model.safetensors")
    assert {name for name in new if ".lang_" not in name} == {"embedding.added.0.weight"}
    assert all(".lang_ja." in name for name in new if ".lang_" in name)
    assert two["parameters"]["trainable"] == sum(value.size for value in new.values())

    again = run(place, "--langs", "zh", "--from", folder, "--select", "mt-val")
    ranks.append(np.load(Path(again) / "ranks.npz", allow_pickle=False))
    assert all((ranks[1][name] == ranks[2][name]).all() for name in ranks[1]), "and one more, from there"


def test_what_cannot_be_added_is_told(place: Path, base: str) -> None:
    assert "has de already" in run(place, "--langs", "de,ja", "--from", base, code=2)
    assert "name the new ones with --langs" in run(place, "--from", base, code=2)
    assert "is a run of dasd, not of lora" in run(place, "--langs", "ja", "--from", base, method="lora", code=2)
    set_rank = run(place, "--langs", "ja", "--from", base, "--set", "method.rank=16", code=2)
    assert "method.rank has no effect: the settings are those of" in set_rank
    other = run(place, "--langs", "ja", "--from", base, "--protocol", "zero-shot", code=2)
    assert "trained with another encoder" in other
    assert "is no run folder" in run(place, "--langs", "ja", "--from", str(place), code=2)
