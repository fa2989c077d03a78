"""The datasets of the field: fixtures in their publishers' formats, and the official files where they are there."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ccr_benchmarks.cc300k import CC300K, CC300KSettings
from ccr_benchmarks.flickr8k_cn import Flickr8kCN, Flickr8kCNSettings
from ccr_benchmarks.mscoco import MSCOCO, MSCOCOSettings
from ccr_benchmarks.xflickrco import XFlickrCO, XFlickrCOSettings
from ccr_benchmarks.xm3600 import LANGS, XM3600
from ccr_benchmarks.xtd10 import XTD10

from ccr import CcrError, Item, NoSettings, TestSet
from ccr.host import Host

SHARED = Path(__file__).parents[2] / "shared"


def official(name: str) -> Any:
    there = (SHARED / name).is_dir()
    return pytest.mark.skipif(not there, reason=f"the official files of {name} are not in ../shared/{name}")


def write(path: Path, rows: Iterable[str], end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(rows) + end).encode())
    return path


def counts(items: Iterable[Item]) -> Counter[tuple[str, str]]:
    return Counter((caption.lang, caption.origin) for item in items for caption in item.captions)


def galleries(items: Iterable[Item]) -> Counter[str]:
    return Counter(lang for item in items for lang in {caption.lang for caption in item.captions})


def declared(name: str, id: str) -> TestSet:
    return next(test for test in Host.load().spec("dataset", name).test_sets if test.id == id)


def holds_what_it_declares(items: list[Item], test_set: TestSet, langs: Iterable[str]) -> None:
    captions = Counter(caption.lang for item in items for caption in item.captions)
    for lang in langs:
        assert galleries(items)[lang] == test_set.images[lang]
        assert captions[lang] == test_set.captions[lang]


# --- xtd10 ----------------------------------------------------------------------------------------------------------

XTD10_PHOTOS = ["COCO_train2014_000000000011.jpg", "COCO_val2014_000000000022.jpg", "COCO_train2014_000000000033.jpg"]


def xtd10(root: Path) -> Path:
    write(root / "XTD10" / "test_image_names.txt", XTD10_PHOTOS)
    for folder, langs in (("XTD10", ("en", "es", "it", "ko", "pl", "ru", "tr", "zh")), ("MIC", ("de", "fr"))):
        for lang in langs:  # the official files of XTD10 but for English have no line feed at their end
            rows = [f"{lang} {i}" for i in range(3)]
            write(root / folder / f"test_1kcaptions_{lang}.txt", rows, end="" if folder == "XTD10" else "\n")
    write(root / "STAIR" / "test_1kcaptions_jp.txt", ["犬", "猫", "鳥"])
    return root


def test_xtd10_reads_row_by_row(tmp_path: Path) -> None:
    data = XTD10(NoSettings(), xtd10(tmp_path))
    assert list(data.items("train")) == []
    items = list(data.test_items("xtd10-1k"))
    assert [item.id for item in items] == [name[:-4] for name in XTD10_PHOTOS]
    second = {caption.lang: caption for caption in items[1].captions}
    assert set(second) == set(declared("xtd10", "xtd10-1k").langs)
    assert second["ja"].text == "猫"
    assert (second["ja"].origin, second["ja"].parallel) == ("human", None)
    assert (second["de"].origin, second["de"].parallel) == ("human-translation", second["en"].id)
    assert second["ko"].tags == {"at": f"{tmp_path}/XTD10/test_1kcaptions_ko.txt:2"}
    assert items[0].path == tmp_path / "images/train2014" / XTD10_PHOTOS[0]
    assert items[1].path == tmp_path / "images/val2014" / XTD10_PHOTOS[1]
    assert len(data.missing(pictures=True)) == 2  # a sentence per folder of photos


def test_xtd10_finds_the_photos_of_mscoco_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "mscoco" / "train2014"
    folder.mkdir(parents=True)
    items = list(XTD10(NoSettings(), xtd10(tmp_path / "xtd10")).test_items("xtd10-1k"))
    assert items[0].path == folder / XTD10_PHOTOS[0]


def test_xtd10_refuses_what_does_not_fit(tmp_path: Path) -> None:
    root = xtd10(tmp_path)
    write(root / "MIC" / "test_1kcaptions_fr.txt", ["un", "deux"])
    with pytest.raises(CcrError, match=r"test_1kcaptions_fr.txt has 2 rows, but the image list .* has 3"):
        list(XTD10(NoSettings(), root).test_items("xtd10-1k"))
    write(root / "XTD10" / "test_image_names.txt", [XTD10_PHOTOS[0]] * 3)
    with pytest.raises(CcrError, match=r"names.txt:2: COCO_train2014_000000000011.jpg stands in row 1, too"):
        list(XTD10(NoSettings(), root).test_items("xtd10-1k"))
    text, *photos = XTD10(NoSettings(), tmp_path / "nowhere").missing()
    assert text.startswith("12 of 12 text files are not below")
    assert "git clone https://github.com/adobe-research" in text
    assert len(photos) == 2
    assert XTD10(NoSettings(), tmp_path / "nowhere").missing(pictures=False) == [text]


def test_xtd10_tells_every_fault_of_every_file(tmp_path: Path) -> None:
    root = xtd10(tmp_path)
    for lang in ("de", "fr"):
        write(root / "MIC" / f"test_1kcaptions_{lang}.txt", ["one"])
    with pytest.raises(CcrError) as caught:
        list(XTD10(NoSettings(), root).test_items("xtd10-1k"))
    assert [line.split(" has ")[0][-6:] for line in str(caught.value).split("\n")] == ["de.txt", "fr.txt"]
    write(root / "XTD10" / "test_image_names.txt", ["1.jpg", XTD10_PHOTOS[0], "2.jpg"])
    with pytest.raises(CcrError) as caught:
        list(XTD10(NoSettings(), root).test_items("xtd10-1k"))
    assert len(str(caught.value).split("\n")) == 2
    write(root / "XTD10" / "test_image_names.txt", ["", XTD10_PHOTOS[0], " ", "x"])
    with pytest.raises(CcrError, match=r"(?s)names.txt: row 1 is empty.*\n.*names.txt: row 3 is empty"):
        list(XTD10(NoSettings(), root).test_items("xtd10-1k"))


@pytest.mark.parametrize(
    ("name", "folders", "remedy"),
    [
        ("mscoco", ("train2014", "val2014"), "https://cocodataset.org/#download"),
        ("xtd10", ("train2014", "val2014"), "https://cocodataset.org/#download"),
        ("xflickrco", ("flickr30k-images",), "https://shannon.cs.illinois.edu/DenotationGraph"),
        ("xflickrco", ("val2014",), "https://cocodataset.org/#download"),
        ("flickr8k-cn", ("Flicker8k_Dataset",), "https://forms.illinois.edu/sec/1713398"),
        ("xm3600", ("images",), "https://google.github.io/crossmodal-3600"),
        ("msrvtt", ("videos",), "https://github.com/ArrowLuo/CLIP4Clip"),
        ("emoji", ("emoji-datasource-google/img/google/64",), "ccr data prepare emoji"),
        ("multi30k", ("flickr30k-images",), "https://shannon.cs.illinois.edu/DenotationGraph"),
    ],
)
def test_pictures_are_asked_for_before_their_lists_are_there(
    name: str, folders: tuple[str, ...], remedy: str, tmp_path: Path
) -> None:
    host = Host.load()
    spec = host.spec("dataset", name)
    data = host.resolve(spec.factory)(host.resolve(spec.settings)(), tmp_path)
    texts, told = data.missing(pictures=False), data.missing()
    assert texts
    asked = [sentence for sentence in told if sentence not in texts]
    for folder in folders:
        (sentence,) = [sentence for sentence in asked if f"{folder}:" in sentence or f"{folder} (or" in sentence]
        assert sentence.startswith("there is no folder of ")
        assert remedy in sentence


@official("xtd10")
def test_the_official_xtd10() -> None:
    data = XTD10(NoSettings(), SHARED / "xtd10")
    assert data.missing(pictures=False) == []
    items, test_set = list(data.test_items("xtd10-1k")), declared("xtd10", "xtd10-1k")
    holds_what_it_declares(items, test_set, test_set.langs)
    assert sum(item.id.startswith("COCO_train2014") for item in items) == 800
    assert {c.lang: c.text for c in items[1].captions}["ja"] == "マウスの上に猫の手が乗っている"


# --- flickr8k-cn ----------------------------------------------------------------------------------------------------


def flickr8k_cn(root: Path) -> Path:
    photos = {"train": ["101_a", "102_b"], "val": ["103_c"], "test": ["104_d"]}
    for split, names in photos.items():
        write(root / f"flickr8k{split}.txt", names)
    every = [f"{name}.jpg" for names in photos.values() for name in names]
    every.append("2258277193_586949ec62.jpg.1")  # a name of the official files, of no split
    kinds = (("enc.caption", "enc"), ("zhb.caption", "zhb"), ("zhg.caption", "zhg"), ("zhc.caption", "zhc"))
    for file, kind in (*kinds, ("zhmtest.captions", "zhm")):
        of = ["104_d.jpg"] if kind == "zhm" else every
        write(root / f"flickr8k{file}.txt", [f"{name}#{kind}#{k} {kind} {k}" for name in of for k in range(5)])
    return root


def flickr8k(root: Path, **settings: Any) -> Flickr8kCN:
    return Flickr8kCN(Flickr8kCNSettings(**{"partial": True, **settings}), root)


def test_flickr8k_cn_knows_who_wrote_and_who_translated(tmp_path: Path) -> None:
    data = flickr8k(flickr8k_cn(tmp_path))
    train = list(data.items("train"))
    assert [item.id for item in train] == ["101", "102"]
    assert counts(train) == {("en", "human"): 10, ("zh", "mt:google-2016"): 10, ("zh", "human"): 10}
    captions = {caption.id: caption for caption in train[0].captions}
    assert captions["101_a.jpg#zhg#3"].parallel == "101_a.jpg#enc#3"
    assert captions["101_a.jpg#zhc#3"].parallel is None
    assert captions["101_a.jpg#zhg#3"].tags == {"at": f"{tmp_path}/flickr8kzhg.caption.txt:4"}
    both = counts(flickr8k(tmp_path, mt="both").items("val"))
    assert (both["zh", "mt:google-2016"], both["zh", "mt:baidu-2016"]) == (5, 5)
    assert counts(data.test_items("flickr8k-cn-written")) == {("en", "human"): 5, ("zh", "human"): 5}
    translated = list(data.test_items("flickr8k-cn-translated"))
    assert counts(translated) == {("en", "human"): 5, ("zh", "human-translation"): 5}
    assert translated[0].captions[-1].parallel == "104_d.jpg#enc#4"


def test_flickr8k_cn_tells_every_row_that_does_not_fit(tmp_path: Path) -> None:
    root = flickr8k_cn(tmp_path)
    rows = (root / "flickr8kzhc.caption.txt").read_text().split("\n")[:-1]
    write(root / "flickr8kzhc.caption.txt", ["what is this", *rows[1:], "and this"])
    with pytest.raises(CcrError) as caught:
        list(flickr8k(root).items("train"))
    first, second = str(caught.value).split("\n")
    assert "flickr8kzhc.caption.txt:1: the row is not" in first
    assert "flickr8kzhc.caption.txt:26: the row is not" in second
    write(root / "flickr8kenc.caption.txt", ["nor this", "nor that"])
    with pytest.raises(CcrError) as caught:
        list(flickr8k(root).items("train"))
    assert len(str(caught.value).split("\n")) == 4  # two of each file
    flickr8k_cn(root)
    for split, list_ in (("train", ["1_x", "101_a", "2_y"]), ("val", ["3_z", "4_z"])):
        write(root / f"flickr8k{split}.txt", list_)
        with pytest.raises(CcrError) as caught:
            list(flickr8k(root).items(split))
        assert len(str(caught.value).split("\n")) == 6  # two photos in each of three files
    flickr8k_cn(root)
    write(root / "flickr8kzhc.caption.txt", rows[:5])
    with pytest.raises(CcrError, match=r"flickr8ktrain.txt:2: 102_b.jpg has no caption in .*flickr8kzhc.caption.txt"):
        list(flickr8k(root).items("train"))
    with pytest.raises(CcrError, match=r"has 2 images, but the train split has 6,000; .*dataset.partial=true"):
        list(flickr8k(root, partial=False).items("train"))


@official("flickr8k-cn")
def test_the_official_flickr8k_cn() -> None:
    data = Flickr8kCN(Flickr8kCNSettings(), SHARED / "flickr8k-cn")
    assert data.missing(pictures=False) == []
    for split, images in (("train", 6_000), ("val", 1_000)):
        expected = {("en", "human"): 5, ("zh", "mt:google-2016"): 5, ("zh", "human"): 5}
        assert counts(data.items(split)) == {key: n * images for key, n in expected.items()}
    for name in ("flickr8k-cn-written", "flickr8k-cn-translated"):
        holds_what_it_declares(list(data.test_items(name)), declared("flickr8k-cn", name), ("en", "zh"))


# --- xflickrco ------------------------------------------------------------------------------------------------------


def xflickrco(root: Path) -> Path:
    rows = [("1007129816", "1007129816.jpg"), (391895, "COCO_val2014_000000391895.jpg")]  # ids of both types, as there
    for lang in ("en", "de", "ja"):
        told = [{"sentences": [f"{lang} {id}"], "id": id, "img_path": name} for id, name in rows]
        write(root / "annotations" / lang / "test.jsonl", [json.dumps(row, ensure_ascii=False) for row in told])
    return root


def test_xflickrco_names_photos_as_their_collections_do(tmp_path: Path) -> None:
    data = XFlickrCO(XFlickrCOSettings(languages=("de", "ja")), xflickrco(tmp_path))
    assert data.missing(pictures=False) == []
    flickr, coco = data.test_items("xflickrco-2k")
    assert (flickr.source, flickr.id) == ("flickr30k", "1007129816")  # as multi30k names it
    assert (coco.source, coco.id) == ("mscoco", "COCO_val2014_000000391895")  # as mscoco names it
    assert [caption.lang for caption in coco.captions] == ["en", "de", "ja"]
    spec = data.describe(Host.load().spec("dataset", "xflickrco"))
    assert spec.target_langs == ("de", "ja")
    assert spec.test_sets[0].langs == ("en", "de", "ja")


def test_xflickrco_tells_what_is_missing_and_what_does_not_fit(tmp_path: Path) -> None:
    root = xflickrco(tmp_path)
    (told,) = XFlickrCO(XFlickrCOSettings(), root).missing(pictures=False)
    assert told.startswith("5 of 8 text files are not below")
    assert "dataset.languages=[de]" in told
    with pytest.raises(ValueError, match="languages must be some of de, es"):
        XFlickrCOSettings(languages=("fr",))
    row = '{"sentences": ["x"], "id": 5, "img_path": "5.jpg"}'
    write(root / "annotations/de/test.jsonl", [row, '{"id": 5}', "no json"])
    data = XFlickrCO(XFlickrCOSettings(languages=("de",)), root)
    with pytest.raises(CcrError, match=r"de/test.jsonl:3: the row is no JSON"):
        list(data.test_items("xflickrco-2k"))
    write(root / "annotations/de/test.jsonl", [row, '{"id": 5}', row])
    with pytest.raises(CcrError) as caught:
        list(data.test_items("xflickrco-2k"))
    for part in (":1: 5.jpg is none of the photos of", ":2: the row needs img_path", ":3: 5.jpg stands twice"):
        assert part in str(caught.value)


@official("xflickrco")
def test_the_official_xflickrco() -> None:
    data = XFlickrCO(XFlickrCOSettings(languages=("de",)), SHARED / "xflickrco")
    items = list(data.test_items("xflickrco-2k"))
    test_set = declared("xflickrco", "xflickrco-2k")
    holds_what_it_declares(items, test_set, ("en", "de"))
    assert test_set.images == test_set.captions == dict.fromkeys(test_set.langs, 2_000)  # so are the other six
    assert Counter(item.source for item in items) == {"flickr30k": 1_000, "mscoco": 1_000}
    empty = [caption.tags["at"] for item in items for caption in item.captions if not caption.text]
    assert empty == [f"{SHARED}/xflickrco/de/test.jsonl:1960"]  # as it is published: for `ccr data check` to tell


# --- xm3600 ---------------------------------------------------------------------------------------------------------


def xm3600(root: Path, change: Any = None) -> XM3600:
    rows = []
    for key in ("00a1", "00b2"):
        row: dict[str, Any] = {"image/key": key, "image/locale": "en"}
        for lang in LANGS:
            texts = [f"{lang} {key} {k}" for k in range(1 + (lang == "de"))]
            row[lang] = {"caption": texts, "caption/tokenized": texts, "caption/tokenized/lowercase": texts}
        rows.append(row)
    if change:
        change(rows)
    write(root / "captions.jsonl", [json.dumps(row) for row in rows])
    return XM3600(NoSettings(), root)


def test_xm3600_first_and_all(tmp_path: Path) -> None:
    data = xm3600(tmp_path)
    first, every = (list(data.test_items(f"xm3600-{name}")) for name in ("first", "all"))
    assert [item.id for item in every] == ["00a1", "00b2"]
    assert every[0].path == tmp_path / "images" / "00a1.jpg"
    assert set(galleries(first).values()) == {2}
    assert len(galleries(first)) == 36
    assert Counter(c.lang for item in first for c in item.captions)["de"] == 2
    assert Counter(c.lang for item in every for c in item.captions)["de"] == 4
    (told,) = data.missing()
    assert told.startswith(f"there is no folder of 2 pictures, {tmp_path}/images: get images.tgz at https://google")


def test_xm3600_declares_the_published_numbers() -> None:
    every = declared("xm3600", "xm3600-all")
    assert sum(every.captions.values()) == 261_375
    assert set(every.langs) == set(LANGS)
    assert set(every.images.values()) == {3_600}


def test_xm3600_tells_what_does_not_fit(tmp_path: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        del rows[0]["sw"]
        rows[1]["xx"] = {"caption": ["x"]}
        rows[1]["no"]["caption"] = []

    with pytest.raises(CcrError) as caught:
        xm3600(tmp_path, change).test_items("xm3600-all")
    for part in (":1: photo 00a1 has no captions in sw", ":2: 'xx' is none", ":2: photo 00b2 has no captions in no"):
        assert part in str(caught.value)


# --- mscoco ---------------------------------------------------------------------------------------------------------


def mscoco(root: Path) -> Path:
    """Photos 1 to 4 train (4 in restval), 5 validates, 6 and 7 test. COCO-CN tests 2 and 6, validates 3, trains 1."""
    splits = {1: "train", 2: "train", 3: "train", 4: "restval", 5: "val", 6: "test", 7: "test"}
    images = []
    for number, split in splits.items():
        subset = "train2014" if split == "train" else "val2014"
        sentences = [
            {"raw": f"photo {number} told {k}. ", "sentid": 10 * number + k, "imgid": number} for k in range(6)
        ]
        images.append(
            {"filepath": subset, "filename": name(number), "imgid": number, "split": split, "cocoid": number,
             "sentids": [s["sentid"] for s in sentences], "sentences": sentences}
        )  # fmt: skip
    root.mkdir(parents=True, exist_ok=True)
    (root / "dataset_coco.json").write_text(json.dumps({"dataset": "coco", "images": images}))
    (root / "stair").mkdir()
    for split, numbers in (("train", (1, 2, 3)), ("val", (4, 5, 6, 7))):
        rows = [{"id": 10 * n + k, "image_id": n, "caption": f"写真{n}"} for n in numbers for k in range(5)]
        (root / f"stair/stair_captions_v1.2_{split}.json").write_text(json.dumps({"images": [], "annotations": rows}))
    own = [f"{name(n)[:-4]}#{k}\t照片{n}" for n in (1, 2, 3, 6) for k in range(1 + (n == 6))]
    write(root / "coco-cn/imageid.human-written-caption.txt", own)
    for split, numbers in (("train", (1,)), ("val", (3,)), ("test", (2, 6))):
        write(root / f"coco-cn/coco-cn_{split}.txt", [name(n)[:-4] for n in numbers])
    return root


def name(number: int) -> str:
    return f"COCO_{'train2014' if number < 4 else 'val2014'}_{number:012d}.jpg"


def numbers(items: Iterable[Item]) -> list[int]:
    return [int(item.id[-12:]) for item in items]


def test_mscoco_holds_out_what_coco_cn_tests(tmp_path: Path) -> None:
    data = MSCOCO(MSCOCOSettings(), mscoco(tmp_path))
    assert data.missing(pictures=False) == []
    train = list(data.items("train"))
    assert numbers(train) == [1, 4]
    assert counts(train) == {("en", "human"): 12, ("ja", "human"): 10, ("zh", "human"): 1}
    assert numbers(data.items("val")) == [3, 5]
    assert numbers(MSCOCO(MSCOCOSettings(restval=False), tmp_path).items("train")) == [1]
    assert numbers(MSCOCO(MSCOCOSettings(languages=("ja",)), tmp_path).items("train")) == [1, 2, 3, 4]
    assert train[0].path == tmp_path / "images/train2014" / name(1)
    assert {caption.tags["at"] for caption in train[0].captions if caption.lang == "zh"} == {
        f"{tmp_path}/coco-cn/imageid.human-written-caption.txt:1"
    }


def test_mscoco_galleries_are_each_language_s_own(tmp_path: Path) -> None:
    data = MSCOCO(MSCOCOSettings(), mscoco(tmp_path))
    items = list(data.test_items("coco-5k"))
    assert galleries(items) == {"en": 2, "ja": 2, "zh": 2}
    assert counts(items) == {("en", "human"): 10, ("ja", "human"): 10, ("zh", "human"): 3}  # five of six in English
    assert list(data.test_items("coco-1k")) == items  # in the order that folds are cut in
    assert numbers(item for item in items if any(c.lang == "ja" for c in item.captions)) == [6, 7]
    assert declared("mscoco", "coco-5k").captions == {"en": 25_000, "ja": 25_000, "zh": 1_053}
    assert declared("mscoco", "coco-1k").folds == {"en": 5, "ja": 5}


def test_mscoco_asks_for_the_files_of_its_languages_alone(tmp_path: Path) -> None:
    karpathy, stair, coco_cn = MSCOCO(MSCOCOSettings(), tmp_path).missing(pictures=False)
    assert karpathy.startswith("1 of 1 text files")
    assert "STAIR-captions" in stair
    assert "https://github.com/li-xirong/coco-cn" in coco_cn
    assert len(MSCOCO(MSCOCOSettings(languages=("zh",)), tmp_path).missing(pictures=False)) == 2
    data = MSCOCO(MSCOCOSettings(languages=("zh",)), mscoco(tmp_path))
    assert data.describe(Host.load().spec("dataset", "mscoco")).test_sets[0].langs == ("en", "zh")


def test_mscoco_tells_what_does_not_fit(tmp_path: Path) -> None:
    root = mscoco(tmp_path)
    write(root / "coco-cn/coco-cn_val.txt", [name(1)[:-4], name(9)[:-4], name(5)[:-4]])
    with pytest.raises(CcrError) as caught:
        list(MSCOCO(MSCOCOSettings(), root).items("train"))
    told = str(caught.value).split("\n")
    assert "coco-cn_val.txt:1: COCO_train2014_000000000001 is in train, too" in told[0]
    assert ":2: COCO_val2014_000000000009 is no photo of" in told[1]
    assert ":3: COCO_val2014_000000000005 has no caption in" in told[2]
    rows = json.loads((root / "dataset_coco.json").read_text())
    rows["images"][4]["filename"] = "../../secret.jpg"
    (root / "dataset_coco.json").write_text(json.dumps(rows))
    with pytest.raises(CcrError, match=r"images\[4\]: '../../secret.jpg' is no photo of MSCOCO 2014"):
        list(MSCOCO(MSCOCOSettings(), root).items("train"))
    del rows["images"][1]["cocoid"]
    rows["images"][2]["split"] = "fourth"
    (root / "dataset_coco.json").write_text(json.dumps(rows))
    with pytest.raises(CcrError, match=r"images\[1\] lacks 'cocoid'") as caught:
        list(MSCOCO(MSCOCOSettings(), root).items("train"))
    assert [line.split(" ")[1] for line in str(caught.value).split("\n")] == ["images[1]", "images[2]", "images[4]:"]


def test_mscoco_tells_every_caption_and_photo_of_stair_that_does_not_fit(tmp_path: Path) -> None:
    root = mscoco(tmp_path)
    path = root / "stair/stair_captions_v1.2_train.json"
    path.write_text(json.dumps({"annotations": [{"id": 1}, {"id": 2, "image_id": 1, "caption": 3}]}))
    with pytest.raises(CcrError) as caught:
        list(MSCOCO(MSCOCOSettings(), root).items("train"))
    assert [line.split(" ")[1] for line in str(caught.value).split("\n")] == ["annotations[0]", "annotations[1]"]
    path.write_text(json.dumps({"annotations": []}))
    with pytest.raises(CcrError) as caught:
        list(MSCOCO(MSCOCOSettings(languages=("ja",)), root).items("train"))
    assert [line.split(" ")[1] for line in str(caught.value).split("\n")] == [name(n) for n in (1, 2, 3)]


# --- cc300k ---------------------------------------------------------------------------------------------------------


def shard(path: Path, samples: dict[str, dict[str, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for key, parts in samples.items():
            for ending, data in parts.items():
                info = tarfile.TarInfo(f"{key}.{ending}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


def samples(first: int, count: int) -> dict[str, dict[str, bytes]]:
    keys = [f"{i:09d}" for i in range(first, first + count)]
    return {key: {"jpg": key.encode(), "txt": f"picture {key}\n".encode(), "json": b"{}"} for key in keys}


def test_cc300k_reads_shards_in_place(tmp_path: Path) -> None:
    shard(tmp_path / "00000.tar", samples(0, 60))
    shard(tmp_path / "00001.tar", samples(60, 60))
    data = CC300K(CC300KSettings(val=0.1), tmp_path)
    assert data.missing() == []
    train, val = list(data.items("train")), list(data.items("val"))
    assert len(train) + len(val) == 120
    assert 2 <= len(val) <= 30
    assert all(data.read(item) == item.id.encode() for item in (*train, *val))
    assert train[0].captions[0].id == f"{train[0].id}#en"
    assert train[0].captions[0].text == f"picture {train[0].id}"
    again = CC300K(CC300KSettings(val=0.1), tmp_path)
    assert [item.id for item in again.items("val")] == [item.id for item in val]


def test_cc300k_reads_jsonl_and_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "captions.jsonl", [json.dumps({"image": f"{i}.jpg", "caption": f"no {i}"}) for i in range(9)])
    data = CC300K(CC300KSettings(val=0.5), tmp_path)
    (told,) = data.missing()
    assert told.startswith(f"there is no folder of 9 pictures, {tmp_path}/images")
    (tmp_path / "images").mkdir()
    for i in range(9):
        (tmp_path / f"images/{i}.jpg").write_bytes(b"x")
    assert data.missing() == []
    assert sorted(item.id for split in ("train", "val") for item in data.items(split)) == list("012345678")
    write(tmp_path / "captions.jsonl", [json.dumps({"image": f"sub/{i}.jpg", "caption": f"no {i}"}) for i in (1, 2)])
    (tmp_path / "images" / "sub").mkdir()
    (tmp_path / "images" / "sub" / "2.jpg").write_bytes(b"x")
    (told,) = CC300K(CC300KSettings(val=0.5), tmp_path).missing()
    assert told.startswith(f"1 of 2 pictures are not in {tmp_path}/images/sub (1.jpg)")
    shard(tmp_path / "00000.tar", samples(0, 2))
    with pytest.raises(CcrError, match="which is meant"):
        list(CC300K(CC300KSettings(), tmp_path).items("train"))


def test_cc300k_leaves_nothing_out_in_silence(tmp_path: Path) -> None:
    (told,) = CC300K(CC300KSettings(), tmp_path).missing()
    assert "there is neither captions.jsonl nor a shard" in told
    found = samples(0, 5)
    del found["000000001"]["jpg"]
    del found["000000002"]["txt"]
    shard(tmp_path / "00000.tar", found)
    path = shard(tmp_path / "00001.tar", samples(5, 5))
    path.write_bytes(path.read_bytes()[:1700])
    shard(tmp_path / "00002.tar", samples(3, 1))
    told = CC300K(CC300KSettings(pictures=300_000), tmp_path).missing()
    assert [line.removeprefix(f"{tmp_path}/")[:30] for line in told[:2]] == [
        "00000.tar: 000000001 holds .tx", "00000.tar: 000000002 holds .jp",
    ]  # fmt: skip
    assert "00001.tar" in told[2]
    assert "the id 000000003 stands at" in told[3]
    assert "3 pictures, not the 300,000 that were set" in told[4]


def test_every_test_collection_names_the_corpus_it_is_trained_on() -> None:
    host = Host.load()
    for name in ("multi30k", "mscoco", "flickr8k-cn", "xtd10", "xflickrco", "xm3600"):
        spec = host.spec("dataset", name)
        assert spec.corpus == "cc300k"
        assert spec.licence
        assert spec.citation
        assert spec.image_sources
    assert host.spec("dataset", "cc300k").test_sets == ()
