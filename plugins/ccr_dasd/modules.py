"""The parts of DASD: two readings of a caption, the matrices they generate, the adapters, and the critic."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ccr import TextTower


class SemanticRelated(nn.Module):
    """sr: what the caption says. The normed end token through a projection of its own."""

    def __init__(self, width: int, embed_dim: int, *, trained_norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=trained_norm)
        self.project = nn.Linear(width, embed_dim, bias=False)

    def forward(self, end: Tensor) -> Tensor:
        """(B, width) -> (B, embed_dim)."""
        return self.project(self.norm(end))


class SemanticAgnostic(nn.Module):
    """sa: how the caption says it. The mean of the normed tokens."""

    def __init__(self, width: int, *, trained_norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=trained_norm)

    def forward(self, x: Tensor, counted: Tensor) -> Tensor:
        """(B, L, width), and how many leading tokens of each row count, (B,) -> (B, width)."""
        mask = torch.arange(x.shape[1], device=x.device) < counted[:, None]
        return (self.norm(x) * mask[..., None]).sum(dim=1) / counted[:, None]


class SharedCode(nn.Module):
    """z = QuickGELU(Linear([sr; sa])), shared by all layers and languages."""

    def __init__(self, inputs: int, z_width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, z_width)

    def forward(self, sr: Tensor, sa: Tensor) -> Tensor:
        """(B, embed_dim), (B, width) -> (B, z_width)."""
        y = self.linear(torch.cat([sr, sa], dim=-1))
        return y * torch.sigmoid(1.702 * y)


class CaptionMatrix(nn.Module):
    """One layer's W, generated from z: a matrix for every caption."""

    def __init__(self, z_width: int, rank: int) -> None:
        super().__init__()
        self.rank = rank
        self.linear = nn.Linear(z_width, rank * rank)

    def forward(self, z: Tensor) -> Tensor:
        """(B, z_width) -> (B, rank, rank)."""
        return self.linear(z).unflatten(-1, (self.rank, self.rank))


class ConstantMatrix(nn.Module):
    """One layer's W, learned, the same for all captions: what is left of the idea when `dynamic` is off."""

    def __init__(self, rank: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.Linear(rank, rank, bias=False).weight.detach().clone())

    def forward(self, z: Tensor | None) -> Tensor:
        """-> (rank, rank)."""
        return self.weight


class DynamicAdapter(nn.Module):
    """x + Up(ReLU(Down(x) W))."""

    def __init__(self, width: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, rank)
        self.up = nn.Linear(rank, width)

    def forward(self, x: Tensor, matrix: Tensor) -> Tensor:
        """(B, L, width) and (B, rank, rank) or (rank, rank) -> (B, L, width)."""
        return x + self.up(torch.relu(self.down(x) @ matrix))


class Critic(nn.Module):
    """Tells from sa and a semantic feature whether both are of the same caption: it must not be able to."""

    def __init__(self, inputs: int, hidden: tuple[int, int]) -> None:
        super().__init__()
        first, second = hidden
        self.layers = nn.Sequential(
            nn.Linear(inputs, first), nn.Tanh(), nn.Linear(first, second), nn.Tanh(), nn.Linear(second, 2)
        )

    def loss(self, sa: Tensor, same: Tensor, other: Tensor) -> Tensor:
        """Own side: pairs with another caption's feature are class 1, pairs with the same caption's class 0."""
        return (self._error(sa, other, 1) + self._error(sa, same, 0)) / 2

    def fooled(self, sa: Tensor, other: Tensor) -> Tensor:
        """sa's side: pairs with another caption's feature should look like class 0."""
        return self._error(sa, other, 0)

    def _error(self, sa: Tensor, feature: Tensor, label: int) -> Tensor:
        scores = self.layers(torch.cat([sa, feature], dim=-1))  # (B, 2): two logits, each with its own cross entropy
        truth = torch.zeros_like(scores)
        truth[:, label] = 1
        return F.binary_cross_entropy_with_logits(scores, truth)


def block_output(tower: TextTower, x: Tensor, lengths: Tensor, block: int) -> Tensor:
    """What a block of the bare tower puts out, (B, L, width); those behind it are not run."""

    def after_block(i: int, x: Tensor) -> Tensor:
        if i == block:
            raise _Reached(x)
        return x

    try:
        tower.run(x, lengths, after_block)
    except _Reached as reached:
        return reached.x
    raise IndexError(f"the tower has no block {block}")


class _Reached(Exception):  # noqa: N818 (no error: the only way out of the middle of TextTower.run)
    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = x
