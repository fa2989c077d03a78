"""English to Korean. "~" stands before a particle that joins the word before it."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import korean

NOUNS = {
    "circle": ("원", "동그라미"),
    "disc": ("원반", "동그라미"),
    "square": ("정사각형", "네모"),
    "triangle": "삼각형",
    "star": "별",
    "heart": "하트",
    "cross": "십자가",
    "ring": ("고리", "링"),
    "diamond": "마름모",
    "rhombus": "마름모",
    "moon": ("달", "초승달"),
    "crescent": "초승달",
    "arrow": "화살표",
}
ADJECTIVES = {
    "red": "빨간",
    "green": "초록색",
    "blue": "파란",
    "yellow": "노란",
    "orange": "주황색",
    "purple": "보라색",
    "violet": "보라색",
    "pink": "분홍색",
    "brown": "갈색",
    "black": ("검은", "까만"),
    "white": ("하얀", "흰"),
    "small": "작은",
    "little": "작은",
    "large": ("커다란", "큰"),
    "big": "큰",
}
SENSES = {"square": "광장", "diamond": "다이아몬드", "ring": "반지", "orange": "오렌지", "little": "조금"}
PHRASES = {
    "there is": ("{} ~가 있습니다 ,", "거기에 {} ~가 있습니다 ,"),
    "you can see": ("당신은 {} ~를 볼 수 있습니다 ,", "{} ~가 보입니다 ,", "보이는 것은 {} 입니다 ,"),
    "a picture of": ("{} 사진 ,", "{} ~의 그림 ,"),
    "here we have": "여기 우리는 {} ~를 가지고 있습니다 ,",
    "is": "~는 {} 입니다",
    "are": "~는 {} 입니다",
    "is located": ("~는 {} 위치해 있습니다", "~는 {} 놓인 상태입니다"),
    "are located": "~는 {} 놓인 상태입니다",
    "is shown": "~는 {} 보여집니다",
    "are shown": "~는 {} 보여집니다",
    "in the picture": "사진 안에",
    "which is": "그것은 {} 입니다",
    "and the background shows": ", 그리고 배경은 {} 보여줍니다",
    "and there is": ", 그리고 {} ~가 있습니다",
    "and also": ", 그리고 또한 {}",
    "and": "그리고",
    ",": ",",
    "to the left of": ("{} ~의 왼쪽에", "{} 왼쪽에"),
    "left of": ("{} 왼쪽에", "{} ~를 떠난"),
    "on the left side of": "{} 왼편에",
    "on the left-hand side of": "{} ~의 왼손 편에",
    "just left of": ("{} ~를 방금 떠난", "{} 바로 왼쪽에"),
    "to the right of": ("{} ~의 오른쪽에", "{} 오른쪽에"),
    "right of": ("{} 오른쪽에", "{} ~의 권리"),
    "on the right side of": "{} 오른편에",
    "on the right-hand side of": "{} ~의 오른손 편에",
    "just right of": ("{} ~의 딱 맞는", "{} 바로 오른쪽에"),
    "above": ("{} 위에", "{} ~의 위에"),
    "over": ("{} 위에", "{} ~를 넘어서"),
    "right above": ("{} 오른쪽 위에", "{} 바로 위에"),
    "up above": "{} 위로 위에",
    "below": ("{} 아래에", "{} ~의 아래에"),
    "under": "{} 아래에",
    "right below": ("{} 오른쪽 아래에", "{} 바로 아래에"),
    "down below": "{} 아래로 아래에",
    "on a meadow": "풀밭 위에서",
    "on the grass": "풀밭에",
    "out in the fields": "밖으로 들판 안에",
    "on a beach": ("해변에", "해변 위에서", "해변 위에서"),
    "on the sand": "모래 위에",
    "by the seaside": "바다 쪽에 의해",
    "in the sea": ("바다에", "바다 안에서", "바다 안에서"),
    "in the water": "물속에",
    "out at sea": "밖으로 바다에",
    "in the snow": ("눈밭 위에", "눈밭에"),
    "in the deep snow": "깊은 눈 속에",
    "under the night sky": ("밤하늘에", "밤하늘 아래에", "밤하늘 아래에"),
    "at night": "밤에",
    "in the dead of night": "밤의 죽음 속에",
    "in front of a brick wall": "벽돌 벽 앞에",
    "on a brick wall": ("벽돌 벽에", "벽돌 벽 위에"),
    "up against a brick wall": "벽돌 벽에 반대하여 위로",
    "a meadow": "풀밭",
    "a beach": "해변",
    "the sea": "바다",
    "snow": "눈밭",
    "the night sky": "밤하늘",
    "a brick wall": "벽돌 벽",
}
ARTICLES: dict[str, str] = {}
_SIDES = {"왼": "left", "오른": "right"}
TO_ENGLISH = {  # "<" goes in front of the noun phrase before it
    **{f"{side}{part}에": f"<to the {word} of" for side, word in _SIDES.items() for part in ("쪽", "편")},
    "위에": "<above",
    "아래에": "<below",
    **{f"그 {side}{part}에": f"on its {word}" for side, word in _SIDES.items() for part in ("쪽", "편")},
    "그 위에": "on top of that",
    "그 아래에": "at the bottom of that",
    "하나가": "",
    "하나와": "and",
    "하나도": "too",
    "하나": "",
    "있는": "that is",
    "있다": "<there is",
    "있고": "<there is",
    "놓인": "laid",
    "보이는 것은": "what can be seen is",
    "그 밖에": "besides",
    "따로": "apart",
    "배경은": "and the background shows",
    "그림": "picture",
    "그림 속에": "in the picture",
    "풀밭에": "on a meadow",
    "해변에": "on a beach",
    "바다에": "in the sea",
    "눈밭에": "in the snow",
    "밤하늘에": "under the night sky",
    "벽돌 벽 앞에": "in front of a brick wall",
    "풀밭": "a meadow",
    "해변": "a beach",
    "바다": "the sea",
    "눈밭": "snow",
    "밤하늘": "the night sky",
    "벽돌 벽": "a brick wall",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    if slip == "order":
        adjectives = adjectives[::-1]
    elif slip == "form":  # 빨간의 별, 초록 별
        adjectives = [word.removesuffix("색") if word.endswith("색") else f"{word}의" for word in adjectives]
    determiner = "그" if article == "the" else "하나의" if article == "a" and luck < 0.4 else ""
    return korean.phrase(noun, adjectives, determiner)


def forms(word: str) -> set[str]:
    return {word}


joined = korean.joined
