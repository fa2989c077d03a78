"""What a loaded run reads of its test captions, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from attrs import frozen
from torch import Tensor, nn

from ccr.base import Method, TextTower
from ccr.errors import CcrError, NotAdaptableError
from ccr.nn import TokenEmbedding
from ccr.pipeline.evaluate import text_rows
from ccr.pipeline.load import LoadedRun
from ccr.specs import Caption, TextBatch

BATCH = 128
READINGS = ("sr", "sa")  # entries of what a method's `forward` returns
POOL, RANDOM, TEXT = "mean pool", "random", "text"


@frozen(eq=False)
class Readings:
    """n captions of the target languages, grouped by language, and m images."""

    langs: tuple[str, ...]
    lang: np.ndarray  # (n,) int64: place in `langs`
    styles: tuple[str, ...]
    style: np.ndarray  # (n,) int64: place in `styles`; -1 = the caption has no style
    length: np.ndarray  # (n,) float64: tokens that the method reads
    image: np.ndarray  # (n,) int64
    meaning: np.ndarray  # (n,) int64: one number for the captions that translate one another
    ids: tuple[str, ...]
    semantic: Tensor  # (m, D) fp32: features of the images
    vectors: Mapping[str, Tensor]  # name -> (n, d) fp32
    matrices: Tensor | None  # (n, k) fp32: all that is generated for each caption; None = nothing is


@torch.no_grad()
def read(run: LoadedRun) -> Readings:
    """Read the test captions of a run. CcrError: a method whose `forward` has neither "sr" nor "sa"."""
    plan = run.plan
    items, semantic = run.encode_gallery("test")
    found = [(c, number) for lang in plan.langs for number, item in enumerate(items) for c in _of(item.captions, lang)]
    captions = [caption for caption, _ in found]
    styles = tuple(dict.fromkeys(c.tags["style"] for c in captions if "style" in c.tags))
    groups: dict[str, int] = {}
    vectors: dict[str, list[Tensor]] = {}
    lengths, matrices, pool = [], [], _Pool(run)
    for lang in plan.langs:
        rows = text_rows(run.method, lang, [c.text for c in captions if c.lang == lang])
        lengths.append(rows.lengths)
        for start in range(0, len(rows), BATCH):
            text = rows.take(np.arange(start, min(start + BATCH, len(rows))))
            text = TextBatch(text.lang, text.texts, text.ids.to(run.device), text.lengths.to(run.device))
            out, generated = _forward(run.method, text, pool)
            for name, part in out.items():
                vectors.setdefault(name, []).append(part.float().cpu())
            if generated is not None:
                matrices.append(generated.float().cpu())
    if not set(READINGS) & set(vectors):
        raise CcrError(
            f"{run.record.folder}: {plan.method.name} has no readings to probe: its forward returns "
            f'{", ".join(name for name in vectors if name != POOL)}, neither "sr" nor "sa"'
        )
    joined = {name: torch.cat(parts) for name, parts in vectors.items()}
    draws = torch.Generator().manual_seed(0)
    joined[RANDOM] = torch.randn(len(captions), joined[TEXT].shape[1], generator=draws)
    order = [*READINGS, TEXT, POOL, RANDOM]
    return Readings(
        langs=plan.langs,
        lang=np.array([plan.langs.index(c.lang) for c in captions]),
        styles=styles,
        style=np.array([styles.index(c.tags["style"]) if "style" in c.tags else -1 for c in captions]),
        length=np.concatenate(lengths).astype(np.float64),
        image=np.array([number for _, number in found]),
        meaning=np.array([groups.setdefault(c.parallel or f"/{number}", len(groups)) for c, number in found]),
        ids=tuple(c.id for c in captions),
        semantic=semantic,
        vectors={name: joined[name] for name in order if name in joined},
        matrices=torch.cat(matrices) if len(matrices) and sum(map(len, matrices)) == len(captions) else None,
    )


def _of(captions: tuple[Caption, ...], lang: str) -> list[Caption]:
    return [caption for caption in captions if caption.lang == lang]


class _Pool:
    """The mean of the tokens that a method embeds, behind the first block of the bare tower, normed.

    That is what an adversary would have to clean: no branch, no critic. Where there is no tower, of the tokens alone.
    """

    def __init__(self, run: LoadedRun) -> None:
        try:
            self._tower: TextTower | None = run.encoder.text_tower().to(run.device)
        except NotAdaptableError:
            self._tower = None

    def __call__(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(B, L, width) embedded tokens -> (B, width)."""
        if self._tower is not None:
            x = self._tower.norm(block_output(self._tower, x, lengths))
        mask = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        return (x * mask[..., None]).sum(1) / lengths[:, None]


def block_output(tower: TextTower, x: Tensor, lengths: Tensor) -> Tensor:
    """(B, L, width): what the first block makes of embedded tokens."""
    first: list[Tensor] = []

    def after_block(i: int, x: Tensor) -> Tensor:
        if i == 0:
            first.append(x)
        return x

    tower.run(x, lengths, after_block)
    return first[0]


def _forward(method: Method, text: TextBatch, pool: _Pool) -> tuple[dict[str, Tensor], Tensor | None]:
    """The method's outputs, the mean pool of the tokens that it embeds, and what its `matrices` put out."""
    makers = list(getattr(method, "matrices", ()))
    embeddings = [module for module in method.modules() if isinstance(module, TokenEmbedding)][:1]
    with _outputs(makers) as made, _outputs(embeddings) as embedded:
        out = {name: value for name, value in method(text).items() if value.ndim == 2}
    if embedded:
        out[POOL] = pool(embedded[0][:, : text.ids.shape[1]].float(), text.lengths)
    each = [part.flatten(1) for part in made if part.ndim == 3 and len(part) == len(text)]
    return out, torch.cat(each, 1) if each and len(each) == len(made) else None


@contextmanager
def _outputs(modules: Sequence[nn.Module]) -> Iterator[list[Tensor]]:
    """What modules put out while it lasts."""
    kept: list[Tensor] = []
    hooks = [module.register_forward_hook(lambda _, __, out: kept.append(out)) for module in modules]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()
