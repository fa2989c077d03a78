"""The observer for TensorBoard, read back by the real library."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import ccr_tensorboard
import pytest
from attrs import frozen
from click.testing import CliRunner
from conftest import Install

from ccr.cli import main
from ccr.host import Host

pytest.importorskip("tensorboard")
SMALL = (
    "--dataset", "scenes", "--langs", "de", "--device", "cpu",
    "--set", "dataset.train=48", "--set", "dataset.val=16", "--set", "dataset.test=16",
    "--set", "recipe.batch_size=16", "--set", "recipe.encoder_batch_size=16", "--set", "recipe.encoder_epochs=0.3",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.vocabulary=400",
)  # fmt: skip
RESULT = {
    "metrics": [
        {"metric": "R@1", "lang": "de", "direction": "t2i", "value": 0.25, "percent": True},
        {"metric": "MedR", "lang": "de", "direction": "i2t", "value": 3.0, "percent": False},
        {"metric": "mAR", "lang": "*", "direction": None, "value": 0.5, "percent": True},
    ]
}


@frozen
class Run:
    folder: Path


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """tag -> (step, value), as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    read = EventAccumulator(str(folder / "tensorboard"), size_guidance={"tensors": 0, "scalars": 0})
    read.Reload()
    tags = read.Tags()
    found = {tag: [(e.step, float(make_ndarray(e.tensor_proto))) for e in read.Tensors(tag)] for tag in tags["tensors"]}
    return found | {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in tags["scalars"]}


def log(run: Run, rows: list[dict[str, Any]], kept: int = 0) -> None:
    """As the harness does: the row is in log.jsonl when the observers are told; `kept` rows of before count."""
    path = run.folder / "log.jsonl"
    lines = path.read_text().splitlines(keepends=True)[:kept] if path.exists() else []
    path.write_text("".join(lines))
    for row in rows:
        with path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        values = {name: value for name, value in row.items() if name not in ("phase", "step")}
        ccr_tensorboard.ccr_step_logged(run, row["phase"], row["step"], values)


def row(step: int, loss: float) -> dict[str, Any]:
    return {"phase": "align", "step": step, "mse": loss}


def test_steps_of_before_an_interruption_stand_once(tmp_path: Path) -> None:
    run = Run(tmp_path)
    ccr_tensorboard.ccr_run_started(run)
    log(run, [row(0, 4.0), row(1, 3.0), row(2, 2.0)])
    assert scalars(tmp_path) == {"align/mse": [(0, 4.0), (1, 3.0), (2, 2.0)]}, "while it trains"
    ccr_tensorboard.ccr_run_started(run)  # the checkpoint knows of one step
    log(run, [row(1, 2.5), row(2, 1.5)], kept=1)
    ccr_tensorboard.ccr_run_finished(run, RESULT)
    assert scalars(tmp_path) == {
        "align/mse": [(0, 4.0), (1, 2.5), (2, 1.5)],
        "test/R@1 de t2i": [(0, 25.0)],
        "test/MedR de i2t": [(0, 3.0)],
        "test/mAR *": [(0, 50.0)],
    }


def test_a_run_interrupted_in_its_test_keeps_its_curves(tmp_path: Path) -> None:
    run = Run(tmp_path)
    ccr_tensorboard.ccr_run_started(run)
    log(run, [row(0, 4.0)])
    ccr_tensorboard.ccr_run_started(run)
    ccr_tensorboard.ccr_run_finished(run, RESULT)
    assert scalars(tmp_path)["align/mse"] == [(0, 4.0)]


def test_a_run_without_training_has_its_scores(tmp_path: Path) -> None:
    run = Run(tmp_path)
    ccr_tensorboard.ccr_run_started(run)
    ccr_tensorboard.ccr_run_finished(run, RESULT)
    assert set(scalars(tmp_path)) == {"test/R@1 de t2i", "test/MedR de i2t", "test/mAR *"}


def test_without_the_package_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    run = Run(tmp_path)
    ccr_tensorboard.ccr_run_started(run)
    log(run, [row(0, 4.0), row(1, 3.0)])
    ccr_tensorboard.ccr_run_finished(run, RESULT)
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text("plugins:\n- package: ccr_tensorboard\n  enabled: false\n")
    assert {p.name: p.status for p in Host.load(registry).plugins}["ccr_tensorboard"] == "off"


def test_the_observer_in_the_docs_observes(tmp_path: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python title=csv_observer.py\n(.*?)^```", page, re.M | re.S)
    install("csv_observer", source)
    host, run = Host.load(), Run(tmp_path)
    assert {p.name: p.error for p in host.plugins}["csv_observer"] == ""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    host.notify("ccr_run_started", run=run)
    with (tmp_path / "log.jsonl").open("w") as file:
        file.write(json.dumps(row(0, 4.0)))
    host.notify("ccr_step_logged", run=run, phase="align", step=0, values={"mse": 4.0})
    host.notify("ccr_run_finished", run=run, result=RESULT)
    assert (tmp_path / "curves.csv").read_text().splitlines() == ["align,0,mse,4.0", "test,0,mAR,0.5"]


@pytest.mark.slow
def test_a_run_is_observed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number of log.jsonl and of result.json is there."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["run", "--method", "static-adapter", *SMALL])
    assert done.exit_code == 0, done.output
    (folder,) = tmp_path.glob("runs/*/static-adapter-*")
    found = scalars(folder)
    for line in (folder / "log.jsonl").read_text().splitlines():
        entry = json.loads(line)
        for name in entry.keys() - {"phase", "step"}:
            assert (entry["step"], pytest.approx(entry[name], rel=1e-6)) in found[f"{entry['phase']}/{name}"]
    (mar,) = (m["value"] for m in json.loads((folder / "result.json").read_text())["metrics"] if m["metric"] == "mAR")
    assert found["test/mAR *"] == [(0, pytest.approx(100 * mar))]
