"""A dual encoder of transformers."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ccr import CcrError, Encoder, TextTower
from ccr_hf.kinds import KINDS, Kind
from ccr_hf.source import CONFIG, SMALL, TOKENIZER, TOKENIZER_REST, Source, resolve
from ccr_hf.tower import HfTextTower, blocks_of

if TYPE_CHECKING:
    from PIL import Image

CODE = 1  # raise it when the same weights, config and input give other features
PUBLISHED_SCALE = 1 / 0.07  # of CLIP and BLIP before training
NOT_THE_MODEL = ("transformers_version", "_name_or_path", "torch_dtype", "dtype", "architectures")
PREPROCESSING = (
    "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor", "do_normalize",
    "image_mean", "image_std",
)  # fmt: skip


class HfEncoder(Encoder):
    """Runs in fp32, whatever precision the file has; frozen and in eval mode until the harness says otherwise."""

    def __init__(self, argument: str, settings: Any) -> None:
        super().__init__(argument, settings)
        source = resolve(argument)
        assert source is not None
        self._source = source
        self._config, kind = _kind_of(source)
        self._kind = kind
        model = _load(source, kind)
        _take_out(model, kind)
        self._model = model.float().requires_grad_(False).eval()
        self._tokenizer, self._processor = _readers(source)
        pad = self._tokenizer.pad_token_id
        if pad is None:
            raise CcrError(f"the tokenizer of {source.name} has no padding token")
        text = model.config.text_config
        positions = text.max_position_embeddings - (text.pad_token_id + 1 if kind.after_pad else 0)
        self.context_length = min(positions, self._tokenizer.model_max_length)
        if kind.pooling == "last":  # the last position is the last of all
            self.context_length = positions
        self._tower = HfTextTower(model, kind, self.context_length, pad)
        self.module: nn.Module = model
        self.embed_dim = self._tower.embed_dim
        scale = getattr(model, "logit_scale", None)
        self.logit_scale = math.exp(float(model.config.logit_scale_init_value if scale is None else scale))
        if source.random is not None:
            self.untrained = f"the weights of hf:{argument} are random; train them with ccr pretrain"
        preprocess = self._processor.to_dict()
        described = {
            "code": CODE,
            "model": _without(self._config, NOT_THE_MODEL),
            "preprocess": {key: preprocess.get(key) for key in PREPROCESSING},
            "tokenizer": _digest(source.folder),
        }
        self.architecture: Mapping[str, Any] = json.loads(json.dumps(described))
        self._check()

    @classmethod
    def missing(cls, argument: str, settings: Any) -> Sequence[str]:
        try:
            source = resolve(argument, fetch=False)
            if source is not None:
                _kind_of(source)
        except CcrError as error:
            return [str(error)]
        return ()

    def preprocess(self, image: Image.Image) -> Tensor:
        return self._processor(images=image.convert("RGB"), return_tensors="pt")["pixel_values"][0].float()

    def encode_images(self, pixels: Tensor) -> Tensor:
        kind = self._kind
        out = self._model.get_submodule(kind.vision)(pixel_values=pixels)
        x = out.pooler_output if kind.vision_pool == "pooler" else out.last_hidden_state[:, 0]
        return self._model.get_submodule(kind.vision_projection)(x) if kind.vision_projection else x

    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        if not len(texts):
            return torch.zeros(0, self.context_length, dtype=torch.int64)
        read = [text.lower() for text in texts] if self._kind.lower else list(texts)
        padding = "max_length" if self._kind.pooling == "last" else "longest"
        rows = self._tokenizer(read, padding=padding, truncation=True, max_length=self.context_length)
        return torch.tensor(rows["input_ids"], dtype=torch.int64)

    def encode_texts(self, ids: Tensor) -> Tensor:
        tower = self._tower
        lengths = tower.lengths(ids)
        if tower.trim_exact and len(ids):
            ids = ids[:, : int(lengths.max())]
        return tower.run(tower.embed(ids), lengths)

    def text_tower(self) -> TextTower:
        return self._tower.private()

    def text_parameters(self) -> Sequence[nn.Parameter]:
        return list(self._tower.parameters())

    def save(self, folder: Path) -> str:
        """The folder that `from_pretrained` of transformers reads; what neither tower reads is left out of it."""
        folder.mkdir(parents=True, exist_ok=True)
        with _quietly():
            self._model.save_pretrained(folder)
        for name in SMALL[1:]:
            if (self._source.folder / name).is_file():
                shutil.copyfile(self._source.folder / name, folder / name)
        config = {**self._config, "architectures": [self._kind.model]}
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        return f"hf:{folder}"

    def _check(self) -> None:
        """The tokenizer, the preprocessor and the model must be of one mind."""
        from PIL import Image

        known, rows = len(self._tokenizer), self._tower.rows
        if known > rows:
            raise CcrError(f"the tokenizer of {self._source.name} has {known} tokens, its model {rows}")
        end = self._tower.end if self._tower.end is not None else known - 1
        if self._kind.pooling == "end" and end not in self.tokenize([""], "en")[0]:
            raise CcrError(
                f"{self._source.name}: its model reads a text at the token {end}, with which its tokenizer does not "
                "end texts; set eos_token_id under text_config of config.json to the tokenizer's (2 is the highest)"
            )
        size = getattr(self._model.config, self._kind.vision_config).image_size
        made = tuple(self.preprocess(Image.new("RGB", (2 * size, size + 1))).shape[1:])
        if made != (size, size):
            raise CcrError(
                f"{self._source.name}: its preprocessor makes pictures of {made[0]}x{made[1]} pixels, its model reads "
                f"{size}x{size}"
            )


def _kind_of(source: Source) -> tuple[dict[str, Any], Kind]:
    """The config and what it says the architecture is."""
    file = source.folder / CONFIG
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        model_type = config["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CcrError(f"{file} is no config of a transformers model: {_reason(error)}") from error
    if model_type not in KINDS:
        other = ": its pictures have no fixed size (NaFlex)" if model_type == "siglip2" else ""
        raise CcrError(f"{source.name} is of type {model_type}{other}; hf reads {', '.join(KINDS)}")
    return config, KINDS[model_type]


def _load(source: Source, kind: Kind) -> Any:
    """The model with its weights, every tensor that it asks for accounted for, or with random ones."""
    import transformers

    if not hasattr(transformers, kind.model):
        raise CcrError(f"{source.name} needs a newer transformers: {transformers.__version__} has no {kind.model}")
    model_class = getattr(transformers, kind.model)
    try:
        with _quietly(), torch.random.fork_rng(devices=[]):
            if source.random is not None:
                config = model_class.config_class.from_pretrained(source.folder, local_files_only=True)
                torch.manual_seed(source.random)
                model = model_class(config)
                if kind.model == "SiglipModel":  # which begins at 1, for its sigmoid; every loss here is InfoNCE
                    model.logit_scale.data.fill_(math.log(PUBLISHED_SCALE))
                return model
            torch.manual_seed(0)  # of parts that are taken out
            model, info = model_class.from_pretrained(source.folder, local_files_only=True, output_loading_info=True)
    except Exception as error:  # of transformers, safetensors, torch
        raise CcrError(f"transformers cannot load {source.name}: {_reason(error)}") from error
    unused = (*kind.unused, kind.unused_in_blocks) if kind.unused_in_blocks else kind.unused
    lacking = sorted(key for key in info["missing_keys"] if not any(part in key for part in unused))
    unknown = sorted(key for key in info["unexpected_keys"] if not key.startswith(kind.heads or ("\0",)))
    misfit = sorted(str(key[0] if isinstance(key, tuple) else key) for key in info["mismatched_keys"])
    for words, keys in (("lack ", lacking), ("have the unknown ", unknown), ("have another shape of ", misfit)):
        if keys:
            more = f" and {len(keys) - 3} more" * (len(keys) > 3)
            raise CcrError(f"the weights of {source.name} {words}{', '.join(keys[:3])}{more}: it is no {kind.model}")
    return model


def _take_out(model: Any, kind: Kind) -> None:
    """Parts that neither tower reads would be hashed, saved and decayed for nothing."""
    for path in kind.unused:
        parent, _, name = path.rpartition(".")
        if getattr(model.get_submodule(parent), name, None) is not None:
            setattr(model.get_submodule(parent), name, None)
    if kind.unused_in_blocks:
        for block in blocks_of(model.get_submodule(kind.text)):
            setattr(block, kind.unused_in_blocks, None)


def _readers(source: Source) -> tuple[Any, Any]:
    """The tokenizer, and the image processor on PIL: torchvision's resizing has other last bits by version."""
    import transformers

    modern = int(transformers.__version__.partition(".")[0]) >= 5
    backend = {"backend": "pil"} if modern else {"use_fast": False}
    local = {"local_files_only": True, "trust_remote_code": False}
    made = []
    for what, kind, more in (
        ("tokenizer", transformers.AutoTokenizer, {}),
        ("image processor", transformers.AutoImageProcessor, backend),
    ):
        try:
            with _quietly():
                made.append(kind.from_pretrained(source.folder, **local, **more))
        except Exception as error:  # of whichever library reads it
            raise CcrError(f"transformers cannot open the {what} of {source.name}: {_reason(error)}") from error
    tokenizer, processor = made
    tokenizer.padding_side = tokenizer.truncation_side = "right"
    return tokenizer, processor


@contextmanager
def _quietly() -> Iterator[None]:
    """transformers reports its loading at length; what of it matters becomes an error here."""
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def _digest(folder: Path) -> str:
    """What tells tokenizers apart: the content of their files."""
    sha = hashlib.sha256()
    for name in sorted((*TOKENIZER, *TOKENIZER_REST)):
        if (folder / name).is_file():
            content = (folder / name).read_bytes()
            sha.update(f"{name}\0{len(content)}\0".encode() + content)
    return sha.hexdigest()


def _without(config: Any, names: Sequence[str]) -> Any:
    if isinstance(config, dict):
        return {key: _without(value, names) for key, value in config.items() if key not in names}
    return config


def _reason(error: Exception) -> str:
    """The first line of somebody else's error message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
