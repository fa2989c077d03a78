"""`ccr data check`: every kind of fault is planted, found, told once, and accepted where it can be."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ccr import Caption, CcrError, Dataset, DatasetSpec, Item, NoSettings, TestSet
from ccr.cli import main
from ccr.data.check import quick, thorough
from ccr.data.faults import KINDS, Fault, acceptable, leave_out, left_out, refuse, standing
from ccr.data.opening import Opening
from ccr.data.script import lacking, scripts_of, strange
from ccr.data.sheet import contact_sheet
from ccr.data.translations import Translation
from ccr.data.whole import Report
from ccr.features.digests import FileDigests

SPLITS = {"train": 4, "val": 2, "test": 3}
ENGLISH, GERMAN = "a dog runs on the beach", "ein Hund läuft am Strand"

Splits = dict[str, list[Item]]


class Given(Dataset):
    """Items as a test gives them."""

    splits: Mapping[str, Sequence[Item]]
    said: Sequence[str] = ()

    def items(self, split: str) -> Iterable[Item]:
        return self.splits.get(split, ())

    def test_items(self, test_set: str) -> Iterable[Item]:
        return self.splits["test"]

    def missing(self, pictures: bool = True) -> Sequence[str]:
        return self.said


def jpeg(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def sound(folder: Path) -> Splits:
    """A dataset without a fault."""
    folder.mkdir(exist_ok=True)
    made: Splits = {}
    for s, (split, size) in enumerate(SPLITS.items()):
        made[split] = []
        for i in range(size):
            path = folder / f"{split}{i}.jpg"
            path.write_bytes(jpeg((80 * s, 60 * i, 40)))
            en = Caption(f"{path.stem}#en", "en", ENGLISH, tags={"at": f"captions.en:{i + 1}"})
            de = Caption(f"{path.stem}#de", "de", GERMAN, "mt:x@1" if split != "test" else "human", en.id)
            made[split].append(Item(path.stem, (en, de), path, source="own"))
    return made


def door(splits: Splits, name: str = "given", translations: Sequence[Translation] = (), **fields: Any) -> Opening:
    test_set = TestSet(id="given-v1", langs=("en", "de"), images={"en": 3, "de": 3}, captions={"en": 3, "de": 3})
    fields = {"test_sets": (test_set,), "target_langs": ("de",), **fields}
    dataset = Given(NoSettings(), None)
    dataset.splits = splits
    return Opening(DatasetSpec(name=name, factory="x:Y", **fields), dataset, None, "", tuple(translations))


def told(report: Report) -> list[tuple[str, str]]:
    return [(fault.kind, str(fault)) for fault in report.faults]


def full(opening: Opening, folder: Path, against: Sequence[Opening] = ()) -> Report:
    return thorough(opening, FileDigests(folder / "digests"), against)


def put(splits: Splits, split: str, i: int, k: int, **changes: Any) -> None:
    """Change a caption."""
    captions = list(splits[split][i].captions)
    captions[k] = attrs.evolve(captions[k], **changes)
    splits[split][i] = attrs.evolve(splits[split][i], captions=tuple(captions))


@pytest.fixture
def splits(tmp_path: Path) -> Splits:
    return sound(tmp_path / "photos")


def test_a_sound_dataset_has_no_fault(splits: Splits, tmp_path: Path) -> None:
    report = full(door(splits), tmp_path)
    assert told(report) == []
    assert report.notes == ()
    assert {(s.split, s.lang, s.origin): (s.images, s.captions) for s in report.sizes} == {
        ("train", "en", "human"): (4, 4), ("train", "de", "mt:x@1"): (4, 4),
        ("val", "en", "human"): (2, 2), ("val", "de", "mt:x@1"): (2, 2),
        ("given-v1", "en", "human"): (3, 3), ("given-v1", "de", "human"): (3, 3),
    }  # fmt: skip


# --- every kind -----------------------------------------------------------------------------------------------------


def empty_caption(splits: Splits) -> None:
    put(splits, "test", 1, 0, text=" \u3000")


def odd_caption(splits: Splits) -> None:
    put(splits, "train", 2, 1, text="собака бежит по пляжу")


def lost_character(splits: Splits) -> None:
    put(splits, "train", 2, 1, text="ein Hund l\ufffduft")


def twice_decoded(splits: Splits) -> None:
    put(splits, "train", 2, 1, text=GERMAN.encode().decode("latin-1"))


def twin_item(splits: Splits) -> None:
    splits["val"][1] = attrs.evolve(splits["val"][1], id="val0")


def twin_caption(splits: Splits) -> None:
    put(splits, "val", 1, 1, id="val0#de")


def wrong_parallel(splits: Splits) -> None:
    put(splits, "train", 0, 1, parallel="train9#en")


def german_parallel(splits: Splits) -> None:
    put(splits, "train", 0, 1, parallel="train1#de")


def short_gallery(splits: Splits) -> None:
    splits["test"].pop()


def absent_picture(splits: Splits) -> None:
    path = splits["train"][3].path
    assert path
    path.unlink()


def cut_picture(splits: Splits) -> None:
    path = splits["train"][3].path
    assert path
    path.write_bytes(path.read_bytes()[:200])


def no_picture(splits: Splits) -> None:
    path = splits["train"][3].path
    assert path
    path.write_bytes(b"<html>404</html>")


def twin_picture(splits: Splits) -> None:
    one, two = (item.path for item in splits["test"][:2])
    assert one
    assert two
    two.write_bytes(one.read_bytes())


def shared_picture(splits: Splits) -> None:
    one, two = splits["train"][1].path, splits["test"][2].path
    assert one
    assert two
    one.write_bytes(two.read_bytes())


def shared_source(splits: Splits) -> None:
    splits["train"][1] = attrs.evolve(splits["train"][1], id="val0")


def translated_query(splits: Splits) -> None:
    first, *others = splits["test"][1].captions
    made = [attrs.evolve(caption, origin="mt:engine@1") for caption in others]
    splits["test"][1] = attrs.evolve(splits["test"][1], captions=(first, *made))


PLANTED: list[tuple[str, Callable[[Splits], None], bool, list[str]]] = [
    ("empty-caption", empty_caption, True, ["captions.en:2: the en caption is empty"]),
    ("odd-caption", odd_caption, True, ["train2#de of item train2", "is 100 % in another script (Cyrillic)"]),
    ("odd-caption", lost_character, True, ["U+FFFD"]),
    ("odd-caption", twice_decoded, True, ["was decoded as Latin-1, but is UTF-8"]),
    (
        "mixed-origins",
        translated_query,
        True,
        ["machine translations, the others by people"],
    ),
    ("duplicate-id", twin_item, True, ["item val0: stands twice"]),
    ("duplicate-id", twin_caption, True, ["the id val0#de stands twice"]),
    ("parallel", wrong_parallel, True, ["the parallel train9#en is not there"]),
    ("parallel", german_parallel, True, ["the parallel train1#de is not in en"]),
    ("absent-picture", absent_picture, True, ["train3.jpg: is not there"]),
    ("broken-picture", cut_picture, False, ["train3.jpg: cannot be decoded"]),
    ("broken-picture", no_picture, False, ["train3.jpg: has a format that Pillow does not know; fetch it again"]),
    ("twin-picture", twin_picture, False, ["test1.jpg: holds the same picture as item test0"]),
    ("split-overlap", shared_picture, False, ["train1.jpg: the picture of train is in given-v1, too, as item test2"]),
    ("split-overlap", shared_source, True, ["the picture of train is in val, too, as item val0"]),
]


@pytest.mark.parametrize(
    ("kind", "plant", "cheap", "parts"), PLANTED, ids=[plant.__name__ for _, plant, _, _ in PLANTED]
)
def test_a_planted_fault_is_found(
    splits: Splits, tmp_path: Path, kind: str, plant: Callable[[Splits], None], cheap: bool, parts: list[str]
) -> None:
    plant(splits)
    found = told(full(door(splits), tmp_path))
    assert [one for one, _ in found] == [kind], found
    assert all(part in found[0][1] for part in parts), found
    assert told(quick(door(splits))) == (found if cheap else [])


def test_a_clip_is_decoded_as_one(splits: Splits, tmp_path: Path) -> None:
    no_picture(splits)
    splits["train"][3] = attrs.evolve(splits["train"][3], frames=3)
    ((kind, text),) = told(full(door(splits), tmp_path))
    assert kind == "broken-picture"
    assert "train3.jpg: cannot be decoded (" in text
    assert "Pillow" not in text


def test_sizes_are_held_to_what_is_declared(splits: Splits, tmp_path: Path) -> None:
    short_gallery(splits)
    assert told(quick(door(splits))) == [
        ("size", f"given-v1: it has 2 {what} in {lang}, but declares 3")
        for what in ("images", "captions")
        for lang in ("en", "de")
    ]
    other = TestSet(id="given-v1", langs=("en", "fr"))
    found = [text for _, text in told(quick(door(splits, test_sets=(other,))))]
    assert found == [f"given-v1: it has 0 {what} in fr, but declares some" for what in ("images", "captions")]


def test_what_is_missing_is_told_and_nothing_is_read(splits: Splits) -> None:
    opening = door(splits)
    opening.dataset.said = ["3 files are not there: fetch them"]  # type: ignore[attr-defined]
    assert told(quick(opening)) == [("missing", "3 files are not there: fetch them")]


def test_a_folder_that_is_not_there_is_one_fault(splits: Splits, tmp_path: Path) -> None:
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    expected = ("missing", f"{tmp_path}/photos: there is no such folder, of 9 pictures")
    assert told(full(door(splits), tmp_path)) == [expected]
    assert told(quick(door(splits), pictures=False)) == []  # an encoder of precomputed features reads none


def test_what_the_reader_refuses_is_told_line_by_line(splits: Splits) -> None:
    class Strict(Given):
        def items(self, split: str) -> Iterable[Item]:
            if split == "train":
                raise CcrError("x.jsonl:3: the row is no JSON\nx.jsonl:9: the row is no JSON")
            return super().items(split)

    opening = door(splits)
    strict = Strict(NoSettings(), None)
    strict.splits = splits
    found = quick(attrs.evolve(opening, dataset=strict))
    assert told(found) == [("rows", "x.jsonl:3: the row is no JSON"), ("rows", "x.jsonl:9: the row is no JSON")]
    assert {size.split for size in found.sizes} == {"val", "given-v1"}  # the others are checked all the same


def test_machine_translations_of_other_files_are_checked_too(splits: Splits) -> None:
    rows = [
        Translation("train0#en", "ja", "la la la la", "mt:y@1", where="mt/ja.jsonl:1"),
        Translation("nobody#en", "ja", "犬", "mt:y@1", where="mt/ja.jsonl:2"),
    ]
    kinds = dict(told(quick(door(splits, translations=rows))))
    assert "mt/ja.jsonl:2" in kinds["rows"]
    assert "la la la la" in kinds["odd-caption"]


def test_a_language_that_is_not_written_as_it_is(tmp_path: Path) -> None:
    splits = sound(tmp_path / "photos")
    czech = [Caption(f"c{i}", "cs", "pes bezi po plazi") for i in range(60)]  # its accents were lost
    japanese = [Caption(f"j{i}", "ja", "狗在海滩上奔跑") for i in range(60)]  # it is Chinese
    path = splits["train"][0].path
    splits["train"].append(Item("more", (*czech, *japanese), path))
    found = [text for kind, text in told(quick(door(splits))) if kind == "language"]
    assert len(found) == 2
    assert found[0].startswith("train: 0 of 60 cs captions have one of á č")
    assert found[1].startswith("train: 0 of 60 ja captions have kana, where 50 % or more should")


# --- the corpus -----------------------------------------------------------------------------------------------------


def test_test_pictures_in_the_training_corpus(splits: Splits, tmp_path: Path) -> None:
    general = sound(tmp_path / "general")
    general.pop("test")
    same = splits["test"][0].path
    assert same
    first = general["train"][0]
    assert first.path
    first.path.write_bytes(same.read_bytes())  # by content
    general["train"] = [attrs.evolve(item, id=f"g{i}", source="general") for i, item in enumerate(general["train"])]
    general["train"][1] = attrs.evolve(general["train"][1], id="test2", source="own")  # by what it says it is
    for i, item in enumerate(general["train"]):
        if i and item.path:
            item.path.write_bytes(jpeg((7, 7, 30 * i)))
    corpus = door(general, "general", test_sets=())
    found = told(full(door(splits), tmp_path, [corpus]))
    is_in = "the picture of general/train is in given-v1 as item"
    assert found == [
        ("corpus-overlap", f"general: item test2 ({tmp_path}/general/train1.jpg): {is_in} test2"),
        ("corpus-overlap", f"general: item g0 ({first.path}): {is_in} test0"),
    ]
    assert told(quick(door(splits), [corpus])) == found[:1]


def test_every_copy_of_a_test_picture_is_told_and_left_out(splits: Splits, tmp_path: Path) -> None:
    """A corpus from the web holds a picture several times: in two files, in one file by two names, in no file."""
    general = sound(tmp_path / "general")
    general.pop("test")
    tested = splits["test"][1].path
    assert tested
    for i in (0, 2):
        path = general["train"][i].path
        assert path
        path.write_bytes(tested.read_bytes())
    train = [attrs.evolve(item, id=f"g{i}", source="general") for i, item in enumerate(general["train"])]
    twice = attrs.evolve(train[0], id="again", captions=(Caption("again#en", "en", ENGLISH),))
    digest = hashlib.sha256(tested.read_bytes()).hexdigest()
    row = Caption("packed#en", "en", ENGLISH, tags={"at": "00000.tar:packed"})
    packed = Item("packed", (row,), digest=digest, source="general")
    general["train"] = [*train, twice, packed]
    corpus = door(general, "general", test_sets=())
    corpus.dataset.read = lambda item: tested.read_bytes()  # type: ignore[method-assign]
    report = full(door(splits), tmp_path, [corpus])
    assert [(fault.kind, fault.item) for fault in report.faults] == [
        ("corpus-overlap", id) for id in ("g0", "g2", "again", "packed")
    ]
    assert "general: item packed (00000.tar:packed): the picture of" in str(report.faults[-1])
    kept = leave_out(general["train"], "train", report.faults, ["corpus-overlap"], "general")
    assert [item.id for item in kept] == ["g1", "g3"]


def test_a_broken_file_is_a_fault_of_every_item_that_names_it(splits: Splits, tmp_path: Path) -> None:
    cut_picture(splits)
    broken = splits["train"][3]
    splits["train"].append(attrs.evolve(broken, id="again", captions=(Caption("again#en", "en", ENGLISH),)))
    report = full(door(splits), tmp_path)
    assert [(fault.kind, fault.item) for fault in report.faults] == [
        ("broken-picture", "train3"), ("broken-picture", "again"),
    ]  # fmt: skip


def test_a_corpus_that_is_not_there_is_no_fault_but_is_said(splits: Splits) -> None:
    corpus = door({}, "general", test_sets=())
    corpus.dataset.said = ["no shard is there"]  # type: ignore[attr-defined]
    report = quick(door(splits), [corpus])
    assert told(report) == []
    assert report.notes == ("not compared with the training images of general: no shard is there",)


# --- accepting ------------------------------------------------------------------------------------------------------


def test_accepting_leaves_out_what_it_says_and_tells_it(splits: Splits, tmp_path: Path) -> None:
    for plant in (empty_caption, odd_caption, cut_picture, shared_picture):
        plant(splits)
    report = full(door(splits), tmp_path)
    accepted = acceptable(["empty-caption", "broken-picture", "split-overlap"])
    with pytest.raises(CcrError, match="given has 3 faults") as caught:
        refuse("given", report.faults, ())
    for part in ("captions.en:2: the en caption is empty", "--accept empty-caption leaves out the caption"):
        assert part in str(caught.value)
    assert "odd-caption" not in str(caught.value)  # a run tolerates it, and says so
    refuse("given", report.faults, accepted)
    assert [fault.kind for fault in standing(report.faults, accepted)] == ["odd-caption"]
    train = leave_out(splits["train"], "train", report.faults, accepted)
    test = leave_out(splits["test"], "given-v1", report.faults, accepted)
    assert [item.id for item in train] == ["train0", "train2"]  # train1 is tested, train3 is cut off
    assert [caption.id for item in test for caption in item.captions if item.id == "test1"] == ["test1#de"]
    assert [item.id for item in test] == ["test0", "test1", "test2"]
    said = left_out(report.faults, accepted)
    assert {kind: (entry["done"], entry["count"]) for kind, entry in said.items()} == {
        "empty-caption": ("leaves out the caption", 1), "odd-caption": ("keeps it", 1),
        "broken-picture": ("leaves out the item", 1), "split-overlap": ("leaves out the training item", 1),
    }  # fmt: skip
    json.dumps(said)


def test_an_item_without_captions_goes_with_its_last(splits: Splits) -> None:
    faults = [Fault("empty-caption", "x", caption=f"test0#{lang}") for lang in ("en", "de")]
    assert [item.id for item in leave_out(splits["test"], "given-v1", faults, ["empty-caption"])] == ["test1", "test2"]


def test_what_cannot_be_accepted_is_refused() -> None:
    with pytest.raises(CcrError, match=r'there is no fault "sizes" \(did you mean "size"\?\)'):
        acceptable(["sizes"])
    with pytest.raises(CcrError, match='"rows" cannot be accepted'):
        acceptable(["rows"])
    assert {kind for kind, known in KINDS.items() if not known.accepted} == {
        "missing", "rows", "duplicate-id", "parallel",
    }  # fmt: skip


def test_the_documentation_lists_every_kind_and_what_accepting_does() -> None:
    text = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n") if line.startswith("|")]
    listed = {row[0].strip("`"): row[2] for row in rows if len(row) == 3 and row[0].strip("`") in KINDS}
    assert listed == {kind: known.accepted for kind, known in KINDS.items()}


# --- scripts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("zh", "两台 Mercedes Benz 停在路边"),
        ("zh", "一个穿着红色衣服的人在看 iPad。"),
        ("ja", "Tシャツを着たサーファー"),
        ("ja", "黒いユニフォームのランナー"),
        ("ko", "데스크에 컴퓨터 마우스에 발이 있는 고양이 2마리"),
        ("ru", "игра Pittsburgh Pirates на поле"),
        ("uk", "п'ять людей їдуть"),
        ("ar", "رجلٌ يركض على الشاطئ"),
        ("he", "כלב רץ על החוף"),
        ("hi", "समुद्र तट पर दौड़ता हुआ कुत्ता"),
        ("th", "สุนัขวิ่งบนชายหาด"),
        ("te", "సముద్ర తీరంలో కుక్క"),
        ("cs", "Malá dívka leze do dřevěného hračkového domu."),
        ("vi", "một con chó chạy trên bãi biển"),
        ("de", "São Paulo bei Nacht"),
        ("sr-Cyrl", "пас трчи по плажи"),
        ("tr", "İstanbul'da ışıklı bir köprü"),
        ("en", "a café in Málaga"),
        ("zh-Hant", "一隻狗"),
    ],
)
def test_captions_as_people_write_them(lang: str, text: str) -> None:
    assert strange(text, lang) == ""


@pytest.mark.parametrize(
    ("lang", "text", "what"),
    [
        ("zh", "grassy embankment .。", "another script (Latin) than Han"),
        ("zh", "雪cappedhills skiiers", "is 67 % in another script"),
        ("en", "狗在海滩上", "another script (Han) than Latin"),
        ("ko", "犬が走る", "than Hangul"),
        ("de", "?", "holds no letter"),
        ("de", "@@ 12", "holds no letter"),
        ("de", "příliš žluťoučký kůň", "letters that de does not have"),
        ("sr-Cyrl", "pas trči po plaži", "than Cyrillic"),
        ("fr", "Un garÃ§on", "was decoded as Latin-1"),
    ],
)
def test_captions_that_are_odd(lang: str, text: str, what: str) -> None:
    assert what in strange(text, lang)


def test_scripts_follow_the_tag() -> None:
    assert scripts_of("zh-Latn-pinyin") == {"LATIN"}
    assert scripts_of("ja") == {"CJK", "HIRAGANA", "KATAKANA"}
    assert scripts_of("quz") == {"LATIN"}
    assert lacking(["pes"] * 49, "cs") == ""  # too few to tell
    assert lacking(["dog"] * 100, "en") == ""


# --- the command ----------------------------------------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["data", *words])


ROWS = [
    {"image": f"{i}.jpg", "split": split, "captions": [{"lang": "en", "text": ENGLISH}, {"lang": "de", "text": GERMAN}]}
    for i, split in enumerate(("train", "train", "val", "test"))
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "photos.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    for i in range(len(ROWS)):
        (tmp_path / f"{i}.jpg").write_bytes(jpeg((50 * i, 0, 90)))
    return path


def test_check_says_that_a_dataset_is_sound(file: Path) -> None:
    outcome = run("check", str(file))
    assert outcome.exit_code == 0, outcome.output
    assert "photos is sound" in outcome.output


def test_check_lists_faults_for_people_and_machines(file: Path, tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes((tmp_path / "3.jpg").read_bytes())
    (tmp_path / "2.jpg").write_bytes(b"no picture")
    outcome = run("check", str(file))
    assert outcome.exit_code == 2
    assert "broken-picture (1; a picture cannot be decoded)" in outcome.output
    assert "split-overlap (1; a picture is in two splits)" in outcome.output
    assert "photos: 2 faults" in outcome.output
    outcome = run("check", str(file), "--json")
    assert outcome.exit_code == 2
    found = json.loads(outcome.stdout)
    assert {(fault["kind"], fault["item"]) for fault in found["faults"]} == {
        ("broken-picture", "2.jpg"), ("split-overlap", "1.jpg"),
    }  # fmt: skip
    assert found["sizes"][0] == {"split": "train", "lang": "en", "origin": "human", "images": 2, "captions": 2}
    accepted = run("check", str(file), "--accept", "split-overlap,broken-picture")
    assert accepted.exit_code == 0
    assert "accepted: leaves out the training item" in accepted.output
    assert run("check", str(file), "--quick").exit_code == 0
    refused = run("check", str(file), "--accept", "overlap")
    assert refused.exit_code == 2
    assert "there is no fault" in refused.output


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"image": "a\\u0000.jpg", "split": "train", "captions": []}', "image holds a NUL"),
        ('{"id": ' + "1" * 5000 + "}", "is no JSON (Exceeds the limit"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_rows_that_break_a_decoder_are_faults(file: Path, line: str, what: str) -> None:
    file.write_text(file.read_text() + line + "\n")
    found = json.loads(run("check", str(file), "--json").stdout)["faults"]
    assert {fault["kind"] for fault in found} == {"rows"}
    assert any(fault["what"].startswith(f"photos.jsonl:{len(ROWS) + 1}: {what}") for fault in found), found


def test_faulty_rows_hide_no_other_fault(file: Path, tmp_path: Path) -> None:
    (tmp_path / "2.jpg").write_bytes(b"no picture")
    (tmp_path / "1.jpg").write_bytes((tmp_path / "3.jpg").read_bytes())
    file.write_text(file.read_text() + json.dumps(ROWS[0]) + "\n[]\n")
    found = json.loads(run("check", str(file), "--json").stdout)["faults"]
    assert [fault["kind"] for fault in found].count("rows") == 2
    assert {fault["kind"] for fault in found} == {"rows", "broken-picture", "split-overlap"}
    refused = run("show", str(file))
    assert refused.exit_code == 2
    assert f"photos.jsonl:{len(ROWS) + 2}: is no JSON object" in refused.output


def test_faults_of_translations_are_told_with_the_others(file: Path, tmp_path: Path) -> None:
    (tmp_path / "2.jpg").write_bytes(b"no picture")
    file.with_suffix(".mt").mkdir()
    (file.with_suffix(".mt") / "x.jsonl").write_text("[]\n")
    outcome = run("check", str(file), "--json")
    assert outcome.exit_code == 2
    found = {fault["kind"]: fault["what"] for fault in json.loads(outcome.stdout)["faults"]}
    assert set(found) == {"rows", "broken-picture"}
    assert "x.jsonl:1: the row must be an object" in found["rows"]


def test_a_reader_that_fails_is_a_fault_and_no_traceback(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Dataset, *_: object) -> None:
        raise TypeError("unhashable type")

    for door in ("missing", "describe", "items", "read"):
        with monkeypatch.context() as patch:
            patch.setattr("ccr_files.jsonl.Jsonl." + door, fails, raising=False)
            outcome = run("check", str(file), "--json")
        assert outcome.exit_code == 2
        assert "unhashable type" in outcome.stdout


def test_a_corpus_that_is_named_must_be_there(file: Path) -> None:
    outcome = run("check", str(file), "--against", "cc300k=/nowhere")
    assert outcome.exit_code == 2
    assert "not compared with the training images of cc300k: there is neither captions.jsonl nor" in outcome.output


def test_check_compares_with_training_data_that_is_named(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "corpus.jsonl"
    other.parent.mkdir()
    other.write_text(json.dumps({**ROWS[0], "image": "x.jpg"}) + "\n")
    (other.parent / "x.jpg").write_bytes((tmp_path / "3.jpg").read_bytes())
    outcome = run("check", str(file), "--against", str(other))
    assert outcome.exit_code == 2
    assert f"corpus: item x.jpg ({other.parent}/x.jpg): the picture of corpus/train is in photos@" in outcome.output


def test_show_prints_sizes_and_items_but_no_test_caption(file: Path) -> None:
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[3]["captions"][0]["text"] = "a sealed sentence"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcome = run("show", str(file), "--split", "train", "-n", "1", "--langs", "de")
    assert outcome.exit_code == 0, outcome.output
    assert GERMAN in outcome.output
    assert ENGLISH not in outcome.output
    assert "sealed: de 1 images" in outcome.output or "sealed: en 1 images" in outcome.output
    assert "a sealed sentence" not in outcome.output


def test_show_writes_a_contact_sheet(file: Path, tmp_path: Path) -> None:
    (tmp_path / "0.jpg").write_bytes(b"no picture")
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    for sheet, langs in ((first, "en,de"), (second, "en")):
        outcome = run("show", str(file), "--split", "train", "--sheet", str(sheet), "--langs", langs)
        assert outcome.exit_code == 0, outcome.output
        assert str(sheet) in outcome.output
    with Image.open(first) as one, Image.open(second) as two:
        assert one.format == "PNG"
        assert one.getpixel((100, 100)) == (211, 211, 211)  # the one that cannot be read
        assert one.tobytes() != two.tobytes()
        assert {pixel[:2] for _, pixel in one.crop((0, 200, 220, one.height)).getcolors(1 << 16)} - {(255, 255)}


def only(file: Path, *splits: str) -> None:
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows if row["split"] in splits))


def test_show_of_a_test_collection_opens_it_when_it_is_asked_to(file: Path, tmp_path: Path) -> None:
    only(file, "test")
    sheet = tmp_path / "sheet.png"
    why = "photos is a test collection, without train and val items, and its test split is sealed; --split test"
    outcome = run("show", str(file))
    assert outcome.exit_code == 0, outcome.output
    assert why in outcome.output
    assert GERMAN not in outcome.output
    refused = run("show", str(file), "--sheet", str(sheet))
    assert refused.exit_code != 0
    assert f"{sheet}: there is no item to show: {why}" in refused.output
    assert not sheet.exists()
    outcome = run("show", str(file), "--split", "test", "--sheet", str(sheet))
    assert outcome.exit_code == 0, outcome.output
    assert GERMAN in outcome.output
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
    assert "--split train shows others" not in outcome.output


def test_show_says_which_split_has_items(file: Path, tmp_path: Path) -> None:
    only(file, "train")
    outcome = run("show", str(file))
    assert outcome.exit_code == 0, outcome.output
    assert "photos has no val item; --split train shows others" in outcome.output
    outcome = run("show", str(file), "--split", "test", "--sheet", str(tmp_path / "sheet.png"))
    assert "there is no item to show: photos has no test item" in outcome.output


def test_captions_from_right_to_left_are_isolated(file: Path) -> None:
    said = "كلب يجري"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows:
        row["captions"][1] = {"lang": "ar" if row["split"] == "val" else "ru", "text": said}
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = run("show", str(file)).output
    assert f"  ar      \u2068{said}\u2069  [human]" in shown
    assert f"  en      {ENGLISH}  [human]" in shown
    assert f'the ru caption "\u2068{said}\u2069" is' in run("check", str(file), "--quick").output


def test_what_no_font_can_write_is_told(tmp_path: Path) -> None:
    reader = Given(NoSettings(), None)
    items = [Item("x", (Caption("1", "en", "a dog"), Caption("2", "xx", "\U000f0000")))]  # for private use
    assert contact_sheet(tmp_path / "sheet.png", reader, items) == ["xx"]
    with pytest.raises(CcrError, match="no item"):
        contact_sheet(tmp_path / "sheet.png", reader, [])


def test_prepare_tells_what_to_get(tmp_path: Path) -> None:
    outcome = run("prepare", "xtd10", "--data-root", str(tmp_path), "--offline")
    assert outcome.exit_code == 2
    assert "12 of 12 text files" in outcome.output
    assert "git clone https://github.com/adobe-research" in outcome.output
    assert "Adobe Research licence" in outcome.output
