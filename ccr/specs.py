"""The frozen records that cross the plugin contract.

Nothing here imports torch: a plugin that only registers itself stays cheap to load. Arrays are named in the
docstrings with their shape and dtype; `Tensor` is `torch.Tensor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

API = 1
"""Version of the plugin contract. A plugin declares the one it was written for as `CCR_API`."""

Split = Literal["train", "val", "test"]


# --- settings ---------------------------------------------------------------------------------------------------


def setting(default: Any, help: str, *, unit: str = "", check: Callable[[Any, Any, Any], None] | None = None) -> Any:
    """A documented field of a settings class: `hidden: int = setting(256, "Bottleneck width.", unit="features")`.

    `check` is an attrs validator, e.g. `ccr.positive`.
    """
    return field(default=default, metadata={"help": help, "unit": unit}, validator=check)


def _at_least(least: int) -> Callable[[Any, Any, int], None]:
    def check(_: Any, attribute: Any, value: int) -> None:
        if value < least:
            raise ValueError(f"{attribute.name} must be at least {least}, not {value}")

    return check


def _positive(_: Any, attribute: Any, value: float | Mapping[str, float]) -> None:
    for key, number in value.items() if isinstance(value, Mapping) else [("", value)]:
        if not number > 0:
            raise ValueError(f"{attribute.name}{key and '.' + key} must be above 0, not {number}")


@frozen
class NoSettings:
    """For a plugin that has nothing to set."""


# --- what plugins register ----------------------------------------------------------------------------------------
# A `factory` and a `settings` are lazy references, "package.module:Object": imported only by the run that needs them.


@frozen(kw_only=True)
class EncoderSpec:
    """A frozen dual encoder. Users write `--encoder NAME:ARGUMENT`; the argument is the encoder's own language."""

    name: str
    factory: str = ""  # a ccr.Encoder subclass, called as Encoder(argument, settings)
    alias: str = ""  # or instead: what this name stands for, e.g. "openclip:/path/config.json@/path/model.safetensors"
    settings: str = "ccr.specs:NoSettings"
    version: int = 1
    summary: str = ""


@frozen(kw_only=True)
class Recipe:
    """Budgets and scales of one dataset, the same for every method that runs on it.

    Epochs count passes over the training captions of each target language. `lr_scale` multiplies every learning rate
    of a method in the phase of that name; `size_scale` multiplies the hidden sizes of a method (`Context.size`), so
    that modules meant for a 512-wide tower fit a smaller one.
    """

    batch_size: int = field(default=128, validator=_at_least(2))
    epochs: Mapping[str, float] = field(factory=dict, validator=_positive)  # phase name -> epochs
    lr_scale: Mapping[str, float] = field(factory=dict, validator=_positive)  # phase name -> factor
    size_scale: float = field(default=1.0, validator=_positive)
    validations: int = field(default=5, validator=_at_least(1))  # how often a phase is validated, its end included
    encoder_epochs: float = field(default=5.0, validator=_positive)  # English fine-tuning of the encoder (finetune)
    encoder_lr: float = field(default=3e-6, validator=_positive)
    encoder_batch_size: int = field(default=128, validator=_at_least(2))
    vocabulary: int = field(default=32_000, validator=_at_least(260))  # of the byte-level BPE, without an mBERT table
    dataset_settings: Mapping[str, Any] = field(factory=dict)  # the dataset's own settings under this recipe


@frozen(kw_only=True)
class TestSet:
    """One protocol id: which captions and which gallery are tested. Numbers of different ids never share a column."""

    __test__ = False  # not a pytest class

    id: str  # "multi30k-task2-5cap"
    langs: tuple[str, ...]
    images: Mapping[str, int] = field(factory=dict)  # expected gallery size by language; {} = not declared
    captions: Mapping[str, int] = field(factory=dict)
    folds: Mapping[str, int] = field(factory=dict, validator=_positive)
    # by language, into how many galleries the images are cut, in their order; numbers are means over them


@frozen(kw_only=True)
class DatasetSpec:
    """A dataset: its languages, its test sets and its recipes."""

    name: str
    factory: str  # a ccr.Dataset subclass, called as Dataset(settings, root)
    settings: str = "ccr.specs:NoSettings"
    version: int = 1
    summary: str = ""
    source_lang: str = "en"
    target_langs: tuple[str, ...] = ()
    more_langs: tuple[str, ...] = ()  # spoken where --langs names them; a text setting `more_langs` takes their codes
    test_sets: tuple[TestSet, ...] = ()  # the first is the default
    recipes: Mapping[str, Recipe] = field(factory=lambda: {"default": Recipe()})  # the first is the default
    protocol: str = "finetune"  # default protocol
    encoder: str = ""  # default encoder
    corpus: str = ""  # dataset that `zero-shot` trains on; "" = none declared
    image_sources: tuple[str, ...] = ()  # collections the images come from, e.g. ("flickr30k",)
    translator: str = ""  # default translator, NAME or NAME:ARGUMENT, for methods that translate
    needs_root: bool = False  # True = reads files below --data-root or $CCR_DATA/<name>
    holds_mt: bool = True  # False = machine translations of its captions come from files of their own (docs/data.md)
    suffixes: tuple[str, ...] = ()  # `--dataset PATH` opens files that end so with this dataset; PATH is its root
    licence: str = ""
    citation: str = ""


@frozen(kw_only=True)
class MetricSpec:
    """A retrieval metric over ranks."""

    name: str  # column title, e.g. "R@1"
    factory: str  # a ccr.RankMetric subclass, called as Metric(**arguments)
    arguments: Mapping[str, Any] = field(factory=dict)
    scope: Literal["direction", "language", "table"] = "direction"
    # direction: one value per language and direction; language: both directions of one language together;
    # table: all target languages together
    higher_is_better: bool = True
    percent: bool = True  # shown as 100 x value
    version: int = 1
    summary: str = ""


@frozen(kw_only=True)
class MethodSpec:
    """A cross-lingual method."""

    name: str
    factory: str  # a ccr.Method subclass, called as Method(context)
    settings: str = "ccr.specs:NoSettings"
    version: int = 1
    summary: str = ""
    paper: str = ""
    ablations: Mapping[str, Mapping[str, Any]] = field(factory=dict)  # row title -> settings that differ
    translates: bool = False  # True = it calls Context.translate, so the translator is part of the run


@frozen(kw_only=True)
class TranslatorSpec:
    """A machine translator."""

    name: str
    factory: str  # a ccr.Translator subclass, called as Translator(argument, settings)
    settings: str = "ccr.specs:NoSettings"
    version: int = 1
    summary: str = ""


@frozen(kw_only=True)
class ExecutorSpec:
    """Runs the cells of a grid somewhere: side by side on this machine, on a cluster, ..."""

    name: str
    factory: str  # a ccr.Executor subclass, called as Executor(settings, jobs)
    settings: str = "ccr.specs:NoSettings"
    version: int = 1
    summary: str = ""


Spec = EncoderSpec | DatasetSpec | MetricSpec | MethodSpec | TranslatorSpec | ExecutorSpec


# --- data -----------------------------------------------------------------------------------------------------------


@frozen
class Caption:
    """One caption. `origin` is its provenance: `human`, `human-translation` or `mt:<engine>@<revision>`."""

    id: str  # unique within the dataset
    lang: str  # BCP-47
    text: str
    origin: str = "human"
    parallel: str | None = None  # id of the source-language caption that this one translates
    tags: Mapping[str, str] = field(factory=dict)  # free labels, e.g. {"style": "passive"}


@frozen
class Item:
    """One image (or clip) and its captions in all languages."""

    id: str
    captions: tuple[Caption, ...]
    path: Path | None = None  # the media file; None = the dataset makes the bytes itself (Dataset.read)
    digest: str | None = None  # content hash, where the dataset knows it without reading; None = sha256 of the bytes
    source: str = ""  # collection the image comes from, e.g. "flickr30k"
    frames: int = 0  # 0: a picture; else a clip, of which that many frames are read, evenly over its time


@frozen(kw_only=True)
class Download:
    """A public file that `ccr data prepare` may fetch."""

    url: str  # http or https; of one revision, where the publisher has revisions
    path: Path  # the file that it becomes, or, of an archive, the folder that its members are put below
    members: Mapping[str, str] = field(factory=dict)
    # of a .zip or a .tar: member -> path below `path`. "a/b.json" is that member, "b.json" the one of that name in
    # whatever folder, "a/b/" the whole folder. {} = no archive
    digest: str = ""  # "sha256-<hex>", or as registries write it, "sha512-<base64>"; "" = not known

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files and folders that it makes."""
        return tuple(self.path / below for below in self.members.values()) or (self.path,)


# --- training -------------------------------------------------------------------------------------------------------


@frozen(eq=False)
class TextBatch:
    """Rows of ONE language."""

    lang: str
    texts: tuple[str, ...]
    ids: Tensor  # (B, L) int64, by the method's tokenizer, padded to the longest row
    lengths: Tensor  # (B,) int64, real tokens per row; the end token stands at lengths - 1

    def __len__(self) -> int:
        return len(self.texts)


@frozen(eq=False)
class Batch:
    """The global batch. Features are un-normalised and fp32."""

    text: TextBatch  # captions of one target language
    source: TextBatch | None  # their parallels in the source language; None unless Method.reads_source
    source_features: Tensor | None  # (B, D) the encoder's features of the parallels
    image_features: Tensor | None  # (B, D)
    other: Tensor  # (B,) int64: for each row, a row of another picture
    images: Tensor | None = None  # (B, C, H, W) pixels, only while the encoder's image side is trained


@frozen
class Phase:
    """One stage of training. Owned by the protocol: a method sees it, and cannot change it."""

    name: str  # "align" (text-text: DASD's CLA) or "match" (image-text: CMA)
    steps: int
    batch_size: int
    warmup: float = 0.1  # share of the steps
    lr_scale: float = 1.0  # the recipe's factor on every player's learning rate
    validate_every: int = 0  # steps; 0 = at the end only


@frozen(kw_only=True, eq=False)
class Player:
    """A parameter group with its own optimiser, owned by the method. Players play in order.

    All gradients of a step are taken at the weights it began with, but those of players after an `at_once` one: a
    critic, which has no part in `forward`, steps before the next player's loss is computed.

    AdamW with decoupled weight decay (on tensors of two or more dimensions; biases and norms are left alone), warm-up
    and cosine decay to zero, every tensor's gradient clipped to norm `clip`.
    """

    name: str
    params: Sequence[Parameter]
    lr: float
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-6
    weight_decay: float = 0.2
    clip: float | None = 1.0
    bias_correction: bool = False  # BertAdam, which the released CCR code uses, has none
    schedule: Literal["cosine", "constant"] = "cosine"
    at_once: bool = False
    lazy_rows: Sequence[Parameter] = ()  # of `params`: (V, d) tables with sparse gradients: touched rows alone move


# --- grids ----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Job:
    """A cell of a grid, to be run: `command` says all; it may be given again at any time, and anywhere."""

    folder: Path  # the cell's, absolute, seen by all machines under this path; output goes to its output.txt
    command: tuple[str, ...]  # python -m ccr cell FOLDER
    name: str  # of the cell, for queues that show one
    gpus: int = 0  # that it computes on, where there are some: 1 unless --gpus says more; 0 = none
    threads: int | None = None  # CPU threads that were asked for; None = the executor decides


JobState = Literal["waiting", "running", "ended", "lost"]
"""Of a job that was submitted. Whether an ended one did its work, its cell's folder says; a lost one is given again."""
