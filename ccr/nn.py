"""The modules that methods share, so that two methods on one bench differ in their idea alone.

Everything starts from PyTorch's default; a caller draws it under a name of its own (`Context.draws`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ccr.errors import CcrError, nearest

if TYPE_CHECKING:
    from ccr.base import Context

CLIP_B = 512
"""Feature size of CLIP B, for which the field's published loss weights were found."""


class TokenEmbedding(nn.Module):
    """Token ids -> the tower's width: the run set's table (see TokenInput) and a linear map, both trainable.

    A lazy table has sparse gradients; pass `lazy_rows` on to the Player that trains it.
    """

    def __init__(self, ctx: Context, width: int, *, lazy: bool = True) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(ctx.tokens.table(), freeze=False, sparse=lazy)
        with ctx.draws("token-embedding"):
            self.linear = nn.Linear(ctx.tokens.dim, width)

    @property
    def lazy_rows(self) -> list[nn.Parameter]:
        """The table, if it is lazy."""
        return [self.table.weight] if self.table.sparse else []

    def forward(self, ids: Tensor) -> Tensor:
        """(B, L) int64 -> (B, L, width)."""
        return self.linear(self.table(ids))


class Bottleneck(nn.Module):
    """A residual adapter: x + Up(ReLU(Down(x))), width -> hidden -> width, with biases."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, hidden)
        self.up = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width)."""
        return x + self.up(torch.relu(self.down(x)))


class PerLanguage(nn.Module):
    """One module per language, made by `make(lang)`. A language that has none is an error, never a random adapter."""

    def __init__(self, make: Callable[[str], nn.Module], langs: Iterable[str]) -> None:
        super().__init__()
        self._make = make
        self.langs: tuple[str, ...] = ()
        for lang in langs:
            self.add(lang)

    def add(self, lang: str) -> nn.Module:
        """Make the module of a further language and return it. Raises CcrError where the language has one."""
        if lang in self.langs:
            raise CcrError(f"the language {lang!r} has its modules already; add only languages that are new")
        module = self._make(lang)
        self.add_module(_slot(lang), module)
        self.langs += (lang,)
        return module

    def __getitem__(self, lang: str) -> Any:
        if lang not in self.langs:
            known = ", ".join(self.langs)
            raise CcrError(
                f"the method has no modules for {lang!r}{nearest(lang, self.langs)}; it was made for {known}"
            )
        return getattr(self, _slot(lang))


def _slot(lang: str) -> str:
    return f"lang_{lang}"  # a bare "to" (Tongan) would collide with nn.Module.to


def infonce(text: Tensor, visual: Tensor, scale: float) -> Tensor:
    """Symmetric InfoNCE over a batch, 0-d; row i of one fits row i of the other alone.

    Args:
        text, visual: (B, D), un-normalised.
        scale: what the cosines are multiplied by, e.g. 100 for CLIP.
    """
    logits = scale * F.normalize(text, dim=-1) @ F.normalize(visual, dim=-1).T
    right = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def regression_unit(ctx: Context, rescale: Literal["auto", "always", "never"]) -> float:
    """What losses on un-normalised features divide these by: the teacher's RMS, so that published weights fit, or 1.

    `auto` does so for encoders whose feature size is not CLIP B's. Raises CcrError where the RMS is 0 or not finite.
    """
    if rescale == "never" or (rescale == "auto" and ctx.encoder.embed_dim == CLIP_B):
        return 1.0
    if not (math.isfinite(ctx.feature_rms) and ctx.feature_rms > 0):
        raise CcrError(
            f"the encoder's source-language features have a root mean square of {ctx.feature_rms}, so losses cannot be "
            "rescaled to it; check the encoder's weights, or set rescale to never"
        )
    return ctx.feature_rms
