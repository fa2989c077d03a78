"""Captions are translated into the encoder's language, and the encoder of the protocol reads the translation.

There is nothing to train: all that it knows of a target language is the translator's.
"""

from __future__ import annotations

from torch import Tensor

import ccr


class TranslateTest(ccr.Method):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        self.tokens = None  # the encoder reads the texts with a tokenizer of its own
        self.context = ctx

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)} of the translations, which are cached."""
        translated = self.context.translate(text.texts, text.lang, self.context.source_lang)
        return {"text": self.context.encoder.encode_source(translated)}
