"""How the translator reads: captions cut into noun phrases, relations, backgrounds and other phrases, in English."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache

from attrs import frozen

from ccr_scenes.languages import TARGETS, UNSPACED, USUAL, WORDS
from ccr_scenes.video.english import FORMS

ADJECTIVES_AFTER = {"fr", "es", "ar", "sw"}

RELATIONS = {  # the usual phrase first
    "left": ("to the left of", "left of", "on the left side of", "on the left-hand side of", "just left of"),
    "right": ("to the right of", "right of", "on the right side of", "on the right-hand side of", "just right of"),
    "above": ("above", "over", "right above", "up above"),
    "below": ("below", "under", "right below", "down below"),
}
BACKGROUNDS = {  # the usual phrase, the others, last the noun phrase
    "on a meadow": ("on the grass", "out in the fields", "a meadow"),
    "on a beach": ("on the sand", "by the seaside", "a beach"),
    "in the sea": ("in the water", "out at sea", "the sea"),
    "in the snow": ("in the deep snow", "snow"),
    "under the night sky": ("at night", "in the dead of night", "the night sky"),
    "in front of a brick wall": ("on a brick wall", "up against a brick wall", "a brick wall"),
}
MOTION_OF = {
    verb: (motion, number) for number, form in enumerate(FORMS) for motion, verbs in form.items() for verb in verbs
}
RELATION_OF = {phrase: relation for relation, phrases in RELATIONS.items() for phrase in phrases}
BACKGROUND_OF = {phrase: usual for usual, phrases in BACKGROUNDS.items() for phrase in (usual, *phrases)}


@frozen
class Unit:
    """A piece of a caption. What it says is said in English, except for unknown words."""

    source: str
    kind: str  # "noun", "relation", "background", "motion", "phrase" or "unknown"
    noun: str = ""
    adjectives: tuple[str, ...] = ()
    article: str = ""
    slip: bool = False  # to be inflected wrongly


@frozen
class Template:
    """A phrase of the target language: what stands before and after the noun phrase that it takes, and its case."""

    before: str
    takes: bool
    case: str
    after: str

    @classmethod
    def parse(cls, text: str) -> Template:
        before, brace, rest = text.partition("{")
        case, _, after = rest.partition("}")
        return cls(before.strip(), bool(brace), case, after.strip())


class Dictionary:
    """The words between English and another language, see ccr_scenes.dictionaries."""

    def __init__(self, lang: str) -> None:
        module = importlib.import_module(f"ccr_scenes.dictionaries.{TARGETS[lang]}")
        motions = importlib.import_module(f"ccr_scenes.video.{USUAL[lang]}") if lang in USUAL else None
        self.lang = lang
        self.nouns = {word: _many(found) for word, found in module.NOUNS.items()}
        self.adjectives = {word: _many(found) for word, found in module.ADJECTIVES.items()}
        self.senses: Mapping[str, str] = module.SENSES
        self.phrases = {
            source: tuple(Template.parse(text) for text in _many(found))
            for source, found in {**module.PHRASES, **(motions.PHRASES if motions else {})}.items()
        }
        self.phrase: Callable[..., str] = module.phrase
        self.forms: Callable[[str], set[str]] = module.forms
        self.articles: Mapping[str, str] = module.ARTICLES
        self.to_english: Mapping[str, str] = {**(motions.TO_ENGLISH if motions else {}), **module.TO_ENGLISH}
        self.silent: Collection[str] = getattr(module, "SILENT", frozenset())  # words that nothing hangs on
        self.joined: Callable[[str], str] = getattr(module, "joined", str)  # words with the spelling between them


def _many(found: str | tuple[str, ...]) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else found


@cache
def dictionary(lang: str) -> Dictionary:
    return Dictionary(lang)


class Reader:
    """Reads the captions of one language by longest match from the left."""

    def __init__(self, lang: str) -> None:
        words = dictionary("de" if lang == "en" else lang)
        self.lang = lang
        self.silent = words.silent if lang != "en" else frozenset()
        if lang == "en":
            phrases = {phrase: phrase for phrase in words.phrases}
            self.nouns = {word: word for other in USUAL for word in dictionary(other).nouns}
            self.adjectives = {word: word for word in words.adjectives}
            self.articles: Mapping[str, str] = {"a": "a", "an": "a", "the": "the"}
        else:
            phrases = dict(words.to_english)
            self.nouns = self._inverted(words.nouns, words)
            self.adjectives = self._inverted(words.adjectives, words)
            self.articles = words.articles
        self.phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._pattern = re.compile(r"\w+'|[\w-]+|[^\w\s]")
        if lang in WORDS:
            whole = sorted((w for w in (*self.nouns, *self.adjectives) if " " in w), key=len, reverse=True)
            self._pattern = re.compile("|".join([*(rf"{re.escape(words)}(?!\w)" for words in whole), WORDS[lang]]))
        elif lang in UNSPACED:
            known = sorted({*phrases, *self.nouns, *self.adjectives, *self.articles}, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, known)) + r"|[a-z]+|\S")
        for phrase, english in phrases.items():
            pieces = tuple(phrase.split(" "))
            self.phrases.setdefault(pieces[0], []).append((pieces, english))
        for found in self.phrases.values():
            found.sort(key=lambda pair: len(pair[0]), reverse=True)

    @staticmethod
    def _inverted(table: Mapping[str, Sequence[str]], words: Dictionary) -> dict[str, str]:
        found: dict[str, str] = {}
        for rank in range(
            max(map(len, table.values()))
        ):  # a word's first translation counts more than another's second
            for english, options in table.items():
                for form in words.forms(options[rank]) if rank < len(options) else ():
                    found.setdefault(form, english)
        return found

    def read(self, text: str) -> list[Unit]:
        words = [word for word in self._pattern.findall(text) if word not in self.silent]
        units: list[Unit] = []
        at = 0
        while at < len(words):
            options = self.phrases.get(words[at], ())
            pieces, english = next((o for o in options if tuple(words[at : at + len(o[0])]) == o[0]), ((), ""))
            if pieces:
                at += len(pieces)
                self._add(units, english)
            else:
                at = self._noun_phrase(words, at, units)
        return units

    def _add(self, units: list[Unit], english: str) -> None:
        source = english.removeprefix("<")
        known = (("relation", RELATION_OF), ("background", BACKGROUND_OF), ("motion", MOTION_OF))
        kind = next((kind for kind, table in known if source in table), "phrase")
        before = next((n for n in range(len(units) - 1, -1, -1) if units[n].kind == "noun"), 0)
        if source:
            units.insert(before if english.startswith("<") else len(units), Unit(source, kind))

    def _noun_phrase(self, words: Sequence[str], at: int, units: list[Unit]) -> int:
        """Add the noun phrase at `at`, or one unknown word; where it ends."""
        start = at
        article = self.articles.get(words[at], "")
        at += bool(article)
        first = at
        while at < len(words) and words[at] in self.adjectives:
            at += 1
        adjectives = [self.adjectives[word] for word in words[first:at]]
        if at < len(words) and (words[at] in self.nouns or (at > start and self._unknown(words[at]))):
            noun = self.nouns.get(words[at], words[at])
            at += 1
            while self.lang in ADJECTIVES_AFTER and at < len(words) and words[at] in self.adjectives:
                adjectives.append(self.adjectives[words[at]])
                at += 1
            units.append(Unit(" ".join([*adjectives, noun]), "noun", noun, tuple(adjectives), article))
            return at
        at = max(at, start + 1)
        units.append(Unit("that" if article and self.lang != "en" else " ".join(words[start:at]), "unknown"))
        return at

    def _unknown(self, word: str) -> bool:
        return word.isalpha() and word not in self.phrases and word not in self.articles


@cache
def _reader(lang: str) -> Reader:
    return Reader(lang)


@lru_cache(maxsize=8192)
def read(text: str, lang: str) -> tuple[Unit, ...]:
    """A caption of any of the languages, cut into units."""
    return tuple(_reader(lang).read(text))
