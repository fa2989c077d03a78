"""The encoder as it is. Of an English one it is the floor; of a multilingual one, what adaptation must beat."""

from __future__ import annotations

from torch import Tensor

import ccr


class ZeroShotClip(ccr.Method):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        self.tokens = None  # the encoder reads the texts with a tokenizer of its own
        self.encoder = ctx.encoder

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}, by the encoder's tokenizer in the language of the batch."""
        return {"text": self.encoder.encode_source(text.texts, text.lang)}
