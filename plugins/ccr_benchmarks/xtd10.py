"""XTD10: the layout of the repository adobe-research/Cross-lingual-Test-Dataset-XTD10. A test collection.

1,000 photos of MSCOCO, one caption in each of eleven languages. Row i of every file is of row i of the image list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ccr
from ccr_benchmarks.photos import Photos
from ccr_benchmarks.reading import (
    absent_files,
    at,
    first_of,
    published,
    read_lines,
    read_rows,
    refuse,
    same_length,
    telling,
)

TEXT_FROM = (
    "`ccr data prepare xtd10` fetches them; or git clone "
    "https://github.com/adobe-research/Cross-lingual-Test-Dataset-XTD10, and put its folders there"
)
REPOSITORY = (
    "https://raw.githubusercontent.com/adobe-research/Cross-lingual-Test-Dataset-XTD10/"
    "d77ff16148468c84287f3efcbf602a015c5e4954/"
)

_WRITTEN = ("en", "ja")  # by people who saw the photo; the others are translations of the English caption


class XTD10(ccr.Dataset):
    """One item a photo of the list."""

    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        own, mic = root / "XTD10", root / "MIC"
        self.photos = Photos(root)
        self.list = own / "test_image_names.txt"
        self.files = {
            "en": first_of(own / "test_1kcaptions_en.txt", mic / "test_1kcaptions_en.txt"),
            "de": mic / "test_1kcaptions_de.txt",
            "es": own / "test_1kcaptions_es.txt",
            "fr": mic / "test_1kcaptions_fr.txt",
            "it": own / "test_1kcaptions_it.txt",
            "ja": root / "STAIR" / "test_1kcaptions_jp.txt",
            **{lang: own / f"test_1kcaptions_{lang}.txt" for lang in ("ko", "pl", "ru", "tr", "zh")},
        }

    def items(self, split: str) -> Iterator[ccr.Item]:
        return iter(())

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        names = self._names()
        texts, faults = {}, list[str]()
        for lang, path in self.files.items():
            with telling(faults):
                texts[lang] = same_length(read_lines(path), path, names, self.list)
        refuse(faults)
        return self._items(names, texts)

    def _items(self, names: Sequence[str], texts: Mapping[str, Sequence[str]]) -> Iterator[ccr.Item]:
        for i, name in enumerate(names):
            id = Path(name).stem
            captions = [
                ccr.Caption(
                    f"{id}#{lang}",
                    lang,
                    texts[lang][i],
                    origin="human" if lang in _WRITTEN else "human-translation",
                    parallel=None if lang in _WRITTEN else f"{id}#en",
                    tags=at(path, i + 1),
                )
                for lang, path in self.files.items()
            ]
            yield ccr.Item(id, tuple(captions), self._photo(name, i), source="mscoco")

    def missing(self, pictures: bool = True) -> Sequence[str]:
        told = absent_files([self.list, *self.files.values()], self.root, TEXT_FROM)
        if pictures and not self.list.is_file():
            told += self.photos.missing((), self.photos.train2014, self.photos.val2014)
        elif pictures:
            with telling(told):
                told += self.photos.missing(self._photo(name, i) for i, name in enumerate(self._names()))
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        files = [self.list, *self.files.values()]
        return published("xtd10", REPOSITORY, {path.relative_to(self.root).as_posix(): path for path in files})

    def _names(self) -> list[str]:
        names = read_rows(self.list)
        first: dict[str, int] = {}
        faults: list[str] = []
        for row, name in enumerate(names, 1):
            with telling(faults):
                self._photo(name, row - 1)
            if first.setdefault(name, row) != row:
                faults.append(f"{self.list}:{row}: {name} stands in row {first[name]}, too; fetch the file again")
        refuse(faults)
        return names

    def _photo(self, name: str, i: int) -> Path:
        return self.photos.coco(name, f"{self.list}:{i + 1}")
