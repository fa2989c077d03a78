"""Encoding with a trained method, and ranking what it encoded."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext

import numpy as np
import torch
from attrs import frozen
from torch import Tensor

from ccr.base import Method
from ccr.data.batches import TextRows
from ccr.data.views import Queries
from ccr.evaluation.ranks import Ranks, both_directions
from ccr.specs import TextBatch
from ccr.world import world

BATCH = 256
WARMUPS = 3  # queries that are asked before any is timed


@torch.no_grad()
def encode_texts(method: Method, texts: TextRows, device: torch.device, bf16: bool = False) -> Tensor:
    """(n, D) fp32 features of a language's texts, in their order; computed by length, so that little is padded.

    Several processes share the batches and each gets all features, so that the ranks are the same on all of them.
    """
    by_length = np.argsort(texts.lengths, kind="stable")

    def encoded(rows: np.ndarray) -> Tensor:
        return _features(method, texts.take(rows), device, bf16)

    batches = [by_length[start : start + BATCH] for start in range(0, len(texts), BATCH)]
    back = torch.from_numpy(np.argsort(by_length)).to(device)
    return world().joined(batches, encoded, device)[back]


@torch.no_grad()
def query_seconds(method: Method, lang: str, texts: Sequence[str], device: torch.device, bf16: bool = False) -> float:
    """Seconds from the characters of one query to its feature on the CPU: the median of the queries after the first
    `WARMUPS`, one at a time, on this process alone."""
    seconds = []
    for text in texts:
        start = time.perf_counter()
        rows = TextRows(lang, [text], method.tokens, method.context_length)
        _features(method, rows.take(np.zeros(1, np.int64)), device, bf16).cpu()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[WARMUPS:] or seconds)


def _features(method: Method, batch: TextBatch, device: torch.device, bf16: bool) -> Tensor:
    """(B, D) fp32 features of a batch, on the device."""
    with torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext():
        out = method(TextBatch(batch.lang, batch.texts, batch.ids.to(device), batch.lengths.to(device)))
    return out["text"].float()


@frozen(eq=False)
class Sides:
    """The two sides of one language that are compared, un-normalised, on the device."""

    text: Tensor  # (n, D) fp32
    gallery: Tensor  # (m, D) fp32
    owner: Tensor  # (n,) int64: row of the right image in the gallery


@torch.no_grad()
def sides(
    method: Method,
    queries: Mapping[str, Queries],
    texts: Mapping[str, TextRows],
    given: Mapping[str, Tensor],
    images: Tensor,
    device: torch.device,
    bf16: bool = False,
) -> Iterator[tuple[str, Sides]]:
    """What is compared in each language, one after the other, so that one language's features are held at a time.

    `images` are the encoder's (N, D) features of all items; `given` holds the (n, D) text features of languages that
    do not go through the method: the source language, read by the encoder itself.
    """
    visual = method.encode_visual(images).float()
    for lang, asked in queries.items():
        text = given[lang] if lang in given else encode_texts(method, texts[lang], device, bf16)
        candidates = images if lang in given else visual  # what the encoder reads meets what the encoder sees
        gallery = candidates[torch.from_numpy(asked.gallery).to(device)]
        yield lang, Sides(text, gallery, torch.from_numpy(asked.owner).to(device))


def rank(
    method: Method,
    queries: Mapping[str, Queries],
    texts: Mapping[str, TextRows],
    given: Mapping[str, Tensor],
    images: Tensor,
    device: torch.device,
    bf16: bool = False,
) -> dict[tuple[str, str], Ranks]:
    """Exact ranks of all languages in both directions, keyed by (language, "t2i" or "i2t"). Arguments as of `sides`."""
    ranks: dict[tuple[str, str], Ranks] = {}
    for lang, side in sides(method, queries, texts, given, images, device, bf16):
        ranks[lang, "t2i"], ranks[lang, "i2t"] = both_directions(side.text, side.gallery, side.owner)
    return ranks
