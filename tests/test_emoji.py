"""The dataset `emoji`: packages in npm's format, made here; names, splits, and what is fetched of the registry."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from ccr_benchmarks.catalogue import EMOJI
from ccr_benchmarks.emoji import PACKAGES, Emoji
from click.testing import CliRunner
from PIL import Image
from test_fetch import Server, server  # noqa: F401 - the fixture

from ccr import CcrError, Item, NoSettings
from ccr.cli import main
from ccr.data.check import quick
from ccr.data.fetch import fetch
from ccr.data.opening import opening
from ccr.data.script import scripts_of
from ccr.host import Host

TONES = {"1F3FB": "light", "1F3FC": "medium-light", "1F3FD": "medium", "1F3FE": "medium-dark", "1F3FF": "dark"}
PERSONS = {"1F468-200D-1F373": "man cook", "1F469-200D-1F373": "woman cook", "1F44B": "waving hand"}
COUPLE, SNOWBOARDER, FLAG = "1F9D1-200D-1F91D-200D-1F9D1", "1F3C2", "1F1EA-1F1F8"
WORDS = {"de": "Hautton", "ar": "بشرة", "zh": "肤色", "ja": "肌色"}

Names = dict[str, str]


def text(unified: str) -> str:
    return "".join(chr(int(code, 16)) for code in unified.split("-"))


def row(unified: str, variants: dict[str, str] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"unified": unified, "image": f"{unified.lower()}.png", "short_name": "x"}
    if variants:
        found["skin_variations"] = {
            tones: {"unified": whole, "image": f"{whole.lower()}.png"} for tones, whole in variants.items()
        }
    return found


def made() -> tuple[list[dict[str, Any]], Names]:
    """emoji.json, and English names by unified code."""
    rows, names = [row("1F600"), row("2764-FE0F"), row(FLAG)], {
        "1F600": "grinning face", "2764-FE0F": "red heart", FLAG: "flag: Spain",
    }  # fmt: skip
    for base, name in {**PERSONS, SNOWBOARDER: "snowboarder"}.items():
        first, *rest = base.split("-")
        variants = {tone: "-".join([first, tone, *rest]) for tone in TONES}
        rows.append(row(base, variants))
        names[base] = name
        names |= {whole: f"{name}: {TONES[tone]} skin tone" for tone, whole in variants.items()}
    pairs = {
        f"{a}-{b}": f"1F9D1-{a}-200D-1F91D-200D-1F9D1-{b}" for a in TONES for b in TONES if a != b
    }  # two people, two tones
    rows.append(row(COUPLE, pairs))
    names[COUPLE] = "people holding hands"
    for tones, whole in pairs.items():
        a, b = tones.split("-")
        names[whole] = f"people holding hands: {TONES[a]} skin tone, {TONES[b]} skin tone"
    return rows, names


def packages(root: Path) -> Path:
    rows, names = made()
    google = root / "emoji-datasource-google"
    pictures = google / "img" / "google" / "64"
    pictures.mkdir(parents=True)
    (google / "emoji.json").write_text(json.dumps(rows))
    for k, unified in enumerate(names):
        whole = (k * 7 % 256, k * 31 % 256, 90, 255)
        picture = Image.new("RGBA", (8, 8), whole)
        picture.putpixel((0, 0), (0, 0, 0, 0))
        picture.save(pictures / f"{unified.lower()}.png")
    for lang in EMOJI:
        said = {
            text(unified.replace("-FE0F", "")): name if lang == "en" else f"{WORDS.get(lang, lang)} {name}"
            for unified, name in names.items()
        }
        for package, key, variant in (("full", "annotations", False), ("derived-full", "annotationsDerived", True)):
            part = {e: {"default": ["x"], "tts": [n]} for e, n in said.items() if ("tone" in n) == variant}
            if lang == "qu" and variant:
                part.popitem()
            path = root / f"cldr-annotations-{package}" / key / lang / "annotations.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps({key: {"identity": {"language": lang}, "annotations": part}}))
    return root


def reader(root: Path) -> Emoji:
    return Emoji(NoSettings(), root)


def splits(root: Path) -> dict[str, list[Item]]:
    found = reader(root)
    return {"train": list(found.items("train")), "val": list(found.items("val")), "test": list(found.test_items("x"))}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages(tmp_path_factory.mktemp("emoji"))


def test_every_picture_has_its_names(root: Path) -> None:
    assert reader(root).missing() == []
    items = {item.id: item for of in splits(root).values() for item in of}
    assert len(items) == len(made()[1])
    heart = items["2764-fe0f"]
    assert [c.text for c in heart.captions if c.lang in ("en", "ar")] == ["red heart", "بشرة red heart"]
    assert [c.lang for c in heart.captions] == list(EMOJI)
    for item in items.values():
        for caption in item.captions:
            english = caption.lang == "en"
            assert caption.origin == ("human" if english else "human-translation")
            assert caption.parallel == (None if english else f"{item.id}#en")
    assert Counter(c.lang for i in items.values() for c in i.captions)["qu"] == len(items) - 1  # one name is lacking


def test_splits_are_new_combinations_of_known_words(root: Path) -> None:
    found = splits(root)
    ids = {split: {item.id for item in items} for split, items in found.items()}
    for base in PERSONS:
        first, *rest = base.lower().split("-")
        cells = {tone: "-".join([first, tone.lower(), *rest]) for tone in TONES}
        assert {split: len(ids[split] & set(cells.values())) for split in ids} == {"train": 3, "val": 1, "test": 1}
        assert base.lower() in ids["train"]
    assert {split: sum(id.startswith("1f9d1-1f3f") for id in of) for split, of in ids.items()} == {
        "train": 12, "val": 4, "test": 4,
    }  # fmt: skip
    assert all(id in ids["train"] for of in ids.values() for id in of if id.startswith(SNOWBOARDER.lower()))

    def words(split: str, lang: str) -> set[str]:
        return {w for i in found[split] for c in i.captions if c.lang == lang for w in re.findall(r"\w+", c.text)}

    for lang in ("en", "de", "ar", "zh"):
        assert words("test", lang) <= words("train", lang)
        assert words("val", lang) <= words("train", lang)


def test_a_person_s_cells_do_not_depend_on_other_emoji(root: Path, tmp_path: Path) -> None:
    other = packages(tmp_path)
    path = other / "emoji-datasource-google" / "emoji.json"
    rows = json.loads(path.read_text())
    path.write_text(json.dumps(rows[::-1][:4]))
    kept = {item.id for item in splits(other)["test"]}
    assert kept
    assert kept <= {item.id for item in splits(root)["test"]}


def test_pictures_are_on_white(root: Path) -> None:
    found = reader(root)
    item = next(iter(found.items("test")))
    picture = Image.open(io.BytesIO(found.read(item)))
    assert picture.mode == "RGB"
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.getpixel((5, 5)) != (255, 255, 255)


def test_packages_may_lie_in_node_modules(root: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(root)
    assert reader(tmp_path).missing() == []


def test_what_is_missing_is_told(root: Path, tmp_path: Path) -> None:
    told, pictures = reader(tmp_path).missing()
    assert "213 of 213 text files" in told
    assert "ccr data prepare emoji" in told
    assert f"there is no folder of pictures, {tmp_path}/emoji-datasource-google/img/google/64: " in pictures
    other = packages(tmp_path)
    (other / "emoji-datasource-google/img/google/64/1f600.png").unlink()
    (told,) = reader(other).missing()
    assert "1 of 48 pictures" in told
    assert "1f600.png" in told
    assert reader(other).missing(pictures=False) == []


@pytest.mark.parametrize(
    ("file", "value", "what"),
    [
        ("emoji-datasource-google/emoji.json", [{"unified": "1F600"}], "row 1 lacks 'image'"),
        ("emoji-datasource-google/emoji.json", [row("1F44B", {"1F3F0": "1F44B-1F3F0"})], "row 1"),
        ("emoji-datasource-google/emoji.json", [row("1F601")], "1f601 has no English name"),
        ("cldr-annotations-full/annotations/de/annotations.json", {"annotations": 3}, "holds no annotations"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, file: str, value: Any, what: str) -> None:
    path = packages(tmp_path) / file
    path.write_text(json.dumps(value))
    with pytest.raises(CcrError, match=re.escape(what)) as raised:
        splits(tmp_path)
    assert str(path) in str(raised.value) or "emoji.json" in str(raised.value)


def test_all_that_does_not_fit_is_told_together(tmp_path: Path) -> None:
    google = packages(tmp_path) / "emoji-datasource-google" / "emoji.json"
    google.write_text(json.dumps([row("1F601"), row("1F600"), row("1F602")]))
    with pytest.raises(CcrError) as caught:
        splits(tmp_path)
    assert [line.split(" ")[1] for line in str(caught.value).split("\n")] == ["1f601", "1f602"]
    broken = [tmp_path / f"cldr-annotations-full/annotations/{lang}/annotations.json" for lang in ("de", "fr")]
    broken[0].write_text("{")
    broken[1].write_text('{"annotations": 3}')
    google.write_text(json.dumps([{"unified": "1F600"}, row("1F600"), {"image": "x.png"}]))
    with pytest.raises(CcrError) as caught:
        splits(tmp_path)
    assert [line.split(": ")[1][:5] for line in str(caught.value).split("\n")] == ["row 1", "row 3"]
    google.write_text(json.dumps([row("1F600")]))
    with pytest.raises(CcrError) as caught:
        splits(tmp_path)
    assert [line.split(" ")[0] for line in str(caught.value).split("\n")] == list(map(str, broken))


def test_an_odd_name_is_told_with_its_file_and_its_emoji(tmp_path: Path) -> None:
    path = packages(tmp_path) / "cldr-annotations-full/annotations/el/annotations.json"
    whole = json.loads(path.read_text())
    whole["annotations"]["annotations"]["\U0001f600"]["tts"] = ["grinning face"]
    path.write_text(json.dumps(whole))
    host = Host.load()
    report = quick(opening(host, host.spec("dataset", "emoji"), NoSettings(), root=tmp_path))
    (told,) = [str(fault) for fault in report.faults if '"grinning face"' in fault.what]
    assert told.startswith(f'{path}: 1f600: the el caption "grinning face" is')


def test_the_registry_s_packages_are_all_that_is_needed(server: Server, root: Path, tmp_path: Path) -> None:  # noqa: F811
    """Packed as npm packs them, served, fetched by their integrity, unpacked: nothing is missing then."""
    there = tmp_path / "data"
    wanted = []
    for one, name in zip(reader(there).downloads(), PACKAGES, strict=True):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            archive.add(root / name, "package")
            archive.addfile(tarfile.TarInfo("package/img/google/sheets/64.png"))
        address = one.url.removeprefix("https://registry.npmjs.org")
        assert address == f"/{name}/-/{name}-{PACKAGES[name][0]}.tgz"
        server.files[address] = buffer.getvalue()
        integrity = base64.b64encode(hashlib.sha512(buffer.getvalue()).digest()).decode()
        wanted.append(evolve(one, url=f"{server.url}{address}", digest=f"sha512-{integrity}"))
    assert fetch(there, wanted) == []
    assert reader(there).missing() == []
    assert not (there / "emoji-datasource-google/img/google/sheets").exists()
    assert {s: len(items) for s, items in splits(there).items()} == {s: len(i) for s, i in splits(root).items()}


def test_what_the_spec_declares() -> None:
    spec = Host.load().spec("dataset", "emoji")
    assert spec.protocol == "finetune-human"
    assert spec.target_langs == EMOJI[1:]
    assert len(set(EMOJI)) == 106
    tag = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
    assert all(tag.fullmatch(lang) for lang in EMOJI)
    assert {"ar", "fa", "he", "ur", "ps", "sd", "kk-Arab"} <= set(EMOJI)  # right to left
    (test_set,) = spec.test_sets
    assert test_set.images == test_set.captions
    assert max(test_set.images.values()) == test_set.images["en"] == 374
    assert {scripts for lang in ("or", "chr", "ti", "shn") for scripts in scripts_of(lang)} == {
        "ORIYA", "CHEROKEE", "ETHIOPIC", "MYANMAR",
    }  # fmt: skip


def test_show_writes_a_contact_sheet_of_all_languages(root: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    words = ["data", "show", "emoji", "--data-root", str(root), "-n", "2", "--sheet", str(sheet)]
    outcome = CliRunner().invoke(main, words)
    assert outcome.exit_code == 0, outcome.output
    assert "106" in outcome.output
    assert "kk-Arab" in outcome.output
    assert Image.open(sheet).size[1] > 2 * 106 * 20


def test_all_languages_are_tested_at_once(root: Path, tmp_path: Path) -> None:
    """`--langs all`: a row of the table for each of 105 languages, read from right to left or from left to right."""
    words = ["run", "--method", "zero-shot-clip", "--dataset", "emoji", "--data-root", str(root), "--langs", "all"]
    words += ["--encoder", "scenes", "--set", "recipe.encoder_epochs=0.5", "--accept", "size,language"]
    outcome = CliRunner().invoke(main, [*words, "--runs", str(tmp_path / "runs"), "--device", "cpu"])
    assert outcome.exit_code == 0, outcome.output
    (path,) = (tmp_path / "runs").rglob("result.json")
    scores = json.loads(path.read_text(encoding="utf-8"))
    assert "emoji-tones@" in json.dumps(scores)  # smaller than declared: another id
    assert all(re.search(rf"\b{lang}\b", outcome.output) for lang in EMOJI)
