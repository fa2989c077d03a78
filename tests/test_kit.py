"""The conformance kit: every plugin that ships passes it, and it does what it says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccr.errors import CcrError
from ccr.host import Host
from ccr.testing import SENTENCES, check_plugin, parametrize_with_ccr_checks
from ccr.testing.checks import checks_of
from ccr.testing.subjects import Subject, find_subjects

ROOT = Path(__file__).parents[1]
SHIPPED = sorted(path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").is_file())
KINDS = ("plugin", "method", "encoder", "dataset", "metric", "translator")
RANDOM_CLIP = f"openclip:{ROOT / 'plugins' / 'ccr_scenes' / 'clip.json'}@random"


@parametrize_with_ccr_checks(*SHIPPED, RANDOM_CLIP)
def test_everything_that_ships(ccr_check) -> None:
    ccr_check()


def test_files_and_tables_of_ones_own(tmp_path: Path) -> None:
    """A dataset and a translator that need an argument; its path may be relative."""
    from PIL import Image

    rows = []
    for number, split in enumerate(("train", "train", "val", "test", "test")):
        Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
        captions = [
            {"lang": "en", "text": f"picture {number}"},
            {"lang": "de", "text": f"Bild {number}", "origin": "human" if split == "test" else "mt:me@1"},
        ]
        rows.append({"id": f"i{number}", "split": split, "image": f"{number}.png", "captions": captions})
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = [["en", "de"], *([text, text.upper()] for text in SENTENCES)]
    (tmp_path / "table.tsv").write_text("".join("\t".join(row) + "\n" for row in table))
    for reference in (f"jsonl:{tmp_path / 'data.jsonl'}", f"table:{tmp_path / 'table.tsv'}"):
        outcomes = check_plugin(reference)
        assert [o for o in outcomes if o.status == "fail"] == []
        mine = [o for o in outcomes if o.kind != "plugin"]
        assert mine
        assert {o.status for o in mine} == {"pass"}, mine


def test_what_is_not_here_does_not_apply() -> None:
    outcomes = [o for o in check_plugin("table", "translator") if o.kind == "translator"]
    assert {o.status for o in outcomes} == {"not applicable"}
    assert all("table:FILE" in o.message for o in outcomes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_says_what_it_is_and_how_it_is_mended(kind: str) -> None:
    checks = checks_of(kind)
    assert len({check.name for check in checks}) == len(checks)
    for check in checks:
        assert check.run.__doc__
        assert check.mend
    assert not any(check.basis for check in checks[1:]), "what all others stand on comes first"


@pytest.mark.parametrize("kind", KINDS)
def test_the_documentation_lists_every_check(kind: str) -> None:
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    for check in checks_of(kind):
        assert f"| `{check.name}` | {(check.run.__doc__ or '').splitlines()[0].rstrip('.')}" in page, check.name


def test_names() -> None:
    host = Host.load()
    assert find_subjects(host, "dasd") == [Subject("plugin", "ccr_dasd"), Subject("method", "dasd")]
    assert [s.kind for s in find_subjects(host, "scenes", "encoder")] == ["plugin", "encoder"]
    assert Subject("encoder", "scenes") in find_subjects(host, "ccr_scenes")
    with pytest.raises(CcrError, match=r'"dsad" \(did you mean "dasd"\?\)'):
        find_subjects(host, "dsad")


def test_the_kit_needs_no_pytest_and_its_door_no_torch() -> None:
    script = (
        "import sys; sys.modules['pytest'] = None\n"
        "import ccr.testing, ccr.testing.runner; print('torch' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
