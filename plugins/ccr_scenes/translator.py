"""A machine translator for scene captions: phrase by phrase along the source sentence, as the first such systems did.

It reads the caption and nothing else. The order and construction of the source stay; a dictionary gives the words;
noun phrases are mostly inflected as they should be. What it does not know passes through, idioms are taken word for
word, ambiguous words are now and then taken in the wrong sense. On top of that `noise` spoils a share of the noun
phrases, relations and backgrounds: one half by habit (the same source phrase goes wrong in the same way wherever it
stands), one half by chance. Chance is drawn from the text alone, so the same text always gives the same translation,
and less noise spoils a part of what more noise spoils.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from attrs import evolve

import ccr
from ccr_scenes import world
from ccr_scenes.grammar import english
from ccr_scenes.grammar.paths import INVERSE
from ccr_scenes.languages import TARGETS, UNSPACED
from ccr_scenes.reading import (
    BACKGROUND_OF,
    BACKGROUNDS,
    MOTION_OF,
    RELATION_OF,
    RELATIONS,
    Dictionary,
    Unit,
    dictionary,
    read,
)
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.world import MOTIONS
from ccr_scenes.world import SHAPES

REVISION = 1  # raise it when any translation changes: it is in the fingerprint
SLIPS = 0.06  # share of noun phrases with wrong agreement or order, whatever the noise
SENSES = 0.08  # share of ambiguous source phrases that are taken in the wrong sense
COLOURS = (*world.COLOURS, "violet")


class Draws(NamedTuple):
    """Chance for one unit, each in [0, 1): whether it is spoilt, how, which word it becomes, whether it slips."""

    chance: float
    way: float
    word: float
    slip: float


@lru_cache(maxsize=1 << 16)
def _habit(*key: str) -> tuple[float, float]:
    """Two numbers in [0, 1) that are always the same for a source phrase: whether it goes wrong, and how."""
    digest = hashlib.blake2b("\0".join((str(REVISION), *key)).encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little") / 2**32, int.from_bytes(digest[4:], "little") / 2**32


def _choose(options: Sequence[Any], luck: float) -> Any:
    """The first of the options is twice as likely as each of the others."""
    return options[max(0, int(luck * (len(options) + 1)) - 1)]


class ScenesTranslator(ccr.Translator):
    """Scene captions from English to the other languages of scenes, and back. `argument` must be empty.

    Raises ccr.CcrError for another language, for an argument, and for a noise outside of 0 to 1.
    """

    def __init__(self, argument: str, settings: Any) -> None:
        super().__init__(argument, settings)
        if argument:
            raise ccr.CcrError(f'the scenes translator takes no argument: write "scenes", not "scenes:{argument}"')
        if not 0 <= settings.noise <= 1:
            raise ccr.CcrError(f"noise of the scenes translator is a share from 0 to 1, not {settings.noise}")
        self.noise: float = settings.noise
        self.fingerprint = f"scenes@{REVISION}-noise{self.noise:g}"

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text."""
        if source == target:
            return list(texts)
        if {source, target} - {"en", *TARGETS} or "en" not in (source, target):
            known = ", ".join(TARGETS)
            raise ccr.CcrError(f"the scenes translator goes from en to {known} and back, not from {source} to {target}")
        return [self._translate(text, source, target) for text in texts]

    def _translate(self, text: str, source: str, target: str) -> str:
        units = read(text, source)
        direction = f"{source}-{target}"
        digest = hashlib.blake2b(f"{REVISION}\0{direction}\0{text}".encode(), digest_size=8).digest()
        rng = random.Random(int.from_bytes(digest, "little"))
        draws = [Draws(rng.random(), rng.random(), rng.random(), rng.random()) for _ in units]
        spoilt = list(units)
        for k, unit in enumerate(units):
            if unit.kind in ("noun", "relation", "background", "motion"):
                habit, habitual_way = _habit(direction, unit.source, _neighbour(units, k))
                if habit < self.noise / 2:
                    _spoil(spoilt, k, habitual_way)
                elif draws[k].chance < self.noise / 2:
                    _spoil(spoilt, k, draws[k].way)
        return _english(spoilt) if target == "en" else _write(spoilt, draws, dictionary(target))


def _neighbour(units: Sequence[Unit], k: int) -> str:
    """The noun that the habit of a relation or a background hangs on: the one that follows, else the first."""
    if units[k].kind == "noun":
        return ""
    nouns = [n for n, unit in enumerate(units) if unit.kind == "noun"]
    return next((units[n].noun for n in nouns if n > k), units[nouns[0]].noun if nouns else "")


def _spoil(units: list[Unit], k: int, way: float) -> None:
    """Make an error in units[k]; `way` in [0, 1) says which."""
    unit = units[k]
    if unit.kind == "relation":
        relation = RELATION_OF[unit.source]
        across = [r for r in RELATIONS if r not in (relation, INVERSE[relation])]
        units[k] = evolve(unit, source=RELATIONS[[INVERSE[relation], INVERSE[relation], *across][int(way * 4)]][0])
    elif unit.kind == "motion":  # the same form of another motion
        motion, number = MOTION_OF[unit.source]
        units[k] = evolve(unit, source=FORMS[number][_another(MOTIONS, motion, way)][0])
    elif unit.kind == "background":
        usual = BACKGROUND_OF[unit.source]
        other = [b for b in BACKGROUNDS if b != usual][int(way * (len(BACKGROUNDS) - 1))]
        units[k] = evolve(unit, source=BACKGROUNDS[other][-1] if unit.source == BACKGROUNDS[usual][-1] else other)
    else:
        colour = next((word for word in unit.adjectives if word in COLOURS), "")
        other_noun = next((n for n in range(len(units) - 1, -1, -1) if units[n].kind == "noun" and n != k), k)
        ways = ["shape", "slip", *["colour"] * 2 * bool(colour), *["drop", "swap"] * bool(unit.adjectives)]
        kind = ways[int(way * len(ways))]
        luck = way * len(ways) % 1
        if kind == "shape":
            units[k] = evolve(unit, noun=_another(SHAPES, unit.noun, luck))
        elif kind == "slip":
            units[k] = evolve(unit, slip=True)
        elif kind == "colour":
            new = _another(COLOURS, colour, luck)
            units[k] = evolve(unit, adjectives=tuple(new if word == colour else word for word in unit.adjectives))
        elif kind == "drop":
            units[k] = evolve(unit, adjectives=unit.adjectives[1:] if luck < 0.5 else unit.adjectives[:-1])
        else:
            units[k] = evolve(unit, adjectives=units[other_noun].adjectives)
            units[other_noun] = evolve(units[other_noun], adjectives=unit.adjectives)


def _another(words: Sequence[str], word: str, luck: float) -> str:
    others = [other for other in words if other != word]
    return others[int(luck * len(others))]


def _write(units: Sequence[Unit], draws: Sequence[Draws], words: Dictionary) -> str:
    """The units in their own order, in the words of the target language."""
    parts: list[str] = []
    frame = case = "nom"
    after = ""  # what is still to come behind the next noun phrase
    for unit, draw in zip(units, draws, strict=True):
        known = words.phrases.get(unit.source, ())
        if unit.kind == "noun":
            parts += [_noun_phrase(unit, draw, words, case), after]
            after = ""
        elif unit.kind == "unknown" or not known:  # no word of it: it passes as it is
            parts += [unit.source, after]
            after = ""
        else:
            template = _choose(known, draw.word)
            parts.append(template.before)
            if template.takes:
                case = frame if template.case == "*" else template.case
                frame = case if unit.kind == "phrase" else frame
                after = ("" if words.lang in UNSPACED else " ").join(filter(None, (template.after, after)))
            elif unit.kind == "background":
                parts.append(after)
                after = ""
    parts.append(after)
    if words.lang in UNSPACED:
        return re.sub("、+", "、", "".join(parts)).strip("、，")
    return words.joined(" ".join(part for part in parts if part).replace(" ,", ","))


def _english(units: Sequence[Unit]) -> str:
    parts = []
    for unit in units:
        if unit.kind == "noun":
            words = [unit.noun, *unit.adjectives] if unit.slip else [*unit.adjectives, unit.noun]
            parts.append(english.phrase(words[-1], words[:-1], unit.article))
        else:
            parts.append(unit.source)
    return re.sub(r" (?=[,;:.])", "", " ".join(parts))


def _noun_phrase(unit: Unit, draw: Draws, words: Dictionary, case: str) -> str:
    sense, _ = _habit(words.lang, unit.source, "sense")
    slip, way = _habit(words.lang, unit.source, "slip")
    if slip > SLIPS / 2:
        slip, way = draw.slip, draw.word
    said = []
    for k, word in enumerate((unit.noun, *unit.adjectives)):
        known = words.adjectives if k else words.nouns
        found = _choose(known.get(word, (word,)), draw.word * (k + 1) % 1)
        said.append(words.senses.get(word, found) if sense < SENSES else found)
    kind = "form" if unit.slip else ("order" if way < 0.5 else "form") if slip < SLIPS / 2 else ""
    return words.phrase(said[0], said[1:], unit.article, case, kind, way)
