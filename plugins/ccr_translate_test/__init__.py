"""translate-test: the encoder reads a translation of each caption; nothing trains."""

from __future__ import annotations

import ccr

CCR_API = 1

TRANSLATE_TEST = ccr.MethodSpec(
    name="translate-test",
    factory="ccr_translate_test.method:TranslateTest",
    summary="captions are translated into the encoder's language when they are read; nothing trains",
    translates=True,
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [TRANSLATE_TEST]
