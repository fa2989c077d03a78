"""The same mathematics done the usual way: what `ccr bench` holds the training step against.

It is written as most research code is, and fairly: nothing is done twice that such code does once. Captions are padded
to the context length; the English teacher and the image tower run in every step (on tokens and pixels that are ready);
each reading of a caption is a pass of its own; nobody asks whether frozen weights need gradients; the embedding table
is dense, and AdamW moves all of it. The modules and weights are the method's own, so that both can start equal; its
losses are the method's, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from attrs import evolve
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_

from ccr.base import Encoder, Method, TextTower
from ccr.specs import Batch, Phase, Player, TextBatch
from ccr.training.optim import Optimiser, schedule


class Plain:
    """Trains a method in one phase. `english` (N, L) are the parallels' ids for the encoder, `pixels` the images."""

    def __init__(
        self,
        method: Method,
        phase: Phase,
        encoder: Encoder,
        english: Tensor,
        pixels: Tensor,
        pad: int,
        *,
        rowwise: bool = False,
    ) -> None:
        """`rowwise` takes the harness's own optimiser instead of AdamW: for the tests, that both walk the same way."""
        self.method, self.phase, self.encoder = method, phase, encoder
        self.english, self.pixels, self.pad = english, pixels, pad
        self.teacher = encoder.text_tower().to(english.device)
        method.requires_grad_(True)
        self.players = list(method.players(phase))
        names = {p: name for name, p in method.named_parameters()}
        self.optimisers = [
            Optimiser(player, names) if rowwise else Dense(player, phase, names) for player in self.players
        ]

    def step(self, step: int, batch: Batch, rows: Tensor) -> dict[str, float]:
        """One step on a batch whose parallels and images are `rows`; the losses by name."""
        batch = self._with_features(batch, rows)
        out = self.outputs(batch)
        losses: dict[str, float] = {}
        for player, optimiser in zip(self.players, self.optimisers, strict=True):
            last = player is self.players[-1]
            terms = self.method.loss(self.phase, player.name, out, batch)
            torch.stack([term.float() for term in terms.values()]).sum().backward(retain_graph=not last)
            optimiser.step([p.grad for p in player.params], schedule(player, self.phase, step))
            for p in (p for q in self.players for p in q.params):
                p.grad = None  # those of frozen weights add up for ever, as no optimiser clears them
            losses |= {name: float(term.detach()) for name, term in terms.items()}
        return losses

    def gradients(self, batch: Batch, rows: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The loss terms of the last player (the method's own, behind any critic) and the gradients of their sum."""
        batch = self._with_features(batch, rows)
        player = self.players[-1]
        terms = self.method.loss(self.phase, player.name, self.outputs(batch), batch)
        names = [name for p in player.params for name, q in self.method.named_parameters() if q is p]
        grads = torch.autograd.grad(torch.stack(list(terms.values())).sum(), list(player.params), allow_unused=True)
        return terms, {name: grad for name, grad in zip(names, grads, strict=True) if grad is not None}

    def outputs(self, batch: Batch) -> dict[str, Tensor]:
        """What the losses read, of captions padded to the context length."""
        room = self.method.context_length - batch.text.ids.shape[1]
        text = evolve(batch.text, ids=F.pad(batch.text.ids, (0, room), value=self.pad))
        out = dasd(self.method, text) if is_dasd(self.method) else self.method(text)
        return {name: value.float() for name, value in out.items()}

    def _with_features(self, batch: Batch, rows: Tensor) -> Batch:
        ids = self.english[rows]
        with torch.no_grad():
            source = self.teacher.run(self.teacher.embed(ids), self.encoder.lengths(ids)).float()
            images = self.encoder.encode_images(self.pixels[rows]).float() if self.phase.name == "match" else None
        return evolve(batch, source_features=source, image_features=images)


class Dense:
    """torch.optim.AdamW over all of a player's parameters, each tensor's gradient clipped."""

    def __init__(self, player: Player, phase: Phase, names: Mapping[Parameter, str]) -> None:
        self._player = player
        decayed = [p for p in player.params if p.ndim >= 2]
        plain = [p for p in player.params if p.ndim < 2]
        self._adam = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": player.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=player.lr,
            betas=player.betas,
            eps=player.eps,
        )

    def step(self, grads: Sequence[Tensor | None], factor: float) -> None:
        """One update; the gradients lie in the parameters already."""
        if self._player.clip is not None:
            for p in self._player.params:
                clip_grad_norm_(p, self._player.clip)
        for group in self._adam.param_groups:
            group["lr"] = self._player.lr * factor
        self._adam.step()


def is_dasd(method: Method) -> bool:
    """Whether its readings of a caption are passes that plain code runs one by one."""
    return hasattr(method, "sr_branch") and hasattr(method, "matrices")


def dasd(m: Any, text: TextBatch) -> dict[str, Tensor]:
    """DASD's outputs in three passes: sr, sa, and the adapted tower."""
    tower, lengths = m.tower, text.lengths
    embedding, adapters = m.embedding, m.adapters[text.lang]
    real = torch.arange(text.ids.shape[1], device=text.ids.device) < lengths[:, None]

    def embed() -> Tensor:
        return F.linear(embedding.table.weight[text.ids], embedding.linear.weight, embedding.linear.bias)

    def bottleneck(part: Any, x: Tensor) -> Tensor:
        hidden = torch.relu(F.linear(x, part.down.weight, part.down.bias))
        return x + F.linear(hidden, part.up.weight, part.up.bias)

    def norm(part: Any, x: Tensor) -> Tensor:
        return F.layer_norm(x, part.normalized_shape, part.weight, part.bias, part.eps)

    x = norm(m.sr.norm, bottleneck(m.sr_branch[text.lang], first_block(tower, embed(), lengths)))
    sr = x[torch.arange(len(x), device=x.device), lengths - 1] @ m.sr.project.weight.T

    x = norm(m.sa.norm, bottleneck(m.sa_branch[text.lang], first_block(tower, embed(), lengths)))
    sa = x.masked_fill(~real[..., None], 0.0).sum(dim=1) / lengths[:, None]

    y = F.linear(torch.cat([sr, sa], dim=1), m.z.linear.weight, m.z.linear.bias)
    z = y * torch.sigmoid(1.702 * y)

    def adapt(i: int, x: Tensor) -> Tensor:
        low = F.linear(x, adapters[i].down.weight, adapters[i].down.bias)
        made = F.linear(z, m.matrices[i].linear.weight, m.matrices[i].linear.bias)
        matrix = made.reshape(len(x), low.shape[-1], low.shape[-1])
        return x + F.linear(torch.relu(torch.bmm(low, matrix)), adapters[i].up.weight, adapters[i].up.bias)

    return {"text": tower.run(embed(), lengths, adapt), "sr": sr, "sa": sa}


def first_block(tower: TextTower, x: Tensor, lengths: Tensor) -> Tensor:
    """The output of the tower's first block, (B, L, width)."""

    def stop(i: int, x: Tensor) -> Tensor:
        raise _Reached(x)

    try:
        return tower.run(x, lengths, stop)
    except _Reached as reached:
        return reached.x


class _Reached(Exception):  # noqa: N818 (no error: the only way out of the middle of TextTower.run)
    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = x
