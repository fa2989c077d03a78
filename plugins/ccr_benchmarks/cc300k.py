"""CC300K: 300,000 pictures of Conceptual Captions, the general corpus of `zero-shot`. It trains and tests nothing.

Either img2dataset's webdataset shards (`*.tar`: a picture, `.txt` with its caption, `.json` by the same key), or
`captions.jsonl` (`{"image": "00001.jpg", "caption": "..."}`, a row per picture) with the folder `images`. Machine
translations lie in `mt/*.jsonl`; the id of a caption is the picture's with `#en` behind it.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import field, frozen

import ccr
from ccr_benchmarks.reading import absent_pictures, at, read_json_rows, refuse

FROM = (
    "get the captions at https://ai.google.com/research/ConceptualCaptions, fetch the pictures of the 300,000 with "
    "img2dataset (--output_format webdataset), and put its .tar files there"
)
PICTURES = (".jpg", ".jpeg", ".png", ".webp")

_BLOCK = 512  # bytes, of a tar


def _share(_: Any, attribute: Any, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{attribute.name} must be above 0 and below 1, not {value}")


@frozen
class CC300KSettings:
    val: float = field(
        default=0.01,
        validator=_share,
        metadata={"help": "Share of the pictures that is held out to select checkpoints, drawn by their ids."},
    )
    pictures: int = ccr.setting(0, "How many there must be; 0 = any number, since links die.", check=ccr.not_negative)


@frozen
class _Found:
    """A picture and its caption."""

    id: str
    text: str
    where: str
    path: Path | None = None
    shard: Path | None = None
    offset: int = 0
    size: int = 0


class CC300K(ccr.Dataset):
    """One item a picture."""

    settings: CC300KSettings
    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        self.rows, self.images = root / "captions.jsonl", root / "images"
        self._found: dict[str, _Found] = {}

    def items(self, split: str) -> Iterator[ccr.Item]:
        for id, found in self._read().items():
            if (_drawn(id) < self.settings.val) == (split == "val"):
                caption = ccr.Caption(f"{id}#en", "en", found.text, tags={"at": found.where})
                yield ccr.Item(id, (caption,), found.path, source="cc3m")

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        return iter(())

    def read(self, item: ccr.Item) -> bytes:
        found = self._read()[item.id]
        if found.shard is None:
            return super().read(item)
        with found.shard.open("rb") as file:
            file.seek(found.offset)
            return file.read(found.size)

    def missing(self, pictures: bool = True) -> Sequence[str]:
        if not self.rows.is_file() and not self._shards():
            return [f"there is neither captions.jsonl nor a shard (*.tar) in {self.root}: {FROM}"]
        try:
            found = self._read()
        except ccr.CcrError as error:
            return str(error).split("\n")
        folders: dict[Path, list[str]] = {}
        for one in found.values():
            if one.path and pictures:
                folders.setdefault(one.path.parent, []).append(one.path.name)
        return [said for folder, names in folders.items() for said in absent_pictures(folder, names, FROM)]

    def _shards(self) -> list[Path]:
        return sorted(self.root.glob("*.tar"))

    def _read(self) -> dict[str, _Found]:
        """All pictures by id, in order. CcrError tells all that does not fit."""
        if self._found:
            return self._found
        shards, faults = self._shards(), list[str]()
        if shards and self.rows.is_file():
            raise ccr.CcrError(f"{self.root} holds captions.jsonl and shards: which is meant? Move one away")
        kept: dict[str, _Found] = {}
        for one in self._of_shards(shards, faults) if shards else self._of_rows(faults):
            if one.id in kept:
                faults.append(f"{one.where}: the id {one.id} stands at {kept[one.id].where}, too")
            kept[one.id] = one
        if self.settings.pictures and len(kept) != self.settings.pictures:
            faults.append(f"{self.root} holds {len(kept):,} pictures, not the {self.settings.pictures:,} that were set")
        refuse(faults)
        self._found = kept
        return kept

    def _of_rows(self, faults: list[str]) -> Iterator[_Found]:
        for number, row in enumerate(read_json_rows(self.rows), 1):
            where, image, text = at(self.rows, number)["at"], row.get("image"), row.get("caption")
            if not isinstance(image, str) or not image or not isinstance(text, str):
                faults.append(f'{where}: the row must hold the texts "image" and "caption"')
            else:
                yield _Found(Path(image).stem, text.strip(), where, self.images / image)

    def _of_shards(self, shards: Sequence[Path], faults: list[str]) -> Iterator[_Found]:
        for shard in shards:
            samples: dict[str, dict[str, tuple[int, int]]] = {}
            try:
                with tarfile.open(shard, "r:") as archive:
                    for member in archive:
                        if member.isfile():
                            key, dot, ending = Path(member.name).name.partition(".")
                            samples.setdefault(key, {})[(dot + ending).lower()] = member.offset_data, member.size
                    end = archive.offset
                # a damaged header reads as the end of the archive: what lay behind it would be lost in silence
                whole = _part(shard, end, _BLOCK) == bytes(_BLOCK)
            except (tarfile.TarError, OSError) as error:
                faults.append(f"{shard} cannot be read ({error}); fetch it again")
                continue
            if not whole:
                faults.append(f"{shard} is damaged or cut off; fetch it again")
                continue
            for key, parts in samples.items():
                pictures = [ending for ending in PICTURES if ending in parts]
                if len(pictures) != 1 or ".txt" not in parts:
                    faults.append(
                        f"{shard}: {key} holds {', '.join(parts)}, not one picture and a .txt; mend the shard"
                    )
                    continue
                text = _part(shard, *parts[".txt"]).decode("utf-8", "replace").strip()  # U+FFFD is a fault of its own
                yield _Found(key, text, f"{shard}:{key}", None, shard, *parts[pictures[0]])


def _part(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def _drawn(id: str) -> float:
    """A number from 0 to 1 that depends on the id alone."""
    return int(hashlib.sha256(id.encode()).hexdigest()[:8], 16) / 16**8
