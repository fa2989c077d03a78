"""Arabic: two genders, adjectives behind the noun that agree in gender and definiteness, verbs first, the dual.

Nouns stand in the nominative or the genitive alone, which unvowelled writing does not tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ccr_scenes.grammar.clauses import Clauses
from ccr_scenes.grammar.paths import Said

FEMININE = {"دائرة", "نجمة", "حلقة", "ساحة", "ماسة"}
FORMS = {  # adjectives whose feminine is no -a
    "أحمر": "حمراء",
    "أخضر": "خضراء",
    "أزرق": "زرقاء",
    "أصفر": "صفراء",
    "أسود": "سوداء",
    "أبيض": "بيضاء",
}
REGULAR = {"برتقالي", "بنفسجي", "أرجواني", "وردي", "بني", "صغير", "كبير", "قليل"}

SHAPES = {
    "circle": ("دائرة", "قرص"),
    "square": "مربع",
    "triangle": "مثلث",
    "star": "نجمة",
    "heart": "قلب",
    "cross": "صليب",
    "ring": "حلقة",
    "diamond": "معين",
    "moon": ("قمر", "هلال"),
    "arrow": "سهم",
}
COLOURS = {
    "red": "أحمر",
    "green": "أخضر",
    "blue": "أزرق",
    "yellow": "أصفر",
    "orange": "برتقالي",
    "purple": "بنفسجي",
    "pink": "وردي",
    "brown": "بني",
    "black": "أسود",
    "white": "أبيض",
}
SIZES = {"small": "صغير", "large": "كبير"}
PLACES = {
    "left": ("إلى يسار", "على يسار"),
    "right": ("إلى يمين", "على يمين"),
    "above": "فوق",
    "below": "تحت",
}
RESUMED = {
    "left": "إلى اليسار من",
    "right": "إلى اليمين من",
    "above": "إلى الأعلى من",
    "below": "إلى الأسفل من",
}
BACKGROUNDS = {
    "meadow": ("في المرج", "على العشب"),
    "beach": ("على الشاطئ", "على الرمل"),
    "sea": ("في البحر", "في الماء"),
    "snow": "في الثلج",
    "night": "في سماء الليل",
    "brick": "أمام جدار من الطوب",
}
SCENES = {
    "meadow": "المرج",
    "beach": "الشاطئ",
    "sea": "البحر",
    "snow": "الثلج",
    "night": "سماء الليل",
    "brick": "جدار من الطوب",
}
COUNTED = {1: "واحد", 2: "اثنان", 3: "ثلاثة"}


def joined(text: str) -> str:
    """ "and" joins the word after it; a comma joins the word before it, and stands once."""
    text = re.sub(r"(^|\s)و (?=[^\s,،])", r"\1و", text.replace(",", "،"))
    return re.sub(r"\s*،[\s،]*", "، ", text).strip("، ")


def phrase(noun: str, adjectives: Sequence[str], article: str = "a", feminine: bool | None = None) -> str:
    """A noun phrase, adjectives behind the noun, with "al-" for the article "the"; `feminine` overrules the noun."""
    if feminine is None:
        feminine = noun in FEMININE
    words = [noun]
    for word in adjectives:
        regular = word + "ة" if word in REGULAR else word
        words.append(FORMS.get(word, regular) if feminine else word)
    return " ".join(f"ال{word}" if article == "the" and word else word for word in words)


class Arabic(Clauses):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS
    joint = " مع "
    comma = "، "

    def np(self, said: Said, form: str = "a") -> str:
        return phrase(said[0], said[1][::-1], form)  # the size last

    def place(self, relation: str, said: Said, form: str = "a") -> str:
        return f"{self.pick(PLACES[relation])} {self.np(said, form)}"

    def resumed(self, relation: str, said: Said) -> str:
        return f"و{RESUMED[relation]}{'ها' if said[0] in FEMININE else 'ه'}"

    def again(self, relation: str, said: Said) -> str:
        return f"و{RESUMED[relation]} {self.np((said[0], ()), 'the')}"

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        which = ("التي تقع " if landmark[0] in FEMININE else "الذي يقع ") if form == "the" else ""
        which = which or ("تقع " if landmark[0] in FEMININE else "يقع ")
        return f"{self.place(near, landmark, form)} {which}{self.place(relation, far, form)}", "،"

    def spot(self, form: str = "a") -> tuple[Said, str, str]:
        """The subject, where it stands, and the mark after that; two places are joined by "and"."""
        subject, place, stop = self.placed(form)
        return subject, place.replace(" مع ", " و"), stop


def background_first(a: Arabic) -> str:
    """على الشاطئ وإلى يسار قلب بنفسجي توجد نجمة حمراء كبيرة"""
    where = a.where() or "في هذه الصورة"
    if not a.first.relations:
        return f"{where} يوجد {a.nouns('a')}"
    subject, place, stop = a.spot("a")
    verb = "توجد" if subject[0] in FEMININE else "يوجد"
    return f"{where}، {place}{stop} {verb} {a.np(subject)}{a.others('، وكذلك ', 'a')}"


def fronted(a: Arabic) -> str:
    """إلى يسار القلب البنفسجي نجمة حمراء كبيرة، وذلك على الشاطئ"""
    told = a.nouns("a")
    if a.first.relations:
        subject, place, stop = a.spot("the")
        told = f"{place}{stop} {a.np(subject)}{a.others('، وأيضًا ', 'a')}"
    return told + a.ending("، وذلك ")


def landmark(a: Arabic) -> str:
    """قلب بنفسجي، وإلى اليسار منه نجمة حمراء كبيرة، والخلفية شاطئ"""
    told = a.steps(turned=True, form="a", link="، ") + a.others("، وكذلك ", "a") if a.first.relations else a.nouns("a")
    return told + a.ending("، والخلفية ", SCENES)


def seen(a: Arabic) -> str:
    """يمكن رؤية نجمة حمراء كبيرة تقع إلى يسار قلب بنفسجي على الشاطئ"""
    where = a.ending("", after=" ")
    if not a.first.relations:
        return f"{where}يمكن رؤية {a.nouns('a')}"
    subject, place, _ = a.spot("a")
    verb = "تقع" if subject[0] in FEMININE else "يقع"
    return f"{where}يمكن رؤية {a.np(subject)} {verb} {place}{a.others('، وكذلك ', 'a')}"


def counted(a: Arabic) -> str:
    """اثنان في الصورة: نجمة حمراء كبيرة، وإلى اليمين منها قلب بنفسجي"""
    number = sum(len(path.mentions) for path in a.paths)
    told = a.steps(form="a", link="، ") + a.others("، ثم ", "a") if a.first.relations else a.nouns("a")
    return f"{COUNTED[number]} {a.where() or 'في الصورة'}: {told}"


def fragment(a: Arabic) -> str:
    """النجمة الحمراء الكبيرة إلى يسار القلب البنفسجي: الشاطئ"""
    scene = a.ending("", SCENES, ": ")
    if not a.first.relations:
        return scene + a.nouns("the")
    subject, place, _ = a.spot("the")
    return f"{scene}{a.np(subject, 'the')} {place}{a.others('؛ ', 'the')}"


TELLER = Arabic
STYLES: tuple[Callable[[Arabic], str], ...] = (background_first, fronted, landmark, seen, counted, fragment)
