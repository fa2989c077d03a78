"""Exact ranks of the right answers, in both directions, from one pass over the score matrix.

Scores are cosines in fp32. What is guaranteed, on any BLAS and device:

- *One score per pair of vectors.* Equal vectors are merged before anything is multiplied, and a right pair's score is
  computed once and then stands in the matrix wherever that pair is met. So a copy of the right answer ties with it
  exactly, and nothing outranks itself.
- *Order does not matter.* The distinct vectors are multiplied in sorted order, whatever order they came in.
- *Right and wrong answers meet the same arithmetic.* BLAS libraries sum in another order for another shape (MKL does
  below 16 rows, so that an entry moves by a last bit), therefore every product is a square of one shape. An encoder
  whose features differ in rounding alone scores chance.

Memory beyond the features: a few squares, and one strip of the matrix where many items share a vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from attrs import field, frozen
from torch import Tensor

from ccr.errors import CcrError

TILE = 512
"""Rows and columns of one product: large enough for BLAS, small enough to be counted while it is in the cache."""


def _column(_: object, attribute: object, value: Tensor) -> None:
    if value.dtype != torch.int64 or value.ndim != 1:
        raise CcrError(f"ranks are (Q,) int64 tensors, not {value.dtype} of shape {tuple(value.shape)}")


@frozen(eq=False)
class Ranks:
    """Of each query the rank of its best right answer, from 1, known up to ties. Three (Q,) int64 tensors, on the CPU.

    `lo` is 1 + the wrong candidates that score above it, `hi` is `lo` + the wrong ones that tie with it, and `tied`
    counts the right ones that tie with it, itself included.
    """

    lo: Tensor = field(validator=_column)
    hi: Tensor = field(validator=_column)
    tied: Tensor = field(validator=_column)

    def __len__(self) -> int:
        return len(self.lo)


def text_to_image(texts: Tensor, images: Tensor, owner: Tensor, *, tile: int = TILE) -> Ranks:
    """Ranks of the right image for each text: (T, D) texts, (N, D) images, (T,) int64 row of the right image.

    Features are normalised here, in fp32, on the device where they lie. Raises CcrError on rows that are NaN,
    infinite or zero, and on owners that name no image.
    """
    problem = _Problem(texts, images, owner, tile)
    count = problem.text_queries()
    problem.run(count, None)
    return problem.text_ranks(count)


def image_to_text(images: Tensor, texts: Tensor, owner: Tensor, *, tile: int = TILE) -> Ranks:
    """Ranks of the best right text for each image; arguments as in `text_to_image`. An image without text raises."""
    problem = _Problem(texts, images, owner, tile)
    count = problem.image_queries()
    problem.run(None, count)
    return problem.image_ranks(count)


def both_directions(texts: Tensor, images: Tensor, owner: Tensor, *, tile: int = TILE) -> tuple[Ranks, Ranks]:
    """`text_to_image` and `image_to_text` for the price of one."""
    problem = _Problem(texts, images, owner, tile)
    by_text, by_image = problem.text_queries(), problem.image_queries()
    problem.run(by_text, by_image)
    return problem.text_ranks(by_text), problem.image_ranks(by_image)


class _Problem:
    """The distinct vectors of both sides, and the score of every right pair.

    `u` (T,) and `v` (N,) say which distinct vector a text and an image have. Distinct right pairs are (pair_u, pair_v);
    `pair` (T,) says which of them a text makes with its image.
    """

    def __init__(self, texts: Tensor, images: Tensor, owner: Tensor, tile: int) -> None:
        _check(texts, images, owner)
        self.tile = tile
        self.owner = owner = owner.to(texts.device)
        rows, self.u = distinct(_unit(texts, "text"))
        columns, self.v = distinct(_unit(images, "image"))
        pairs, self.pair = torch.unique(self.u * len(columns) + self.v[owner], return_inverse=True)
        self.pair_u, self.pair_v = pairs // len(columns), pairs % len(columns)
        self.rows, self.columns = _strips(rows, tile), _strips(columns, tile)
        with full_precision(rows.device):
            self.right = torch.cat(
                [
                    (_pad(rows[u], tile) @ _pad(columns[v], tile).T).diagonal()[: len(u)]
                    for u, v in zip(self.pair_u.split(tile), self.pair_v.split(tile), strict=True)
                ]
            )

    def text_queries(self) -> _Count:
        """Texts that make the same pair have the same rank: one query per right pair."""
        return _Count(self.pair_u, self.right, self._weights(self.v, self.columns), self.tile)

    def image_queries(self) -> _Count:
        bare = torch.bincount(self.owner, minlength=len(self.v)) == 0
        if bare.any():
            raise CcrError(
                f"{_how_many(bare, 'image')} no text in this language, so nothing is right for them: leave them out of "
                "the gallery, or rank text to image alone"
            )
        best = self.right.new_full((len(self.v),), -torch.inf)
        self.best = best.scatter_reduce_(0, self.owner, self.right[self.pair], "amax")
        return _Count(self.v, self.best, self._weights(self.u, self.rows), self.tile)

    def run(self, by_text: _Count | None, by_image: _Count | None) -> None:
        """Multiply square by square, set the right pairs' one score in each, and count."""
        width = len(self.columns)
        square = (self.pair_u // self.tile) * width + self.pair_v // self.tile
        order = square.argsort()
        u, v, right = self.pair_u[order] % self.tile, self.pair_v[order] % self.tile, self.right[order]
        edges = _edges(square[order], len(self.rows) * width)
        with full_precision(right.device):
            scores = right.new_empty(self.tile, self.tile)
            for i, rows in enumerate(self.rows):
                for j, columns in enumerate(self.columns):
                    torch.mm(rows, columns.T, out=scores)
                    here = slice(edges[i * width + j], edges[i * width + j + 1])
                    scores[u[here], v[here]] = right[here]
                    if by_text:
                        by_text.add(scores, i, j)
                    if by_image:
                        by_image.add(scores.T, j, i)

    def text_ranks(self, count: _Count) -> Ranks:
        above, level = (x[self.pair].cpu() for x in count.result())
        return Ranks(1 + above, above + level, torch.ones_like(above))

    def image_ranks(self, count: _Count) -> Ranks:
        above, level = count.result()
        wins = self.right[self.pair] == self.best[self.owner]
        tied = torch.bincount(self.owner[wins], minlength=len(self.v))
        return Ranks((1 + above).cpu(), (1 + above + level - tied).cpu(), tied.cpu())

    def _weights(self, vector: Tensor, strips: list[Tensor]) -> Tensor:
        """How many candidates have each distinct vector; 0 for the padding. fp32 holds counts exactly to 2^24."""
        return torch.bincount(vector, minlength=len(strips) * self.tile).float()


class _Count:
    """Counts for each query the candidates that score above its threshold, and level with it.

    Query q stands at row `row[q]` of a score matrix whose columns count `weight` candidates each.
    """

    def __init__(self, row: Tensor, threshold: Tensor, weight: Tensor, tile: int) -> None:
        self.order = row.argsort()
        row = row[self.order]
        self.threshold = threshold[self.order][:, None]
        self.weight = weight.split(tile)
        self.above = torch.zeros_like(row)
        self.level = torch.zeros_like(row)
        self.edges = _edges(row // tile, int(row[-1]) // tile + 1)
        self.rows: list[slice | Tensor] = []  # rows of each strip that queries stand at, a slice if each has one query
        for first, a, b in zip(range(0, len(self.edges) * tile, tile), self.edges, self.edges[1:], strict=False):
            here = row[a:b] - first
            alone = torch.equal(here, torch.arange(b - a, device=row.device))
            self.rows.append(slice(0, b - a) if alone else here)

    def add(self, scores: Tensor, i: int, j: int) -> None:
        """Square (i, j) of the score matrix."""
        a, b = self.edges[i], self.edges[i + 1]
        scores = scores[self.rows[i]]
        # a comparison that writes fp32 and a product with the weights is several times as fast as summing booleans
        hits = torch.empty_like(scores)
        self.above[a:b] += (torch.gt(scores, self.threshold[a:b], out=hits) @ self.weight[j]).long()
        self.level[a:b] += (torch.eq(scores, self.threshold[a:b], out=hits) @ self.weight[j]).long()

    def result(self) -> tuple[Tensor, Tensor]:
        """(above, level), (Q,) int64, in the order in which the queries came."""
        back = self.order.argsort()
        return self.above[back], self.level[back]


def _check(texts: Tensor, images: Tensor, owner: Tensor) -> None:
    if texts.ndim != 2 or images.ndim != 2 or texts.shape[1] != images.shape[1]:
        raise CcrError(
            f"texts {tuple(texts.shape)} and images {tuple(images.shape)} must be (T, D) and (N, D) with the same D"
        )
    if not texts.numel() or not images.numel():
        raise CcrError(f"there is nothing to rank: {len(texts)} texts, {len(images)} images, {texts.shape[1]} features")
    if owner.dtype != torch.int64 or owner.shape != (len(texts),):
        raise CcrError(f"owner must be ({len(texts)},) int64, not {tuple(owner.shape)} {owner.dtype}")
    outside = (owner < 0) | (owner >= len(images))
    if outside.any():
        raise CcrError(f"{_how_many(outside, 'text')} an owner outside of the {len(images)} images")


def _unit(features: Tensor, kind: str) -> Tensor:
    """Rows of length 1 in fp32. Scaling by the largest entry first keeps the squares of huge and tiny rows in range."""
    x = features.detach().to(torch.float32, copy=True)
    largest = torch.maximum(x.amax(1, keepdim=True), -x.amin(1, keepdim=True))  # of the magnitudes; NaN if one is
    broken = ~largest[:, 0].isfinite()
    if broken.any():
        raise CcrError(f"{_how_many(broken, kind)} NaN or infinite features: look at the encoder and its precision")
    zero = largest[:, 0] == 0
    if zero.any():
        raise CcrError(f"{_how_many(zero, kind)} zero features, which have no direction: look at the encoder's input")
    x.div_(largest)
    return x.div_(torch.linalg.vector_norm(x, dim=1, keepdim=True)).add_(0.0)  # + 0.0 makes one zero of two


def distinct(x: Tensor) -> tuple[Tensor, Tensor]:
    """What `torch.unique(x, dim=0, return_inverse=True)` gives for (N, D) without NaN, in a fraction of its time.

    Rows are sorted by their first entry; whole rows are compared only where first entries are equal.
    """
    first, order = x[:, 0].sort()
    level = first[1:] == first[:-1]
    no = level.new_zeros(1)
    tied = torch.cat([no, level]) | torch.cat([level, no])
    again = torch.zeros_like(tied)  # whether the row is the one before it once more
    if tied.any():
        among = order[tied]
        number, by = torch.unique(x[among], dim=0, return_inverse=True)[1].sort(stable=True)
        order[tied] = among[by]
        again[tied] = torch.cat([no, number[1:] == number[:-1]])
    inverse = torch.empty_like(order)
    inverse[order] = (~again).cumsum(0) - 1
    return x[order[~again]], inverse


def _how_many(rows: Tensor, kind: str) -> str:
    """'3 of 10 texts (first: row 4) have'."""
    n = int(rows.sum())
    return f"{n} of {len(rows)} {kind}s (first: row {int(rows.int().argmax())}) {'has' if n == 1 else 'have'}"


def _strips(rows: Tensor, tile: int) -> list[Tensor]:
    return [_pad(strip, tile) for strip in rows.split(tile)]


def _pad(rows: Tensor, tile: int) -> Tensor:
    """Zero rows below, up to `tile`."""
    return torch.nn.functional.pad(rows, (0, 0, 0, tile - len(rows))) if len(rows) < tile else rows


def _edges(groups: Tensor, n: int) -> list[int]:
    """Sorted group numbers -> where each of the groups 0..n-1 begins, and the end."""
    return torch.searchsorted(groups, torch.arange(n + 1, device=groups.device)).tolist()


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Real fp32 products, whatever was set for training: in bf16 half of the right answers tie."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
