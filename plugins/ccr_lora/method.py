"""LoRA (arXiv 2106.09685): every matrix W of the frozen blocks becomes W + scale · B A, with B and A per language.

The sum is formed once per forward pass and put in W's place for its duration, which serves every layout of a block:
open_clip's attention keeps the three input maps in one `in_proj_weight` that no wrapped linear layer reaches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

import ccr
from ccr_lora.settings import Settings


class Lora(ccr.StudentMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        tower = self.tower = ctx.encoder.text_tower().requires_grad_(False)
        self.embedding = ccr.TokenEmbedding(ctx, tower.width, lazy=s.embedding == "lazy")
        self.places = _places(tower, s.weights)
        rank = ctx.size(s.rank)

        def updates(lang: str) -> nn.Module:
            layers = nn.ModuleList()
            for name in self.places:
                with ctx.draws(f"lora/{lang}/{name}"):
                    rows, columns = tower.get_parameter(name).shape
                    layers.append(LowRank(rows, columns, rank, s.scale))
            return layers

        self.updates = ccr.PerLanguage(updates, ctx.langs)

    def trained(self) -> list[nn.Parameter]:
        return [*self.embedding.parameters(), *self.updates.parameters()]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim)}."""
        updates = zip(self.places, self.updates[text.lang], strict=True)
        changed = {f"tower.{name}": self.tower.get_parameter(name) + update() for name, update in updates}
        return {"text": functional_call(Run(self.tower), changed, (self.embedding(text.ids), text.lengths))}

    def extend(self, langs: Sequence[str], tokens: ccr.TokenInput) -> None:
        """New updates and token rows."""
        self.embedding.extend(tokens)
        for lang in langs:
            self.updates.add(lang)


class LowRank(nn.Module):
    """scale · B A, (rows, columns); zero until B learns."""

    def __init__(self, rows: int, columns: int, rank: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.a = nn.Parameter(torch.empty(rank, columns))
        self.b = nn.Parameter(torch.zeros(rows, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self) -> Tensor:
        return self.scale * (self.b @ self.a)


class Run(nn.Module):
    """`TextTower.run` as a module's call."""

    def __init__(self, tower: ccr.TextTower) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(B, L, width), (B,) -> (B, embed_dim)."""
        return self.tower.run(x, lengths)


def _places(tower: ccr.TextTower, wanted: Sequence[str]) -> list[str]:
    """Names in the tower of the blocks' matrices that get an update."""
    matrices = [
        (i, name) for i, block in enumerate(tower.blocks) for name, p in block.named_parameters() if p.ndim == 2
    ]
    for part in wanted:
        if not any(part in name for _, name in matrices):
            known = ", ".join(dict.fromkeys(name for _, name in matrices))
            raise ccr.CcrError(
                f"method.weights: no matrix of this text tower's blocks has {part!r} in its name: {known}"
            )
    return [f"blocks.{i}.{name}" for i, name in matrices if not wanted or any(part in name for part in wanted)]
