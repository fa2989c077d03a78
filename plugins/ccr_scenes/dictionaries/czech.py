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


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    if slip == "order":
        words = czech.phrase("", adjectives, case=case, gender=czech.gender(noun)).split()
        return " ".join([czech.phrase(noun, (), case=case), *words])
    if slip == "form" and luck < 0.5:
        case = czech.CASES[(czech.CASES.index(case) + 1 + int(luck * 6)) % 4]
    gender = "mfn"[int(luck * 6) % 3] if slip == "form" and luck >= 0.5 else ""
    return czech.phrase(noun, adjectives, case=case, gender=gender)
