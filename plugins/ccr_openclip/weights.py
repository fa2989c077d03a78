"""Weights: from a file into a model, strictly."""

from __future__ import annotations

import hashlib
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import open_clip
from open_clip.convert import convert_state_dict
from open_clip.factory import load_state_dict
from open_clip.model import convert_to_custom_text_state_dict
from torch import Tensor, nn

from ccr import CcrError


def reason(error: Exception) -> str:
    """The first line of somebody else's error message."""
    if isinstance(error, pickle.UnpicklingError):  # torch's advice here is to load it unsafely
        return "it is damaged, or holds pickled objects, which are never loaded"
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def is_openai_archive(file: Path) -> bool:
    """True for a TorchScript archive that OpenAI published. Any other is refused: it is a program, not data."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        if not any(name.endswith("/constants.pkl") for name in archive.namelist()):
            return False
    if hashlib.sha256(file.read_bytes()).hexdigest() not in _published():
        raise CcrError(
            f"{file} is a TorchScript archive, and none that OpenAI published: it holds code that ccr does not run; "
            "save its state_dict as safetensors"
        )
    return True


def _published() -> set[str]:
    """sha256 of OpenAI's archives: their addresses hold it."""
    return {open_clip.get_pretrained_url(name, "openai").split("/")[-2] for name in open_clip.list_openai_models()}


def load_weights(model: nn.Module, file: Path, name: str, openai: bool = False, without: str = "") -> None:
    """Put a checkpoint into a model, every tensor of both accounted for; fp16 becomes the model's fp32.

    Tensors of the checkpoint whose names begin with `without` are left out.

    open_clip's own loader resizes position embeddings that do not fit; here a misfit is an error, because a frozen
    encoder is never trained to get used to it.
    """
    state = convert_state_dict(model, _read(file, openai))
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    if without:
        state = {key: value for key, value in state.items() if not key.startswith(without)}
    state.pop("text.transformer.embeddings.position_ids", None)  # of older transformers; a constant
    expected = model.state_dict()
    for key in ("logit_scale", "logit_bias"):  # of shape () or (1,), by open_clip's version
        if key in state and key in expected and state[key].numel() == 1:
            state[key] = state[key].reshape(expected[key].shape)
    faults = _misfits(expected, state)
    if faults:
        raise CcrError(f"{file} does not fit {name}: {'; '.join(faults)}")
    model.load_state_dict(state)


def _read(file: Path, openai: bool) -> dict[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, that TorchScript is deprecated
            if openai:
                return open_clip.load_openai_model(str(file), precision="fp32", device="cpu").state_dict()
            state = load_state_dict(str(file))
    except Exception as error:  # truncated, pickled objects, another format: each reader has exceptions of its own
        raise CcrError(f"{file} is no readable checkpoint: {reason(error)}") from error
    if not all(isinstance(value, Tensor) for value in state.values()):
        raise CcrError(f"{file} is no state_dict: it holds more than tensors")
    return state


def _misfits(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    missing = [key for key in expected if key not in state]
    unknown = [key for key in state if key not in expected]
    shaped = [
        f"{key} is {'x'.join(map(str, state[key].shape))}, not {'x'.join(map(str, expected[key].shape))}"
        for key in expected
        if key in state and state[key].shape != expected[key].shape
    ]
    faults = (("it lacks ", missing), ("it has the unknown ", unknown), ("", shaped))
    return [
        title + ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" * (len(keys) > 3)) for title, keys in faults if keys
    ]
