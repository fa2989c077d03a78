"""English to Finnish."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import finnish

NOUNS = {
    "circle": "ympyrä",
    "disc": "kiekko",
    "square": "neliö",
    "triangle": "kolmio",
    "star": "tähti",
    "heart": "sydän",
    "cross": "risti",
    "ring": "rengas",
    "diamond": "vinoneliö",
    "moon": "kuu",
    "crescent": "kuunsirppi",
    "arrow": "nuoli",
}
ADJECTIVES = {
    "red": "punainen",
    "green": "vihreä",
    "blue": "sininen",
    "yellow": "keltainen",
    "orange": "oranssi",
    "purple": "violetti",
    "violet": "violetti",
    "pink": "vaaleanpunainen",
    "brown": "ruskea",
    "black": "musta",
    "white": "valkoinen",
    "small": "pieni",
    "little": "pieni",
    "large": "suuri",
    "big": "iso",
}
SENSES = {"square": "aukio", "diamond": "timantti", "ring": "sormus", "little": "vähän"}
PHRASES = {
    "there is": ("siellä on {nom}", "on olemassa {nom}"),
    "you can see": ("sinä voit nähdä {gen}", "näkyy {nom}"),
    "a picture of": ("kuva {ela}", "valokuva {ela}"),
    "here we have": ("täällä meillä on {nom}", "tässä me omistamme {gen}"),
    "is": "on",
    "are": "ovat",
    "is located": ("sijaitsee", "on sijoitettu"),
    "are located": ("sijaitsevat", "on sijoitettu"),
    "is shown": "on näytetty",
    "are shown": "ovat näytetty",
    "in the picture": ("kuvan sisällä", "siinä kuvassa"),
    "which is": ("mikä on", "joka se on"),
    "and the background shows": "ja taustalla se näyttää {nom}",
    "and there is": "ja siellä on {nom}",
    "and also": "ja myös {*}",
    "and": "ja",
    ",": ",",
    "to the left of": ("{gen} vasemmalla puolella", "vasemmalle {ela}"),
    "left of": ("vasemmalle {ela}", "vasen {ela}"),
    "on the left side of": "{gen} vasemmalla puolella",
    "on the left-hand side of": "{gen} vasemman käden puolella",
    "just left of": ("vain vasemmalle {ela}", "juuri lähti {ela}"),
    "to the right of": ("{gen} oikealla puolella", "oikealle {ela}"),
    "right of": ("oikealle {ela}", "oikeus {ela}"),
    "on the right side of": "{gen} oikealla puolella",
    "on the right-hand side of": "{gen} oikean käden puolella",
    "just right of": ("vain oikealle {ela}", "juuri oikein {ela}"),
    "above": ("{gen} yläpuolella", "{gen} päällä"),
    "over": ("{gen} päällä", "yli {gen}"),
    "right above": ("oikealla {gen} yläpuolella", "juuri {gen} yläpuolella"),
    "up above": "ylös {gen} yläpuolella",
    "below": ("{gen} alapuolella", "{gen} alla"),
    "under": "{gen} alla",
    "right below": ("oikealla {gen} alapuolella", "juuri {gen} alapuolella"),
    "down below": "alas {gen} alapuolella",
    "on a meadow": ("niityllä", "päällä niitty"),
    "on the grass": ("nurmikolla", "ruohon päällä"),
    "out in the fields": "ulkona pelloissa",
    "on a beach": ("rannalla", "päällä ranta"),
    "on the sand": "hiekalla",
    "by the seaside": "meren puolen vieressä",
    "in the sea": ("meressä", "sisällä meri"),
    "in the water": "vedessä",
    "out at sea": "ulos merellä",
    "in the snow": ("lumessa", "sisällä lumi"),
    "in the deep snow": "syvässä lumessa",
    "under the night sky": ("yötaivaalla", "alla yötaivas"),
    "at night": "yöllä",
    "in the dead of night": "yön kuolleessa",
    "in front of a brick wall": ("tiiliseinän edessä", "edessä tiiliseinä"),
    "on a brick wall": "tiiliseinällä",
    "up against a brick wall": "ylös vastaan tiiliseinää",
    "a meadow": "niitty",
    "a beach": "ranta",
    "the sea": "meri",
    "snow": "lumi",
    "the night sky": "yötaivas",
    "a brick wall": "tiiliseinä",
}
ARTICLES: dict[str, str] = {}
TO_ENGLISH = {  # "<" goes in front of the noun phrase before it
    "vasemmalla puolella": "<to the left of",
    "oikealla puolella": "<to the right of",
    **dict.fromkeys(("yläpuolella", "päällä"), "<above"),
    **dict.fromkeys(("alapuolella", "alla"), "<below"),
    "sen vasemmalla puolella": "on its left",
    "sen oikealla puolella": "on its right",
    **dict.fromkeys(("sen yläpuolella", "sen päällä"), "above it"),
    **dict.fromkeys(("sen alapuolella", "sen alla"), "below it"),
    "on": "is",
    "olevan": "",
    "joka on": "which is",
    "näkyy": "is visible",
    "voi nähdä": "one can see",
    "ja": "and",
    "sekä": "as well as",
    "lisäksi": "besides",
    "ja lisäksi": "and besides",
    "kaikki": "all of it",
    "tässä": "here",
    "taustalla": "and the background shows",
    "kuvassa": "in the picture",
    "tässä kuvassa": "in this picture",
    **dict.fromkeys(("niityllä", "nurmikolla"), "on a meadow"),
    **dict.fromkeys(("rannalla", "hiekalla"), "on a beach"),
    **dict.fromkeys(("meressä", "vedessä"), "in the sea"),
    "lumessa": "in the snow",
    "yötaivaalla": "under the night sky",
    "tiiliseinän edessä": "in front of a brick wall",
    "niitty": "a meadow",
    "ranta": "a beach",
    "meri": "the sea",
    "lumi": "snow",
    "yötaivas": "the night sky",
    "tiiliseinä": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    """A slip of form is a wrong case, or adjectives that do not agree."""
    case = case or "nom"
    if slip == "order":
        return " ".join([finnish.phrase(noun, (), case), *finnish.phrase("", adjectives, case).split()])
    if slip == "form" and luck < 0.5:
        case = finnish.CASES[(finnish.CASES.index(case) + 1 + int(luck * 6)) % 4]
    return finnish.phrase(noun, adjectives, "nom" if slip == "form" and luck >= 0.5 else case, case)


def forms(word: str) -> set[str]:
    return set(finnish.WORDS.get(word, (word,)))
