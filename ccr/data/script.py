"""Is a caption written as its language is? A test of scripts and letters, no recogniser of languages.

A caption is cut into runs of one script; a Chinese or Japanese character is a run of its own. Digits, signs and emoji
count for nothing, and foreign words inside a caption are as good as any: what is told is a caption most of which is in
another script, holds letters that its language does not have, or was decoded wrongly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache

FSI, PDI = "\u2068", "\u2069"  # first strong isolate, pop directional isolate
LEAST = 0.5  # share of a caption's runs in a script of its language
STRANGERS = 3  # distinct accented letters of other alphabets that make a caption foreign
ENOUGH = 50  # captions, before the letters that a whole set lacks mean anything

_KANA = frozenset({"HIRAGANA", "KATAKANA"})
_SCRIPTS = {
    **dict.fromkeys(("ar", "fa", "ur", "ps", "ckb", "sd", "ug"), frozenset({"ARABIC"})),
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "kk", "ky", "mn", "ba", "cv", "tg", "tt"), frozenset({"CYRILLIC"})),
    **dict.fromkeys(("hi", "mr", "ne", "kok", "mai"), frozenset({"DEVANAGARI"})),
    **dict.fromkeys(("zh", "yue", "wuu"), frozenset({"CJK"})),
    "ja": frozenset({"CJK", *_KANA}),
    "ko": frozenset({"HANGUL"}),
    "el": frozenset({"GREEK"}),
    **dict.fromkeys(("he", "yi"), frozenset({"HEBREW"})),
    "th": frozenset({"THAI"}),
    **dict.fromkeys(("bn", "as"), frozenset({"BENGALI"})),
    "te": frozenset({"TELUGU"}),
    "ta": frozenset({"TAMIL"}),
    "gu": frozenset({"GUJARATI"}),
    "kn": frozenset({"KANNADA"}),
    "ml": frozenset({"MALAYALAM"}),
    "pa": frozenset({"GURMUKHI"}),
    "ka": frozenset({"GEORGIAN"}),
    "hy": frozenset({"ARMENIAN"}),
    **dict.fromkeys(("am", "ti"), frozenset({"ETHIOPIC"})),
    "km": frozenset({"KHMER"}),
    "lo": frozenset({"LAO"}),
    **dict.fromkeys(("my", "shn"), frozenset({"MYANMAR"})),
    "or": frozenset({"ORIYA"}),
    "chr": frozenset({"CHEROKEE"}),
    "si": frozenset({"SINHALA"}),
    "sr": frozenset({"CYRILLIC", "LATIN"}),
}
_SUBTAGS = {"Latn": "LATIN", "Cyrl": "CYRILLIC", "Hans": "CJK", "Hant": "CJK", "Arab": "ARABIC", "Deva": "DEVANAGARI"}
_ALPHABETS = {  # beyond a to z, of languages in Latin script
    "cs": "áčďéěíňóřšťúůýž",
    "da": "æøåé",
    "de": "äöüß",
    "en": "",
    "es": "áéíóúüñ",
    "fi": "äöå",
    "fr": "àâæçéèêëîïôœùûüÿ",
    "hr": "čćđšž",
    "hu": "áéíóöőúüű",
    "id": "é",
    "it": "àèéìíîòóùú",
    "nl": "áéëèïíóöüĳ",
    "no": "æøåéèêóòâô",
    "pl": "ąćęłńóśźż",
    "pt": "áâãàçéêíóôõúü",
    "ro": "ăâîșțşţ",
    "sv": "åäöé",
    "tr": "çğıiöşüâîû",
}
_LETTER = re.compile(r"[^\W\d_]")
_EXPECTED = {"cs": 0.5, "de": 0.1, "fr": 0.2, "hu": 0.5, "ja": 0.5, "pl": 0.4, "ro": 0.3, "tr": 0.5}
"""The share of captions that have at least one of these letters (ja: kana), well below what any real set has."""


def isolated(text: str) -> str:
    """Text for a line of the terminal: one from right to left would reorder its neighbours, and is isolated."""
    return f"{FSI}{text}{PDI}" if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text) else text


def scripts_of(lang: str) -> frozenset[str]:
    """The scripts that captions of a BCP-47 language may be in: {"CJK", "HIRAGANA", "KATAKANA"} for ja."""
    first, *rest = lang.split("-")
    named = {_SUBTAGS[part] for part in rest if part in _SUBTAGS}
    return frozenset(named) or _SCRIPTS.get(first, frozenset({"LATIN"}))


def strange(text: str, lang: str) -> str:
    """What is wrong with the writing of a caption that is not empty: the end of a sentence, or "" if nothing is."""
    own = scripts_of(lang)
    usual = _usual(lang)
    if usual and usual.fullmatch(text):  # nearly every caption: character by character is slow
        return "" if _LETTER.search(text) else "holds no letter"
    if "\ufffd" in text:
        return "holds U+FFFD, which stands for a character that was lost in decoding"
    if decoded_twice(text):
        return "was decoded as Latin-1, but is UTF-8"
    runs = list(_runs(text))
    if not runs:
        return "holds no letter"
    share = sum(script in own for script in runs) / len(runs)
    if share < LEAST:
        others = _words({script for script in runs if script not in own})
        return f"is {100 * (1 - share):.0f} % in another script ({others}) than {_words(own)}"
    alphabet = _ALPHABETS.get(lang.partition("-")[0])
    if alphabet is not None and own == {"LATIN"}:
        accented = {c for c in unicodedata.normalize("NFC", text).lower() if ord(c) > 127 and script_of(c) == "LATIN"}
        foreign = sorted(accented - set(alphabet))
        if len(foreign) >= STRANGERS:
            return f"holds letters that {lang} does not have: {' '.join(foreign)}"
    return ""


@cache
def _usual(lang: str) -> re.Pattern[str] | None:
    """Texts of nothing but ASCII and the language's own letters, of languages for which this says all."""
    own, alphabet = scripts_of(lang), _ALPHABETS.get(lang.partition("-")[0], "")
    if own == {"LATIN"}:
        return re.compile(f"[\\x00-\\x7f{alphabet}{alphabet.upper()}]*")
    if "CJK" in own:  # without ASCII letters; punctuation of CJK and of full width
        kana = "\u3041-\u3096\u30a1-\u30fa\u30fc" if own & _KANA else ""
        return re.compile(f"[\\x00-@\u3001\u3002\uff01\uff08\uff09\uff0c\uff1f\u4e00-\u9fff{kana}]*")
    return None


def lacking(texts: Iterable[str], lang: str) -> str:
    """What a whole set of captions lacks: Japanese without kana, Czech without a hook; "" if nothing."""
    first = lang.partition("-")[0]
    if first not in _EXPECTED or (first == "ja" and not _KANA & scripts_of(lang)):
        return ""
    marks = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\uff66-\uff9d" if first == "ja" else _ALPHABETS[first]
    mark = re.compile(f"[{marks}]")
    count = having = 0
    for text in texts:
        count += 1
        having += mark.search(unicodedata.normalize("NFC", text).lower()) is not None
    if count < ENOUGH or having >= _EXPECTED[first] * count:
        return ""
    letters = "kana" if first == "ja" else f"one of {' '.join(_ALPHABETS[first])}"
    return (
        f"{having:,} of {count:,} {lang} captions have {letters}, where {100 * _EXPECTED[first]:.0f} % or more should: "
        "they are of another language, or lost their accents"
    )


def decoded_twice(text: str) -> bool:
    """Whether UTF-8 was taken for Latin-1 or Windows-1252: "Ã¤" for "ä"."""
    if text.isascii():
        return False
    for wrong in ("latin-1", "cp1252"):
        try:
            text.encode(wrong).decode("utf-8")
        except UnicodeError:
            continue
        return True
    return False


@cache
def script_of(character: str) -> str:
    """The script of a letter or a mark, by its name in Unicode: "LATIN", "CJK", "HANGUL"; "" for all else."""
    if unicodedata.category(character)[0] not in "LM":
        return ""
    name = unicodedata.name(character, "")
    if name.startswith(("COMBINING ", "MODIFIER ", "VARIATION ")) or character == "ー":
        return ""
    first = name.removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ").partition(" ")[0]
    return {"IDEOGRAPHIC": "CJK", "FEMININE": "LATIN", "MASCULINE": "LATIN", "MICRO": ""}.get(first, first)


def _runs(text: str) -> Iterable[str]:
    """The script of each run."""
    before = ""
    for character in text:
        script = script_of(character)
        if script and (script != before or script in ("CJK", *_KANA)):
            yield script
        combining = not script and unicodedata.category(character)[0] == "M"
        before = before if combining else script


def _words(scripts: Collection[str]) -> str:
    return " or ".join(sorted(script.title() if script != "CJK" else "Han" for script in scripts))
