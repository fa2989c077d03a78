"""Turkish: suffixes by vowel harmony, the landmark in the genitive, the number next to the noun, verbs at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.clauses import Clauses
from ccr_scenes.grammar.paths import Said

CASES = ("nom", "gen", "acc")
NOUNS = {
    "daire": ("daire", "dairenin", "daireyi"),
    "disk": ("disk", "diskin", "diski"),
    "kare": ("kare", "karenin", "kareyi"),
    "meydan": ("meydan", "meydanın", "meydanı"),
    "üçgen": ("üçgen", "üçgenin", "üçgeni"),
    "yıldız": ("yıldız", "yıldızın", "yıldızı"),
    "kalp": ("kalp", "kalbin", "kalbi"),
    "haç": ("haç", "haçın", "haçı"),
    "halka": ("halka", "halkanın", "halkayı"),
    "çember": ("çember", "çemberin", "çemberi"),
    "yüzük": ("yüzük", "yüzüğün", "yüzüğü"),
    "baklava": ("baklava", "baklavanın", "baklavayı"),
    "karo": ("karo", "karonun", "karoyu"),
    "elmas": ("elmas", "elmasın", "elması"),
    "ay": ("ay", "ayın", "ayı"),
    "hilal": ("hilal", "hilalin", "hilali"),
    "ok": ("ok", "okun", "oku"),
}

SHAPES = {
    "circle": ("daire", "disk"),
    "square": "kare",
    "triangle": "üçgen",
    "star": "yıldız",
    "heart": "kalp",
    "cross": "haç",
    "ring": ("halka", "çember"),
    "diamond": "baklava",
    "moon": ("ay", "hilal"),
    "arrow": "ok",
}
COLOURS = {
    "red": "kırmızı",
    "green": "yeşil",
    "blue": "mavi",
    "yellow": "sarı",
    "orange": "turuncu",
    "purple": "mor",
    "pink": "pembe",
    "brown": "kahverengi",
    "black": ("siyah", "kara"),
    "white": "beyaz",
}
SIZES = {"small": ("küçük", "ufak"), "large": "büyük"}
PLACES = {
    "left": ("solunda", "sol tarafında"),
    "right": ("sağında", "sağ tarafında"),
    "above": ("üstünde", "üzerinde"),
    "below": "altında",
}
NEARBY = {"left": "solundaki", "right": "sağındaki", "above": "üstündeki", "below": "altındaki"}
BACKGROUNDS = {
    "meadow": ("çayırda", "çimlerde"),
    "beach": "sahilde",
    "sea": "denizde",
    "snow": "karda",
    "night": "gece gökyüzünde",
    "brick": "tuğla duvarın önünde",
}
SCENES = {
    "meadow": "çayır",
    "beach": "sahil",
    "sea": "deniz",
    "snow": "kar",
    "night": "gece gökyüzü",
    "brick": "tuğla duvar",
}


def phrase(noun: str, adjectives: Sequence[str], article: str = "a", case: str = "nom") -> str:
    """A noun phrase in the case nom, gen or acc; with the article "a" "bir" stands between adjectives and noun."""
    forms = NOUNS.get(noun, (noun, noun, noun))
    return " ".join([*adjectives, *(["bir"] if article == "a" else []), forms[CASES.index(case)]])


class Turkish(Clauses):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS
    joint = " ve "

    def np(self, said: Said, form: str = "a") -> str:
        return phrase(*said, form)

    def place(self, relation: str, said: Said, form: str = "a") -> str:
        return f"{phrase(*said, form, 'gen')} {self.pick(PLACES[relation])}"

    def resumed(self, relation: str, said: Said) -> str:
        return f"onun {self.pick(PLACES[relation])}"

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        return f"{phrase(*far, form, 'gen')} {NEARBY[relation]} {self.place(near, landmark, form)}", ""

    def nearby(self, form: str) -> str:
        """The first path as a noun phrase: "mor kalbin solundaki kırmızı yıldız"."""
        if self.first.hub or len(self.first.mentions) < 3:
            head, (*others, (last, landmark)) = self.first.spokes()
            said = self.said(head)
            places = [self.place(r, self.said(m), form) for r, m in others]
            places.append(f"{phrase(*self.said(landmark), form, 'gen')} {NEARBY[last]}")
            return f"{self.joint.join(places)} {self.np(said, form)}"
        (head, landmark, far), (near, beyond) = self.first.mentions, self.first.relations
        told = [f"{phrase(*self.said(m), form, 'gen')} {NEARBY[r]}" for r, m in ((beyond, far), (near, landmark))]
        return f"{' '.join(told)} {self.np(self.said(head), form)}"


def background_first(t: Turkish) -> str:
    """sahilde, mor bir kalbin solunda kırmızı bir yıldız var"""
    where = t.where() or "bu resimde"
    if not t.first.relations:
        return f"{where} {t.nouns('a')} var"
    subject, place, _ = t.placed("a")
    return f"{where}, {place} {t.np(subject)}{t.others(', ayrıca ', 'a')} var"


def fronted(t: Turkish) -> str:
    """kalbin solunda kırmızı bir yıldız görülüyor, arka planda sahil"""
    if not t.first.relations:
        return f"burada {t.nouns('a')} var" + t.ending(", arka planda ", SCENES)
    subject, place, _ = t.placed("")
    return f"{place} {t.np(subject)}{t.others(' ve ', 'a')} görülüyor" + t.ending(", arka planda ", SCENES)


def landmark(t: Turkish) -> str:
    """bir kalp, onun solunda kırmızı bir yıldız, hepsi sahilde"""
    told = t.steps(turned=True, form="a") + t.others(", ayrıca ", "a") if t.first.relations else t.nouns("a")
    single = not t.first.relations and len(t.alone) == 1
    return told + t.ending(", " if single else ", hepsi ")


def seen(t: Turkish) -> str:
    """sahilde kalbin solundaki kırmızı yıldız görülüyor"""
    told = t.nouns("")
    if t.first.relations:
        told = t.nearby("") + t.others(" ve ", "")
    return f"{t.ending('', after=' ')}{told} görülüyor"


def stepwise(t: Turkish) -> str:
    """resimde kırmızı bir yıldız ile onun sağında mor bir kalp var, zemin sahil"""
    told = t.nouns("a")
    if t.first.relations:
        told = t.steps(form="a", link=" ile ").replace(" ile ", ", ").replace(", ", " ile ", 1) + t.others(" ve ", "a")
    return f"resimde {told} var" + t.ending(", zemin ", SCENES)


def fragment(t: Turkish) -> str:
    """sahil: kalbin solundaki kırmızı yıldız"""
    scene = t.ending("", SCENES, ": ")
    return scene + (t.nearby("") + t.others("; ", "") if t.first.relations else t.nouns(""))


TELLER = Turkish
STYLES: tuple[Callable[[Turkish], str], ...] = (background_first, fronted, landmark, seen, stepwise, fragment)
