"""What `--encoder openclip:ARGUMENT` names.

    ViT-B-32/openai                       architecture and pretrained tag: weights from the hub, once
    ViT-B-32/openai@model.safetensors     the same, with the weights in a local file
    ViT-B-32@model.safetensors            a checkpoint of one's own
    config.json@model.safetensors         an open_clip JSON config, or a hub's open_clip_config.json
    hf-hub:ORG/NAME                       a repository of the hub that holds an open_clip model
    FOLDER                                open_clip_config.json and open_clip_model.safetensors, as ccr pretrain writes
    ViT-B-32@random, config.json@random:3 weights drawn from a seed (0 unless said): what ccr pretrain starts from

A tag says more than where the weights are: how pictures are normalised, and whether QuickGELU is meant (for OpenAI's
weights it is, though the architecture `ViT-B-32` says otherwise). So name the tag of weights that have one.

A custom config may have a key of ours beside open_clip's own:

    "ccr": {"tokenizer": "clip-tokenizer.json", "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}

with a file of the `tokenizers` library (relative to the config) and open_clip's names for the preprocessing. A config
that `ccr pretrain` wrote for precomputed features holds their size there: "features": 1280.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import open_clip
from attrs import evolve, field, frozen
from open_clip.constants import HF_CONFIG_NAME, HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

from ccr import CcrError, hub_file
from ccr_openclip.weights import is_openai_archive

HUB = "hf-hub:"
PREPROCESSING = ("mean", "std", "interpolation", "resize_mode", "fill_color")


@frozen
class Source:
    """A model that is fully named, its weights on this machine."""

    name: str  # for messages
    config: Mapping[str, Any]  # open_clip's constructor arguments; `quick_gelu` is settled
    preprocess: Mapping[str, Any] = field(
        factory=dict
    )  # what differs from open_clip's default; the size is the model's
    tokenizer: Path | None = None  # a `tokenizers` file, where the config names one
    weights: Path = Path()
    openai: bool = False  # `weights` is one of the TorchScript archives that OpenAI published
    random: int | None = None  # the seed of random weights
    features: int | None = None  # size of the precomputed features that the checkpoint projects


def resolve(argument: str, *, fetch: bool = True) -> Source:
    """The source that an argument names; what must be fetched is fetched. Raises CcrError, in one sentence.

    With `fetch=False` nothing is: weights that are on the hub, and the hub in reach, are taken for granted.
    """
    model, weights = _split(argument)
    if (Path(model).expanduser() / HF_CONFIG_NAME).is_file():
        folder = Path(model).expanduser()
        model, weights = str(folder / HF_CONFIG_NAME), weights or str(folder / HF_SAFE_WEIGHTS_NAME)
    if model.endswith(".json"):
        source, tag = _custom(Path(model).expanduser()), {}
    elif model.startswith(HUB):
        config = _hub(model, fetch)
        if config is None:
            return Source(model, {})
        source, tag = config, {"hf_hub": model[len(HUB) :] + "/"}
    else:
        source, tag = _named(model)
    seed = re.fullmatch(r"random(?::(\d+))?", weights)
    if seed and not Path(weights).exists():
        return evolve(source, random=int(seed[1] or 0))
    if weights:
        file = Path(weights).expanduser()
        if not file.is_file():
            raise CcrError(f"openclip:{argument}: there is no weights file {file}")
    elif tag:
        fetched = _fetch(argument, tag, fetch)
        if fetched is None:
            return source
        file = fetched
    else:
        tags = open_clip.list_pretrained_tags_by_model(source.name)
        known = f", or /TAG, one of {', '.join(tags)}" if tags else ""
        raise CcrError(f"openclip:{argument} names no weights: add @FILE{known}")
    openai = is_openai_archive(file)
    quick_gelu = bool(source.config.get("quick_gelu") or tag.get("quick_gelu") or openai)
    return evolve(source, weights=file, openai=openai, config={**source.config, "quick_gelu": quick_gelu})


def _split(argument: str) -> tuple[str, str]:
    """MODEL and WEIGHTS. A config's path may hold an @ of its own."""
    config, found, weights = argument.partition(".json@")
    if found:
        return config + ".json", weights
    if argument.endswith(".json"):
        return argument, ""
    model, _, weights = argument.partition("@")
    return model, weights


def _named(model: str) -> tuple[Source, dict[str, Any]]:
    """ARCHITECTURE[/TAG] -> the source and the tag's record ({} without a tag)."""
    name, _, tag = model.partition("/")
    config = open_clip.get_model_config(name)
    if config is None:
        raise CcrError(f'open_clip has no architecture "{name}"{_nearest(name, open_clip.list_models())}')
    if not tag:
        return Source(name, config), {}
    record = open_clip.get_pretrained_cfg(name, tag)
    if not record:
        tags = open_clip.list_pretrained_tags_by_model(name)
        raise CcrError(f'{name} has no pretrained tag "{tag}"{_nearest(tag, tags)}; it has {", ".join(tags) or "none"}')
    return Source(name, config, {key: record[key] for key in PREPROCESSING if key in record}), dict(record)


def _custom(path: Path) -> Source:
    """A JSON config: open_clip's own, or the hub's, which holds it under "model_cfg"."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CcrError(f"cannot read the model config {path}: {error.strerror}") from error
    except ValueError as error:
        raise CcrError(f"the model config {path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise CcrError(f"the model config {path} is not a JSON object")
    ours = config.pop("ccr", {})
    preprocess = config.get("preprocess_cfg", {}) if "model_cfg" in config else {}
    config = config.get("model_cfg", config)
    for key, kind in (("embed_dim", int), ("vision_cfg", dict), ("text_cfg", dict)):
        if not isinstance(config.get(key), kind):
            raise CcrError(f'the model config {path} has no "{key}", as an open_clip config has')
    if not isinstance(ours, dict):
        raise CcrError(f'{path}: "ccr" must be an object, not {ours!r}')
    known = ("tokenizer", "features", *PREPROCESSING)
    for key in ours:
        if key not in known:
            raise CcrError(f'{path}: unknown key "{key}" under "ccr"{_nearest(key, known)}; known: {", ".join(known)}')
    preprocess = {key: value for key, value in {**preprocess, **ours}.items() if key in PREPROCESSING}
    for key in ("mean", "std"):
        value = preprocess.get(key, [0.5] * 3)
        if not (isinstance(value, list) and len(value) == 3 and all(isinstance(v, int | float) for v in value)):
            raise CcrError(f'{path}: "{key}" must be three numbers, not {value!r}')
    features = ours.get("features")
    if features is not None and not (isinstance(features, int) and features > 0):
        raise CcrError(f'{path}: "features" under "ccr" must be the size of the features, not {features!r}')
    tokenizer = path.parent / ours["tokenizer"] if "tokenizer" in ours else None
    return Source(str(path), config, preprocess, tokenizer, features=features)


def _hub(model: str, fetch: bool) -> Source | None:
    """The source of a hub's repository; None where it could be fetched and shall not be."""
    repository = model[len(HUB) :]
    try:
        config = hub_file(repository, (HF_CONFIG_NAME,), fetch=fetch)
    except OSError as error:
        raise CcrError(
            f"{repository} cannot be had from the hub ({error}); get {HF_CONFIG_NAME} and {HF_SAFE_WEIGHTS_NAME} from "
            f"https://huggingface.co/{repository} and name them: "
            f"--encoder openclip:{HF_CONFIG_NAME}@{HF_SAFE_WEIGHTS_NAME}"
        ) from error
    return None if config is None else evolve(_custom(config), name=model)


def _fetch(argument: str, tag: Mapping[str, Any], fetch: bool) -> Path | None:
    """The weights of a tag, from where open_clip keeps them, or fetched now; None where they could be."""
    repository, _, name = tag.get("hf_hub", "").rpartition("/")
    names = (name,) if name else (HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)
    where = f"https://huggingface.co/{repository}" if repository else tag["url"]
    wanted = names[0] if repository else tag["url"].rpartition("/")[2]
    try:
        if repository or not fetch:
            return hub_file(repository, names, fetch=fetch) if repository else None
        return Path(open_clip.download_pretrained(dict(tag)))
    except (OSError, RuntimeError) as error:  # RuntimeError: open_clip's, for a download with the wrong checksum
        raise CcrError(
            f"the weights of openclip:{argument} are not on this machine and cannot be fetched ({error}); "
            f"get {wanted} from {where} and name it: --encoder openclip:{argument}@{wanted}"
        ) from error


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""
