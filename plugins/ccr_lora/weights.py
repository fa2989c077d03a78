"""A weight with a low-rank update, which is merged only where nothing but the sum will do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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

    def apply_to(self, x: Tensor) -> Tensor:
        """(..., columns) -> (..., rows), without the matrix."""
        return F.linear(F.linear(x, self.a) * self.scale, self.b)


class Updated(Tensor):
    """A frozen weight W that stands for W + scale · B A.

    In `F.linear` the update is applied beside W: neither the sum nor a gradient of W's size is ever formed. In every
    other function the sum takes its place.
    """

    update: LowRank

    @staticmethod
    def of(weight: Tensor, update: LowRank) -> Updated:
        """Shares the weight's memory."""
        updated = weight.detach().as_subclass(Updated)
        updated.update = update
        return updated

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            if func is F.linear and isinstance(args[1], Updated) and not isinstance(args[0], Updated):
                x, weight, *bias = args
                return F.linear(x, weight.as_subclass(Tensor), *bias, **(kwargs or {})) + weight.update.apply_to(x)
            return func(*map(_merged, args), **{name: _merged(value) for name, value in (kwargs or {}).items()})


def _merged(value: Any) -> Any:
    """An argument of a function with its sums formed."""
    if isinstance(value, Updated):
        return value.as_subclass(Tensor) + value.update()
    if isinstance(value, list | tuple):
        return type(value)(map(_merged, value))
    return {key: _merged(v) for key, v in value.items()} if isinstance(value, Mapping) else value
