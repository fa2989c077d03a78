"""The best candidates of each query agree with its exact rank, ties included."""

from __future__ import annotations

import hypothesis.strategies as st
import torch
from hypothesis import given

from ccr.evaluation.ranks import text_to_image
from ccr.evaluation.top import CHUNK, top_images


def slow(texts: torch.Tensor, images: torch.Tensor, owner: torch.Tensor, k: int) -> list[list[int]]:
    """Without ties: every image of every text, sorted."""
    scores = torch.nn.functional.normalize(texts, dim=1) @ torch.nn.functional.normalize(images, dim=1).T
    return [sorted(range(len(images)), key=lambda j: -float(row[j]))[:k] for row in scores]


@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 7), st.integers(0, 10**6))
def test_it_is_the_sorted_list(texts: int, images: int, k: int, seed: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    text, image = torch.randn(texts, 8, generator=draws), torch.randn(images, 8, generator=draws)
    owner = torch.randint(images, (texts,), generator=draws)
    found = top_images(text, image, owner, text_to_image(text, image, owner).lo, k)
    assert found.dtype == torch.int32
    assert found.tolist() == slow(text, image, owner, k)


@given(st.integers(2, 40), st.integers(0, 10**6))
def test_under_ties_the_right_one_stands_at_its_rank_and_nothing_stands_twice(images: int, seed: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    image = torch.randint(-1, 2, (images, 2), generator=draws).float()
    image[image.abs().sum(1) == 0] = 1.0
    text = image[torch.randint(images, (30,), generator=draws)]
    owner = torch.randint(images, (30,), generator=draws)
    lo = text_to_image(text, image, owner).lo
    for rank, right, row in zip(lo.tolist(), owner.tolist(), top_images(text, image, owner, lo).tolist(), strict=True):
        assert len(set(row)) == min(5, images)
        assert row.index(right) == rank - 1 if rank <= 5 else right not in row


def test_chunks_change_nothing() -> None:
    draws = torch.Generator().manual_seed(3)
    text, image = torch.randn(CHUNK + 7, 6, generator=draws), torch.randn(50, 6, generator=draws)
    owner = torch.randint(50, (len(text),), generator=draws)
    lo = text_to_image(text, image, owner).lo
    whole = top_images(text, image, owner, lo)
    assert torch.equal(whole[CHUNK - 3 :], top_images(text[CHUNK - 3 :], image, owner[CHUNK - 3 :], lo[CHUNK - 3 :]))
