"""`ccr compare` on run folders: what may stand together, what is told, what is refused, in every format."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner

from ccr.cli import main
from ccr.evaluation.ranks import Ranks
from ccr.evaluation.score import score
from ccr.files import digest_of
from ccr.host import Host
from ccr.results.published import FILE, published

IMAGES, LANGS = 60, ("en", "de", "zh")
SMALL = (
    "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu",
    "--set", "dataset.train=96", "--set", "dataset.val=32", "--set", "dataset.test=40",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.7",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=1",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip


@pytest.fixture(scope="module")
def metrics() -> list[Any]:
    host = Host.load()
    return [(spec, host.resolve(spec.factory)) for spec in host.specs("metric").values()]


def edit(record: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split("/")
    for key in parents:
        record = record[int(key) if isinstance(record, list) else key]
    record[int(last) if isinstance(record, list) else last] = value


Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, metrics: list[Any]) -> Make:
    """A finished run's folder: `skill` is how well it ranks, `changes` are paths into its records and their values."""

    def make(
        method: str = "dasd",
        seed: int = 0,
        skill: float = 0.0,
        settings: Mapping[str, Any] | None = None,
        identity: Mapping[str, Any] | None = None,
        result: Mapping[str, Any] | None = None,
        root: str = "runs",
        tied: bool = False,
        targets: tuple[str, ...] = LANGS[1:],
    ) -> Path:
        config: dict[str, Any] = {
            "identity": {
                "identity": 1,
                "method": [method, 1, dict(settings or {})],
                "data": [["scenes", 1, {}]],
                "content": {"scenes/train": "ab" * 32},
                "encoder": "e" * 64,
                "protocol": ["finetune", {}, "mt-val"],
                "recipe": {"batch_size": 32, "epochs": {"align": 2.0, "match": 1.0}},
                "langs": list(targets),
                "test_set": "scenes-v1",
                "tokens": "bpe",
                "translator": None,
                "seed": seed,
            }
        }
        for path, value in (identity or {}).items():
            edit(config["identity"], path, value)
        config["id"] = run_id = digest_of(config["identity"])[:12]
        folder = tmp_path / root / f"{method}-s{seed}-{run_id[:8]}"
        folder.mkdir(parents=True)
        ranks, queries = {}, {}
        ease = np.random.default_rng(0).normal(size=IMAGES)
        rng = np.random.default_rng([seed, *method.encode(), *json.dumps(settings or {}).encode()])
        shift = skill + rng.normal(0, 0.05)
        for i, lang in enumerate(LANGS):
            owner = np.repeat(np.arange(IMAGES), 2)
            for way, image in (("t2i", owner), ("i2t", np.arange(IMAGES))):
                hard = 1.5 + 0.2 * i - shift - ease[image] + rng.normal(0, 0.5, len(image))
                lo = torch.from_numpy(np.clip(np.exp(hard), 1, IMAGES).astype(np.int64))
                ranks[lang, way] = Ranks(lo, lo + 3 * tied, torch.ones_like(lo))
            ids = [f"{lang}-{n}" for n in range(len(owner))]
            names = [f"image {n}" for n in range(IMAGES)]
            queries[lang] = {"ids": ids, "texts": ids, "images": names, "owner": owner.tolist()}
        outcome: dict[str, Any] = {
            "id": run_id,
            "method": method,
            "dataset": "scenes",
            "protocol": "finetune",
            "recipe": "quick",
            "seed": seed,
            "encoder": {"name": "scenes", "fingerprint": "f" * 64},
            "langs": {"source": "en", "targets": list(targets)},
            "test_set": "scenes-v1",
            "protocol_id": "scenes-v1/finetune/mt-val/human",
            "test_content": "c" * 64,
            "metrics": score(ranks, metrics, targets),
            "parameters": {"trainable": 719_554, "frozen": 10},
            "seconds": {"training": 64.0, "total": 70.0},
            "peak_memory_mb": 1126.4,
        }
        for path, value in (result or {}).items():
            edit(outcome, path, value)
        starts = [{"code": {"ccr": "0"}, "device": "cpu", "precision": "fp32"}]
        records = (("config", config), ("result", outcome), ("queries", queries), ("provenance", {"starts": starts}))
        for name, record in records:
            (folder / f"{name}.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
        arrays = {f"{lang}/{way}/{n}": getattr(r, n) for (lang, way), r in ranks.items() for n in ("lo", "hi", "tied")}
        np.savez(folder / "ranks.npz", allow_pickle=False, **{name: a.numpy() for name, a in arrays.items()})
        return folder

    return make


def compare(*words: Any, code: int = 0) -> str:
    """The command's stdout, or its one sentence."""
    outcome = CliRunner().invoke(main, ["compare", *map(str, words)])
    assert outcome.exit_code == code, outcome.output
    if code:
        assert len(outcome.stderr.strip().split("\n")) == 1, outcome.stderr
        return outcome.stderr
    return outcome.stdout


def as_json(*words: Any) -> dict[str, Any]:
    return json.loads(compare(*words, "--format", "json"))


def cells(row: Mapping[str, Any]) -> dict[tuple[str, str, str | None], dict[str, Any]]:
    return {(cell["metric"], cell["lang"], cell["direction"]): cell for cell in row["values"]}


def three(make: Make, method: str, skill: float = 0.0, **given: Any) -> list[Path]:
    return [make(method, seed, skill, **given) for seed in range(3)]


# --- the table ------------------------------------------------------------------------------------------------------


def test_means_over_seeds_and_the_difference_to_the_baseline(make: Make) -> None:
    ours, theirs = three(make, "dasd", 1.0), three(make, "static-adapter")
    root = ours[0].parent
    text = compare(root, "--baseline", "static-adapter")
    lines = text.split("\n")
    assert lines[0] == "scenes: scenes-v1/finetune/mt-val/human, encoder scenes"
    body = [line for line in lines if line.startswith(("dasd", "static-adapter"))]
    assert body[0].startswith("static-adapter"), "the baseline stands first"
    results = [[json.loads((f / "result.json").read_text()) for f in folders] for folders in (ours, theirs)]
    mar = [[100 * row["value"] for r in rs for row in r["metrics"] if row["metric"] == "mAR"] for rs in results]
    assert f"{np.mean(mar[0]):.1f} ± {np.std(mar[0], ddof=1):.2f}" in body[1]
    assert f"+{np.mean(mar[0]) - np.mean(mar[1]):.1f} [" in body[1]
    assert "]*" in body[1]
    recalls = [row for r in results[0] for row in r["metrics"] if row["metric"] == "AR"]
    ar = [np.mean([100 * row["value"] for row in recalls if row["lang"] == lang]) for lang in LANGS]
    assert re.search(r"\s+".join(f"{x:.1f}" for x in ar), body[1])
    worst = min(zip(ar[1:], LANGS[1:], strict=True))
    assert f"{worst[1]} {worst[0]:.1f}" in body[1]
    assert f"{np.mean(ar[1:]) - ar[0]:+.1f}".replace("-", "−") in body[1]
    for cost in ("719.6 k", "64 s", "1.1 GB"):
        assert cost in body[1]
    caption = " ".join(text.split())
    assert (
        "Δ mAR is the difference to static-adapter, with its 95 % interval over images and seeds (60 images" in caption
    )
    assert "* differs at the 5 % level (one test)" in caption


def test_the_tests_are_corrected_over_the_rows_of_the_table(make: Make) -> None:
    three(make, "static-adapter")
    for method in ("dasd", "lora", "prefix"):
        root = three(make, method, 0.2)[0].parent
    (table,) = as_json(root, "--baseline", "static-adapter")["tables"]
    rows = table["rows"][1:]
    found = [cells(row)["mAR", "*", None]["difference"]["p"] for row in rows]
    order = np.argsort(found)
    expected = np.minimum(1, np.maximum.accumulate(np.array(found)[order] * [3, 2, 1]))
    assert [rows[i]["p_holm"] for i in order] == pytest.approx(expected.tolist())
    assert table["rows"][0]["p_holm"] is None
    assert "Holm's correction over 3 tests" in " ".join(compare(root, "--baseline", "static-adapter").split())


def test_single_cells_get_intervals_and_no_test(make: Make) -> None:
    root = (three(make, "dasd", 0.5) + three(make, "static-adapter"))[0].parent
    rows = list(csv.DictReader(io.StringIO(compare(root, "--baseline", "static-adapter", "--wide", "--format", "csv"))))
    ours = [row for row in rows if row["method"] == "dasd"]
    (tested,) = (row for row in ours if row["p"])
    assert (tested["metric"], tested["lang"]) == ("mAR", "*")
    (cell,) = (row for row in ours if (row["metric"], row["lang"], row["direction"]) == ("R@1", "zh", "i2t"))
    assert float(cell["ci_low"]) < float(cell["difference"]) < float(cell["ci_high"])
    # a median is no mean over queries: its value stands, without an interval that could not be believed
    (median,) = (row for row in ours if (row["metric"], row["lang"], row["direction"]) == ("MedR", "de", "t2i"))
    assert median["mean"]
    assert not median["ci_low"]
    text = compare(root, "--baseline", "static-adapter", "--wide")
    assert "R@1, image to text: difference to static-adapter" in text
    assert "MedR, text to image" in text
    assert "MedR, text to image: difference" not in text


def test_one_seed_says_what_it_cannot_conclude(make: Make) -> None:
    root = make("dasd", 0, 3.0).parent
    make("static-adapter")
    text = " ".join(compare(root, "--baseline", "static-adapter").split())
    assert "]°" in text
    assert "± " not in text
    assert "° not tested (1 seed; a test needs 3 of each). An interval over images says nothing of other seeds" in text


def test_the_best_of_three_seeds_is_no_win_and_the_others_are_told(make: Make) -> None:
    ours = three(make, "dasd", 1.0)
    theirs = three(make, "static-adapter")
    text = " ".join(compare(ours[1], *theirs, "--baseline", "static-adapter").split())
    assert "]°" in text
    assert "dasd: left out, though beside the runs that were given: seeds 0, 2." in text


def test_without_a_baseline_there_is_no_difference(make: Make) -> None:
    root = three(make, "dasd")[0].parent
    assert "Δ" not in compare(root)


def test_an_untrained_baseline_needs_one_run(make: Make) -> None:
    root = three(make, "dasd", 1.0)[0].parent
    make("zero-shot-clip", result={"parameters/trainable": 0})
    (row,) = [r for r in as_json(root, "--baseline", "zero-shot-clip")["tables"][0]["rows"] if r["method"] == "dasd"]
    assert row["p_holm"] < 0.05


def test_rows_name_what_differs(make: Make) -> None:
    root = make("dasd").parent
    make("dasd", settings={"dynamic": False, "rank": 16})
    make("dasd", identity={"recipe/epochs/align": 4.0})
    make("dasd", identity={"tokens": "d" * 64})
    make("lora")
    labels = [row["label"] for row in as_json(root, "--baseline", "dasd")["tables"][0]["rows"]]
    assert labels[0] == "dasd"
    assert sorted(labels[1:]) == [
        "dasd (dynamic: false, rank: 16)",
        "dasd (recipe.epochs.align: 4)",
        "dasd (tokens: dddddddddddd)",
        "lora",
    ]
    text = compare(root, "--baseline", "dasd (dynamic: false, rank: 16)")
    assert "dasd (recipe.epochs.align: 4)†" in text
    assert "dasd†" not in text


def test_a_baseline_by_id_and_one_that_is_ambiguous(make: Make) -> None:
    one = make("dasd", settings={"rank": 16})
    make("dasd", settings={"rank": 8})
    assert compare(one.parent, "--baseline", one.name)
    said = compare(one.parent, "--baseline", "dasd", code=2)
    assert "could be any of dasd (rank: 16); dasd (rank: 8)" in said or "dasd (rank: 8); dasd (rank: 16)" in said
    assert 'did you mean "dasd (rank: 16)"' in compare(one.parent, "--baseline", "dasd (rank: 17)", code=2)


@pytest.mark.parametrize(
    "other",
    [
        {"result": {"protocol_id": "scenes-v1/finetune-human/mt-val/human"}},
        {"result": {"test_content": "d" * 64}},
        {"result": {"dataset": "multi30k"}},
        {"identity": {"encoder": "d" * 64}},
        {"targets": ("de",)},
    ],
)
def test_what_was_not_tested_alike_gets_a_table_of_its_own(make: Make, other: dict[str, Any]) -> None:
    root = make("dasd").parent
    make("static-adapter", **other)
    tables = as_json(root, "--baseline", "dasd")["tables"]
    assert [len(table["rows"]) for table in tables] == [1, 1]
    text = compare(root, "--baseline", "dasd")
    titles = [line for line in text.split("\n") if ", encoder scenes" in line]
    assert len(titles) == 2
    assert len(set(titles)) == 2 or "targets" in other
    assert 'No row is "dasd" here' in text


def test_the_same_test_under_a_name_with_its_digest_is_the_same_test(make: Make) -> None:
    root = make("dasd").parent
    make("lora", result={"protocol_id": "scenes-v1@cccccc/finetune/mt-val/human"}, identity={"data/0/2": {"train": 40}})
    (table,) = as_json(root)["tables"]
    assert table["protocol_id"] == "scenes-v1/finetune/mt-val/human"
    assert "lora (dataset.train: 40)" in [row["label"] for row in table["rows"]]


def test_runs_that_name_one_test_and_were_asked_other_queries_are_refused(make: Make) -> None:
    one, two = make("dasd"), make("lora")
    queries = json.loads((two / "queries.json").read_text())
    queries["de"]["ids"][0] = "another"
    (two / "queries.json").write_text(json.dumps(queries))
    assert "were tested on different queries" in compare(one, two, code=2)


def test_other_code_and_other_machines_are_told(make: Make) -> None:
    one, two = make("dasd"), make("lora")
    starts = {"starts": [{"code": {"ccr": "1"}, "device": "cuda", "precision": "bf16"}]}
    (two / "provenance.json").write_text(json.dumps(starts))
    text = " ".join(compare(one, two).split())
    assert "The code of ccr changed between the runs of this table" in text
    assert "measured on different machines or settings: cpu, fp32; cuda, bf16" in text


def test_ties_are_told_with_the_expected_value(make: Make) -> None:
    folder = make("dasd", tied=True)
    row = as_json(folder)["tables"][0]["rows"][0]
    headline = cells(row)["mAR", "*", None]
    assert headline["low"] < headline["mean"] < headline["high"]
    note = f"ties leave mAR between {headline['low']:.1f} and {headline['high']:.1f}"
    assert note in " ".join(compare(folder).split())


def test_a_missing_cell_is_told_and_never_averaged_over(make: Make) -> None:
    folders = three(make, "dasd")
    path = folders[2] / "result.json"
    result = json.loads(path.read_text())
    result["metrics"] = [row for row in result["metrics"] if (row["metric"], row["lang"]) != ("AR", "zh")]
    path.write_text(json.dumps(result))
    text = compare(folders[0].parent)
    line = next(line for line in text.split("\n") if line.startswith("dasd"))
    assert line.split()[3] == "-"
    assert "not every seed has AR zh; no mean is taken over the others" in text
    assert re.search(r"± \d\.\d\d\s+-\s", line), "there is no worst language where one is missing"


def test_nan_is_shown_as_such_and_never_tested(make: Make) -> None:
    folders = three(make, "dasd", 2.0) + three(make, "lora")
    path = folders[1] / "result.json"
    result = json.loads(path.read_text())
    for row in result["metrics"]:
        if row["metric"] == "mAR":
            row["value"] = float("nan")
    path.write_text(json.dumps(result))
    text = compare(folders[0].parent, "--baseline", "lora")
    assert "NaN°" in text
    assert "not tested (a value is not a number)" in " ".join(text.split())
    assert "mAR * is not a number" in text
    json.loads(compare(folders[0].parent, "--baseline", "lora", "--format", "json"), parse_constant=pytest.fail)


def test_another_metric_by_language_and_another_headline(make: Make) -> None:
    root = (three(make, "dasd", 1.0) + three(make, "lora"))[0].parent
    text = compare(root, "--baseline", "lora", "--metric", "R@1")
    assert "R@1, text to image" in text
    (table,) = as_json(root, "--baseline", "lora", "--headline", "MeanR")["tables"]
    row = table["rows"][1]
    assert cells(row)["MeanR", "*", None]["difference"]["value"] < 0
    assert row["p_holm"] < 0.05
    assert "Less MeanR is better" in " ".join(compare(root, "--baseline", "lora", "--headline", "MeanR").split())
    assert "no mean over queries" in compare(root, "--headline", "MedR", code=2)
    assert 'did you mean "R@1"' in compare(root, "--metric", "R1", code=2)
    assert 'did you mean "mAR"' in compare(root, "--headline", "mARR", code=2)


def test_a_stranger_s_latency_gets_a_column(make: Make) -> None:
    folder = make("dasd", result={"latency_ms": 1.234})
    assert "1.23 ms" in compare(folder)
    assert "latency" not in compare(make("lora"))


# --- finding runs ---------------------------------------------------------------------------------------------------


def unfinished(folder: Path) -> Path:
    (folder / "result.json").unlink()
    return folder


def test_unfinished_runs_below_a_folder_are_told(make: Make) -> None:
    three(make, "dasd")
    left = unfinished(make("lora"))
    outcome = CliRunner().invoke(main, ["compare", str(left.parent)])
    assert outcome.exit_code == 0
    assert f"{left} is not finished, and in no table" in outcome.stderr
    assert as_json(left.parent)["unfinished"] == [str(left)]


def test_an_unfinished_run_by_name_is_refused(make: Make) -> None:
    left = unfinished(make("lora"))
    assert "is not finished" in compare(left, code=2)
    assert "is finished (1 unfinished)" in compare(left.parent, code=2)


def test_folders_that_hold_no_run(tmp_path: Path) -> None:
    assert "holds no run folder" in compare(tmp_path, code=2)
    assert "is no folder" in compare(tmp_path / "nowhere", code=2)


def damage(folder: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", ["config.json", "result.json", "provenance.json", "queries.json", "ranks.npz"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"{}", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_named_in_one_sentence(make: Make, name: str, content: bytes | None) -> None:
    make("lora")
    folder = make("dasd")
    damage(folder, name, content)
    if content is None and name in ("config.json", "result.json"):
        return  # then it is no run, or no finished one
    said = compare(folder.parent, "--baseline", "lora", code=2)
    assert str(folder / name) in said
    assert content is None or "--fresh" in said


def test_ranks_that_do_not_give_the_result_are_refused(make: Make) -> None:
    make("lora")
    folder = make("dasd")
    with np.load(folder / "ranks.npz") as arrays:
        other = {name: array + 3 if name.endswith(("lo", "hi")) else array for name, array in arrays.items()}
    np.savez(folder / "ranks.npz", **other)
    assert "the folder is damaged, or the metric has changed" in compare(folder.parent, "--baseline", "lora", code=2)


def test_a_copy_of_a_run_counts_once_and_a_copy_with_other_numbers_is_refused(make: Make, tmp_path: Path) -> None:
    folder = make("dasd")
    copied = tmp_path / "copy" / folder.name
    shutil.copytree(folder, copied)
    assert as_json(folder, copied)["tables"][0]["rows"][0]["seeds"] == [0]
    result = json.loads((copied / "result.json").read_text())
    edit(result["metrics"][0], "value", 0.5)
    (copied / "result.json").write_text(json.dumps(result))
    assert "are one run with different numbers" in compare(folder, copied, code=2)


# --- formats --------------------------------------------------------------------------------------------------------

NASTY = {"name": "日本語_100% {x} \\y #1 & $z$ ~^ é ł שלום <b> |c| *d* `e`"}


@pytest.fixture
def nasty(make: Make) -> Path:
    three(make, "lora")
    return three(make, "dasd", 1.0, settings=NASTY)[0].parent


def test_markdown_is_one_table_with_everything_escaped(nasty: Path) -> None:
    text = compare(nasty, "--baseline", "lora", "--format", "markdown")
    lines = [line for line in text.split("\n") if line.startswith("| ")]
    assert len(lines) == 4
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {len(re.findall(r"\|", lines[0]))}
    assert r"\<b\> \|c\| \*d\* \`e\`" in lines[3]
    assert "日本語" in lines[3]
    assert "שלום" in lines[3]


def test_latex_is_balanced_and_escaped(nasty: Path) -> None:
    text = compare(nasty, "--baseline", "lora", "--format", "latex", "--wide")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") > 3
    for word in (r"\toprule", r"\midrule", r"\bottomrule", r"\usepackage{booktabs"):
        assert word in text
    bare = re.sub(r"\\[\\{}]", "", text)
    assert bare.count("{") == bare.count("}")
    tabular = text.split(r"\toprule")[1].split(r"\bottomrule")[0].split("\n")
    rows = [line for line in tabular if line.endswith(r"\\")]
    widths = {
        sum(int(w) - 1 for w in re.findall(r"\\multicolumn\{(\d+)\}", row)) + len(re.findall(r"(?<!\\)&", row))
        for row in rows
    }
    assert len(widths) == 1
    assert r"日本語\_100\% \{x\} \textbackslash{}y \#1 \& \$z\$ \textasciitilde{}\textasciicircum{}" in text


def test_latex_compiles_as_it_is(nasty: Path, tmp_path: Path) -> None:
    found = next((name for name in ("pdflatex", "tectonic", "xelatex", "lualatex") if shutil.which(name)), None)
    if found is None:
        pytest.skip("no pdflatex, tectonic, xelatex or lualatex on this machine")
    path = tmp_path / "table.tex"
    compare(nasty, "--baseline", "lora", "--wide", "-o", path)
    flags = [] if found == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
    environment = {**os.environ, "TEXMFVAR": str(tmp_path / "texmf")}
    done = subprocess.run([found, *flags, path.name], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert path.with_suffix(".pdf").stat().st_size > 10_000


def test_the_format_follows_from_the_ending(nasty: Path, tmp_path: Path) -> None:
    for ending, start in (
        (".md", "**"),
        (".tex", "\\documentclass"),
        (".csv", "kind,"),
        (".json", "{"),
        (".txt", "sc"),
    ):
        compare(nasty, "-o", tmp_path / f"table{ending}")
        assert (tmp_path / f"table{ending}").read_text(encoding="utf-8").startswith(start)
    assert "is no folder" in compare(nasty, "-o", tmp_path / "none" / "table.md", code=2)


def test_csv_and_json_hold_the_same_numbers(nasty: Path) -> None:
    (table,) = as_json(nasty, "--baseline", "lora")["tables"]
    rows = list(csv.DictReader(io.StringIO(compare(nasty, "--baseline", "lora", "--format", "csv"))))
    by_place = {(r["row"], r["metric"], r["lang"], r["direction"] or None): r for r in rows}
    for row in table["rows"]:
        for place, cell in cells(row).items():
            line = by_place[(row["label"], *place)]
            assert float(line["mean"]) == cell["mean"]
            if found := cell.get("difference"):
                assert float(line["difference"]) == found["value"]
        assert float(by_place[row["label"], "seconds", "", None]["mean"]) == 64.0


def test_the_command_answers_help_without_torch() -> None:
    code = "import sys; from ccr.cli.compare import compare; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- published results ----------------------------------------------------------------------------------------------


def test_published_results_stand_beside_and_are_never_tested(make: Make) -> None:
    on = {"result": {"dataset": "multi30k", "protocol_id": "multi30k-task2-5cap/finetune/mt-val/human"}}
    root = (three(make, "dasd", 1.0, **on) + three(make, "lora", **on))[0].parent
    text = compare(root, "--baseline", "lora", "--published")
    assert text.count("Published results on multi30k") == 1
    assert "MLA ‡1" in text
    assert "NRCCR" in text
    block = text[text.index("Published results") :]
    assert "never tested against ours" in block
    assert "84.3 78.7" in block
    assert "*" not in block.replace("en*", "")
    names = compare(root, "--published", "NRCCR,M3P")
    assert "MLA" not in names
    assert "NRCCR" in names
    record = as_json(root, "--published", "NRCCR")
    assert {r["method"] for r in record["published"]} == {"NRCCR"}
    assert compare("--published", root) == compare(root, "--published")
    assert 'did you mean "NRCCR"' in compare(root, "--published", "NRCR", code=2)
    lines = list(csv.DictReader(io.StringIO(compare(root, "--published", "MLA", "--format", "csv"))))
    assert all(not line["p"] for line in lines if line["kind"] == "published")
    assert any(line["source"].startswith("authors") for line in lines)


def test_published_results_of_other_datasets_are_not_shown(make: Make) -> None:
    outcome = CliRunner().invoke(main, ["compare", str(make("dasd")), "--published"])
    assert outcome.exit_code == 0
    assert "Published" not in outcome.stdout
    assert "no published result that was asked for is on scenes" in outcome.stderr


def test_the_shipped_results_are_sound() -> None:
    results = published()
    assert len(results) == len(yaml.safe_load(FILE.read_text(encoding="utf-8"))["results"]) > 20
    for result in results:
        for metric, figures in result.values.items():
            assert re.fullmatch(r"AR|R@(1|5|10) (t2i|i2t)", metric)
            assert all(0 < figure < 100 for figure in figures.values())
        recalls = [m for m in result.values if m.startswith("R@")]
        if len(recalls) == 6:
            for lang, ar in result.values["AR"].items():
                mean = np.mean([result.values[m][lang] for m in recalls])
                assert mean == pytest.approx(ar, abs=0.06), (result.method, lang)


# --- a real pair ----------------------------------------------------------------------------------------------------


def test_two_runs_of_ccr_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for method in ("dasd", "static-adapter"):
        done = CliRunner().invoke(main, ["run", "--method", method, *SMALL])
        assert done.exit_code == 0, done.output
    text = compare("runs", "--baseline", "static-adapter")
    rows = [line for line in text.split("\n") if re.match(r"(dasd|static-adapter)\s", line)]
    assert len(rows) == 2
    for folder, line in zip(sorted(Path("runs").glob("*/[ds]*-s0-*"), reverse=True), rows, strict=True):
        result = json.loads((folder / "result.json").read_text())
        (headline,) = (row for row in result["metrics"] if row["metric"] == "mAR")
        assert f" {100 * headline['value']:.1f} " in line
    assert "]°" in rows[1]
    (table,) = as_json("runs", "--baseline", "static-adapter")["tables"]
    assert table["images"] == 40
    assert table["targets"] == ["de", "zh"]
