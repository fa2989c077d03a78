"""What produced a number: versions, commit, device, and digests of the code."""

from __future__ import annotations

import hashlib
import importlib.util
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("ccr", "torch", "open_clip_torch", "torchmetrics", "lmdb", "numpy", "tokenizers", "safetensors")


def provenance(device: str, precision: str, code: Iterable[str], fingerprints: Mapping[str, str]) -> dict[str, Any]:
    """JSON-able; `code` are the plugin modules and files that took part, beside ccr itself."""
    return {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "git": _git(Path(__file__).parent),
        "machine": platform.platform(),
        "device": device,
        "precision": precision,
        "fingerprints": dict(fingerprints),
        "code": {_top(place): source_digest(place) for place in sorted({"ccr", *code})},
    }


def source_digest(place: str) -> str:
    """sha256 over the Python sources of the top-level package of a module, or of a single file."""
    if place.endswith(".py"):
        files, root = [Path(place)], Path(place).parent
    else:
        spec = importlib.util.find_spec(place.partition(".")[0])
        if spec is None or spec.origin is None:
            return "unknown"
        root = Path(spec.origin).parent
        files = sorted(root.rglob("*.py")) if spec.submodule_search_locations else [Path(spec.origin)]
    sha = hashlib.sha256()
    for file in files:
        sha.update(file.relative_to(root).as_posix().encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


def _top(place: str) -> str:
    return place if place.endswith(".py") else place.partition(".")[0]


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _git(folder: Path) -> dict[str, Any] | None:
    """Commit and dirty flag of the checkout that the code runs from; None for an installed package."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        if not git("ls-files", Path(__file__).name):  # installed into somebody else's checkout
            return None
        changed = git("status", "--porcelain", "--", ":/ccr", ":/plugins", ":/pyproject.toml", ":/registry.yaml")
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changed)}
    except (OSError, subprocess.SubprocessError):
        return None
