"""Swahili: noun classes that adjectives, the "of" before colours, verbs and relatives agree with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.clauses import Clauses
from ccr_scenes.grammar.paths import Said

CLASSES = {  # of nouns in the singular; all others: 9
    **dict.fromkeys(("mduara", "mraba", "moyo", "msalaba", "mwezi", "mshale"), 3),
    **dict.fromkeys(("duara", "jiwe"), 5),
    **dict.fromkeys(("kisahani",), 7),
}
OF = {3: "wa", 5: "la", 7: "cha", 9: "ya"}
VERB = {3: "u", 5: "li", 7: "ki", 9: "i"}  # "upo", "uko"
WHICH = {3: "ambao", 5: "ambalo", 7: "ambacho", 9: "ambayo"}
AGREEING = {
    "ekundu": {3: "mwekundu", 5: "jekundu", 7: "chekundu", 9: "nyekundu"},
    "eusi": {3: "mweusi", 5: "jeusi", 7: "cheusi", 9: "nyeusi"},
    "eupe": {3: "mweupe", 5: "jeupe", 7: "cheupe", 9: "nyeupe"},
    "dogo": {3: "mdogo", 5: "dogo", 7: "kidogo", 9: "ndogo"},
    "kubwa": {3: "mkubwa", 5: "kubwa", 7: "kikubwa", 9: "kubwa"},
}

SHAPES = {
    "circle": "duara",
    "square": "mraba",
    "triangle": "pembetatu",
    "star": "nyota",
    "heart": "moyo",
    "cross": "msalaba",
    "ring": "pete",
    "diamond": "almasi",
    "moon": ("mwezi", "hilali"),
    "arrow": "mshale",
}
COLOURS = {
    "red": "ekundu",
    "green": "kijani",
    "blue": "buluu",
    "yellow": "manjano",
    "orange": "machungwa",
    "purple": "zambarau",
    "pink": "waridi",
    "brown": "kahawia",
    "black": "eusi",
    "white": "eupe",
}
SIZES = {"small": "dogo", "large": "kubwa"}
PLACES = {
    "left": ("kushoto kwa", "upande wa kushoto wa"),
    "right": ("kulia kwa", "upande wa kulia wa"),
    "above": "juu ya",
    "below": "chini ya",
}
RESUMED = {"left": "kushoto kwake", "right": "kulia kwake", "above": "juu yake", "below": "chini yake"}
BACKGROUNDS = {
    "meadow": ("kwenye malisho", "kwenye nyasi"),
    "beach": ("ufukweni", "kwenye mchanga"),
    "sea": ("baharini", "kwenye maji"),
    "snow": "kwenye theluji",
    "night": "kwenye anga la usiku",
    "brick": "mbele ya ukuta wa matofali",
}
SCENES = {
    "meadow": "malisho",
    "beach": "ufuko",
    "sea": "bahari",
    "snow": "theluji",
    "night": "anga la usiku",
    "brick": "ukuta wa matofali",
}


def class_of(noun: str) -> int:
    return CLASSES.get(noun, 9)


def adjective(word: str, noun_class: int) -> str:
    """ "nyekundu", "ya kijani" """
    return AGREEING[word][noun_class] if word in AGREEING else f"{OF[noun_class]} {word}"


def phrase(noun: str, adjectives: Sequence[str], noun_class: int = 0) -> str:
    """A noun phrase, adjectives behind the noun in their order; `noun_class` overrules the noun's own."""
    return " ".join([noun, *(adjective(word, noun_class or class_of(noun)) for word in adjectives)])


class Swahili(Clauses):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS
    joint = " na "

    def np(self, said: Said, form: str = "") -> str:
        return phrase(said[0], said[1][::-1])  # the size last

    def place(self, relation: str, said: Said, form: str = "") -> str:
        return f"{self.pick(PLACES[relation])} {self.np(said)}"

    def resumed(self, relation: str, said: Said) -> str:
        return RESUMED[relation]

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        number = class_of(landmark[0])
        place = f"{self.place(near, landmark)} {WHICH[number]} {VERB[number]}ko {self.place(relation, far)}"
        return place, ","


def background_first(s: Swahili) -> str:
    """ufukweni, kushoto kwa moyo wa zambarau kuna nyota nyekundu kubwa"""
    where = s.where() or "katika picha hii"
    if not s.first.relations:
        return f"{where} kuna {s.nouns()}"
    subject, place, stop = s.placed()
    return f"{where}, {place}{stop} kuna {s.np(subject)}{s.others(' pamoja na ')}"


def fronted(s: Swahili) -> str:
    """kushoto kwa moyo wa zambarau ipo nyota nyekundu kubwa, ufukweni"""
    if not s.first.relations:
        return f"hapa pana {s.nouns()}{s.ending(', ')}"
    subject, place, stop = s.placed()
    verb = f"{VERB[class_of(subject[0])]}po"
    return f"{place}{stop} {verb} {s.np(subject)}{s.others(', pia ')}{s.ending(', ')}"


def landmark(s: Swahili) -> str:
    """moyo wa zambarau, kushoto kwake nyota nyekundu kubwa; mandhari ni ufuko"""
    told = s.steps(turned=True) + s.others(", pia ") if s.first.relations else s.nouns()
    return told + s.ending("; mandhari ni ", SCENES)


def seen(s: Swahili) -> str:
    """ufukweni tunaweza kuona nyota nyekundu kubwa iliyo kushoto kwa moyo wa zambarau"""
    where = s.ending("", after=" ")
    if not s.first.relations:
        return f"{where}tunaweza kuona {s.nouns()}"
    subject, place, _ = s.placed()
    which = {3: "ulio", 5: "lililo", 7: "kilicho", 9: "iliyo"}[class_of(subject[0])]
    return f"{where}tunaweza kuona {s.np(subject)} {which} {place}{s.others(', na pia ')}"


def stepwise(s: Swahili) -> str:
    """ndani ya picha mna nyota nyekundu kubwa na kulia kwake moyo wa zambarau; nyuma ni ufuko"""
    told = s.nouns()
    if s.first.relations:
        told = s.steps(link=" na ") + s.others(", pamoja na ")
    return f"ndani ya picha mna {told}" + s.ending("; nyuma ni ", SCENES)


def fragment(s: Swahili) -> str:
    """ufuko: nyota nyekundu kubwa kushoto kwa moyo wa zambarau"""
    scene = s.ending("", SCENES, ": ")
    if not s.first.relations:
        return scene + s.nouns()
    subject, place, _ = s.placed()
    return f"{scene}{s.np(subject)} {place}{s.others('; ')}"


TELLER = Swahili
STYLES: tuple[Callable[[Swahili], str], ...] = (background_first, fronted, landmark, seen, stepwise, fragment)
