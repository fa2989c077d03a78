"""`ccr run --profile`: a trace and a summary per phase, and the same numbers as without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ccr.cli import main

SMALL = (
    "--method", "dasd", "--dataset", "scenes", "--langs", "de", "--device", "cpu",
    "--set", "dataset.train=64", "--set", "dataset.val=16", "--set", "dataset.test=16",
    "--set", "recipe.batch_size=16", "--set", "recipe.encoder_batch_size=16", "--set", "recipe.encoder_epochs=0.5",
    "--set", "recipe.epochs.align=2.5", "--set", "recipe.epochs.match=0.5", "--set", "recipe.vocabulary=300",
)  # fmt: skip


def run(cwd: Path, cache: Path, *extra: str) -> tuple[str, Path]:
    words = ["run", *SMALL, "--runs", str(cwd), "--cache", str(cache), *extra]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout, Path(outcome.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_profiled_run_leaves_traces_and_a_summary_and_is_the_same_run(tmp_path: Path) -> None:
    out, folder = run(tmp_path / "a", tmp_path / "cache", "--profile")
    for phase in ("align", "match"):
        trace = json.loads((folder / f"profile-{phase}.json").read_text())
        assert any("aten::" in event.get("name", "") for event in trace["traceEvents"])
        summary = (folder / f"profile-{phase}.txt").read_text()
        assert summary in out
        assert len(summary.splitlines()) < 25
    assert "align: 10 steps" in out
    plain_out, plain = run(tmp_path / "b", tmp_path / "cache")
    assert plain.name == folder.name
    assert not list(plain.glob("profile-*"))
    assert (plain / "log.jsonl").read_text() == (folder / "log.jsonl").read_text()
    assert plain_out.splitlines()[0] == out.splitlines()[0]
