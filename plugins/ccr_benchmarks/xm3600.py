"""Crossmodal-3600: `captions.jsonl` as it is published, and the folder `images`. A test collection.

A row is a photo: `{"image/key": "...", "image/locale": "..", "en": {"caption": ["...", ...], ...}, "ar": {...}, ...}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ccr
from ccr_benchmarks.reading import absent_files, absent_pictures, at, read_json_rows, refuse, telling

TEXT_FROM = (
    "`ccr data prepare xm3600` fetches it; or get captions.zip at https://google.github.io/crossmodal-3600, and unpack "
    "it there"
)
CAPTIONS = "https://google.github.io/crossmodal-3600/web-data/captions.zip"
PICTURES_FROM = "get images.tgz at https://google.github.io/crossmodal-3600, and unpack it there"

LANGS = (
    "ar", "bn", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fil", "fr", "he", "hi", "hr", "hu", "id", "it", "ja",
    "ko", "mi", "nl", "no", "pl", "pt", "quz", "ro", "ru", "sv", "sw", "te", "th", "tr", "uk", "vi", "zh",
)  # fmt: skip


class XM3600(ccr.Dataset):
    """One item a photo; `xm3600-first` takes the first caption of each language, `xm3600-all` all."""

    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        self.file, self.pictures = root / "captions.jsonl", root / "images"

    def items(self, split: str) -> Iterator[ccr.Item]:
        return iter(())

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        limit = 1 if test_set == "xm3600-first" else None
        faults: list[str] = []
        items = []
        for number, row in enumerate(read_json_rows(self.file), 1):
            key, where = row.get("image/key"), f"{self.file}:{number}"
            if not isinstance(key, str) or not key:
                faults.append(f"{where}: the row has no image/key; fetch the file again")
                continue
            for known in row:
                if known not in LANGS and not known.startswith("image/"):
                    faults.append(f"{where}: {known!r} is none of the 36 languages; fetch the file again")
            captions = []
            for lang in LANGS:
                texts = row[lang].get("caption") if isinstance(row.get(lang), dict) else None
                if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
                    faults.append(f"{where}: photo {key} has no captions in {lang}; fetch the file again")
                    continue
                captions += [
                    ccr.Caption(f"{key}#{lang}-{k}", lang, text.strip(), tags=at(self.file, number))
                    for k, text in enumerate(texts[:limit])
                ]
            items.append(ccr.Item(key, tuple(captions), self.pictures / f"{key}.jpg", source="open-images"))
        refuse(faults)
        return iter(items)

    def missing(self, pictures: bool = True) -> Sequence[str]:
        told = absent_files([self.file], self.root, TEXT_FROM)
        if pictures:
            with telling(told):
                rows = read_json_rows(self.file) if self.file.is_file() else []
                names = [f"{row.get('image/key')}.jpg" for row in rows]
                told += absent_pictures(self.pictures, names, PICTURES_FROM)
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        return [ccr.Download(url=CAPTIONS, path=self.root, members={self.file.name: self.file.name})]
