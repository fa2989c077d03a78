"""How far a style of writing is from the captions that a run learnt from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ccr.pipeline.load import LoadedRun
from ccr.protocols import training_captions

GRAM = 3  # characters: they show word order, function words and endings in every script


def style_distances(run: LoadedRun, lang: str, styles: Sequence[str]) -> list[float]:
    """Of each style of the test captions, the distance of its trigrams to those of the training captions."""
    plan = run.plan
    corpus = plan.corpus if plan.protocol.trains_on == "corpus" and plan.corpus else plan.data
    _, allowed = training_captions(plan.protocol, plan.protocol_settings)
    learnt = grams(c.text for item in corpus.records("train") for c in item.captions if c.lang == lang and allowed(c))
    items, _ = run.encode_gallery("test")
    written = [c for item in items for c in item.captions if c.lang == lang]
    return [distance(grams(c.text for c in written if c.tags.get("style") == style), learnt) for style in styles]


def grams(texts: Iterable[str]) -> Counter[str]:
    """How often each run of three characters occurs, the ends of texts included."""
    found: Counter[str] = Counter()
    for text in texts:
        framed = f"\n{' '.join(text.split())}\n"
        found.update(framed[i : i + GRAM] for i in range(len(framed) - GRAM + 1))
    return found


def distance(one: Mapping[str, int], two: Mapping[str, int]) -> float:
    """Jensen-Shannon distance of two counts, from 0 (the same shares) to 1 (nothing in common)."""
    totals = sum(one.values()), sum(two.values())
    if not all(totals):
        return 1.0
    bits = 0.0
    for key in one.keys() | two.keys():
        p, q = one.get(key, 0) / totals[0], two.get(key, 0) / totals[1]
        middle = (p + q) / 2
        bits += sum(part * math.log2(part / middle) for part in (p, q) if part) / 2
    return math.sqrt(max(0.0, bits))
