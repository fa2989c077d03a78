"""Settings of the scenes translator."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen
class ScenesTranslatorSettings:
    noise: float = ccr.setting(
        0.1,
        "Share of noun phrases, relations and backgrounds that go wrong, over and above the errors that this kind of "
        "translation makes anyway.",
    )
