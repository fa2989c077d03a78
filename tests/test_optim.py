"""The optimiser against slow, plain implementations of its rules."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from ccr.specs import Phase, Player
from ccr.training.optim import Optimiser, schedule

PHASE = Phase("align", steps=20, batch_size=4)


def make(player_of: dict[str, object], params: list[nn.Parameter]) -> Optimiser:
    player = Player(name="main", params=params, **player_of)  # type: ignore[arg-type]
    return Optimiser(player, {p: f"p{i}" for i, p in enumerate(params)})


def slow_step(p: Tensor, m: Tensor, v: Tensor, g: Tensor, n: int, lr: float, player: Player) -> None:
    """One tensor, element by element, in the order that the rule is written down."""
    if player.clip is not None:
        norm = math.sqrt(sum(x * x for x in g.flatten().tolist()))
        g = g * min(1.0, player.clip / (norm + 1e-6))
    for i in range(p.numel()):
        x, mi, vi, gi = (t.view(-1)[i].item() for t in (p, m, v, g))
        mi = player.betas[0] * mi + (1 - player.betas[0]) * gi
        vi = player.betas[1] * vi + (1 - player.betas[1]) * gi * gi
        m.view(-1)[i], v.view(-1)[i] = mi, vi
        mh = mi / (1 - player.betas[0] ** n) if player.bias_correction else mi
        vh = vi / (1 - player.betas[1] ** n) if player.bias_correction else vi
        decay = player.weight_decay * x if p.ndim >= 2 else 0.0
        p.view(-1)[i] = x - lr * (mh / (math.sqrt(vh) + player.eps) + decay)


@pytest.mark.parametrize("bias_correction", [False, True])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_dense_steps_equal_the_slow_rule(bias_correction: bool, clip: float | None) -> None:
    torch.manual_seed(0)
    params = [nn.Parameter(torch.randn(3, 4)), nn.Parameter(torch.randn(4))]
    optimiser = make({"lr": 0.1, "clip": clip, "bias_correction": bias_correction}, params)
    slow = [(p.detach().clone(), torch.zeros_like(p), torch.zeros_like(p)) for p in params]
    for n in range(1, 6):
        grads = [torch.randn_like(p) for p in params]
        for (p, m, v), g in zip(slow, grads, strict=True):
            slow_step(p, m.detach(), v.detach(), g, n, 0.1 * 0.7, optimiser.player)
        optimiser.step([g.clone() for g in grads], 0.7)
    for p, (expected, _, _) in zip(params, slow, strict=True):
        torch.testing.assert_close(p.detach(), expected, rtol=1e-4, atol=1e-5)


def test_bias_correction_is_adamw() -> None:
    torch.manual_seed(0)
    p = nn.Parameter(torch.randn(5, 5))
    q = nn.Parameter(p.detach().clone())
    optimiser = make({"lr": 0.01, "clip": None, "bias_correction": True, "weight_decay": 0.1, "eps": 1e-8}, [p])
    adamw = torch.optim.AdamW([q], lr=0.01, betas=(0.9, 0.98), weight_decay=0.1, eps=1e-8)
    for _ in range(10):
        grad = torch.randn(5, 5)
        q.grad = grad.clone()
        adamw.step()
        optimiser.step([grad.clone()], 1.0)
    torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


def slow_rows(table: Tensor, m: Tensor, v: Tensor, grad: Tensor, lr: float, player: Player) -> None:
    """The lazy rule: rows with a gradient are stepped as if they were a tensor of their own; others lie still."""
    touched = [r for r in range(len(table)) if grad[r].abs().sum() > 0]
    norm = math.sqrt(sum(float(grad[r].square().sum()) for r in touched))
    factor = 1.0 if player.clip is None else min(1.0, player.clip / (norm + 1e-6))
    for r in touched:
        g = grad[r] * factor
        m[r] = player.betas[0] * m[r] + (1 - player.betas[0]) * g
        v[r] = player.betas[1] * v[r] + (1 - player.betas[1]) * g * g
        table[r] -= lr * (m[r] / (v[r].sqrt() + player.eps) + player.weight_decay * table[r])


@pytest.mark.parametrize("sparse", [True, False])
def test_lazy_rows_equal_the_slow_rule(sparse: bool) -> None:
    torch.manual_seed(0)
    table = nn.Parameter(torch.randn(30, 4))
    slow, m, v = table.detach().clone(), torch.zeros(30, 4), torch.zeros(30, 4)
    player = Player(name="main", params=[table], lr=0.05, lazy_rows=[table])
    optimiser = Optimiser(player, {table: "table"})
    for step in range(8):
        ids = torch.tensor([step, step, 7, 3 * step % 30])  # repeated rows add up
        weight = torch.randn(4, 4)
        loss = (nn.functional.embedding(ids, table, sparse=sparse) * weight).sum()
        (grad,) = torch.autograd.grad(loss, [table])
        slow_rows(slow, m, v, grad.to_dense() if grad.is_sparse else grad, 0.05, player)
        optimiser.step([grad], 1.0)
    torch.testing.assert_close(table.detach(), slow, rtol=1e-4, atol=1e-6)
    unseen = sorted(set(range(30)) - {r for s in range(8) for r in (s, 7, 3 * s % 30)})
    torch.manual_seed(0)
    assert torch.equal(table.detach()[unseen], torch.randn(30, 4)[unseen])


def test_one_tensor_as_the_gradient_of_two_parameters_is_clipped_once_for_each() -> None:
    a, b = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.zeros(4))
    shared = torch.full((4,), 8.0)
    optimiser = make({"lr": 0.1, "clip": 1.0, "weight_decay": 0.0}, [a, b])
    optimiser.step([shared, shared], 1.0)
    assert torch.equal(shared, torch.full((4,), 8.0))
    alone = nn.Parameter(torch.zeros(4))
    make({"lr": 0.1, "clip": 1.0, "weight_decay": 0.0}, [alone]).step([shared], 1.0)
    assert torch.equal(a, alone)
    assert torch.equal(b, alone)


def test_a_parameter_without_a_gradient_lies_still() -> None:
    a, b = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    make({"lr": 0.1}, [a, b]).step([torch.ones(2, 2), None], 1.0)
    assert not torch.equal(a, torch.ones(2, 2))
    assert torch.equal(b.detach(), torch.ones(2, 2))


def test_state_round_trip_goes_on_bit_equal() -> None:
    torch.manual_seed(0)
    grads = [torch.randn(3, 3) for _ in range(6)]
    p, q = nn.Parameter(torch.ones(3, 3)), nn.Parameter(torch.ones(3, 3))
    one = make({"lr": 0.1, "bias_correction": True}, [p])
    for grad in grads:
        one.step([grad.clone()], 1.0)
    first = make({"lr": 0.1, "bias_correction": True}, [q])
    for grad in grads[:3]:
        first.step([grad.clone()], 1.0)
    second = make({"lr": 0.1, "bias_correction": True}, [q])
    second.load({name: tensor.clone() for name, tensor in first.state().items()})
    for grad in grads[3:]:
        second.step([grad.clone()], 1.0)
    assert torch.equal(p, q)


def test_the_schedule_warms_up_and_decays_to_zero() -> None:
    player = Player(name="main", params=[], lr=1.0)
    factors = [schedule(player, PHASE, step) for step in range(20)]
    assert factors[0] == 0.5
    assert factors[1] == factors[2] == 1.0
    assert all(a > b for a, b in pairwise(factors[2:]))
    assert 0 < factors[-1] < 0.02
    assert schedule(Player(name="critic", params=[], lr=1.0, schedule="constant"), PHASE, 3) == 1.0
