"""Checks of encoders: features that the store may keep for ever, and a text tower that is the one of `encode_texts`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import torch
from PIL import Image
from torch import Tensor

from ccr.base import Encoder
from ccr.errors import NotAdaptableError
from ccr.features.fingerprint import encoder_fingerprint
from ccr.host import Host
from ccr.settings import make_settings
from ccr.testing.checks import CLOSE, Failed, NotApplicable, Watched, check, distance
from ccr.testing.subjects import SENTENCES, Subject


class Bench:
    """An encoder under test, with its default settings."""

    def __init__(self, host: Host, subject: Subject) -> None:
        spec, argument = host.spec("encoder", subject.name), subject.argument
        if spec.alias:
            name, _, argument = spec.alias.partition(":")
            spec = host.spec("encoder", name)
        self.host, self.spec, self.argument = host, spec, argument
        self.watched = Watched()

    def open(self, values: Mapping[str, Any] | None = None) -> Encoder:
        settings = make_settings(self.host.resolve(self.spec.settings), values or {}, f"encoder {self.spec.name}")
        factory = self.host.resolve(self.spec.factory)
        if missing := factory.missing(self.argument, settings):
            raise NotApplicable(f"{missing[0]} (ccr plugins check {self.spec.name}:ARGUMENT)")
        encoder: Encoder = factory(self.argument, settings)
        return encoder

    @cached_property
    def opened(self) -> Encoder:
        """One instance, that reads texts and pictures once under watch."""
        with self.watched.watching():
            encoder = self.open()
            texts(encoder)
            if not encoder.precomputed:
                images(encoder)
        return encoder

    @property
    def sighted(self) -> Encoder:
        """An encoder that sees pictures."""
        if self.opened.precomputed:
            raise NotApplicable("its image features are precomputed")
        return self.opened


def pictures() -> list[Image.Image]:
    """Of several sizes and shapes."""
    draws = torch.Generator().manual_seed(0)
    sizes = [(40, 40), (64, 48), (30, 80), (224, 224), (100, 100)]
    return [
        Image.fromarray(torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=draws).numpy())
        for width, height in sizes
    ]


@torch.no_grad()
def texts(encoder: Encoder, batches: Sequence[Sequence[int]] | None = None) -> Tensor:
    """(n, D) features of the sentences, in batches."""
    batches = batches or [range(len(SENTENCES))]
    rows = [encoder.encode_texts(encoder.tokenize([SENTENCES[i] for i in batch], "en")) for batch in batches]
    return torch.cat(rows)[torch.argsort(torch.tensor([i for batch in batches for i in batch]))]


@torch.no_grad()
def images(encoder: Encoder, batches: Sequence[Sequence[int]] | None = None) -> Tensor:
    """(n, D) features of the pictures, in batches."""
    pixels = [encoder.preprocess(picture) for picture in pictures()]
    batches = batches or [range(len(pixels))]
    rows = [encoder.encode_images(torch.stack([pixels[i] for i in batch])) for batch in batches]
    return torch.cat(rows)[torch.argsort(torch.tensor([i for batch in batches for i in batch]))]


@check("encoder", "open it by hand, Encoder(argument, settings), and encode a text and a picture", basis=True)
def reads(bench: Bench) -> None:
    """It opens and reads texts and pictures: (B, D) fp32, finite, of its embed_dim, at a positive logit_scale."""
    encoder = bench.opened
    found = {"texts": texts(encoder)} | ({} if encoder.precomputed else {"pictures": images(encoder)})
    for what, features in found.items():
        if features.shape[1:] != (encoder.embed_dim,):
            raise Failed(f"features of {what} have shape {tuple(features.shape)}, and embed_dim is {encoder.embed_dim}")
        if features.dtype != torch.float32 or not features.isfinite().all():
            raise Failed(f"features of {what} are {features.dtype} or not finite")
        if len(torch.unique(features, dim=0)) < len(features):
            raise Failed(f"different {what} have the same features")
    if not encoder.logit_scale > 0:
        raise Failed(f"logit_scale is {encoder.logit_scale}")


@check("encoder", "use ccr.hub_file for what must be fetched, and tell it ahead in Encoder.missing")
def no_network(bench: Bench) -> None:
    """It reaches for no network where its files are there."""
    _ = bench.opened
    bench.watched.refuse("network", "it reached for the network")


@check("encoder", "write nothing but to temporary folders and the cache")
def no_writes(bench: Bench) -> None:
    """It writes no file outside of the cache and of temporary folders."""
    _ = bench.opened
    bench.watched.refuse("write", "it wrote")


@check("encoder", "put the module in eval mode; read weights from a file or draw them from a seed of the argument")
def determinism(bench: Bench) -> None:
    """Opened twice it has one fingerprint, and gives bit-equal features."""
    one, two = bench.opened, bench.open()
    if encoder_fingerprint(one) != encoder_fingerprint(two):
        raise Failed("opened twice, it has two fingerprints")
    if not torch.equal(texts(one), texts(one)) or not torch.equal(texts(one), texts(two)):
        raise Failed("the same texts have other features the second time")
    if not one.precomputed and not torch.equal(images(one), images(two)):
        raise Failed("the same pictures have other features the second time")


@check("encoder", "hold every weight in Encoder.module, and what is not a weight in Encoder.architecture")
def fingerprint_follows_weights(bench: Bench) -> None:
    """Whatever weight changes, the fingerprint changes; what the fingerprint does not know changes no feature."""
    encoder = bench.open()
    before = encoder_fingerprint(encoder)
    tensors = [t for t in encoder.module.state_dict().values() if t.is_floating_point() and t.numel()]
    if not tensors:
        raise Failed("Encoder.module holds no weight")
    for tensor in (tensors[0], tensors[-1]):
        with torch.no_grad():
            tensor.view(-1)[-1] += 1.0
        after = encoder_fingerprint(encoder)
        if after == before:
            raise Failed("a weight changed, and the fingerprint did not")
        before = after
    same = texts(encoder)
    with torch.no_grad():
        for tensor in tensors:
            tensor.mul_(0.5)
    if torch.equal(texts(encoder), same):
        raise Failed("its features do not come from the weights in Encoder.module")


@check("encoder", "put all that preprocess does into Encoder.architecture: size, crop, mean, std, interpolation")
def fingerprint_follows_preprocessing(bench: Bench) -> None:
    """The architecture says what preprocessing does; a setting that changes features changes the fingerprint."""
    encoder = bench.sighted
    if not encoder.architecture:
        raise Failed("Encoder.architecture is empty")
    json.dumps(encoder.architecture)
    before = encoder_fingerprint(encoder)
    for name, value in _variations(encoder.settings):
        try:
            other = bench.open({name: value})
        except Exception:  # not every value that can be written is one that the encoder takes
            continue
        pixels = [encoder.preprocess(picture) for picture in pictures()]
        others = [other.preprocess(picture) for picture in pictures()]
        same = all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(pixels, others, strict=True))
        if not same and encoder_fingerprint(other) == before:
            raise Failed(f"the setting {name} changes what preprocess does, and not the fingerprint")


def _variations(settings: Any) -> list[tuple[str, Any]]:
    """Each number and switch of the settings, otherwise."""
    if not attrs.has(type(settings)):
        return []
    values = {field.name: getattr(settings, field.name) for field in attrs.fields(type(settings))}
    return [
        (name, (not value) if isinstance(value, bool) else value * 2 or 1)
        for name, value in values.items()
        if isinstance(value, (bool, int, float))
    ]


@check("encoder", "no row may see another: eval mode, padding masked or cut by Encoder.lengths")
def batch_invariance(bench: Bench) -> None:
    """Features do not depend on the size and the order of batches, to 1e-5."""
    encoder = bench.opened
    kinds = {"texts": texts} | ({} if encoder.precomputed else {"pictures": images})
    for what, encode in kinds.items():
        features = encode(encoder)
        order = list(range(len(features)))
        for way, batches in {"one by one": [[i] for i in order], "backwards": [order[::-1]]}.items():
            if (off := distance(features, encode(encoder, batches))) > CLOSE:
                raise Failed(f"features of {what} differ by {off:.1g} when they are computed {way}")


@check("encoder", "Encoder.lengths may leave out only positions that encode_texts does not need")
def trimmed_texts(bench: Bench) -> None:
    """Texts cut to what `lengths` says have the features that they have whole, to 1e-5."""
    encoder = bench.opened
    ids = encoder.tokenize(SENTENCES, "en")
    if ids.shape[1] > encoder.context_length:
        raise Failed(f"tokenize gives {ids.shape[1]} positions, and context_length is {encoder.context_length}")
    longest = int(encoder.lengths(ids).max())
    with torch.no_grad():
        off = distance(encoder.encode_texts(ids), encoder.encode_texts(ids[:, :longest]))
    if off > CLOSE:
        raise Failed(f"features differ by {off:.1g} when texts are cut to {longest} positions")


@check("encoder", "use no no_grad, no detach and no numpy in encode_texts and encode_images")
def differentiable(bench: Bench) -> None:
    """Where its weights train, as in the English fine-tune, gradients reach them from texts and from pictures."""
    encoder = bench.open()
    encoder.module.requires_grad_(True)
    with torch.enable_grad():
        found = {"texts": encoder.encode_texts(encoder.tokenize(SENTENCES, "en"))}
        if not encoder.precomputed:
            found["pictures"] = encoder.encode_images(torch.stack([encoder.preprocess(p) for p in pictures()]))
    for what, features in found.items():
        if not features.requires_grad:
            raise Failed(f"features of {what} have no gradient")


@check("encoder", "text_tower() is a copy of the transformer that encode_texts runs, on the encoder's own token ids")
def tower_is_encode_texts(bench: Bench) -> None:
    """`text_tower()` gives what `encode_texts` gives, to 1e-5, frozen, and shares no weight with the encoder."""
    encoder = bench.opened
    try:
        tower = encoder.text_tower()
    except NotAdaptableError as reason:
        raise NotApplicable(str(reason)) from None
    ids = encoder.tokenize(SENTENCES, "en")
    before = encoder_fingerprint(encoder)
    with torch.no_grad():
        x = tower.embed(ids)
        off = distance(encoder.encode_texts(ids), tower.run(x, encoder.lengths(ids)))
        passed: list[int] = []

        def note(i: int, y: Tensor) -> Tensor:
            passed.append(i)
            return y

        tower.run(x, encoder.lengths(ids), note)
    if off > CLOSE:
        raise Failed(f"its features differ by {off:.1g} from those of encode_texts")
    if passed != list(range(tower.depth)) or len(tower.blocks) != tower.depth or x.shape[-1] != tower.width:
        raise Failed(f"depth {tower.depth} and width {tower.width} are not those of its blocks")
    if any(p.requires_grad for p in tower.parameters()):
        raise Failed("its parameters are not frozen")
    with torch.no_grad():
        for p in tower.parameters():
            p.add_(1.0)
    if encoder_fingerprint(encoder) != before:
        raise Failed("it shares weights with the encoder: give a deep copy")
