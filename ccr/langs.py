"""Languages and characters of captions: BCP-47 codes, and what is no text."""

from __future__ import annotations

import re

_LANG = re.compile(
    r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?(-([a-z0-9]{5,8}|\d[a-z0-9]{3}))*(-x(-[a-z0-9]{1,8})+)?"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def wrong_lang(lang: str) -> str:
    """What to write in place of a code that is not BCP-47 as it is usually written, "" if it is."""
    if _LANG.fullmatch(lang):
        return ""
    better = _canonical(lang)
    return f"write {better}" if _LANG.fullmatch(better) else "write BCP-47, e.g. en, pt-BR or zh-Hans"


def no_text(text: str) -> str:
    """The end of a sentence about a text with a surrogate, which no file can hold; "" if it has none."""
    if _SURROGATE.search(text):
        return "holds half of a surrogate pair, which is no character; write it anew"
    return ""


def _canonical(lang: str) -> str:
    first, *rest = lang.strip().replace("_", "-").lower().split("-")
    shaped = [
        part.title() if len(part) == 4 and part.isalpha() else part.upper() if len(part) == 2 else part for part in rest
    ]
    return "-".join([first, *shaped])
