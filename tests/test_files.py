"""Files that survive a kill, and artifacts with one builder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccr.files import SEAL, artifact, digest_of, discard, replacing, write_json

BUILDER = """
import sys, time
from pathlib import Path
from ccr.files import artifact

def build(folder):
    with open(sys.argv[2], "a") as file:
        file.write("built\\n")
    time.sleep(0.5)
    (folder / "content").write_text("whole")

folder = artifact(Path(sys.argv[1]), "toys", {"code": 1}, build)
print((folder / "content").read_text())
"""


def test_equal_numbers_are_one_value_and_truth_is_no_number() -> None:
    assert digest_of({"a": 6, "b": [1.0, 2.5]}) == digest_of({"b": [1, 2.5], "a": 6.0})
    assert digest_of({"a": True}) != digest_of({"a": 1})


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"ä": 1})

    def fails() -> None:
        with replacing(tmp_path / "x.json") as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == '{\n "ä": 1\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_an_interrupted_build_goes_on_and_only_a_sealed_folder_is_returned(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        (folder / "half").write_text("1")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        artifact(tmp_path, "toys", {"code": 1}, fails)
    seen: list[str] = []
    folder = artifact(tmp_path, "toys", {"code": 1}, lambda f: seen.extend(path.name for path in f.iterdir()))
    assert seen == ["half"]
    assert (folder / SEAL).exists()
    artifact(tmp_path, "toys", {"code": 1}, fails)  # sealed: not built again
    assert artifact(tmp_path, "toys", {"code": 2}, lambda f: None) != folder
    discard(folder)
    assert not folder.exists()


def test_two_processes_build_once_and_both_read_the_whole(tmp_path: Path) -> None:
    words = [sys.executable, "-c", BUILDER, str(tmp_path), str(tmp_path / "log")]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in both] == ["whole\n", "whole\n"]
    assert (tmp_path / "log").read_text() == "built\n"
