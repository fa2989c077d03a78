"""A fresh critic: can one that was not played against tell whose meaning a reading stands beside?"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ccr.probes.fit import apart, train
from ccr.probes.scores import Score, accuracy

HIDDEN, EPOCHS = 128, 15


class Critic(nn.Module):
    """(B, d) readings and (B, D) meanings -> (B,): above 0 where they seem to be of the same image.

    An MLP over both, and the product of a linear map of each, so that a match need not be learnt by heart.
    """

    def __init__(self, reading: int, meaning: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(reading + meaning, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1))
        self.left, self.right = nn.Linear(reading, HIDDEN), nn.Linear(meaning, HIDDEN)

    def forward(self, reading: Tensor, meaning: Tensor) -> Tensor:
        product = (self.left(reading) * self.right(meaning)).sum(-1) / HIDDEN**0.5
        return self.mlp(torch.cat([reading, meaning], -1))[:, 0] + product


def critic_score(x: Tensor, meaning: Tensor, image: np.ndarray, fold: np.ndarray) -> Score:
    """Accuracy on matched and mismatched pairs of images that the critic never saw; chance is a half.

    `x` (n, d), `meaning` (m, D) of the images, `image` (n,) the row there of each caption's. A mismatch is another
    image of the same part (of the images that are learnt from, that stop it, or of the fold that is tested).
    """
    right = np.zeros(len(x))
    for number in np.unique(fold):
        right[fold == number] = _judged(x, meaning, torch.from_numpy(image), torch.from_numpy(fold == number))
    return accuracy(right, image, 0.5)


def _judged(x: Tensor, meaning: Tensor, owner: Tensor, here: Tensor) -> np.ndarray:
    """Of each caption that is `here` the share of its two pairs that are judged right by a critic of the others."""
    known, test = torch.nonzero(~here)[:, 0], torch.nonzero(here)[:, 0]
    learns, stops = (known[part] for part in apart(owner[known]))
    x = _standard(x, x[known])
    meaning = _standard(meaning, meaning[owner[known]])
    draws = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = Critic(x.shape[1], meaning.shape[1])

    def margins(rows: Tensor, among: Tensor) -> tuple[Tensor, Tensor]:
        own = owner[rows]
        other = _another(own, torch.unique(owner[among]), draws)
        return net(x[rows], meaning[own]), net(x[rows], meaning[other])

    def loss(rows: Tensor) -> Tensor:
        same, other = margins(rows, stops if rows is stops else learns)
        return (F.softplus(-same) + F.softplus(other)).mean() / 2

    train(net, loss, learns, stops, draws, EPOCHS)
    with torch.no_grad():
        same, other = margins(test, test)
    return ((same > 0).double() + (other < 0).double()).numpy() / 2


def _standard(x: Tensor, known: Tensor) -> Tensor:
    return (x - known.mean(0)) / known.std(0).clamp_min(1e-6)


def _another(own: Tensor, among: Tensor, draws: torch.Generator) -> Tensor:
    """For each row an image of `among` (sorted) that is not its own, all equally likely."""
    shift = torch.randint(1, max(2, len(among)), (len(own),), generator=draws)
    return among[(torch.searchsorted(among, own) + shift) % len(among)]
