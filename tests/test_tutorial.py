"""docs/tutorial.md, word for word: its files are written, its commands are run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pretend import pretend_installed

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
INSTALL = re.compile(r"pip install -e (\S+)")
BLOCK = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```", re.M | re.S)


def blocks() -> list[tuple[str, str, str]]:
    """(language, file, text) of every block, in order."""
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_every_block_is_a_file_or_commands() -> None:
    found = blocks()
    assert len(found) == PAGE.read_text(encoding="utf-8").count("\n```") / 2
    assert [text for language, file, text in found if (language == "sh") == bool(file)] == []
    commands = [line for language, _, text in found if language == "sh" for line in text.splitlines()]
    for start in (
        "ccr plugins new",
        "pip install -e",
        "ccr run",
        "ccr plugins check",
        "python -m pytest",
        "ccr compare",
    ):
        assert any(command.startswith(start) for command in commands), start


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial_works(tmp_path: Path) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, module in (("ccr", "-m ccr"), ("python", "")):
        (bin_ / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (bin_ / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    work = tmp_path / "work"
    work.mkdir()
    written: set[str] = set()
    printed = {}
    for language, file, text in blocks():
        if file:  # what goes on with a file stands under its title again
            path = work / file
            body = path.read_text(encoding="utf-8").rstrip("\n") + "\n" if file in written else ""
            gap = "" if not body else "\n" if text.startswith(" ") else "\n\n"
            path.write_text(body + gap + text, encoding="utf-8")
            written.add(file)
            continue
        assert language == "sh"
        for command in text.splitlines():
            if install := INSTALL.fullmatch(command):
                env["PYTHONPATH"] = str(pretend_installed(work / install[1]))
                continue
            done = subprocess.run(command, shell=True, cwd=work, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
            printed[command] = done.stdout
    (table,) = (out for command, out in printed.items() if command.startswith("ccr compare"))
    for row in ("anchored", "contrast", "static-adapter", "mAR"):
        assert row in table
    (checks,) = (out for command, out in printed.items() if command.startswith("ccr plugins check"))
    assert "FAIL" not in checks
    assert "two_processes" in checks
