"""chrF: how near translations are to references, by their characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ccr.errors import CcrError

ORDER, BETA = 6, 2.0


def chrf(translations: Sequence[str], references: Sequence[str]) -> float:
    """chrF2 of a corpus, 0 to 100, with a reference for each translation (Popović 2015; sacreBLEU's default setting).

    Precision and recall of runs of 1 to 6 characters without white space, counted over the whole corpus, their means
    over the orders that occur on both sides, and F with recall twice as heavy. Needs no words: it serves Chinese and
    Japanese alike. Raises CcrError for lists of other lengths, and for empty ones.
    """
    if len(translations) != len(references) or not references:
        raise CcrError(f"chrF needs a reference per translation; there are {len(translations)} and {len(references)}")
    common, made, asked = [0] * ORDER, [0] * ORDER, [0] * ORDER
    for translation, reference in zip(translations, references, strict=True):
        for i in range(ORDER):
            ours, theirs = _grams(translation, i + 1), _grams(reference, i + 1)
            common[i] += (ours & theirs).total()
            made[i] += ours.total()
            asked[i] += theirs.total()
    orders = [i for i in range(ORDER) if made[i] and asked[i]]
    if not orders:
        return 0.0
    precision = sum(common[i] / made[i] for i in orders) / len(orders)
    recall = sum(common[i] / asked[i] for i in orders) / len(orders)
    if not precision + recall:
        return 0.0
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def _grams(text: str, n: int) -> Counter[str]:
    plain = "".join(text.split())
    return Counter(plain[i : i + n] for i in range(len(plain) - n + 1))
