"""English to German."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import german

NOUNS = {
    "circle": "Kreis",
    "disc": "Scheibe",
    "square": "Quadrat",
    "triangle": "Dreieck",
    "star": "Stern",
    "heart": "Herz",
    "cross": "Kreuz",
    "ring": "Ring",
    "diamond": "Raute",
    "moon": ("Mond", "Halbmond"),
    "crescent": ("Halbmond", "Mondsichel"),
    "arrow": "Pfeil",
}
ADJECTIVES = {
    "red": "rot",
    "green": "grün",
    "blue": "blau",
    "yellow": "gelb",
    "orange": "orangefarben",
    "purple": ("violett", "violett", "violett", "lila"),
    "violet": "violett",
    "pink": ("rosa", "pink"),
    "brown": "braun",
    "black": "schwarz",
    "white": "weiß",
    "small": "klein",
    "little": "klein",
    "large": "groß",
    "big": "groß",
}
SENSES = {"square": "Platz", "diamond": "Diamant", "orange": "orange", "little": "wenig"}
PHRASES = {
    "there is": ("da ist {nom}", "da ist {nom}", "es gibt {acc}"),
    "you can see": ("du kannst sehen {acc}", "man kann sehen {acc}"),
    "a picture of": "ein Bild von {dat}",
    "here we have": ("hier ist {nom}", "hier ist {nom}", "hier haben wir {acc}"),
    "is": "ist",
    "are": "sind",
    "is located": ("befindet sich", "liegt", "ist gelegen"),
    "are located": ("befinden sich", "sind gelegen"),
    "is shown": "ist gezeigt",
    "are shown": "sind gezeigt",
    "in the picture": ("in dem Bild", "auf dem Bild"),
    "which is": ("was ist", "welcher ist", "welches ist"),
    "and the background shows": "und der Hintergrund zeigt {acc}",
    "and there is": ("und es gibt {acc}", "und da ist {nom}"),
    "and also": "und auch {*}",
    "and": "und",
    ",": ",",
    "to the left of": ("links von {dat}", "zu der linken von {dat}"),
    "left of": "links von {dat}",
    "on the left side of": "auf der linken Seite von {dat}",
    "on the left-hand side of": "an der linken Handseite von {dat}",
    "just left of": ("nur links von {dat}", "gerade verlassen von {dat}"),
    "to the right of": ("rechts von {dat}", "zu der rechten von {dat}"),
    "right of": "rechts von {dat}",
    "on the right side of": "auf der rechten Seite von {dat}",
    "on the right-hand side of": "an der rechten Handseite von {dat}",
    "just right of": ("nur rechts von {dat}", "genau richtig von {dat}"),
    "above": ("oberhalb von {dat}", "über {dat}"),
    "over": ("über {dat}", "vorbei über {acc}"),
    "right above": ("rechts über {dat}", "genau oberhalb von {dat}"),
    "up above": "oben über {dat}",
    "below": ("unterhalb von {dat}", "unter {dat}"),
    "under": "unter {dat}",
    "right below": ("rechts unter {dat}", "genau unterhalb von {dat}"),
    "down below": "unten unter {dat}",
    "on a meadow": "auf einer Wiese",
    "on the grass": "auf dem Gras",
    "out in the fields": "draußen in den Feldern",
    "on a beach": "auf einem Strand",
    "on the sand": "auf dem Sand",
    "by the seaside": "bei der Seeseite",
    "in the sea": ("in dem Meer", "in der See"),
    "in the water": "in dem Wasser",
    "out at sea": ("aus bei Meer", "aus bei See"),
    "in the snow": "in dem Schnee",
    "in the deep snow": "in dem tiefen Schnee",
    "under the night sky": "unter dem Nachthimmel",
    "at night": "bei Nacht",
    "in the dead of night": "in dem Toten der Nacht",
    "in front of a brick wall": "in Front von einer Ziegelmauer",
    "on a brick wall": ("auf einer Ziegelmauer", "auf einer Backsteinwand"),
    "up against a brick wall": "auf gegen eine Ziegelmauer",
    "a meadow": "eine Wiese",
    "a beach": "einen Strand",
    "the sea": "das Meer",
    "snow": "Schnee",
    "the night sky": "den Nachthimmel",
    "a brick wall": "eine Ziegelmauer",
}
ARTICLES = {
    **dict.fromkeys(("ein", "eine", "einen", "einem", "einer"), "a"),
    **dict.fromkeys(("der", "die", "das", "den", "dem"), "the"),
}
TO_ENGLISH = {
    "links von": "to the left of",
    "links vom": "to the left of",
    "links neben": "left of",
    "rechts von": "to the right of",
    "rechts vom": "to the right of",
    "rechts neben": "right of",
    "über": "over",
    "oberhalb von": "above",
    "oberhalb vom": "above",
    "unter": "under",
    "unterhalb von": "below",
    "unterhalb vom": "below",
    "links davon": "left of that",
    "links daneben": "left beside it",
    "rechts davon": "right of that",
    "rechts daneben": "right beside it",
    "oberhalb davon": "above that",
    "unterhalb davon": "below that",
    "befindet sich": "finds itself",
    "ist": "is",
    "sind": "are",
    "liegt": "lies",
    "man kann": "one can",
    "sehen": "see",
    "zu sehen": "to see",
    "hier": "here",
    "und": "and",
    "außerdem": "besides",
    "auf dem Bild": "in the picture",
    "im Hintergrund": "in the background",
    "auf einer Wiese": "on a meadow",
    "auf der Wiese": "on a meadow",
    "am Strand": "on a beach",
    "auf dem Strand": "on a beach",
    "im Meer": "in the sea",
    "auf dem Meer": "in the sea",
    "im Schnee": "in the snow",
    "am Nachthimmel": "under the night sky",
    "vor dem Nachthimmel": "under the night sky",
    "vor einer Ziegelmauer": "in front of a brick wall",
    "an einer Ziegelmauer": "on a brick wall",
    "eine Wiese": "a meadow",
    "ein Strand": "a beach",
    "das Meer": "the sea",
    "Schnee": "snow",
    "der Nachthimmel": "the night sky",
    "eine Ziegelmauer": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    if slip == "order":
        bare = german.phrase(noun, (), article, case)
        return " ".join([bare, *german.phrase("", adjectives, "", case, german.GENDERS.get(noun, "m")).split()])
    if slip == "form" and luck < 0.5:
        case = {"nom": "acc", "acc": "dat", "dat": "nom"}[case]
    gender = "mfn"[int(luck * 6) % 3] if slip == "form" and luck >= 0.5 else ""
    return german.phrase(noun, adjectives, article, case, gender)


def forms(word: str) -> set[str]:
    if word in german.STEMS:
        return {word + ending for ending in ("e", "er", "es", "en", "em")}
    return {word, german.DATIVES.get(word, word)}
