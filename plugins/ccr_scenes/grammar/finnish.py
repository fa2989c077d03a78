"""Finnish: cases instead of prepositions, adjectives that agree, no articles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.clauses import Clauses
from ccr_scenes.grammar.paths import Said

CASES = ("nom", "gen", "par", "ela")
WORDS = {  # nouns and adjectives, case by case
    word: (word, *forms.split())
    for word, forms in {
        "ympyrä": "ympyrän ympyrää ympyrästä",
        "kiekko": "kiekon kiekkoa kiekosta",
        "neliö": "neliön neliötä neliöstä",
        "aukio": "aukion aukiota aukiosta",
        "kolmio": "kolmion kolmiota kolmiosta",
        "tähti": "tähden tähteä tähdestä",
        "sydän": "sydämen sydäntä sydämestä",
        "risti": "ristin ristiä rististä",
        "rengas": "renkaan rengasta renkaasta",
        "sormus": "sormuksen sormusta sormuksesta",
        "vinoneliö": "vinoneliön vinoneliötä vinoneliöstä",
        "timantti": "timantin timanttia timantista",
        "kuu": "kuun kuuta kuusta",
        "kuunsirppi": "kuunsirpin kuunsirppiä kuunsirpistä",
        "nuoli": "nuolen nuolta nuolesta",
        "punainen": "punaisen punaista punaisesta",
        "vihreä": "vihreän vihreää vihreästä",
        "sininen": "sinisen sinistä sinisestä",
        "keltainen": "keltaisen keltaista keltaisesta",
        "oranssi": "oranssin oranssia oranssista",
        "violetti": "violetin violettia violetista",
        "vaaleanpunainen": "vaaleanpunaisen vaaleanpunaista vaaleanpunaisesta",
        "ruskea": "ruskean ruskeaa ruskeasta",
        "musta": "mustan mustaa mustasta",
        "valkoinen": "valkoisen valkoista valkoisesta",
        "pieni": "pienen pientä pienestä",
        "suuri": "suuren suurta suuresta",
        "iso": "ison isoa isosta",
    }.items()
}

SHAPES = {
    "circle": ("ympyrä", "kiekko"),
    "square": "neliö",
    "triangle": "kolmio",
    "star": "tähti",
    "heart": "sydän",
    "cross": "risti",
    "ring": "rengas",
    "diamond": "vinoneliö",
    "moon": ("kuu", "kuunsirppi"),
    "arrow": "nuoli",
}
COLOURS = {
    "red": "punainen",
    "green": "vihreä",
    "blue": "sininen",
    "yellow": "keltainen",
    "orange": "oranssi",
    "purple": "violetti",
    "pink": "vaaleanpunainen",
    "brown": "ruskea",
    "black": "musta",
    "white": "valkoinen",
}
SIZES = {"small": "pieni", "large": ("suuri", "iso")}
PLACES = {  # behind the genitive
    "left": "vasemmalla puolella",
    "right": "oikealla puolella",
    "above": ("yläpuolella", "päällä"),
    "below": ("alapuolella", "alla"),
}
BACKGROUNDS = {
    "meadow": ("niityllä", "nurmikolla"),
    "beach": ("rannalla", "hiekalla"),
    "sea": ("meressä", "vedessä"),
    "snow": "lumessa",
    "night": "yötaivaalla",
    "brick": "tiiliseinän edessä",
}
SCENES = {
    "meadow": "niitty",
    "beach": "ranta",
    "sea": "meri",
    "snow": "lumi",
    "night": "yötaivas",
    "brick": "tiiliseinä",
}


def phrase(noun: str, adjectives: Sequence[str], case: str = "nom", noun_case: str = "") -> str:
    """A noun phrase in the case nom, gen, par or ela; `noun_case` is another one of the noun alone."""
    words = [WORDS[word][CASES.index(case)] if word in WORDS else word for word in adjectives]
    return " ".join([*words, WORDS[noun][CASES.index(noun_case or case)] if noun in WORDS else noun])


class Finnish(Clauses):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS
    joint = " ja "

    def np(self, said: Said, form: str = "nom") -> str:
        return phrase(*said, form if form in CASES else "nom")

    def place(self, relation: str, said: Said, form: str = "") -> str:
        return f"{phrase(*said, 'gen')} {self.pick(PLACES[relation])}"

    def resumed(self, relation: str, said: Said) -> str:
        return f"sen {self.pick(PLACES[relation])}"

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        """A participle that agrees: "sydämen yläpuolella olevan tähden vasemmalla puolella"."""
        return f"{self.place(relation, far)} olevan {self.place(near, landmark)}", ""


def background_first(f: Finnish) -> str:
    """rannalla, violetin sydämen vasemmalla puolella on suuri punainen tähti"""
    where = f.where() or "tässä kuvassa"
    if not f.first.relations:
        return f"{where} näkyy {f.nouns()}"
    subject, place, _ = f.placed()
    return f"{where}, {place} on {f.np(subject)}{f.others(' sekä ')}"


def fronted(f: Finnish) -> str:
    """violetin sydämen vasemmalla puolella näkyy suuri punainen tähti, taustalla ranta"""
    told = f"tässä näkyy {f.nouns()}"
    if f.first.relations:
        subject, place, _ = f.placed()
        told = f"{place} näkyy {f.np(subject)}{f.others(' ja lisäksi ')}"
    return told + f.ending(", taustalla ", SCENES)


def landmark(f: Finnish) -> str:
    """violetti sydän, sen vasemmalla puolella suuri punainen tähti, kaikki rannalla"""
    told = f.steps(turned=True) + f.others(", lisäksi ") if f.first.relations else f.nouns()
    single = not f.first.relations and len(f.alone) == 1
    return told + f.ending(", " if single else ", kaikki ")


def seen(f: Finnish) -> str:
    """rannalla voi nähdä suuren punaisen tähden, joka on violetin sydämen vasemmalla puolella"""
    where = f.ending("", after=" ")
    if not f.first.relations:
        return f"{where}voi nähdä {f.nouns('gen')}"
    subject, place, _ = f.placed()
    return f"{where}voi nähdä {f.np(subject, 'gen')}, joka on {place}{f.others(', sekä ', 'gen')}"


def stepwise(f: Finnish) -> str:
    """kuvassa näkyy suuri punainen tähti ja sen oikealla puolella violetti sydän, taustalla ranta"""
    told = f"kuvassa näkyy {f.nouns()}"
    if f.first.relations:
        told = f"kuvassa näkyy {f.steps(link=' ja ')}{f.others(', lisäksi ')}"
    return told + f.ending(", taustalla ", SCENES)


def fragment(f: Finnish) -> str:
    """ranta: violetin sydämen vasemmalla puolella suuri punainen tähti"""
    scene = f.ending("", SCENES, ": ")
    if not f.first.relations:
        return scene + f.nouns()
    subject, place, _ = f.placed()
    return f"{scene}{place} {f.np(subject)}{f.others('; ')}"


TELLER = Finnish
STYLES: tuple[Callable[[Finnish], str], ...] = (background_first, fronted, landmark, seen, stepwise, fragment)
