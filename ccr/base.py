"""What a plugin's factory must be: Dataset, Encoder with its TextTower, Translator, Method and Executor.

RankMetric, that of a metric, has ccr/metric.py to itself. A method declares and the harness runs. It owns its losses,
its learning rates and what trains; the protocol owns the phases, the steps, the batches, their order and the selection.
So checkpoints, resuming, precision and adversaries come to a method for free.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ccr.errors import CcrError, NotAdaptableError
from ccr.specs import Batch, DatasetSpec, Download, Item, Job, JobState, Phase, Player, Split, TextBatch

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


class Dataset(ABC):
    """Reads the items of one dataset.

    Users and methods open a dataset through `ccr.open_dataset`, which seals its test split; the harness alone calls
    the methods below.
    """

    def __init__(self, settings: Any, root: Path | None) -> None:
        self.settings = settings
        self.root = root

    @abstractmethod
    def items(self, split: Split) -> Iterable[Item]:
        """Items of "train" or "val", always in the same order."""

    @abstractmethod
    def test_items(self, test_set: str) -> Iterable[Item]:
        """Items of the test set with that protocol id, always in the same order."""

    def read(self, item: Item) -> bytes:
        """The encoded image (PNG, JPEG, ...) or clip (MP4, ...) of an item."""
        if item.path is None:
            raise CcrError(f"item {item.id} has no media file, and {type(self).__name__}.read does not make one")
        return item.path.read_bytes()

    def missing(self, pictures: bool = True) -> Sequence[str]:
        """What is not in place: one sentence per thing, with where to get it and where to put it. Empty = ready.

        `pictures` is False where an encoder of precomputed features reads none. Asked before any other method.
        """
        return ()

    def downloads(self) -> Sequence[Download]:
        """Public files that `ccr data prepare` may fetch. What needs a form or a licence, `missing` alone tells."""
        return ()

    def describe(self, spec: DatasetSpec) -> DatasetSpec:
        """The spec, completed by what only the files know: languages, test sets. Asked once nothing is missing."""
        return spec


class TokenInput(ABC):
    """The token input that all trained methods of a run set share: mBERT's vocabulary, or a byte-level BPE.

    Rows begin with `cls` and end with `sep`, at which end-token towers read their feature.
    """

    vocab_size: int
    dim: int  # width of the embedding table
    pad: int
    cls: int
    sep: int
    fingerprint: str

    @abstractmethod
    def encode(self, texts: Sequence[str], limit: int) -> list[np.ndarray]:
        """One int32 array per text, `cls` and `sep` included, cut to `limit` with `sep` kept."""

    def of(self, lang: str) -> TokenInput:
        """The tokens of one language. Another than itself where a language was added later, with rows of its own."""
        return self

    @abstractmethod
    def table(self) -> Tensor:
        """(vocab_size, dim) fp32: the initial embedding table, pretrained or drawn from a fixed seed."""


class TextTower(nn.Module, ABC):
    """A private frozen copy of an encoder's transformer, open to adapters. Whoever holds it may change it."""

    width: int  # of the residual stream
    depth: int  # number of blocks
    context_length: int
    embed_dim: int  # of the feature
    trim_exact: bool  # True: positions behind the end token change nothing, so rows are trimmed to the longest
    pooling: str  # "end": reads the end token; "first": the first; "last": the last position
    blocks: nn.ModuleList

    def train(self, mode: bool = True) -> TextTower:
        """A frozen tower stays in eval mode, whatever its method does."""
        super().train(False)
        return self

    @abstractmethod
    def embed(self, ids: Tensor) -> Tensor:
        """(B, L) of the encoder's OWN token ids -> (B, L, width), before positions."""

    @abstractmethod
    def run(self, x: Tensor, lengths: Tensor, after_block: Callable[[int, Tensor], Tensor] | None = None) -> Tensor:
        """(B, L, width) token embeddings -> (B, embed_dim) un-normalised features.

        Adds positions, runs the blocks, then final norm, pooling at `lengths - 1` and projection.
        `after_block(i, x)` sees the (B, L, width) output of block i and returns what block i + 1 reads.
        """

    @abstractmethod
    def norm(self, x: Tensor) -> Tensor:
        """The final norm, (..., width) -> (..., width)."""

    @abstractmethod
    def project(self, x: Tensor) -> Tensor:
        """The text projection, (..., width) -> (..., embed_dim)."""


class Encoder(ABC):
    """A dual encoder. `module` holds every weight; the harness hashes it, saves it, and trains it in `finetune`."""

    name: str = ""  # what users call it; the harness sets it, and it is not part of the fingerprint
    module: nn.Module
    embed_dim: int
    context_length: int  # longest row of tokens that the text tower reads
    logit_scale: float  # InfoNCE's scale, e.g. 100 for CLIP
    precomputed: bool = False  # True: no picture is read; `lookup` gives what `encode_images` projects
    untrained: str = ""  # why its features mean nothing before `ccr pretrain`; "" = they do
    architecture: Mapping[str, Any]  # JSON-able; with the weights it is the fingerprint: preprocessing belongs in it

    def __init__(self, argument: str, settings: Any) -> None:
        self.settings = settings

    @classmethod
    def missing(cls, argument: str, settings: Any) -> Sequence[str]:
        """What the argument needs and cannot be had here, told before anything is loaded. As `Dataset.missing`."""
        return ()

    @abstractmethod
    def preprocess(self, image: Image) -> Tensor:
        """A decoded image -> (C, H, W) fp32. Never called where `precomputed`."""

    @abstractmethod
    def encode_images(self, pixels: Tensor) -> Tensor:
        """(B, C, H, W), or (B, F) where `precomputed`, -> (B, embed_dim) un-normalised, differentiable."""

    def pool(self, frames: Tensor) -> Tensor:
        """(N, T, embed_dim) features of the frames of clips -> (N, embed_dim): their mean, one say for each frame.

        Each frame counts by its direction (CLIP4Clip's mean pooling); the length is the mean of the frames' lengths, so
        that a clip's features are of the scale of a picture's, and those of one frame are that frame's.
        """
        lengths = frames.norm(dim=-1, keepdim=True)
        return (frames / lengths.clamp_min(1e-12)).mean(1) * lengths.mean(1)

    def lookup(self, item: Item) -> Tensor:
        """Where `precomputed`: the (F,) fp32 features of an item. CcrError names the item that has none."""
        raise NotImplementedError

    @abstractmethod
    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        """Texts of one language -> (B, L) int64 ids for `encode_texts`."""

    def lengths(self, ids: Tensor) -> Tensor:
        """(B, L) -> (B,) int64: how many positions of each row matter to `encode_texts`, which may be cut to them."""
        return torch.full((len(ids),), ids.shape[1])

    @abstractmethod
    def encode_texts(self, ids: Tensor) -> Tensor:
        """(B, L) -> (B, embed_dim) un-normalised, differentiable."""

    def text_tower(self) -> TextTower:
        """A private frozen copy of the text tower. Raises NotAdaptableError, in one sentence, where there is none."""
        raise NotAdaptableError(f"{type(self).__name__} has no text tower that an adapter can enter")

    def text_parameters(self) -> Sequence[nn.Parameter]:
        """What the English fine-tune trains when image features are precomputed, or those of clips."""
        raise NotAdaptableError(f"{type(self).__name__} cannot train its text tower alone")

    def save(self, folder: Path) -> str:
        """Write the weights as they are, in the form that the field uses; the reference that opens them again."""
        raise CcrError(f"{type(self).__name__} cannot be saved")


class Translator(ABC):
    """Machine translation. Deterministic: the same text gives the same translation, whatever stands beside it."""

    fingerprint: str  # names engine and revision; recorded as `mt:<fingerprint>`

    def __init__(self, argument: str, settings: Any) -> None:
        self.settings = settings

    @classmethod
    def missing(cls, argument: str, settings: Any) -> Sequence[str]:
        """What the argument needs and cannot be had here, told before anything is loaded. As `Dataset.missing`."""
        return ()

    @abstractmethod
    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text."""


class FrozenEncoder:
    """The encoder of the protocol as a method sees it: frozen, English-fine-tuned or not."""

    def __init__(self, encoder: Encoder, source_lang: str) -> None:
        self._encoder = encoder
        self.source_lang = source_lang
        self.embed_dim = encoder.embed_dim
        self.context_length = encoder.context_length
        self.logit_scale = encoder.logit_scale

    def text_tower(self) -> TextTower:
        """A private frozen copy of the text tower."""
        return self._encoder.text_tower()

    @torch.no_grad()
    def encode_source(self, texts: Sequence[str], lang: str = "") -> Tensor:
        """Texts (of the source language unless said) -> (B, embed_dim) un-normalised fp32."""
        device = next(self._encoder.module.parameters()).device
        return self._encoder.encode_texts(self._encoder.tokenize(texts, lang or self.source_lang).to(device)).float()


class Context:
    """What a method is built from."""

    def __init__(
        self,
        *,
        settings: Any,
        langs: Sequence[str],
        tokens: TokenInput,
        encoder: FrozenEncoder,
        seed: int,
        size_scale: float = 1.0,
        feature_rms: float = 1.0,
        translate: Callable[[Sequence[str], str, str], list[str]] | None = None,
    ) -> None:
        self.settings = settings
        self.langs = tuple(langs)  # target languages
        self.tokens = tokens
        self.encoder = encoder
        self.source_lang = encoder.source_lang
        self.feature_rms = feature_rms  # root mean square of the teacher's source-language features
        self._seed = seed
        self._size_scale = size_scale
        self._translate = translate

    def size(self, features: int) -> int:
        """A hidden size that is meant for a CLIP ViT-B text tower, scaled by the dataset's recipe."""
        return max(1, round(features * self._size_scale))

    @contextmanager
    def draws(self, name: str) -> Iterator[None]:
        """Within it, initial values depend on the run's seed and on `name` alone: no module moves another's."""
        digest = hashlib.sha256(f"{self._seed}/{name}".encode()).digest()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int.from_bytes(digest[:8], "little") >> 1)
            yield

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Machine translation by the translator of the run."""
        if self._translate is None:
            raise CcrError("this run has no translator; name one with --translator")
        return self._translate(texts, source, target)


class Method(nn.Module):
    """A cross-lingual method. Trainable state is what `players` name; everything else must stay as it is."""

    encodes_source = False  # True: source-language queries go through `forward` too, not through the encoder
    reads_source = False  # True: Batch.source is filled (the parallels, in the method's tokens)
    losses_off: Sequence[str] = ()  # losses that the settings switched off; the result lists them

    def __init__(self, ctx: Context) -> None:
        super().__init__()
        self.tokens: TokenInput | None = ctx.tokens  # None: the harness tokenises nothing, `forward` reads the texts
        self.context_length = ctx.encoder.context_length  # rows of tokens are cut to it

    def players(self, phase: Phase) -> Sequence[Player]:
        """Who trains in this phase, in stepping order. Empty: nothing does."""
        return ()

    def forward(self, text: TextBatch) -> dict[str, Tensor]:
        """Row by row (no row sees another): {"text": (B, D) un-normalised, ...whatever the losses need, (B, ...)}."""
        raise NotImplementedError

    def outputs(self, part: Batch) -> dict[str, Tensor]:
        """Training outputs of some rows of a batch, row by row: `forward` of their texts unless overridden.

        The harness calls it on length-sorted parts and joins the rows in their order. `part.other` still points into
        the whole batch.
        """
        return self.forward(part.text)

    def loss(self, phase: Phase, player: str, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Scalar terms whose sum `player` descends, over the whole batch, as for one process."""
        raise NotImplementedError

    def encode_visual(self, features: Tensor) -> Tensor:
        """(N, D) image features of the encoder -> (N, D') features that texts are compared with."""
        return features

    def extend(self, langs: Sequence[str], tokens: TokenInput) -> None:
        """Add languages to a trained method, by new parameters alone; what it gives for the others must not change.

        `tokens` has the rows of before, and behind them those that the new languages need. From then on `players` may
        name all parameters: the harness trains the new ones and keeps the others frozen.
        """
        raise CcrError(f"{type(self).__name__} cannot add languages to a finished run")


class Executor(ABC):
    """Runs the jobs of a grid, each the command `ccr cell FOLDER`, as a process of its own somewhere.

    The cell's folder holds its configuration, its lock and what became of it, so an executor keeps no books: it starts
    commands and says whether they are under way. It sees to it that a cell is asked to stop (SIGINT or SIGTERM) before
    it is killed: it keeps a checkpoint then, and the same job goes on from there.
    """

    poll_every: float = 1.0  # seconds between two calls of `poll`

    def __init__(self, settings: Any, jobs: int | None) -> None:
        self.settings = settings
        self.jobs = jobs  # cells that may be under way at once, as asked for with --jobs; None = not said

    @property
    def slots(self) -> int | None:
        """Jobs that it wants to have at once; None = all, because it has a queue of its own."""
        return self.jobs

    @abstractmethod
    def submit(self, jobs: Sequence[Job]) -> Sequence[str]:
        """An id for each job, in order. Jobs that are given together may become one job array."""

    @abstractmethod
    def poll(self, ids: Sequence[str]) -> Sequence[JobState]:
        """The state of each job, in order, without waiting."""

    @abstractmethod
    def cancel(self, ids: Sequence[str], force: bool = False) -> None:
        """Ask jobs to stop, without waiting until they have; `force` stops them at once."""
