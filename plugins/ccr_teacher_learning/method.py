"""Teacher learning (M-CLIP: Carlsson et al., Cross-lingual and Multilingual CLIP, LREC 2022).

A multilingual sentence encoder with a linear head learns the English text features of parallel captions by MSE. The
paper has no image loss: `match` goes on with the MSE, so that the captions it sees are as many as every method's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

import ccr
from ccr_teacher_learning.encoders import SmallEncoder, open_pretrained
from ccr_teacher_learning.settings import SMALL, Settings


class TeacherLearning(ccr.StudentMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        self.losses_off = () if s.infonce_weight else ("infonce",)
        if s.encoder == SMALL:
            self.encoder: nn.Module = SmallEncoder(ctx, s.width, s.layers, lazy=s.embedding == "lazy")
        else:
            self.encoder, self.tokens = open_pretrained(s.encoder)
            self.context_length = min(s.max_tokens, self.encoder.limit)
        self.share = s.encoder_lr or (1.0 if s.encoder == SMALL else 0.1)
        with ctx.draws("head"):
            self.head = nn.Linear(self.encoder.width, ctx.encoder.embed_dim)

    def players(self, phase: ccr.Phase) -> Sequence[ccr.Player]:
        lr, head, encoder = self.lr(phase), list(self.head.parameters()), list(self.encoder.parameters())
        if self.share == 1:
            return [self.player([*encoder, *head], lr)]
        return [self.player(head, lr), self.player(encoder, self.share * lr, "encoder")]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}: the mean of the real tokens through the head."""
        real = torch.arange(text.ids.shape[1], device=text.ids.device) < text.lengths[:, None]
        x = self.encoder(text.ids, real)
        return {"text": self.head((x * real[..., None]).sum(dim=1) / text.lengths[:, None])}

    def loss(self, phase: ccr.Phase, player: str, out: dict[str, Tensor], batch: ccr.Batch) -> dict[str, Tensor]:
        terms = super().loss(phase, player, out, batch)
        return {name: term for name, term in terms.items() if name not in self.losses_off}
