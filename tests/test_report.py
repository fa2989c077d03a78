"""`ccr report`: what the page holds, that nothing in it is markup by accident, and that it needs no network."""

from __future__ import annotations

import functools
import io
import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from PIL import Image

from ccr.cli import main
from ccr.errors import CcrError
from ccr.results.report.page import Chapter, Section, embedded, page
from ccr.results.report.pictures import LARGEST, thumbnail
from ccr.results.report.recall import recall_curve

SMALL = (
    "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu",
    "--set", "dataset.train=96", "--set", "dataset.val=32", "--set", "dataset.test=40",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.7",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=1",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip
NASTY = "</script><script>alert(\"x\")</script> <b>&amp; 'quoted' <!-- \u2028"
RTL = "كلب في الثلج"
CJK = "雪地里的狗と丸い石"


@functools.cache
def made(cwd: Path) -> Path:
    """Three rows: a trained method over two seeds, another over one, and one that trains nothing."""
    before = Path.cwd()
    os.chdir(cwd)
    try:
        for words in (["dasd", "--seeds", "0,1"], ["static-adapter"], ["zero-shot-clip"]):
            outcome = CliRunner().invoke(main, ["run", "--method", *words, *SMALL])
            assert outcome.exit_code == 0, outcome.output
    finally:
        os.chdir(before)
    return cwd / "runs"


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd = tmp_path_factory.getbasetemp() / "report-runs"  # one for all files of tests that import this
    cwd.mkdir(exist_ok=True)
    return made(cwd)


def report(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


def written(runs: Path, to: Path, *words: str) -> str:
    outcome = report(runs, "-o", to / "report.html", *words)
    assert outcome.exit_code == 0, outcome.output
    return (to / "report.html").read_text(encoding="utf-8")


class Parsed(HTMLParser):
    """Elements, their attributes and the text of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        (self.scripts if self.elements and self.elements[-1][0] == "script" else self.words).append(data)

    @property
    def data(self) -> dict[str, Any]:
        (at,) = [i for i, text in enumerate(self.scripts) if text.startswith("{")]
        return json.loads(self.scripts[at])


def section(html: str, kind: str) -> Any:
    (found,) = [s["data"] for s in Parsed(html).data["sections"] if s["kind"] == kind]
    return found


@pytest.fixture(scope="module")
def html(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(runs, tmp_path_factory.mktemp("page"), "--baseline", "static-adapter")


def test_it_needs_no_network(html: str) -> None:
    parsed = Parsed(html)
    for tag, attrs in parsed.elements:
        for name in ("src", "href", "data", "poster", "action", "srcset"):
            address = attrs.get(name)
            assert address is None or address.startswith(("#", "data:")), (tag, address)
    assert not re.search(r"@import|url\(|\bfetch\(|XMLHttpRequest|\bimport\(", html)
    policy = next(attrs["content"] for tag, attrs in parsed.elements if attrs.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none';")


def test_the_table_is_the_one_of_compare(html: str, runs: Path) -> None:
    compared = CliRunner().invoke(main, ["compare", str(runs), "--baseline", "static-adapter"]).stdout
    shown = " ".join(Parsed(html).words)
    for line in compared.splitlines():
        cells = [cell for cell in re.split(r"\s{2,}", line.strip()) if re.fullmatch(r"−?\+?\d+\.\d( ± \d\.\d+)?", cell)]
        assert all(cell in shown for cell in cells)
    flat = " ".join(compared.split())
    notes = flat[flat.index("Means over seeds") :].split(". ")
    assert len(notes) > 2
    assert all(note.rstrip(".") in " ".join(shown.split()) for note in notes)


def test_intervals_stand_around_the_means_of_the_results(html: str, runs: Path) -> None:
    data = section(html, "languages")
    assert data["langs"] == ["en", "de", "zh"]
    results = [json.loads(path.read_text()) for path in sorted(runs.glob("*/dasd-*/result.json"))]
    labels = Parsed(html).data["chapters"][0]["labels"]
    shown = {metric["title"]: metric["cells"][labels.index("dasd")] for metric in data["metrics"]}
    assert next(iter(shown)) == "AR"
    for title, metric, way in (("AR", "AR", None), ("R@5, image to text", "R@5", "i2t")):
        for lang, (mean, low, high) in zip(data["langs"], shown[title], strict=True):
            values = [
                row["value"] * 100
                for result in results
                for row in result["metrics"]
                if (row["metric"], row["lang"], row["direction"]) == (metric, lang, way)
            ]
            assert mean == pytest.approx(np.mean(values))
            assert low < mean < high
    assert all(low is None for _, low, _ in shown["MedR, text to image"]), "a median gets no interval"


def test_recall_against_k_meets_the_metrics(html: str, runs: Path) -> None:
    data = section(html, "recall")
    (path,) = runs.glob("*/static-adapter-*/result.json")
    for row in json.loads(path.read_text())["metrics"]:
        if row["metric"].startswith("R@"):
            at = data["ks"].index(int(row["metric"][2:]))
            curve = data["rows"][0][f"{row['lang']}/{row['direction']}"]
            assert curve[at] == pytest.approx(100 * row["value"], abs=0.006)
            assert curve == sorted(curve)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 12))
def test_recall_under_ties_is_that_of_all_orders(lo: int, tied: int, wrong: int, k: int) -> None:
    """`tied` right ones among `tied + wrong` level answers, from place `lo` on: every order of them, counted."""
    from itertools import combinations

    n = tied + wrong
    orders = list(combinations(range(n), tied))
    hits = sum(lo + min(order) <= k for order in orders) / len(orders)
    ranks = (np.array([lo]), np.array([lo + wrong]), np.array([tied]))
    assert recall_curve(*ranks, [k])[0] == pytest.approx(hits)


def test_curves_hold_every_seed_and_phase(html: str) -> None:
    data = section(html, "curves")
    labels = Parsed(html).data["chapters"][0]["labels"]
    assert data["phases"] == ["align", "match"]
    assert data["terms"][0] == "validation"
    assert "infonce" in data["terms"]
    assert not any(term.startswith("lr/") for term in data["terms"])
    of_dasd = data["rows"][labels.index("dasd")]
    assert [run["seed"] for run in of_dasd] == [0, 1]
    for run in of_dasd:
        steps = [step for step, _ in run["series"]["align"]["mse"]]
        assert steps == sorted(steps)
        assert all(0 <= value <= 100 for _, value in run["series"]["match"]["validation"])


def test_every_query_has_its_rank_under_every_row(html: str, runs: Path) -> None:
    data = section(html, "queries")
    labels = data["labels"]
    folders = {label: sorted(runs.glob(f"*/{label}-s*")) for label in labels}
    asked = json.loads((folders["dasd"][0] / "queries.json").read_text())
    for lang, found in data["langs"].items():
        assert found["texts"] == asked[lang]["texts"]
        for label, ranks in zip(labels, found["ranks"], strict=True):
            of_runs = []
            for folder in folders[label]:
                arrays = np.load(folder / "ranks.npz", allow_pickle=False)
                of_runs.append((arrays[f"{lang}/t2i/lo"] + arrays[f"{lang}/t2i/hi"]) / 2)
            assert ranks == pytest.approx(np.median(of_runs, axis=0))
    english = dict(zip(asked["en"]["ids"], asked["en"]["texts"], strict=True))
    for parallel, text in zip(asked["zh"]["parallel"], data["langs"]["zh"]["english"], strict=True):
        assert text == english[parallel]


def test_top_lists_stand_where_their_ranks_say(html: str) -> None:
    data = section(html, "queries")
    assert data["tops"]
    for key, rows in data["tops"].items():
        lang, i = key.split(":")
        right = data["langs"][lang]["owner"][int(i)]
        for run, rank, places in rows:
            assert run < 2
            assert len(places) == 5
            if rank == int(rank):
                assert places.index(right) == rank - 1 if rank <= 5 else right not in places
            assert all(data["langs"][lang]["images"][place] in data["thumbs"] for place in places)


def test_what_divides_the_pair_most_has_pictures(html: str) -> None:
    data = section(html, "queries")
    a, b = data["pair"]
    assert data["labels"][b] == "static-adapter"
    for lang, found in data["langs"].items():
        contrast = np.log(found["ranks"][b]) - np.log(found["ranks"][a])
        if contrast.max() > 0:
            assert f"{lang}:{int(contrast.argmax())}" in data["tops"]
        if contrast.min() < 0:
            assert f"{lang}:{int(contrast.argmin())}" in data["tops"]


def test_pictures_are_bounded(runs: Path, tmp_path: Path) -> None:
    assert 0 < len(section(written(runs, tmp_path, "--pictures", "12"), "queries")["thumbs"]) <= 12
    none = section(written(runs, tmp_path, "--pictures", "0"), "queries")
    assert (none["thumbs"], none["tops"]) == ({}, {})


def test_thumbnails_are_small_whatever_comes() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (900, 1400, 4), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise, "RGBA").save(out, "PNG")
    uri = thumbnail(out.getvalue())
    assert uri.startswith("data:image/webp;base64,")
    assert len(uri) < 1.4 * LARGEST
    with pytest.raises(CcrError, match="cannot be decoded"):
        thumbnail(b"no picture")


def nasty(runs: Path, tmp_path: Path) -> Path:
    """The runs with captions that hold markup, right-to-left text, and characters without spaces."""
    shutil.copytree(runs, tmp_path / "runs")
    for path in (tmp_path / "runs").glob("*/*/queries.json"):
        asked = json.loads(path.read_text(encoding="utf-8"))
        asked["de"]["texts"][:3], asked["en"]["texts"][0] = [NASTY, RTL, CJK], NASTY
        path.write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8")
    return tmp_path / "runs"


def test_captions_are_never_markup(runs: Path, tmp_path: Path) -> None:
    html = written(nasty(runs, tmp_path), tmp_path, "--title", NASTY)
    data = section(html, "queries")
    assert data["langs"]["de"]["texts"][:3] == [NASTY, RTL, CJK]
    assert "alert(" in html
    assert '<script>alert("x")' not in html
    parsed = Parsed(html)
    assert [tag for tag, _ in parsed.elements].count("script") == 3
    assert not any(tag == "b" for tag, _ in parsed.elements)
    note = " ".join(parsed.words)
    assert "No pictures: scenes has other test captions" in note


@given(st.text())
def test_embedded_json_comes_back_and_closes_nothing(text: str) -> None:
    for value in (text, f"{text}</script>{text}<!--", {text: [text, float("nan")]}):
        shown = embedded(value)
        assert "<" not in shown
        assert ">" not in shown
        expected = {text: [text, None]} if isinstance(value, dict) else value
        assert json.loads(shown) == expected


def test_text_that_looks_like_a_place_of_the_template_stays_text() -> None:
    html = page("%%DATA%%", "%%SCRIPT%%", [Chapter(title="%%NAV%%", sections=[Section(title="a")])], [], ["base.css"])
    assert html.count("%%DATA%%") == 2
    assert "<p>%%SCRIPT%%</p>" in html


def test_runs_without_top_lists_say_so(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "runs")
    for path in (tmp_path / "runs").glob("*/*/ranks.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            kept = {name: arrays[name] for name in arrays if not name.endswith("/top")}
        np.savez(path, **kept)
    html = written(tmp_path / "runs", tmp_path)
    assert "run them again with --fresh" in html
    assert all(places is None for rows in section(html, "queries")["tops"].values() for _, _, places in rows)


def test_a_single_run_has_a_page(runs: Path, tmp_path: Path) -> None:
    (folder,) = runs.glob("*/static-adapter-*")
    html = written(folder, tmp_path)
    kinds = [s["kind"] for s in Parsed(html).data["sections"]]
    assert kinds == ["languages", "recall", "curves", "queries"]
    assert section(html, "queries")["pair"] == [0]


def test_unlike_runs_get_chapters_of_their_own(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "runs")
    (folder,) = (tmp_path / "runs").glob("*/static-adapter-*")
    result = json.loads((folder / "result.json").read_text())
    result["protocol_id"] = result["protocol_id"].replace("mt-val", "human-val")
    (folder / "result.json").write_text(json.dumps(result))
    parsed = Parsed(written(tmp_path / "runs", tmp_path))
    assert [len(chapter["labels"]) for chapter in parsed.data["chapters"]] == [2, 1]
    ids = [attrs["id"] for _, attrs in parsed.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "which RUNS?"),
        (["{tmp}/none"], "is no folder"),
        (["{runs}", "--baseline", "dsad"], 'no row is "dsad" (did you mean "dasd"?)'),
        (["{runs}", "-o", "{tmp}/none/x.html"], "is no folder; make it first"),
        (["{runs}", "--pictures", "-1"], "--pictures"),
    ],
)
def test_a_mistake_is_one_sentence(runs: Path, tmp_path: Path, words: list[str], sentence: str) -> None:
    outcome = report(*(word.format(runs=runs, tmp=tmp_path) for word in words))
    assert outcome.exit_code == 2
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert not list(tmp_path.glob("*.html"))
