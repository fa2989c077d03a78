"""The protocols, as data: what trains, on which captions, and by which rule a checkpoint is selected.

A protocol owns phases, budgets, batch order and selection. Methods own losses and learning rates. Budgets are in
epochs over the training captions of each target language, so that every method meets each language's captions equally
often.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Literal

from attrs import frozen

from ccr.data.views import is_human, is_mt
from ccr.errors import CcrError, nearest
from ccr.specs import Caption, Phase, Recipe, setting

WARMUP = 0.1  # share of a phase's steps
ENGLISH_SEED = 0  # the English fine-tuned encoder is one artifact, shared by the runs of all seeds


@frozen
class Protocol:
    """One way to train and test."""

    name: str
    summary: str
    trains_on: Literal["corpus", "dataset"]  # the general corpus, or the dataset that is tested
    finetunes_encoder: bool  # on the dataset's English captions, before anything else
    captions: Literal["mt", "human"]  # provenance of the target captions that may train
    phases: tuple[str, ...] = ("align", "match")

    @property
    def rule(self) -> str:
        """Which target captions train, in words."""
        return f"under {self.name} only {'machine-translated' if self.captions == 'mt' else 'human'} captions train"

    @property
    def allowed(self) -> Callable[[Caption], bool]:
        """Whether a target caption may train."""
        return is_mt if self.captions == "mt" else is_human


def _share(_: Any, attribute: Any, value: float) -> None:
    if not 0 < value <= 1:
        raise ValueError(f"{attribute.name} must be above 0 and at most 1, not {value}")


@frozen
class ProtocolSettings:
    """What may be set of a protocol; any change is part of the run's identity."""

    align_data: Literal["target", "general"] = setting(
        "target", "Captions of the align phase under finetune: the dataset's own, or the general corpus's."
    )
    mt_share: float = setting(
        1.0, "Share of the target captions that train, translations of the same ones in all languages.", check=_share
    )


def training_captions(protocol: Protocol, settings: ProtocolSettings) -> tuple[str, Callable[[Caption], bool]]:
    """Which target captions train, in words and as a test.

    Under a share each caption is in or out by the hash of the caption that it translates (of its own id, where it
    translates none): in all languages alike, whatever else the dataset holds, and a smaller share is part of a larger.
    Captions that select checkpoints are not touched.
    """
    share = settings.mt_share
    if share == 1:
        return protocol.rule, protocol.allowed
    return f"{protocol.rule}, of them a share of {share:g}", lambda c: protocol.allowed(c) and _place(c) < share


def _place(caption: Caption) -> float:
    """In [0, 1)."""
    name = (caption.parallel or caption.id).encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest(), "big") / 2**48


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "zero-shot",
            "train on a general corpus with machine-translated captions, test on the dataset untouched",
            trains_on="corpus",
            finetunes_encoder=False,
            captions="mt",
        ),
        Protocol(
            "finetune",
            "fine-tune the encoder on the dataset's English, train on its machine-translated captions, test on human",
            trains_on="dataset",
            finetunes_encoder=True,
            captions="mt",
        ),
        Protocol(
            "finetune-human",
            "as finetune, but human target captions train: its numbers never share a column with the others",
            trains_on="dataset",
            finetunes_encoder=True,
            captions="human",
        ),
    )
}

SELECTIONS = {"mt-val": is_mt, "human-val": is_human}


def get_protocol(name: str) -> Protocol:
    """The protocol of that name."""
    if name not in PROTOCOLS:
        raise CcrError(f"there is no protocol {name!r}{nearest(name, PROTOCOLS)}; there are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def selection(protocol: Protocol, select: str) -> tuple[str, Callable[[Caption], bool]]:
    """The name and the captions of the selection rule; where human captions train they select, too."""
    name = "human-val" if protocol.captions == "human" else select
    return name, SELECTIONS[name]


def protocol_id(test_set: str, protocol: Protocol, settings: ProtocolSettings, select: str, origins: set[str]) -> str:
    """What must be equal for two numbers to share a column."""
    name = protocol.name + ("+general" if settings.align_data == "general" else "")
    name += f"+share{settings.mt_share:g}" if settings.mt_share < 1 else ""
    return "/".join([test_set, name, selection(protocol, select)[0], "+".join(sorted(origins))])


def make_phase(name: str, recipe: Recipe, steps: int) -> Phase:
    """A phase of `steps` steps under a recipe."""
    return Phase(
        name=name,
        steps=steps,
        batch_size=recipe.batch_size,
        warmup=WARMUP,
        lr_scale=recipe.lr_scale.get(name, 1.0),
        validate_every=max(1, -(-steps // max(1, recipe.validations))),
    )
