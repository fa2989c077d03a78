"""Tables as a terminal shows them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ccr.results.table import Column, display_width, render, result_table


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("R@1", 3),
        ("日本語", 6),
        ("中a文", 5),
        ("e\u0301", 1),
        ("한국", 4),
        ("ｶﾅ", 2),
        ("עברית", 5),
        ("a\u200bb", 2),
    ],
)
def test_display_width(text, width):
    assert display_width(text) == width


def test_columns_align_whatever_the_script():
    text = render(
        [Column("method", "left"), Column("R@1"), Column("R@5")],
        [
            ["translate", "1.0", "10.0"],
            ["日本語の方法", "2.0", "5.5"],
            ["čeština", "100.0", "-"],
            ["עברית", "3.0", "4.0"],
        ],
    )
    lines = text.split("\n")
    assert lines[0] == "method          R@1   R@5"
    assert lines[2] == "translate       1.0  10.0"
    assert lines[3] == "日本語の方法    2.0   5.5"
    assert lines[4] == "čeština       100.0     -"
    assert {display_width(line) for line in lines} == {25}


def test_right_to_left_cells_are_isolated_so_that_numbers_keep_their_columns():
    line = render([Column("", "left"), Column("R@1")], [["שלום", "1.0"]]).split("\n")[-1]
    assert line == "\u2068שלום\u2069  1.0"


def test_control_characters_cannot_break_a_row():
    line = render([Column("", "left"), Column("R@1")], [["a\nb\x1b[31m\u2028", "1.0"]]).split("\n")[-1]
    assert line == "a b [31m   1.0"


def test_groups_stand_over_their_columns_and_make_room_for_long_titles():
    columns = [Column("", "left"), Column("R@1", group="text to image"), Column("R@5", group="text to image")]
    text = render([*columns, Column("AR"), Column("R@1", group="画像から文章へ")], [["de", "1", "2", "3", "4"], None])
    assert text.split("\n") == [
        "    text to image      画像から文章へ",
        "          R@1 R@5  AR             R@1",
        "-------------------------------------",
        "de          1   2   3               4",
        "-------------------------------------",
    ]


def test_a_row_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="2 cells, the table 1"):
        render([Column("a")], [["1", "2"]])


def test_a_table_without_rows_is_its_header():
    assert render([Column("a"), Column("bc")], []) == "a  bc\n-----"


def metric_row(metric: str, lang: str, direction: str | None, value: float, width: float = 0.0) -> dict[str, Any]:
    return {
        "metric": metric,
        "lang": lang,
        "direction": direction,
        "value": value,
        "low": value - width / 2,
        "high": value + width / 2,
        "queries": 500,
        "percent": not metric.startswith("Me"),
    }


def result(width: float = 0.0, langs: tuple[str, ...] = ("de", "zh")) -> dict[str, Any]:
    rows = []
    for i, lang in enumerate(("en", *langs)):
        for name, v in (("R@1", 0.4), ("R@5", 0.75), ("R@10", 1.0), ("MedR", 2.0), ("MeanR", 11.25)):
            for way, less in (("t2i", 0.0), ("i2t", 0.05)):
                found = v - less - 0.1 * i if v < 1 else v + i
                rows.append(metric_row(name, lang, way, min(found, 1.0) if name[0] == "R" else found))
        rows += [metric_row("AR", lang, None, 0.7 - 0.1 * i), metric_row("SumR", lang, None, 4.2 - 0.6 * i)]
    rows.append(metric_row("mAR", "*", None, 0.55))
    rows[2 * 5 + 2]["low"] -= width  # de, R@1, text to image
    return {
        "metrics": rows,
        "langs": {"source": "en", "targets": list(langs)},
        "method": "dasd",
        "dataset": "scenes",
        "test_set": "scenes-500",
        "protocol": "finetune",
        "protocol_id": "scenes-500/finetune",
        "seed": 0,
    }


def test_the_table_of_one_run():
    assert result_table(result()).split("\n") == [
        "dasd on scenes, seed 0",
        "protocol finetune, test set scenes-500: scenes-500/finetune",
        "",
        "           text to image               image to text",
        "      R@1  R@5  R@10 MedR MeanR   R@1  R@5  R@10 MedR MeanR    AR   SumR",
        "------------------------------------------------------------------------",
        "en*  40.0 75.0 100.0  2.0  11.2  35.0 70.0 100.0  2.0  11.2  70.0  420.0",
        "------------------------------------------------------------------------",
        "de   30.0 65.0 100.0  3.0  12.2  25.0 60.0 100.0  3.0  12.2  60.0  360.0",
        "zh   20.0 55.0 100.0  4.0  13.2  15.0 50.0 100.0  4.0  13.2  50.0  300.0",
        "------------------------------------------------------------------------",
        "mAR                                                          55.0",
        "* source language; mAR is over de, zh",
    ]


def test_ties_are_told_where_they_can_be_seen():
    assert "ties" not in result_table(result(width=0.0004))
    last = result_table(result(width=0.012)).split("\n")[-1]
    assert last.startswith("ties: ")
    assert last.endswith("the widest interval is 28.8 to 30.0 (R@1, de, text to image)")


def test_a_stranger_s_metric_gets_a_column_or_a_line_and_a_missing_value_a_dash():
    mine = result(langs=("ja",))
    mine["metrics"] += [metric_row("MeRR", "ja", "i2t", 0.5), metric_row("worst", "*", None, 0.125)]
    text = result_table(mine)
    lines = text.split("\n")
    assert "MeRR" in lines[4]
    assert next(line for line in lines if line.startswith("en*")).count(" - ") == 1
    assert lines[-1] == "worst: 12.5"


def test_it_needs_no_torch():
    code = "import sys, ccr.results.table; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
