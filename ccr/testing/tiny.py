"""An encoder with random weights, small enough that a method trains on it in a fraction of a second."""

from __future__ import annotations

import copy
import re
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ccr.base import Encoder, TextTower

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH, HEADS, DEPTH, CONTEXT, EMBED, VOCABULARY, PIXELS = 32, 2, 3, 32, 24, 500, 8
PAD, START, END = 0, 1, 2


class Block(nn.Module):
    """Causal attention and an MLP."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.merge = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        x = x + self.merge(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


class TinyTower(TextTower):
    """Reads its feature at the end token."""

    width, depth, context_length, embed_dim = WIDTH, DEPTH, CONTEXT, EMBED
    trim_exact, pooling = True, "end"

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Parameter(torch.randn(CONTEXT, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.final, self.projection = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, EMBED, bias=False)

    def embed(self, ids: Tensor) -> Tensor:
        return self.tokens(ids)

    def run(self, x: Tensor, lengths: Tensor, after_block: Callable[[int, Tensor], Tensor] | None = None) -> Tensor:
        x = x + self.positions[: x.shape[1]]
        for i, block in enumerate(self.blocks):
            x = block(x)
            x = after_block(i, x) if after_block else x
        return self.project(self.norm(x[torch.arange(len(x), device=x.device), lengths - 1]))

    def norm(self, x: Tensor) -> Tensor:
        return self.final(x)

    def project(self, x: Tensor) -> Tensor:
        return self.projection(x)


class TinyEncoder(Encoder):
    """Words are hashed into a small vocabulary; a picture is 8 x 8 pixels and a linear map."""

    embed_dim, context_length, logit_scale = EMBED, CONTEXT, 20.0

    def __init__(self) -> None:
        super().__init__("", None)
        self.architecture = {"tiny": 1, "preprocess": {"size": PIXELS}}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            self.tower = TinyTower()
            self.visual = nn.Linear(3 * PIXELS * PIXELS, EMBED)
        self.module = nn.ModuleDict({"text": self.tower, "visual": self.visual}).requires_grad_(False).eval()

    def preprocess(self, image: Image) -> Tensor:
        pixels = np.asarray(image.resize((PIXELS, PIXELS)), dtype=np.float32) / 127.5 - 1
        return torch.from_numpy(pixels).permute(2, 0, 1)

    def encode_images(self, pixels: Tensor) -> Tensor:
        return self.visual(pixels.flatten(1))

    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        ids = torch.full((len(texts), CONTEXT), PAD)
        for row, text in enumerate(texts):
            words = [zlib.crc32(w.encode()) % (VOCABULARY - 3) + 3 for w in re.findall(r"[^\W_]+|\S", text.lower())]
            tokens = [START, *words[: CONTEXT - 2], END]
            ids[row, : len(tokens)] = torch.tensor(tokens)
        return ids

    def lengths(self, ids: Tensor) -> Tensor:
        return (ids == END).int().argmax(1) + 1

    def encode_texts(self, ids: Tensor) -> Tensor:
        return self.tower.run(self.tower.embed(ids), self.lengths(ids))

    def text_tower(self) -> TextTower:
        return copy.deepcopy(self.tower).requires_grad_(False)

    def text_parameters(self) -> Sequence[Any]:
        return list(self.tower.parameters())
