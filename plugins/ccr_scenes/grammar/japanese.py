"""Japanese: postpositions, and places that come before what stands there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.paths import INVERSE, Path, Said, Teller
from ccr_scenes.world import Mention

SHAPES = {
    "circle": ("円", "丸"),
    "square": ("四角", "正方形"),
    "triangle": "三角形",
    "star": "星",
    "heart": "ハート",
    "cross": "十字",
    "ring": ("輪", "リング"),
    "diamond": "ひし形",
    "moon": ("月", "三日月"),
    "arrow": "矢印",
}
COLOURS = {
    "red": "赤い",
    "green": "緑の",
    "blue": "青い",
    "yellow": "黄色い",
    "orange": "オレンジ色の",
    "purple": "紫の",
    "pink": "ピンクの",
    "brown": "茶色い",
    "black": "黒い",
    "white": "白い",
}
SIZES = {"small": ("小さな", "小さい"), "large": ("大きな", "大きい")}
PLACES = {"left": ("左", "左側"), "right": ("右", "右側"), "above": "上", "below": "下"}
BACKGROUNDS = {
    "meadow": "草原",
    "beach": "砂浜",
    "sea": "海",
    "snow": "雪",
    "night": "夜空",
    "brick": "レンガの壁",
}
PLACED = BACKGROUNDS | {"snow": "雪の上", "brick": "レンガの壁の前"}
SIDES = {"left": "左", "right": "右", "above": "上", "below": "下"}


def phrase(noun: str, adjectives: Sequence[str], article: str = "", case: str = "") -> str:
    """A noun phrase; Japanese has neither articles nor agreement."""
    return "".join([*adjectives, noun])


class Japanese(Teller):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS

    def noun(self, m: Mention) -> str:
        return phrase(*self.said(m))

    def side(self, relation: str) -> str:
        return self.pick(PLACES[relation])

    def placed(self) -> tuple[str, Said]:
        """Where the first path's subject stands, and the subject: "輪の上にあるハートの左"."""
        if self.first.hub or len(self.first.mentions) < 3:
            head, spokes = self.first.spokes()
            return "、".join(f"{self.noun(m)}の{self.side(r)}" for r, m in spokes), self.said(head)
        (head, landmark, far), (near, beyond) = self.first.mentions, self.first.relations
        return f"{self.noun(far)}の{self.side(beyond)}にある{self.noun(landmark)}の{self.side(near)}", self.said(head)

    def all_alone(self) -> str:
        return "と".join(self.noun(m) for m in self.alone)

    def steps(self, path: Path) -> str:
        """ "、その左に星、星の上に月": "その" means the first thing, so that later ones are named."""
        told, anchor = "", "その"
        for relation, m in path.following():
            said = self.said(m)
            told += f"、{anchor}{self.side(relation)}に{phrase(*said)}"
            anchor = f"{said[0]}の"
        return told

    def others(self, verb: str, particle: str = "") -> str:
        """ "、さらに丸も" with the verb, or the particle alone where nothing else is left to tell."""
        return f"、さらに{self.all_alone()}も{verb}" if self.alone else particle


def background_first(j: Japanese) -> str:
    """砂浜を背景に、輪の左に赤い星がある"""
    where = j.ending("", after="を背景に、")
    if not j.first.relations:
        return f"{where}{j.all_alone()}がある"
    place, subject = j.placed()
    return f"{where}{place}に{phrase(*subject)}があ{'り' if j.alone else 'る'}{j.others('ある')}"


def landmark(j: Japanese) -> str:
    """砂浜に輪があり、その左に赤い星が見える"""
    where = j.ending("", PLACED, "に")
    if not j.first.relations:
        return f"{where}{j.all_alone()}が見える"
    path = j.first.turned()
    return f"{where}{j.noun(path.mentions[0])}があり{j.steps(path)}{j.others('', 'が')}見える"


def fragment(j: Japanese) -> str:
    """輪の左にある赤い星、背景は砂浜"""
    told = j.all_alone()
    if j.first.relations:
        place, subject = j.placed()
        told = f"{place}にある{phrase(*subject)}" + (f"、それと{told}" if told else "")
    return told + j.ending("、背景は")


def passive(j: Japanese) -> str:
    """砂浜に赤い星が配置され、その右に輪が配置されている"""
    where = j.ending("", PLACED, "に")
    if not j.first.relations:
        return f"{where}{j.all_alone()}が配置されている"
    return f"{where}{j.noun(j.first.mentions[0])}が配置され{j.steps(j.first)}{j.others('', 'が')}配置されている"


def parallel(j: Japanese) -> str:
    """背景に砂浜、左に赤い星、右に輪"""
    where = j.ending("背景に", after="、")
    if not j.first.relations:
        return f"{where}そこに{j.all_alone()}"
    (head, second, *rest), (near, *more) = j.first.mentions, j.first.relations
    said = j.said(second)
    told = f"{where}{SIDES[near]}に{j.noun(head)}、{SIDES[INVERSE[near]]}に{phrase(*said)}"
    told += "".join(f"、{said[0]}の{j.side(INVERSE[r])}に{j.noun(m)}" for r, m in zip(more, rest, strict=True))
    return told + (f"、ほかに{j.all_alone()}" if j.alone else "")


def cleft(j: Japanese) -> str:
    """砂浜に見えるのは、輪の左側にある赤い星"""
    told = j.all_alone()
    if j.first.relations:
        place, subject = j.placed()
        told = f"{place}にある{phrase(*subject)}" + (f"と、{told}" if told else "")
    return f"{j.ending('', PLACED, 'に')}見えるのは、{told}"


TELLER = Japanese
STYLES: tuple[Callable[[Japanese], str], ...] = (background_first, landmark, fragment, passive, parallel, cleft)
