"""xFlickr&CO: the test annotations in IGLUE's layout. A test collection.

`annotations/LANG/test.jsonl`, one row per photo: `{"sentences": ["..."], "id": ..., "img_path": "1007129816.jpg"}`;
half of the photos are Flickr30K's, half are MSCOCO's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

import ccr
from ccr_benchmarks.photos import Photos
from ccr_benchmarks.reading import absent_files, at, first_of, published, read_json_rows, refuse, telling

TARGETS = ("de", "es", "id", "ja", "ru", "tr", "zh")
TEXT_FROM = (
    "`ccr data prepare xflickrco` fetches them; or git clone https://github.com/e-bug/iglue, and put "
    "datasets/xFlickrCO/annotations there"
)
REPOSITORY = (
    "https://raw.githubusercontent.com/e-bug/iglue/43cbac91513388d40b2c6d93925f00ca9fc08a98/datasets/xFlickrCO/"
)


@frozen
class XFlickrCOSettings:
    languages: tuple[str, ...] = ccr.setting(TARGETS, "Target languages whose files are there.")

    def __attrs_post_init__(self) -> None:
        unknown = [lang for lang in self.languages if lang not in TARGETS]
        if unknown or not self.languages or len(set(self.languages)) < len(self.languages):
            raise ValueError(f"languages must be some of {', '.join(TARGETS)}, each once")


class XFlickrCO(ccr.Dataset):
    """One item a photo."""

    settings: XFlickrCOSettings
    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        self.photos = Photos(root)
        folder = first_of(root / "annotations", *([root] if (root / "en").is_dir() else []))
        self.files = {lang: folder / lang / "test.jsonl" for lang in ("en", *settings.languages)}

    def describe(self, spec: ccr.DatasetSpec) -> ccr.DatasetSpec:
        (test_set,) = spec.test_sets
        langs = tuple(lang for lang in spec.target_langs if lang in self.settings.languages)
        return evolve(spec, target_langs=langs, test_sets=(evolve(test_set, langs=("en", *langs)),))

    def items(self, split: str) -> Iterator[ccr.Item]:
        return iter(())

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        photos: dict[str, list[ccr.Caption]] = {}
        faults: list[str] = []
        for lang, path in self.files.items():
            own: set[str] = set()
            rows: list[dict[str, Any]] = []
            with telling(faults):
                rows = read_json_rows(path)
            for number, row in enumerate(rows, 1):
                name, sentences = row.get("img_path"), row.get("sentences")
                if not isinstance(name, str) or not isinstance(sentences, list) or not _are_texts(sentences):
                    faults.append(f"{path}:{number}: the row needs img_path and sentences; fetch the file again")
                    continue
                id = Path(name).stem
                if id in own:
                    faults.append(f"{path}:{number}: {name} stands twice; fetch the file again")
                own.add(id)
                if lang != "en" and name not in photos:
                    faults.append(f"{path}:{number}: {name} is none of the photos of {self.files['en']}")
                for k, text in enumerate(sentences):
                    caption = ccr.Caption(f"{id}#{lang}-{k}", lang, text.strip(), tags=at(path, number))
                    photos.setdefault(name, []).append(caption)
        items = []
        for name, captions in photos.items():
            with telling(faults):
                path = self._photo(name)
                source = "flickr30k" if path.parent == self.photos.flickr30k else "mscoco"
                items.append(ccr.Item(path.stem, tuple(captions), path, source=source))
        refuse(faults)
        return iter(items)

    def missing(self, pictures: bool = True) -> Sequence[str]:
        told = absent_files(list(self.files.values()), self.root, TEXT_FROM)
        if told:
            told[0] += "; --set dataset.languages=[de] asks for fewer"
        if pictures and not self.files["en"].is_file():
            told += self.photos.missing((), self.photos.flickr30k, self.photos.val2014)
        elif pictures:
            with telling(told):
                names = [row.get("img_path") for row in read_json_rows(self.files["en"])]
                told += self.photos.missing(self._photo(name) for name in names if isinstance(name, str))
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        files = {f"annotations/{lang}/test.jsonl": path for lang, path in self.files.items()}
        return published("xflickrco", REPOSITORY, files)

    def _photo(self, name: str) -> Path:
        return self.photos.coco(name, str(self.files["en"])) if "_" in name else self.photos.flickr30k / name


def _are_texts(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(text, str) for text in values)
