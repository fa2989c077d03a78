"""Settings of the `hf` translator."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

import ccr


@frozen
class HfSettings:
    beams: int = ccr.setting(4, "Width of the beam search; 1 is greedy decoding, about three times as fast.")
    max_tokens: int = ccr.setting(256, "Longest translation.", unit="tokens")
    batch_size: int = ccr.setting(32, "Sentences that are translated at a time.")
    device: str = ccr.setting("auto", "auto (a GPU where there is one), cpu, cuda, cuda:1; the run's, unless said.")
    codes: Mapping[str, str] = ccr.setting(
        {}, "The model's own names of languages, where they are not found: {zh: zho_Hant}, {fr: fra}."
    )

    def __attrs_post_init__(self) -> None:
        for name in ("beams", "max_tokens", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
