"""The modules that methods share, so that two methods on one bench differ in their idea alone.

Everything starts from PyTorch's default; a caller draws it under a name of its own (`Context.draws`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ccr.base import Method
from ccr.errors import CcrError, nearest
from ccr.methods import StudentSettings
from ccr.specs import Batch, Phase, Player

if TYPE_CHECKING:
    from ccr.base import Context, TextTower, TokenInput

CLIP_B = 512
"""Feature size of CLIP B, for which the field's published loss weights were found."""


class TokenEmbedding(nn.Module):
    """Token ids -> the tower's width: the run set's table (see TokenInput) and a linear map, both trainable.

    A lazy table has sparse gradients; pass `lazy_rows` on to the Player that trains it. Rows that languages need which
    are added later stand in a table of their own, so that those of before can stay as they are.
    """

    def __init__(self, ctx: Context, width: int, *, lazy: bool = True) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(ctx.tokens.table(), freeze=False, sparse=lazy)
        with ctx.draws("token-embedding"):
            self.linear = nn.Linear(ctx.tokens.dim, width)
        self.added = nn.ModuleList()

    def extend(self, tokens: TokenInput) -> None:
        """Take in the rows of `tokens` that are not there yet."""
        rows = tokens.table()[self._rows :]
        if len(rows):
            device = self.table.weight.device
            self.added.append(nn.Embedding.from_pretrained(rows.to(device), freeze=False, sparse=self.table.sparse))

    @property
    def _rows(self) -> int:
        return sum(table.num_embeddings for table in self._tables())

    def _tables(self) -> list[Any]:
        return [self.table, *self.added]

    @property
    def lazy_rows(self) -> list[nn.Parameter]:
        """The tables, if they are lazy."""
        return [table.weight for table in self._tables() if table.sparse]

    def forward(self, ids: Tensor) -> Tensor:
        """(B, L) int64 -> (B, L, width)."""
        if not self.added or bool((ids < self.table.num_embeddings).all()):
            return self.linear(self.table(ids))
        found = self.table.weight.new_empty(*ids.shape, self.table.embedding_dim)
        first = 0
        for table in self._tables():
            here = (ids >= first) & (ids < first + table.num_embeddings)
            found[here] = table(ids[here] - first)
            first += table.num_embeddings
        return self.linear(found)


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


def infonce(text: Tensor, visual: Tensor, scale: float | Tensor) -> Tensor:
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


class TrainedMethod(Method):
    """A method with one player, whose optimiser its settings describe; these are a `TrainSettings`.

    A subclass makes its modules and gives `trained`, `forward` and `loss`.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.settings: Any = ctx.settings

    def trained(self) -> Sequence[nn.Parameter]:
        """What trains, in both phases."""
        raise NotImplementedError

    def players(self, phase: Phase) -> Sequence[Player]:
        return [self.player(self.trained(), self.lr(phase))]

    def lr(self, phase: Phase) -> float:
        """The peak learning rate of a phase. Raises CcrError for one that the method has no losses for."""
        rates = {"align": self.settings.align_lr, "match": self.settings.match_lr}
        if phase.name not in rates:
            raise CcrError(
                f"{type(self).__name__} has no losses for the phase {phase.name!r}; it trains in align and in match"
            )
        return rates[phase.name]

    def player(self, params: Sequence[nn.Parameter], lr: float, name: str = "main") -> Player:
        """A player with the optimiser of the settings; the lazy tables among `params` are found."""
        s, mine = self.settings, {id(p) for p in params}
        tables = [m for m in self.modules() if isinstance(m, TokenEmbedding)]
        return Player(
            name=name,
            params=params,
            lr=lr,
            betas=s.betas,
            eps=s.eps,
            weight_decay=s.weight_decay,
            clip=s.clip,
            lazy_rows=[p for table in tables for p in table.lazy_rows if id(p) in mine],
        )

    def given(self, features: Tensor | None, what: str) -> Tensor:
        """Features of a batch. Raises CcrError where it has none."""
        if features is None:
            raise CcrError(
                f"{type(self).__name__} learns from {what}, and this training has none; use a dataset that gives them"
            )
        return features


class StudentMethod(TrainedMethod):
    """A trained method with DASD's two losses: MSE to the English text, in `match` InfoNCE with images as well.

    Its settings are a `StudentSettings`. A subclass gives `trained` and `forward`.
    """

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        s: StudentSettings = ctx.settings
        self.scale = ctx.encoder.logit_scale if s.infonce_scale is None else s.infonce_scale
        self.unit = regression_unit(ctx, s.rescale)

    def loss(self, phase: Phase, player: str, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        terms = {"mse": self.settings.mse_weight * F.mse_loss(out["text"] / self.unit, self.teacher(batch))}
        if phase.name == "match":
            terms["infonce"] = self.settings.infonce_weight * infonce(out["text"], self.images(batch), self.scale)
        return terms

    def teacher(self, batch: Batch) -> Tensor:
        """The batch's (B, D) source-language features in the regression unit; CcrError where it has none."""
        return self.given(batch.source_features, "source-language features") / self.unit

    def images(self, batch: Batch) -> Tensor:
        """The batch's (B, D) image features in the regression unit; CcrError where it has none."""
        return self.given(batch.image_features, "image features") / self.unit


def tower_weights(tower: TextTower, blocks: int | None = None) -> list[nn.Parameter]:
    """What a method trains of a tower: the weights of its last `blocks` blocks and of all behind them; None: of all.

    The encoder's own token table never belongs to it, nor does a weight that `run` does not read.
    """
    x, one = torch.zeros(1, 2, tower.width), torch.ones(1, dtype=torch.int64)
    if blocks is None:
        own_tokens = _read_by(tower, lambda: tower.embed(torch.zeros(1, 1, dtype=torch.int64)))
        return [p for p in _read_by(tower, lambda: tower.run(x, 2 * one)) if all(p is not q for q in own_tokens)]
    if blocks > tower.depth:
        raise CcrError(f"the last {blocks} blocks cannot train: the text tower of this encoder has {tower.depth}")
    last = [p for block in list(tower.blocks)[tower.depth - blocks :] for p in block.parameters()]
    return last + _read_by(tower, lambda: tower.project(tower.norm(x)))


def _read_by(module: nn.Module, call: Callable[[], Tensor]) -> list[nn.Parameter]:
    """The parameters of a module that the result of `call()` depends on."""
    params = list(module.parameters())
    needed = [p.requires_grad for p in params]
    module.requires_grad_(True)
    with torch.enable_grad():
        found = torch.autograd.grad(call().sum(), params, allow_unused=True)
    for p, before in zip(params, needed, strict=True):
        p.requires_grad_(before)
    return [p for p, grad in zip(params, found, strict=True) if grad is not None]
