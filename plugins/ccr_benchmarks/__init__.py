"""The datasets of the field, each read in the layout that its publishers distribute."""

from __future__ import annotations

from collections.abc import Iterable

from ccr import DatasetSpec, Recipe, TestSet, hookimpl
from ccr_benchmarks.catalogue import CORPUS, DATASETS

CCR_API = 1

_MULTI30K_TARGETS = ("de", "fr", "cs")
_MULTI30K_TRAIN = 29_000  # images
_MULTI30K_TEST = 1_000


def _multi30k_recipe(captions: int) -> Recipe:
    """DASD's released budgets: 45,000 steps of align and 7,000 of match, which the three target languages share.

    Its learning rates (2e-4, 6e-6) are the methods' own defaults.
    """
    steps_per_epoch = len(_MULTI30K_TARGETS) * _MULTI30K_TRAIN * captions / 128
    return Recipe(
        batch_size=128,
        epochs={"align": 45_000 / steps_per_epoch, "match": 7_000 / steps_per_epoch},
        encoder_epochs=5,
        encoder_lr=3e-6,
        encoder_batch_size=128,
        dataset_settings={"captions": captions},
    )


def _multi30k_test(name: str, english: int, german: int) -> TestSet:
    per_image = {"en": english, "de": german, "fr": 1, "cs": 1}
    return TestSet(
        id=name,
        langs=tuple(per_image),
        images=dict.fromkeys(per_image, _MULTI30K_TEST),
        captions={lang: captions * _MULTI30K_TEST for lang, captions in per_image.items()},
    )


@hookimpl
def ccr_register_datasets() -> Iterable[DatasetSpec]:
    return [
        DatasetSpec(
            name="multi30k",
            factory="ccr_benchmarks.multi30k:Multi30K",
            settings="ccr_benchmarks.multi30k:Multi30KSettings",
            summary="Flickr30K photos; captions by people in en and de, professional translations into de, fr, cs",
            target_langs=_MULTI30K_TARGETS,
            test_sets=(_multi30k_test("multi30k-task2-5cap", 5, 5), _multi30k_test("multi30k-task1-1cap", 1, 1)),
            recipes={"released": _multi30k_recipe(5), "one-caption": _multi30k_recipe(1)},
            encoder="openclip:ViT-B-32/openai",
            corpus=CORPUS,
            image_sources=("flickr30k",),
            needs_root=True,
            holds_mt=False,
            licence="captions CC BY-NC-SA 4.0; photos under Flickr's terms, for non-commercial research and education",
            citation=(
                "Elliott, Frank, Sima'an and Specia: Multi30K: Multilingual English-German Image Descriptions (2016); "
                "French: Elliott et al., Second Shared Task on Multimodal Machine Translation (2017); "
                "Czech: Barrault et al., Third Shared Task on Multimodal Machine Translation (2018); "
                "photos and English: Young et al., From Image Descriptions to Visual Denotations (2014)"
            ),
        ),
        *DATASETS,
    ]
