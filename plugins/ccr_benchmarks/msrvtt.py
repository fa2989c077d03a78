"""MSR-VTT: clips with twenty English captions each; Chinese by the translators of MSR-VTT-CN.

The official split trains on 6,513 clips, validates on 497 and tests on 2,990. `1kA` is JSFusion's choice of 1,000 of
those 2,990, one caption each; papers that test on it train on the rest of them, too (`train: 9k`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from attrs import evolve, frozen

import ccr
from ccr_benchmarks.reading import absent_files, absent_pictures, at, first_of, read_json, read_lines, refuse, telling

DATA = "https://github.com/ArrowLuo/CLIP4Clip/releases/download/v0.0/msrvtt_data.zip"
DATA_FROM = (
    "`ccr data prepare msrvtt` fetches them; or get MSRVTT_data.json and MSRVTT_JSFUSION_test.csv as "
    "https://github.com/ArrowLuo/CLIP4Clip says, and put them there"
)
CN_FROM = "get MSR-VTT-CN as https://github.com/LiJiaBei-7/nrccr says, and put its #zh# caption files into cn"
CLIPS_FROM = "get the clips as https://github.com/ArrowLuo/CLIP4Clip says, and put them there"
FULL, ONE_KA = "msrvtt-full", "msrvtt-1ka"

_CN_ROW = re.compile(r"(\S+?)#(\w+)#(\d+)\s+(.*)")
_OFFICIAL = {"train": "train", "validate": "val", "test": "test"}


@frozen
class MSRVTTSettings:
    languages: tuple[Literal["zh"], ...] = ccr.setting(("zh",), "Target languages: zh needs MSR-VTT-CN's files.")
    train: Literal["full", "9k"] = ccr.setting(
        "full", "The official split, or all clips that msrvtt-1ka does not test, less the 497 that validate."
    )
    frames: int = ccr.setting(
        12, "Frames that are read of a clip, evenly over its time.", unit="frames", check=ccr.positive
    )


@frozen(eq=False)
class _Clip:
    """A clip of the data file."""

    id: str
    split: str
    english: tuple[ccr.Caption, ...]


class MSRVTT(ccr.Dataset):
    """One item a clip."""

    settings: MSRVTTSettings
    root: Path

    def __init__(self, settings: Any, root: Path) -> None:
        super().__init__(settings, root)
        whole = first_of(root / "MSRVTT_data.json", root / "msrvtt_data" / "MSRVTT_data.json")
        parts = [root / "train_val_videodatainfo.json", root / "test_videodatainfo.json"]
        self.texts = parts if all(path.is_file() for path in parts) and not whole.is_file() else [whole]
        name = "MSRVTT_JSFUSION_test.csv"
        self.one_ka = first_of(root / name, root / "msrvtt_data" / name)
        self.folders = [folder for folder in (root / "videos" / "all", root / "videos", root / "TrainValVideo",
                                              root / "TestVideo") if folder.is_dir()]  # fmt: skip

    def describe(self, spec: ccr.DatasetSpec) -> ccr.DatasetSpec:
        tests = [test for test in spec.test_sets if self.settings.train == "full" or test.id == ONE_KA]
        langs = tuple(self.settings.languages)
        return evolve(spec, target_langs=langs, test_sets=tuple(evolve(test, langs=("en", *langs)) for test in tests))

    def items(self, split: str) -> Iterator[ccr.Item]:
        held_out = set(self._one_ka) if self.settings.train == "9k" else set()
        for clip in self._clips:
            rest = held_out and clip.split == "test" and clip.id not in held_out and split == "train"
            if clip.split == split or rest:
                yield self._item(clip, clip.english)

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        for clip in self._clips:
            if test_set == FULL and clip.split == "test":
                yield self._item(clip, clip.english)
            elif test_set == ONE_KA and clip.id in self._one_ka:
                yield self._item(clip, [clip.english[self._one_ka[clip.id]]])

    def missing(self, pictures: bool = True) -> Sequence[str]:
        told = absent_files([*self.texts, self.one_ka], self.root, DATA_FROM)
        if "zh" in self.settings.languages and not self._chinese_files:
            told.append(f"there is no caption file of MSR-VTT-CN, {self.root / 'cn'}/*.txt: {CN_FROM}")
        if pictures:
            with telling(told):
                told += self._missing_clips()
        return told

    def downloads(self) -> Sequence[ccr.Download]:
        if not self.texts[0].name.startswith("MSRVTT_data"):
            return ()  # the official two are there
        members = {path.name: path.relative_to(self.root).as_posix() for path in (self.texts[0], self.one_ka)}
        return [ccr.Download(url=DATA, path=self.root, members=members)]

    def _missing_clips(self) -> list[str]:
        wanted = [f"{clip.id}.mp4" for clip in self._clips] if all(path.is_file() for path in self.texts) else []
        if len(self.folders) < 2:
            return absent_pictures((self.folders or [self.root / "videos"])[0], wanted, CLIPS_FROM, "clips")
        lost = [name for name in wanted if not self._path(name).is_file()]
        if not lost:
            return []
        named = ", ".join(map(str, self.folders))
        return [f"{len(lost):,} of {len(wanted):,} clips are in none of {named} ({lost[0]}, ...): {CLIPS_FROM}"]

    def _path(self, name: str) -> Path:
        return first_of(*(folder / name for folder in self.folders or [self.root / "videos"]))

    def _item(self, clip: _Clip, english: Sequence[ccr.Caption]) -> ccr.Item:
        chinese = [self._chinese[c.id] for c in english if c.id in self._chinese]
        path = self._path(f"{clip.id}.mp4")
        return ccr.Item(clip.id, (*english, *chinese), path, source="msrvtt", frames=self.settings.frames)

    @cached_property
    def _clips(self) -> list[_Clip]:
        splits: dict[str, str] = {}
        sentences: dict[str, list[tuple[int, str, str]]] = {}
        faults = []
        for path in self.texts:
            data = read_json(path, dict)
            for k, row in enumerate(data.get("videos") or []):
                try:
                    splits[row["video_id"]] = _OFFICIAL[row["split"]]
                except (KeyError, TypeError) as error:
                    faults.append(f"{path}: videos[{k}] lacks {error}, or holds another value; fetch the file again")
            for k, row in enumerate(data.get("sentences") or []):
                where = f"{path}: sentences[{k}]"
                try:
                    caption = int(row["sen_id"]), row["caption"].strip(), where
                    sentences.setdefault(row["video_id"], []).append(caption)
                except (KeyError, TypeError, ValueError, AttributeError) as error:
                    faults.append(f"{where} lacks {error}, or holds another value; fetch the file again")
        known = f"{self.texts[0]}: "
        faults += [
            f"{known}the clip {video} has no sentence; fetch the file again" for video in splits.keys() - sentences
        ]
        faults += [
            f"{known}no video is {video}, of which it has sentences" for video in sentences.keys() - splits.keys()
        ]
        refuse(sorted(faults))
        return [
            _Clip(
                video,
                split,
                tuple(
                    ccr.Caption(f"{video}#enc#{k}", "en", text, tags={"at": where})
                    for k, (_, text, where) in enumerate(sorted(sentences[video]))
                ),
            )
            for video, split in splits.items()
        ]

    @cached_property
    def _one_ka(self) -> dict[str, int]:
        """By clip of 1kA, which of its captions is tested."""
        found: dict[str, int] = {}
        faults = []
        texts = {clip.id: [_plain(c.text) for c in clip.english] for clip in self._clips if clip.split == "test"}
        for row, line in enumerate(csv.DictReader(read_lines(self.one_ka)), 2):
            video, sentence = line.get("video_id") or "", line.get("sentence") or ""
            where = f"{self.one_ka}:{row}"
            if video not in texts:
                faults.append(f"{where}: {video!r} is no test clip of {self.texts[-1]}; fetch both again")
            elif _plain(sentence) not in texts[video]:
                faults.append(f"{where}: the sentence is no caption of {video} in {self.texts[-1]}; fetch both again")
            else:
                found[video] = texts[video].index(_plain(sentence))
        refuse(faults)
        return found

    @cached_property
    def _chinese_files(self) -> list[Path]:
        return sorted((self.root / "cn").glob("*.txt"))

    @cached_property
    def _chinese(self) -> dict[str, ccr.Caption]:
        """By the id of the English caption, its translation by people."""
        found: dict[str, ccr.Caption] = {}
        if "zh" not in self.settings.languages:
            return found
        english = {caption.id for clip in self._clips for caption in clip.english}
        faults = []
        for path in self._chinese_files:
            for row, line in enumerate(read_lines(path), 1):
                match = _CN_ROW.fullmatch(line)
                if not match:
                    faults.append(
                        f"{path}:{row}: the row is not CLIP#zh#K, a space and a caption; fetch the file again"
                    )
                    continue
                video, tag, number, text = match.groups()
                parallel = f"{video}#enc#{number}"
                if tag != "zh":
                    faults.append(
                        f"{path}:{row}: #{tag}# is not by people; leave #zh# files alone in cn, and bring machine "
                        "translations into mt as docs/data.md says"
                    )
                elif parallel not in english:
                    faults.append(
                        f"{path}:{row}: {self.texts[-1]} has no caption {number} of {video}; fetch both again"
                    )
                else:
                    caption = ccr.Caption(
                        f"{video}#zh#{number}", "zh", text, "human-translation", parallel, at(path, row)
                    )
                    found[parallel] = caption
        refuse(faults)
        return found


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
