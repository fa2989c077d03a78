"""A dual encoder of open_clip."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from open_clip import CLIP, CoCa, CustomTextCLIP
from open_clip.constants import HF_CONFIG_NAME, HF_SAFE_WEIGHTS_NAME
from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict
from safetensors.torch import save_file
from torch import Tensor, nn

from ccr import CcrError, Encoder, NotAdaptableError, TextTower
from ccr_openclip.source import Source, resolve
from ccr_openclip.tokenizer import missing, open_tokenizer
from ccr_openclip.tower import OpenClipTextTower
from ccr_openclip.weights import load_weights, reason

if TYPE_CHECKING:
    from PIL.Image import Image

TOKENIZER = "tokenizer.json"
CODE = 1  # raise it when the same weights, config and input give other features


class OpenClipEncoder(Encoder):
    """Runs in fp32, whatever precision the file has; frozen and in eval mode until the harness says otherwise."""

    def __init__(self, argument: str, settings: Any) -> None:
        super().__init__(argument, settings)
        source = resolve(argument)
        self._tokenizer = open_tokenizer(source)
        self._source = source
        self._model = self._load(source)
        self._model.requires_grad_(False).eval()
        preprocess = self._preprocessing(source)
        self._not_adaptable = ""
        self._tower: OpenClipTextTower | None = None
        try:
            self._tower = OpenClipTextTower(self._model, self._tokenizer.pad)
        except NotAdaptableError as error:
            self._not_adaptable = f"openclip:{argument}: {error}"
        self.module: nn.Module = self._model
        self.embed_dim: int = source.config["embed_dim"]
        # a text model of transformers has more positions than its texts ever fill, or says nothing of them
        self.context_length: int = self._tokenizer.length
        self.logit_scale = float(self._model.logit_scale.exp())
        described = {
            "code": CODE,
            "model": source.config,
            "preprocess": preprocess,
            "tokenizer": self._tokenizer.digest,
        }
        self.architecture: Mapping[str, Any] = json.loads(json.dumps(described))

    @classmethod
    def missing(cls, argument: str, settings: Any) -> Sequence[str]:
        try:
            return missing(resolve(argument, fetch=False))
        except CcrError as error:
            return [str(error)]

    def _load(self, source: Source) -> Any:
        """The model with its weights, or with random ones of a seed."""
        model = build(source.config, source.name, source.random)
        if source.random is None:
            load_weights(model, source.weights, source.name, source.openai)
        return model

    def _preprocessing(self, source: Source) -> dict[str, Any]:
        """What is done to a picture, as it is part of the fingerprint."""
        size = {"size": self._model.visual.image_size}
        preprocess = merge_preprocess_dict(PreprocessCfg(), {**source.preprocess, **size})
        self._transform: Any = image_transform_v2(PreprocessCfg(**preprocess), is_train=False)
        return preprocess

    def preprocess(self, image: Image) -> Tensor:
        return self._transform(image)

    def encode_images(self, pixels: Tensor) -> Tensor:
        return self._model.encode_image(pixels)

    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        return self._tokenizer.encode(texts, lang)

    def lengths(self, ids: Tensor) -> Tensor:
        return self._tower.lengths(ids) if self._tower and self._tower.trim_exact else super().lengths(ids)

    def encode_texts(self, ids: Tensor) -> Tensor:
        tower = self._tower
        if tower is None:
            return self._model.encode_text(ids)
        lengths = tower.lengths(ids)
        if tower.trim_exact and len(ids):
            ids = ids[:, : int(lengths.max())]
        return tower.run(tower.embed(ids), lengths)

    def text_tower(self) -> TextTower:
        if self._tower is None:
            raise NotAdaptableError(self._not_adaptable)
        return self._tower.private()

    def text_parameters(self) -> Sequence[nn.Parameter]:
        return list((self._tower or self._model.text).parameters())

    def save(self, folder: Path) -> str:
        """open_clip's own pair: a config (with what the tokenizer and the preprocessing need) and safetensors."""
        config = {"model_cfg": dict(self._source.config), "preprocess_cfg": dict(self._source.preprocess)}
        ours = self._config()
        if self._source.tokenizer is not None:
            shutil.copyfile(self._source.tokenizer, folder / TOKENIZER)
            ours["tokenizer"] = TOKENIZER
        (folder / HF_CONFIG_NAME).write_text(json.dumps({**config, "ccr": ours}, indent=1) + "\n", encoding="utf-8")
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in self._model.state_dict().items()}
        save_file(state, folder / HF_SAFE_WEIGHTS_NAME)
        return f"openclip:{folder}"

    def _config(self) -> dict[str, Any]:
        """What a config of ours says beside open_clip's."""
        return {}


def build(model_config: Mapping[str, Any], name: str, seed: int | None = None) -> Any:
    """The open_clip model of a config, its weights random. The caller's random state is left alone."""
    config = dict(deepcopy(model_config))
    if "timm_model_name" in config["vision_cfg"]:
        config["vision_cfg"]["timm_model_pretrained"] = False
    hugging_face = "hf_model_name" in config["text_cfg"]
    if hugging_face:
        config["text_cfg"]["hf_model_pretrained"] = False
    custom_text = config.pop("custom_text", False) or hugging_face
    kind = CLIP if not custom_text else CoCa if "multimodal_cfg" in config else CustomTextCLIP
    try:
        with torch.random.fork_rng(devices=[]):
            if seed is not None:
                torch.manual_seed(seed)
            return kind(**config)
    except Exception as error:  # open_clip asserts, and timm and transformers have exceptions of their own
        raise CcrError(f"open_clip cannot build {name}: {reason(error)}") from error
