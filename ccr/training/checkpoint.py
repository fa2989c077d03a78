"""A training state on disk: one safetensors file, replaced whole, so that a kill leaves the one before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ccr.errors import CcrError
from ccr.files import replacing


def save(path: Path, groups: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> None:
    """Write named groups of tensors and a JSON-able state."""
    tensors = {
        f"{group}/{name}": tensor.detach().to("cpu", copy=True).contiguous()
        for group, members in groups.items()
        for name, tensor in members.items()
    }
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={"state": json.dumps(state)})


def load(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Read what `save` wrote, as groups and state."""
    groups: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {})["state"])
            for key in file.keys():  # noqa: SIM118 - a safetensors file is no mapping
                group, name = key.split("/", 1)
                groups.setdefault(group, {})[name] = file.get_tensor(key)
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise CcrError(
            f"{path} is not a whole checkpoint ({error}); remove it and the run starts its training again"
        ) from error
    return groups, state


@torch.no_grad()
def restore(into: Mapping[str, Tensor], tensors: Mapping[str, Tensor], where: str) -> None:
    """Copy tensors over those of the same names; both must have exactly the same names and shapes."""
    wrong = sorted(set(into) ^ set(tensors)) or [n for n in into if into[n].shape != tensors[n].shape]
    if wrong:
        raise CcrError(f"{where} does not fit the model: {wrong[0]!r} and {len(wrong) - 1} more names or shapes differ")
    for name, tensor in into.items():
        tensor.copy_(tensors[name])
