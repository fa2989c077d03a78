"""Korean: places before what stands there, particles that depend on the last sound, counters, verbs at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ccr_scenes.grammar.clauses import Clauses
from ccr_scenes.grammar.paths import INVERSE, Said

SHAPES = {
    "circle": ("원", "동그라미"),
    "square": ("정사각형", "네모"),
    "triangle": "삼각형",
    "star": "별",
    "heart": "하트",
    "cross": "십자가",
    "ring": ("고리", "링"),
    "diamond": "마름모",
    "moon": ("달", "초승달"),
    "arrow": "화살표",
}
COLOURS = {
    "red": "빨간",
    "green": "초록색",
    "blue": "파란",
    "yellow": "노란",
    "orange": "주황색",
    "purple": "보라색",
    "pink": "분홍색",
    "brown": "갈색",
    "black": ("검은", "까만"),
    "white": ("하얀", "흰"),
}
SIZES = {"small": "작은", "large": ("큰", "커다란")}
PLACES = {"left": ("왼쪽에", "왼편에"), "right": ("오른쪽에", "오른편에"), "above": "위에", "below": "아래에"}
BACKGROUNDS = {
    "meadow": "풀밭",
    "beach": "해변",
    "sea": "바다",
    "snow": "눈밭",
    "night": "밤하늘",
    "brick": "벽돌 벽",
}
PLACED = {
    "meadow": "풀밭에",
    "beach": "해변에",
    "sea": "바다에",
    "snow": "눈밭에",
    "night": "밤하늘에",
    "brick": "벽돌 벽 앞에",
}
AFTER_CONSONANT = {"가": "이", "를": "을", "는": "은", "와": "과", "입니다": "입니다"}


def joined(text: str) -> str:
    """Particles, written "별 ~가" as after a vowel, become one word with the one before: "별이"; commas stand once."""

    def attach(match: re.Match[str]) -> str:
        last, particle = match[1], match[2]
        closed = "가" <= last <= "힣" and (ord(last) - 0xAC00) % 28 > 0
        return last + (AFTER_CONSONANT.get(particle, particle) if closed else particle)

    text = re.sub(r"(\S)\s*~(\w+)", attach, text)
    return re.sub(r"\s*,[\s,]*", ", ", text).strip(", ")


def phrase(noun: str, adjectives: Sequence[str], determiner: str = "") -> str:
    """A noun phrase; Korean has neither articles nor agreement."""
    return " ".join([*([determiner] if determiner else []), *adjectives, noun])


class Korean(Clauses):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS
    joint = " 하나와 "  # of nouns that are counted, the last one by the style

    def np(self, said: Said, form: str = "") -> str:
        return phrase(*said)

    def place(self, relation: str, said: Said, form: str = "") -> str:
        return f"{self.np(said)} {self.pick(PLACES[relation])}"

    def resumed(self, relation: str, said: Said) -> str:
        return f"그 {self.pick(PLACES[relation])}"

    def beyond(self, near: str, landmark: Said, relation: str, far: Said, form: str) -> tuple[str, str]:
        return f"{self.place(relation, far)} 있는 {self.place(near, landmark)}", ""

    def spot(self) -> tuple[str, Said]:
        """Where the first path's subject stands, and the subject; of two places the first gets a comma."""
        subject, place, _ = self.placed()
        return place.replace(" 하나와 ", ", "), subject


def background_first(k: Korean) -> str:
    """해변에, 고리 왼쪽에 빨간 별 하나가 있다"""
    where = k.ending("", PLACED, ", ") or "그림 속에, "
    if not k.first.relations:
        return f"{where}{k.nouns()} 하나가 있다"
    place, subject = k.spot()
    return (
        f"{where}{place} {k.np(subject)} 하나가 {'있고, ' if k.alone else '있다'}{k.others('', after=' 하나도 있다')}"
    )


def fronted(k: Korean) -> str:
    """고리 왼쪽에 빨간 별 하나가 놓인 해변"""
    where = k.where() or "그림"
    if not k.first.relations:
        return f"{k.nouns()} 하나가 놓인 {where}"
    place, subject = k.spot()
    return f"{place} {k.np(subject)} 하나가{k.others(', 그 밖에 ', after=' 하나가')} 놓인 {where}"


def landmark(k: Korean) -> str:
    """고리 하나, 그 왼쪽에 빨간 별 하나, 배경은 해변"""
    if not k.first.relations:
        return f"{k.nouns()} 하나{k.ending(', 배경은 ')}"
    told = k.steps(turned=True, link=" 하나, ") + " 하나" + k.others(", 따로 ", after=" 하나")
    return told + k.ending(", 배경은 ")


def seen(k: Korean) -> str:
    """해변에 보이는 것은 고리 왼쪽에 있는 빨간 별"""
    where = k.ending("", PLACED, " ")
    told = k.nouns()
    if k.first.relations:
        place, subject = k.spot()
        told = f"{place} 있는 {k.np(subject)}{k.others(' 하나와 ')}"
    return f"{where}보이는 것은 {told} 하나"


def parallel(k: Korean) -> str:
    """배경은 해변, 왼쪽에 빨간 별, 오른쪽에 고리"""
    where = k.ending("배경은 ", after=", ")
    if not k.first.relations:
        return f"{where}오직 {k.nouns()} 하나"
    (head, second, *rest), (near, *more) = k.first.mentions, k.first.relations
    said = k.said(second)
    told = f"{where}{PLACES[near][0] if near in ('left', 'right') else PLACES[near]} {k.np(k.said(head))}, "
    other = INVERSE[near]
    told += f"{PLACES[other][0] if other in ('left', 'right') else PLACES[other]} {k.np(said)}"
    told += "".join(f", {k.again(INVERSE[r], said)} {k.np(k.said(m))}" for r, m in zip(more, rest, strict=True))
    return told + k.others(", 그 밖에 ")


def fragment(k: Korean) -> str:
    """해변: 고리 왼쪽에 빨간 별"""
    where = k.ending("", after=": ")
    if not k.first.relations:
        return f"{where}{k.nouns()}"
    place, subject = k.spot()
    return f"{where}{place} {k.np(subject)}{k.others('; ')}"


TELLER = Korean
STYLES: tuple[Callable[[Korean], str], ...] = (background_first, fronted, landmark, seen, parallel, fragment)
