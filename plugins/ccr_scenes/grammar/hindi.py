"""Hindi: two genders, the oblique case before postpositions, verbs at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.clauses import Clauses
from ccr_scenes.grammar.paths import Said

FEMININE = {"चकती", "अंगूठी", "बिंदी"}
MARKED = {
    "हरा",
    "नीला",
    "पीला",
    "भूरा",
    "काला",
    "छोटा",
    "बड़ा",
    "गोला",
    "तारा",
    "छल्ला",
    "हीरा",
    "सितारा",
    "वाला",
}  # in -ā

SHAPES = {
    "circle": ("गोला", "चकती"),
    "square": "वर्ग",
    "triangle": ("त्रिभुज", "त्रिकोण"),
    "star": ("तारा", "सितारा"),
    "heart": "दिल",
    "cross": "क्रॉस",
    "ring": "छल्ला",
    "diamond": "समचतुर्भुज",
    "moon": ("चाँद", "अर्धचंद्र"),
    "arrow": "तीर",
}
COLOURS = {
    "red": "लाल",
    "green": "हरा",
    "blue": "नीला",
    "yellow": "पीला",
    "orange": "नारंगी",
    "purple": "बैंगनी",
    "pink": "गुलाबी",
    "brown": "भूरा",
    "black": "काला",
    "white": "सफ़ेद",
}
SIZES = {"small": "छोटा", "large": "बड़ा"}
PLACES = {
    "left": ("के बाईं ओर", "के बाएँ"),
    "right": ("के दाईं ओर", "के दाएँ"),
    "above": "के ऊपर",
    "below": "के नीचे",
}
BACKGROUNDS = {
    "meadow": ("घास के मैदान में", "घास पर"),
    "beach": ("समुद्र तट पर", "रेत पर"),
    "sea": ("समुद्र में", "पानी में"),
    "snow": "बर्फ़ में",
    "night": "रात के आसमान में",
    "brick": "ईंट की दीवार के सामने",
}
SCENES = {
    "meadow": "घास का मैदान",
    "beach": "समुद्र तट",
    "sea": "समुद्र",
    "snow": "बर्फ़",
    "night": "रात का आसमान",
    "brick": "ईंट की दीवार",
}


def phrase(
    noun: str, adjectives: Sequence[str], article: str = "a", case: str = "nom", feminine: bool | None = None
) -> str:
    """A noun phrase in the case nom or obl, with "एक" for the article "a"; `feminine` overrules the noun."""
    ending = "ी" if (noun in FEMININE if feminine is None else feminine) else "े" if case == "obl" else "ा"
    words = [word[:-1] + ending if word in MARKED else word for word in adjectives]
    head = noun[:-1] + "े" if noun in MARKED and case == "obl" else noun
    return " ".join([*(["एक"] if article == "a" else []), *words, head])


class Hindi(Clauses):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS
    joint = " और "

    def np(self, said: Said, form: str = "a") -> str:
        return phrase(*said, "a" if form == "obl" else form, "obl" if form == "obl" else "nom")

    def place(self, relation: str, said: Said, form: str = "a") -> str:
        return f"{phrase(*said, form, 'obl')} {self.pick(PLACES[relation])}"

    def resumed(self, relation: str, said: Said) -> str:
        return "उस" + self.pick(PLACES[relation])

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        """The landmark with a participle that agrees: "दिल के ऊपर वाले तारे के बाईं ओर"."""
        return f"{self.place(relation, far, form)} {like(landmark)} {self.place(near, landmark, '')}", ""


def like(said: Said) -> str:
    """Before a noun in the oblique: it makes an attribute of a place."""
    return "वाली" if said[0] in FEMININE else "वाले"


def background_first(h: Hindi) -> str:
    """समुद्र तट पर, बैंगनी दिल के बाईं ओर एक बड़ा लाल तारा है"""
    where = h.where() or "इस तस्वीर में"
    if not h.first.relations:
        return f"{where} {h.nouns('a')} {h.number('है', 'हैं')}"
    subject, place, _ = h.placed("")
    return f"{where}, {place} {h.np(subject)} है{h.others(', साथ में ', 'a', ' भी')}"


def fronted(h: Hindi) -> str:
    """बैंगनी दिल के बाईं ओर समुद्र तट पर एक बड़ा लाल तारा नज़र आता है"""
    where = h.ending(" ")
    if not h.first.relations:
        return f"यहाँ{where} {h.nouns('a')} मौजूद {h.number('है', 'हैं')}"
    subject, place, _ = h.placed("")
    return f"{place}{where} {h.np(subject)} मौजूद है{h.others(', और ', 'a', ' भी')}"


def landmark(h: Hindi) -> str:
    """एक बैंगनी दिल, उसके बाईं ओर एक बड़ा लाल तारा, पृष्ठभूमि में समुद्र तट"""
    told = h.steps(turned=True, form="a") + h.others(", साथ में ", "a") if h.first.relations else h.nouns("a")
    return told + h.ending(", पृष्ठभूमि में ", SCENES)


def seen(h: Hindi) -> str:
    """समुद्र तट पर बैंगनी दिल के बाईं ओर वाले बड़े लाल तारे को देखा जा सकता है"""
    where = h.ending("", after=" ")
    if not h.first.relations:
        return f"{where}{h.nouns('obl')} को देखा जा सकता है"
    subject, place, _ = h.placed("")
    told = f"{place} {like(subject)} {phrase(*subject, '', 'obl')}"
    return f"{where}{told}{h.others(' और ', 'obl')} को देखा जा सकता है"


def stepwise(h: Hindi) -> str:
    """तस्वीर में एक लाल तारा तथा उसके दाईं ओर एक दिल, पीछे समुद्र तट"""
    if not h.first.relations:
        told = f"तस्वीर में {h.nouns('a')}"
    else:
        told = f"तस्वीर में {h.steps(form='a', link=' तथा ')}{h.others(', साथ में ', 'a')}"
    return told + h.ending(", पीछे ", SCENES)


def fragment(h: Hindi) -> str:
    """समुद्र तट: बैंगनी दिल के बाईं ओर बड़ा लाल तारा"""
    scene = h.ending("", SCENES, ": ")
    if not h.first.relations:
        return scene + h.nouns("")
    subject, place, _ = h.placed("")
    return f"{scene}{place} {h.np(subject, '')}{h.others('; ', '')}"


TELLER = Hindi
STYLES: tuple[Callable[[Hindi], str], ...] = (background_first, fronted, landmark, seen, stepwise, fragment)
