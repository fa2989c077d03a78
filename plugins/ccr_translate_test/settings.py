"""Settings of translate-test."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen
class Settings:
    pivot: str = ccr.setting("en", "Language that captions are translated into, one that the encoder reads.")
