"""Translators: Marian, NLLB and M2M100 through transformers, and tables of translations that someone made."""

from __future__ import annotations

import ccr

CCR_API = 1


@ccr.hookimpl
def ccr_register_translators() -> list[ccr.TranslatorSpec]:
    return [
        ccr.TranslatorSpec(
            name="hf",
            factory="ccr_translators.hf:HfTranslator",
            settings="ccr_translators.settings:HfSettings",
            summary="Marian (opus-mt), NLLB and M2M100 models, from the hub or a folder",
        ),
        ccr.TranslatorSpec(
            name="table",
            factory="ccr_translators.table:TableTranslator",
            summary="A parallel JSONL or TSV file, such as translations that a paper published",
        ),
    ]
