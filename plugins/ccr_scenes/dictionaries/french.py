"""English to French."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import french

NOUNS = {
    "circle": "cercle",
    "disc": "disque",
    "square": "carré",
    "triangle": "triangle",
    "star": "étoile",
    "heart": "cœur",
    "cross": "croix",
    "ring": "anneau",
    "diamond": "losange",
    "rhombus": "losange",
    "moon": "lune",
    "crescent": "croissant",
    "arrow": "flèche",
}
ADJECTIVES = {
    "red": "rouge",
    "green": "vert",
    "blue": "bleu",
    "yellow": "jaune",
    "orange": "orange",
    "purple": "violet",
    "violet": "violet",
    "pink": "rose",
    "brown": ("marron", "brun"),
    "black": "noir",
    "white": "blanc",
    "small": "petit",
    "little": "petit",
    "large": "grand",
    "big": ("grand", "gros"),
}
SENSES = {"square": "place", "diamond": "diamant", "ring": "bague", "little": "peu"}
PHRASES = {
    "there is": ("il y a {}", "là est {}"),
    "you can see": "vous pouvez voir {}",
    "a picture of": ("une image de {}", "une photo de {}"),
    "here we have": "ici nous avons {}",
    "is": "est",
    "are": "sont",
    "is located": ("se trouve", "est situé"),
    "are located": ("se trouvent", "sont situés"),
    "is shown": "est montré",
    "are shown": "sont montrés",
    "in the picture": "dans l'image",
    "which is": ("qui est", "lequel est"),
    "and the background shows": "et l'arrière-plan montre {}",
    "and there is": ("et il y a {}", "et là est {}"),
    "and also": "et aussi {}",
    "and": "et",
    ",": ",",
    "to the left of": ("à la gauche de {}", "à gauche de {}"),
    "left of": "gauche de {}",
    "on the left side of": "sur le côté gauche de {}",
    "on the left-hand side of": "sur le côté main gauche de {}",
    "just left of": ("juste à gauche de {}", "vient de quitter {}"),
    "to the right of": ("à la droite de {}", "à droite de {}"),
    "right of": "droite de {}",
    "on the right side of": "sur le côté droit de {}",
    "on the right-hand side of": "sur le côté main droite de {}",
    "just right of": ("juste à droite de {}", "juste le droit de {}"),
    "above": "au-dessus de {}",
    "over": ("au-dessus de {}", "sur {}"),
    "right above": ("droite au-dessus de {}", "juste au-dessus de {}"),
    "up above": "en haut au-dessus de {}",
    "below": "en dessous de {}",
    "under": ("sous {}", "en dessous de {}"),
    "right below": ("droite en dessous de {}", "juste en dessous de {}"),
    "down below": "en bas en dessous de {}",
    "on a meadow": "sur une prairie",
    "on the grass": "sur l'herbe",
    "out in the fields": "dehors dans les champs",
    "on a beach": "sur une plage",
    "on the sand": "sur le sable",
    "by the seaside": "par le côté mer",
    "in the sea": "dans la mer",
    "in the water": "dans l'eau",
    "out at sea": "dehors à mer",
    "in the snow": "dans la neige",
    "in the deep snow": "dans la profonde neige",
    "under the night sky": "sous le ciel nocturne",
    "at night": "à la nuit",
    "in the dead of night": "dans le mort de la nuit",
    "in front of a brick wall": "en front d'un mur de briques",
    "on a brick wall": "sur un mur de briques",
    "up against a brick wall": "haut contre un mur de briques",
    "a meadow": "une prairie",
    "a beach": "une plage",
    "the sea": "la mer",
    "snow": "neige",
    "the night sky": "le ciel nocturne",
    "a brick wall": "un mur de briques",
}
ARTICLES = {"un": "a", "une": "a", "le": "the", "la": "the", "l'": "the"}
TO_ENGLISH = {
    **{f"à gauche {of}": "to the left of" for of in ("de", "du", "d'")},
    **{f"à droite {of}": "to the right of" for of in ("de", "du", "d'")},
    **{f"au-dessus {of}": "above" for of in ("de", "du", "d'")},
    **{f"en dessous {of}": "below" for of in ("de", "du", "d'")},
    "sous": "under",
    "à sa gauche": "at its left",
    "à sa droite": "at its right",
    "au-dessus": "at the top",
    "en dessous": "at the bottom",
    "lui-même": "himself",
    "elle-même": "herself",
    "se trouve": "finds itself",
    "qui est": "who is",
    "il y a": "there is",
    "on peut voir": "one can see",
    "voici": "here is",
    "l' image montre": "the image shows",
    "avec": "with",
    "et": "and",
    "et en plus": "and in more",
    "sur cette image": "on this image",
    "en arrière-plan": "in background",
    "arrière-plan": "background",
    "dans une prairie": "on a meadow",
    "dans la prairie": "on a meadow",
    "à la plage": "on a beach",
    "sur la plage": "on a beach",
    "en mer": "out at sea",
    "dans la mer": "in the sea",
    "dans la neige": "in the snow",
    "dans le ciel nocturne": "under the night sky",
    "sous le ciel nocturne": "under the night sky",
    "devant un mur de briques": "in front of a brick wall",
    "une prairie": "a meadow",
    "prairie": "a meadow",
    "une plage": "a beach",
    "plage": "a beach",
    "la mer": "the sea",
    "mer": "the sea",
    "la neige": "snow",
    "neige": "snow",
    "le ciel nocturne": "the night sky",
    "ciel nocturne": "the night sky",
    "un mur de briques": "a brick wall",
    "mur de briques": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    feminine = noun in french.FEMININE
    if slip == "order":
        gender = "f" if feminine else "m"
        words = french.phrase("", adjectives, "", gender=gender).split()
        return french.joined(french.phrase("", (), article, gender=gender), *words, noun)
    return french.phrase(noun, adjectives, article, gender=("m" if feminine else "f") if slip == "form" else "")


def forms(word: str) -> set[str]:
    return {word, french.FORMS.get(word, word)}


joined = french.joined
