"""English to Arabic. The case "def" makes a noun phrase definite, "acc" puts it into the accusative."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import arabic

NOUNS = {
    "circle": "دائرة",
    "disc": "قرص",
    "square": "مربع",
    "triangle": "مثلث",
    "star": "نجمة",
    "heart": "قلب",
    "cross": "صليب",
    "ring": "حلقة",
    "diamond": "معين",
    "rhombus": "معين",
    "moon": "قمر",
    "crescent": "هلال",
    "arrow": "سهم",
}
ADJECTIVES = {
    "red": "أحمر",
    "green": "أخضر",
    "blue": "أزرق",
    "yellow": "أصفر",
    "orange": "برتقالي",
    "purple": ("بنفسجي", "بنفسجي", "أرجواني"),
    "violet": "بنفسجي",
    "pink": "وردي",
    "brown": "بني",
    "black": "أسود",
    "white": "أبيض",
    "small": "صغير",
    "little": "صغير",
    "large": "كبير",
    "big": "كبير",
}
SENSES = {"square": "ساحة", "diamond": "ماسة", "ring": "خاتم", "cross": "عبور", "little": "قليل"}
PHRASES = {
    "there is": ("هناك {nom}", "هناك يكون {nom}"),
    "you can see": ("أنت تستطيع أن ترى {acc}", "يمكنك رؤية {nom}"),
    "a picture of": ("صورة من {def}", "صورة ل {def}"),
    "here we have": ("هنا نحن لدينا {nom}", "هنا لدينا {nom}"),
    "is": ("هو", "يكون"),
    "are": ("هم", "يكونون"),
    "is located": ("يقع", "تقع", "موجود"),
    "are located": "موجودون",
    "is shown": ("معروض", "يظهر"),
    "are shown": ("معروضون", "يظهرون"),
    "in the picture": "داخل الصورة",
    "which is": ("أي هو", "الذي هو"),
    "and the background shows": "و الخلفية تعرض {def}",
    "and there is": "و هناك {nom}",
    "and also": "و أيضا {*}",
    "and": "و",
    ",": "،",
    "to the left of": ("إلى اليسار من {def}", "على يسار {def}"),
    "left of": ("يسار {def}", "على يسار {nom}"),
    "on the left side of": "على الجانب الأيسر من {def}",
    "on the left-hand side of": "على جانب اليد اليسرى من {def}",
    "just left of": ("فقط يسار {nom}", "غادر للتو {nom}"),
    "to the right of": ("إلى اليمين من {def}", "على يمين {def}"),
    "right of": ("يمين {def}", "على يمين {nom}", "حق {def}"),
    "on the right side of": "على الجانب الأيمن من {def}",
    "on the right-hand side of": "على جانب اليد اليمنى من {def}",
    "just right of": ("فقط يمين {nom}", "صحيح تماما من {nom}"),
    "above": ("فوق {nom}", "فوق {def}"),
    "over": ("فوق {def}", "إلى الأعلى من {def}"),
    "right above": ("يمين فوق {def}", "تماما فوق {nom}"),
    "up above": "إلى الأعلى فوق {nom}",
    "below": ("تحت {nom}", "تحت {def}"),
    "under": ("تحت {def}", "إلى الأسفل من {def}"),
    "right below": ("يمين تحت {def}", "تماما تحت {nom}"),
    "down below": "إلى الأسفل تحت {nom}",
    "on a meadow": ("على المرج", "على مرج"),
    "on the grass": "على العشب",
    "out in the fields": "خارجا في الحقول",
    "on a beach": ("على الشاطئ", "على شاطئ"),
    "on the sand": "على الرمل",
    "by the seaside": "بواسطة جانب البحر",
    "in the sea": "في البحر",
    "in the water": "في الماء",
    "out at sea": "خارجا عند بحر",
    "in the snow": "في الثلج",
    "in the deep snow": "في الثلج العميق",
    "under the night sky": "تحت سماء الليل",
    "at night": "عند الليل",
    "in the dead of night": "في ميت الليل",
    "in front of a brick wall": ("أمام جدار من الطوب", "في مقدمة جدار من الطوب"),
    "on a brick wall": "على جدار من الطوب",
    "up against a brick wall": "أعلى ضد جدار من الطوب",
    "a meadow": "المرج",
    "a beach": "الشاطئ",
    "the sea": "البحر",
    "snow": "الثلج",
    "the night sky": "سماء الليل",
    "a brick wall": "جدار من الطوب",
}
ARTICLES: dict[str, str] = {}
_IT = ("منه", "منها")
TO_ENGLISH = {
    **dict.fromkeys(("إلى يسار", "على يسار", "إلى اليسار من"), "to the left of"),
    **dict.fromkeys(("إلى يمين", "على يمين", "إلى اليمين من"), "to the right of"),
    **dict.fromkeys(("فوق", "إلى الأعلى من"), "above"),
    **dict.fromkeys(("تحت", "إلى الأسفل من"), "below"),
    **{f"إلى اليسار {it}": "left of it" for it in _IT},
    **{f"إلى اليمين {it}": "right of it" for it in _IT},
    **{f"إلى الأعلى {it}": "above it" for it in _IT},
    **{f"إلى الأسفل {it}": "below it" for it in _IT},
    **dict.fromkeys(("يوجد", "توجد"), "there is"),
    **dict.fromkeys(("يقع", "تقع"), "lies"),
    **dict.fromkeys(("الذي يقع", "التي تقع"), "which lies"),
    "يمكن رؤية": "it is possible to see",
    "مع": "with",
    "و": "and",
    "كذلك": "also",
    "أيضًا": "also",
    "ثم": "then",
    "،": ",",
    "؛": ";",
    "واحد": "one",
    "اثنان": "two",
    "ثلاثة": "three",
    "في الصورة": "in the picture",
    "في هذه الصورة": "in this picture",
    "والخلفية": "and the background",
    "وذلك": "and that",
    **dict.fromkeys(("في المرج", "على العشب"), "on a meadow"),
    **dict.fromkeys(("على الشاطئ", "على الرمل"), "on a beach"),
    **dict.fromkeys(("في البحر", "في الماء"), "in the sea"),
    "في الثلج": "in the snow",
    "في سماء الليل": "under the night sky",
    "أمام جدار من الطوب": "in front of a brick wall",
    "المرج": "a meadow",
    "الشاطئ": "a beach",
    "البحر": "the sea",
    "الثلج": "snow",
    "سماء الليل": "the night sky",
    "جدار من الطوب": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    """A slip of order puts adjectives before the noun, one of form the adjectives into the wrong gender."""
    feminine = (noun in arabic.FEMININE) != (slip == "form")
    definite = "the" if "the" in (article, case) or case == "def" else "a"
    words = arabic.phrase("", adjectives, definite, feminine).split()
    words = [_accusative(word) if case == "acc" and definite == "a" else word for word in words]
    bare = arabic.phrase(noun, (), definite)
    bare = _accusative(bare) if case == "acc" and definite == "a" else bare
    return " ".join([*words, bare] if slip == "order" else [bare, *words])


def _accusative(word: str) -> str:
    """ "قلبًا" of "قلب": feminine forms, and the colours that take no -n, show nothing."""
    bare = word.endswith(("ة", "اء")) or word in arabic.FORMS
    return word if bare else f"{word}ًا"


def forms(word: str) -> set[str]:
    own = {word}
    if word in arabic.FORMS or word in arabic.REGULAR:
        own = {arabic.phrase("", (word,), "a", feminine).strip() for feminine in (False, True)}
    return own | {f"ال{form}" for form in own}


joined = arabic.joined
