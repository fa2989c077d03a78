"""Noise on any translator: words are dropped, swapped or confused, at a set level.

What happens to a word depends on the text alone, never on what stands beside it in a call, and less noise spoils a
part of the words that more noise spoils. A word is confused with another word of the same text, so that no list of
words is needed in any language. Scripts without spaces are spoilt by character, and so is a text of one word.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from ccr.base import Translator

KIND = "noise"  # in the fingerprint; a new name ("noise2") when the outcome changes
UNSPACED = {"zh", "yue", "wuu", "ja", "th", "lo", "km", "my", "bo", "dz"}
"""Languages, by primary subtag, whose words have no spaces between."""

# marks and spaces stay with the character before them; among characters, a run of Latin letters or digits is one
_MARKED = r".(?:[\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a]|\s)*"
_CHARACTERS = re.compile(_MARKED, re.S)
_UNSPACED_UNITS = re.compile(rf"[A-Za-z0-9]+\s*|{_MARKED}", re.S)


class _Draw(NamedTuple):
    """What becomes of a word: it is spoilt where `chance` is below the level; all are in [0, 1)."""

    chance: float
    way: float
    other: float


class NoisyTranslator(Translator):
    """The translations of another translator, a share of whose words is spoilt."""

    def __init__(self, inner: Translator, level: float) -> None:
        super().__init__("", inner.settings)
        self.inner, self.level = inner, level
        self.fingerprint = f"{inner.fingerprint}+{KIND}{level:g}"

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text."""
        made = self.inner.translate(texts, source, target)
        return made if source == target else [spoil(text, target, self.level) for text in made]


def spoil(text: str, lang: str, level: float) -> str:
    """`text` with a share `level` of its words (from 0 to 1) dropped, swapped or confused. Never empty."""
    spaced = lang.partition("-")[0] not in UNSPACED
    units = text.split() if spaced else _UNSPACED_UNITS.findall(text)
    if spaced and len(units) < 2:
        spaced, units = False, _CHARACTERS.findall(text)
    rng = random.Random(hashlib.blake2b(f"{lang}\0{text}".encode(), digest_size=8).digest())
    draws = [_Draw(rng.random(), rng.random(), rng.random()) for _ in units]
    if not any(draw.chance < level for draw in draws):
        return text
    kept = [_outcome(units, i, draw) if draw.chance < level else (float(i), unit)
            for i, (unit, draw) in enumerate(zip(units, draws, strict=True))]  # fmt: skip
    spoilt = [unit for _, unit in sorted((pair for pair in kept if pair), key=lambda pair: pair[0])]
    if not "".join(spoilt).strip():  # all is dropped: the word that the least noise leaves alone stays
        spoilt = [max(zip(draws, units, strict=True), key=lambda pair: (bool(pair[1].strip()), pair[0].chance))[1]]
    return (" " if spaced else "").join(spoilt).strip()


def _outcome(units: Sequence[str], i: int, draw: _Draw) -> tuple[float, str] | None:
    """Where a spoilt word goes and what it becomes; None where it is dropped."""
    others = [unit for unit in units if unit != units[i]]
    if draw.way < 1 / 3 or not others:
        return None
    if draw.way < 2 / 3:  # it changes places with the next word, the last one with the word before it
        return i + 1.5 if i + 1 < len(units) else i - 1.5, units[i]
    return float(i), others[int(draw.other * len(others))]
