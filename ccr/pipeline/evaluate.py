"""Testing a trained method: the only place where the sealed split is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ccr.base import Method
from ccr.data.batches import TextRows
from ccr.data.records import content_digest
from ccr.data.views import Queries, queries
from ccr.errors import CcrError
from ccr.evaluation.encode import WARMUPS, query_seconds, sides
from ccr.evaluation.folds import ranked, score_folds
from ccr.evaluation.interval import image_interval
from ccr.evaluation.ranks import Ranks
from ccr.evaluation.score import SELECTS
from ccr.features.extract import Features
from ccr.metric import RankMetric
from ccr.pipeline.device import Compute
from ccr.pipeline.plan import Plan
from ccr.pipeline.prepare import Prepared
from ccr.pipeline.sound import another_test_set
from ccr.pipeline.tested import test_items
from ccr.protocols import protocol_id
from ccr.results.run import Run
from ccr.specs import Item, MetricSpec
from ccr.training.loop import weights_digest

TIMED = 20  # queries whose latency is taken


def evaluate(
    plan: Plan,
    prepared: Prepared,
    method: Method,
    machine: Compute,
    run: Run,
    metrics: Sequence[tuple[MetricSpec, type[RankMetric]]],
) -> dict[str, Any]:
    """Test a trained method; writes ranks.npz and queries.json, returns the part of the result that was measured.

    Test records are loaded here, after training; no training object has seen them.
    """
    items, digests = test_items(plan, prepared)
    source = [plan.source_lang] if plan.source_lang in plan.test_set.langs else []
    langs = (*source, *plan.langs)
    asked = {lang: queries(items, lang, lambda c: True, "any", plan.test_set.id) for lang in langs}
    features = prepared.images(plan.data, items, f"image features, {plan.test_set.id}")
    given: dict[str, Tensor] = {}
    if source and not method.encodes_source:
        read = prepared.source_texts(asked[plan.source_lang].texts, f"{plan.source_lang} queries")
        given[plan.source_lang] = on_device(read, machine)
    texts = {lang: text_rows(method, lang, q.texts) for lang, q in asked.items() if lang not in given}
    folds = {lang: count for lang, count in plan.test_set.folds.items() if lang in asked and count > 1}
    before = weights_digest(method.state_dict())
    images = on_device(features, machine)
    ranks: dict[tuple[str, str], Ranks] = {}
    best: dict[str, Tensor] = {}
    for lang, side in sides(method, asked, texts, given, images, machine.device, machine.bf16):
        ranks[lang, "t2i"], ranks[lang, "i2t"], best[lang] = ranked(side, folds.get(lang, 1))
    latency = _latency(plan, method, machine, asked[plan.langs[0]].texts)
    if weights_digest(method.state_dict()) != before:
        raise CcrError(f"method {plan.method.name} changed its weights during evaluation; its test scores mean nothing")
    run.write_arrays(
        "ranks.npz", _rank_arrays(ranks) | {f"{lang}/t2i/top": rows.numpy() for lang, rows in best.items()}
    )
    parallel = {c.id: c.parallel for item in items for c in item.captions}
    run.write(
        "queries.json",
        {
            lang: {
                "ids": q.ids,
                "texts": q.texts,
                "parallel": [parallel[name] for name in q.ids],
                "images": [items[i].id for i in q.gallery],
                "owner": q.owner.tolist(),
            }
            for lang, q in asked.items()
        },
    )
    content = content_digest(items, digests)
    own = another_test_set(plan.config, plan.data, plan.test_set.id)
    test_set = f"{plan.test_set.id}@{content[:6]}" if own else plan.test_set.id
    origins = {origin for lang in plan.langs for origin in asked[lang].origins}
    return {
        "test_set": plan.test_set.id,
        "protocol_id": protocol_id(test_set, plan.protocol, plan.protocol_settings, plan.select, origins),
        "metrics": score_folds(ranks, {lang: q.owner for lang, q in asked.items()}, folds, metrics, plan.langs),
        "interval": _interval(plan, ranks, asked, items),
        "gallery": {lang: len(q.gallery) for lang, q in asked.items()},
        **({"folds": folds} if folds else {}),
        "queries": {lang: len(q.ids) for lang, q in asked.items()},
        "test_content": content,
        "latency_ms": latency,
    }


def _latency(plan: Plan, method: Method, machine: Compute, texts: Sequence[str]) -> float:
    """Milliseconds for one query of the first target language, tokenised, translated and encoded anew."""
    with plan.translator.cold() if plan.translator else nullcontext():
        asked = texts[: WARMUPS + TIMED]
        return round(1000 * query_seconds(method, plan.langs[0], asked, machine.device, machine.bf16), 3)


def _interval(
    plan: Plan, ranks: Mapping[tuple[str, str], Ranks], asked: Mapping[str, Queries], items: Sequence[Item]
) -> dict[str, Any]:
    spec = plan.host.spec("metric", SELECTS)
    images: dict[tuple[str, str], list[str]] = {}
    for lang in plan.langs:
        gallery = [items[i].id for i in asked[lang].gallery]
        images[lang, "t2i"], images[lang, "i2t"] = [gallery[i] for i in asked[lang].owner], gallery
    low, high, count = image_interval(plan.host.resolve(spec.factory)(**spec.arguments), ranks, images, plan.langs)
    return {"metric": SELECTS, "low": low, "high": high, "images": count}


def _rank_arrays(ranks: Mapping[tuple[str, str], Ranks]) -> dict[str, np.ndarray]:
    return {
        f"{lang}/{direction}/{name}": getattr(found, name).cpu().numpy()
        for (lang, direction), found in ranks.items()
        for name in ("lo", "hi", "tied")
    }


def text_rows(method: Method, lang: str, texts: Sequence[str]) -> TextRows:
    """Texts of one language in the tokens of a method."""
    return TextRows(lang, texts, method.tokens, method.context_length)


def on_device(features: Features, machine: Compute) -> Tensor:
    """A packed table as (N, D) fp32 on the device."""
    return torch.from_numpy(np.array(features.table)).to(machine.device)
