"""`ccr plugins new`: every template runs as it is written, as a package and as a single file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ccr import cli
from ccr.host import Host
from ccr.testing.runner import run_checks
from ccr.testing.subjects import Outcome, find_subjects

KINDS = ("method", "encoder", "dataset", "metric", "translator")
MAY_NOT_APPLY = {"registers_lightly", "settings", "tower_is_encode_texts"}
TINY = (
    "--dataset", "scenes", "--langs", "de", "--device", "cpu",
    "--set", "dataset.train=64", "--set", "dataset.val=16", "--set", "dataset.test=16",
    "--set", "recipe.batch_size=16", "--set", "recipe.encoder_batch_size=16", "--set", "recipe.encoder_epochs=0.5",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.vocabulary=400",
)  # fmt: skip


def ccr(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def write(*words: str) -> dict:
    result = ccr("plugins", "new", *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def pretend_installed(folder: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip does for an editable install: the package on the path, its entry point beside it."""
    monkeypatch.syspath_prepend(folder)
    info = folder / f"{module}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 0.1.0\n")
    points = (folder / "pyproject.toml").read_text().partition("[project.entry-points.ccr]\n")[2].partition("\n\n")[0]
    (info / "entry_points.txt").write_text("[ccr]\n" + points.replace('"', "") + "\n")


def assert_conforms(outcomes: list[Outcome]) -> None:
    assert [(o.kind, o.check, o.message) for o in outcomes if o.status == "fail"] == []
    assert {o.check for o in outcomes if o.status != "pass"} <= MAY_NOT_APPLY


def test_the_single_file_of_every_kind_conforms(work: Path) -> None:
    for kind in KINDS:
        assert write(f"my-{kind}", "--kind", kind, "--single-file")["files"] == [f"my_{kind}.py"]
    host = Host.load()
    assert {info.name for info in host.plugins if info.origin == "file"} == {f"my_{kind}.py" for kind in KINDS}
    assert_conforms(list(run_checks([s for kind in KINDS for s in find_subjects(host, f"my-{kind}", kind)])))


def test_the_package_of_every_kind_conforms(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in KINDS:
        made = write(f"our-{kind}", "--kind", kind)
        assert sorted(made["files"]) == sorted(
            f"our-{kind}/{path}"
            for path in (
                "pyproject.toml", "README.md", f"our_{kind}/__init__.py", f"our_{kind}/{kind}.py",
                f"tests/test_our_{kind}.py",
            )
        )  # fmt: skip
        pretend_installed(work / f"our-{kind}", f"our_{kind}", monkeypatch)
    host = Host.load()
    assert_conforms(list(run_checks([s for kind in KINDS for s in find_subjects(host, f"our_{kind}")])))


def test_both_forms_have_one_implementation(work: Path) -> None:
    write("my-method", "--kind", "method", "--single-file")
    shutil.copy("my_method.py", "single.py")
    Path("my_method.py").unlink()
    Path("registry.yaml").unlink()
    write("my-method", "--kind", "method")
    assert Path("single.py").read_text() == Path("my-method/my_method/method.py").read_text()
    assert len(Path("single.py").read_text().splitlines()) <= 65


def test_a_new_method_runs_and_learns(work: Path) -> None:
    """The command that `new` prints, at tiny size; the loss falls."""
    assert (
        "ccr run --method my-method --dataset scenes" in write("my-method", "--kind", "method", "--single-file")["next"]
    )
    result = ccr("run", "--method", "my-method", *TINY, "--cache", str(work / "cache"))
    assert result.exit_code == 0, result.output
    assert "my-method on scenes" in result.stdout
    (folder,) = (work / "runs" / "scenes-finetune").glob("my-method-s0-*")
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    losses = [row["mse"] for row in rows if row["phase"] == "align" and "mse" in row]
    assert losses[-1] < losses[0]
    assert json.loads((folder / "result.json").read_text())["parameters"]["trainable"] > 0


@pytest.mark.slow
def test_a_package_can_be_installed(work: Path) -> None:
    """By pip, from what the template says, into a folder of its own; its own tests pass there."""
    write("pip-metric", "--kind", "metric")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", "site"]
    subprocess.run([*command, "./pip-metric"], check=True, capture_output=True)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(work / "site"), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=work / "pip-metric", env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["my-thing", "--kind", "metod"], 'there is no template for "metod" (did you mean "method"?)'),
        (["My Method", "--kind", "method"], '"My Method" cannot be the name of a plugin'),
        (["class", "--kind", "method"], '"class" cannot be the name of a plugin'),
        (["torch", "--kind", "method"], "a Python module of the name torch is there already"),
        (["static-adapter", "--kind", "method"], 'there is a method of the name "static-adapter" already'),
    ],
)
def test_names_that_are_refused(work: Path, words: list[str], sentence: str) -> None:
    result = ccr("plugins", "new", *words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not list(work.iterdir())


def test_nothing_is_overwritten(work: Path) -> None:
    Path("my-method").mkdir()
    assert "my-method is there already" in ccr("plugins", "new", "my-method", "--kind", "method").stderr
    Path("my_method.py").write_text("mine = 1\n")
    result = ccr("plugins", "new", "my-method", "--kind", "method", "--single-file")
    assert result.exit_code == 2
    assert Path("my_method.py").read_text() == "mine = 1\n"
    assert not Path("registry.yaml").exists()
