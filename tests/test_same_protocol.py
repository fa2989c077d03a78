"""Same protocol, provably: what the run folders of all shipped methods have in common, and that each can be killed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

import ccr
from ccr.cli import main
from ccr.host import Host
from ccr.training import loop

TRAINED = (
    "dasd", "static-adapter", "full-finetune", "embedding-only", "lora", "prefix", "translate-train", "teacher-learning"
)  # fmt: skip
UNTRAINED = ("zero-shot-clip", "translate-test")
SMALL = (
    "--dataset", "scenes", "--langs", "de,ja", "--device", "cpu",
    "--set", "dataset.train=64", "--set", "dataset.val=24", "--set", "dataset.test=24",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.5",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=2",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip


def run(method: str, runs: Path, cache: Path) -> Path:
    """The run folder of a method, its run finished now."""
    words = ["run", "--method", method, *SMALL, "--runs", str(runs), "--cache", str(cache)]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, outcome.output
    return only(runs, method)


def only(runs: Path, method: str) -> Path:
    (folder,) = (path for path in runs.glob(f"*/{method}-s0-*") if path.is_dir())
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def folders(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    runs = tmp_path_factory.mktemp("runs")
    return {method: run(method, runs, cache) for method in (*TRAINED, *UNTRAINED)}


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "result.json").read_text())


def test_no_shipped_method_is_left_out() -> None:
    shipped = {info.name for info in Host.load().plugins if info.origin == "shipped"}
    host = Host.load()
    methods = {name for name in host.specs("method") if host.owner("method", name).name in shipped}
    assert methods == {*TRAINED, *UNTRAINED}


def test_all_are_tested_on_the_same_queries_under_one_protocol_id(folders: Mapping[str, Path]) -> None:
    first, *others = folders.values()
    for folder in others:
        assert (folder / "queries.json").read_bytes() == (first / "queries.json").read_bytes()
        for key in ("protocol_id", "test_content", "gallery", "queries", "encoder", "langs", "recipe"):
            assert read(folder)[key] == read(first)[key], key
        # English goes through the encoder of the protocol, whatever the method
        ranks = [np.load(f / "ranks.npz", allow_pickle=False) for f in (first, folder)]
        assert (ranks[0]["en/t2i/lo"] == ranks[1]["en/t2i/lo"]).all()


def test_all_that_train_see_the_same_captions_equally_often_in_the_same_order(folders: Mapping[str, Path]) -> None:
    expected = read(folders[TRAINED[0]])
    assert expected["exposures"] == {phase: {"de": 128, "ja": 128} for phase in ("align", "match")}
    for method in TRAINED:
        result = read(folders[method])
        for key in ("order", "exposures", "steps"):
            assert result[key] == expected[key], (method, key)
    for method in UNTRAINED:
        result = read(folders[method])
        assert result["exposures"] == result["order"] == result["steps"] == {}
        assert result["parameters"]["trainable"] == 0


def test_all_are_selected_by_the_same_rule_at_the_same_moments(folders: Mapping[str, Path]) -> None:
    moments = [(v["phase"], v["step"]) for v in read(folders[TRAINED[0]])["validations"]]
    for method in TRAINED:
        result = read(folders[method])
        assert [(v["phase"], v["step"]) for v in result["validations"]] == moments
        for phase, step in result["selected"].items():
            scores = {v["step"]: v["score"] for v in result["validations"] if v["phase"] == phase}
            assert scores[step] == max(scores.values())
        identity = json.loads((folders[method] / "config.json").read_text())["identity"]
        assert identity["protocol"][0] == "finetune"
        assert identity["protocol"][2] == "mt-val"


@pytest.mark.parametrize("method", TRAINED)
def test_none_changes_a_frozen_weight(method: str, folders: Mapping[str, Path], cache: Path) -> None:
    """What was frozen after training is what a new build, of which the trained tensors alone are replaced, has."""
    trained = load_file(folders[method] / "model.safetensors").keys()
    built = ccr.load_run(folders[method], device="cpu", cache=cache).method
    frozen = {name: value for name, value in built.named_parameters() if name not in trained}
    assert read(folders[method])["frozen_weights"] == loop.weights_digest(frozen)
    assert sum(value.numel() for value in frozen.values()) == read(folders[method])["parameters"]["frozen"]


class Killed(BaseException):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("method", TRAINED)
def test_each_goes_on_in_mid_phase_to_the_result_of_an_undisturbed_run(
    method: str, folders: Mapping[str, Path], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = loop.Trainer._step

    def dying(self: Any, stage: Any, optimisers: Any, number: int) -> Any:
        if (stage.phase.name, number) == ("match", 5):
            raise Killed
        return step(self, stage, optimisers, number)

    words = ["run", "--method", method, *SMALL, "--runs", str(tmp_path), "--cache", str(cache)]
    with monkeypatch.context() as patch:
        patch.setattr(loop, "SAVE_EVERY", 0.0)
        patch.setattr(loop, "SAVE_SHARE", 1e9)
        patch.setattr(loop.Trainer, "_step", dying)
        with pytest.raises(Killed):
            CliRunner().invoke(main, words)
    assert (only(tmp_path, method) / "checkpoint.safetensors").exists()
    whole, resumed = folders[method], run(method, tmp_path, cache)
    weights = [load_file(folder / "model.safetensors") for folder in (whole, resumed)]
    assert weights[0].keys() == weights[1].keys()
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    for key in ("metrics", "selected", "validations", "order", "exposures"):
        assert read(whole)[key] == read(resumed)[key], key
    assert (whole / "log.jsonl").read_text() == (resumed / "log.jsonl").read_text()
