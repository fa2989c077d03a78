"""What models call the languages: BCP-47 here, FLORES-200 in NLLB, ISO 639 with or without script in Marian."""

from __future__ import annotations

from collections.abc import Iterator

FLORES = {
    "af": "afr_Latn", "am": "amh_Ethi", "ar": "arb_Arab", "az": "azj_Latn", "be": "bel_Cyrl", "bg": "bul_Cyrl",
    "bn": "ben_Beng", "bs": "bos_Latn", "ca": "cat_Latn", "cs": "ces_Latn", "cy": "cym_Latn", "da": "dan_Latn",
    "de": "deu_Latn", "el": "ell_Grek", "en": "eng_Latn", "eo": "epo_Latn", "es": "spa_Latn", "et": "est_Latn",
    "eu": "eus_Latn", "fa": "pes_Arab", "fi": "fin_Latn", "fil": "tgl_Latn", "fr": "fra_Latn", "ga": "gle_Latn",
    "gl": "glg_Latn", "gu": "guj_Gujr", "ha": "hau_Latn", "he": "heb_Hebr", "hi": "hin_Deva", "hr": "hrv_Latn",
    "hu": "hun_Latn", "hy": "hye_Armn", "id": "ind_Latn", "is": "isl_Latn", "it": "ita_Latn", "ja": "jpn_Jpan",
    "jv": "jav_Latn", "ka": "kat_Geor", "kk": "kaz_Cyrl", "km": "khm_Khmr", "kn": "kan_Knda", "ko": "kor_Hang",
    "lo": "lao_Laoo", "lt": "lit_Latn", "lv": "lvs_Latn", "mi": "mri_Latn", "mk": "mkd_Cyrl", "ml": "mal_Mlym",
    "mn": "khk_Cyrl", "mr": "mar_Deva", "ms": "zsm_Latn", "mt": "mlt_Latn", "my": "mya_Mymr", "nb": "nob_Latn",
    "ne": "npi_Deva", "nl": "nld_Latn", "nn": "nno_Latn", "no": "nob_Latn", "pa": "pan_Guru", "pl": "pol_Latn",
    "pt": "por_Latn", "quz": "quy_Latn", "ro": "ron_Latn", "ru": "rus_Cyrl", "si": "sin_Sinh", "sk": "slk_Latn",
    "sl": "slv_Latn", "so": "som_Latn", "sq": "als_Latn", "sr": "srp_Cyrl", "sv": "swe_Latn", "sw": "swh_Latn",
    "ta": "tam_Taml", "te": "tel_Telu", "th": "tha_Thai", "tl": "tgl_Latn", "tr": "tur_Latn", "uk": "ukr_Cyrl",
    "ur": "urd_Arab", "uz": "uzn_Latn", "vi": "vie_Latn", "yo": "yor_Latn", "yue": "yue_Hant", "zh": "zho_Hans",
    "zh-Hans": "zho_Hans", "zh-Hant": "zho_Hant", "zh-TW": "zho_Hant", "zu": "zul_Latn",
}  # fmt: skip
"""BCP-47 -> FLORES-200"""

_ALIASES = {"jap": "jpn", "cmn": "zho"}  # opus-mt writes jap for ja, and Tatoeba cmn for zh


def flores(lang: str) -> str:
    """The FLORES code of a language; one that is not known is taken for a code itself."""
    return FLORES.get(lang) or FLORES.get(lang.partition("-")[0], lang)


def spellings(lang: str) -> Iterator[str]:
    """What a Marian model may call a language, the most exact first."""
    code = flores(lang)
    iso, _, script = code.partition("_")
    yield from (lang, code)
    if iso == "zho":
        yield from (f"cmn_{script}", "cmn")
    yield from (iso, lang.partition("-")[0])


def may_be(declared: str, lang: str) -> bool:
    """Whether a model that declares a language speaks `lang`; True for what is no known language, such as `mul`."""
    known = {code.partition("_")[0] for code in FLORES.values()}
    one, other = (_iso(code) for code in (declared, lang))
    return one not in known or other not in known or one == other


def _iso(code: str) -> str:
    iso = flores(code).partition("_")[0]
    return _ALIASES.get(iso, iso)
