"""The worked example under docs/examples, installed as its pyproject.toml says, passes its own tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib", reason="the standard library reads TOML from Python 3.11")

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "ccr-mural"


def test_the_example_passes_its_own_tests(tmp_path: Path) -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "site" / "ccr_mural-0.dist-info"
    info.mkdir(parents=True)
    shutil.copytree(EXAMPLE / "ccr_mural", tmp_path / "site" / "ccr_mural")
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "\n".join(f"{name} = {value}" for name, value in project["entry-points"]["ccr"].items())
    (info / "entry_points.txt").write_text(f"[ccr]\n{points}\n")
    path = os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH")]))
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout[-4000:] + outcome.stderr[-2000:]
    assert " passed" in outcome.stdout
    assert "skipped" not in outcome.stdout
