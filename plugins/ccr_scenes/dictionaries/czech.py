"""English to Czech."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import czech

NOUNS = {
    "circle": ("kruh", "kružnice", "kružnice"),
    "disc": "kolečko",
    "square": "čtverec",
    "triangle": "trojúhelník",
    "star": "hvězda",
    "heart": "srdce",
    "cross": "kříž",
    "ring": ("kroužek", "obruč", "obruč"),
    "diamond": ("kosočtverec", "kára", "kára"),
    "moon": ("luna", "měsíc", "měsíc"),
    "crescent": "půlměsíc",
    "arrow": "šipka",
}
ADJECTIVES = {
    "red": "červen",
    "green": "zelen",
    "blue": "modr",
    "yellow": "žlut",
    "orange": "oranžov",
    "purple": "fialov",
    "violet": "fialov",
    "pink": "růžov",
    "brown": "hněd",
    "black": "čern",
    "white": "bíl",
    "small": "mal",
    "little": "mal",
    "large": "velk",
    "big": "velk",
}
SENSES = {"square": "náměstí", "diamond": "diamant", "ring": "prsten", "little": "málo"}
PHRASES = {
    "there is": ("je tam {nom}", "existuje {nom}"),
    "you can see": ("je vidět {nom}", "můžete vidět {acc}", "můžete vidět {acc}"),
    "a picture of": ("obrázek {gen}", "obrázek s {ins}"),
    "here we have": ("tady je {nom}", "tady máme {acc}"),
    "is": "je",
    "are": "jsou",
    "is located": ("se nachází", "je umístěn"),
    "are located": "se nachází",
    "is shown": "je ukázán",
    "are shown": "jsou ukázány",
    "in the picture": ("na obrázku", "v obrázku"),
    "which is": ("který je", "což je"),
    "and the background shows": "a pozadí ukazuje {acc}",
    "and there is": ("a je tam {nom}", "a existuje {nom}"),
    "and also": "a také {*}",
    "and": "a",
    ",": ",",
    "to the left of": ("vlevo od {gen}", "nalevo od {gen}"),
    "left of": ("nalevo od {gen}", "levý od {gen}"),
    "on the left side of": "na levé straně {gen}",
    "on the left-hand side of": "na levoruké straně {gen}",
    "just left of": ("jen vlevo od {gen}", "právě odešel od {gen}"),
    "to the right of": ("vpravo od {gen}", "napravo od {gen}"),
    "right of": ("napravo od {gen}", "pravý od {gen}"),
    "on the right side of": "na pravé straně {gen}",
    "on the right-hand side of": "na pravoruké straně {gen}",
    "just right of": ("jen vpravo od {gen}", "právě správně od {gen}"),
    "above": "nad {ins}",
    "over": ("nad {ins}", "přes {acc}"),
    "right above": ("vpravo nad {ins}", "přímo nad {ins}"),
    "up above": "nahoru nad {ins}",
    "below": "pod {ins}",
    "under": "pod {ins}",
    "right below": ("vpravo pod {ins}", "přímo pod {ins}"),
    "down below": "dolů pod {ins}",
    "on a meadow": "na louce",
    "on the grass": ("v trávě", "na trávě"),
    "out in the fields": "venku v polích",
    "on a beach": "na pláži",
    "on the sand": "na písku",
    "by the seaside": "u strany moře",
    "in the sea": "v moři",
    "in the water": "ve vodě",
    "out at sea": "ven na moři",
    "in the snow": "ve sněhu",
    "in the deep snow": "v hlubokém sněhu",
    "under the night sky": "na noční obloze",
    "at night": "v noční čas",
    "in the dead of night": "v mrtvé noci",
    "in front of a brick wall": "před cihlovou zdí",
    "on a brick wall": "na cihlové zdi",
    "up against a brick wall": "nahoru proti cihlové zdi",
    "a meadow": "louku",
    "a beach": "pláž",
    "the sea": "moře",
    "snow": "sníh",
    "the night sky": "noční oblohu",
    "a brick wall": "cihlová zeď",
}
ARTICLES: dict[str, str] = {}
TO_ENGLISH = {
    "vlevo od": "to the left of",
    "nalevo od": "left of",
    "vpravo od": "to the right of",
    "napravo od": "right of",
    "nad": "above",
    "pod": "under",
    **{f"{where} od {it}": "left of it" for where in ("vlevo", "nalevo") for it in ("něj", "ní")},
    **{f"{where} od {it}": "right of it" for where in ("vpravo", "napravo") for it in ("něj", "ní")},
    **{f"nad {it}": "above it" for it in ("ním", "ní")},
    **{f"pod {it}": "under it" for it in ("ním", "ní")},
    "je": "is",
    "jsou": "are",
    "je vidět": "is visible",
    "se nachází": "is located",
    "se": "itself",
    "nachází": "finds",
    "lze vidět": "it is possible to see",
    "který je": "which is",
    "která je": "which is",
    "které je": "which is",
    "a": "and",
    "a také": "and also",
    "dále": "further",
    "to vše": "it everything",
    "zde": "here",
    "na obrázku": "in the picture",
    "na louce": "on a meadow",
    "na pláži": "on a beach",
    "v moři": "in the sea",
    "na moři": "in the sea",
    "ve sněhu": "in the snow",
    "na noční obloze": "under the night sky",
    "před cihlovou zdí": "in front of a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    if slip == "order":
        words = czech.phrase("", adjectives, case=case, gender=czech.gender(noun)).split()
        return " ".join([czech.phrase(noun, (), case=case), *words])
    if slip == "form" and luck < 0.5:
        case = czech.CASES[(czech.CASES.index(case) + 1 + int(luck * 6)) % 4]
    gender = "mfn"[int(luck * 6) % 3] if slip == "form" and luck >= 0.5 else ""
    return czech.phrase(noun, adjectives, case=case, gender=gender)


def forms(word: str) -> set[str]:
    if word in czech.STEMS:
        return {word + ending for endings in czech.ENDINGS.values() for ending in endings.values()}
    return set(czech.NOUNS[word][1:]) if word in czech.NOUNS else {word}
