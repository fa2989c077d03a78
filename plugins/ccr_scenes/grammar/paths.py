"""How a claim is told: as paths of objects, each step saying where the next one stands.

The relations of at most three mentions make paths, and a path can be told from either end, or, if it has a middle,
from there. All languages choose among these tellings; only the words differ.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

from attrs import frozen

from ccr import CcrError
from ccr_scenes.world import Claim, Mention

Words = Mapping[str, Sequence[str]]  # what to say for each name: a string, or a tuple of several to choose from
Said = tuple[str, tuple[str, ...]]  # a noun and its adjectives, uninflected

INVERSE = {"left": "right", "right": "left", "above": "below", "below": "above"}


@frozen
class Path:
    """Mentions in a row: `mentions[k]` stands in `relations[k]` to `mentions[k + 1]`."""

    mentions: tuple[Mention, ...]
    relations: tuple[str, ...] = ()
    hub: bool = False  # the claim speaks of the middle mention: it stands in both relations to its neighbours

    def turned(self) -> Path:
        """The same path, told from its other end."""
        return Path(self.mentions[::-1], tuple(INVERSE[r] for r in self.relations[::-1]), self.hub)

    def spokes(self) -> tuple[Mention, tuple[tuple[str, Mention], ...]]:
        """The middle of three mentions (the first of fewer) and what it stands in which relation to."""
        if len(self.mentions) < 3:
            return self.mentions[0], tuple(zip(self.relations, self.mentions[1:], strict=True))
        left, middle, right = self.mentions
        return middle, ((INVERSE[self.relations[0]], left), (self.relations[1], right))

    def following(self) -> tuple[tuple[str, Mention], ...]:
        """Each later mention with the relation in which it stands to the one before it."""
        return tuple((INVERSE[r], m) for r, m in zip(self.relations, self.mentions[1:], strict=True))


def paths(claim: Claim) -> list[Path]:
    """The claim as paths in the order of their first mention; a mention without relations is a path of its own."""
    count = len(claim.mentions)
    edges: list[dict[int, str]] = [{} for _ in range(count)]
    for i, relation, j in claim.relations:
        if i == j or j in edges[i]:
            raise CcrError(f"mentions {i} and {j} of a claim need one relation between two objects: {claim}")
        edges[i][j], edges[j][i] = relation, INVERSE[relation]
    found: list[Path] = []
    told: set[int] = set()
    for start in range(count):
        if start in told or len(edges[start]) > 1:
            continue
        row = [start]
        while onward := [j for j in edges[row[-1]] if j not in row[-2:]]:
            row.append(onward[0])
        told.update(row)
        steps = tuple(edges[a][b] for a, b in pairwise(row))
        speaks = [i for i, _, j in claim.relations if {i, j} <= set(row)]
        hub = len(row) == 3 and speaks == [row[1]] * 2
        found.append(Path(tuple(claim.mentions[i] for i in row), steps, hub))
    if len(told) < count or any(len(edge) > 2 for edge in edges):
        raise CcrError(f"the relations of a claim must not run in a circle, or branch three ways: {claim}")
    return found


def listed(parts: Sequence[str], last: str, comma: str = ", ") -> str:
    """ "", "a", "a and b", "a, b and c" for last = " and "."""
    return last.join([comma.join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


class Teller:
    """A claim about to be told in one language: the base of every grammar, which adds words, forms and sentences.

    Of words with one meaning, given as a tuple, the first is twice as likely as each of the others.
    """

    shapes: Words
    colours: Words
    sizes: Words
    backgrounds: Words

    def __init__(self, claim: Claim, rng: random.Random) -> None:
        self.rng = rng
        self.background = claim.background
        # What stands alone comes last, so that no relation can be read into it.
        self.paths = sorted(paths(claim), key=lambda path: len(path.mentions), reverse=True)
        self.alone = [path.mentions[0] for path in self.paths if not path.relations]
        self.first = self.paths[0]

    def pick(self, words: Sequence[str]) -> str:
        if isinstance(words, str):
            return words
        return words[max(0, self.rng.randrange(len(words) + 1) - 1)]

    def said(self, m: Mention) -> Said:
        """The noun and the adjectives for a mention, size before colour."""
        size = [self.pick(self.sizes[m.size])] if m.size else []
        colour = [self.pick(self.colours[m.colour])] if m.colour else []
        return self.pick(self.shapes[m.shape]), (*size, *colour)

    def where(self, table: Words | None = None) -> str:
        """The background in words, "" if the claim leaves it open."""
        return self.pick((table or self.backgrounds)[self.background]) if self.background else ""

    def ending(self, before: str, table: Words | None = None, after: str = "") -> str:
        """The same with what stands around it."""
        return before + self.where(table) + after if self.background else ""
