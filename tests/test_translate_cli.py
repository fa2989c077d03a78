"""`ccr translate` and the files of machine-translated captions that it makes and `ccr run` reads."""

from __future__ import annotations

import json
import os
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from conftest import Install

from ccr import Caption, CcrError, Item, open_dataset
from ccr.cli import main
from ccr.data.translations import attach, mt_files, mt_folder, read_translations, refuse_unknown

SMALL = ("--set", "dataset.train=24", "--set", "dataset.val=8")  # 48 and 16 English captions
ROW = {"parallel": "a-en", "lang": "de", "text": "Ein Hund.", "origin": "mt:toy@1"}
ITEMS = (
    Item("a", (Caption("a-en", "en", "A dog."), Caption("a-fr", "fr", "Un chien."))),
    Item("b", (Caption("b-en", "en", "A cat."), Caption("b-en-2", "en", "The cat."))),
)


def written(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


# --- the files -----------------------------------------------------------------------------------------------------


def test_translations_stand_behind_the_captions_of_their_item(tmp_path: Path) -> None:
    text = "Eine\u2028Katze, 猫"  # a separator of lines for some readers
    one = written(tmp_path / "de.jsonl", ROW, {**ROW, "parallel": "b-en-2", "text": text, "split": "train"})
    two = written(tmp_path / "more.jsonl", {**ROW, "origin": "mt:toy@2"}, {**ROW, "lang": "ja", "text": "犬"})
    first, second = attach(ITEMS, read_translations([one, two]), "train")
    assert [(c.lang, c.text, c.origin, c.parallel) for c in first.captions[2:]] == [
        ("de", "Ein Hund.", "mt:toy@1", "a-en"),
        ("de", "Ein Hund.", "mt:toy@2", "a-en"),
        ("ja", "犬", "mt:toy@1", "a-en"),
    ]
    assert [c.text for c in second.captions] == ["A cat.", "The cat.", text]
    ids = [caption.id for item in (first, second) for caption in item.captions]
    assert len(set(ids)) == len(ids)
    again = attach(ITEMS, read_translations([two, one]), "train")
    assert {c.id: c for item in again for c in item.captions} == {c.id: c for i in (first, second) for c in i.captions}


def test_a_row_of_another_split_is_left_out(tmp_path: Path) -> None:
    file = written(tmp_path / "x.jsonl", {**ROW, "split": "val"}, {**ROW, "parallel": "b-en"})
    assert [len(item.captions) for item in attach(ITEMS, read_translations([file]), "train")] == [2, 3]
    assert [len(item.captions) for item in attach(ITEMS, read_translations([file]), "val")] == [3, 3]
    assert attach(ITEMS, (), "train") == ITEMS


def test_captions_of_no_split_are_told(tmp_path: Path) -> None:
    file = written(
        tmp_path / "x.jsonl",
        ROW,
        {**ROW, "parallel": "b-en"},
        {**ROW, "parallel": "t-en", "split": "test"},
        {**ROW, "parallel": "z-en"},
        {**ROW, "parallel": "b-en", "lang": "fr", "split": "train"},
    )
    splits = {"train": ITEMS[:1], "val": ITEMS[1:]}
    with pytest.raises(CcrError) as told:
        refuse_unknown(read_translations([file]), splits)
    assert str(told.value).splitlines() == [
        f"{file}:4: the parallel 'z-en' is no caption of train or val; remove the row, "
        'or say "split": "test" if it is one of the test split',
        f"{file}:5: the parallel 'b-en' is no caption of train; remove the row",
    ]
    refuse_unknown(read_translations([file])[:3], splits)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("", "the row is empty; remove it"),
        ('{"parallel": "a', "the row is no JSON"),
        ("[1]", "the row must be an object with the keys parallel, lang, text, origin, not list"),
        ({**ROW, "txet": "x"}, 'the key "txet" is unknown (did you mean "text"?); known: parallel, lang, text'),
        ({"parallel": "a", "lang": "de", "text": "x"}, 'the key "origin" is missing'),
        ({**ROW, "text": " "}, '"text" must be a text that is not empty, not " "'),
        ({**ROW, "lang": 7}, '"lang" must be a text that is not empty, not 7'),
        ({**ROW, "lang": "zh_CN"}, '"lang" "zh_CN" is no language code; write zh-CN'),
        ({**ROW, "lang": "Deutsch"}, '"lang" "Deutsch" is no language code; write BCP-47'),
        (json.dumps({**ROW, "text": "\ud800"}), '"text" holds half of a surrogate pair'),
        ("[" * 100_000, "the row is no JSON"),
        ({**ROW, "origin": "human"}, '"origin" must name the engine, such as "mt:google-2016", not "human"'),
        ({**ROW, "origin": "mt:"}, '"origin" must name the engine'),
        ({**ROW, "split": "dev"}, '"split" must be train, val or test, not "dev"'),
        (ROW, "the de translation of 'a-en' by mt:toy@1 stands already at "),
    ],
)
def test_faulty_rows_are_told_by_file_row_and_key(tmp_path: Path, row: Any, sentence: str) -> None:
    file = written(tmp_path / "x.jsonl", ROW, row, {**ROW, "parallel": "c"})
    with pytest.raises(CcrError) as told:
        read_translations([file])
    assert str(told.value).startswith(f"{file}:2: {sentence}")
    assert len(str(told.value).splitlines()) == 1


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    file = written(tmp_path / "x.jsonl", *[{**ROW, "parallel": str(i), "text": ""} for i in range(25)])
    with pytest.raises(CcrError) as told:
        read_translations([file])
    assert len(str(told.value).splitlines()) == 25
    with pytest.raises(CcrError, match=r"nowhere.jsonl cannot be read \(No such file"):
        read_translations([tmp_path / "nowhere.jsonl"])


def test_where_files_are_looked_for(tmp_path: Path) -> None:
    assert mt_folder(tmp_path) == tmp_path / "mt"
    assert mt_folder(tmp_path / "data.jsonl") == tmp_path / "data.mt"
    assert mt_files(None) == mt_files(tmp_path) == []
    files = [written(tmp_path / "mt" / name, ROW) for name in ("de.jsonl", "fr.jsonl")]
    (tmp_path / "mt" / ".de.jsonl.lock").touch()
    assert mt_files(tmp_path) == files


# --- the command ---------------------------------------------------------------------------------------------------

TOY = """
import os
from pathlib import Path
import ccr
CCR_API = 1

class Toy(ccr.Translator):
    def __init__(self, argument, settings):
        super().__init__(argument, settings)
        self.fingerprint = f"toy@{argument or 1}"
        self.log, self.patience = Path(os.environ["TOY_LOG"]), int(os.environ.get("TOY_PATIENCE", 10**9))
    def translate(self, texts, source, target):
        done = len(self.log.read_text().splitlines()) if self.log.exists() else 0
        if done >= self.patience:
            raise KeyboardInterrupt
        with self.log.open("a") as out:
            out.writelines(f"{target} {text}\\n" for text in texts)
        return [f"{target}: {text}" for text in texts]

@ccr.hookimpl
def ccr_register_translators():
    return [ccr.TranslatorSpec(name="toy", factory="toy:Toy")]
"""


@pytest.fixture
def toy(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A translator that writes down what it is asked for, and a cache of the test's own."""
    install("toy", TOY)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("CCR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "log"


def ccr(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["translate", *words])
    assert result.exit_code == code, result.output
    return result


def own_data(folder: Path) -> Path:
    """A dataset of one's own with six English captions, one of them twice; its pictures need not be there."""
    texts = ["A dog.", "Zwei 犬.", "A dog.", "Three birds."]
    items = [
        {"image": f"{i}.jpg", "split": "val" if i == 3 else "train", "captions": [{"lang": "en", "text": text}]}
        for i, text in enumerate(texts)
    ]
    items.append({"image": "9.jpg", "split": "test", "captions": [{"lang": "en", "text": "Sealed."}]})
    return written(folder / "own.jsonl", *items)


def test_captions_are_made_once_and_the_dataset_finds_them(toy: Path, tmp_path: Path) -> None:
    data = own_data(tmp_path)
    told = ccr(str(data), "--to", "de,ja", "--translator", "toy").stdout.splitlines()
    folder = tmp_path / "own.mt"
    assert told == [f"{lang}: 4 captions by mt:toy@1 written to {folder / lang}.jsonl" for lang in ("de", "ja")]
    assert sorted(path.name for path in folder.glob("*.jsonl")) == ["de.jsonl", "ja.jsonl"]
    assert [(row["text"], row["split"], row["origin"]) for row in rows(folder / "de.jsonl")] == [
        ("de: A dog.", "train", "mt:toy@1"),
        ("de: Zwei 犬.", "train", "mt:toy@1"),
        ("de: A dog.", "train", "mt:toy@1"),
        ("de: Three birds.", "val", "mt:toy@1"),
    ]
    asked = Counter(toy.read_text().splitlines())
    assert len(asked) == 6
    assert set(asked.values()) == {1}
    assert not any("Sealed" in line for line in asked)
    for i in (0, 1, 2, 3, 9):
        (tmp_path / f"{i}.jpg").touch()
    captions = [caption for item in open_dataset(str(data)).records("train") for caption in item.captions]
    assert [c.text for c in captions if c.lang == "ja"] == ["ja: A dog.", "ja: Zwei 犬.", "ja: A dog."]
    assert {c.parallel for c in captions if c.lang == "de"} == {c.id for c in captions if c.lang == "en"}

    before = {path: path.read_bytes() for path in folder.iterdir()}
    told = ccr(
        str(data), "--to", "de,ja", "--translator", "toy", "--cache", str(tmp_path / "other")
    ).stdout.splitlines()
    assert told == [
        f"{lang}: nothing to do, all 4 captions by mt:toy@1 are in {folder / lang}.jsonl" for lang in ("de", "ja")
    ]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert len(toy.read_text().splitlines()) == 6


def test_an_interrupted_command_goes_on(toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccr.translation.cache.BATCH", 10)
    words = ("scenes", "--to", "de,fr", "--translator", "toy", *SMALL, "--output", str(tmp_path / "mt.jsonl"))
    for patience in (10, 30, 70):
        monkeypatch.setenv("TOY_PATIENCE", str(patience))
        assert "the same command goes on from here" in ccr(*words, code=130).stderr
    assert {row["lang"] for row in rows(tmp_path / "mt.jsonl")} == {"de"}, "German is finished, French is not"
    monkeypatch.delenv("TOY_PATIENCE")
    ccr(*words)
    made = rows(tmp_path / "mt.jsonl")
    assert Counter((row["lang"], row["split"]) for row in made) == {
        ("de", "train"): 48, ("de", "val"): 16, ("fr", "train"): 48, ("fr", "val"): 16,
    }  # fmt: skip
    assert max(Counter(toy.read_text().splitlines()).values()) == 1, "no sentence is translated twice"


def test_what_is_added_later_stands_behind_what_is_there(toy: Path, tmp_path: Path) -> None:
    data = str(own_data(tmp_path))
    file = tmp_path / "own.mt" / "de.jsonl"
    ccr(data, "--to", "de", "--translator", "toy", "--split", "val")
    first = file.read_bytes()
    assert ccr(data, "--to", "de", "--translator", "toy").stdout == f"de: 3 captions by mt:toy@1 written to {file}\n"
    assert file.read_bytes().startswith(first)
    assert len(rows(file)) == 4


def test_another_translator_does_not_mix_with_what_is_there(toy: Path, tmp_path: Path) -> None:
    data = str(own_data(tmp_path))
    ccr(data, "--to", "de", "--translator", "toy")
    asked = toy.read_text()
    told = ccr(data, "--to", "fr,de", "--translator", "toy:2", code=2).stderr
    assert "own.mt/de.jsonl holds de captions by mt:toy@1, and this translator is mt:toy@2: remove the file" in told
    assert toy.read_text() == asked, "told before any work"
    told = ccr(data, "--to", "de", "--translator", "toy:2", "--output", str(tmp_path / "two.jsonl")).stdout
    assert told == f"de: 4 captions by mt:toy@2 written to {tmp_path / 'two.jsonl'}\n"


def test_noise_is_part_of_the_provenance(toy: Path, tmp_path: Path) -> None:
    file = tmp_path / "noisy.jsonl"
    words = ("scenes", "--to", "de", *SMALL, "--set", "translator.noise=0.3", "--output", str(file))
    ccr(*words, "--translator", "toy")
    assert {row["origin"] for row in rows(file)} == {"mt:toy@1+noise0.3"}
    assert any(not row["text"].startswith("de: ") for row in rows(file))
    file.unlink()
    ccr(*words)
    assert {row["origin"] for row in rows(file)} == {"mt:scenes@1-noise0.3"}, "the dataset's own translator"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["scenes", "--to", "de"], "dataset scenes has no folder of files; name the file to write with --output"),
        (["scenes", "--to", "en", "--output", "x"], "en is the source language of scenes"),
        (["scenes", "--to", "German", "--output", "x"], '--to: "German" is no language code'),
        (["scenes", "--split", "test", "--output", "x"], "test captions are never translated in advance"),
        (["scenes", "--split", "trian", "--output", "x"], "there is no split 'trian' (did you mean \"train\"?)"),
        (["scenes", "--split", ",", "--output", "x"], "--split names no split"),
        (["scenes", "--set", "method.hidden=3"], "--set: method.hidden has no effect here; set translator or dataset"),
        (["scenes", "--set", "translator.noize=3"], 'translator.noize is unknown (did you mean "noise"?)'),
        (["scenes", "--translator", "tyo"], 'no translator is named "tyo" (did you mean "toy"?)'),
        (["scene"], 'no dataset is named "scene" (did you mean "scenes"?)'),
        (["multi30k", "--to", "de", "--translator", "toy"], "--data-root"),
    ],
)
def test_mistakes_are_told_in_one_sentence(toy: Path, words: list[str], sentence: str) -> None:
    told = ccr(*words, code=2).stderr
    assert told.startswith("error: ")
    assert sentence in told
    assert not toy.exists(), "nothing was translated"
    assert not Path("x").exists()


def test_a_dataset_without_a_translator_or_a_language_asks_for_one(toy: Path, tmp_path: Path) -> None:
    data = str(own_data(tmp_path))
    assert "names no target language; name some with --to" in ccr(data, "--translator", "toy", code=2).stderr
    assert (
        "name one with --translator, e.g. hf:facebook/nllb-200-distilled-600M" in ccr(data, "--to", "de", code=2).stderr
    )


def test_a_table_of_published_translations_becomes_captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    data = str(own_data(tmp_path))
    table = tmp_path / "google.tsv"
    table.write_text("en\tzh\nA dog.\t一只狗。\nZwei 犬.\t两只狗。\n", encoding="utf-8")
    words = (data, "--to", "zh", "--translator", f"table:{table}")
    told = ccr(*words, code=2).stderr
    assert '1 of 3 sentences have no translation from en to zh: "Three birds."; add rows' in told
    table.write_text(table.read_text(encoding="utf-8") + "Three birds.\t三只鸟。\n", encoding="utf-8")
    ccr(*words)
    made = rows(tmp_path / "own.mt" / "zh.jsonl")
    assert [row["text"] for row in made] == ["一只狗。", "两只狗。", "一只狗。", "三只鸟。"]
    assert made[0]["origin"].startswith("mt:table:google@")


def test_help_names_what_matters() -> None:
    told = textwrap.dedent(ccr("--help").output)
    for word in ("--to", "--translator", "--split", "--output", "--set", "--data-root"):
        assert word in told
    assert os.environ["HF_HUB_OFFLINE"] == "1", "no test downloads"
