"""What is measured on: an encoder of random weights, captions of realistic lengths, methods by their names."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ccr.base import Context, Encoder, FrozenEncoder, Method, TextTower, TokenInput
from ccr.data.batches import TextRows
from ccr.host import Host
from ccr.pipeline.device import Compute
from ccr.pipeline.plan import find_encoder
from ccr.settings import make_settings
from ccr.specs import TextBatch

LANG, SOURCE = "de", "en"
ENCODER = "openclip:ViT-B-32@random"
TINY = {  # a CLIP of a tenth of a second, for --quick
    "embed_dim": 64,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 3},
}
MEAN_TOKENS, SHORTEST, LONGEST = 20, 5, 60
WORDS = ("a", "man", "in", "the", "red", "shirt", "stands", "near", "two", "small", "dogs", "on", "green", "water")


class Bench:
    """Where, how thoroughly and on what a bench measures; what is dear to make is made once."""

    def __init__(
        self,
        host: Host,
        machine: Compute,
        folder: Path,
        *,
        quick: bool = False,
        rounds: int = 5,
        compiled: bool = False,
        encoder: str = "",
    ) -> None:
        """`folder` is empty and disposable; `encoder` is NAME:ARGUMENT, by default a ViT-B/32 of random weights."""
        self.host, self.machine, self.folder = host, machine, folder
        self.quick, self.rounds, self.compiled = quick, rounds, compiled
        self.device = machine.device
        self.encoder_name = encoder or (f"openclip:{self._tiny()}@random" if quick else ENCODER)

    @cached_property
    def encoder(self) -> Encoder:
        spec, argument = find_encoder(self.host, self.encoder_name)
        settings = make_settings(self.host.resolve(spec.settings), {}, "the encoder")
        encoder: Encoder = self.host.resolve(spec.factory)(argument, settings)
        encoder.module.to(self.device)
        return encoder

    @cached_property
    def tower(self) -> TextTower:
        """The bare text tower."""
        return compiled_if(self.encoder.text_tower().to(self.device), self.compiled)

    @cached_property
    def tokens(self) -> SyntheticTokens:
        return SyntheticTokens(2_000, 48) if self.quick else SyntheticTokens(119_547, 768)  # mBERT's

    def method(self, name: str, *, languages: int = 1, shared_table: bool = False, **settings: Any) -> Method:
        """A registered method with fresh weights on the device. CcrError where it cannot be built here."""
        spec = self.host.spec("method", name)
        context = Context(
            settings=make_settings(self.host.resolve(spec.settings), settings, f"method {name}"),
            langs=(LANG, *(f"x{i}" for i in range(1, languages))),
            tokens=SharedTable(self.tokens) if shared_table else self.tokens,
            encoder=FrozenEncoder(self.encoder, SOURCE),
            seed=0,
            size_scale=0.125 if self.quick else 1.0,
            feature_rms=1.0,
        )
        method: Method = self.host.resolve(spec.factory)(context)
        return method.to(self.device)

    def captions(self, count: int, seed: int = 0) -> TextRows:
        """Target captions, tokenised."""
        return TextRows(LANG, captions(count, seed, self.tokens.vocab_size), self.tokens, self.encoder.context_length)

    def precision(self) -> AbstractContextManager[Any]:
        """The arithmetic that runs compute in."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.machine.bf16 else nullcontext()

    def to_device(self, text: TextBatch) -> TextBatch:
        return TextBatch(text.lang, text.texts, text.ids.to(self.device), text.lengths.to(self.device))

    def _tiny(self) -> Path:
        path = self.folder / "tiny.json"
        path.write_text(json.dumps(TINY), encoding="utf-8")
        return path


class SyntheticTokens(TokenInput):
    """A caption is its token ids, written out: what a tokenizer costs is not measured, no step runs one."""

    pad, cls, sep, fingerprint = 0, 1, 2, "synthetic"

    def __init__(self, vocabulary: int, dim: int) -> None:
        self.vocab_size, self.dim = vocabulary, dim

    def encode(self, texts: Sequence[str], limit: int) -> list[np.ndarray]:
        rows = [np.array([self.cls, *map(int, text.split()), self.sep], dtype=np.int32) for text in texts]
        return [row if len(row) <= limit else np.append(row[: limit - 1], row[-1]) for row in rows]

    @cached_property
    def one_table(self) -> Tensor:
        return self.table()

    def table(self) -> Tensor:
        draws = torch.Generator().manual_seed(1)
        return torch.randn(self.vocab_size, self.dim, generator=draws) * 0.02


class SharedTable(SyntheticTokens):
    """Tokens whose one table all methods stand on, as long as none of them trains."""

    def __init__(self, tokens: SyntheticTokens) -> None:
        super().__init__(tokens.vocab_size, tokens.dim)
        self._tokens = tokens

    def table(self) -> Tensor:
        return self._tokens.one_table


def captions(count: int, seed: int, vocabulary: int) -> list[str]:
    """Captions of 20 tokens in the mean, [CLS] and [SEP] included, and a standard deviation of 6.

    The lengths are gamma distributed, as those of machine-translated captions are roughly; frequencies of tokens fall
    as one over their rank.
    """
    rng = np.random.default_rng(seed)
    inner = np.clip(np.rint(rng.gamma(9.0, (MEAN_TOKENS - 2) / 9.0, count)), SHORTEST - 2, LONGEST - 2).astype(int)
    first = SyntheticTokens.sep + 1
    return [" ".join(map(str, _zipf(rng, size, vocabulary - first) + first)) for size in inner]


def english(count: int, seed: int = 0) -> list[str]:
    """Sentences of about as many words."""
    rng = np.random.default_rng(seed)
    sizes = np.clip(np.rint(rng.gamma(9.0, (MEAN_TOKENS - 2) / 9.0, count)), SHORTEST, LONGEST).astype(int)
    return [" ".join(rng.choice(WORDS, size)) for size in sizes]


def _zipf(rng: np.random.Generator, size: int, count: int) -> np.ndarray:
    return np.minimum(np.exp(rng.random(size) * math.log(count)).astype(np.int64), count - 1)


def forward_flops(tower: TextTower, lengths: Sequence[int]) -> float:
    """Floating-point operations of the bare tower's forward on rows of these lengths, the padding not counted."""
    weights = sum(p.numel() for p in tower.blocks.parameters() if p.ndim >= 2)
    rows = np.asarray(lengths, dtype=np.float64)
    return float(2 * weights * rows.sum() + 4 * tower.width * tower.depth * (rows**2).sum())


def compiled_if(module: Any, wanted: bool) -> Any:
    """Every block of the module's text towers compiled in its place; lengths stay free."""
    if wanted:
        for tower in [part for part in module.modules() if isinstance(part, TextTower)]:
            for block in tower.blocks:
                block.compile(dynamic=True)
    return module
