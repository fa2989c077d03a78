"""A tower, a token input and features small enough to check methods on by hand. No two of its sizes are equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ccr import Batch, CcrError, Context, Encoder, Method, Phase, TextBatch, TextTower, TokenInput
from ccr.base import FrozenEncoder
from ccr.testing.tiny import WIDTH, Block

DEPTH, CONTEXT, EMBED, TOKEN_DIM, VOCABULARY = 3, 14, 24, 20, 50
ALIGN, MATCH = Phase("align", 10, 8), Phase("match", 10, 8)


class TinyTower(TextTower):
    width, depth, context_length, embed_dim = WIDTH, DEPTH, CONTEXT, EMBED
    trim_exact, pooling = True, "end"

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(11)
            self.positions = nn.Parameter(torch.randn(CONTEXT, WIDTH))
            self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
            self.final, self.projection = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, EMBED, bias=False)
            self.own = nn.Embedding(6, WIDTH)
        self.requires_grad_(False)

    def embed(self, ids: Tensor) -> Tensor:
        return self.own(ids)

    def run(self, x: Tensor, lengths: Tensor, after_block: Callable[[int, Tensor], Tensor] | None = None) -> Tensor:
        x = x + self.positions[: x.shape[1]]
        for i, block in enumerate(self.blocks):
            x = block(x)
            x = after_block(i, x) if after_block else x
        return self.project(self.norm(x[torch.arange(len(x)), lengths - 1]))

    def norm(self, x: Tensor) -> Tensor:
        return self.final(x)

    def project(self, x: Tensor) -> Tensor:
        return self.projection(x)


class TinyTokens(TokenInput):
    vocab_size, dim, pad, cls, sep, fingerprint = VOCABULARY, TOKEN_DIM, 3, 1, 2, "tiny"

    def encode(self, texts: Sequence[str], limit: int) -> list[np.ndarray]:
        raise NotImplementedError

    def table(self) -> Tensor:
        return torch.randn(VOCABULARY, TOKEN_DIM, generator=torch.Generator().manual_seed(5))


class TinyEncoder(Encoder):
    embed_dim, context_length, logit_scale, architecture = EMBED, CONTEXT, 15.0, {}

    def __init__(self, tower: Callable[[], TextTower] = TinyTower) -> None:
        super().__init__("", None)
        self.tower, self.module = tower, nn.Identity()

    def text_tower(self) -> TextTower:
        return self.tower()

    def preprocess(self, image: Any) -> Tensor:
        raise NotImplementedError

    def encode_images(self, pixels: Tensor) -> Tensor:
        raise NotImplementedError

    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        raise NotImplementedError

    def encode_texts(self, ids: Tensor) -> Tensor:
        raise NotImplementedError


def context(settings: Any, langs: Sequence[str] = ("de", "cs"), **given: Any) -> Context:
    """A method's context; `encoder` and whatever else Context takes may be given."""
    encoder = given.pop("encoder", None) or TinyEncoder()
    rest = {"tokens": TinyTokens(), "seed": 0, "feature_rms": 0.5, **given}
    return Context(settings=settings, langs=langs, encoder=FrozenEncoder(encoder, "en"), **rest)


def text(rows: Sequence[Sequence[int]], lang: str = "de", extra: int = 0) -> TextBatch:
    """Rows of inner tokens, framed and padded to the longest, and by `extra` columns more."""
    framed = [[TinyTokens.cls, *row, TinyTokens.sep] for row in rows]
    longest = max(map(len, framed)) + extra
    if longest > CONTEXT:
        raise CcrError("too long for the tiny tower")
    ids = torch.tensor([[*row, *[TinyTokens.pad] * (longest - len(row))] for row in framed])
    return TextBatch(lang, ("",) * len(rows), ids, torch.tensor([len(row) for row in framed]))


def captions(count: int, seed: int = 0) -> list[list[int]]:
    """Inner tokens of captions of 0 to CONTEXT - 2 tokens; the first is empty, the last as long as can be."""
    rng = np.random.default_rng(seed)
    sizes = [0, *rng.integers(1, CONTEXT - 2, count - 2), CONTEXT - 2]
    return [rng.integers(4, VOCABULARY, size).tolist() for size in sizes]


def batch(size: int = 8, lang: str = "de", seed: int = 0, rows: Sequence[Sequence[int]] | None = None) -> Batch:
    """Captions with features at CLIP's scale, images near their English captions; `other` is a rotation."""
    draws = torch.Generator().manual_seed(seed)
    source, noise = 0.5 * torch.randn(2, size, EMBED, generator=draws)
    image = 0.8 * source + 0.6 * noise
    other = (torch.arange(size) + 3) % size
    return Batch(text(rows or captions(size, seed), lang), None, source, image, other)


def tensors(method: Method) -> dict[str, Tensor]:
    """Everything that can be trained, by name."""
    return {name: p.detach().clone() for name, p in method.named_parameters() if not name.startswith("tower.")}
