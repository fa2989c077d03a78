"""Batches on a device: the whole of one, and some rows of one."""

from __future__ import annotations

import torch
from attrs import evolve
from torch import Tensor

from ccr.specs import Batch, TextBatch


def on_device(batch: Batch, device: torch.device) -> Batch:
    """A batch with its texts, too, on the device; features lie there already."""
    return evolve(
        batch,
        text=_text_to(batch.text, device),
        source=_text_to(batch.source, device) if batch.source else None,
        other=batch.other.to(device),
    )


def part(batch: Batch, rows: Tensor, device: torch.device) -> Batch:
    """Some rows of a batch, trimmed to the longest of them. `other` still points into the whole batch."""
    here = rows.to(device)

    def cut(text: TextBatch) -> TextBatch:
        lengths = text.lengths[rows]
        longest = int(lengths.max()) if len(lengths) else 0
        texts = tuple(text.texts[i] for i in rows.tolist())
        return TextBatch(text.lang, texts, text.ids[rows, :longest].to(device), lengths.to(device))

    return Batch(
        text=cut(batch.text),
        source=cut(batch.source) if batch.source else None,
        source_features=None if batch.source_features is None else batch.source_features[here],
        image_features=None if batch.image_features is None else batch.image_features[here],
        other=batch.other[rows].to(device),
        images=None if batch.images is None else batch.images[here],
    )


def _text_to(text: TextBatch, device: torch.device) -> TextBatch:
    return evolve(text, ids=text.ids.to(device), lengths=text.lengths.to(device))
