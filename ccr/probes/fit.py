"""The probes: the same two for every reading and every target.

Linear: ridge regression, onto one-hot labels where the target is a label, its penalty chosen by generalised
cross-validation. MLP: one hidden layer, stopped where images that it does not learn from say so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

HIDDEN, EPOCHS, BATCH, LR, DECAY = 128, 25, 128, 2e-3, 1e-2
PENALTIES = 10.0 ** np.arange(-4, 7)
HELD_OUT = 8  # the MLP is stopped by every eighth image

Fitted = Callable[[Tensor], Tensor]
Probe = Callable[[Tensor, Tensor, Tensor, bool], Fitted]  # (n, d), (n, k), (n,) numbers of images, are they labels?


def folds(image: np.ndarray, count: int) -> np.ndarray:
    """(n,) int64: the fold of each caption; neighbouring images share one, as near-duplicates often stand together."""
    images = np.unique(image)
    return np.searchsorted(images, image) * count // len(images)


def linear(x: Tensor, y: Tensor, image: Tensor, labels: bool) -> Fitted:
    """Ridge regression."""
    mean, target = x.mean(0), y.mean(0)
    u, s, v = torch.linalg.svd((x - mean).double(), full_matrices=False)
    aimed = (y - target).double()
    onto = u.T @ aimed
    energy, n = float(aimed.square().sum()), len(x)

    def doubt(penalty: float) -> float:
        shrunk = s.square() / (s.square() + penalty)
        rest = energy - float(((2 * shrunk - shrunk.square())[:, None] * onto.square()).sum())
        return rest / max(n - 1 - float(shrunk.sum()), 1e-9) ** 2

    scale = float(s.square().mean()) or 1.0
    penalty = min((float(p) * scale for p in PENALTIES), key=doubt)
    weights = (v.T @ ((s / (s.square() + penalty))[:, None] * onto)).to(x.dtype)
    return lambda other: (other - mean) @ weights + target


def mlp(x: Tensor, y: Tensor, image: Tensor, labels: bool) -> Fitted:
    """A hidden layer of ReLUs, by AdamW; cross entropy for labels, squared error else."""
    mean, std = x.mean(0), x.std(0).clamp_min(1e-6)
    centre, spread = (torch.zeros(y.shape[1]), torch.tensor(1.0)) if labels else (y.mean(0), y.std().clamp_min(1e-6))
    draws = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, y.shape[1]))

    def loss(rows: Tensor) -> Tensor:
        out = net((x[rows] - mean) / std)
        return F.cross_entropy(out, y[rows]) if labels else F.mse_loss(out, (y[rows] - centre) / spread)

    learns, stops = apart(image)
    train(net, loss, learns, stops, draws)
    return lambda other: net((other - mean) / std).detach() * spread + centre


def apart(image: Tensor) -> tuple[Tensor, Tensor]:
    """Rows to learn from, and rows of other images that say when to stop."""
    number = torch.unique(image, return_inverse=True)[1]
    held = number % HELD_OUT == HELD_OUT - 1
    if not held.any():
        held = number == number.max()
    return torch.nonzero(~held)[:, 0], torch.nonzero(held)[:, 0]


def train(
    net: nn.Module,
    loss: Callable[[Tensor], Tensor],
    learns: Tensor,
    stops: Tensor,
    draws: torch.Generator,
    epochs: int | None = None,
) -> None:
    """Leave `net` as it was after the epoch in which the rows of `stops` had the least loss."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=DECAY)
    best = (float("inf"), {name: value.clone() for name, value in net.state_dict().items()})
    for _ in range(epochs or EPOCHS):
        for rows in learns[torch.randperm(len(learns), generator=draws)].split(BATCH):
            optimiser.zero_grad()
            loss(rows).backward()
            optimiser.step()
        with torch.no_grad():
            now = float(loss(stops))
        if now < best[0]:
            best = (now, {name: value.clone() for name, value in net.state_dict().items()})
    net.load_state_dict(best[1])


PROBES: dict[str, Probe] = {"linear": linear, "mlp": mlp}


def out_of_fold(probe: Probe, x: Tensor, y: Tensor, image: np.ndarray, fold: np.ndarray, labels: bool) -> Tensor:
    """(n, k): for each caption what a probe says that saw no caption of its image, nor of its fold."""
    out = torch.zeros(len(x), y.shape[1])
    numbers = torch.from_numpy(image)
    for number in np.unique(fold):
        test = torch.from_numpy(fold == number)
        out[test] = probe(x[~test], y[~test], numbers[~test], labels)(x[test])
    return out
