"""What the datasets are: sizes, sources, licences, budgets. Their readers are imported by the run that uses them."""

from __future__ import annotations

from ccr import DatasetSpec, Recipe, TestSet

CORPUS = "cc300k"
ENCODER = "openclip:ViT-B-32/openai"

_ALIGN, _MATCH = 45_000 / 3, 7_000 / 3  # DASD's released steps of 128 captions, of each of three languages
_COCO_TERMS = "photos under Flickr's terms, as https://cocodataset.org says"
_FLICKR_TERMS = "photos under Flickr's terms, for non-commercial research and education"


def released(captions: int, **settings: object) -> Recipe:
    """As many steps per language as DASD's released settings, over a training split of `captions` per language."""
    epochs = {"align": _ALIGN * 128 / captions, "match": _MATCH * 128 / captions}
    return Recipe(batch_size=128, epochs=epochs, encoder_batch_size=128, dataset_settings=settings)


def _each(langs: tuple[str, ...], count: int) -> dict[str, int]:
    return dict.fromkeys(langs, count)


def _coco(name: str, folds: int) -> TestSet:
    return TestSet(
        id=name,
        langs=("en", "ja", "zh"),
        images={"en": 5_000, "ja": 5_000, "zh": 1_000},
        captions={"en": 25_000, "ja": 25_000, "zh": 1_053},
        folds=_each(("en", "ja"), folds) if folds > 1 else {},
    )


EMOJI = (
    "en", "af", "ak", "am", "ar", "as", "az", "ba", "be", "bg", "bn", "bs", "ca", "chr", "cs", "cv", "cy", "da", "de",
    "dsb", "el", "es", "et", "eu", "fa", "fi", "fil", "fo", "fr", "ga", "gd", "gl", "gu", "ha", "he", "hi", "hr", "hsb",
    "hu", "hy", "id", "ig", "is", "it", "ja", "jv", "ka", "kk", "kk-Arab", "km", "kn", "ko", "kok", "ky", "lo", "lt",
    "lv", "mk", "ml", "mn", "mr", "ms", "my", "ne", "nl", "no", "om", "or", "pa", "pcm", "pl", "ps", "pt", "qu", "rm",
    "ro", "ru", "sd", "shn", "si", "sk", "sl", "so", "sq", "sr", "sr-Latn", "sv", "sw", "ta", "te", "th", "ti", "tk",
    "to", "tr", "uk", "ur", "uz", "vi", "yo", "yo-BJ", "yue", "yue-Hans", "zh", "zh-Hant", "zu",
)  # fmt: skip
"""Locales of CLDR 48.2 that name more than four in five of the pictures."""
_EMOJI_TESTED = {
    **_each(EMOJI, 374),
    **{"am": 356, "ba": 372, "ha": 354, "ne": 356, "om": 353, "or": 356, "qu": 356, "rm": 371, "shn": 370, "zu": 356},
}
_XTD10 = ("en", "de", "es", "fr", "it", "ja", "ko", "pl", "ru", "tr", "zh")
_XFLICKRCO = ("en", "de", "es", "id", "ja", "ru", "tr", "zh")
_XM3600 = {
    "ar": 7367, "bn": 3600, "cs": 7207, "da": 7264, "de": 8643, "el": 7204, "en": 7200, "es": 8614, "fa": 7245,
    "fi": 7127, "fil": 7109, "fr": 8562, "he": 7200, "hi": 8503, "hr": 7280, "hu": 7216, "id": 7126, "it": 8471,
    "ja": 7185, "ko": 7650, "mi": 4732, "nl": 8059, "no": 7213, "pl": 7141, "pt": 7243, "quz": 7200, "ro": 7123,
    "ru": 7200, "sv": 7273, "sw": 7046, "te": 7200, "th": 7200, "tr": 7233, "uk": 7215, "vi": 7350, "zh": 7174,
}  # fmt: skip

DATASETS = (
    DatasetSpec(
        name="mscoco",
        factory="ccr_benchmarks.mscoco:MSCOCO",
        settings="ccr_benchmarks.mscoco:MSCOCOSettings",
        summary="MSCOCO, Karpathy's splits: English; Japanese by STAIR; Chinese by COCO-CN on its own test photos",
        target_langs=("ja", "zh"),
        test_sets=(_coco("coco-5k", 1), _coco("coco-1k", 5)),
        recipes={"released": released(566_435)},  # 113,287 photos with five captions
        encoder=ENCODER,
        corpus=CORPUS,
        image_sources=("mscoco",),
        needs_root=True,
        holds_mt=False,
        licence=(
            "English and STAIR captions CC BY 4.0; COCO-CN: repository under MIT, captions given on request by a form; "
            f"{_COCO_TERMS}"
        ),
        citation=(
            "Lin et al.: Microsoft COCO (2014); splits: Karpathy and Fei-Fei, Deep Visual-Semantic Alignments (2015); "
            "ja: Yoshikawa, Shigeto and Takeuchi, STAIR Captions (2017); zh: Li et al., COCO-CN for Cross-Lingual "
            "Image Tagging, Captioning and Retrieval (2019)"
        ),
    ),
    DatasetSpec(
        name="cc300k",
        factory="ccr_benchmarks.cc300k:CC300K",
        settings="ccr_benchmarks.cc300k:CC300KSettings",
        summary="300,000 pictures of Conceptual Captions with English alt-texts: what zero-shot trains on",
        encoder=ENCODER,
        image_sources=("cc3m",),
        needs_root=True,
        holds_mt=False,
        licence="captions free for any purpose, Google asks to be acknowledged; pictures under their owners' terms",
        citation="Sharma, Ding, Goodman and Soricut: Conceptual Captions (2018)",
    ),
    DatasetSpec(
        name="msrvtt",
        factory="ccr_benchmarks.msrvtt:MSRVTT",
        settings="ccr_benchmarks.msrvtt:MSRVTTSettings",
        summary="10,000 clips from the web with twenty English captions each; Chinese by MSR-VTT-CN",
        target_langs=("zh",),
        test_sets=(
            TestSet(
                id="msrvtt-full",
                langs=("en", "zh"),
                images=_each(("en", "zh"), 2_990),
                captions=_each(("en", "zh"), 59_800),
            ),
            TestSet(
                id="msrvtt-1ka",
                langs=("en", "zh"),
                images=_each(("en", "zh"), 1_000),
                captions=_each(("en", "zh"), 1_000),
            ),
        ),
        # 6,513 clips of the official split, or 8,503 of the 9,000, with twenty captions each
        recipes={"released": released(130_260), "9k": released(170_060, train="9k")},
        encoder=ENCODER,
        corpus=CORPUS,
        image_sources=("msrvtt",),
        needs_root=True,
        holds_mt=False,
        licence=(
            "English captions: none named by their publisher, on Microsoft's page of the paper; MSR-VTT-CN: none named "
            "by its publisher, whose code is Apache 2.0; clips under YouTube's terms"
        ),
        citation=(
            "Xu, Mei, Yao and Rui: MSR-VTT (2016); 1kA: Yu, Kim and Kim, A Joint Sequence Fusion Model (2018); zh: "
            "Wang et al., Cross-Lingual Cross-Modal Retrieval with Noise-Robust Learning (2022)"
        ),
    ),
    DatasetSpec(
        name="flickr8k-cn",
        factory="ccr_benchmarks.flickr8k_cn:Flickr8kCN",
        settings="ccr_benchmarks.flickr8k_cn:Flickr8kCNSettings",
        summary="Flickr8k photos; five captions by people in en and in zh, published machine translations to train on",
        target_langs=("zh",),
        test_sets=tuple(
            TestSet(
                id=f"flickr8k-cn-{name}",
                langs=("en", "zh"),
                images=_each(("en", "zh"), 1_000),
                captions=_each(("en", "zh"), 5_000),
            )
            for name in ("written", "translated")
        ),
        recipes={"released": released(30_000)},
        encoder=ENCODER,
        corpus=CORPUS,
        image_sources=("flickr8k", "flickr30k"),
        needs_root=True,
        licence=f"captions: none named by their publisher, whose repository holds no LICENSE; {_FLICKR_TERMS}",
        citation=(
            "Li, Lan, Dong and Liu: Adding Chinese Captions to Images (2016); photos and English: Hodosh, Young and "
            "Hockenmaier, Framing Image Description as a Ranking Task (2013)"
        ),
    ),
    DatasetSpec(
        name="xtd10",
        factory="ccr_benchmarks.xtd10:XTD10",
        summary="1,000 MSCOCO photos, one caption in each of eleven languages; a test collection",
        target_langs=_XTD10[1:],
        test_sets=(TestSet(id="xtd10-1k", langs=_XTD10, images=_each(_XTD10, 1_000), captions=_each(_XTD10, 1_000)),),
        protocol="zero-shot",
        encoder=ENCODER,
        corpus=CORPUS,
        image_sources=("mscoco",),
        needs_root=True,
        holds_mt=False,
        licence=f"captions under the Adobe Research licence, non-commercial; {_COCO_TERMS}",
        citation=(
            "Aggarwal and Kale: Towards Zero-shot Cross-lingual Image Retrieval (2020); de, fr: Rajendran et al., "
            "Bridge Correlational Neural Networks (2016); ja: Yoshikawa et al., STAIR Captions (2017)"
        ),
    ),
    DatasetSpec(
        name="xflickrco",
        factory="ccr_benchmarks.xflickrco:XFlickrCO",
        settings="ccr_benchmarks.xflickrco:XFlickrCOSettings",
        summary="2,000 photos of Flickr30K and MSCOCO, one caption in each of eight languages; a test collection",
        target_langs=_XFLICKRCO[1:],
        test_sets=(
            TestSet(
                id="xflickrco-2k",
                langs=_XFLICKRCO,
                images=_each(_XFLICKRCO, 2_000),
                captions=_each(_XFLICKRCO, 2_000),  # one of de and one of id are empty, as published
            ),
        ),
        protocol="zero-shot",
        encoder=ENCODER,
        corpus=CORPUS,
        image_sources=("flickr30k", "mscoco"),
        needs_root=True,
        holds_mt=False,
        licence=(
            "captions in a repository under MIT, whose README says that data are under licences of their own; "
            f"{_FLICKR_TERMS}"
        ),
        citation="Bugliarello et al.: IGLUE, Transfer Learning across Modalities, Tasks, and Languages (2022)",
    ),
    DatasetSpec(
        name="xm3600",
        factory="ccr_benchmarks.xm3600:XM3600",
        summary="3,600 photos from all over the world, captions by people in 36 languages; a test collection",
        target_langs=tuple(lang for lang in _XM3600 if lang != "en"),
        test_sets=(
            TestSet(
                id="xm3600-first",
                langs=tuple(_XM3600),
                images=_each(tuple(_XM3600), 3_600),
                captions=_each(tuple(_XM3600), 3_600),
            ),
            TestSet(id="xm3600-all", langs=tuple(_XM3600), images=_each(tuple(_XM3600), 3_600), captions=_XM3600),
        ),
        protocol="zero-shot",
        encoder=ENCODER,
        corpus=CORPUS,
        image_sources=("open-images",),
        needs_root=True,
        holds_mt=False,
        licence="captions CC BY 4.0; photos CC BY 2.0, of Open Images",
        citation="Thapliyal, Pont-Tuset, Chen and Soricut: Crossmodal-3600 (2022)",
    ),
    DatasetSpec(
        name="emoji",
        factory="ccr_benchmarks.emoji:Emoji",
        summary="3,786 emoji with their names in 106 languages; tested on new combinations of person and skin tone",
        target_langs=EMOJI[1:],
        test_sets=(TestSet(id="emoji-tones", langs=EMOJI, images=_EMOJI_TESTED, captions=_EMOJI_TESTED),),
        recipes={
            "small": Recipe(  # for encoders of one's own; no CLIP was measured on it
                epochs={"align": 6, "match": 3},
                lr_scale={"align": 5, "match": 50},
                size_scale=0.25,
                validations=3,
                encoder_epochs=2,
                encoder_lr=1e-4,
                vocabulary=8_000,
            ),
        },
        protocol="finetune-human",
        encoder=ENCODER,
        image_sources=("emoji-google",),
        needs_root=True,
        holds_mt=False,
        licence="pictures: Noto Emoji, Apache 2.0; names: CLDR, Unicode License v3; emoji-datasource: MIT",
        citation="Unicode CLDR 48.2; Google: Noto Emoji; Cal Henderson: emoji-data 16.0.0",
    ),
)
