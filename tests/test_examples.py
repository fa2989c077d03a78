"""The plugin packages of docs/examples: each is self-contained, uses public names alone, and passes its own tests."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pretend import pretend_installed

import ccr
import ccr.testing

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
PACKAGES = sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml"))


def test_there_is_one() -> None:
    assert PACKAGES


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_enough(name: str) -> None:
    for path in (EXAMPLES / name).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not [a.name for a in node.names if a.name.startswith("ccr.")], path
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ccr":
                public = {"ccr": ccr.__all__, "ccr.testing": ccr.testing.__all__}
                assert {a.name for a in node.names} <= set(public[node.module or ""]), path
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ccr":
                assert node.attr in ccr.__all__, f"{path}:{node.lineno} uses ccr.{node.attr}"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", PACKAGES)
def test_its_own_tests_pass(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns("__pycache__", "*.dist-info"))
    env = {**os.environ, "PYTHONPATH": str(pretend_installed(folder))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
