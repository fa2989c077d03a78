"""LoRA (arXiv 2106.09685): every matrix W of the frozen blocks becomes W + scale · B A, with B and A per language.

What stands for the sum is put in W's place for the duration of a forward pass, which serves every layout of a block:
open_clip's attention keeps the three input maps in one `in_proj_weight` that no wrapped linear layer reaches.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.func import functional_call

import ccr
from ccr_lora.settings import Settings
from ccr_lora.weights import LowRank, Updated


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
        changed: dict[str, Tensor] = {
            f"tower.{name}": Updated.of(self.tower.get_parameter(name), update) for name, update in updates
        }
        return {"text": functional_call(Run(self.tower), changed, (self.embedding(text.ids), text.lengths))}

    def extend(self, langs: Sequence[str], tokens: ccr.TokenInput) -> None:
        """New updates and token rows."""
        self.embedding.extend(tokens)
        for lang in langs:
            self.updates.add(lang)


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
