"""What a metric's factory must be: RankMetric, a torchmetrics.Metric over integer ranks."""

from __future__ import annotations

from typing import Any

import torch
import torchmetrics
from torch import Tensor

from ccr.errors import CcrError

NAMELESS = -1
"""The id of a query that was given without one."""


class RankMetric(torchmetrics.Metric):
    """A metric over the ranks of the right answers, averaged over queries, then directions, then languages.

    A query's rank is known up to ties: `lo` if all ties fall in its favour, `hi` if none does. Of the tied candidates
    `tied` are right answers, so the expected value runs over the orders of `hi - lo + tied` of them.
    Subclasses give `per_query`; one that is no mean over queries overrides `reduce`.

    Where several processes hold a part of the queries each, `compute` and `bounds` gather them, as any torchmetrics
    metric does. A query that has an id counts once, whoever gave it and how often, and the order in which queries
    come does not matter: the value is that of one process, to the last bit.
    """

    full_state_update = False
    higher_is_better: bool | None = True
    seen: list[Tensor]  # (Q, 5) int64 each: language and direction, id, lo, hi, tied

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("seen", default=[], dist_reduce_fx="cat")

    def update(
        self, lo: Tensor, hi: Tensor, tied: Tensor, direction: int = 0, lang: int = 0, ids: Tensor | None = None
    ) -> None:
        """(Q,) int64 ranks from 1, for one direction (0 text to image, 1 image to text) of one language.

        `ids`, (Q,) int64 from 0, tell that language's queries in that direction apart over all processes. Without
        them every query counts, so no two processes may then give the same one.
        """
        cell = torch.full_like(lo, 2 * lang + direction)
        names = torch.full_like(lo, NAMELESS) if ids is None else ids
        self.seen.append(torch.stack([cell, names, lo, hi, tied], dim=1))

    def compute(self) -> Tensor:
        """The expected value, 0-d float64."""
        return self._macro(*self._queries())

    def bounds(self) -> tuple[Tensor, Tensor]:
        """The value with all ties lost and with all ties won."""
        with self.sync_context(dist_sync_fn=self.dist_sync_fn, should_sync=self.sync_on_compute):
            lo, hi, tied, cell = self._queries()
        one = torch.ones_like(tied)
        return self._macro(hi, hi, one, cell), self._macro(lo, lo, one, cell)

    def per_query(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
        """(Q,) float64: the expected credit of each query."""
        raise NotImplementedError

    def reduce(self, lo: Tensor, hi: Tensor, tied: Tensor) -> Tensor:
        """One language's one direction -> 0-d float64."""
        return self.per_query(lo, hi, tied).mean()

    def _queries(self) -> tuple[Tensor, ...]:
        """lo, hi, tied and cell of every query, by cell and id, each query once."""
        seen = self.seen if isinstance(self.seen, Tensor) else torch.cat(self.seen) if self.seen else torch.empty(0, 5)
        if not len(seen):
            raise CcrError(f"{type(self).__name__} has seen no query: call update before compute")
        for column in (1, 0):
            seen = seen[torch.argsort(seen[:, column], stable=True)]
        same = seen[1:] == seen[:-1]
        again = same[:, :2].all(1) & (seen[1:, 1] != NAMELESS)
        if bool((again & ~same.all(1)).any()):
            cell, name, *ranks = seen[1:][again & ~same.all(1)][0].tolist()
            raise CcrError(f"query {name} of language {cell // 2} came twice with other ranks: {ranks} is one of them")
        cell, _, lo, hi, tied = seen[torch.cat([again.new_ones(1), ~again])].unbind(1)
        return lo, hi, tied, cell

    def _macro(self, lo: Tensor, hi: Tensor, tied: Tensor, cell: Tensor) -> Tensor:
        by_lang: dict[int, list[Tensor]] = {}
        for c in sorted(set(cell.tolist())):
            rows = cell == c
            by_lang.setdefault(c // 2, []).append(self.reduce(lo[rows], hi[rows], tied[rows]))
        return torch.stack([torch.stack(values).mean() for values in by_lang.values()]).mean()
