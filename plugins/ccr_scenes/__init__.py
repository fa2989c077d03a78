"""The embedded default: rendered scenes with captions in 13 languages, a tiny encoder and a translator.

Everything is drawn from seeds or lies beside this file: nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attrs import evolve

from ccr import DatasetSpec, EncoderSpec, Recipe, TestSet, TranslatorSpec, hookimpl

CCR_API = 1

_FOLDER = Path(__file__).parent
_TARGETS = ("de", "fr", "cs", "zh", "ja")
_FURTHER = ("es", "ko", "tr", "ar", "hi", "fi", "sw")

# The modules of a method are meant for a text tower 512 wide; this one is 128 wide. Rates were chosen once, on
# validation captions, and hold for every method.
QUICK = Recipe(
    epochs={"align": 0.9, "match": 0.4},
    lr_scale={"align": 5, "match": 50},
    size_scale=0.25,
    validations=3,
    encoder_epochs=1,
    encoder_lr=1e-4,
    vocabulary=2000,
    dataset_settings={"train": 4000, "val": 256},
)
FULL = evolve(QUICK, epochs={"align": 2, "match": 0.8}, validations=5)
RECIPES = {"quick": QUICK, "full": FULL}

# What happens is new to the encoder: its text tower learns it in more epochs, from features that are made once.
VIDEO_QUICK = evolve(
    QUICK,
    epochs={"align": 0.6, "match": 0.3},
    encoder_epochs=3.5,
    encoder_lr=1e-3,
    dataset_settings={"train": 4000, "val": 192, "test": 384},
)
VIDEO_FULL = evolve(VIDEO_QUICK, epochs={"align": 1.8, "match": 0.7}, validations=5)


@hookimpl
def ccr_register_datasets() -> Iterable[DatasetSpec]:
    return [
        DatasetSpec(
            name="scenes",
            factory="ccr_scenes.dataset:Scenes",
            settings="ccr_scenes.dataset:ScenesSettings",
            summary="Rendered scenes in groups of near-duplicates, captions by grammar in 13 languages",
            target_langs=_TARGETS,
            more_langs=_FURTHER,
            test_sets=(TestSet(id="scenes-v1", langs=("en", *_TARGETS)),),
            recipes=RECIPES,
            encoder="scenes",
            translator="scenes",
            corpus="scenes-corpus",
            image_sources=("scenes",),
            licence="Apache-2.0",
        ),
        DatasetSpec(
            name="scenes-corpus",
            factory="ccr_scenes.dataset:ScenesCorpus",
            settings="ccr_scenes.dataset:CorpusSettings",
            summary="A general corpus of rendered scenes, for the protocol zero-shot",
            target_langs=_TARGETS,
            more_langs=_FURTHER,
            recipes=RECIPES,
            protocol="zero-shot",
            encoder="scenes",
            translator="scenes",
            image_sources=("scenes-corpus",),
            licence="Apache-2.0",
        ),
        DatasetSpec(
            name="scenes-video",
            factory="ccr_scenes.video.dataset:ScenesVideo",
            settings="ccr_scenes.video.dataset:ScenesVideoSettings",
            summary="Clips of scenes in groups that differ in the motion alone, captions by grammar in six languages",
            target_langs=_TARGETS,
            test_sets=(TestSet(id="scenes-video-v1", langs=("en", *_TARGETS)),),
            recipes={"quick": VIDEO_QUICK, "full": VIDEO_FULL},
            encoder="scenes",
            translator="scenes",
            image_sources=("scenes-video",),
            licence="Apache-2.0",
        ),
    ]


@hookimpl
def ccr_register_encoders() -> Iterable[EncoderSpec]:
    return [
        EncoderSpec(
            name="scenes",
            alias=f"openclip:{_FOLDER / 'clip.json'}@{_FOLDER / 'clip.safetensors'}",
            summary="A tiny CLIP (2.3 M parameters) trained on English captions of scenes",
        )
    ]


@hookimpl
def ccr_register_translators() -> Iterable[TranslatorSpec]:
    return [
        TranslatorSpec(
            name="scenes",
            factory="ccr_scenes.translator:ScenesTranslator",
            settings="ccr_scenes.translator_settings:ScenesTranslatorSettings",
            summary="Scene captions from English, word by word, with errors",
        )
    ]
