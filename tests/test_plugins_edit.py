"""`ccr plugins add`, `remove` and `check`: registry.yaml is edited as a person would, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from conftest import Install

from ccr import cli
from ccr.errors import CcrError
from ccr.host import Host

FILE = """
import ccr
from attrs import frozen

@frozen
class Settings:
    hidden: int = ccr.setting(8, "Width.", unit="features")

class Mine(ccr.Method):
    pass

class Other(ccr.Translator):
    pass
"""
COMMENTED = """\
# what I tried in spring
plugins:
  # the good one
  - kind: method   # of mine
    name: first
    file: mine.py
    object: Mine
  # the second
  - {kind: method, name: second, file: mine.py, object: Mine}

  # switched off for a while
  - package: ccr_dasd
    enabled: false  # slow
# the end
"""


def ccr(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli.main, ["plugins", *words])
    assert result.exit_code == code, result.output
    return result


def registry() -> str:
    return Path("registry.yaml").read_text()


def test_add_finds_what_the_file_holds(install: Install) -> None:
    Path("my_file.py").write_text(FILE)
    assert "which class? it has Mine, Other" in ccr("add", "my_file.py", code=2).stderr
    ccr("add", "my_file.py:Mine", "--field", "summary=My own", "--field", "ablations={narrow: {hidden: 4}}")
    spec = Host.load().spec("method", "my-file")
    assert (spec.summary, spec.ablations) == ("My own", {"narrow": {"hidden": 4}})
    assert Host.load().resolve(spec.settings).__name__ == "Settings"
    told = json.loads(ccr("add", "my_file.py", "--kind", "translator", "--name", "t", "--json").stdout)
    assert told["entry"]["object"] == "Other"
    assert Host.load().spec("translator", "t")


def test_add_from_another_folder(install: Install, tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    Path("mine.py").write_text(FILE)
    ccr("add", "mine.py:Mine", "--registry", str(tmp_path / "lab" / "my.yaml"))
    host = Host.load(tmp_path / "lab" / "my.yaml")
    assert host.resolve(host.spec("method", "mine").factory).__name__ == "Mine"
    assert not Path("registry.yaml").exists()


def test_a_registry_that_is_named_and_not_there_is_made(install: Install) -> None:
    made = json.loads(
        ccr("new", "my-metric", "--kind", "metric", "--single-file", "--registry", "lab/my.yaml", "--json").stdout
    )
    assert (made["files"], made["registry"]) == (["lab/my_metric.py"], "lab/my.yaml")
    assert Host.load(Path("lab/my.yaml")).spec("metric", "my-metric")
    ccr("remove", "ccr_dasd", "--registry", "off.yaml")
    assert {info.name: info.status for info in Host.load(Path("off.yaml")).plugins}["ccr_dasd"] == "off"
    assert "not switched off in none.yaml" in ccr("add", "ccr_dasd", "--registry", "none.yaml", code=2).stderr
    assert not Path("none.yaml").exists()


def test_comments_and_all_else_stay(install: Install) -> None:
    Path("mine.py").write_text(FILE)
    Path("registry.yaml").write_text(COMMENTED)
    ccr("remove", "second")
    without = COMMENTED.replace("  - {kind: method, name: second, file: mine.py, object: Mine}\n", "")
    assert registry() == without
    ccr("add", "mine.py:Mine", "--name", "third")
    assert registry().startswith(without.removesuffix("# the end\n"))
    assert registry().endswith("    settings: Settings\n# the end\n")
    ccr("remove", "third")
    assert registry() == without
    ccr("add", "ccr_dasd")
    assert "ccr_dasd" not in registry()
    assert "# the good one" in registry()
    assert Host.load().spec("method", "dasd")
    ccr("remove", "mine.py")
    assert [info for info in Host.load().plugins if info.origin == "file"] == []


def test_a_plugin_is_switched_off_and_on(install: Install) -> None:
    Path("registry.yaml").write_text("plugins:\n- package: ccr_dasd\n  summary: Mine\n")
    ccr("remove", "ccr_dasd")
    with pytest.raises(CcrError, match=r"is switched off in registry\.yaml"):
        Host.load().spec("method", "dasd")
    assert "is switched off already" in ccr("remove", "ccr_dasd", code=2).stderr
    ccr("add", "ccr_dasd")
    host = Host.load()
    assert host.spec("method", "dasd")
    assert next(info for info in host.plugins if info.name == "ccr_dasd").summary == "Mine"


@pytest.mark.parametrize("text", ["plugins: []\n", "plugins:\n", "# empty\n", "plugins: [ ]  # nothing yet"])
def test_an_empty_registry_takes_an_entry(install: Install, text: str) -> None:
    Path("mine.py").write_text(FILE)
    Path("registry.yaml").write_text(text)
    ccr("add", "mine.py:Mine")
    assert Host.load().spec("method", "mine")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "none.py"], "there is no file none.py"),
        (["add", "mine.py:Mime"], 'mine.py has no class "Mime" (did you mean "Mine"?)'),
        (["add", "mine.py:Mine", "--name", "lora"], "2 owners"),
        (["add", "mine.py:Mine", "--name", "first"], 'registry.yaml has a method "first" already'),
        (["add", "mine.py:Mine", "--name", "x", "--field", "sumary=y"], 'sumary is unknown (did you mean "summary"?)'),
        (["add", "mine.py:Mine", "--name", "a:b"], "name must be text without colons"),
        (["add", "broken.py"], "broken.py cannot be imported: ZeroDivisionError"),
        (["add", "ccr_lora"], "ccr_lora is not switched off in registry.yaml"),
        (["remove", "frist"], 'no plugin is named "frist" (did you mean "first"?)'),
        (["remove", "dsad"], 'no plugin is named "dsad" (did you mean "dasd"?)'),
        (["add", "dsad"], 'no plugin is named "dsad" (did you mean "dasd"?)'),
        (["remove", "lora"], "lora is provided by the plugin ccr_lora: name that one"),
    ],
)
def test_what_is_refused_leaves_the_file_as_it_was(install: Install, words: list[str], sentence: str) -> None:
    Path("mine.py").write_text(FILE)
    Path("broken.py").write_text("1 / 0")
    Path("registry.yaml").write_text(COMMENTED)
    told = ccr(*words, code=2).stderr
    assert sentence in told
    assert ".tmp" not in told
    assert registry() == COMMENTED
    assert not list(Path().glob(".*tmp"))


def test_flow_style_and_the_shipped_catalogue_are_left_alone(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine.py").write_text(FILE)
    Path("registry.yaml").write_text("plugins: [{package: ccr_dasd, enabled: false}]")
    assert "one below the other" in ccr("add", "mine.py:Mine", code=2).stderr
    monkeypatch.setattr("ccr.cli.registry_file.shipped_registry", lambda: Path("registry.yaml"))
    assert "the catalogue that ships with ccr" in ccr("add", "mine.py:Mine", code=2).stderr


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_prints_a_line_per_check(install: Install) -> None:
    install("bad", "import no_such_thing")
    result = ccr("check", "bad", code=1)
    assert "plugin bad\n  registers " in result.stdout
    assert "FAIL" in result.stdout
    assert "No module named 'no_such_thing'" in result.stdout
    assert "mend: " in result.stdout
    assert result.stdout.splitlines()[-1] == "0 passed, 1 failed, 3 not applicable"


def test_check_as_json(install: Install) -> None:
    told = json.loads(ccr("check", "MedR", "--json").stdout)
    assert {row["status"] for row in told} == {"pass", "not applicable"}
    assert {(row["kind"], row["name"]) for row in told} == {("plugin", "ccr_recall"), ("metric", "MedR")}
    assert all(row["seconds"] >= 0 for row in told)


def test_check_tells_what_cannot_be_set_up(install: Install) -> None:
    """Wrong names in a registry.yaml, and a file that is no Python: told once, and nothing passes that never ran."""
    Path("mine.py").write_text(FILE)
    Path("broken.py").write_text("def f(:")
    Path("registry.yaml").write_text(
        "plugins:\n- {kind: method, name: mine, file: mine.py, object: Mine, settings: Settngs, summary: My own}\n"
        "- {kind: method, name: broken, file: broken.py, object: B}\n"
    )
    for name, sentence in (("mine", 'has no "Settngs" (did you mean "Settings"?)'), ("broken", "SyntaxError")):
        told = json.loads(ccr("check", name, "--json", code=1).stdout)
        failed = {row["check"]: row["message"] for row in told if row["status"] == "fail"}
        assert failed.keys() == {"trains", "settings" if name == "mine" else "factories"}
        assert all(sentence in message for message in failed.values())
        assert {row["status"] for row in told if row["kind"] == "method"} == {"fail", "not applicable"}


def test_check_of_an_unknown_name(install: Install) -> None:
    assert 'no plugin is or provides "dsad" (did you mean "dasd"?)' in ccr("check", "dsad", code=2).stderr
    assert "is no kind of plugin" in ccr("check", "dasd", "--kind", "metod", code=2).stderr
    assert "no encoder of that name" in ccr("check", "lora", "--kind", "encoder", code=2).stderr
