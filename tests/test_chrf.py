"""chrF by hand, by a slow count, and its laws."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccr.errors import CcrError
from ccr.translation.chrf import chrf
from ccr.translation.noise import spoil

SENTENCES = st.lists(st.text("ab cé圆", min_size=1, max_size=12), min_size=1, max_size=4)


def test_by_hand() -> None:
    # "abc" against "abd": 2 of 3 letters, 1 of 2 pairs, 0 of 1 triple, on both sides
    assert chrf(["abc"], ["abd"]) == pytest.approx(100 * (2 / 3 + 1 / 2) / 3)
    # "ab" against "abcd": precision 1 and 1; recall 1/2 and 1/3
    recall = (1 / 2 + 1 / 3) / 2
    assert chrf(["ab"], ["a b c d"]) == pytest.approx(100 * 5 * recall / (4 + recall))
    assert chrf(["红色的圆"], ["红色的圆"]) == pytest.approx(100)
    assert chrf(["xyz"], ["abc"]) == 0
    assert chrf([" "], ["abc"]) == 0


@given(SENTENCES, st.randoms())
def test_against_a_slow_count(references: list[str], rng: object) -> None:
    translations = references[::-1]

    def grams(texts: list[str], n: int) -> list[list[str]]:
        plain = [text.replace(" ", "") for text in texts]
        return [[text[i : i + n] for i in range(len(text) - n + 1)] for text in plain]

    precisions, recalls = [], []
    for n in range(1, 7):
        ours, theirs = grams(translations, n), grams(references, n)
        total, wanted = sum(map(len, ours)), sum(map(len, theirs))
        if not total or not wanted:
            continue
        found = 0
        for mine, other in zip(ours, theirs, strict=True):
            left = list(other)
            for gram in mine:
                if gram in left:
                    left.remove(gram)
                    found += 1
        precisions.append(found / total)
        recalls.append(found / wanted)
    p, r = (sum(x) / len(x) if x else 0.0 for x in (precisions, recalls))
    expected = 500 * p * r / (4 * p + r) if p + r else 0.0
    assert chrf(translations, references) == pytest.approx(expected)


def test_it_falls_with_noise() -> None:
    texts = [f"ein roter Kreis liegt links von {i} blauen Sternen im Schnee" for i in range(50)]
    scores = [chrf([spoil(text, "de", level) for text in texts], texts) for level in (0.0, 0.1, 0.3, 0.5)]
    assert scores[0] == pytest.approx(100)
    assert all(a > b for a, b in pairwise(scores))


def test_what_has_no_score() -> None:
    for pair in (([], []), (["a"], ["a", "b"])):
        with pytest.raises(CcrError, match="a reference per translation"):
            chrf(*pair)
