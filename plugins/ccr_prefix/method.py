"""Prefix tuning (arXiv 2101.00190), deep as in arXiv 2110.07602: learned positions beside those of the caption.

They stand behind the first token, where prompts of CLIP stand (arXiv 2109.01134): towers that read their feature at the
first, the end or the last position find it where it was. After every block but the last, what became of them is
replaced by the next block's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

import ccr
from ccr_prefix.settings import Settings

LEAST = 3  # tokens of a caption that must find room: its first, one word, its end


class Prefix(ccr.StudentMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        tower = self.tower = ctx.encoder.text_tower().requires_grad_(False)
        self.context_length -= s.length
        if self.context_length < LEAST:
            raise ccr.NotAdaptableError(
                f"a prefix of {s.length} leaves no room for captions in the {ctx.encoder.context_length} positions of "
                "this encoder's text tower; lower method.length"
            )
        self.embedding = ccr.TokenEmbedding(ctx, tower.width, lazy=s.embedding == "lazy")

        def prefixes(lang: str) -> nn.Module:
            with ctx.draws(f"prefix/{lang}"):
                return nn.ParameterList(
                    s.std * torch.randn(s.length, tower.width) for _ in range(tower.depth if s.deep else 1)
                )

        self.prefixes = ccr.PerLanguage(prefixes, ctx.langs)

    def trained(self) -> list[nn.Parameter]:
        return [*self.embedding.parameters(), *self.prefixes.parameters()]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}."""
        prefixes, length = self.prefixes[text.lang], self.settings.length

        def with_prefix(i: int, x: Tensor, behind: int) -> Tensor:
            prefix = prefixes[i].to(x.dtype).expand(len(x), -1, -1)
            return torch.cat([x[:, :1], prefix, x[:, behind:]], dim=1)

        def after_block(i: int, x: Tensor) -> Tensor:
            return with_prefix(i + 1, x, 1 + length) if i + 1 < len(prefixes) else x

        x = with_prefix(0, self.embedding(text.ids), 1)
        return {"text": self.tower.run(x, text.lengths + length, after_block)}

    def extend(self, langs: Sequence[str], tokens: ccr.TokenInput) -> None:
        """New prefixes and token rows."""
        self.embedding.extend(tokens)
        for lang in langs:
            self.prefixes.add(lang)
