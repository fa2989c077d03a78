"""Prefix: learned positions at the input of every frozen block, per language."""

from __future__ import annotations

import ccr

CCR_API = 1

PREFIX = ccr.MethodSpec(
    name="prefix",
    factory="ccr_prefix.method:Prefix",
    settings="ccr_prefix.settings:Settings",
    summary="learned positions before the caption, new ones for every block, per language",
    paper="arXiv 2101.00190, arXiv 2110.07602",
    ablations={"shallow": {"deep": False}},
)


@ccr.hookimpl
def ccr_register_methods() -> list[ccr.MethodSpec]:
    return [PREFIX]
