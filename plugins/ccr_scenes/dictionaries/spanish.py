"""English to Spanish."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import spanish

NOUNS = {
    "circle": "círculo",
    "disc": "disco",
    "square": "cuadrado",
    "triangle": "triángulo",
    "star": "estrella",
    "heart": "corazón",
    "cross": "cruz",
    "ring": ("anillo", "aro"),
    "diamond": "rombo",
    "moon": "luna",
    "crescent": "medialuna",
    "arrow": "flecha",
}
ADJECTIVES = {
    "red": "rojo",
    "green": "verde",
    "blue": "azul",
    "yellow": "amarillo",
    "orange": "naranja",
    "purple": "morado",
    "violet": "violeta",
    "pink": "rosa",
    "brown": "marrón",
    "black": "negro",
    "white": "blanco",
    "small": "pequeño",
    "little": "pequeño",
    "large": "grande",
    "big": "grande",
}
SENSES = {"square": "plaza", "diamond": "diamante", "little": "poco"}
PHRASES = {
    "there is": ("hay {}", "allí está {}"),
    "you can see": ("tú puedes ver {}", "puedes ver {}"),
    "a picture of": ("una imagen de {}", "una foto de {}"),
    "here we have": ("aquí tenemos {}", "aquí nosotros tenemos {}"),
    "is": ("es", "está"),
    "are": ("son", "están"),
    "is located": ("está situado", "está situada", "se localiza"),
    "are located": ("están situados", "se localizan"),
    "is shown": "es mostrado",
    "are shown": "son mostrados",
    "in the picture": ("en el cuadro", "en la foto"),
    "which is": ("cual es", "que es"),
    "and the background shows": "y el fondo muestra {}",
    "and there is": ("y hay {}", "y allí está {}"),
    "and also": "y también {}",
    "and": "y",
    ",": ",",
    "to the left of": ("a la izquierda de {}", "hacia la izquierda de {}"),
    "left of": ("a la izquierda de {}", "izquierda de {}"),
    "on the left side of": "en el lado izquierdo de {}",
    "on the left-hand side of": "en el lado de mano izquierda de {}",
    "just left of": ("justo a la izquierda de {}", "recién salido de {}"),
    "to the right of": ("a la derecha de {}", "hacia la derecha de {}"),
    "right of": ("a la derecha de {}", "correcto de {}"),
    "on the right side of": "en el lado derecho de {}",
    "on the right-hand side of": "en el lado de mano derecha de {}",
    "just right of": ("justo a la derecha de {}", "justo correcto de {}"),
    "above": ("encima de {}", "sobre {}"),
    "over": ("sobre {}", "encima de {}"),
    "right above": ("derecha sobre {}", "justo encima de {}"),
    "up above": "arriba encima de {}",
    "below": ("debajo de {}", "bajo {}"),
    "under": ("bajo {}", "debajo de {}"),
    "right below": ("derecha bajo {}", "justo debajo de {}"),
    "down below": "abajo debajo de {}",
    "on a meadow": "en un prado",
    "on the grass": "en la hierba",
    "out in the fields": "afuera en los campos",
    "on a beach": "en una playa",
    "on the sand": "en la arena",
    "by the seaside": "por el lado de mar",
    "in the sea": "en el mar",
    "in the water": "en el agua",
    "out at sea": "afuera en mar",
    "in the snow": "en la nieve",
    "in the deep snow": "en la nieve profunda",
    "under the night sky": ("bajo el cielo nocturno", "bajo el cielo de noche"),
    "at night": "en la noche",
    "in the dead of night": "en el muerto de noche",
    "in front of a brick wall": ("enfrente de una pared de ladrillo", "delante de una pared de ladrillo"),
    "on a brick wall": "en una pared de ladrillo",
    "up against a brick wall": "arriba contra una pared de ladrillo",
    "a meadow": "un prado",
    "a beach": "una playa",
    "the sea": "el mar",
    "snow": "nieve",
    "the night sky": "el cielo nocturno",
    "a brick wall": "una pared de ladrillo",
}
ARTICLES = {"un": "a", "una": "a", "el": "the", "la": "the"}
TO_ENGLISH = {
    **{f"a la izquierda {of}": "to the left of" for of in ("de", "del")},
    **{f"a la derecha {of}": "to the right of" for of in ("de", "del")},
    **{f"encima {of}": "above" for of in ("de", "del")},
    **{f"debajo {of}": "below" for of in ("de", "del")},
    "sobre": "over",
    "bajo": "under",
    "a su izquierda": "to its left",
    "a su derecha": "to its right",
    "encima": "on top",
    "debajo": "at the bottom",
    "hay": "there is",
    "que está": "which is",
    "situado": "situated",
    "situada": "situated",
    "se ve": "is seen",
    "se ven": "are seen",
    "se puede ver": "can be seen",
    "se pueden ver": "can be seen",
    "tenemos": "we have",
    "aquí": "here",
    "y": "and",
    "y además": "and besides",
    "y también": "and also",
    "además": "besides",
    "además de": "besides",
    "al fondo": "in the background",
    "de fondo": "as background",
    "en esta imagen": "in this picture",
    "en un prado": "on a meadow",
    "en el prado": "on a meadow",
    "en la playa": "on a beach",
    "en el mar": "in the sea",
    "en la nieve": "in the snow",
    "en el cielo nocturno": "under the night sky",
    "delante de una pared de ladrillo": "in front of a brick wall",
    "ante una pared de ladrillo": "in front of a brick wall",
    **dict.fromkeys(("un prado", "prado"), "a meadow"),
    **dict.fromkeys(("una playa", "playa"), "a beach"),
    **dict.fromkeys(("el mar", "mar"), "the sea"),
    **dict.fromkeys(("la nieve", "nieve"), "snow"),
    **dict.fromkeys(("el cielo nocturno", "cielo nocturno"), "the night sky"),
    **dict.fromkeys(("una pared de ladrillo", "pared de ladrillo"), "a brick wall"),
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    feminine = luck < 0.5 if slip == "form" else None
    if slip == "order":
        bare, *words = spanish.phrase(noun, adjectives, "", feminine).split()
        return " ".join([*spanish.phrase("", (), article, noun in spanish.FEMININE).split(), *words, bare])
    return spanish.phrase(noun, adjectives, article, feminine)


def forms(word: str) -> set[str]:
    return {word, word[:-1] + "a"} if word in spanish.AGREEING else {word}


joined = spanish.joined
