"""R@K as a function of K, from ranks that are known up to ties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

KS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100, 150, 200, 300, 500, 1000)


def recall_curve(lo: np.ndarray, hi: np.ndarray, tied: np.ndarray, ks: Sequence[int]) -> np.ndarray:
    """(len(ks),) float64: the expected share of queries with a right answer among the first K.

    (Q,) ranks as `ccr.evaluation.ranks.Ranks` has them. Of the n = hi - lo + tied answers level with the best right
    one, `tied` are right; the first m = K - lo + 1 of them, in random order, hold none with a chance of
    C(n - m, tied) / C(n, tied).
    """
    from scipy.special import gammaln

    lo, hi, tied = (column.astype(np.float64) for column in (lo, hi, tied))
    n = hi - lo + tied
    out = []
    for k in ks:
        m = np.clip(k - lo + 1, 0, n)
        left = n - m
        possible = left >= tied
        rest = np.where(possible, left, tied)  # where none can be missed, anything that has a logarithm
        none = gammaln(rest + 1) - gammaln(rest - tied + 1) - gammaln(n + 1) + gammaln(n - tied + 1)
        out.append(float(np.mean(1 - np.where(possible, np.exp(none), 0.0))))
    return np.array(out)
