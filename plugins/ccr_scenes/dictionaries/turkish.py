"""English to Turkish."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ccr_scenes.grammar import turkish

NOUNS = {
    "circle": "daire",
    "disc": "disk",
    "square": "kare",
    "triangle": "üçgen",
    "star": "yıldız",
    "heart": "kalp",
    "cross": "haç",
    "ring": ("halka", "çember"),
    "diamond": ("baklava", "karo"),
    "moon": "ay",
    "crescent": "hilal",
    "arrow": "ok",
}
ADJECTIVES = {
    "red": "kırmızı",
    "green": "yeşil",
    "blue": "mavi",
    "yellow": "sarı",
    "orange": "turuncu",
    "purple": "mor",
    "violet": "mor",
    "pink": "pembe",
    "brown": "kahverengi",
    "black": ("siyah", "kara"),
    "white": "beyaz",
    "small": ("küçük", "ufak"),
    "little": "küçük",
    "large": "büyük",
    "big": "büyük",
}
SENSES = {"square": "meydan", "diamond": "elmas", "ring": "yüzük", "little": "az"}
PHRASES = {
    "there is": ("orada {nom} vardır ,", "{nom} vardır ,"),
    "you can see": ("{nom} görülüyor ,", "sen {acc} görebilirsin ,"),
    "a picture of": ("{gen} bir resmi ,", "{gen} bir fotoğrafı ,"),
    "here we have": "burada biz {acc} sahibiz ,",
    "is": "{} olmaktadır",
    "are": "{} olmaktadırlar",
    "is located": ("{} duruyor", "{} bulunuyor"),
    "are located": "{} bulunuyorlar",
    "is shown": "gösterilir {}",
    "are shown": "gösterilirler {}",
    "in the picture": ("resmin içinde", "resimde"),
    "which is": ("hangisi {} olmaktadır", "o {} olmaktadır"),
    "and the background shows": ("ve arka planda {} gösterir", "ve zemin {} gösterir"),
    "and there is": "ve {nom} vardır",
    "and also": "ve de {*}",
    "and": "ve",
    ",": ",",
    "to the left of": ("{gen} soluna", "{gen} solunda"),
    "left of": ("{gen} solundaki", "{gen} solunda"),
    "on the left side of": ("{gen} sol tarafında", "{gen} solundaki"),
    "on the left-hand side of": "{gen} sol el tarafında",
    "just left of": ("{gen} sadece solunda", "{acc} henüz terk etti"),
    "to the right of": ("{gen} sağına", "{gen} sağında"),
    "right of": ("{gen} sağındaki", "{gen} hakkı"),
    "on the right side of": ("{gen} sağ tarafında", "{gen} sağındaki"),
    "on the right-hand side of": "{gen} sağ el tarafında",
    "just right of": ("{gen} sadece sağında", "{gen} tam doğru"),
    "above": ("{gen} üstünde", "{gen} üzerinde"),
    "over": ("{gen} üstündeki", "{gen} üzerinde"),
    "right above": ("{gen} sağ üstünde", "{gen} tam üstünde"),
    "up above": "{gen} yukarı üstünde",
    "below": "{gen} altında",
    "under": ("{gen} altındaki", "{gen} altında"),
    "right below": ("{gen} sağ altında", "{gen} tam altında"),
    "down below": "{gen} aşağı altında",
    "on a meadow": ("bir çayırda", "bir çayır üzerinde", "bir çayır üzerinde"),
    "on the grass": "çimlerde",
    "out in the fields": "dışarı tarlaların içinde",
    "on a beach": ("bir sahilde", "bir sahil üzerinde", "bir sahil üzerinde"),
    "on the sand": "kumun üzerinde",
    "by the seaside": "deniz tarafı ile",
    "in the sea": ("denizde", "deniz içinde", "deniz içinde"),
    "in the water": "suyun içinde",
    "out at sea": "dışarı denizde",
    "in the snow": ("karda", "kar içinde", "kar içinde"),
    "in the deep snow": "derin karın içinde",
    "under the night sky": ("gece gökyüzünde", "gece gökyüzü altında", "gece gökyüzü altında"),
    "at night": "gecede",
    "in the dead of night": "gecenin ölüsünde",
    "in front of a brick wall": "bir tuğla duvarın önünde",
    "on a brick wall": "bir tuğla duvarda",
    "up against a brick wall": "bir tuğla duvara karşı yukarı",
    "a meadow": "bir çayır",
    "a beach": "bir sahil",
    "the sea": "deniz",
    "snow": "kar",
    "the night sky": "gece gökyüzü",
    "a brick wall": "bir tuğla duvar",
}
ARTICLES: dict[str, str] = {}
TO_ENGLISH = {  # "<" goes in front of the noun phrase before it
    **dict.fromkeys(("solunda", "sol tarafında", "solundaki"), "<to the left of"),
    **dict.fromkeys(("sağında", "sağ tarafında", "sağındaki"), "<to the right of"),
    **dict.fromkeys(("üstünde", "üzerinde", "üstündeki"), "<above"),
    **dict.fromkeys(("altında", "altındaki"), "<below"),
    **dict.fromkeys(("onun solunda", "onun sol tarafında"), "its left"),
    **dict.fromkeys(("onun sağında", "onun sağ tarafında"), "its right"),
    **dict.fromkeys(("onun üstünde", "onun üzerinde"), "on its top"),
    "onun altında": "at its bottom",
    "bir": "",
    "var": "<there is",
    "burada": "here",
    "görülüyor": "is seen",
    "ve": "and",
    "ile": "with",
    "ayrıca": "besides",
    "hepsi": "all of it",
    "zemin": "and the background shows",
    "arka planda": "and the background shows",
    "resimde": "in the picture",
    "bu resimde": "in this picture",
    **dict.fromkeys(("çayırda", "çimlerde"), "on a meadow"),
    "sahilde": "on a beach",
    "denizde": "in the sea",
    "karda": "in the snow",
    "gece gökyüzünde": "under the night sky",
    "tuğla duvarın önünde": "in front of a brick wall",
    "çayır": "a meadow",
    "sahil": "a beach",
    "deniz": "the sea",
    "kar": "snow",
    "gece gökyüzü": "the night sky",
    "tuğla duvar": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    case = case or "nom"
    if slip == "form":
        case = turkish.CASES[(turkish.CASES.index(case) + 1 + int(luck * 2)) % 3]
    if slip == "order":
        return " ".join([turkish.phrase(noun, (), article, case), *adjectives])
    # as in English: the article first
    return " ".join([*(["bir"] if article == "a" else []), turkish.phrase(noun, adjectives, "", case)])


def forms(word: str) -> set[str]:
    return set(turkish.NOUNS.get(word, (word,)))


SILENT = {"bir"}


def joined(text: str) -> str:
    return re.sub(r"\s*,[\s,]*", ", ", text).strip(", ")
