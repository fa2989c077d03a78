"""Data parallelism: outputs gathered with their gradient, gradients averaged over the processes of a run.

Every process holds the outputs of all rows and computes the whole batch's loss, as one process would. Its backward pass
runs through its own rows alone; their gradient is taken times the number of processes, so that the mean over processes
is the sum over rows. A parameter that the loss itself uses, such as a critic's, has the same gradient everywhere, and
the mean leaves it as it is. A parameter that is used in both ways gets the sum of both. No backward pass communicates.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from ccr.errors import CcrError
from ccr.world import World

BUCKET = 1 << 24
"""Values that are reduced at once: large enough for the network's speed, small enough beside the model."""

RULE = "a row's output may not depend on the rows beside it, nor on how far they are padded"


def own_rows(world: World, lengths: Tensor) -> Tensor:
    """The rows of a batch that this process computes: of the rows by length every so many, so that work is equal."""
    return world.share(torch.argsort(lengths, stable=True))


class _Gathered(torch.autograd.Function):
    """(n, K) of each process -> (B, K) of all, where `World.share` took them from."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, world: World, total: int) -> Tensor:
        ctx.world = world
        return world.unshare(own.detach().contiguous(), total)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return ctx.world.share(grads[0]) * ctx.world.size, None, None


def same_shapes(outputs: Sequence[Mapping[str, Tensor]]) -> None:
    """CcrError if the outputs of one part of a batch have other names or, rows apart, other shapes than another's."""
    first = _shapes(outputs[0])
    other = next((_shapes(out) for out in outputs if _shapes(out) != first), None)
    if other:
        raise CcrError(f"the outputs {first} of some rows have other shapes for others, {other}: {RULE}")


def _shapes(out: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape[1:]) for name, value in out.items()}


def gather(world: World, own: Mapping[str, Tensor], total: int) -> dict[str, Tensor]:
    """Outputs (n, ...) of this process's share of `total` rows -> (total, ...) of all, with gradient.

    Every process must give the same names and, rows apart, the same shapes; CcrError if they differ.
    """
    if world.size == 1:
        return dict(own)
    shapes = _shapes(own)
    seen = {row[0] for row in world.numbers([zlib.crc32(repr(shapes).encode())])}
    if len(seen) > 1:
        raise CcrError(f"the outputs {shapes} have other shapes on other processes: {RULE}")
    flat = [value.float().reshape(len(value), math.prod(shapes[name])) for name, value in own.items()]
    every = _Gathered.apply(torch.cat(flat, dim=1), world, total)
    parts = every.split([part.shape[1] for part in flat], dim=1)
    return {name: part.reshape(total, *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


@torch.no_grad()
def average(world: World, params: Sequence[Parameter], grads: Sequence[Tensor | None]) -> list[Tensor | None]:
    """The mean of each gradient over the processes; None where no process has one. Sparse ones stay sparse."""
    if world.size == 1:
        return list(grads)
    sparse = [grad is not None and grad.is_sparse for grad in grads]
    grads = [grad.coalesce() if grad is not None and grad.is_sparse else grad for grad in grads]
    # 0: no gradient, 1: a dense one, 2 + n: a sparse one of n rows
    kinds = [0 if g is None else 2 + len(g.values()) if s else 1 for g, s in zip(grads, sparse, strict=True)]
    by_param = list(zip(*world.numbers(kinds), strict=True))
    out: list[Tensor | None] = [None] * len(grads)
    dense: dict[tuple[torch.dtype, torch.device], list[int]] = {}
    for i, (param, grad, found) in enumerate(zip(params, grads, by_param, strict=True)):
        if not any(found):
            continue
        if all(kind != 1 for kind in found):
            out[i] = _mean_rows(world, param, grad, [max(0, kind - 2) for kind in found])
            continue
        own = torch.zeros_like(param) if grad is None else grad.to_dense() if grad.is_sparse else grad
        out[i] = own
        dense.setdefault((own.dtype, own.device), []).append(i)
    for places in dense.values():
        for bucket in _buckets(places, [out[i].numel() for i in places]):  # type: ignore[union-attr]
            flat = torch.cat([out[i].flatten() for i in bucket])  # type: ignore[union-attr]
            world.add([flat])
            flat /= world.size
            parts = flat.split([out[i].numel() for i in bucket])  # type: ignore[union-attr]
            for i, part in zip(bucket, parts, strict=True):
                out[i] = part.view_as(params[i])
    return out


def _mean_rows(world: World, param: Parameter, grad: Tensor | None, counts: Sequence[int]) -> Tensor:
    """A sparse gradient that holds every process's rows; equal rows are added when it is coalesced."""
    if grad is None:
        rows, values = torch.zeros(0, dtype=torch.int64, device=param.device), param.new_zeros(0, *param.shape[1:])
    else:
        rows, values = grad.indices()[0], grad.values()
    rows, values = world.rows(rows, counts), world.rows(values, counts)
    return torch.sparse_coo_tensor(rows[None], values / world.size, param.shape, check_invariants=False)


def _buckets(places: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    buckets: list[list[int]] = []
    filled = BUCKET
    for place, size in zip(places, sizes, strict=True):
        if filled + size > BUCKET:
            buckets.append([])
            filled = 0
        buckets[-1].append(place)
        filled += size
    return buckets
