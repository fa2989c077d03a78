"""Translate-train: the text tower is fine-tuned with InfoNCE alone on machine-translated captions and their images.

It is what the CCR literature calls so: supervision by translation, without a teacher and without a text-text loss.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

import ccr
from ccr_translate_train.settings import Settings


class TranslateTrain(ccr.TrainedMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        self.scale = ctx.encoder.logit_scale if s.infonce_scale is None else s.infonce_scale
        self.tower = ctx.encoder.text_tower()
        self.weights = ccr.tower_weights(self.tower, s.blocks)
        self.embedding = ccr.TokenEmbedding(ctx, self.tower.width, lazy=s.embedding == "lazy")

    def players(self, phase: ccr.Phase) -> Sequence[ccr.Player]:
        share, lr, tokens = self.settings.tower_lr, self.lr(phase), list(self.embedding.parameters())
        if share == 1:
            return [self.player([*tokens, *self.weights], lr)]
        return [self.player(tokens, lr), self.player(self.weights, share * lr, "tower")]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}."""
        return {"text": self.tower.run(self.embedding(text.ids), text.lengths)}

    def loss(self, phase: ccr.Phase, player: str, out: dict[str, Tensor], batch: ccr.Batch) -> dict[str, Tensor]:
        """InfoNCE in both phases: without a text-text loss there is nothing else for `align`."""
        return {"infonce": ccr.infonce(out["text"], self.given(batch.image_features, "image features"), self.scale)}
