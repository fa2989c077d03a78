"""`ccr run`, end to end on a small share of scenes: finished, interrupted, killed, repeated, refused."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.numpy import load_file

from ccr.cli import main

SMALL = (
    "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu",
    "--set", "dataset.train=96", "--set", "dataset.val=32", "--set", "dataset.test=40",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.7",
    "--set", "recipe.epochs.align=2", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=2",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip
PEEKER = """
from ccr import Method, Player, open_dataset

class Peeker(Method):
    def __init__(self, ctx):
        super().__init__(ctx)
        open_dataset("scenes", train=8, val=8, test=8).records("test", "scenes-v1")
"""
DRIFTER = """
import torch
from ccr import Method

class Drifter(Method):
    def __init__(self, ctx):
        super().__init__(ctx)
        self.tower = ctx.encoder.text_tower()
        self.calls = torch.nn.Parameter(torch.zeros(1))

    def forward(self, text):
        self.calls.data += 1
        return {"text": torch.randn(len(text.ids), self.tower.embed_dim)}
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def ccr(*words: str, cwd: Path, cache: Path, code: str = "from ccr.cli import main; main()") -> subprocess.Popen[str]:
    environment = {**os.environ, "CCR_CACHE": str(cache), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run_small(cwd: Path, cache: Path, *extra: str, method: str = "dasd", code: int = 0) -> tuple[str, str]:
    """The command in this process: importing torch anew for each would take most of the time."""
    before = Path.cwd()
    os.chdir(cwd)
    try:
        words = ["run", "--method", method, *SMALL, "--cache", str(cache), *extra]
        outcome = CliRunner().invoke(main, words)
    finally:
        os.chdir(before)
    assert outcome.exit_code == code, outcome.output
    return outcome.stdout, outcome.stderr


def folder(cwd: Path, method: str = "dasd") -> Path:
    (found,) = (cwd / "runs" / "scenes-finetune").glob(f"{method}-s0-*")
    return found


def result(cwd: Path, method: str = "dasd") -> dict[str, Any]:
    return json.loads((folder(cwd, method) / "result.json").read_text())


def same(a: Path, b: Path) -> None:
    """Two run folders hold the same numbers: metrics, ranks, weights and losses."""
    one, two = (json.loads((f / "result.json").read_text()) for f in (a, b))
    for key in ("metrics", "selected", "validations", "order", "exposures", "protocol_id", "encoder"):
        assert one[key] == two[key], key
    ranks = [np.load(f / "ranks.npz", allow_pickle=False) for f in (a, b)]
    assert set(ranks[0]) == set(ranks[1])
    assert all((ranks[0][k] == ranks[1][k]).all() for k in ranks[0])
    weights = [load_file(f / "model.safetensors") for f in (a, b)]
    assert all(np.array_equal(weights[0][k], weights[1][k]) for k in weights[0] | weights[1])
    assert (a / "log.jsonl").read_text() == (b / "log.jsonl").read_text()


@pytest.fixture(scope="module")
def undisturbed(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    cwd = tmp_path_factory.mktemp("undisturbed")
    return (cwd, *run_small(cwd, cache))


def test_a_run_prints_its_table_and_leaves_a_whole_folder(undisturbed: tuple[Path, str, str]) -> None:
    cwd, out, _ = undisturbed
    for word in ("R@1", "AR", "mAR", "en", "de", "zh"):
        assert word in out
    names = {path.name for path in folder(cwd).iterdir()} - {"tensorboard"}  # there where its package is
    assert names == {
        "config.json", "provenance.json", "log.jsonl", "model.safetensors", "ranks.npz", "queries.json", "result.json"
    }  # fmt: skip
    found = result(cwd)
    assert re.fullmatch(r"scenes-v1@[0-9a-f]{6}/finetune/mt-val/human", found["protocol_id"])
    assert found["parameters"]["trainable"] > 0
    assert found["seconds"]["training"] > 0
    assert found["peak_memory_mb"] > 0
    assert 0 < found["latency_ms"] < 1000 * found["seconds"]["total"]
    assert found["images_encoded"] > 0
    assert set(found["exposures"]) == {"align", "match"}
    assert found["exposures"]["align"] == {"de": 384, "zh": 384}
    for row in found["metrics"]:
        assert row["low"] <= row["value"] <= row["high"]
    provenance = json.loads((folder(cwd) / "provenance.json").read_text())
    assert {"ccr", "ccr_dasd", "ccr_scenes", "ccr_openclip", "ccr_recall"} <= set(provenance["starts"][0]["code"])


def test_the_metrics_follow_from_the_ranks_on_disk(undisturbed: tuple[Path, str, str]) -> None:
    cwd = undisturbed[0]
    ranks = np.load(folder(cwd) / "ranks.npz", allow_pickle=False)
    rows = {(r["metric"], r["lang"], r["direction"]): r for r in result(cwd)["metrics"]}
    for lang in ("en", "de", "zh"):
        hits = [(ranks[f"{lang}/{direction}/lo"] <= k).mean() for direction in ("t2i", "i2t") for k in (1, 5, 10)]
        assert rows["AR", lang, None]["high"] == pytest.approx(np.mean(hits))
    targets = [rows["AR", lang, None]["value"] for lang in ("de", "zh")]
    assert rows["mAR", "*", None]["value"] == pytest.approx(np.mean(targets))


def test_the_same_command_does_nothing_to_a_finished_run(undisturbed: tuple[Path, str, str], cache: Path) -> None:
    cwd, out, _ = undisturbed
    before = {path.name: path.stat().st_mtime_ns for path in folder(cwd).iterdir()}
    again, err = run_small(cwd, cache)
    assert again == out
    assert "is finished" in err
    assert before == {path.name: path.stat().st_mtime_ns for path in folder(cwd).iterdir()}


def test_another_method_sees_the_same_data_and_encodes_no_image(
    undisturbed: tuple[Path, str, str], cache: Path
) -> None:
    cwd = undisturbed[0]
    _, err = run_small(cwd, cache, method="static-adapter")
    one, two = result(cwd), result(cwd, "static-adapter")
    assert two["images_encoded"] == 0
    assert "no image was encoded" in err
    for key in ("order", "exposures", "encoder", "test_content", "protocol_id", "gallery", "queries", "steps"):
        assert one[key] == two[key], key


def test_the_same_seed_gives_the_same_numbers_and_defaults_change_nothing(
    undisturbed: tuple[Path, str, str], cache: Path, tmp_path: Path
) -> None:
    run_small(tmp_path, cache, "--set", "method.variant=default", "--seed", "0")
    same(folder(undisturbed[0]), folder(tmp_path))
    assert folder(undisturbed[0]).name == folder(tmp_path).name


SAVING = """
import ccr.training.loop as loop
loop.SAVE_EVERY, loop.SAVE_SHARE = 0.0, 1e9
from ccr.cli import main
main()
"""


def killed(cwd: Path, cache: Path, when: Sequence[str], number: int) -> None:
    """Start a run that saves at every step, and kill it once the log holds `when`."""
    process = ccr("run", "--method", "dasd", *SMALL, cwd=cwd, cache=cache, code=SAVING)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and process.poll() is None:
        logs = list(cwd.glob("runs/*/*/log.jsonl"))
        if logs and all(word in logs[0].read_text() for word in when):
            process.send_signal(number)
            break
        time.sleep(0.005)
    _, err = process.communicate(timeout=60)
    assert process.returncode not in (0, 1), f"it ended before it could be killed: {err}"


@pytest.mark.parametrize("phase", ["align", "match"])
def test_killed_in_training_it_goes_on_to_the_same_result(
    undisturbed: tuple[Path, str, str], cache: Path, tmp_path: Path, phase: str
) -> None:
    killed(tmp_path, cache, [f'"phase": "{phase}", "step": 2'], signal.SIGKILL)
    assert not (folder(tmp_path) / "result.json").exists()
    assert (folder(tmp_path) / "checkpoint.safetensors").exists()
    run_small(tmp_path, cache)
    same(folder(undisturbed[0]), folder(tmp_path))


def test_interrupted_it_says_so_and_goes_on(undisturbed: tuple[Path, str, str], cache: Path, tmp_path: Path) -> None:
    killed(tmp_path, cache, ['"phase": "align", "step": 1'], signal.SIGINT)
    run_small(tmp_path, cache)
    same(folder(undisturbed[0]), folder(tmp_path))


def test_killed_in_the_english_fine_tune_it_goes_on_to_the_same_encoder(
    undisturbed: tuple[Path, str, str], tmp_path: Path
) -> None:
    fresh = tmp_path / "cache"
    process = ccr("run", "--method", "dasd", *SMALL, cwd=tmp_path, cache=fresh, code=SAVING)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and not list(fresh.glob("encoders/*/checkpoint.safetensors")):
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)
    run_small(tmp_path, fresh)
    assert result(tmp_path)["encoder"] == result(undisturbed[0])["encoder"]
    assert result(tmp_path)["metrics"] == result(undisturbed[0])["metrics"]


def test_what_other_code_began_is_refused_unless_told(cache: Path, tmp_path: Path) -> None:
    killed(tmp_path, cache, ['"phase": "align", "step": 1'], signal.SIGKILL)
    path = folder(tmp_path) / "provenance.json"
    path.write_text(path.read_text().replace('"ccr_dasd": "', '"ccr_dasd": "0'))
    _, err = run_small(tmp_path, cache, code=2)
    assert "begun by other code (ccr_dasd changed since): --fresh" in err
    run_small(tmp_path, cache, "--resume-anyway")
    assert (folder(tmp_path) / "result.json").exists()


def test_several_seeds_are_one_run_each(cache: Path, tmp_path: Path) -> None:
    run_small(tmp_path, cache, "--seeds", "0,1", method="static-adapter")
    found = sorted(path.name[:18] for path in tmp_path.glob("runs/scenes-finetune/static-adapter-*"))
    assert found == ["static-adapter-s0-", "static-adapter-s1-"]


def test_zero_shot_trains_on_the_general_corpus(cache: Path, tmp_path: Path) -> None:
    run_small(
        tmp_path, cache, "--protocol", "zero-shot", "--set", "corpus.train=64", "--set", "corpus.val=16",
        method="static-adapter",
    )  # fmt: skip
    (found,) = tmp_path.glob("runs/scenes-zero-shot/*/result.json")
    outcome = json.loads(found.read_text())
    assert outcome["protocol_id"].endswith("/zero-shot/mt-val/human")
    assert outcome["exposures"]["align"]["de"] == 256
    assert set(json.loads((found.parent / "config.json").read_text())["identity"]["content"]) == {
        "scenes-corpus/train",
        "scenes-corpus/val",
    }


FILES = """
from ccr import Caption, Dataset, Item

class Files(Dataset):
    def _made(self, split):
        for path in sorted((self.root / split).iterdir()):
            name = f"{split}-{path.stem}"
            yield Item(name, (Caption(name + "e", "en", f"a picture {path.stem}"),
                              Caption(name + "d", "de", f"ein Bild {path.stem}", "mt:x@1", name + "e")), path)

    items = _made

    def test_items(self, test_set):
        return self._made("test")
"""


FILES_REGISTRY = """
plugins:
  - kind: dataset
    name: files
    file: files.py
    object: Files
    target_langs: [de]
    needs_root: true
    encoder: scenes
    test_sets: [{id: files-v1, langs: [en, de]}]
    recipes:
      small:
        batch_size: 4
        encoder_batch_size: 4
        encoder_epochs: 0.5
        epochs: {align: 1, match: 1}
        size_scale: 0.1
        vocabulary: 300
"""


def test_missing_and_truncated_images_are_told_at_once_with_their_files(cache: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        (tmp_path / "data" / split).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 255, (70, 70, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / split / f"{i:02d}.png")
    (tmp_path / "files.py").write_text(FILES)
    (tmp_path / "registry.yaml").write_text(FILES_REGISTRY)
    train = tmp_path / "data" / "train"
    whole = (train / "03.png").read_bytes()
    (train / "03.png").write_bytes(whole[: len(whole) // 2])
    (train / "07.png").write_bytes(b"")
    words = ["run", "--method", "static-adapter", "--dataset", "files", "--registry", str(tmp_path / "registry.yaml")]
    words += ["--cache", str(tmp_path / "cache"), "--runs", str(tmp_path / "runs"), "--device", "cpu"]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 2
    assert "files reads files: name their folder with --data-root" in outcome.stderr
    words += ["--data-root", str(tmp_path / "data"), "--protocol", "finetune"]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 2
    assert "07.png" in outcome.stderr
    (train / "07.png").write_bytes(whole[:-9] + b"changed!!")
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 2
    assert "03.png" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    for name in ("03.png", "07.png"):
        Image.fromarray(rng.integers(0, 255, (70, 70, 3), dtype=np.uint8)).save(train / name)
    assert CliRunner().invoke(main, words).exit_code == 0


def registry(tmp_path: Path, name: str, source: str) -> tuple[str, ...]:
    (tmp_path / f"{name}.py").write_text(source)
    (tmp_path / "registry.yaml").write_text(
        f"plugins:\n  - kind: method\n    name: {name}\n    file: {name}.py\n    object: {name.capitalize()}\n"
    )
    return ("--registry", str(tmp_path / "registry.yaml"))


def test_a_method_that_reaches_for_the_sealed_split_gets_the_error(cache: Path, tmp_path: Path) -> None:
    _, err = run_small(tmp_path, cache, *registry(tmp_path, "peeker", PEEKER), method="peeker", code=2)
    assert "test split of scenes is sealed" in err
    assert "Traceback" not in err


def test_a_method_that_changes_its_weights_in_evaluation_is_refused(cache: Path, tmp_path: Path) -> None:
    _, err = run_small(tmp_path, cache, *registry(tmp_path, "drifter", DRIFTER), method="drifter", code=2)
    assert "changed its weights during evaluation" in err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--method", "dsad"], 'did you mean "dasd"'),
        (["--dataset", "scene"], 'did you mean "scenes"'),
        (["--protocol", "zeroshot"], 'did you mean "zero-shot"'),
        (["--recipe", "fast"], "has no recipe 'fast'"),
        (["--langs", "de,xx"], "no target language 'xx'"),
        (["--langs", "en,de"], "en is the source language"),
        (["--test-set", "scenes-v2"], 'did you mean "scenes-v1"'),
        (["--set", "method.bottelneck=3"], "bottelneck"),
        (["--set", "dataset.noise=many"], "noise"),
        (["--set", "recipe.batch_size=-4"], "batch_size"),
        (["--encoder", "openclip:ViT-B-32@nowhere.safetensors"], "nowhere.safetensors"),
        (["--device", "cuda:7"], "--device"),
        (["--seed", "0", "--seeds", "1"], "not both"),
        (["--tokens", "mbert:nowhere"], "nowhere"),
    ],
)
def test_wrong_words_are_one_sentence_and_exit_code_2(
    cache: Path, tmp_path: Path, words: list[str], sentence: str
) -> None:
    _, err = run_small(tmp_path, cache, *words, code=2)
    assert sentence in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("runs/*/*/result.json"))
