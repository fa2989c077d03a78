"""A run on a broken set: refused, or told what to accept; then it says what it left out."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image
from test_multi30k import tiny_clip

from ccr import CcrError, SealedSplitError
from ccr.cli import main
from ccr.config import load_config
from ccr.pipeline.plan import Plan, resolve

READER = """
import json
import ccr

class Reader(ccr.Dataset):
    def rows(self, split):
        for row in json.loads((self.root / "rows.json").read_text())[split]:
            captions = tuple(ccr.Caption(**caption) for caption in row["captions"])
            yield ccr.Item(row["id"], captions, self.root / f"{row['image']}.png", source="own")

    def items(self, split):
        return self.rows(split)

    def test_items(self, test_set):
        return self.rows(test_set)

    def missing(self, pictures=True):
        lost = [p for p in (f"{r['image']}.png" for s in ("train", "val") for r in json.loads(
            (self.root / "rows.json").read_text())[s]) if not (self.root / p).is_file()]
        return [f"{len(lost)} pictures are not there"] if pictures and lost else []
"""
REGISTRY = """
plugins:
  - kind: dataset
    file: reader.py
    object: Reader
    name: faulty
    target_langs: [de]
    needs_root: true
    test_sets:
      - {id: faulty-v1, langs: [en, de], images: {de: 4}}
      - {id: faulty-v2, langs: [en, de]}
"""
SIZES = {"train": 16, "val": 4, "faulty-v1": 4, "faulty-v2": 3}

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A dataset without a fault."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "reader.py").write_text(textwrap.dedent(READER))
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    rows: Rows = {}
    for s, (split, size) in enumerate(SIZES.items()):
        rows[split] = []
        for i in range(size):
            name = f"{split}{i}"
            Image.new("RGB", (32, 32), (60 * s, 15 * i, 40)).save(folder / f"{name}.png")
            mt = "human" if split.startswith("faulty") else "mt:x@1"
            rows[split].append(
                {
                    "id": name,
                    "image": name,
                    "captions": [
                        {"id": f"{name}#en", "lang": "en", "text": f"a dog runs on beach number {i}"},
                        {
                            "id": f"{name}#de",
                            "lang": "de",
                            "text": f"ein Hund läuft am Strand {i}",
                            "origin": mt,
                            "parallel": f"{name}#en",
                        },
                    ],
                }
            )
    write(folder, rows)
    return folder


def write(root: Path, rows: Rows) -> None:
    (root / "rows.json").write_text(json.dumps(rows))


def rows_of(root: Path) -> Rows:
    return json.loads((root / "rows.json").read_text())


def clip(root: Path) -> str:
    folder = root.parent / "clip"
    known = f"openclip:{folder / 'config.json'}@{folder / 'model.safetensors'}"
    return known if folder.exists() else tiny_clip(folder)


def words(root: Path, *extra: str) -> list[str]:
    home = root.parent
    return [
        "run", "--method", "static-adapter", "--dataset", "faulty", "--data-root", str(root), "--device", "cpu",
        "--registry", str(home / "registry.yaml"), "--encoder", clip(root), "--runs", str(home / "runs"),
        "--cache", str(home / "cache"), "--set", "recipe.batch_size=4", "--set", "recipe.encoder_batch_size=4",
        "--set", "recipe.encoder_epochs=0.5", "--set", "recipe.epochs.align=0.5", "--set", "recipe.epochs.match=0.5",
        "--set", "recipe.validations=1", "--set", "recipe.vocabulary=300", *extra,
    ]  # fmt: skip


def planned(root: Path, *accept: str, **more: Any) -> Plan:
    places = {"data_root": root, "registry": root.parent / "registry.yaml", "cache": root.parent / "cache"}
    given = {"method": "static-adapter", "dataset": "faulty", "encoder": clip(root), "accept": accept, **places, **more}
    return resolve(load_config(None, given))


def identity(plan: Plan) -> dict[str, Any]:
    return plan.identity("encoder", "tokens", {})


def captions(plan: Plan, split: Any) -> list[str]:
    return [caption.id for item in plan.data.records(split) for caption in item.captions]


def broken(root: Path) -> None:
    """An empty caption and a lost picture in train, a lost one in a test set, and one picture in two splits."""
    rows = rows_of(root)
    rows["train"][0]["captions"][0]["text"] = " "
    (root / "train1.png").unlink()
    (root / "faulty-v13.png").unlink()
    rows["train"][2]["id"] = rows["faulty-v1"][0]["id"]  # of one source and one id
    rows["train"][2]["image"] = rows["faulty-v1"][0]["image"]
    write(root, rows)


def test_a_sound_set_is_read_once_and_its_identity_knows_nothing_of_it(root: Path) -> None:
    plan = planned(root)
    assert plan.data.faults == ()
    (root / "rows.json").unlink()  # nothing is read again
    assert len(captions(plan, "train")) == 32
    assert "left_out" not in identity(plan)
    with pytest.raises(SealedSplitError):
        plan.data.records("test", "faulty-v1")
    with pytest.raises(SealedSplitError):
        plan.data.dataset.test_items("faulty-v1")


def test_a_broken_set_is_refused_with_every_kind_and_what_accepting_does(root: Path) -> None:
    broken(root)
    with pytest.raises(CcrError, match="1 pictures are not there"):
        planned(root)
    with pytest.raises(CcrError) as refused:
        planned(root, "absent-picture")
    said = str(refused.value)
    assert said.startswith("faulty has 2 faults:\n")
    assert "empty-caption: caption train0#en of item train0: the en caption is empty" in said
    assert "the picture of train is in faulty-v1, too" in said
    assert "--accept empty-caption leaves out the caption" in said
    assert "--accept split-overlap leaves out the training item" in said


def test_what_is_accepted_is_left_out_and_part_of_the_identity(root: Path) -> None:
    broken(root)
    kinds = ("absent-picture", "empty-caption", "split-overlap")
    plan = planned(root, ",".join(kinds), "odd-caption")  # the last leaves nothing out
    trained = captions(plan, "train")
    assert len(trained) == 2 * 13  # the machine translation of nothing went with it, and its item
    assert not {"train0#de", "train1#en", "train2#en"} & set(trained)
    assert identity(plan)["left_out"] == list(kinds)


def test_accepting_what_is_not_there_changes_no_identity(root: Path) -> None:
    assert identity(planned(root, "empty-caption")) == identity(planned(root))


def test_a_test_set_that_is_not_tested_breaks_no_run(root: Path) -> None:
    rows = rows_of(root)
    rows["faulty-v2"][0]["captions"][0]["text"] = ""
    write(root, rows)
    planned(root)
    with pytest.raises(CcrError, match="empty-caption"):
        planned(root, test_set="faulty-v2")


def test_pictures_are_opened_where_broken_ones_are_accepted(root: Path) -> None:
    (root / "train5.png").write_bytes(b"no picture")
    assert "train5#en" in captions(planned(root), "train")  # encoding it is what fails then
    assert "train5#en" not in captions(planned(root, "broken-picture"), "train")


def test_overlaps_are_looked_for_by_content_where_they_are_accepted(root: Path) -> None:
    (root / "train5.png").write_bytes((root / "faulty-v10.png").read_bytes())
    assert "train5#en" not in captions(planned(root, "split-overlap"), "train")


@pytest.mark.parametrize("kind", ["rows", "no-such"])
def test_what_cannot_be_accepted(root: Path, kind: str) -> None:
    with pytest.raises(CcrError, match=f'--accept: .*"{kind}"'):
        planned(root, kind)


def results(root: Path) -> Iterable[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in (root.parent / "runs").rglob("result.json")]


def test_a_run_says_in_its_result_and_under_its_table_what_it_left_out(root: Path) -> None:
    broken(root)
    refused = CliRunner().invoke(main, words(root, "--accept", "absent-picture"))
    assert refused.exit_code == 2
    kinds = ["--accept", "absent-picture,empty-caption", "--accept", "split-overlap"]
    done = CliRunner().invoke(main, words(root, *kinds))
    assert done.exit_code == 0, done.output
    (found,) = results(root)
    assert found["gallery"] == {"en": 3, "de": 3}
    assert found["protocol_id"].startswith("faulty-v1@")  # shortened: another test set
    assert found["faults"]["absent-picture"]["count"] == 2
    assert any("train1.png" in sentence for sentence in found["faults"]["absent-picture"]["faults"])
    (note,) = (line for line in done.output.splitlines() if line.startswith("faults of the data: "))
    assert "2 absent-picture (leaves out the item)" in note


def test_a_test_picture_that_trains_is_told_before_anything_is_trained(root: Path) -> None:
    (root / "train5.png").write_bytes((root / "faulty-v10.png").read_bytes())
    (root / "val2.png").write_bytes((root / "faulty-v13.png").read_bytes())
    refused = CliRunner().invoke(main, words(root))
    assert refused.exit_code == 2
    assert "2 of the 4 test images of faulty-v1 are among the images of training or validation" in refused.output
    assert "faulty-v10 is train5 of faulty/train, faulty-v13 is val2 of faulty/val" in refused.output
    assert "steps" not in refused.output
    assert not list(results(root))
    done = CliRunner().invoke(main, words(root, "--accept", "split-overlap,corpus-overlap"))
    assert done.exit_code == 0, done.output
    (found,) = results(root)
    assert found["faults"]["split-overlap"]["count"] == 2


def test_broken_test_pictures_are_told_before_anything_is_trained(root: Path) -> None:
    whole = (root / "faulty-v11.png").read_bytes()
    (root / "faulty-v11.png").write_bytes(whole[: len(whole) // 2])
    (root / "faulty-v12.png").write_bytes(b"no picture")
    refused = CliRunner().invoke(main, words(root))
    assert refused.exit_code == 2
    assert "2 test pictures cannot be used:" in refused.output
    assert "faulty-v11.png (item faulty-v11) is no readable image" in refused.output
    assert "faulty-v12.png (item faulty-v12) is no readable image" in refused.output
    assert "steps" not in refused.output
    done = CliRunner().invoke(main, words(root, "--accept", "broken-picture"))
    assert done.exit_code == 0, done.output
    (found,) = results(root)
    assert found["gallery"] == {"en": 2, "de": 2}
