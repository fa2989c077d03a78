"""From rows to tensors: tokenised texts, and the feed that turns an order into training batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ccr.base import TokenInput
from ccr.data.order import Order
from ccr.data.tokens import pad_rows
from ccr.data.views import View
from ccr.specs import Batch, TextBatch


class TextRows:
    """Texts of one language, tokenised once."""

    def __init__(self, lang: str, texts: Sequence[str], tokens: TokenInput | None, limit: int) -> None:
        self.lang = lang
        self.texts = tuple(texts)
        tokens = self._tokens = tokens.of(lang) if tokens else None
        self._rows = tokens.encode(self.texts, limit) if tokens else [np.zeros(0, np.int32)] * len(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def lengths(self) -> np.ndarray:
        """(n,) int64: tokens of each text."""
        return np.array([len(row) for row in self._rows], dtype=np.int64)

    def take(self, rows: np.ndarray) -> TextBatch:
        """Some rows, padded to the longest of them, on the CPU."""
        ids, lengths = pad_rows([self._rows[i] for i in rows], self._tokens.pad if self._tokens else 0)
        return TextBatch(self.lang, tuple(self.texts[i] for i in rows), ids, lengths)


class Feed:
    """Step -> Batch, for one phase. The feature tables lie on the device: a batch is an index into them."""

    def __init__(
        self,
        order: Order,
        views: Mapping[str, View],
        texts: Mapping[str, TextRows],
        source: TextRows | None,
        source_features: Tensor,
        image_features: Tensor,
    ) -> None:
        self._order, self._views, self._texts, self._source = order, views, texts, source
        self._source_features, self._image_features = source_features, image_features

    def __call__(self, step: int) -> Batch:
        draw = self._order[step]
        view = self._views[draw.lang]
        device = self._image_features.device
        return Batch(
            text=self._texts[draw.lang].take(draw.rows),
            source=self._source.take(view.source[draw.rows]) if self._source else None,
            source_features=self._source_features[torch.from_numpy(view.source[draw.rows]).to(device)],
            image_features=self._image_features[torch.from_numpy(view.image[draw.rows]).to(device)],
            other=torch.from_numpy(draw.other),
        )
