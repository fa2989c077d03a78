"""The pictures of a dataset: there, decodable, and in one split alone."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from ccr.data.faults import Fault
from ccr.data.opening import Opening
from ccr.data.whole import Whole
from ccr.progress import Progress
from ccr.specs import Item

if TYPE_CHECKING:
    from ccr.features.digests import FileDigests

_CHUNK = 256  # pictures between two steps of the bar


def presence(whole: Whole) -> None:
    listed: dict[Path, set[str] | None] = {}
    homeless: dict[Path, set[Path]] = {}
    before = len(whole.faults)
    for split, items in whole.splits.items():
        for item in items:
            if item.path is None:
                continue
            folder = item.path.parent
            if folder not in listed:
                listed[folder] = _names(folder)
            names = listed[folder]
            if names is None:
                homeless.setdefault(folder, set()).add(item.path)
            elif item.path.name not in names:
                whole.add(
                    Fault("absent-picture", f"is not there{_of(item)}", _where(item), whole.spec.name, split, item.id)
                )
    for folder, lost in homeless.items():
        whole.add(Fault("missing", f"there is no such folder, of {len(lost):,} pictures", str(folder), whole.spec.name))
    if len(whole.faults) > before:
        known = set(whole.door.missing(pictures=False))
        whole.notes.extend(said for said in whole.door.missing(pictures=True) if said not in known)


def _names(folder: Path) -> set[str] | None:
    try:
        return {entry.name for entry in os.scandir(folder)}
    except (OSError, ValueError):  # a NUL in its name
        return None


def decode(whole: Whole) -> None:
    """Decode every picture that is there, once."""
    absent = {fault.where for fault in whole.faults.values() if fault.kind == "absent-picture"}
    homeless = {fault.where for fault in whole.faults.values() if fault.kind == "missing"}
    holders: dict[str, list[tuple[str, Item]]] = {}  # of each picture: several items may name one file
    for split, items in whole.splits.items():
        for item in items:
            if item.path is None or (str(item.path) not in absent and str(item.path.parent) not in homeless):
                holders.setdefault(str(item.path or item.id), []).append((split, item))
    rows = list(holders.values())
    with Progress(f"pictures of {whole.spec.name}", len(rows), "decoded") as bar, ThreadPoolExecutor() as pool:
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            found = pool.map(lambda row: _undecodable(whole.door, row[0][1]), part)
            for row, what in zip(part, found, strict=True):
                for split, item in row if what else ():
                    place = (_where(item), whole.spec.name, split, item.id)
                    whole.add(Fault("broken-picture", f"{what}; fetch it again{_of(item)}", *place))
            bar.advance(len(part))


def _undecodable(door: Opening, item: Item) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        data = door.dataset.read(item)
    except Exception as error:  # OSError, CcrError, or whatever a reader that decodes it raises
        return f"cannot be read ({getattr(error, 'strerror', None) or error})"
    if not data:
        return "is empty"
    if item.frames:
        from ccr.features.video import clip_frames

        try:
            clip_frames(data, item.frames)
        except ValueError as error:
            return f"cannot be decoded ({error})"
        return ""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except UnidentifiedImageError:
        return "has a format that Pillow does not know"
    except Exception as error:  # decoders of foreign bytes raise whatever they like
        return f"cannot be decoded ({error})"
    return ""


def digests(door: Opening, items: Sequence[Item], files: FileDigests) -> list[str]:
    """The content of each picture, "" for one that cannot be read: that is a fault of its own."""
    from ccr.features.digests import FileFault

    filed = {i: item.path for i, item in enumerate(items) if not item.digest and item.path}
    hashed = dict(zip(filed, files.digests(list(filed.values())), strict=True))
    digests = []
    for i, item in enumerate(items):
        digest = hashed.get(i) or item.digest
        if digest is None:
            try:
                digest = hashlib.sha256(door.dataset.read(item)).hexdigest()
            except Exception:  # as in `_undecodable`
                digest = ""
        digests.append("" if isinstance(digest, FileFault) else digest)
    return digests


def declared_source(item: Item) -> str:
    """The picture that the reader says it is: its number in the collection that it comes from."""
    return f"{item.source}/{item.id}" if item.source else ""


def twins(whole: Whole, digests: Mapping[str, Sequence[str]]) -> None:
    for test_set in whole.spec.test_sets:
        first: dict[str, str] = {}
        for item, digest in zip(whole.splits.get(test_set.id, ()), digests.get(test_set.id, ()), strict=True):
            if digest and first.setdefault(digest, item.id) != item.id:
                what = f"holds the same picture as item {first[digest]} of {test_set.id}{_of(item)}"
                whole.add(Fault("twin-picture", what, _where(item), whole.spec.name, test_set.id, item.id))


def split_overlaps(whole: Whole, keys: Mapping[str, Sequence[str]]) -> None:
    """Faults of training items: train against val and the test sets, val against the test sets.

    What is declared and what the bytes say come here one after the other; the same sentence is kept once.
    """
    for split in ("train", "val"):
        later = [s for s in whole.splits if s != split and (split, s) != ("val", "train")]
        for other in later:
            holders = _holders(whole.splits[other], keys[other])
            for item, key in zip(whole.splits.get(split, ()), keys.get(split, ()), strict=True):
                if key and key in holders:
                    what = f"the picture of {split} is in {other}, too, as item {holders[key][0].id}{_of(item)}"
                    whole.add(Fault("split-overlap", what, _where(item), whole.spec.name, split, item.id))


def corpus_overlaps(whole: Whole, corpus: Whole, keys: Mapping[str, Sequence[str]], seen: Sequence[str]) -> None:
    """A fault of every training item that holds a test picture: a corpus from the web holds many pictures twice."""
    name, trained = corpus.spec.name, corpus.splits["train"]
    holders = _holders(trained, seen)
    for test_set in whole.spec.test_sets:
        for item, key in zip(whole.splits.get(test_set.id, ()), keys.get(test_set.id, ()), strict=True):
            for held in holders.get(key, ()) if key else ():
                what = f"the picture of {name}/train is in {test_set.id} as item {item.id}"
                whole.add(Fault("corpus-overlap", what, f"{name}: {_named(held)}", name, "train", held.id))


def _holders(items: Sequence[Item], keys: Sequence[str]) -> dict[str, list[Item]]:
    holders: dict[str, list[Item]] = {}
    for item, key in zip(items, keys, strict=True):
        if key:
            holders.setdefault(key, []).append(item)
    return holders


def _where(item: Item) -> str:
    return str(item.path) if item.path else _named(item)


def _named(item: Item) -> str:
    """An item, and its file, or else where its first caption stands."""
    place = item.path or _row(item)
    return f"item {item.id} ({place})" if place else f"item {item.id}"


def _of(item: Item) -> str:
    """Whose picture it is, where the reader says so."""
    row = _row(item)
    return f" (item {item.id} of {row})" if row else ""


def _row(item: Item) -> str:
    """The file and the row of an item's first caption."""
    return next((caption.tags["at"] for caption in item.captions if "at" in caption.tags), "")
