"""English to Hindi."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ccr_scenes.grammar import hindi

NOUNS = {
    "circle": ("गोला", "चकती", "चकती"),
    "disc": "चकती",
    "square": "वर्ग",
    "triangle": ("त्रिभुज", "त्रिकोण"),
    "star": ("तारा", "सितारा"),
    "heart": "दिल",
    "cross": "क्रॉस",
    "ring": "छल्ला",
    "diamond": "समचतुर्भुज",
    "rhombus": "समचतुर्भुज",
    "moon": "चाँद",
    "crescent": "अर्धचंद्र",
    "arrow": "तीर",
}
ADJECTIVES = {
    "red": "लाल",
    "green": "हरा",
    "blue": "नीला",
    "yellow": "पीला",
    "orange": "नारंगी",
    "purple": "बैंगनी",
    "violet": "बैंगनी",
    "pink": "गुलाबी",
    "brown": "भूरा",
    "black": "काला",
    "white": "सफ़ेद",
    "small": "छोटा",
    "little": "छोटा",
    "large": "बड़ा",
    "big": "बड़ा",
}
SENSES = {"square": "चौक", "diamond": "हीरा", "ring": "अंगूठी", "orange": "संतरा", "little": "थोड़ा"}
PHRASES = {
    "there is": ("वहाँ है {nom}", "वहाँ {nom} है"),
    "you can see": ("आप देख सकते हैं {nom}", "तुम {obl} को देख सकते हो"),
    "a picture of": ("{obl} की एक तस्वीर", "एक तस्वीर {obl} की"),
    "here we have": "यहाँ हमारे पास है {nom}",
    "is": "है",
    "are": "हैं",
    "is located": ("स्थित है", "मौजूद है"),
    "are located": ("स्थित हैं", "मौजूद हैं"),
    "is shown": "दिखाया जाता है",
    "are shown": "दिखाए जाते हैं",
    "in the picture": "तस्वीर के अंदर",
    "which is": ("जो है", "कौन सा है"),
    "and the background shows": ("और पृष्ठभूमि दिखाती है {nom}", "और पीछे का भाग दिखाता है {nom}"),
    "and there is": "और वहाँ है {nom}",
    "and also": "और भी {*}",
    "and": "और",
    ",": ",",
    "to the left of": ("{obl} के बाईं ओर को", "{obl} के बाएँ"),
    "left of": ("{obl} के बाएँ", "{obl} से छूटा"),
    "on the left side of": "{obl} के बाईं ओर पर",
    "on the left-hand side of": "{obl} के बाएँ हाथ की ओर",
    "just left of": ("बस {obl} के बाएँ", "अभी छोड़ा {obl} का"),
    "to the right of": ("{obl} के दाईं ओर को", "{obl} के दाएँ"),
    "right of": ("{obl} के दाएँ", "{obl} का अधिकार"),
    "on the right side of": "{obl} के दाईं ओर पर",
    "on the right-hand side of": "{obl} के दाएँ हाथ की ओर",
    "just right of": ("बस {obl} के दाएँ", "बिल्कुल सही {obl} का"),
    "above": "{obl} के ऊपर",
    "over": ("{obl} के ऊपर", "{obl} के पार"),
    "right above": ("{obl} के दाएँ ऊपर", "{obl} के ठीक ऊपर"),
    "up above": "{obl} के ऊपर ऊपर",
    "below": "{obl} के नीचे",
    "under": "{obl} के नीचे",
    "right below": ("{obl} के दाएँ नीचे", "{obl} के ठीक नीचे"),
    "down below": "{obl} के नीचे नीचे",
    "on a meadow": ("एक घास के मैदान पर", "एक घास के मैदान में"),
    "on the grass": "घास पर",
    "out in the fields": "बाहर खेतों में",
    "on a beach": "एक समुद्र तट पर",
    "on the sand": "रेत पर",
    "by the seaside": "समुद्र की तरफ़ द्वारा",
    "in the sea": "समुद्र में",
    "in the water": "पानी में",
    "out at sea": "बाहर समुद्र पर",
    "in the snow": "बर्फ़ में",
    "in the deep snow": "गहरी बर्फ़ में",
    "under the night sky": ("रात के आसमान के नीचे", "रात के आसमान में"),
    "at night": "रात को",
    "in the dead of night": "रात के मृत में",
    "in front of a brick wall": "एक ईंट की दीवार के सामने",
    "on a brick wall": "एक ईंट की दीवार पर",
    "up against a brick wall": "ऊपर एक ईंट की दीवार के विरुद्ध",
    "a meadow": "एक घास का मैदान",
    "a beach": "एक समुद्र तट",
    "the sea": "समुद्र",
    "snow": "बर्फ़",
    "the night sky": "रात का आसमान",
    "a brick wall": "एक ईंट की दीवार",
}
ARTICLES = {"एक": "a"}
TO_ENGLISH = {  # "<" goes in front of the noun phrase before it
    **dict.fromkeys(("के बाईं ओर", "के बाएँ"), "<to the left of"),
    **dict.fromkeys(("के दाईं ओर", "के दाएँ"), "<to the right of"),
    "के ऊपर": "<above",
    "के नीचे": "<below",
    **dict.fromkeys(("उसके बाईं ओर", "उसके बाएँ"), "on its left"),
    **dict.fromkeys(("उसके दाईं ओर", "उसके दाएँ"), "on its right"),
    "उसके ऊपर": "above it",
    "उसके नीचे": "below it",
    **dict.fromkeys(("वाला", "वाले", "वाली"), ""),
    **dict.fromkeys(("है", "हैं"), "<there is"),
    **dict.fromkeys(("मौजूद है", "मौजूद हैं"), "<is present"),
    "को देखा जा सकता है": "<can be seen",
    "को": "",
    "भी": "also",
    "और": "and",
    "तथा": "and",
    "यहाँ": "here",
    "साथ में": "together with",
    "पृष्ठभूमि में": "and the background shows",
    "पीछे": "and the background shows",
    "तस्वीर में": "in the picture",
    "इस तस्वीर में": "in this picture",
    **dict.fromkeys(("घास के मैदान में", "घास पर"), "on a meadow"),
    **dict.fromkeys(("समुद्र तट पर", "रेत पर"), "on a beach"),
    **dict.fromkeys(("समुद्र में", "पानी में"), "in the sea"),
    "बर्फ़ में": "in the snow",
    "रात के आसमान में": "under the night sky",
    "ईंट की दीवार के सामने": "in front of a brick wall",
    "घास का मैदान": "a meadow",
    "समुद्र तट": "a beach",
    "समुद्र": "the sea",
    "बर्फ़": "snow",
    "रात का आसमान": "the night sky",
    "ईंट की दीवार": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    """A slip of form is a wrong gender, or a case that is not put into the oblique."""
    case = "nom" if case != "obl" or (slip == "form" and luck < 0.5) else "obl"
    feminine = noun not in hindi.FEMININE if slip == "form" and luck >= 0.5 else None
    if slip == "order":
        words = hindi.phrase("", adjectives, "", case, noun in hindi.FEMININE).split()
        return " ".join([hindi.phrase(noun, (), article, case), *words])
    return hindi.phrase(noun, adjectives, "a" if article == "a" else "", case, feminine)


def forms(word: str) -> set[str]:
    return {word[:-1] + ending for ending in "ाेी"} if word in hindi.MARKED else {word}


def joined(text: str) -> str:
    return re.sub(r"\s*,[\s,]*", ", ", text).strip(", ")
