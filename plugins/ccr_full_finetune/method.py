"""Full fine-tuning: the whole text tower trains, with the losses of the adapter methods.

One tower serves all target languages; English queries go on to the encoder itself, which stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

import ccr
from ccr_full_finetune.settings import Settings


class FullFinetune(ccr.StudentMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        self.tower = ctx.encoder.text_tower()
        self.weights = ccr.tower_weights(self.tower)
        self.embedding = ccr.TokenEmbedding(ctx, self.tower.width, lazy=s.embedding == "lazy")

    def players(self, phase: ccr.Phase) -> Sequence[ccr.Player]:
        share, lr, tokens = self.settings.tower_lr, self.lr(phase), list(self.embedding.parameters())
        if share == 1:
            return [self.player([*tokens, *self.weights], lr)]
        return [self.player(tokens, lr), self.player(self.weights, share * lr, "tower")]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}."""
        return {"text": self.tower.run(self.embedding(text.ids), text.lengths)}
