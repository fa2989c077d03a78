"""Precomputed image features, paired with the text tower of an open_clip model.

    features:FILE+openclip:MODEL[/TAG][@WEIGHTS]

FILE holds one vector per item, by the item's id:

    x.npz           arrays `ids` (N,) and `features` (N, F), or one array per id
    x.safetensors   one tensor per id
    x.h5, x.hdf5    as npz (needs h5py: the extra `hdf5`)
    FOLDER          <id>.npy each

Two dimensions stand for a clip, (frames, F): they are averaged. Features of the model's own size are taken as they
are. Others need a linear map: what `ccr pretrain` trains, and keeps in the checkpoint beside the text tower.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import evolve
from open_clip.constants import HF_CONFIG_NAME
from torch import Tensor, nn

from ccr import CcrError, Item
from ccr_openclip.encoder import OpenClipEncoder, build
from ccr_openclip.source import Source
from ccr_openclip.weights import load_weights, reason

JOINT = "+openclip:"
NO_VISION = {"layers": 1, "width": 64, "head_width": 64, "patch_size": 32, "image_size": 32}


class FeaturesEncoder(OpenClipEncoder):
    """An open_clip text tower over features that somebody else extracted, with a linear map where sizes differ."""

    precomputed = True

    def __init__(self, argument: str, settings: Any) -> None:
        file, model = _split(argument)
        self._file = file
        self._vectors = open_vectors(file)
        self.size = len(next(iter(self._vectors.values()))())
        super().__init__(model, settings)

    @classmethod
    def missing(cls, argument: str, settings: Any) -> Sequence[str]:
        try:
            file, model = _split(argument)
        except CcrError as error:
            return [str(error)]
        there = [] if file.exists() else [f"there is no features file {file}; docs/encoders.md says what it may hold"]
        return [*there, *OpenClipEncoder.missing(model, settings)]

    def lookup(self, item: Item) -> Tensor:
        for name in (item.id, Path(item.id).stem, item.path.stem if item.path else item.id):
            if name in self._vectors:
                vector = self._vectors[name]()
                if vector.shape != (self.size,):
                    raise CcrError(f"{self._file}: {name!r} has {len(vector)} features, others have {self.size}")
                if not np.isfinite(vector).all():
                    raise CcrError(f"{self._file}: the features of {name!r} hold NaN or infinity")
                return torch.from_numpy(vector)
        raise CcrError(f"{self._file} has no features for item {item.id!r}")

    def save(self, folder: Path) -> str:
        super().save(folder)
        return f"features:{self._file}{JOINT}{folder}"

    def _load(self, source: Source) -> Any:
        if source.features and source.features != self.size:
            raise CcrError(f"{source.name} projects {source.features} features; {self._file} has {self.size}")
        config = {**source.config, "vision_cfg": NO_VISION}
        model = build(config, source.name, source.random)
        dim = config["embed_dim"]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(source.random or 0)
            projection = nn.Linear(self.size, dim)
        model.visual = projection if source.features or self.size != dim else nn.Identity()
        if source.random is not None:
            return model
        if not source.features:
            trained, model.visual = model.visual, nn.Identity()
            load_weights(model, source.weights, source.name, source.openai, without="visual.")
            model.visual = trained
            if isinstance(trained, nn.Linear):
                self.untrained = (
                    f"{self._file} has {self.size} features where {source.name} has {dim}: make the map between them "
                    "with ccr pretrain"
                )
            return model
        load_weights(model, source.weights, source.name)
        return model

    def _preprocessing(self, source: Source) -> dict[str, Any]:
        self._source = evolve(source, config={**source.config, "vision_cfg": NO_VISION}, preprocess={})
        return {"features": self.size}

    def _config(self) -> dict[str, Any]:
        return {"features": self.size} if isinstance(self._model.visual, nn.Linear) else {}


def open_vectors(path: Path) -> Mapping[str, Callable[[], np.ndarray]]:
    """By id, what gives the (F,) float32 vector. Raises CcrError, in one sentence."""
    if not path.exists():
        raise CcrError(f"there is no features file {path}")
    try:
        if path.is_dir():
            vectors = {file.stem: _later(np.load, file) for file in sorted(path.glob("*.npy"))}
        elif path.suffix == ".safetensors":
            from safetensors.numpy import load_file

            vectors = {name: _later(_itself, value) for name, value in load_file(path).items()}
        elif path.suffix in (".h5", ".hdf5"):
            vectors = _tabled(_hdf5(path), path)
        else:
            with np.load(path) as archive:  # allow_pickle is off: objects are refused
                vectors = _tabled({name: archive[name] for name in archive.files}, path)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CcrError(f"{path} holds no readable features: {reason(error)}") from error
    except CcrError:
        raise
    except Exception as error:  # safetensors has an exception of its own
        raise CcrError(f"{path} holds no readable features: {reason(error)}") from error
    if not vectors:
        raise CcrError(f"{path} holds no features")
    return vectors


def _tabled(arrays: Mapping[str, np.ndarray], path: Path) -> dict[str, Callable[[], np.ndarray]]:
    if "ids" not in arrays or "features" not in arrays:
        return {name: _later(_itself, value) for name, value in arrays.items()}
    ids = [name.decode() if isinstance(name, bytes) else str(name) for name in arrays["ids"].tolist()]
    rows = arrays["features"]
    if rows.ndim not in (2, 3) or len(rows) != len(ids):
        raise CcrError(f"{path}: `features` is {rows.shape} for {len(ids)} ids; it must have a row per id")
    twice = {name for name in ids if ids.count(name) > 1} if len(set(ids)) < len(ids) else set()
    if twice:
        raise CcrError(f"{path}: the id {min(twice)!r} stands twice; ids must be unique")
    return {name: _later(_itself, row) for name, row in zip(ids, rows, strict=True)}


def _hdf5(path: Path) -> dict[str, np.ndarray]:
    try:
        import h5py
    except ImportError as error:
        raise CcrError(f"{path} needs h5py: pip install 'ccr[hdf5]'") from error
    with h5py.File(path) as file:
        return {name: file[name][()] for name in file}


def _later(read: Callable[[Any], np.ndarray], what: Any) -> Callable[[], np.ndarray]:
    def vector() -> np.ndarray:
        found = np.asarray(read(what), dtype=np.float32)
        return found.mean(axis=0) if found.ndim == 2 else found.reshape(-1)

    return vector


def _itself(array: np.ndarray) -> np.ndarray:
    return array


def _split(argument: str) -> tuple[Path, str]:
    file, joint, model = argument.partition(JOINT)
    if not joint or not file:
        raise CcrError(
            f"features:{argument} must name a file and a text tower, as in features:FILE.npz{JOINT}{HF_CONFIG_NAME}"
            "@WEIGHTS"
        )
    return Path(file).expanduser(), model
