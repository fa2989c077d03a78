"""Telling all that a run lacks in one message, before anything is read or loaded: a user fetches it in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ccr.base import Encoder
from ccr.config import RunConfig
from ccr.data.opening import Opening, require
from ccr.data.tokens import missing_tokens
from ccr.errors import CcrError, nearest
from ccr.host import Host
from ccr.protocols import Protocol
from ccr.specs import EncoderSpec, MethodSpec
from ccr.translation.open import missing as missing_translator


def refuse_what_has_no_effect(config: RunConfig, method: MethodSpec, protocol: Protocol, corpus: bool) -> None:
    """A setting that changes nothing is a mistake: CcrError says which."""
    if config.translator and not method.translates:
        raise CcrError(f"--translator has no effect: {method.name} translates nothing")
    unused = {"corpus": not corpus, "translator": not method.translates}
    for key in config.settings:
        section, _, rest = key.partition(".")
        if unused.get(section):
            raise CcrError(f"{config.where(key)}: {key} has no effect: this run has no {section}")
        phase = rest.partition(".")[2]
        if section == "recipe" and phase and phase not in protocol.phases:
            raise CcrError(
                f"{config.where(key)}: {key} names no phase of {protocol.name}{nearest(phase, protocol.phases)}; "
                f"it has {', '.join(protocol.phases)}"
            )


def require_ready(
    host: Host,
    config: RunConfig,
    *,
    target: Opening,
    general: Opening | None,
    mt: Sequence[str],
    trains_on_general: bool,
    encoder: EncoderSpec,
    argument: str,
    translator: str,
    directions: Sequence[tuple[str, str]],
    settings_of: Callable[[str], Callable[[type], Any]],
) -> None:
    """Raises CcrError with all that is missing: of the datasets, the encoder, the tokens and the translator.

    `mt` are the languages that machine-translated captions train, of the general corpus or of the dataset itself.
    """
    tower: type[Encoder] = host.resolve(encoder.factory)
    pictures = not tower.precomputed and "absent-picture" not in config.accept  # else the check tells which
    missing = target.missing(pictures=pictures, mt=() if trains_on_general else mt)
    if general:
        missing += general.missing(pictures=pictures, mt=mt)
    missing += tower.missing(argument, settings_of("encoder")(host.resolve(encoder.settings)))
    missing += missing_tokens(config.tokens)
    if translator:
        missing += missing_translator(host, translator, settings_of("translator"), directions)
    require(f"{config.method} on {config.dataset}", missing)
