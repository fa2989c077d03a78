"""The datasets `scenes` and `scenes-corpus`: drawn, told and translated when they are asked for, in a few seconds."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from attrs import evolve, frozen

import ccr
from ccr_scenes import render, sampling
from ccr_scenes.grammar import SOURCE_STYLES, STYLES, realise
from ccr_scenes.languages import FURTHER, SCARCE, USUAL, chosen
from ccr_scenes.sampling import Distribution, Entry, Part
from ccr_scenes.translator import ScenesTranslator
from ccr_scenes.translator_settings import ScenesTranslatorSettings
from ccr_scenes.world import Scene, digest

SOURCE = "en"
TARGETS = tuple(USUAL)  # those that are spoken unasked
TEST_SET = "scenes-v1"
CORPUS_STYLES = SOURCE_STYLES[2:]  # a general corpus has its own ways


def _check_sizes(settings: Any) -> None:
    for name, value in (("train", settings.train), ("val", settings.val), ("captions", settings.captions)):
        if value < 1:
            raise ccr.CcrError(f"dataset.{name} must be at least 1, not {value}")
    if not 0 < settings.scarce <= 1:
        raise ccr.CcrError(f"dataset.scarce is a share above 0, up to 1, not {settings.scarce}")
    chosen(settings.more_langs)


@frozen
class ScenesSettings:
    train: int = ccr.setting(4000, "Images to train on.", unit="images")
    val: int = ccr.setting(256, "Images that checkpoints are selected on.", unit="images")
    test: int = ccr.setting(512, "Images of the test gallery, in groups of four near-duplicates.", unit="images")
    captions: int = ccr.setting(2, "Captions of an image in each language.", unit="captions")
    noise: float = ccr.setting(0.1, "Share of phrases that the machine translation spoils.")
    seed: int = ccr.setting(0, "What the scenes and their captions are drawn from.")
    more_langs: str = ccr.setting(
        "", f"Languages it speaks besides {', '.join(USUAL)}: any of {', '.join(FURTHER)}, or all."
    )
    scarce: float = ccr.setting(0.01, f"Share of the translated training captions that {SCARCE} keeps.")

    def __attrs_post_init__(self) -> None:
        _check_sizes(self)
        if self.test < sampling.GROUP:
            raise ccr.CcrError(f"dataset.test must be at least {sampling.GROUP}, not {self.test}")


@frozen
class CorpusSettings:
    train: int = ccr.setting(6000, "Images to train on.", unit="images")
    val: int = ccr.setting(256, "Images that checkpoints are selected on.", unit="images")
    captions: int = ccr.setting(2, "Captions of an image in each language.", unit="captions")
    noise: float = ccr.setting(0.1, "Share of phrases that the machine translation spoils.")
    seed: int = ccr.setting(0, "What the scenes and their captions are drawn from.")
    more_langs: str = ccr.setting(
        "", f"Languages it speaks besides {', '.join(USUAL)}: any of {', '.join(FURTHER)}, or all."
    )
    scarce: float = ccr.setting(0.01, f"Share of the translated training captions that {SCARCE} keeps.")

    def __attrs_post_init__(self) -> None:
        _check_sizes(self)


class Drawn(NamedTuple):
    """What one split of a dataset is drawn from."""

    seed: int
    part: Part
    like: Distribution
    images: int
    captions: int


@lru_cache(maxsize=4)
def entries(drawn: Drawn) -> tuple[Entry, ...]:
    """The scenes of a split and the claims behind its captions, each true of no other scene of the split."""
    rng = random.Random(f"scenes/{drawn.seed}/{drawn.part}")
    return tuple(sampling.draw_entries(rng, drawn.part, drawn.like, drawn.images, drawn.captions))


class _Drawing(ccr.Dataset):
    """What both datasets share: an image is drawn from its scene, which its place in a split leads to."""

    settings: Any
    source = ""

    @property
    def targets(self) -> tuple[str, ...]:
        """The target languages that are spoken here."""
        return (*TARGETS, *chosen(self.settings.more_langs))

    def describe(self, spec: ccr.DatasetSpec) -> ccr.DatasetSpec:
        tested = tuple(evolve(test_set, langs=(SOURCE, *self.targets)) for test_set in spec.test_sets)
        return evolve(spec, target_langs=self.targets, more_langs=(), test_sets=tested)

    def drawn(self, split: str) -> Drawn:
        """What a split is drawn from; `entries` of it are its scenes and claims, in the order of its items."""
        raise NotImplementedError

    def read(self, item: ccr.Item) -> bytes:
        split, _, number = item.id.rpartition("-")
        return render.png(entries(self.drawn(split))[int(number)].scene)

    def _translated(self, split: str, styles: Sequence[str]) -> Iterator[tuple[Entry, list[ccr.Caption]]]:
        """Each entry with its source captions and their machine translations."""
        drawn = self.drawn(split)
        found = entries(drawn)
        rng = random.Random(f"captions/{drawn.seed}/{drawn.part}/{SOURCE}")
        ids = [f"{split}-{i:05d}-{SOURCE}-{k}" for i, entry in enumerate(found) for k in range(len(entry.claims))]
        told = [(style := rng.choice(styles), realise(claim, SOURCE, style, rng)) for e in found for claim in e.claims]
        sources = [ccr.Caption(i, SOURCE, text, tags={"style": s}) for i, (s, text) in zip(ids, told, strict=True)]
        scarce = self.settings.scarce if split == "train" else 1
        queue = iter(translated(sources, self.settings.noise, self.targets, scarce))
        for entry in found:
            yield entry, [caption for _ in entry.claims for caption in next(queue)]

    def _item(self, split: str, number: int, entry: Entry, captions: Sequence[ccr.Caption]) -> ccr.Item:
        return ccr.Item(f"{split}-{number:05d}", tuple(captions), digest=image_digest(entry.scene), source=self.source)


class Scenes(_Drawing):
    """Rendered scenes in groups of near-duplicates; test captions are as people write them."""

    source = "scenes"

    def drawn(self, split: str) -> Drawn:
        parts: dict[str, tuple[Part, int]] = {
            "train": ("train", self.settings.train),
            "val": ("val", self.settings.val),
            "test": ("test", self.settings.test),
        }
        part, images = parts[split]
        return Drawn(self.settings.seed, part, sampling.SCENES, images, self.settings.captions)

    def items(self, split: str) -> Iterator[ccr.Item]:
        """Source captions and their machine translations; "val" has captions by people besides, for `human-val`."""
        human = self._human(split, self.targets) if split == "val" else None
        for number, (entry, captions) in enumerate(self._translated(split, SOURCE_STYLES)):
            yield self._item(split, number, entry, [*captions, *(next(human) if human else ())])

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        found = entries(self.drawn("test"))
        for number, (entry, captions) in enumerate(
            zip(found, self._human("test", (SOURCE, *self.targets)), strict=True)
        ):
            yield self._item("test", number, entry, captions)

    def _human(self, split: str, langs: Sequence[str]) -> Iterator[list[ccr.Caption]]:
        """Captions by people, image by image. What is drawn for one language depends on no other."""
        drawn = self.drawn(split)
        rngs = {lang: random.Random(f"human/{drawn.seed}/{drawn.part}/{lang}") for lang in langs}
        for number, entry in enumerate(entries(drawn)):
            captions = []
            for k, claim in enumerate(entry.claims):
                for lang, rng in rngs.items():
                    style = rng.choice(STYLES[lang])
                    text = realise(claim, lang, style, rng)
                    parallel = None if lang == SOURCE else f"{split}-{number:05d}-{SOURCE}-{k}"
                    caption_id = f"{split}-{number:05d}-{lang}-{k}"
                    captions.append(ccr.Caption(caption_id, lang, text, "human", parallel, {"style": style}))
            yield captions


class ScenesCorpus(_Drawing):
    """A general corpus: other numbers of objects, other things said of them, no near-duplicates, no test."""

    source = "scenes-corpus"

    def drawn(self, split: str) -> Drawn:
        parts: dict[str, tuple[Part, int]] = {
            "train": ("corpus", self.settings.train),
            "val": ("corpus-val", self.settings.val),
        }
        part, images = parts[split]
        return Drawn(self.settings.seed, part, sampling.CORPUS, images, self.settings.captions)

    def items(self, split: str) -> Iterator[ccr.Item]:
        for number, (entry, captions) in enumerate(self._translated(split, CORPUS_STYLES)):
            yield self._item(split, number, entry, captions)

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        raise ccr.CcrError("scenes-corpus has no test set; it is what the protocol zero-shot trains on")


def translated(
    sources: Sequence[ccr.Caption], noise: float, langs: Sequence[str] = TARGETS, scarce: float = 1
) -> list[list[ccr.Caption]]:
    """Each source caption with its machine translations; the scarce language has those of a share, spread evenly."""
    captions = [[source] for source in sources]
    translator = ScenesTranslator("", ScenesTranslatorSettings(noise=noise))
    origin = f"mt:{translator.fingerprint}"
    for lang in langs:
        count = len(sources) if lang != SCARCE else max(2, round(scarce * len(sources)))
        kept = [captions[k * len(sources) // count] for k in range(min(count, len(sources)))]
        texts = translator.translate([of_claim[0].text for of_claim in kept], SOURCE, lang)
        for of_claim, text in zip(kept, texts, strict=True):
            first = of_claim[0].id
            of_claim.append(ccr.Caption(first.replace(f"-{SOURCE}-", f"-{lang}-mt-"), lang, text, origin, first))
    return captions


def image_digest(scene: Scene) -> str:
    """sha256 (hex) of what makes the picture: the scene and the version of the renderer."""
    return hashlib.sha256(f"scenes render {render.VERSION} {digest(scene).hex()}".encode()).hexdigest()
