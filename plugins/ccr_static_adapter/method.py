"""The static adapter: x + Up(ReLU(Down x)) after every frozen block, per layer and language.

It is DASD minus all that depends on the caption (z, sr, sa and the critic), with the same token input, phases and
losses, so that the difference of the two rows of a table is that idea and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

import ccr
from ccr_static_adapter.settings import Settings


class StaticAdapter(ccr.StudentMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        tower = self.tower = ctx.encoder.text_tower().requires_grad_(False)
        hidden = ctx.size(s.hidden)
        if s.match == "dasd":
            hidden = dasd_matched_hidden(ctx, tower.width, tower.depth, tower.embed_dim)
        self.embedding = ccr.TokenEmbedding(ctx, tower.width, lazy=s.embedding == "lazy")

        def adapters(lang: str) -> nn.Module:
            layers = nn.ModuleList()
            for i in range(tower.depth):
                with ctx.draws(f"adapter/{lang}/{i}"):
                    layers.append(ccr.Bottleneck(tower.width, hidden))
            return layers

        self.adapters = ccr.PerLanguage(adapters, ctx.langs)

    def trained(self) -> list[nn.Parameter]:
        return [*self.embedding.parameters(), *self.adapters.parameters()]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}."""
        adapters = self.adapters[text.lang]
        return {"text": self.tower.run(self.embedding(text.ids), text.lengths, lambda i, x: adapters[i](x))}

    def extend(self, langs: Sequence[str], tokens: ccr.TokenInput) -> None:
        """New adapters and token rows."""
        self.embedding.extend(tokens)
        for lang in langs:
            self.adapters.add(lang)


def dasd_matched_hidden(ctx: ccr.Context, width: int, depth: int, embed_dim: int) -> int:
    """The hidden size that gives as many trainable parameters as DASD has at its defaults, critic and table apart."""
    rank, z, bottleneck = ctx.size(32), ctx.size(512), ctx.size(256)
    norms_and_projection = 2 * 2 * width + width * embed_dim
    code_and_matrices = (width + embed_dim + 1) * z + depth * (z + 1) * rank**2
    branches_and_adapters = 2 * _bottleneck(width, bottleneck) + depth * _bottleneck(width, rank)
    langs = len(ctx.langs)
    per_layer = (norms_and_projection + code_and_matrices + langs * branches_and_adapters) / (langs * depth)
    return max(1, round((per_layer - width) / (2 * width + 1)))  # _bottleneck, solved for `hidden`


def _bottleneck(width: int, hidden: int) -> int:
    return (2 * width + 1) * hidden + width
