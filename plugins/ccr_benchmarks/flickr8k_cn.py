"""Flickr8k-CN: its caption files as their authors distribute them, with the photos of Flickr8k.

A row is `1000268201_693b08cb0e.jpg#zhc#0 <caption>`; what stands before the space is the caption's id. The ids of items
are the numbers of the photos at Flickr, which name them in Flickr30K, too: most of Flickr8k is part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

import ccr
from ccr_benchmarks.reading import (
    absent_files,
    absent_pictures,
    at,
    first_of,
    published,
    read_lines,
    read_rows,
    refuse,
    telling,
)

SIZES = {"train": 6_000, "val": 1_000, "test": 1_000}
TEXT_FROM = (
    "`ccr data prepare flickr8k-cn` fetches them; or get https://github.com/li-xirong/flickr8kcn, and put the .txt "
    "files of its folder data there"
)
REPOSITORY = "https://raw.githubusercontent.com/li-xirong/flickr8kcn/a19b9aa4a7ad2a42741460d9f47385637ae270cd/data/"
PICTURES_FROM = "ask for Flickr8k with the form at https://forms.illinois.edu/sec/1713398, and unpack its photos there"

_ROW = re.compile(r"((\S+?\.jpg\S*)#(\w+)#(\d+))\s(.*)")
_ENGLISH, _WRITTEN, _TRANSLATED = "flickr8kenc.caption", "flickr8kzhc.caption", "flickr8kzhmtest.captions"
_MT = {"google": ("flickr8kzhg.caption", "mt:google-2016"), "baidu": ("flickr8kzhb.caption", "mt:baidu-2016")}


@frozen
class Flickr8kCNSettings:
    mt: Literal["google", "baidu", "both"] = ccr.setting(
        "google", "Whose machine translations of the English captions train: those of 2016 that are published."
    )
    partial: bool = ccr.setting(False, "Accept image lists that are shorter than the official ones.")


class Flickr8kCN(ccr.Dataset):
    """One item a photo of the lists; captions of photos that no list names are not used."""

    settings: Flickr8kCNSettings
    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        names = ("Flicker8k_Dataset", "Flickr8k_Dataset", "images")
        self.pictures = first_of(*(root / name for name in names))
        self._read: dict[str, dict[str, list[ccr.Caption]]] = {}

    def items(self, split: str) -> Iterator[ccr.Item]:
        mt = [_MT[name] for name in _MT if self.settings.mt in (name, "both")]
        return self._items(split, [(_ENGLISH, "human"), *mt, (_WRITTEN, "human")])

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        translated = test_set == "flickr8k-cn-translated"
        zh = (_TRANSLATED, "human-translation") if translated else (_WRITTEN, "human")
        return self._items("test", [(_ENGLISH, "human"), zh])

    def missing(self, pictures: bool = True) -> Sequence[str]:
        lists = [self._list(split) for split in SIZES]
        told = absent_files(self._files(), self.root, TEXT_FROM)
        if pictures:
            names = [f"{row}.jpg" for path in lists if path.is_file() for row in read_lines(path)]
            told += absent_pictures(self.pictures, names, PICTURES_FROM)
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        return published("flickr8k-cn", REPOSITORY, {path.name: path for path in self._files()})

    def _files(self) -> list[Path]:
        captions = (_ENGLISH, _WRITTEN, _TRANSLATED, *(name for name, _ in _MT.values()))
        return [*map(self._list, SIZES), *map(self._file, captions)]

    def _items(self, split: str, files: Sequence[tuple[str, str]]) -> Iterator[ccr.Item]:
        faults, items = list[str](), []
        captions: list[dict[str, list[ccr.Caption]]] = []
        for name, origin in files:
            with telling(faults):
                captions.append(self._captions(name, origin))
        refuse(faults)
        for row, name in enumerate(self._names(split), 1):
            picture = f"{name}.jpg"
            for (file, _), of in zip(files, captions, strict=True):
                if picture not in of:
                    faults.append(f"{self._list(split)}:{row}: {picture} has no caption in {self._file(file)}")
            found = [caption for of in captions for caption in of.get(picture, ())]
            items.append(ccr.Item(name.partition("_")[0], tuple(found), self.pictures / picture, source="flickr30k"))
        refuse(faults)
        return iter(items)

    def _names(self, split: str) -> list[str]:
        names, path = read_rows(self._list(split)), self._list(split)
        if len(names) != SIZES[split] and not self.settings.partial:
            raise ccr.CcrError(
                f"{path} has {len(names):,} images, but the {split} split has {SIZES[split]:,}; fetch it again, or, if "
                "that is meant, --set dataset.partial=true"
            )
        return names

    def _captions(self, file: str, origin: str) -> dict[str, list[ccr.Caption]]:
        """By picture, the captions of a file."""
        if file in self._read:
            return self._read[file]
        path, faults = self._file(file), []
        found: dict[str, list[ccr.Caption]] = {}
        translated = origin.startswith("mt:") or origin == "human-translation"
        for row, line in enumerate(read_lines(path), 1):
            match = _ROW.fullmatch(line) or _ROW.fullmatch(f"{line} ")  # an empty caption is its reader's to tell
            if not match:
                faults.append(f"{path}:{row}: the row is not NAME.jpg#KIND#K and a caption; fetch the file again")
                continue
            id, picture, _, number, text = match.groups()
            parallel = f"{picture}#enc#{number}" if translated else None
            lang = "en" if file == _ENGLISH else "zh"
            caption = ccr.Caption(id, lang, text.strip(), origin, parallel, at(path, row))
            found.setdefault(picture, []).append(caption)
        refuse(faults)
        self._read[file] = found
        return found

    def _file(self, name: str) -> Path:
        return self.root / f"{name}.txt"

    def _list(self, split: str) -> Path:
        return self.root / f"flickr8k{split}.txt"
