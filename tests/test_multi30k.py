"""The dataset `multi30k`: fixtures in the official format, the official files where they are there, and a run."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from ccr_benchmarks.multi30k import Multi30K, Multi30KSettings
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import save_file

from ccr import CcrError, Item, open_dataset
from ccr.cli import main
from ccr.host import Host

OFFICIAL = Path(__file__).parents[2] / "shared" / "multi30k"
official = pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official Multi30K text is not in ../shared/multi30k")
SIZES = {"train": 24, "val": 6, "test": 8}
COLOURS = ("red", "green", "blue", "grey", "black", "white", "brown", "pink")
TASK1 = {"train": "train", "val": "val", "test": "test_2016_flickr"}
TASK2 = {"train": "train", "val": "val", "test": "test_2016"}


def write(path: Path, rows: Iterable[str], zipped: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(f"{row}\n" for row in rows).encode()
    if zipped:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data))
    else:
        path.write_bytes(data)


def names(split: str) -> list[str]:
    first = {"train": 1000, "val": 2000, "test": 3000}[split]
    return [f"{first + i}.jpg" for i in range(SIZES[split])]


def english(split: str, i: int, k: int) -> str:
    return f"a {COLOURS[i % 8]} thing of {split} number {i} seen {k}"


def official_layout(root: Path, zipped: bool = True, pictures: bool = True) -> Path:
    """A tiny Multi30K. Task 1's English of image i is task 2's caption i % 5 + 1."""
    data = root / "data"
    for split, size in SIZES.items():
        one, two = data / "task1" / "raw" / TASK1[split], data / "task2" / "raw" / TASK2[split]
        write(data / "task1" / "image_splits" / f"{TASK1[split]}.txt", names(split), zipped=False)
        write(data / "task2" / "image_splits" / f"{TASK2[split]}_images.txt", names(split), zipped=False)
        write(Path(f"{one}.en"), (english(split, i, i % 5 + 1) for i in range(size)), zipped)
        for lang, word in (("de", "übersetzt"), ("fr", "traduit"), ("cs", "přeloženo")):
            # a space at the end and a line separator within a caption, both of which the official files hold
            write(Path(f"{one}.{lang}"), (f"{COLOURS[i % 8]} {word}\u2028 {i} " for i in range(size)), zipped)
        for k in range(1, 6):
            write(Path(f"{two}.{k}.en"), (english(split, i, k) for i in range(size)), zipped)
            write(Path(f"{two}.{k}.de"), (f"{COLOURS[i % 8]} beschrieben {i} {k}" for i in range(size)), zipped)
    if pictures:
        (root / "flickr30k-images").mkdir()
        for split in SIZES:
            for i, name in enumerate(names(split)):
                buffer = io.BytesIO()
                Image.new("RGB", (20, 20), (40 * i % 256, 90 * i % 256, int(name[0]) * 60)).save(buffer, "JPEG")
                (root / "flickr30k-images" / name).write_bytes(buffer.getvalue())
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return official_layout(tmp_path / "multi30k")


def reader(root: Path, **settings: object) -> Multi30K:
    return Multi30K(Multi30KSettings(**{"partial": True, **settings}), root)  # type: ignore[arg-type]


def counts(items: Iterable[Item]) -> Counter[tuple[str, str]]:
    return Counter((caption.lang, caption.origin) for item in items for caption in item.captions)


def per_image(images: int, **given: int) -> dict[tuple[str, str], int]:
    origins = {"human": "human", "translated": "human-translation"}
    return {(key[:2], origins[key[3:]]): number * images for key, number in given.items()}


TRAINS = {"en_human": 5, "de_translated": 1, "fr_translated": 1, "cs_translated": 1}
FIVE = {"en_human": 5, "de_human": 5, "fr_translated": 1, "cs_translated": 1}
ONE = {"en_human": 1, "de_translated": 1, "fr_translated": 1, "cs_translated": 1}

# --- the layout -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False], ids=["gz", "plain"])
def test_every_row_of_the_official_layout_is_a_caption(tmp_path: Path, zipped: bool) -> None:
    data = reader(official_layout(tmp_path, zipped))
    assert data.missing() == []
    train = list(data.items("train"))
    assert [item.id for item in train] == [name[:-4] for name in names("train")]
    assert counts(train) == per_image(24, **TRAINS)
    assert counts(data.items("val")) == per_image(6, **TRAINS)
    assert all(item.path and item.path.is_file() and item.source == "flickr30k" for item in train)
    texts = {caption.id: caption for caption in train[7].captions}
    assert list(texts) == [f"1007#task2.{k}.en" for k in range(1, 6)] + [f"1007#task1.{x}" for x in ("de", "fr", "cs")]
    assert texts["1007#task2.4.en"].text == english("train", 7, 4)
    assert texts["1007#task1.cs"].text == "pink přeloženo\u2028 7"
    assert texts["1007#task1.cs"].parallel == "1007#task2.3.en"
    assert texts[texts["1007#task1.cs"].parallel].text == english("train", 7, 3)  # what task 1 translated


def test_the_test_sets_are_what_their_ids_say(root: Path) -> None:
    data = reader(root)
    five, one = (list(data.test_items(f"multi30k-{name}")) for name in ("task2-5cap", "task1-1cap"))
    assert counts(five) == per_image(8, **FIVE)
    assert counts(one) == per_image(8, **ONE)
    assert {caption.parallel for item in five for caption in item.captions if caption.origin == "human"} == {None}
    assert [c.parallel for c in one[2].captions] == [None, *["3002#task1.en"] * 3]
    for test_set, items in (("multi30k-task2-5cap", five), ("multi30k-task1-1cap", one)):
        (declared,) = [t for t in Host.load().spec("dataset", "multi30k").test_sets if t.id == test_set]
        found = Counter(caption.lang for item in items for caption in item.captions)
        assert {lang: 8 * number // 1000 for lang, number in declared.captions.items()} == found
        assert set(declared.images.values()) == {1000}


def test_settings_choose_what_trains_and_never_what_is_tested(root: Path) -> None:
    one = reader(root, captions=1)
    assert counts(one.items("train")) == per_image(24, **ONE)
    assert [c.id for c in next(one.items("val")).captions] == [f"2000#task1.{x}" for x in ("en", "de", "fr", "cs")]
    described = reader(root, german="task2")
    assert counts(described.items("train")) == per_image(24, **FIVE)
    for data in (one, described):
        assert counts(data.test_items("multi30k-task2-5cap")) == per_image(8, **FIVE)


def test_the_reader_stands_behind_the_seal(root: Path) -> None:
    data = open_dataset("multi30k", root, partial=True)
    assert len(data.records("train")) == 24
    with pytest.raises(CcrError, match="sealed"):
        data.records("test", "multi30k-task2-5cap")
    with pytest.raises(CcrError, match="sealed"):
        data.dataset.test_items("multi30k-task2-5cap")


def test_the_released_budget_in_steps() -> None:
    recipes = Host.load().spec("dataset", "multi30k").recipes
    for name, captions in (("released", 5), ("one-caption", 1)):
        for phase, steps in (("align", 45_000), ("match", 7_000)):
            of_language = recipes[name].epochs[phase] * 29_000 * captions / 128
            assert 3 * of_language == pytest.approx(steps)
    assert next(iter(recipes)) == "released"
    assert (recipes["released"].encoder_epochs, recipes["released"].encoder_lr) == (5, 3e-6)


# --- what is missing, what is wrong ---------------------------------------------------------------------------------


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    text, pictures = reader(tmp_path).missing()
    assert text.startswith(f"48 of 48 text files are not below {tmp_path} (data/task1/image_splits/train.txt, ")
    assert "git clone https://github.com/multi30k/dataset" in text
    assert "there is no folder of Flickr30K pictures" in pictures
    assert str(tmp_path / "flickr30k-images") in pictures
    assert "https://shannon.cs.illinois.edu/DenotationGraph" in pictures
    assert reader(tmp_path).missing(pictures=False) == [text]


def test_absent_pictures_are_counted_and_the_first_named(root: Path) -> None:
    folder = root / "flickr30k-images"
    for name in names("val")[1:]:
        (folder / name).unlink()
    (told,) = reader(root).missing()
    assert told.startswith(f"5 of 38 pictures are not in {folder} (2001.jpg, 2002.jpg, 2003.jpg, ...): ask for")
    assert reader(root).missing(pictures=False) == []
    folder.rename(root / "images")
    assert "5 of 38 pictures are not in " + str(root / "images") in reader(root).missing()[0]


def test_one_absent_file_is_named(root: Path) -> None:
    (root / "data/task2/raw/val.3.de.gz").unlink()
    (told,) = reader(root).missing()
    assert told.startswith("1 of 48 text files are not below")
    assert "(data/task2/raw/val.3.de, plain or .gz)" in told


def rewrite(path: Path, change: object) -> None:
    rows = gzip.decompress(path.read_bytes()).decode().split("\n")[:-1]
    change(rows)  # type: ignore[operator]
    path.write_bytes(gzip.compress("".join(f"{row}\n" for row in rows).encode()))


def refuses(root: Path, match: str, split: str = "train", lines: int = 1, **settings: object) -> None:
    with pytest.raises(CcrError, match=match) as caught:
        list(reader(root, **settings).items(split))
    assert len(str(caught.value).split("\n")) == lines


def test_rows_that_do_not_fit_are_named(root: Path) -> None:
    path = root / "data/task1/raw/train.fr.gz"
    rewrite(path, lambda rows: rows.pop())
    refuses(root, r"train.fr.gz has 23 rows, but the image list .*image_splits/train.txt has 24; fetch both again")
    rewrite(path, lambda rows: rows.append("  "))
    refuses(root, r"train.fr.gz: row 24 is empty")
    rewrite(path, lambda rows: rows.__setitem__(2, ""))
    refuses(root, r"train.fr.gz: row 3 is empty.*\n.*train.fr.gz: row 24 is empty", lines=2)


def test_an_english_caption_that_task_2_does_not_hold_is_named(root: Path) -> None:
    rewrite(root / "data/task1/raw/val.en.gz", lambda rows: rows.__setitem__(2, "something else"))
    rewrite(root / "data/task1/raw/val.en.gz", lambda rows: rows.__setitem__(4, "nor this"))
    refuses(root, r"val.en.gz: row 3 is none of the five English captions of 2002.jpg in task 2", "val", 2)
    assert counts(reader(root, captions=1).items("val")) == per_image(6, **ONE)


def test_a_damaged_download_is_named(root: Path) -> None:
    path = root / "data/task2/raw/train.2.en.gz"
    path.write_bytes(path.read_bytes()[:-20])
    refuses(root, r"train.2.en.gz cannot be read .*fetch it again")
    path.write_bytes(gzip.compress("café\n".encode("latin-1")))
    refuses(root, r"train.2.en.gz cannot be read .*utf-8.*fetch it again")


def test_image_lists_must_be_one_and_hold_no_image_twice(root: Path) -> None:
    listed = {task: root / "data" / task / "image_splits" / name for task, name in
              (("task1", "train.txt"), ("task2", "train_images.txt"))}  # fmt: skip
    shuffled = names("train")
    shuffled[3], shuffled[4] = shuffled[4], shuffled[3]
    write(listed["task2"], shuffled, zipped=False)
    refuses(root, r"train_images.txt: row 4 is 1004.jpg, but 1003.jpg in .*train.txt", lines=2)
    write(listed["task2"], names("train")[:-1], zipped=False)
    refuses(root, r"train_images.txt has 23 rows, but the image list .*train.txt has 24")
    for path in listed.values():
        write(path, [*names("train")[:-1], "1000.jpg"], zipped=False)
    refuses(root, r"train.txt: row 24 is 1000.jpg, as row 1 is")


def test_a_short_list_is_no_multi30k_unless_that_is_meant(root: Path) -> None:
    refuses(root, r"has 24 images, but Multi30K's train split has 29,000; .*dataset.partial=true", partial=False)


# --- the official files ---------------------------------------------------------------------------------------------


@official
def test_the_official_files_are_whole() -> None:
    data = Multi30K(Multi30KSettings(), OFFICIAL)
    assert data.missing(pictures=False) == []
    for split, images in (("train", 29_000), ("val", 1_014)):
        items = list(data.items(split))
        assert len(items) == images
        assert counts(items) == per_image(images, **TRAINS)
        assert all(c.text for item in items for c in item.captions)
    spec = Host.load().spec("dataset", "multi30k")
    for test_set in spec.test_sets:
        items = list(data.test_items(test_set.id))
        assert Counter(c.lang for item in items for c in item.captions) == test_set.captions
        for lang, images in test_set.images.items():
            assert sum(any(c.lang == lang for c in item.captions) for item in items) == images


@official
def test_the_official_text_passes_the_checks_of_the_harness() -> None:
    from ccr.data.records import Data

    data = Data(Host.load().spec("dataset", "multi30k"), Multi30K(Multi30KSettings(german="task2"), OFFICIAL))
    first = data.records("val")[0]
    assert first.id == "1018148011"
    assert {c.id: c.text for c in first.captions}["1018148011#task2.4.en"].startswith("A group of men are loading")


# --- a run ----------------------------------------------------------------------------------------------------------


def tiny_clip(folder: Path) -> str:
    """A CLIP of random weights -> the encoder's name."""
    import torch
    from ccr_openclip.encoder import build

    config = {
        "embed_dim": 24,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(7)
    state = build(config, "test").state_dict()
    save_file({key: value.contiguous() for key, value in state.items()}, folder / "model.safetensors")
    return f"openclip:{folder / 'config.json'}@{folder / 'model.safetensors'}"


def run(tmp_path: Path, root: Path, *extra: str, code: int = 0) -> str:
    words = [
        "run", "--method", "static-adapter", "--dataset", "multi30k", "--data-root", str(root), "--device", "cpu",
        "--encoder", tiny_clip(tmp_path / "clip"), "--runs", str(tmp_path / "runs"), "--cache", str(tmp_path / "cache"),
        "--set", "dataset.partial=true", "--accept", "size", "--set", "recipe.batch_size=8",
        "--set", "recipe.encoder_batch_size=8",
        "--set", "recipe.encoder_epochs=0.5", "--set", "recipe.epochs.align=0.2", "--set", "recipe.epochs.match=0.2",
        "--set", "recipe.validations=1", "--set", "recipe.vocabulary=300", *extra,
    ]  # fmt: skip
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        outcome = CliRunner().invoke(main, words)
    finally:
        os.chdir(before)
    assert outcome.exit_code == code, outcome.output
    return outcome.output


def result(tmp_path: Path) -> dict[str, object]:
    (found,) = (tmp_path / "runs").rglob("result.json")
    return json.loads(found.read_text())


def translate(root: Path, splits: Iterable[str] = ("train", "val")) -> None:
    """Machine translations of the five English captions, as a user puts them beside the data."""
    rows = []
    for split in splits:
        for item in reader(root).items(split):
            for caption in item.captions:
                if caption.lang == "en":
                    for lang, mark in (("de", "ü"), ("fr", "é"), ("cs", "ě")):
                        text = f"{mark} {caption.text[::-1]}"
                        rows.append({"parallel": caption.id, "lang": lang, "text": text, "origin": "mt:mirror@1"})
    (root / "mt").mkdir()
    (root / "mt" / "mirror.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_finetune_on_machine_translations(tmp_path: Path, root: Path) -> None:
    translate(root)
    run(tmp_path, root)
    found = result(tmp_path)
    protocol = str(found["protocol_id"])
    assert protocol.startswith("multi30k-task2-5cap@")
    assert protocol.endswith("/finetune/mt-val/human+human-translation")
    assert found["gallery"] == dict.fromkeys(("en", "de", "fr", "cs"), 8)
    assert found["queries"] == {"en": 40, "de": 40, "fr": 8, "cs": 8}
    assert set(found["exposures"]["align"]) == {"de", "fr", "cs"}  # type: ignore[index]
    assert found["exposures"]["align"]["de"] == 24  # type: ignore[index]  # 0.2 epochs of 120 in batches of 8


def test_finetune_on_professional_translations(tmp_path: Path, root: Path) -> None:
    run(tmp_path, root, "--protocol", "finetune-human", "--test-set", "multi30k-task1-1cap", "--langs", "cs")
    found = result(tmp_path)
    assert str(found["protocol_id"]).endswith("/finetune-human/human-val/human-translation")
    assert found["queries"] == {"en": 8, "cs": 8}


def test_the_literal_command_without_anything_tells_it_all(tmp_path: Path) -> None:
    told = run(tmp_path, tmp_path / "nothing", code=2)
    for part in (
        "48 of 48 text files",
        "no folder of Flickr30K pictures",
        "no machine-translated captions in de, fr, cs",
    ):
        assert part in told
