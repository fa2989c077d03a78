"""`ccr sweep` and `ccr ablate`: files, plans, and grids that are killed and go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ccr.cli import main
from ccr.errors import CcrError
from ccr.grid.sweepfile import Sweep, read_sweep

TINY = """\
name: tiny
baseline: static
dataset: scenes
langs: de
device: cpu
settings:
  dataset: {train: 96, val: 32, test: 40}
  recipe:
    batch_size: 32
    encoder_batch_size: 32
    encoder_epochs: 0.7
    epochs: {align: 2, match: 1}
    validations: 2
    vocabulary: 400
rows:
  floor: {method: zero-shot-clip}
  static: {method: static-adapter}
  static again: {method: static-adapter, settings: {method.hidden: 256}}
"""

INSTANT = """
import json
import time

import ccr


class Instant(ccr.Executor):
    poll_every = 0.0

    def submit(self, jobs):
        for job in jobs:
            config = json.loads((job.folder / "cell.json").read_text())["config"]
            broken = config["seed"] in (1,) if "seed" in config else False
            status = {"state": "failed", "reason": "the loss became nan", "since": time.time()}
            if not broken:
                (job.folder / "result.json").write_text("{}")
                status = {"state": "done", "seconds": 1.0, "since": time.time(), "run": str(job.folder)}
            (job.folder / "status.json").write_text(json.dumps(status))
        return [job.name for job in jobs]

    def poll(self, ids):
        return ["ended" for _ in ids]

    def cancel(self, ids, force=False):
        pass
"""


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ccr(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def sweep(text: str, **flags: Any) -> Sweep:
    Path("s.yaml").write_text(text, encoding="utf-8")
    return read_sweep(Path("s.yaml"), flags, {})


def planned(*words: str) -> list[dict[str, Any]]:
    done = ccr(*words, "--plan")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


# --- the file -------------------------------------------------------------------------------------------------------


def test_lists_are_crossed_and_seeds_go_round_last() -> None:
    found = sweep(
        "method: [dasd, static-adapter]\ndataset: scenes\nseeds: [0, 1]\nsettings:\n  dataset.noise: [0.0, 0.2]\n"
    )
    assert (found.name, found.baseline) == ("s", "")
    assert [(r.config.method, r.config.settings["dataset.noise"], r.config.seed) for r in found.runs] == [
        (method, noise, seed) for method in ("dasd", "static-adapter") for noise in (0.0, 0.2) for seed in (0, 1)
    ]
    assert [run.label for run in found.runs][::2] == [
        "dasd (dataset.noise: 0.0)",
        "dasd (dataset.noise: 0.2)",
        "static-adapter (dataset.noise: 0.0)",
        "static-adapter (dataset.noise: 0.2)",
    ]
    assert {run.title for run in found.runs} == {""}, "no row was named: tables find their own titles"


def test_rows_are_laid_over_the_rest_and_name_rows() -> None:
    found = sweep(
        "name: g\nbaseline: big\nmethod: dasd\ndataset: scenes\nprotocol: [zero-shot, finetune]\n"
        "settings: {method: {rank: 8, sr: true}}\n"
        "rows:\n  big: {settings: {method.rank: [32, 64]}}\n  無: {method: static-adapter, seed: 3, settings: {}}\n"
    )
    assert [(r.title, r.label) for r in found.runs][::4] == [
        ("big (method.rank: 32)", "big (protocol: zero-shot, method.rank: 32)"),
        ("無", "無 (protocol: zero-shot)"),
    ]
    assert dict(found.runs[0].config.settings) == {"method.rank": 32, "method.sr": True}
    assert (found.runs[-1].config.method, found.runs[-1].config.seed) == ("static-adapter", 3)


def test_a_value_that_is_a_list_stands_in_a_list() -> None:
    found = sweep(
        "method: dasd\ndataset: scenes\nlangs: [[de, fr], ja]\nsettings: {method.critic_hidden: [[64, 32]]}\n"
    )
    assert [run.config.langs for run in found.runs] == [("de", "fr"), ("ja",)]
    assert found.runs[0].config.settings == {"method.critic_hidden": [64, 32]}
    (plain,) = sweep("method: dasd\ndataset: scenes\nlangs: [de, fr]\n").runs
    assert plain.config.langs == ("de", "fr"), "as in ccr run"


def test_flags_win() -> None:
    found = sweep("method: dasd\ndataset: scenes\nseeds: [0, 1, 2]\ndevice: cuda\n", device="cpu", seeds=(7,))
    assert [(run.config.seed, run.config.device) for run in found.runs] == [(7, "cpu")]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("- a\n", ["s.yaml:1: must hold keys and values"]),
        ("", ["s.yaml:1: must hold keys and values"]),
        ("method: dasd\ndataset: scenes\nrows: []\n", ["s.yaml:3: rows must be a mapping"]),
        ("method: dasd\ndataset: scenes\nrows:\n  a: 3\n", ["s.yaml:4: rows.a must be a mapping"]),
        ("method: dasd\ndataset: scenes\nseed: 0\nseeds: [1]\n", ["s.yaml:4: seeds and seed are one thing"]),
        ("method: dasd\ndataset: scenes\nruns: here\n", ["s.yaml:3: runs is given on the command line: --runs"]),
        ("method: dasd\ndataset: scenes\nmethod.rank: 3\n", ["put it under `settings:`"]),
        ("method: dasd\nseeds: [0]\n", ["s.yaml:1: dataset is missing"]),
        ("method: dasd\ndataset: scenes\nname: a/b\n", ["s.yaml:3: name names a folder"]),
        ("method: dasd\ndataset: scenes\nseeds: [0, -1, x]\n", ["s.yaml:3: seed must be at least 0", 'not "x"']),
        (
            "method: dasd\nmethod: dasd\ndatasets: scenes\nseeds: []\nseting: {}\nsettings:\n  rank: 3\n"
            "  metod.rank: 3\n  method: {rank: 1}\n  method.rank: 2\nrows:\n  a: {settings: 3}\n  b: {prtocol: x}\n",
            [
                "s.yaml:2: the key 'method' stands twice, first in line 1",
                's.yaml:3: datasets is unknown (did you mean "dataset"?)',
                "s.yaml:4: seeds is an empty list",
                's.yaml:5: seting is unknown (did you mean "settings"?)',
                "s.yaml:7: rank is unknown; say whose setting it is, e.g. method.rank",
                's.yaml:8: metod.rank is unknown (did you mean "method"?)',
                "s.yaml:10: method.rank is given twice, first at s.yaml:9",
                "s.yaml:12: rows.a.settings must be a mapping",
                's.yaml:13: rows.b.prtocol is unknown (did you mean "protocol"?)',
            ],
        ),
    ],
)
def test_all_faults_are_told_with_their_lines(text: str, sentences: list[str]) -> None:
    with pytest.raises(CcrError) as error:
        sweep(text)
    lines = str(error.value).splitlines()
    assert len(lines) == len(sentences), lines
    for line, sentence in zip(lines, sentences, strict=True):
        assert sentence in line


def test_names_and_settings_are_checked_before_anything_runs() -> None:
    Path("s.yaml").write_text(
        "method: [dasd, dsad]\ndataset: scenes\nprotocol: zeroshot\nsettings:\n  recipe.epochs.align: 0\n"
        "rows:\n  a: {settings: {method.rnak: 3}}\n  b: {settings: {method.rank: [16, x]}}\n"
        "  c: {settings: {method.critic_hidden: [64, 32]}}\n  d: {recipe: quik}\n"
    )
    done = ccr("sweep", "s.yaml")
    assert done.exit_code == 2
    for sentence in (
        's.yaml:1: no method is named "dsad" (did you mean "dasd"?)',
        "s.yaml:3: there is no protocol 'zeroshot' (did you mean \"zero-shot\"?)",
        "s.yaml:5: epochs.align must be above 0",
        's.yaml:7: method.rnak is unknown (did you mean "rank"?)',
        's.yaml:8: method.rank must be an integer, not "x"',
        "s.yaml:9: method.critic_hidden must be a list of 2",
        "s.yaml:10: dataset scenes has no recipe 'quik' (did you mean \"quick\"?)",
    ):
        assert sentence in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("grids").exists()


def test_a_baseline_that_is_no_row_is_told_before_anything_runs() -> None:
    Path("tiny.yaml").write_text(TINY.replace("baseline: static", "baseline: statc"))
    done = ccr("sweep", "tiny.yaml")
    assert done.exit_code == 2
    assert (
        'baseline: no row is "statc" (did you mean "static"?); there are floor, zero-shot-clip, static' in done.stderr
    )
    assert not Path("grids").exists()


# --- plans and executors --------------------------------------------------------------------------------------------


def test_a_plan_is_a_line_per_cell_that_is_to_do() -> None:
    Path("tiny.yaml").write_text(TINY)
    lines = planned("sweep", "tiny.yaml", "--seeds", "0,1")
    assert [(line["row"], line["seed"]) for line in lines] == [
        ("floor", 0), ("floor", 1), ("static", 0), ("static", 1)
    ]  # fmt: skip
    for line in lines:
        folder = Path(line["folder"])
        assert folder.is_absolute()
        assert line["command"][1:] == ["-m", "ccr", "cell", str(folder)]
        assert line["gpus"] == 0
        config = json.loads((folder / "cell.json").read_text())["config"]
        assert config["settings"]["recipe.vocabulary"] == 400
        assert config["runs"] == str(Path("grids/tiny/runs").absolute())
    folder = Path(lines[0]["folder"])
    (folder / "result.json").write_text("{}")
    (folder / "status.json").write_text(json.dumps({"state": "done", "run": str(folder)}))
    assert planned("sweep", "tiny.yaml", "--seeds", "0,1") == lines[1:]
    assert planned("sweep", "tiny.yaml", "--seeds", "0,1", "--fresh") == lines


def test_ablate_plans_the_method_and_its_ablations() -> None:
    lines = planned("ablate", "--method", "static-adapter", "--dataset", "scenes", "--seeds", "0,1", "--grid", "here")
    assert [(line["row"], line["seed"]) for line in lines] == [
        (row, seed) for row in ("static-adapter", "static-adapter parameter-matched") for seed in (0, 1)
    ]
    assert {Path(line["folder"]).parents[1] for line in lines} == {Path("here").absolute()}
    assert json.loads(Path("here/grid.json").read_text())["baseline"] == "static-adapter"


def test_an_executor_of_ones_own_runs_a_grid_and_failures_are_told_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("instant.py").write_text(INSTANT)
    Path("registry.yaml").write_text(
        "plugins:\n  - kind: executor\n    name: instant\n    file: instant.py\n    object: Instant\n"
    )
    Path("tiny.yaml").write_text(TINY)
    monkeypatch.setattr("ccr.grid.table.table", lambda grid: "THE TABLE")
    words = ("sweep", "tiny.yaml", "--seeds", "0,1,2", "--executor", "instant")
    done = ccr(*words)
    assert done.exit_code == 2
    assert done.stdout == "THE TABLE\n"
    assert "error: 2 of 6 cells failed; the same command tries them again:" in done.stderr
    assert "  - floor, seed 1: the loss became nan (" in done.stderr
    assert "  - static, seed 1: the loss became nan (" in done.stderr
    assert "the table again: ccr compare" in done.stderr
    assert ccr(*words[:3], "0,2", *words[4:]).exit_code == 0
    for extra, sentence in (
        (("--executor", "instnt"), 'did you mean "instant"'),
        (("--set", "executor.gpus=3"), "executor.gpus is unknown"),
        (("--jobs", "0"), "--jobs"),
        (("--seeds", "a"), "--seeds takes whole numbers"),
    ):
        wrong = ccr(*words, *extra)
        assert wrong.exit_code == 2
        assert sentence in wrong.stderr


# --- end to end -----------------------------------------------------------------------------------------------------


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ccr", *words],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_killed_it_goes_on_and_prints_the_table(tmp_path: Path) -> None:
    Path("tiny.yaml").write_text(TINY)
    words = ("sweep", "tiny.yaml", "--seeds", "0", "--jobs", "2")
    first = start(*words)
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("grids/tiny/runs/*/*/result.json")):
        assert time.monotonic() < deadline
        assert first.poll() is None, first.communicate()
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.glob("grids/tiny/runs/*/*/result.json")}
    second = start(*words)
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    assert "floor" in out
    assert "static" in out
    assert "mAR" in out
    assert len(list(tmp_path.glob("grids/tiny/runs/*/*/result.json"))) == 2, "static again is static"
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    again = next(line for line in err.splitlines() if line.startswith("the table again: "))
    assert again == "the table again: ccr compare grids/tiny --baseline static"
    for place in ("grids/tiny", "grids/tiny/runs", "grids"):
        found = ccr("compare", place, "--baseline", "static")
        assert found.exit_code == 0, found.output
        assert found.stdout == out
