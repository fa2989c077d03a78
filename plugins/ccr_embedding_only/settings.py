"""Every setting of embedding-only: those of its losses and its optimiser, with DASD's published values."""

from __future__ import annotations

from attrs import frozen

import ccr


@frozen
class Settings(ccr.StudentSettings):
    """No setting of its own."""
