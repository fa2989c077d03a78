"""open_clip's text transformer as a tower that adapters can enter."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from open_clip import CLIP, CustomTextCLIP
from open_clip.transformer import TextTransformer
from torch import Tensor, nn

from ccr import NotAdaptableError, TextTower

POOLING = {"argmax": "end", "eos": "end", "first": "first", "last": "last"}  # open_clip's name -> ours


class OpenClipTextTower(TextTower):
    """The text side of an open_clip `CLIP` or `CustomTextCLIP`. Shares the model's weights until `private` copies it.

    Where `trim_exact` is False, `run` works on all `context_length` positions, and what stands behind a row's end is
    replaced by the model's own padding: a row's feature never depends on the rows beside it.
    """

    def __init__(self, model: nn.Module, pad: int = 0) -> None:
        super().__init__()
        text, pool = _text_of(model)
        self.pooling = POOLING[pool]
        self.causal = text.attn_mask is not None
        self.trim_exact = self.causal and self.pooling == "end"
        self.token_embedding = text.token_embedding
        self.positional_embedding = text.positional_embedding
        self.blocks = text.transformer.resblocks
        for block in self.blocks:
            if type(block.attn) is nn.MultiheadAttention:
                block.attn = Attention(block.attn)
        self.ln_final = text.ln_final
        self.text_projection = text.text_projection
        self.context_length, self.width = self.positional_embedding.shape
        self.depth = len(self.blocks)
        self.embed_dim = self.project(torch.zeros_like(self.positional_embedding[0])).shape[0]
        self.pad = pad
        self._end_id = None if pool == "argmax" else model.text_eos_id if text is model else text.eos_id

    def private(self) -> OpenClipTextTower:
        """A frozen copy that shares nothing."""
        return copy.deepcopy(self).requires_grad_(False).eval()

    def lengths(self, ids: Tensor) -> Tensor:
        """(B, L) of the model's own ids -> (B,) tokens up to the end token; L where the tower does not look for it."""
        if self.pooling != "end":
            return torch.full((len(ids),), ids.shape[1], device=ids.device)
        return (ids if self._end_id is None else (ids == self._end_id).int()).argmax(dim=-1) + 1

    def embed(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids)

    def run(self, x: Tensor, lengths: Tensor, after_block: Callable[[int, Tensor], Tensor] | None = None) -> Tensor:
        if not self.trim_exact:
            x = self._padded(x, lengths)
        x = x + self.positional_embedding[: x.shape[1]]
        mask = x.new_full((x.shape[1], x.shape[1]), float("-inf")).triu_(1) if self.causal else None
        for index, block in enumerate(self.blocks):
            x = block(x, attn_mask=mask)
            if after_block is not None:
                x = after_block(index, x)
        if self.pooling == "end":
            x = x[torch.arange(len(x), device=x.device), lengths - 1]
        else:
            x = x[:, 0 if self.pooling == "first" else -1]
        return self.project(self.norm(x))  # the norm works on single positions: one is enough

    def norm(self, x: Tensor) -> Tensor:
        return self.ln_final(x)

    def project(self, x: Tensor) -> Tensor:
        if self.text_projection is None:
            return x
        return self.text_projection(x) if isinstance(self.text_projection, nn.Linear) else x @ self.text_projection

    def _padded(self, x: Tensor, lengths: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, self.context_length - x.shape[1]))
        real = torch.arange(self.context_length, device=x.device) < lengths[:, None]
        return torch.where(real[..., None], x, self.token_embedding.weight[self.pad])


class Attention(nn.Module):
    """What `nn.MultiheadAttention` computes, with its weights and their names, for queries that are keys and values.

    That one transposes its input, so that its largest product runs as one small product for every token, or row.
    """

    def __init__(self, of: nn.MultiheadAttention) -> None:
        super().__init__()
        self.heads = of.num_heads
        self.in_proj_weight, self.in_proj_bias, self.out_proj = of.in_proj_weight, of.in_proj_bias, of.out_proj

    def forward(
        self, x: Tensor, *_: Tensor, attn_mask: Tensor | None = None, need_weights: bool = False
    ) -> tuple[Tensor, None]:
        """(B, L, width), and (L, L) that is added to the scores -> (B, L, width), and no weights."""
        three = F.linear(x, self.in_proj_weight, self.in_proj_bias).unflatten(-1, (3, self.heads, -1))
        query, key, value = (part.transpose(1, 2) for part in three.unbind(2))
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=attn_mask)
        return self.out_proj(out.transpose(1, 2).flatten(2)), None


def _text_of(model: nn.Module) -> tuple[Any, str]:
    """The module that holds the transformer's parts, and the name of its pooling."""
    if isinstance(model, CLIP):
        text, pool = model, model.text_pool_type
    elif isinstance(model, CustomTextCLIP) and isinstance(model.text, TextTransformer):
        text, pool = model.text, model.text.pool_type
    else:
        kind = type(getattr(model, "text", model)).__name__
        raise NotAdaptableError(
            f"no adapter can enter the text tower of this encoder: {kind} is not open_clip's own transformer"
        )
    faults = {
        "it appends a class token": getattr(text, "cls_emb", None) is not None,
        "it masks its padding": getattr(text, "use_pad_mask", False),
        f'it pools by "{pool}"': pool not in POOLING,
    }
    for fault, found in faults.items():
        if found:
            raise NotAdaptableError(f"no adapter can enter the text tower of this encoder: {fault}")
    return text, pool
