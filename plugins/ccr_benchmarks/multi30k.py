"""Multi30K: the layout of the repository multi30k/dataset, with a folder of Flickr30K pictures beside it.

A caption's id names its image and the file it stands in: `1000092795#task1.de` is of data/task1/raw/train.de,
`1000092795#task2.3.en` of data/task2/raw/train.3.en.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from attrs import evolve, frozen

import ccr
from ccr_benchmarks.reading import absent_pictures, at, plain_or_gz, published, read_rows, refuse, same_length, telling

SIZES = {"train": 29_000, "val": 1_014, "test": 1_000}
FOLDERS = ("flickr30k-images", "images")
TEXT_FROM = "`ccr data prepare multi30k` fetches them; or git clone https://github.com/multi30k/dataset"
REPOSITORY = "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/"
PICTURES_FROM = "ask for Flickr30K with the form at https://shannon.cs.illinois.edu/DenotationGraph"

Task = Literal["task1", "task2"]

_SPLITS = {  # the names that each task gives to a split
    "task1": {"train": "train", "val": "val", "test": "test_2016_flickr"},
    "task2": {"train": "train", "val": "val", "test": "test_2016"},
}
_LISTS = {"task1": "{}.txt", "task2": "{}_images.txt"}
_FILES = {  # the endings of each task's captions
    "task1": ("en", "de", "fr", "cs"),
    "task2": tuple(f"{k}.{lang}" for lang in ("en", "de") for k in range(1, 6)),
}


@frozen
class Multi30KSettings:
    captions: Literal[5, 1] = ccr.setting(
        5, "English captions of an image to train and select on: task 2's five, or the one that task 1 translated."
    )
    german: Task = ccr.setting(
        "task1",
        "German by people, in train and val: task 1's translation, or task 2's five descriptions, parallel to none.",
    )
    partial: bool = ccr.setting(False, "Accept image lists that are shorter than the official ones.")


class Multi30K(ccr.Dataset):
    """One item an image of the lists; every row of every file is accounted for."""

    settings: Multi30KSettings
    root: Path

    def items(self, split: str) -> Iterator[ccr.Item]:
        return self._items(split, "task2" if self.settings.captions == 5 else "task1", self.settings.german)

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        task: Task = "task1" if test_set == "multi30k-task1-1cap" else "task2"
        return self._items("test", task, task)

    def missing(self, pictures: bool = True) -> Sequence[str]:
        told, (lists, texts) = [], self._files()
        absent = [path for path in (*lists, *texts) if not plain_or_gz(path)]
        if absent:
            named = ", ".join(str(path.relative_to(self.root)) for path in absent[:3])
            told.append(
                f"{len(absent)} of {len(lists + texts)} text files are not below {self.root} ({named}, plain or .gz"
                f"{', ...' if len(absent) > 3 else ''}): {TEXT_FROM}, and put its folder data at {self.root / 'data'}"
            )
        if pictures:
            told += self._missing_pictures([path for path in lists[: len(SIZES)] if path not in absent])
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        lists, texts = self._files()
        files = [*lists, *(path.with_name(f"{path.name}.gz") for path in texts)]
        return published("multi30k", REPOSITORY, {path.relative_to(self.root).as_posix(): path for path in files})

    def _files(self) -> tuple[list[Path], list[Path]]:
        """Image lists and texts."""
        lists = [self._list(task, split) for task in _SPLITS for split in SIZES]
        texts = [self._text(task, split, ending) for task in _SPLITS for split in SIZES for ending in _FILES[task]]
        return lists, texts

    def _missing_pictures(self, lists: Sequence[Path]) -> list[str]:
        folder, remedy = self._pictures(), f"{PICTURES_FROM}, and unpack its pictures there"
        if not folder.is_dir():
            return [f"there is no folder of Flickr30K pictures, {folder} (or {FOLDERS[1]}): {remedy}"]
        told: list[str] = []
        with telling(told):
            told += absent_pictures(folder, [name for path in lists for name in read_rows(path)], remedy)
        return told

    def _items(self, split: str, english: Task, german: Task) -> Iterator[ccr.Item]:
        names, folder = self._names(split), self._pictures()
        ids = [Path(name).stem for name in names]
        en = self._captions("task1", split, ids, "en")
        source = [self._captions("task2", split, ids, f"{k}.en") for k in range(1, 6)] if english == "task2" else [en]
        langs = ("de", "fr", "cs") if german == "task1" else ("fr", "cs")
        translations = [self._captions("task1", split, ids, lang) for lang in langs]
        described = [self._captions("task2", split, ids, f"{k}.de") for k in range(1, 6)] if german == "task2" else []
        items, faults = [], []
        for i, name in enumerate(names):
            captions = [of_file[i] for of_file in source]
            parallel = next((c.id for c in captions if c.text == en[i].text), None)
            if parallel is None:
                faults.append(
                    f"{plain_or_gz(self._text('task1', split, 'en'))}: row {i + 1} is none of the five English "
                    f"captions of {name} in task 2; fetch both tasks again"
                )
            captions += [evolve(of[i], origin="human-translation", parallel=parallel) for of in translations]
            captions += [of_file[i] for of_file in described]
            items.append(ccr.Item(ids[i], tuple(captions), folder / name, source="flickr30k"))
        refuse(faults)
        return iter(items)

    def _names(self, split: str) -> list[str]:
        """The image list of a split; the tasks' lists must be one."""
        lists = {task: self._list(task, split) for task in _SPLITS}
        names, others = (read_rows(path) for path in lists.values())
        same_length(others, lists["task2"], names, lists["task1"])
        faults = [
            f"{lists['task2']}: row {row} is {other}, but {name} in {lists['task1']}; fetch both again"
            for row, (name, other) in enumerate(zip(names, others, strict=True), 1)
            if name != other
        ]
        first: dict[str, int] = {}
        for row, name in enumerate(names, 1):
            if first.setdefault(Path(name).stem, row) != row:
                faults.append(
                    f"{lists['task1']}: row {row} is {name}, as row {first[Path(name).stem]} is; fetch it again"
                )
        refuse(faults)
        if len(names) != SIZES[split] and not self.settings.partial:
            raise ccr.CcrError(
                f"{lists['task1']} has {len(names):,} images, but Multi30K's {split} split has {SIZES[split]:,}; "
                "fetch it again, or, if that is meant, --set dataset.partial=true"
            )
        return names

    def _captions(self, task: Task, split: str, items: Sequence[str], ending: str) -> list[ccr.Caption]:
        """One caption an image, by the people of the file with that ending."""
        path = self._text(task, split, ending)
        rows = same_length(read_rows(path), path, items, self._list(task, split))
        lang, there = ending[-2:], plain_or_gz(path) or path
        return [
            ccr.Caption(f"{item}#{task}.{ending}", lang, row, tags=at(there, k))
            for k, (item, row) in enumerate(zip(items, rows, strict=True), 1)
        ]

    def _text(self, task: str, split: str, ending: str) -> Path:
        return self.root / "data" / task / "raw" / f"{_SPLITS[task][split]}.{ending}"

    def _list(self, task: str, split: str) -> Path:
        return self.root / "data" / task / "image_splits" / _LISTS[task].format(_SPLITS[task][split])

    def _pictures(self) -> Path:
        return next((self.root / name for name in FOLDERS if (self.root / name).is_dir()), self.root / FOLDERS[0])
