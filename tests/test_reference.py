"""docs/reference.md is what the code gives."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from ccr.cli import COMMANDS
from ccr.host import Host

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "reference.py"))


def test_the_page_has_not_drifted(script: dict[str, Any]) -> None:
    stands, expected = (DOCS / "reference.md").read_text(encoding="utf-8").splitlines(), script["page"]().splitlines()
    assert stands == expected, "run `python docs/reference.py`, and commit docs/reference.md"


def test_nothing_that_ships_is_missing(script: dict[str, Any]) -> None:
    page = script["page"]()
    for name in COMMANDS:
        assert f"\n### ccr {name}\n" in page
    for plugin in Host.load().plugins:
        for kind, names in plugin.provides.items() if plugin.origin == "shipped" else ():
            for name in names:
                assert f"\n### {kind} `{name}`\n" in page


def test_plugins_of_this_folder_are_no_part_of_it(
    script: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("class Mine: pass\n")
    Path("registry.yaml").write_text(
        "plugins:\n- {package: ccr_dasd, enabled: false}\n- {kind: method, name: mine, file: mine.py, object: Mine}\n"
    )
    page = script["page"]()
    assert "method `mine`" not in page
    assert "method `dasd`" in page
