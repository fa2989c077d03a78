"""The best candidates of each query, for people to look at; scores are counted in `ranks`, never here."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ccr.evaluation.ranks import full_precision

TOP = 5
CHUNK = 1024  # queries whose scores are held at once


def top_images(texts: Tensor, images: Tensor, owner: Tensor, lo: Tensor, k: int = TOP) -> Tensor:
    """(T, min(k, N)) int32, on the CPU: rows of the best images of each text, best first.

    (T, D) texts, (N, D) images, (T,) int64 row of the right image and its (T,) rank `lo`, as `text_to_image` gives it.
    The right image stands where its rank says, before those that tie with it, so that list and rank always agree.
    """
    owner, lo = owner.to(texts.device), lo.to(texts.device)
    k = min(k, len(images))
    found = []
    with full_precision(texts.device):
        columns = normalize(images.float(), dim=1).T
        for rows, right, rank in zip(
            normalize(texts.float(), dim=1).split(CHUNK), owner.split(CHUNK), lo.split(CHUNK), strict=True
        ):
            scores = rows @ columns
            scores.scatter_(1, right[:, None], -torch.inf)
            wrong = scores.topk(k).indices
            place = torch.arange(k, device=wrong.device)[None]
            behind = wrong.gather(1, (place - 1).clamp(min=0).expand_as(wrong))  # one further down
            mine = place - (rank - 1)[:, None]
            found.append(torch.where(mine < 0, wrong, torch.where(mine == 0, right[:, None], behind)).int().cpu())
    return torch.cat(found)
