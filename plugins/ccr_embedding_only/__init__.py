"""Embedding-only: nothing but the token input trains."""

from __future__ import annotations

import ccr

CCR_API = 1

EMBEDDING_ONLY = ccr.MethodSpec(
    name="embedding-only",
    factory="ccr_embedding_only.method:EmbeddingOnly",
    settings="ccr_embedding_only.settings:Settings",
    summary="only the token table and its linear map train: what an adapter must beat",
    paper="Artetxe, Ruder, Yogatama, arXiv 1910.11856",
    ablations={},
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [EMBEDDING_ONLY]
