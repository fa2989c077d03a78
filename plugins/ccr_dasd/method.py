"""DASD (arXiv 2412.13510): adapters whose inner matrix every caption generates from two readings of itself.

After the first frozen block two branches read the caption: sr, drawn to what is said (the English or the image
feature), and sa, from which an adversary removes it. Both make z; z makes, for every layer, the matrix W inside of the
adapter that follows the layer's frozen block. What `variant: released` does otherwise is told in docs/methods.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ccr
from ccr_dasd.modules import (
    CaptionMatrix,
    ConstantMatrix,
    Critic,
    DynamicAdapter,
    SemanticAgnostic,
    SemanticRelated,
    SharedCode,
    block_output,
)
from ccr_dasd.settings import Settings


class DASD(ccr.StudentMethod):
    def __init__(self, ctx: ccr.Context) -> None:
        super().__init__(ctx)
        s: Settings = ctx.settings
        self.released = s.variant == "released"
        self.pad = ctx.tokens.pad
        tower = self.tower = ctx.encoder.text_tower().requires_grad_(False)
        width, embed_dim = tower.width, tower.embed_dim
        rank, z_width = ctx.size(s.rank), ctx.size(s.z_width)

        # A part that neither z nor a loss reads is not built; each draws its initial values under its own name.
        self.consistency = s.consistency and s.sr
        self.adversarial = s.adversarial and s.sa
        self.reads_sr = s.sr and (s.dynamic or self.consistency)
        self.reads_sa = s.sa and (s.dynamic or self.adversarial)
        self.losses_off = _losses_off(s)
        adapted = s.branch_adapters and not self.released
        self.embedding = ccr.TokenEmbedding(ctx, width, lazy=s.embedding == "lazy" and not self.released)
        if self.reads_sr:
            with ctx.draws("sr"):
                self.sr = SemanticRelated(width, embed_dim, trained_norm=not self.released)
        if self.reads_sa:
            self.sa = SemanticAgnostic(width, trained_norm=not self.released)
        if s.dynamic:
            with ctx.draws("z"):
                self.z = SharedCode(embed_dim + width, z_width)
        self.matrices = nn.ModuleList()
        for i in range(tower.depth):
            with ctx.draws(f"matrix/{i}"):
                self.matrices.append(CaptionMatrix(z_width, rank) if s.dynamic else ConstantMatrix(rank))
        if self.adversarial:
            with ctx.draws("critic"):
                first, second = s.critic_hidden
                self.critic = Critic(width + embed_dim, (ctx.size(first), ctx.size(second)))

        def adapters(lang: str) -> nn.Module:
            layers = nn.ModuleList()
            for i in range(tower.depth):
                with ctx.draws(f"adapter/{lang}/{i}"):
                    layers.append(DynamicAdapter(width, rank))
            return layers

        def branch(name: str) -> ccr.PerLanguage:
            def make(lang: str) -> nn.Module:
                with ctx.draws(f"branch/{name}/{lang}"):
                    return ccr.Bottleneck(width, ctx.size(s.bottleneck))

            return ccr.PerLanguage(make, ctx.langs)

        self.adapters = ccr.PerLanguage(adapters, ctx.langs)
        self.sr_branch = branch("sr") if adapted and self.reads_sr else None
        self.sa_branch = branch("sa") if adapted and self.reads_sa else None

    def trained(self) -> list[nn.Parameter]:
        """All but the tower; in the released variant the main optimiser pulls the critic towards sa's side, too."""
        own_critic = self.adversarial and not self.released
        elsewhere = {*self.tower.parameters(), *(self.critic.parameters() if own_critic else ())}
        return [p for p in self.parameters() if p not in elsewhere]

    def players(self, phase: ccr.Phase) -> Sequence[ccr.Player]:
        s, main = self.settings, super().players(phase)
        if not self.adversarial:
            return main
        critic = ccr.Player(
            name="critic",
            params=list(self.critic.parameters()),
            lr=s.critic_lr,
            betas=s.critic_betas,
            eps=s.critic_eps,
            weight_decay=0.0,
            clip=None,
            bias_correction=True,
            at_once=True,
            schedule="constant",
        )
        return [critic, *main]

    def forward(self, text: ccr.TextBatch) -> dict[str, Tensor]:
        """{"text": (B, embed_dim), "sr": (B, embed_dim), "sa": (B, width)}; an absent sr or sa has no entry."""
        lang, lengths = text.lang, text.lengths
        adapters = self.adapters[lang]
        out: dict[str, Tensor] = {}
        z: Tensor | None = None
        if self.released:
            room = self.tower.context_length
            padded = self.embedding(F.pad(text.ids, (0, room - text.ids.shape[1]), value=self.pad))
            second = block_output(self.tower, padded, lengths, min(1, self.tower.depth - 1))
            out = self._read(second, lang, lengths, counted=lengths.new_full(lengths.shape, room))
            x = padded[:, : text.ids.shape[1]]
        else:
            x = self.embedding(text.ids)

        def after_block(i: int, x: Tensor) -> Tensor:
            nonlocal z
            if i == 0:
                if not self.released:
                    out.update(self._read(x, lang, lengths, counted=lengths))
                if self.settings.dynamic:
                    z = self._code(out, x)
            return adapters[i](x, self.matrices[i](z))

        return {"text": self.tower.run(x, lengths, after_block), **out}

    def loss(self, phase: ccr.Phase, player: str, out: dict[str, Tensor], batch: ccr.Batch) -> dict[str, Tensor]:
        s, match = self.settings, phase.name == "match"
        meaning = self.images(batch) if match else self.teacher(batch)
        other = meaning.flip(0) if self.released else meaning[batch.other]
        if player == "critic":
            return {"critic": self.critic.loss(out["sa"].detach(), meaning, other)}
        terms = super().loss(phase, player, out, batch)
        if self.consistency and match:
            distance = F.smooth_l1_loss(out["sr"] / self.unit, meaning, beta=s.smooth_l1_beta)
            terms["consistency"] = s.match_consistency_weight * distance
        elif self.consistency:
            terms["consistency"] = s.align_consistency_weight * F.l1_loss(out["sr"] / self.unit, meaning)
        if self.adversarial:
            terms["adversarial"] = s.adversarial_weight * self.critic.fooled(out["sa"], other)
        return terms

    def extend(self, langs: Sequence[str], tokens: ccr.TokenInput) -> None:
        """New adapters, branches and token rows; z, the matrices and the critic stay as they are."""
        self.embedding.extend(tokens)
        parts = [part for part in (self.adapters, self.sr_branch, self.sa_branch) if part is not None]
        for lang in langs:
            for part in parts:
                part.add(lang)

    def _read(self, x: Tensor, lang: str, lengths: Tensor, counted: Tensor) -> dict[str, Tensor]:
        """sr and sa of the first block's output (B, L, width); sa averages over `counted` tokens of each row."""
        out = {}
        if self.reads_sr:
            rows = torch.arange(len(x), device=x.device)
            end = x[rows, lengths - 1]  # branch, norm and projection work token by token: one is enough
            out["sr"] = self.sr(self.sr_branch[lang](end) if self.sr_branch else end)
        if self.reads_sa:
            out["sa"] = self.sa(self.sa_branch[lang](x) if self.sa_branch else x, counted)
        return out

    def _code(self, out: dict[str, Tensor], x: Tensor) -> Tensor:
        sr = out["sr"] if self.reads_sr else x.new_zeros(len(x), self.tower.embed_dim)
        sa = out["sa"] if self.reads_sa else x.new_zeros(len(x), self.tower.width)
        return self.z(sr, sa)


def _losses_off(s: Settings) -> tuple[str, ...]:
    off = []
    if not (s.consistency and s.sr):
        off.append("consistency (sr is off)" if s.consistency else "consistency")
    if not (s.adversarial and s.sa):
        off.append("adversarial (sa is off)" if s.adversarial else "adversarial")
    return tuple(off)
