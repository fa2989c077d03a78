"""The datasets `jsonl` and `webdataset`: the documented example word for word, nasty files, damaged shards, a run."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ccr_files.jsonl import Jsonl
from ccr_files.rows import RowSettings
from ccr_files.shards import members, shards
from ccr_files.webdataset import WebDataset, WebDatasetSettings
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ccr import CcrError, Dataset, DatasetSpec
from ccr.cli import main
from ccr.host import Host

PAGE = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")


def jpeg(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 20), (37 * number % 256, 91 * number % 256, 13 * number % 256)).save(buffer, "JPEG")
    return buffer.getvalue()


def row(name: str = "a.jpg", split: str = "train", **changes: Any) -> dict[str, Any]:
    captions = [{"lang": "en", "text": "a dog"}, {"lang": "de", "text": "ein Hund", "origin": "mt:x@1"}]
    return {"image": name, "split": split, "captions": captions, **changes}


def captions(*rows: Mapping[str, Any]) -> dict[str, Any]:
    return {"captions": [{"lang": "en", "text": "a dog", **given} for given in rows]}


def jsonl(
    tmp_path: Path, rows: Iterable[Any], name: str = "data.jsonl", pictures: bool = True, **settings: Any
) -> Jsonl:
    rows = list(rows)
    path = tmp_path / name
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    for number, found in enumerate(rows):
        if pictures and isinstance(found, dict) and isinstance(found.get("image"), str):
            (tmp_path / found["image"]).parent.mkdir(exist_ok=True, parents=True)
            (tmp_path / found["image"]).write_bytes(jpeg(number))
    return Jsonl(RowSettings(**settings), path)


def wrong_with(data: Dataset) -> list[str]:
    """What is wrong with the rows, or else what is missing."""
    try:
        data.items("train")
    except CcrError as error:
        return str(error).split("\n")
    return list(data.missing())


def spec(name: str = "jsonl") -> DatasetSpec:
    return Host.load().spec("dataset", name)


def example(tmp_path: Path) -> Path:
    """The example of docs/data.md, word for word, with pictures."""
    (text,) = re.findall(r"^```json title=photos.jsonl\n(.*?)^```", PAGE, re.M | re.S)
    (tmp_path / "photos").mkdir()
    for number in range(1, 11):
        (tmp_path / "photos" / f"{number}.jpg").write_bytes(jpeg(number))
    (tmp_path / "photos.jsonl").write_text(text, encoding="utf-8")
    return tmp_path / "photos.jsonl"


# --- the documented example -----------------------------------------------------------------------------------------


def test_the_documented_example_is_a_whole_dataset(tmp_path: Path) -> None:
    data = Jsonl(RowSettings(), example(tmp_path))
    assert data.missing() == []
    train, val, test = list(data.items("train")), list(data.items("val")), list(data.test_items("x"))
    assert [len(items) for items in (train, val, test)] == [6, 2, 2]
    assert sum(map(len, (train, val, test))) == len((tmp_path / "photos.jsonl").read_text().splitlines()) == 10
    assert train[0].id == "photos/1.jpg"
    assert [(c.id, c.parallel) for c in train[0].captions] == [
        ("photos/1.jpg#en-0", None), ("photos/1.jpg#de-0", "photos/1.jpg#en-0")
    ]  # fmt: skip
    assert [c.parallel for c in train[2].captions] == [None, None, "photos/3.jpg#en-0", "photos/3.jpg#en-1"]
    assert [c.id for c in val[0].captions] == ["market-english", "market#de-0"]
    assert train[3].captions[2].text == "一个男孩在爬树。"
    assert [c.origin for c in test[0].captions] == ["human"] * 3
    assert data.read(train[5]) == jpeg(6)
    described = data.describe(spec())
    assert (described.source_lang, described.target_langs) == ("en", ("de", "zh-Hans"))
    (test_set,) = described.test_sets
    assert f"`{test_set.id}`" in PAGE
    assert test_set.langs == ("en", "de", "zh-Hans")
    assert test_set.images == test_set.captions == {"en": 2, "de": 2, "zh-Hans": 2}


def test_a_path_opens_by_its_ending(tmp_path: Path) -> None:
    host = Host.load()
    for path, factory in (("a/data.jsonl", "Jsonl"), ("a/{000..012}.tar", "WebDataset"), ("a/0.tar", "WebDataset")):
        found, root = host.dataset(path)
        assert found.factory.endswith(f":{factory}")
        assert root == Path(path)


def test_the_test_set_is_named_by_its_test_rows_alone(tmp_path: Path) -> None:
    def named(rows: list[dict[str, Any]]) -> str:
        return jsonl(tmp_path, rows, "my photos.jsonl").describe(spec()).test_sets[0].id

    rows = [row(), row("b.jpg", "test", **captions({}, {"lang": "de", "text": "Hund"})), row("c.jpg", "test")]
    first = named(rows)
    assert re.fullmatch(r"my-photos@[0-9a-f]{6}", first)
    assert named([rows[2], row("z.jpg"), rows[1]]) == first
    assert named([rows[0], row("b.jpg", "test", **captions({}, {"lang": "de", "text": "Hunde"})), rows[2]]) != first
    assert jsonl(tmp_path, [row()]).describe(spec()).test_sets == ()


def test_the_source_language_is_a_setting(tmp_path: Path) -> None:
    data = jsonl(
        tmp_path, [row("a.jpg", "test", **captions({"lang": "de"}, {"lang": "ja", "text": "犬"}))], source="de"
    )
    described = data.describe(spec())
    assert (described.source_lang, described.target_langs) == ("de", ("ja",))
    data = jsonl(tmp_path, [row("a.jpg", **captions({"lang": "de"}, {"lang": "ja", "text": "犬"}))])
    (told,) = wrong_with(data)
    assert told.endswith("no caption is in en, the source language; name another, e.g. --set dataset.source=de")


# --- strict reading -------------------------------------------------------------------------------------------------

FAULTS = {
    "json": ('{"image": "a.jpg", }', r"data.jsonl:2: is no JSON \(.* at column \d+\)"),
    "list": ("[1]", "data.jsonl:2: is no JSON object"),
    "twice": ('{"image": "a.jpg", "image": "b.jpg"}', 'data.jsonl:2: the key "image" stands twice'),
    "deep": ("[" * 100_000, "data.jsonl:2: is (nested too deeply|no JSON)"),
    "key": (row("b.jpg", pslit="val"), r'data.jsonl:2: pslit is unknown \(did you mean "split"\?\)'),
    "no split": ({k: v for k, v in row("b.jpg").items() if k != "split"}, "split is missing; must be train, val or t"),
    "split": (row("b.jpg", "valid"), 'data.jsonl:2: split must be train, val or test, not "valid"'),
    "nameless": ({"split": "val", **captions({})}, "data.jsonl:2: has neither image nor id"),
    "id": (row("b.jpg", id=7), "data.jsonl:2: id must be text, not 7"),
    "image": (row(image="  "), "data.jsonl:2: image is empty"),
    "null": (row(image=None, id="x"), "data.jsonl:2: image must be text, not null"),
    "none": (row("b.jpg", captions=[]), "data.jsonl:2: captions must be a list of at least one"),
    "mapping": (row("b.jpg", captions={"en": ["a dog"]}), "data.jsonl:2: captions must be a list of at least one"),
    "plain": (row("b.jpg", captions=["a dog"]), r"data.jsonl:2: captions\[0\] must be an object"),
    "empty": (row("b.jpg", **captions({}, {"lang": "de", "text": " "})), r"captions\[1\].text is empty"),
    "textless": (row("b.jpg", captions=[{"lang": "en"}]), r"captions\[0\].text is missing"),
    "caption key": (row("b.jpg", **captions({"txt": "x"})), r'captions\[0\].txt is unknown \(did you mean "text"\?'),
    "lang": (
        row("b.jpg", **captions({"lang": "english"})),
        r'captions\[0\].lang "english" is no language code; write B',
    ),
    "case": (row("b.jpg", **captions({"lang": "zh_hans"})), r'lang "zh_hans" is no language code; write zh-Hans$'),
    "region": (row("b.jpg", **captions({"lang": "PT-br"})), r'lang "PT-br" is no language code; write pt-BR$'),
    "origin": (
        row("b.jpg", **captions({"origin": "google"})),
        r'origin "google" must be human, human-translation or mt:',
    ),
    "surrogate": (
        '{"image": "b.jpg", "split": "val", "captions": [{"lang": "en", "text": "\\ud83d"}]}',
        "half of a surr",
    ),
    "item twice": (row(), 'data.jsonl:2: the item id "a.jpg" stands in data.jsonl:1, too'),
    "caption twice": (row("b.jpg", **captions({"id": "a.jpg#en-0"})), 'caption id "a.jpg#en-0" stands in data.jsonl:1'),
    "same caption": (row("b.jpg", **captions({"id": "x"}, {"id": "x"})), 'the caption id "x" stands twice'),
    "parallel": (
        row("b.jpg", **captions({}, {"lang": "de", "parallel": "a.jpg#en-0"})),
        r'captions\[1\].parallel "a.jpg#en-0" is not one of them; the en captions of this row are b.jpg#en-0',
    ),
    "of the source": (
        row("b.jpg", **captions({}, {"parallel": "b.jpg#en-0"})),
        r"captions\[1\].parallel .* of the sourc",
    ),
    "which": (
        row("b.jpg", **captions({}, {"text": "dogs"}, {"lang": "de", "origin": "mt:x@1"})),
        r"captions\[2\].parallel is missing: say which en caption it translates",
    ),
}


@pytest.mark.parametrize(("bad", "told"), FAULTS.values(), ids=list(FAULTS))
def test_a_fault_names_row_key_and_remedy(tmp_path: Path, bad: Any, told: str) -> None:
    data = jsonl(tmp_path, [row(), bad, row("c.jpg", "val")])
    (sentence,) = wrong_with(data)
    assert re.search(told, sentence)
    assert sentence.startswith("data.jsonl:2: ")
    for read in (lambda: data.items("train"), lambda: data.test_items("x")):
        with pytest.raises(CcrError) as caught:
            read()
        assert str(caught.value) == sentence


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = wrong_with(jsonl(tmp_path, [row(), *(row(f"{i}.jpg", "dev") for i in range(14))]))
    assert [sentence.split(":")[1] for sentence in told] == [str(number) for number in range(2, 16)]


def test_bytes_that_are_no_utf8_and_marks_that_are(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    good = json.dumps(row(), ensure_ascii=False)
    path.write_bytes(
        f"\ufeff{good}\r\n\n".encode() + json.dumps(row("b.jpg", id="é"), ensure_ascii=False).encode("latin-1")
    )
    (told,) = wrong_with(Jsonl(RowSettings(), path))
    assert re.fullmatch(r"data.jsonl:3: is not UTF-8 \(byte \d+\); save the file as UTF-8", told)
    path.write_text(f"\ufeff{good}\r\n\n", encoding="utf-8")
    assert [item.id for item in Jsonl(RowSettings(), path).items("train")] == ["a.jpg"]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_text_comes_back_as_it_was_written(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.jsonl"
        path.write_bytes((json.dumps(row(**captions({"text": text})), ensure_ascii=False) + "\n").encode())
        (item,) = Jsonl(RowSettings(), path).items("train")
    assert item.captions[0].text == text.strip()


def test_an_empty_file_and_none_at_all(tmp_path: Path) -> None:
    assert wrong_with(jsonl(tmp_path, [])) == [f"{tmp_path / 'data.jsonl'}: there is no row"]
    (told,) = Jsonl(RowSettings(), tmp_path / "other.jsonl").missing()
    assert told.startswith(f"there is no file {tmp_path / 'other.jsonl'}: write it as docs/data.md says")


def test_pictures_that_are_not_there(tmp_path: Path) -> None:
    rows = [row(f"photos/{i}.jpg") for i in range(5)] + [
        row("/nowhere/x.jpg"),
        {"id": "y", "split": "val", **captions({})},
    ]
    data = jsonl(tmp_path, rows, pictures=False)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "2.jpg").write_bytes(jpeg(0))
    without, absent = data.missing()
    assert without.startswith("1 of 7 rows name no image (data.jsonl:7): add it, or use an encoder of precomputed")
    first = [f"{tmp_path}/photos/{i}.jpg of data.jsonl:{i + 1}" for i in (0, 1, 3)]
    assert absent.startswith(
        f"5 of 7 pictures are not there ({', '.join(first)}, ...): put them there, or correct image"
    )
    assert data.missing(pictures=False) == []
    assert [item.path for item in data.items("val")] == [None]


def test_test_rows_are_not_kept_with_those_of_training(tmp_path: Path) -> None:
    data = jsonl(tmp_path, [row(), row("t.jpg", "test", **captions({"text": "a secret"}))])
    data.missing()
    data.describe(spec())
    assert "a secret" not in repr([list(data.items(split)) for split in ("train", "val")])
    assert "a secret" not in repr(data._training())
    assert [item.id for item in data.test_items("x")] == ["t.jpg"]


# --- shards ---------------------------------------------------------------------------------------------------------


def sample(key: str, number: int, **meta: Any) -> dict[str, bytes]:
    """As img2dataset writes one."""
    known = {"caption": f"thing {number}", "url": f"https://example.org/{number}.jpg", "key": key, "status": "success",
             "error_message": None, "width": 20, "height": 20, "exif": "{}", "sha256": "0" * 64}  # fmt: skip
    return {
        f"{key}.jpg": jpeg(number),
        f"{key}.json": json.dumps({**known, **meta}).encode(),
        f"{key}.txt": f"thing {number}".encode(),
    }


def shard(path: Path, *samples: Mapping[str, bytes]) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    with tarfile.open(path, "w") as archive:
        for files in samples:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


def two_shards(folder: Path, count: int = 6) -> Path:
    german = lambda i: {"captions": [{"lang": "de", "text": f"Ding {i}", "origin": "mt:x@1"}]}  # noqa: E731
    for number in range(2):
        keys = [f"{number:05d}{i:04d}" for i in range(count)]
        shard(folder / f"{number:05d}.tar", *(sample(key, int(key), **german(int(key))) for key in keys))
        (folder / f"{number:05d}.parquet").write_bytes(b"not read")
        (folder / f"{number:05d}_stats.json").write_text("{}")
    return folder


def web(root: Path, **settings: Any) -> WebDataset:
    return WebDataset(WebDatasetSettings(**settings), root)


@pytest.mark.parametrize("name", ["", "{00000..00001}.tar"], ids=["folder", "pattern"])
def test_samples_are_read_in_place(tmp_path: Path, name: str) -> None:
    data = web(two_shards(tmp_path / "cc") / name, val=0)
    assert data.missing() == []
    items = list(data.items("train"))
    assert len(items) == 12
    assert items[7].id == "000010001"
    assert [(c.id, c.lang, c.text, c.origin, c.parallel) for c in items[7].captions] == [
        ("000010001#en-0", "en", "thing 10001", "human", None),
        ("000010001#de-0", "de", "Ding 10001", "mt:x@1", "000010001#en-0"),
    ]
    assert [data.read(item) for item in reversed(items)] == [jpeg(int(item.id)) for item in reversed(items)]
    assert not list(data.items("val"))
    described = data.describe(spec("webdataset"))
    assert (described.target_langs, described.test_sets) == (("de",), ())


def test_one_shard_and_its_splits(tmp_path: Path) -> None:
    splits = [*["train"] * 3, "val", "test", "test"]
    path = shard(tmp_path / "all.tar", *(sample(f"k{i}", i, split=split) for i, split in enumerate(splits)))
    data = web(path, val=0.9)
    assert [len(list(data.items(split))) for split in ("train", "val")] == [3, 1]
    test = list(data.test_items("x"))
    assert [item.id for item in test] == ["k4", "k5"]
    assert data.read(test[1]) == jpeg(5)
    (test_set,) = data.describe(spec("webdataset")).test_sets
    assert re.fullmatch(r"all@[0-9a-f]{6}", test_set.id)
    assert test_set.images == {"en": 2}


def test_what_validates_depends_on_keys_alone(tmp_path: Path) -> None:
    folder = two_shards(tmp_path / "cc", 40)
    every = {split: {item.id for item in web(folder, val=0.3).items(split)} for split in ("train", "val")}
    assert len(every["train"]) + len(every["val"]) == 80
    assert 12 <= len(every["val"]) <= 36
    one = {item.id for item in web(folder / "00001.tar", val=0.3).items("val")}
    assert one == {name for name in every["val"] if name.startswith("00001")}
    with pytest.raises(ValueError, match="val must be from 0 to below 1"):
        WebDatasetSettings(val=1)


BAD_SAMPLES = {
    "no picture": ({"k.txt": b"x"}, r"all.tar: k: has no picture, not one of jpg, jpeg, png, webp"),
    "not fetched": (
        {"k.json": json.dumps({"caption": "x", "status": "failed", "error_message": "HTTP 404"}).encode()},
        "has no picture.*; it was not fetched: HTTP 404; remove the sample",
    ),
    "two pictures": ({"k.jpg": jpeg(1), "k.png": jpeg(1), "k.txt": b"x"}, "k: has 2 pictures"),
    "no caption": ({"k.jpg": jpeg(1)}, "k: has no caption: neither .txt nor caption"),
    "empty": ({"k.jpg": jpeg(1), "k.txt": b" \n"}, r"k: captions\[0\].text is empty"),
    "null": ({"k.jpg": jpeg(1), "k.json": b'{"caption": null}'}, "k: has no caption"),
    "differ": ({"k.jpg": jpeg(1), "k.txt": b"x", "k.json": b'{"caption": "y"}'}, "k: its .txt and the caption of its"),
    "json": ({"k.jpg": jpeg(1), "k.txt": b"x", "k.json": b'{"a'}, "k: k.json is no JSON"),
    "array": ({"k.jpg": jpeg(1), "k.txt": b"x", "k.json": b"[]"}, "k: k.json is no JSON object"),
    "utf-8": ({"k.jpg": jpeg(1), "k.txt": b"\xff\xfe"}, "k: k.txt is not UTF-8"),
    "split": ({"k.jpg": jpeg(1), "k.txt": b"x", "k.json": b'{"split": "dev"}'}, 'k: split must be .*, not "dev"'),
    "captions": ({"k.jpg": jpeg(1), "k.json": b'{"captions": {"de": "x"}}'}, "k: captions of its .json must be a list"),
    "key twice": (sample("good", 3), 'item id "good" stands in|stands twice'),
}


@pytest.mark.parametrize(("files", "told"), BAD_SAMPLES.values(), ids=list(BAD_SAMPLES))
def test_a_bad_sample_names_shard_and_key(tmp_path: Path, files: Mapping[str, bytes], told: str) -> None:
    data = web(shard(tmp_path / "all.tar", sample("good", 1), files))
    assert re.search(told, wrong_with(data)[0])


def test_a_key_in_two_shards_is_told(tmp_path: Path) -> None:
    for number in range(2):
        shard(tmp_path / f"{number}" / "00000.tar", sample("same", number))
    (told, *_) = wrong_with(web(tmp_path / "{0..1}" / "00000.tar"))
    assert told.endswith(f'the item id "same" stands in {tmp_path}/0/00000.tar: same, too; ids must be unique')


def test_absent_shards_and_patterns_that_name_none(tmp_path: Path) -> None:
    folder = two_shards(tmp_path / "cc")
    (told,) = wrong_with(web(folder / "{00000..00012}.tar"))
    first = ", ".join(str(folder / f"{number:05d}.tar") for number in (2, 3, 4))
    assert told.startswith(f"11 of 13 shards are not there ({first}, ...): fetch them")
    assert re.search(r"holds no shard", wrong_with(web(tmp_path))[0])
    assert re.search(r"counts down from 5 to 2; write \{2..5\}", wrong_with(web(tmp_path / "{5..2}.tar"))[0])
    assert shards(Path("a/{8..11}-{0..1}.tar"))[2:6] == [Path(f"a/{x}.tar") for x in ("9-0", "9-1", "10-0", "10-1")]


def cut_at(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def test_a_shard_cut_off_anywhere_is_told_and_the_member_named(tmp_path: Path) -> None:
    path = shard(tmp_path / "0.tar", *(sample(f"k{i}", i) for i in range(3)))
    whole, starts = path.read_bytes(), [member.offset for member in members(path)]
    last = [*members(path)][-1]
    end = last.offset + 512 * -(-last.size // 512)
    # within the first header, a member, between two headers and behind the last member: where a kill leaves a writer
    for size in (0, 100, starts[0] + 10, starts[4] - 512, starts[4] - 100, end - 512 + last.size, end):
        path.write_bytes(whole[:size])
        with pytest.raises(CcrError, match=r"0.tar is damaged.*fetch the shard again"):
            list(members(path))
        assert wrong_with(web(path))
    cut_at(path, starts[4] - 512)
    assert re.search(r"behind k1.jpg", wrong_with(web(path))[0])


def test_a_damaged_header_is_no_end_of_the_archive(tmp_path: Path) -> None:
    path = shard(tmp_path / "0.tar", *(sample(f"k{i}", i) for i in range(3)))
    data = bytearray(path.read_bytes())
    header = [member.offset for member in members(path)][5] - 512
    data[header + 3] ^= 0xFF
    path.write_bytes(data)
    assert re.search(r"0.tar is damaged.* behind k1.json", wrong_with(web(path))[0])
    path.write_bytes(b"no tar at all" * 100)
    assert re.search(r"0.tar is damaged at or behind its beginning", wrong_with(web(path))[0])


def test_a_shard_that_shrinks_while_it_is_in_use(tmp_path: Path) -> None:
    path = shard(tmp_path / "0.tar", sample("k", 1))
    data = web(path, val=0)
    (item,) = data.items("train")
    cut_at(path, 600)
    with pytest.raises(CcrError, match=r"0.tar was cut off within k.jpg"):
        data.read(item)


# --- a run ----------------------------------------------------------------------------------------------------------


def run(tmp_path: Path, *words: str) -> str:
    before = Path.cwd()
    os.chdir(tmp_path)
    small = [
        "--encoder", "scenes", "--device", "cpu", "--cache", str(tmp_path / "cache"), "--runs", str(tmp_path / "runs"),
        "--set", "recipe.batch_size=4", "--set", "recipe.encoder_batch_size=4", "--set", "recipe.encoder_epochs=0.5",
        "--set", "recipe.epochs.align=0.5", "--set", "recipe.epochs.match=0.5", "--set", "recipe.validations=1",
        "--set", "recipe.vocabulary=300", "--set", "recipe.size_scale=0.25",
    ]  # fmt: skip
    try:
        outcome = CliRunner().invoke(main, ["run", "--method", "static-adapter", *small, *words])
    finally:
        os.chdir(before)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def only_result(tmp_path: Path) -> dict[str, Any]:
    (found,) = (tmp_path / "runs").rglob("result.json")
    return json.loads(found.read_text())


def test_the_documented_example_runs(tmp_path: Path) -> None:
    example(tmp_path)
    run(tmp_path, "--dataset", "photos.jsonl", "--langs", "de")
    found = only_result(tmp_path)
    assert re.fullmatch(r"photos@[0-9a-f]{6}/finetune/mt-val/human", found["protocol_id"])
    assert found["queries"] == {"en": 2, "de": 2}


def test_shards_run(tmp_path: Path) -> None:
    def german(i: int, origin: str) -> dict[str, Any]:
        return {"captions": [{"lang": "de", "text": f"Ding {i}", "origin": origin}]}

    splits = [*["train"] * 8, *["val"] * 4, *["test"] * 4]
    rows = [
        sample(f"k{i:02d}", i, split=split, **german(i, "human" if split == "test" else "mt:x@1"))
        for i, split in enumerate(splits)
    ]
    shard(tmp_path / "cc" / "00000.tar", *rows[:9])
    shard(tmp_path / "cc" / "00001.tar", *rows[9:])
    run(tmp_path, "--dataset", "cc/{00000..00001}.tar")
    found = only_result(tmp_path)
    assert found["protocol_id"].startswith("cc@")
    assert found["gallery"] == {"en": 4, "de": 4}
