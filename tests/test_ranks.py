"""Ranks against slow oracles in plain Python; the laws that ties, copies and orders must obey."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ccr import CcrError
from ccr.evaluation.ranks import Ranks, both_directions, distinct, image_to_text, text_to_image

Triple = tuple[list[int], list[int], list[int]]


def triple(ranks: Ranks) -> Triple:
    return ranks.lo.tolist(), ranks.hi.tolist(), ranks.tied.tolist()


def oracle(scores: list[list], owner: list[int]) -> tuple[Triple, Triple]:
    """(text to image, image to text) of a full matrix scores[text][image], one comparison at a time."""
    by_text: Triple = ([], [], [])
    by_image: Triple = ([], [], [])

    def rank(right: list, wrong: list, into: Triple) -> None:
        best = max(right)
        lo = 1 + sum(score > best for score in wrong)
        into[0].append(lo)
        into[1].append(lo + sum(score == best for score in wrong))
        into[2].append(sum(score == best for score in right))

    n_images = len(scores[0])
    for t, row in enumerate(scores):
        rank([row[owner[t]]], [row[n] for n in range(n_images) if n != owner[t]], by_text)
    for n in range(n_images):
        column = [(row[n], owner[t] == n) for t, row in enumerate(scores)]
        rank([s for s, right in column if right], [s for s, right in column if not right], by_image)
    return by_text, by_image


def dots(texts: list[list], images: list[list]) -> list[list]:
    return [[sum(a * b for a, b in zip(text, image, strict=True)) for image in images] for text in texts]


def random_problem(n_texts: int, n_images: int, dim: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Every image has a text; owners are in no order."""
    g = torch.Generator().manual_seed(seed)
    owner = torch.cat([torch.arange(n_images), torch.randint(n_images, (n_texts - n_images,), generator=g)])
    owner = owner[torch.randperm(n_texts, generator=g)]
    images = torch.randn(n_images, dim, generator=g)
    return images[owner] + 2 * torch.randn(n_texts, dim, generator=g), images, owner


@st.composite
def signs(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """Vectors of four or sixteen signs: every product is exact in fp32, in any order, and nearly everything ties."""
    dim = draw(st.sampled_from([4, 16]))
    vector = st.lists(st.sampled_from([-1, 1]), min_size=dim, max_size=dim)
    images = draw(st.lists(vector, min_size=1, max_size=7))
    extra = draw(st.lists(st.integers(0, len(images) - 1), max_size=8))
    owner = draw(st.permutations([*range(len(images)), *extra]))
    texts = draw(st.lists(vector, min_size=len(owner), max_size=len(owner)))
    return texts, images, owner


@settings(max_examples=150, deadline=None)
@given(signs(), st.sampled_from([1, 2, 3, 5, 512]))
def test_equals_the_oracle_in_integers(problem, tile):
    texts, images, owner = problem
    expected = oracle(dots(texts, images), owner)
    t, v, o = torch.tensor(texts).float(), torch.tensor(images).float(), torch.tensor(owner)
    assert tuple(map(triple, both_directions(t, v, o, tile=tile))) == expected
    assert triple(text_to_image(t, v, o, tile=tile)) == expected[0]
    assert triple(image_to_text(v, t, o, tile=tile)) == expected[1]


@pytest.mark.parametrize("tile", [1, 2, 3, 64, 512])
def test_equals_the_oracle_on_random_features_with_copies_on_both_sides(tile):
    texts, images, owner = random_problem(90, 31, 17, seed=1)
    images[[4, 9, 30]] = images[0].clone()
    texts[[3, 50, 51, 89]] = texts[7].clone()
    texts[[1, 2]] = texts[88].clone()
    unit = torch.nn.functional.normalize
    expected = oracle(dots(unit(texts).tolist(), unit(images).tolist()), owner.tolist())
    assert tuple(map(triple, both_directions(texts, images, owner, tile=tile))) == expected


def test_squares_of_the_real_size_agree_with_one_product():
    texts, images, owner = random_problem(1601, 803, 33, seed=2)
    unit = torch.nn.functional.normalize
    scores = unit(texts) @ unit(images).T
    right = scores.gather(1, owner[:, None])
    by_text, by_image = both_directions(texts, images, owner)
    assert torch.equal(by_text.lo, 1 + (scores > right).sum(1))
    best = torch.full((803,), -2.0).scatter_reduce(0, owner, right[:, 0], "amax")
    assert torch.equal(by_image.lo, 1 + (scores > best).sum(0))
    assert torch.equal(by_text.lo, by_text.hi)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 3, 32]))
def test_the_order_of_texts_and_images_changes_nothing(seed, tile):
    texts, images, owner = random_problem(40, 23, 19, seed)
    images[1::4] = images[0] * torch.linspace(0.3, 3, len(images[1::4]))[:, None]  # equal up to rounding
    g = torch.Generator().manual_seed(seed)
    p, q = torch.randperm(40, generator=g), torch.randperm(23, generator=g)
    by_text, by_image = both_directions(texts, images, owner, tile=tile)
    moved_text, moved_image = both_directions(texts[p], images[q], q.argsort()[owner[p]], tile=tile)
    for name in ("lo", "hi", "tied"):
        assert torch.equal(getattr(by_text, name)[p], getattr(moved_text, name))
        assert torch.equal(getattr(by_image, name)[q], getattr(moved_image, name))


@pytest.mark.parametrize("tile", [1, 2, 3, 7, 64, 512])
@pytest.mark.parametrize("dim", [1, 3, 511])
def test_a_copy_of_the_right_image_ties_exactly_wherever_it_stands(tile, dim):
    g = torch.Generator().manual_seed(3)
    images = torch.randn(40, dim, generator=g)
    texts = images + 0.01 * torch.randn(40, dim, generator=g)
    alone = text_to_image(texts, images, torch.arange(40), tile=tile)
    twice = text_to_image(texts, torch.cat([images, images.flip(0)]), torch.arange(40), tile=tile)
    above, level = alone.lo - 1, alone.hi - alone.lo + 1
    assert torch.equal(twice.lo - 1, 2 * above)
    assert torch.equal(twice.hi - twice.lo + 1, 2 * level)


def test_a_copy_of_the_right_text_that_belongs_to_another_image_ties():
    g = torch.Generator().manual_seed(4)
    images = torch.randn(30, 64, generator=g)
    texts = images.clone()
    texts[17] = texts[3]
    by_image = image_to_text(images, texts, torch.arange(30), tile=2)
    assert (by_image.lo[3], by_image.hi[3], by_image.tied[3]) == (1, 2, 1)
    assert by_image.hi[4] == 1


def test_right_texts_that_are_equal_share_the_place():
    image = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    texts = torch.tensor([[1.0, 0.2], [1.0, 0.2], [1.0, 0.2], [0.0, 1.0]])
    assert triple(image_to_text(image, texts, torch.tensor([0, 0, 1, 1]))) == ([1, 1], [2, 1], [2, 1])


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_the_scale_of_a_row_says_nothing(scale):
    texts, images, owner = random_problem(20, 9, 8, seed=5)
    plain = both_directions(texts, images, owner)
    scaled = both_directions(texts * scale, images * 0.25, owner)
    assert [triple(r) for r in plain] == [triple(r) for r in scaled]


def test_a_collapsed_encoder_scores_chance():
    owner = torch.arange(120) // 2
    by_text, by_image = both_directions(torch.ones(120, 16), torch.ones(60, 16), owner)
    assert triple(by_text) == ([1] * 120, [60] * 120, [1] * 120)
    assert triple(by_image) == ([1] * 60, [119] * 60, [2] * 60)


@pytest.mark.parametrize("noise", [1e-8, 1e-7, 1e-6])
def test_an_encoder_collapsed_up_to_rounding_scores_chance(noise):
    g = torch.Generator().manual_seed(6)
    base = torch.randn(1, 128, generator=g)
    texts, images = (base + noise * torch.randn(800, 128, generator=g) for _ in range(2))
    for ranks in both_directions(texts, images, torch.arange(800)):
        assert abs((ranks.lo + ranks.hi).double().mean() / 2 - 400.5) < 30
        assert (ranks.hi <= 1).sum() < 8


def test_one_image_with_one_text():
    assert [triple(r) for r in both_directions(torch.ones(1, 3), -torch.ones(1, 3), torch.tensor([0]))] == [
        ([1], [1], [1]),
        ([1], [1], [1]),
    ]


def test_features_in_half_precision_are_ranked_in_fp32_whatever_is_set_for_training():
    texts, images, owner = random_problem(400, 400, 256, seed=7)
    texts, images = texts.bfloat16(), images.bfloat16()
    plain = both_directions(texts.float(), images.float(), owner)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", torch.bfloat16):
            mixed = both_directions(texts.requires_grad_(), images, owner)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    assert [triple(r) for r in plain] == [triple(r) for r in mixed]
    assert (plain[0].hi > plain[0].lo).sum() == 0


def test_products_are_taken_in_full_precision(monkeypatch):
    seen, mm = [], torch.mm

    def spy(*args: Tensor, **kwargs: Tensor) -> Tensor:
        seen.append((torch.get_float32_matmul_precision(), args[0].dtype))
        return mm(*args, **kwargs)

    monkeypatch.setattr(torch, "mm", spy)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        both_directions(torch.eye(3).half(), torch.eye(3).half(), torch.arange(3))
    finally:
        torch.set_float32_matmul_precision(before)
    assert set(seen) == {("highest", torch.float32)}


def test_a_zero_has_no_sign():
    images = torch.tensor([[3.0, 0.0, 1.0], [3.0, -0.0, 1.0], [0.0, 1.0, 0.0]])
    assert triple(text_to_image(torch.tensor([[1.0, 1.0, 0.3]]), images, torch.tensor([0])))[1] == [2]


def test_inputs_are_left_as_they_are():
    texts, images, owner = random_problem(6, 4, 5, seed=8)
    before = texts.clone(), images.clone()
    both_directions(texts, images, owner)
    assert torch.equal(texts, before[0])
    assert torch.equal(images, before[1])


def test_images_without_text_are_distractors_for_texts_and_an_error_for_images():
    texts, images, owner = random_problem(12, 5, 6, seed=9)
    images = torch.cat([images[:2], -texts[:1], images[2:], -texts[:1]])
    owner = torch.where(owner >= 2, owner + 1, owner)
    assert len(text_to_image(texts, images, owner)) == 12
    with pytest.raises(CcrError, match=r"2 of 7 images \(first: row 2\) have no text in this language"):
        image_to_text(images, texts, owner)
    with pytest.raises(CcrError, match="no text in this language"):
        both_directions(texts, images, owner)


@pytest.mark.parametrize(
    ("poison", "says"),
    [
        (float("nan"), r"2 of 6 texts \(first: row 3\) have NaN or infinite"),
        (float("-inf"), r"2 of 6 texts \(first: row 3\) have NaN or infinite"),
        (0.0, r"2 of 6 texts \(first: row 3\) have zero features"),
    ],
)
def test_features_without_direction_are_named(poison, says):
    texts, images, owner = random_problem(6, 4, 5, seed=10)
    texts[3:5] = poison
    with pytest.raises(CcrError, match=says):
        both_directions(texts, images, owner)
    images[1] = poison
    with pytest.raises(CcrError, match=r"1 of 4 images \(first: row 1\) has"):
        both_directions(texts[:3], images, owner[:3])


@pytest.mark.parametrize(
    ("texts", "images", "owner", "says"),
    [
        (torch.ones(0, 4), torch.ones(3, 4), torch.zeros(0, dtype=torch.int64), "nothing to rank: 0 texts"),
        (torch.ones(2, 4), torch.ones(0, 4), torch.zeros(2, dtype=torch.int64), "0 images"),
        (torch.ones(2, 0), torch.ones(2, 0), torch.arange(2), "0 features"),
        (torch.ones(2, 4), torch.ones(2, 5), torch.arange(2), "same D"),
        (torch.ones(2, 4), torch.ones(2, 4), torch.arange(3), r"owner must be \(2,\) int64"),
        (torch.ones(2, 4), torch.ones(2, 4), torch.ones(2), r"owner must be \(2,\) int64"),
        (
            torch.ones(2, 4),
            torch.ones(2, 4),
            torch.tensor([0, 2]),
            r"1 of 2 texts \(first: row 1\) has an owner outside",
        ),
    ],
)
def test_shapes_that_make_no_sense(texts, images, owner, says):
    with pytest.raises(CcrError, match=says):
        both_directions(texts, images, owner)


# --- distinct rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [2, 5, 1_000_000])
@pytest.mark.parametrize("shape", [(1, 1), (7, 1), (40, 2), (60, 3), (200, 6)])
def test_distinct_rows_are_those_of_torch(shape: tuple[int, int], values: int) -> None:
    """Few values make many rows equal, and many that differ in a later entry alone."""
    for seed in range(5):
        draws = torch.Generator().manual_seed(seed)
        x = torch.randint(-values, values, shape, generator=draws).float()
        rows, inverse = distinct(x)
        expected = torch.unique(x, dim=0, return_inverse=True)
        assert torch.equal(rows, expected[0])
        assert torch.equal(inverse, expected[1])
