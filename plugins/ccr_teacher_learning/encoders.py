"""Sentence encoders: token ids and a mask of the real ones -> a feature per token."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import ccr

HEAD = 32  # features per attention head of the small encoder
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")


class SmallEncoder(nn.Module):
    """A transformer on the run set's token input, from random weights; attends both ways."""

    def __init__(self, ctx: ccr.Context, width: int, layers: int, *, lazy: bool) -> None:
        super().__init__()
        self.width = HEAD * max(1, round(ctx.size(width) / HEAD))
        self.embedding = ccr.TokenEmbedding(ctx, self.width, lazy=lazy)
        nn.init.zeros_(self.embedding.linear.bias)  # as it is drawn, what all tokens share would drown what they do not
        self.positions = nn.Parameter(torch.zeros(ctx.encoder.context_length, self.width))
        self.first_norm = nn.LayerNorm(self.width)
        with ctx.draws("small-encoder"):
            self.layers = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    self.width,
                    self.width // HEAD,
                    4 * self.width,
                    dropout=0.0,
                    activation="gelu",
                    batch_first=True,
                    norm_first=True,
                )
                for _ in range(layers)
            )
        self.last_norm = nn.LayerNorm(self.width)

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:
        """(B, L) int64, (B, L) bool -> (B, L, width)."""
        x = self.first_norm(self.embedding(ids) + self.positions[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~real)
        return self.last_norm(x)


class Pretrained(nn.Module):
    """An encoder of transformers, without the head that pools its first token."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        if getattr(model, "pooler", None) is not None:
            model.pooler = None
        self.model = model
        self.width: int = model.config.hidden_size
        self.limit: int = getattr(model.config, "max_position_embeddings", 514) - 2  # RoBERTa's begin at 2

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:
        """(B, L) int64, (B, L) bool -> (B, L, width)."""
        return self.model(input_ids=ids, attention_mask=real.long()).last_hidden_state


class PretrainedTokens(ccr.TokenInput):
    """The tokenizer of a pretrained encoder, which brings a table of its own."""

    def __init__(self, tokenizer: Any, name: str, dim: int) -> None:
        self._tokenizer, self.fingerprint, self.dim = tokenizer, f"transformers:{name}", dim
        self.vocab_size, self.pad = len(tokenizer), tokenizer.pad_token_id
        if self.pad is None:
            raise ccr.CcrError(f"the tokenizer of {name} has no padding token; method.encoder wants a sentence encoder")
        frame = tokenizer("")["input_ids"]
        self.cls, self.sep = (frame[0], frame[-1]) if frame else (self.pad, self.pad)

    def encode(self, texts: Sequence[str], limit: int) -> list[np.ndarray]:
        rows = self._tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"] if texts else []
        return [np.array(row or [self.pad], dtype=np.int32) for row in rows]

    def table(self) -> Tensor:
        raise ccr.CcrError("a pretrained sentence encoder keeps its table to itself")


def open_pretrained(name: str) -> tuple[Pretrained, PretrainedTokens]:
    """Encoder and tokenizer from a folder, the hub's cache or the hub; one quick sentence where none has them."""
    from transformers import AutoModel, AutoTokenizer

    folder = Path(name).expanduser()
    remedy = "name a folder that holds its config.json, tokenizer and model.safetensors: --set method.encoder=FOLDER"
    try:
        if not folder.is_dir():
            ccr.hub_file(name, ("config.json",))
            ccr.hub_file(name, WEIGHTS, fetch=False)  # tells at once that the hub is out of reach
        source = str(folder) if folder.is_dir() else name
        tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source).float()
    except Exception as error:  # of transformers, the hub's client, or a tokenizer's own library
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise ccr.CcrError(f"the sentence encoder {name} cannot be had ({reason}): {remedy}") from error
    if model.config.is_encoder_decoder or not hasattr(model.config, "hidden_size"):
        raise ccr.CcrError(f"{name} is no sentence encoder but a {type(model).__name__}: {remedy}")
    return Pretrained(model), PretrainedTokens(tokenizer, name, model.config.hidden_size)
