"""Executors that need a package: one sentence where it is not there."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from ccr.cli import main


@pytest.mark.parametrize("name", ["submitit", "ray"])
def test_a_package_that_is_not_there_is_told_with_its_extra(
    name: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setitem(sys.modules, name, None)
    words = ["ablate", "--method", "static-adapter", "--dataset", "scenes", "--executor", name]
    words += ["--set", "dataset.train=16", "--set", "dataset.val=16", "--set", "dataset.test=16"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert done.stderr == f"error: the executor {name} needs {name}: pip install 'ccr[{name}]'\n"
    near = CliRunner().invoke(main, [*words[:6], name + "x", *words[7:]])
    assert near.exit_code == 2
    assert f'no executor is named "{name}x" (did you mean "{name}"?)' in near.stderr
