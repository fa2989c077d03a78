"""Embedding-only: the token input learns, and the text tower behind it stays the English one.

What is left of every adapter method when its adapters are taken away: the same tokens, phases and losses.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

import ccr


class EmbeddingOnly(ccr.StudentMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        self.tower = ctx.encoder.text_tower().requires_grad_(False)
        self.embedding = ccr.TokenEmbedding(ctx, self.tower.width, lazy=self.settings.embedding == "lazy")

    def trained(self) -> list[nn.Parameter]:
        return list(self.embedding.parameters())

    def extend(self, langs: Sequence[str], tokens: ccr.TokenInput) -> None:
        """New token rows, where the vocabulary lacks some."""
        self.embedding.extend(tokens)

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}."""
        return {"text": self.tower.run(self.embedding(text.ids), text.lengths)}
