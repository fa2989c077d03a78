"""The languages of scenes, and how their captions are cut into words."""

from __future__ import annotations

import ccr

USUAL = {"de": "german", "fr": "french", "cs": "czech", "zh": "chinese", "ja": "japanese"}
FURTHER = {  # spoken where they are asked for
    "es": "spanish",
    "ko": "korean",
    "tr": "turkish",
    "ar": "arabic",
    "hi": "hindi",
    "fi": "finnish",
    "sw": "swahili",
}
TARGETS = {**USUAL, **FURTHER}  # language -> name of its modules
SCARCE = "sw"  # has a small share of the machine-translated training captions
UNSPACED = {"zh", "ja"}

# Marks apart from words. Python's \w knows no vowel signs of Devanagari; of Arabic's joined "and" it knows nothing.
_WORD = r"[^\s,;:()،؛]+|\S"
WORDS = {
    **dict.fromkeys(FURTHER, _WORD),
    "ar": rf"و(?=(?:فوق|تحت|إلى|على|أيضًا|كذلك)(?:\s|$))|{_WORD}",
}


def chosen(text: str) -> tuple[str, ...]:
    """The further languages that a setting names: "", "all", or codes with commas between them; in their own order."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return tuple(FURTHER)
    for name in names:
        if name not in TARGETS:
            raise ccr.CcrError(
                f"dataset.more_langs: scenes speaks no {name!r}; besides {', '.join(USUAL)} it speaks "
                f"{', '.join(FURTHER)}, or all"
            )
    return tuple(lang for lang in FURTHER if lang in names)
