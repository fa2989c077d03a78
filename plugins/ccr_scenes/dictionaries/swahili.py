"""English to Swahili."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import swahili

NOUNS = {
    "circle": "duara",
    "disc": ("kisahani", "duara"),
    "square": "mraba",
    "triangle": "pembetatu",
    "star": "nyota",
    "heart": "moyo",
    "cross": "msalaba",
    "ring": "pete",
    "diamond": "almasi",
    "moon": "mwezi",
    "crescent": "hilali",
    "arrow": "mshale",
}
ADJECTIVES = {
    "red": "ekundu",
    "green": "kijani",
    "blue": "buluu",
    "yellow": "manjano",
    "orange": "machungwa",
    "purple": "zambarau",
    "violet": "zambarau",
    "pink": "waridi",
    "brown": "kahawia",
    "black": "eusi",
    "white": "eupe",
    "small": "dogo",
    "little": "dogo",
    "large": "kubwa",
    "big": "kubwa",
}
SENSES = {"square": "uwanja", "cross": "vuka", "diamond": "jiwe"}
PHRASES = {
    "there is": ("hapo ni {}", "hapo kuna {}"),
    "you can see": ("wewe unaweza kuona {}", "unaweza kuona {}"),
    "a picture of": ("picha ya {}", "picha moja ya {}"),
    "here we have": ("hapa sisi tuna {}", "hapa tuna {}"),
    "is": ("ni", "iko"),
    "are": ("ni", "ziko"),
    "is located": ("iko", "imewekwa", "inapatikana"),
    "are located": ("ziko", "zimewekwa"),
    "is shown": ("inaonyeshwa", "inaonekana"),
    "are shown": ("zinaonyeshwa", "zinaonekana"),
    "in the picture": "ndani ya picha",
    "which is": ("ambayo ni", "gani ni"),
    "and the background shows": ("na mandhari inaonyesha {}", "na nyuma inaonyesha {}"),
    "and there is": ("na hapo ni {}", "na hapo kuna {}"),
    "and also": "na pia {}",
    "and": "na",
    ",": ",",
    "to the left of": ("kwa kushoto ya {}", "kushoto kwa {}"),
    "left of": ("kushoto kwa {}", "kushoto ya {}"),
    "on the left side of": "upande wa kushoto wa {}",
    "on the left-hand side of": "upande wa mkono wa kushoto wa {}",
    "just left of": ("tu kushoto kwa {}", "ameondoka tu {}"),
    "to the right of": ("kwa kulia ya {}", "kulia kwa {}"),
    "right of": ("kulia kwa {}", "haki ya {}"),
    "on the right side of": "upande wa kulia wa {}",
    "on the right-hand side of": "upande wa mkono wa kulia wa {}",
    "just right of": ("tu kulia kwa {}", "sawa tu ya {}"),
    "above": "juu ya {}",
    "over": ("juu ya {}", "kupita {}"),
    "right above": ("kulia juu ya {}", "hasa juu ya {}"),
    "up above": "juu juu ya {}",
    "below": "chini ya {}",
    "under": "chini ya {}",
    "right below": ("kulia chini ya {}", "hasa chini ya {}"),
    "down below": "chini chini ya {}",
    "on a meadow": ("kwenye malisho", "juu ya malisho"),
    "on the grass": "kwenye nyasi",
    "out in the fields": "nje ndani ya mashamba",
    "on a beach": ("ufukweni", "kwenye ufuko"),
    "on the sand": "kwenye mchanga",
    "by the seaside": "kwa upande wa bahari",
    "in the sea": ("baharini", "ndani ya bahari"),
    "in the water": "kwenye maji",
    "out at sea": "nje katika bahari",
    "in the snow": "kwenye theluji",
    "in the deep snow": "kwenye theluji ya kina",
    "under the night sky": ("chini ya anga la usiku", "kwenye anga la usiku"),
    "at night": "wakati wa usiku",
    "in the dead of night": "katika wafu wa usiku",
    "in front of a brick wall": "mbele ya ukuta wa matofali",
    "on a brick wall": "kwenye ukuta wa matofali",
    "up against a brick wall": "juu dhidi ya ukuta wa matofali",
    "a meadow": "malisho",
    "a beach": "ufuko",
    "the sea": "bahari",
    "snow": "theluji",
    "the night sky": "anga la usiku",
    "a brick wall": "ukuta wa matofali",
}
ARTICLES: dict[str, str] = {}
TO_ENGLISH = {
    **dict.fromkeys(("kushoto kwa", "upande wa kushoto wa"), "to the left of"),
    **dict.fromkeys(("kulia kwa", "upande wa kulia wa"), "to the right of"),
    "juu ya": "above",
    "chini ya": "below",
    "kushoto kwake": "on its left",
    "kulia kwake": "on its right",
    "juu yake": "above it",
    "chini yake": "below it",
    "kuna": "there is",
    "tunaweza kuona": "we can see",
    "hapa pana": "here is",
    "mna": "there is",
    **{f"{prefix}po": "there is" for prefix in swahili.VERB.values()},
    **{f"{which} {swahili.VERB[k]}ko": "which is" for k, which in swahili.WHICH.items()},
    **dict.fromkeys(("ulio", "lililo", "kilicho", "iliyo"), "which is"),
    "na": "and",
    "pia": "also",
    "na pia": "and also",
    "pamoja na": "together with",
    "ndani ya picha": "in the picture",
    "katika picha hii": "in this picture",
    "mandhari ni": "and the background shows",
    "nyuma ni": "and the background shows",
    **dict.fromkeys(("kwenye malisho", "kwenye nyasi"), "on a meadow"),
    **dict.fromkeys(("ufukweni", "kwenye mchanga"), "on a beach"),
    **dict.fromkeys(("baharini", "kwenye maji"), "in the sea"),
    "kwenye theluji": "in the snow",
    "kwenye anga la usiku": "under the night sky",
    "mbele ya ukuta wa matofali": "in front of a brick wall",
    "malisho": "a meadow",
    "ufuko": "a beach",
    "bahari": "the sea",
    "theluji": "snow",
    "anga la usiku": "the night sky",
    "ukuta wa matofali": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    """A slip of form is a wrong noun class, one of order the English order."""
    noun_class = (3, 5, 7, 9)[int(luck * 4)] if slip == "form" else swahili.class_of(noun)
    words = [swahili.adjective(word, noun_class) for word in adjectives]
    return " ".join([*words, noun] if slip == "order" else [noun, *words])


def forms(word: str) -> set[str]:
    if word in swahili.AGREEING:
        return set(swahili.AGREEING[word].values())
    return {f"{of} {word}" for of in swahili.OF.values()} if word in swahili.COLOURS.values() else {word}
