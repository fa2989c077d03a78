"""Where a model's files are: a folder, or the hub's cache, filled from the hub where that is in reach. No torch."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

from attrs import frozen

import ccr

EXTRA = ("transformers", "sentencepiece", "sacremoses")
FAMILIES = {"marian": ("source.spm", "target.spm", "vocab.json"), "m2m_100": ()}
"""model_type -> the tokenizer's files, where they are always the same; NLLB models are m2m_100, too"""

_WEIGHTS = (
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
)  # fmt: skip
_TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model")
_SMALL = ("*.json", "*.spm", "*.model")


@frozen
class Source:
    """A model on this machine."""

    name: str
    folder: Path
    revision: str  # commit of the hub, or sha256 of the files; 12 hex digits


def missing(argument: str) -> list[str]:
    """What `hf:ARGUMENT` needs and cannot be had here, one sentence per thing."""
    absent = [name for name in EXTRA if importlib.util.find_spec(name) is None]
    sentences = [f"the translator hf needs {', '.join(absent)}: pip install 'ccr[hf]'"] if absent else []
    if not argument:
        return [*sentences, "name a model: hf:ORG/NAME of the hub, or hf:FOLDER"]
    folder = _folder(argument)
    if folder is not None:
        return sentences + _lacks(folder)
    if absent or _cached(argument) is not None:
        return sentences
    try:
        ccr.hub_file(argument, ("config.json",), fetch=False)
    except OSError as error:
        sentences.append(_unreachable(argument, error))
    return sentences


def locate(argument: str) -> Source:
    """The model that `hf:ARGUMENT` names, fetched where it is not here yet. Raises CcrError."""
    folder = _folder(argument)
    if folder is not None:
        lacks = _lacks(folder)
        if lacks:
            raise ccr.CcrError("\n".join(lacks))
        return Source(folder.name, folder, _content(folder)[:12])
    snapshot = _cached(argument) or _fetched(argument)
    return Source(argument, snapshot, snapshot.name[:12])


def _folder(argument: str) -> Path | None:
    """The local folder that an argument names; None for a name of the hub, ORG/NAME."""
    folder = Path(argument).expanduser()
    if folder.is_dir() or folder.is_absolute() or argument.startswith(".") or argument.count("/") != 1:
        return folder
    return None


def _lacks(folder: Path) -> list[str]:
    """Why a folder holds no model that can be read."""
    if not folder.is_dir():
        return [f"there is no folder {folder}: put there a Marian, NLLB or M2M100 model as transformers saves it"]
    try:
        kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    except (OSError, ValueError, AttributeError):
        return [f"{folder} has no config.json that can be read: put there all files of the model"]
    if kind not in FAMILIES:
        return [f"{folder} holds a model of the type {kind}: hf reads {', '.join(FAMILIES)} (NLLB is m2m_100)"]
    lacks = [name for name in FAMILIES[kind] if not (folder / name).is_file()]
    if not FAMILIES[kind] and not any((folder / name).is_file() for name in _TOKENIZERS):
        lacks.append(" or ".join(_TOKENIZERS))
    if _weights(folder) is None:
        lacks.append(f"{_WEIGHTS[0]} or {_WEIGHTS[2]}")
    return [f"{folder} lacks {', '.join(lacks)}: put there all files of the model"] if lacks else []


def _weights(folder: Path) -> Path | None:
    return next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)


def _cached(name: str) -> Path | None:
    """The whole model in the hub's cache."""
    import huggingface_hub as hub

    try:
        folder = Path(hub.snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):  # ValueError: no name of the hub
        return None
    return None if _lacks(folder) else folder


def _fetched(name: str) -> Path:
    import huggingface_hub as hub

    try:
        ccr.hub_file(name, ("config.json",))  # tells in seconds that the hub is out of reach
        folder = Path(hub.snapshot_download(name, allow_patterns=[*_SMALL, "*.safetensors"]))
        if _weights(folder) is None:
            folder = Path(hub.snapshot_download(name, allow_patterns=[*_SMALL, "pytorch_model*.bin"]))
    except Exception as error:  # of whichever HTTP library the client uses
        raise ccr.CcrError(_unreachable(name, error)) from error
    lacks = _lacks(folder)
    if lacks:
        raise ccr.CcrError("\n".join(lacks))
    return folder


def _unreachable(name: str, error: Exception) -> str:
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return (
        f"the model {name} is not on this machine and cannot be fetched ({said}): get all its files from "
        f"https://huggingface.co/{name}, put them into a folder and name that, hf:/FOLDER"
    )


def _content(folder: Path) -> str:
    """sha256 of the files that transformers reads."""
    weights = _weights(folder)
    assert weights is not None
    files = {path for pattern in _SMALL for path in folder.glob(pattern) if not path.name.endswith(".index.json")}
    if weights.name.endswith(".index.json"):
        shards = json.loads(weights.read_text(encoding="utf-8"))["weight_map"].values()
        files |= {weights, *(folder / shard for shard in shards)}
    else:
        files.add(weights)
    total = hashlib.sha256()
    for path in sorted(files):
        digest = hashlib.sha256()
        with path.open("rb") as content:
            while part := content.read(1 << 20):
                digest.update(part)
        total.update(f"{path.name}\0{digest.hexdigest()}\n".encode())
    return total.hexdigest()
