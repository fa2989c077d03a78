"""The text tower of a transformers model, open to adapters.

The model's own forward runs, whatever its version: it is entered at the token embeddings and left after every block,
by hooks. So positions, token types, embedding norms and masks are the architecture's own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ccr import TextTower
from ccr_hf.kinds import Kind


def blocks_of(text: nn.Module) -> nn.ModuleList:
    """The blocks of a text model, which have one of two names, by architecture and by version."""
    encoder: Any = text.encoder
    return encoder.layers if hasattr(encoder, "layers") else encoder.layer


class HfTextTower(TextTower):
    """The text side of a dual encoder. Shares the model's weights until `private` copies it.

    A tower that reads its padding (SigLIP's) runs on all `context_length` positions, and what stands behind a row's
    end is the model's own padding. The others attend to real tokens alone, so rows may be trimmed.
    """

    def __init__(self, model: Any, kind: Kind, context_length: int, pad: int) -> None:
        super().__init__()
        for path in (kind.text, *kind.projections):
            top = path.partition(".")[0]
            if top not in self._modules:
                self.add_module(top, getattr(model, top))
        text: Any = self.get_submodule(kind.text)
        self.kind, self.context_length, self.pad = kind, context_length, pad
        self.pooling = kind.pooling
        self.trim_exact = kind.pooling != "last"
        self.rows, self.width = self._table.weight.shape
        self.depth = len(self.blocks)
        self.embed_dim = self.project(torch.zeros(self.width)).shape[0]
        wrong = kind.model == "CLIPModel" and text.config.eos_token_id == 2  # in early configs; it is the highest id
        self.end: int | None = None if wrong or kind.pooling != "end" else text.config.eos_token_id

    @property
    def blocks(self) -> nn.ModuleList:  # type: ignore[override]
        """Where they are in the model: a second name would double them in a state dict."""
        return blocks_of(self.get_submodule(self.kind.text))

    @property
    def _table(self) -> nn.Embedding:
        table = self.get_submodule(f"{self.kind.text}.{self.kind.embedding}")
        assert isinstance(table, nn.Embedding)
        return table

    def private(self) -> HfTextTower:
        """A frozen copy that shares nothing."""
        return copy.deepcopy(self).requires_grad_(False).eval()

    def lengths(self, ids: Tensor) -> Tensor:
        """(B, L) of the model's own ids -> (B,) tokens up to the end; L where the tower reads its padding."""
        if self.kind.masked:
            return (ids != self.pad).sum(dim=-1)
        if self.pooling == "last":
            return torch.full((len(ids),), ids.shape[1], device=ids.device)
        return (ids if self.end is None else (ids == self.end).int()).argmax(dim=-1) + 1

    def embed(self, ids: Tensor) -> Tensor:
        return self._table(ids)

    def run(self, x: Tensor, lengths: Tensor, after_block: Callable[[int, Tensor], Tensor] | None = None) -> Tensor:
        if not len(x):
            return x.new_zeros(0, self.embed_dim)
        if not self.trim_exact:
            x = self._padded(x, lengths)
        real = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        # stand-ins: only which of them are padding is ever read
        ids = torch.where(real, 1 if self.pad == 0 else 0, self.pad)
        mask = {"attention_mask": real.long()} if self.kind.masked else {}
        seen = x

        def entered(module: nn.Module, given: Any, output: Tensor) -> Tensor:
            return x.clone()  # some architectures add positions in place

        def left(index: int) -> Callable[..., Any]:
            def hook(module: nn.Module, given: Any, output: Any) -> Any:
                nonlocal seen
                seen = output[0] if isinstance(output, tuple) else output
                if after_block is None:
                    return None
                seen = after_block(index, seen)
                return (seen, *output[1:]) if isinstance(output, tuple) else seen

            return hook

        hooks = [self._table.register_forward_hook(entered)]
        hooks += [block.register_forward_hook(left(index)) for index, block in enumerate(self.blocks)]
        try:
            self.get_submodule(self.kind.text)(input_ids=ids, **mask)
        finally:
            for hook in hooks:
                hook.remove()
        at = {"end": lengths - 1, "first": torch.zeros_like(lengths), "last": torch.full_like(lengths, -1)}
        pooled = seen[torch.arange(len(x), device=x.device), at[self.pooling]]
        return self.project(self.norm(pooled))  # the norm works on single positions: one is enough

    def norm(self, x: Tensor) -> Tensor:
        return self.get_submodule(self.kind.norm)(x) if self.kind.norm else x

    def project(self, x: Tensor) -> Tensor:
        for path in self.kind.projections:
            x = self.get_submodule(path)(x)
        return x

    def _padded(self, x: Tensor, lengths: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, self.context_length - x.shape[1]))
        real = torch.arange(self.context_length, device=x.device) < lengths[:, None]
        return torch.where(real[..., None], x, self._table.weight[self.pad].to(x.dtype))
