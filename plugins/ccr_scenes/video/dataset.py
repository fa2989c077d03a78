"""The dataset `scenes-video`: clips are drawn and told when they are asked for, and kept as files once they were."""

from __future__ import annotations

import hashlib
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from attrs import frozen

import ccr
from ccr_scenes.dataset import SOURCE, TARGETS, translated
from ccr_scenes.sampling import Part
from ccr_scenes.video import film, sampling
from ccr_scenes.video.grammar import SOURCE_STYLES, STYLES, realise
from ccr_scenes.video.sampling import Entry
from ccr_scenes.video.world import Clip, clip_digest

TEST_SET = "scenes-video-v1"


@frozen
class ScenesVideoSettings:
    train: int = ccr.setting(4000, "Clips to train on.", unit="clips", check=ccr.positive)
    val: int = ccr.setting(192, "Clips that checkpoints are selected on.", unit="clips", check=ccr.positive)
    test: int = ccr.setting(384, "Clips of the test gallery, in groups of twelve of one scene.", unit="clips")
    captions: int = ccr.setting(3, "Captions of a clip in each language.", unit="captions", check=ccr.positive)
    frames: int = ccr.setting(
        4, "Frames that are read of a clip, evenly over its time.", unit="frames", check=ccr.positive
    )
    noise: float = ccr.setting(0.1, "Share of phrases that the machine translation spoils.")
    seed: int = ccr.setting(0, "What the clips and their captions are drawn from.")

    def __attrs_post_init__(self) -> None:
        if self.test < sampling.GROUP:
            raise ccr.CcrError(f"dataset.test must be at least {sampling.GROUP}, not {self.test}")


@lru_cache(maxsize=4)
def entries(seed: int, part: Part, clips: int, captions: int) -> tuple[Entry, ...]:
    """The clips of a split and the events behind its captions, each true of no other clip of the split."""
    return tuple(sampling.draw_entries(random.Random(f"scenes-video/{seed}/{part}"), part, clips, captions))


class ScenesVideo(ccr.Dataset):
    """Clips in groups that differ in the motion alone; test captions are as people write them, in six languages.

    The files lie in the folder of `--data-root`, else in ccr's cache, and are made when they are first read.
    """

    settings: ScenesVideoSettings

    def entries(self, split: str) -> tuple[Entry, ...]:
        """In the order of the split's items."""
        sizes: dict[str, tuple[Part, int]] = {
            "train": ("train", self.settings.train),
            "val": ("val", self.settings.val),
            "test": ("test", self.settings.test),
        }
        part, clips = sizes[split]
        return entries(self.settings.seed, part, clips, self.settings.captions)

    def items(self, split: str) -> Iterator[ccr.Item]:
        """Source captions and their machine translations; "val" has captions by people besides, for `human-val`."""
        rng = random.Random(f"video/{self.settings.seed}/{split}/{SOURCE}")
        sources = []
        for number, entry in enumerate(self.entries(split)):
            for k, event in enumerate(entry.events):
                style = rng.choice(SOURCE_STYLES)
                text = realise(event, SOURCE, style, rng)
                sources.append(ccr.Caption(f"{split}-{number:05d}-{SOURCE}-{k}", SOURCE, text, tags={"style": style}))
        told = iter(translated(sources, self.settings.noise))
        human = self._human(split, TARGETS) if split == "val" else None
        for number, entry in enumerate(self.entries(split)):
            captions = [caption for _ in entry.events for caption in next(told)]
            yield self._item(split, number, entry.clip, [*captions, *(next(human) if human else ())])

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        told = self._human("test", tuple(STYLES))
        for number, (entry, captions) in enumerate(zip(self.entries("test"), told, strict=True)):
            yield self._item("test", number, entry.clip, captions)

    def read(self, item: ccr.Item) -> bytes:
        """The clip's MP4 file, made if it is not there yet: whole or not at all, whoever else makes it."""
        path = self.folder() / f"{item.digest}.mp4"
        if path.exists():
            return path.read_bytes()
        split, _, number = item.id.rpartition("-")
        data = film.encode(self.entries(split)[int(number)].clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
        return data

    def folder(self) -> Path:
        """Where the files lie."""
        cache = os.environ.get("CCR_CACHE") or Path.home() / ".cache" / "ccr"
        return self.root or Path(cache).expanduser() / "scenes-video"

    def _item(self, split: str, number: int, clip: Clip, captions: Sequence[ccr.Caption]) -> ccr.Item:
        digest = hashlib.sha256(f"scenes film {film.VERSION} {clip_digest(clip)}".encode()).hexdigest()
        return ccr.Item(
            f"{split}-{number:05d}",
            tuple(captions),
            digest=digest,
            source="scenes-video",
            frames=self.settings.frames,
        )

    def _human(self, split: str, langs: Sequence[str]) -> Iterator[list[ccr.Caption]]:
        """Captions by people, clip by clip. What is drawn for one language depends on no other."""
        rngs = {lang: random.Random(f"human/{self.settings.seed}/{split}/{lang}") for lang in langs}
        for number, entry in enumerate(self.entries(split)):
            captions = []
            for k, event in enumerate(entry.events):
                for lang, rng in rngs.items():
                    style = rng.choice(STYLES[lang])
                    text = realise(event, lang, style, rng)
                    parallel = None if lang == SOURCE else f"{split}-{number:05d}-{SOURCE}-{k}"
                    caption_id = f"{split}-{number:05d}-{lang}-{k}"
                    captions.append(ccr.Caption(caption_id, lang, text, "human", parallel, {"style": style}))
            yield captions
