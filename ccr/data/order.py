"""The order of training batches: a function of the seed, the data and the protocol, never of the method.

Every method sees the same captions in the same order, and step s can be drawn without having drawn the steps before
it in this process: resuming needs no generator state.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from ccr.errors import CcrError


def generator(*words: object) -> np.random.Generator:
    """A generator that depends on the words alone."""
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


@frozen(eq=False)
class Draw:
    """One global batch: rows of one language, and for each row another row of the batch with another picture."""

    lang: str
    rows: np.ndarray  # (B,) int64
    other: np.ndarray  # (B,) int64


class Order:
    """All batches of one phase.

    `pictures[lang]` is (n,) int64 from 0: the number of the picture behind each row, equal for equal content. No batch
    holds one picture twice. Epochs follow one another without a short batch between them; a row that would repeat a
    picture waits for the next batch.
    """

    def __init__(
        self, seed: int, phase: str, pictures: Mapping[str, np.ndarray], batch_size: int, epochs: float
    ) -> None:
        self._key = (seed, phase)
        self._batches: list[tuple[str, np.ndarray]] = []
        self.exposures: dict[str, int] = {}
        slots: list[tuple[float, int, str, np.ndarray]] = []
        for index, (lang, picture) in enumerate(pictures.items()):
            size = min(batch_size, int(np.count_nonzero(np.bincount(picture))))
            if size < 2:
                raise CcrError(f"training needs captions of at least two pictures in {lang}; there are {size}")
            steps = max(1, round(epochs * len(picture) / size))
            batches = _batches(generator(seed, phase, lang), picture, size, steps)
            self.exposures[lang] = steps * size
            slots += [((i + 0.5) / steps, index, lang, rows) for i, rows in enumerate(batches)]
        # languages take turns evenly over the phase, whatever their sizes
        self._batches = [(lang, rows) for _, _, lang, rows in sorted(slots, key=lambda slot: slot[:2])]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, step: int) -> Draw:
        lang, rows = self._batches[step]
        cycle = generator(*self._key, "other", step).permutation(len(rows))
        other = np.empty_like(cycle)
        other[cycle] = np.roll(cycle, 1)  # one cycle through all rows: no row meets itself
        return Draw(lang, rows, other)

    def digest(self) -> str:
        """sha256 of all draws: equal for two runs that saw the same captions in the same order."""
        sha = hashlib.sha256()
        for lang, rows in self._batches:
            sha.update(lang.encode())
            sha.update(rows.tobytes())
        return sha.hexdigest()


def _batches(rng: np.random.Generator, picture: np.ndarray, size: int, steps: int) -> list[np.ndarray]:
    batches: list[np.ndarray] = []
    waiting: deque[int] = deque()
    epoch, at = np.zeros(0, np.int64), 0
    while len(batches) < steps:
        rows = epoch[at : at + size]
        if not waiting and len(rows) == size == len(set(picture[rows].tolist())):  # nearly always, in a large set
            batches.append(rows)
            at += size
            continue
        taken: dict[int, int] = {}  # picture -> row
        later: deque[int] = deque()
        while len(taken) < size:
            if waiting:
                row = waiting.popleft()
            else:
                if at == len(epoch):
                    epoch, at = rng.permutation(len(picture)), 0
                row = int(epoch[at])
                at += 1
            if picture[row] in taken:
                later.append(row)
            else:
                taken[int(picture[row])] = row
        waiting = later + waiting
        batches.append(np.array(list(taken.values()), dtype=np.int64))
    return batches


def numbered(digests: Sequence[str]) -> np.ndarray:
    """(n,) int64: one number per distinct digest."""
    number = {digest: i for i, digest in enumerate(dict.fromkeys(digests))}
    return np.array([number[digest] for digest in digests], dtype=np.int64)
