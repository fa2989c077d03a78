"""Events in words. `STYLES` are those of test captions, `SOURCE_STYLES` the English ones of training captions."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from ccr_scenes.video.world import Event

LANGUAGES = {"en": "english", "de": "german", "fr": "french", "cs": "czech", "zh": "chinese", "ja": "japanese"}
_GRAMMARS: dict[str, Any] = {
    lang: importlib.import_module(f"ccr_scenes.video.{name}") for lang, name in LANGUAGES.items()
}
_REALISERS: dict[tuple[str, str], Callable[[Any], str]] = {
    (lang, style.__name__): style
    for lang, grammar in _GRAMMARS.items()
    for style in (*grammar.STYLES, *getattr(grammar, "SOURCE_STYLES", ()))
}

STYLES = MappingProxyType({lang: tuple(style.__name__ for style in g.STYLES) for lang, g in _GRAMMARS.items()})
SOURCE_STYLES: tuple[str, ...] = tuple(style.__name__ for style in _GRAMMARS["en"].SOURCE_STYLES)


def realise(event: Event, lang: str, style: str, rng: random.Random) -> str:
    """The event as a caption: all of it. `rng` chooses among synonyms."""
    return _REALISERS[lang, style](_GRAMMARS[lang].TELLER(event, rng))
