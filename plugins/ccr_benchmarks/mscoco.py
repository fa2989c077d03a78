"""MSCOCO under Karpathy's splits, with STAIR's Japanese and COCO-CN's Chinese captions.

Every photo has its English and Japanese captions in Karpathy's split. Chinese stands in COCO-CN's own splits: its test
gallery is COCO-CN's 1,000 photos, whatever Karpathy's split of them is, and what COCO-CN tests or validates trains no
language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from attrs import evolve, field, frozen

import ccr
from ccr_benchmarks.photos import Photos
from ccr_benchmarks.reading import absent_files, at, first_of, read_json, read_lines, read_rows, refuse, telling

KARPATHY = "https://cs.stanford.edu/people/karpathy/deepimagesent/caption_datasets.zip"
STAIR = (
    "https://raw.githubusercontent.com/STAIR-Lab-CIT/STAIR-captions/6ac656e65d80cbe2c914d93626a1d5454e35a5d6/"
    "stair_captions_v1.2.tar.gz"
)
KARPATHY_FROM = f"`ccr data prepare mscoco` fetches it; or get {KARPATHY}, and unpack its dataset_coco.json there"
STAIR_FROM = (
    "`ccr data prepare mscoco` fetches them; or git clone https://github.com/STAIR-Lab-CIT/STAIR-captions, and unpack "
    "its v1.2 captions into stair"
)
COCO_CN_FROM = (
    "ask for COCO-CN at https://github.com/li-xirong/coco-cn, and unpack coco-cn-version1805v1.1 into coco-cn"
)
TESTED = 5  # captions of a photo, as papers test

_SPLITS = ("train", "restval", "val", "test")
_CN_ROW = re.compile(r"(COCO_\w+)#(\d+)\s(.*)")


@frozen
class MSCOCOSettings:
    languages: tuple[Literal["ja", "zh"], ...] = ccr.setting(
        ("ja", "zh"), "Target languages: ja needs STAIR's files, zh COCO-CN's."
    )
    restval: bool = ccr.setting(True, "Train on Karpathy's restval photos, too, as all papers do.")

    def __attrs_post_init__(self) -> None:
        if not self.languages or len(set(self.languages)) < len(self.languages):
            raise ValueError("languages must be ja, zh or both, each once")


@frozen(eq=False)
class _Photo:
    """A photo of dataset_coco.json."""

    number: int  # MSCOCO's own id
    path: Path
    split: str  # Karpathy's: "train", "restval", "val" or "test"
    english: tuple[ccr.Caption, ...]

    @property
    def id(self) -> str:
        return self.path.stem


@frozen(eq=False)
class _Chinese:
    """COCO-CN: captions by photo, and its splits."""

    captions: dict[str, list[ccr.Caption]] = field(factory=dict)
    split: dict[str, str] = field(factory=dict)  # photo -> "train", "val" or "test"


class MSCOCO(ccr.Dataset):
    """One item a photo."""

    settings: MSCOCOSettings
    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        self.photos = Photos(root)
        self.splits = first_of(root / "dataset_coco.json", root / "karpathy" / "dataset_coco.json")
        self.stair = [first_of(*(root / place / f"stair_captions_v1.2_{split}.json" for place in ("stair", ".")))
                      for split in ("train", "val")]  # fmt: skip
        folder = first_of(root / "coco-cn", root / "coco-cn-version1805v1.1")
        self.chinese_text = folder / "imageid.human-written-caption.txt"
        self.chinese_lists = {split: folder / f"coco-cn_{split}.txt" for split in ("train", "val", "test")}

    def describe(self, spec: ccr.DatasetSpec) -> ccr.DatasetSpec:
        langs = tuple(lang for lang in spec.target_langs if lang in self.settings.languages)
        tests = tuple(evolve(test, langs=("en", *langs)) for test in spec.test_sets)
        return evolve(spec, target_langs=langs, test_sets=tests)

    def items(self, split: str) -> Iterator[ccr.Item]:
        items: list[ccr.Item] = []
        faults: list[str] = []
        wanted = {"val"} if split == "val" else {"train", "restval"} if self.settings.restval else {"train"}
        held_out = ("val", "test") if split == "train" else ("test",)
        for photo in self._photos:
            chinese: Sequence[ccr.Caption] = ()
            if photo.split in wanted and self._chinese.split.get(photo.id) not in held_out:
                if self._chinese.split.get(photo.id) == split:
                    chinese = self._chinese.captions[photo.id]
            elif split == "val" and self._chinese.split.get(photo.id) == "val" and photo.split != "test":
                chinese = self._chinese.captions[photo.id]
            else:
                continue
            items.append(self._item(faults, photo, photo.english, chinese))
        refuse(faults)
        return iter(items)

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        """A photo of COCO-CN's test that is none of Karpathy's has Chinese captions alone: each gallery is its own."""
        items: list[ccr.Item] = []
        faults: list[str] = []
        for photo in self._photos:
            tested = photo.split == "test"
            chinese = self._chinese.captions[photo.id] if self._chinese.split.get(photo.id) == "test" else []
            if tested or chinese:
                english = photo.english[:TESTED] if tested else ()
                items.append(self._item(faults, photo, english, chinese, tested, TESTED))
        refuse(faults)
        return iter(items)

    def missing(self, pictures: bool = True) -> Sequence[str]:
        langs = self.settings.languages
        told = absent_files([self.splits], self.root, KARPATHY_FROM)
        told += absent_files(self.stair, self.root, STAIR_FROM) if "ja" in langs else []
        chinese = [self.chinese_text, *self.chinese_lists.values()]
        told += absent_files(chinese, self.root, COCO_CN_FROM) if "zh" in langs else []
        if pictures and not self.splits.is_file():
            told += self.photos.missing((), self.photos.train2014, self.photos.val2014)
        elif pictures:
            with telling(told):
                told += self.photos.missing(photo.path for photo in self._photos)
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        files = [ccr.Download(url=KARPATHY, path=self.splits.parent, members={self.splits.name: self.splits.name})]
        if "ja" in self.settings.languages:
            members = {path.name: path.relative_to(self.root).as_posix() for path in self.stair}
            files.append(ccr.Download(url=STAIR, path=self.root, members=members))
        return files

    def _item(
        self,
        faults: list[str],
        photo: _Photo,
        english: Sequence[ccr.Caption],
        chinese: Sequence[ccr.Caption],
        japanese: bool = True,
        limit: int | None = None,
    ) -> ccr.Item:
        captions = list(english)
        if japanese and "ja" in self.settings.languages:
            found = self._japanese.get(photo.number, [])
            if not found:
                faults.append(f"{self.splits}: {photo.path.name} has no caption in {self.stair[0]} or {self.stair[1]}")
            captions += found[:limit]
        return ccr.Item(photo.id, (*captions, *chinese), photo.path, source="mscoco")

    @cached_property
    def _photos(self) -> list[_Photo]:
        rows = read_json(self.splits, dict).get("images")
        if not isinstance(rows, list):
            raise ccr.CcrError(f"{self.splits} has no list of images; fetch it again")
        photos: list[_Photo] = []
        faults: list[str] = []
        for k, row in enumerate(rows):
            where = f"{self.splits}: images[{k}]"
            try:
                split, name, number = row["split"], row["filename"], row["cocoid"]
                sentences = [(sentence["sentid"], sentence["raw"].strip()) for sentence in row["sentences"]]
                _SPLITS.index(split)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                faults.append(f"{where} lacks {error}, or holds another value; fetch the file again")
                continue
            english = tuple(
                ccr.Caption(f"coco#{sentence}", "en", text, tags={"at": where}) for sentence, text in sentences
            )
            with telling(faults):
                photos.append(_Photo(number, self.photos.coco(str(name), where), split, english))
        refuse(faults)
        return photos

    @cached_property
    def _japanese(self) -> dict[int, list[ccr.Caption]]:
        found: dict[int, list[ccr.Caption]] = {}
        faults = []
        for path in self.stair:
            for k, row in enumerate(read_json(path, dict).get("annotations", [])):
                where = f"{path}: annotations[{k}]"
                try:
                    caption = ccr.Caption(f"stair#{row['id']}", "ja", row["caption"].strip(), tags={"at": where})
                    found.setdefault(row["image_id"], []).append(caption)
                except (KeyError, TypeError, AttributeError) as error:
                    faults.append(f"{where} lacks {error}, or holds another value; fetch the file again")
        refuse(faults)
        return found

    @cached_property
    def _chinese(self) -> _Chinese:
        chinese, faults = _Chinese(), []
        if "zh" not in self.settings.languages:
            return chinese
        path = self.chinese_text
        for row, line in enumerate(read_lines(path), 1):
            match = _CN_ROW.fullmatch(line) or _CN_ROW.fullmatch(
                f"{line}\t"
            )  # an empty caption is its reader's to tell
            if not match:
                faults.append(f"{path}:{row}: the row is not NAME#K, a tab and a caption; fetch the file again")
                continue
            photo, number, text = match.groups()
            caption = ccr.Caption(f"coco-cn#{photo}#{number}", "zh", text.strip(), tags=at(path, row))
            chinese.captions.setdefault(photo, []).append(caption)
        known = {photo.id for photo in self._photos}
        for split, listed in self.chinese_lists.items():
            for row, photo in enumerate(read_rows(listed), 1):
                if photo in chinese.split:
                    faults.append(f"{listed}:{row}: {photo} is in {chinese.split[photo]}, too; fetch the file again")
                elif photo not in known:
                    faults.append(f"{listed}:{row}: {photo} is no photo of {self.splits}; fetch both again")
                elif photo not in chinese.captions:
                    faults.append(f"{listed}:{row}: {photo} has no caption in {path}; fetch both again")
                chinese.split[photo] = split
        refuse(faults)
        return chinese
