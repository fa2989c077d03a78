"""One optimiser for every player: AdamW as the field's released code runs it, with row-wise updates of large tables.

Differences to torch.optim.AdamW: every tensor's gradient is clipped to a norm of its own, bias correction is a choice
(BertAdam has none), a parameter without a gradient in a step is left entirely alone (the adapters of the languages
that are not in the batch), and of a table with a sparse gradient only the rows in the batch are moved: their moments
decay when they are seen, not in between.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import Parameter

from ccr.specs import Phase, Player


def schedule(player: Player, phase: Phase, step: int) -> float:
    """The factor on the player's learning rate at a step (from 0)."""
    if player.schedule == "constant":
        return phase.lr_scale
    warm = max(1, round(phase.warmup * phase.steps))
    if step < warm:
        return phase.lr_scale * (step + 1) / warm
    return phase.lr_scale * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, phase.steps - warm)))


class Optimiser:
    """Steps one player. `names` gives every parameter the name under which its state is saved."""

    def __init__(self, player: Player, names: Mapping[Parameter, str]) -> None:
        self.player = player
        self._params = list(player.params)
        self._names = [names[p] for p in self._params]
        self._lazy = {id(p) for p in player.lazy_rows}
        self._first = [torch.zeros_like(p) for p in self._params]
        self._second = [torch.zeros_like(p) for p in self._params]
        self._count = [0] * len(self._params)
        self.updates = 0  # since this process began

    @torch.no_grad()
    def step(self, grads: Sequence[Tensor | None], factor: float) -> None:
        """One update; `grads` stand in the order of the player's parameters, None where a parameter took no part."""
        self.updates += 1
        dense: list[int] = []
        for i, grad in enumerate(grads):
            if grad is None:
                continue
            self._count[i] += 1
            if id(self._params[i]) in self._lazy:
                self._step_rows(i, grad, factor)
            else:
                dense.append(i)
        if dense:
            self._step_dense(dense, [_dense(grads[i]) for i in dense], factor)

    def _step_dense(self, which: Sequence[int], grads: list[Tensor], factor: float) -> None:
        player = self.player
        params: list[Tensor] = [self._params[i] for i in which]
        first = [self._first[i] for i in which]
        second = [self._second[i] for i in which]
        if player.clip is not None:
            norms = torch._foreach_norm(grads)
            # not in place: autograd may hand out one tensor as the gradient of two parameters
            grads = list(
                torch._foreach_mul(grads, [torch.clamp(player.clip / (norm + 1e-6), max=1.0) for norm in norms])
            )
        beta1, beta2 = player.betas
        torch._foreach_lerp_(first, grads, 1 - beta1)
        torch._foreach_mul_(second, beta2)
        torch._foreach_addcmul_(second, grads, grads, 1 - beta2)
        root = torch._foreach_sqrt(second)
        if player.bias_correction:
            torch._foreach_div_(root, [math.sqrt(1 - beta2 ** self._count[i]) for i in which])
        torch._foreach_add_(root, player.eps)
        update = torch._foreach_div(first, root)
        if player.bias_correction:
            torch._foreach_div_(update, [1 - beta1 ** self._count[i] for i in which])
        decayed = [k for k, p in enumerate(params) if p.ndim >= 2]
        if player.weight_decay and decayed:
            torch._foreach_add_([update[k] for k in decayed], [params[k] for k in decayed], alpha=player.weight_decay)
        torch._foreach_add_(params, update, alpha=-player.lr * factor)

    def _step_rows(self, i: int, grad: Tensor, factor: float) -> None:
        player = self.player
        if grad.is_sparse:
            grad = grad.coalesce()
            rows, values = grad.indices()[0], grad.values()
        else:
            rows = grad.flatten(1).any(dim=1).nonzero()[:, 0]
            values = grad[rows]
        if player.clip is not None:
            values = values * torch.clamp(player.clip / (values.norm() + 1e-6), max=1.0)
        beta1, beta2 = player.betas
        first = torch.lerp(self._first[i][rows], values, 1 - beta1)
        second = self._second[i][rows] * beta2 + values.square() * (1 - beta2)
        self._first[i][rows] = first
        self._second[i][rows] = second
        correct1 = 1 - beta1 ** self._count[i] if player.bias_correction else 1.0
        correct2 = 1 - beta2 ** self._count[i] if player.bias_correction else 1.0
        old = self._params[i][rows]
        update = (first / correct1) / ((second / correct2).sqrt() + player.eps) + player.weight_decay * old
        self._params[i][rows] = old - player.lr * factor * update

    def state(self) -> dict[str, Tensor]:
        """Everything that the next step depends on, by name."""
        state: dict[str, Tensor] = {"count": torch.tensor(self._count, dtype=torch.int64)}
        for name, first, second in zip(self._names, self._first, self._second, strict=True):
            state[f"first/{name}"] = first
            state[f"second/{name}"] = second
        return state

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        self._count = state["count"].tolist()
        for i, name in enumerate(self._names):
            self._first[i].copy_(state[f"first/{name}"])
            self._second[i].copy_(state[f"second/{name}"])


def _dense(grad: Tensor | None) -> Tensor:
    assert grad is not None
    return grad.to_dense() if grad.is_sparse else grad
