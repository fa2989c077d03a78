"""Claims in words: a grammar for each language, each with several styles.

`STYLES` are the human-like ones, in which test captions are written; `SOURCE_STYLES` are the English ones of the
training captions, which are machine-translated. A caption is written as captions are: no capital at its start, no
full stop at its end.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from ccr import CcrError
from ccr_scenes.languages import TARGETS
from ccr_scenes.world import Claim

_MODULES = {"en": "english", **TARGETS}
_GRAMMARS: dict[str, Any] = {lang: importlib.import_module(f"{__name__}.{name}") for lang, name in _MODULES.items()}
_REALISERS: dict[tuple[str, str], Callable[[Any], str]] = {
    (lang, style.__name__): style
    for lang, grammar in _GRAMMARS.items()
    for style in (*grammar.STYLES, *getattr(grammar, "SOURCE_STYLES", ()))
}

STYLES = MappingProxyType({lang: tuple(style.__name__ for style in g.STYLES) for lang, g in _GRAMMARS.items()})
SOURCE_STYLES: tuple[str, ...] = tuple(style.__name__ for style in _GRAMMARS["en"].SOURCE_STYLES)


def realise(claim: Claim, lang: str, style: str, rng: random.Random) -> str:
    """The claim as a caption: every mention as given, every relation, the background. `rng` chooses among synonyms.

    Raises CcrError for an unknown language or style, and for relations that branch or run in a circle.
    """
    if (lang, style) not in _REALISERS:
        known = [f"{known_lang}/{known_style}" for known_lang, known_style in _REALISERS]
        raise CcrError(f"there is no caption style {lang}/{style}; choose among: {', '.join(known)}")
    return _REALISERS[lang, style](_GRAMMARS[lang].TELLER(claim, rng))
