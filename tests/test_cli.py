"""The command line: fast help, one sentence per mistake, and what `ccr plugins` tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from conftest import Install

from ccr import cli
from ccr.cli import COMMANDS
from ccr.errors import CcrError

HEAVY = ("torch", "open_clip", "transformers", "torchmetrics", "scipy", "matplotlib", "numpy", "PIL", "lmdb", "tqdm")


def ccr(*args: str) -> Result:
    return CliRunner().invoke(cli.main, args)


def modules_of(*args: str) -> set[str]:
    """What `ccr ARGS` imports, in a process of its own."""
    script = (
        "import sys, json, ccr.cli\n"
        "try: ccr.cli.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_imports_no_command() -> None:
    modules = modules_of("--help")
    assert not {module for module, _, _ in cli.COMMANDS.values()} & modules
    assert not {*HEAVY, "yaml", "cattrs"} & modules


@pytest.mark.parametrize("args", [("plugins", "list"), *((name, "--help") for name in cli.COMMANDS)])
def test_help_and_lists_import_nothing_heavy(args: tuple[str, ...]) -> None:
    assert not modules_of(*args).intersection(HEAVY)


@pytest.mark.parametrize("names", [("dsad", "scenes"), ("dasd", "scens"), ("dasd", "no/such.file")])
def test_a_misspelt_name_is_told_before_anything_heavy_is_imported(names: tuple[str, str]) -> None:
    args = ("run", "--method", names[0], "--dataset", names[1])
    assert ccr(*args).exit_code == 2
    assert not modules_of(*args).intersection(HEAVY)


def test_an_error_of_many_lines_is_told_by_its_first(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text("[]\n" * 1000)
    done = subprocess.run(
        [sys.executable, "-m", "ccr", "data", "show", str(tmp_path / "d.jsonl")], capture_output=True, text=True
    )
    assert done.returncode == 2
    told = done.stderr.splitlines()
    assert told[0] == "error: d.jsonl:1: is no JSON object; write one per row"
    assert told[-1] == "... and 980 more"
    assert len(told) == cli.LINES + 1


def test_help_is_quick() -> None:
    """0.2 s on a quiet machine; the best of three is far below a second on any."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ccr", "--help"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1.0


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_answers_help(name: str) -> None:
    result = ccr(name, "--help")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Usage:")
    assert name in ccr("--help").output


def test_version() -> None:
    result = ccr("--version")
    assert result.exit_code == 0
    assert result.output.startswith("ccr 0.")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["plugin"], 'error: ccr has no command "plugin" (did you mean "plugins"?)\n'),
        (["zzz"], f'error: ccr has no command "zzz"; known: {", ".join(COMMANDS)}\n'),
        (["run", "--metod", "x"], "error: No such option"),
        (["run", "--seed", "x"], "error: Invalid value for '--seed': 'x' is not a valid integer"),
        (["plugins", "show"], "error: Missing argument 'NAME'"),
        (["plugins", "show", "dsad"], 'error: no plugin is or provides "dsad" (did you mean "dasd"?)'),
        (["plugins", "list", "--registry", "none.yaml"], "error: none.yaml: cannot be read: No such file"),
    ],
)
def test_a_mistake_is_one_sentence(install: Install, args: list[str], sentence: str) -> None:
    result = ccr(*args)
    assert result.exit_code == 2
    assert result.stderr.startswith(sentence), result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def raising(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (CcrError("captions.csv:7: no image"), 2, "error: captions.csv:7: no image\n"),
        (CcrError("a: 1\nb: 2"), 2, "error: a: 1\nb: 2\n"),
        (KeyboardInterrupt(), 130, "interrupted; the same command goes on from here\n"),
        (click.Abort(), 130, "interrupted; the same command goes on from here\n"),
        (PermissionError(13, "Permission denied", "runs/x"), 2, "error: runs/x: Permission denied\n"),
        (OSError(28, "No space left on device", "cache/y"), 2, "error: cache/y: No space left on device\n"),
    ],
)
def test_errors_of_commands(monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, told: str) -> None:
    monkeypatch.setattr(cli._Root, "get_command", lambda *_: raising(error))
    result = ccr("run")
    assert (result.exit_code, result.stderr.lstrip("\n")) == (code, told)


def test_our_own_faults_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli._Root, "get_command", lambda *_: raising(ZeroDivisionError("ours")))
    assert isinstance(ccr("run").exception, ZeroDivisionError)


@pytest.mark.skipif(os.name != "posix", reason="pipes of a POSIX shell")
def test_a_reader_that_leaves_is_no_error() -> None:
    for command in ("plugins list", "plugins list --json", "--help"):
        text = f"set -o pipefail; {sys.executable} -m ccr {command} | true"
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)
        assert done.stderr == ""


# --- ccr plugins ------------------------------------------------------------------------------------------------------

MINE = """
    import ccr
    from attrs import frozen
    CCR_API = 1

    @frozen
    class Settings:
        hidden: int = ccr.setting(256, "Width of the bottleneck.", unit="features")
        gate: float | None = ccr.setting(None, "Gate.")

    @ccr.hookimpl
    def ccr_register_methods():
        return [ccr.MethodSpec(
            name="mine", factory="pkg_mine:Mine", settings="pkg_mine:Settings", summary="My method",
            paper="arXiv 1", ablations={"narrow": {"hidden": 8}},
        )]
    """


def test_list(install: Install) -> None:
    install("pkg_mine", MINE)
    install("pkg_bad", "import no_such_thing")
    result = ccr("plugins", "list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    row = next(line for line in lines if line.startswith("pkg_mine"))
    assert row.split() == ["pkg_mine", "ok", "1.0", "package", "method", "mine"]
    assert lines[0].index("STATUS") == row.index("ok ")
    bad = next(i for i, line in enumerate(lines) if line.startswith("pkg_bad"))
    assert lines[bad].split()[:2] == ["pkg_bad", "broken"]
    assert "No module named 'no_such_thing'" in " ".join(line.strip() for line in lines[bad + 1 : bad + 3])
    by_name = {info["name"]: info for info in json.loads(ccr("plugins", "list", "--json").stdout)}
    assert by_name["pkg_mine"]["provides"] == {"method": ["mine"]}
    assert by_name["pkg_bad"]["status"] == "broken"


def test_list_with_every_plugin_broken(install: Install) -> None:
    """Even then, with the catalogue's names and each one's reason."""
    packages = sorted(path.parent.name for path in Path(__file__).parents[1].glob("plugins/*/__init__.py"))
    script = textwrap.dedent(f"""
        import sys
        for name in {packages}:
            sys.modules[name] = None  # what makes `import` raise
        from ccr.cli import main
        main(["plugins", "list", "--json"])
        """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told = {info["name"]: info for info in json.loads(done.stdout)}
    assert set(told) == set(packages)
    assert {info["status"] for info in told.values()} == {"broken"}
    assert told["ccr_dasd"]["provides"] == {"method": ["dasd"]}


def test_show(install: Install) -> None:
    install("pkg_mine", MINE)
    result = ccr("plugins", "show", "mine")
    assert result.exit_code == 0
    text = result.stdout
    assert text.startswith("method mine\n  My method\n")
    assert [line.split() for line in text.splitlines() if line.startswith("  hidden ")] == [
        ["hidden", "256", "Width", "of", "the", "bottleneck.", "(integer,", "features)"]
    ]
    assert "hidden=8" in text
    assert "paper    arXiv 1" in text
    (page,) = json.loads(ccr("plugins", "show", "mine", "--json").stdout)
    assert page["plugin"]["source"] == "pkg_mine 1.0"
    assert [(s["name"], s["default"], s["unit"]) for s in page["settings"]] == [
        ("hidden", 256, "features"),
        ("gate", None, ""),
    ]
    assert ccr("plugins", "show", "pkg_mine").stdout.startswith("plugin pkg_mine\n")


def test_show_one_name_of_several_kinds(install: Install) -> None:
    pages = json.loads(ccr("plugins", "show", "scenes", "--json").stdout)
    assert {page["kind"] for page in pages} == {"dataset", "encoder", "translator"}


def test_show_of_a_broken_plugin_tells_why(install: Install) -> None:
    install("pkg_bad", "import no_such_thing")
    Path("registry.yaml").write_text(
        "plugins:\n- package: pkg_bad\n  provides: {method: [lost]}\n  paper: arXiv 2\n", encoding="utf-8"
    )
    result = ccr("plugins", "show", "lost")
    assert result.exit_code == 0
    assert "no_such_thing" in result.stdout
    assert "arXiv 2" in result.stdout


def test_every_shipped_name_can_be_shown(install: Install) -> None:
    for info in json.loads(ccr("plugins", "list", "--json").stdout):
        for names in info["provides"].values():
            for name in names:
                result = ccr("plugins", "show", name)
                assert result.exit_code == 0, name
                assert "error  " not in result.stdout
