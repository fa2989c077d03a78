"""Chinese: measure words, and places that come before what stands there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ccr_scenes.grammar.paths import INVERSE, Said, Teller, listed
from ccr_scenes.world import Mention

MEASURES = {"星星": "颗", "爱心": "颗", "月亮": "个", "月牙": "弯"}  # all others: 个

SHAPES = {
    "circle": ("圆形", "圆圈"),
    "square": ("正方形", "方块"),
    "triangle": "三角形",
    "star": "星星",
    "heart": ("爱心", "心形"),
    "cross": "十字",
    "ring": "圆环",
    "diamond": "菱形",
    "moon": ("月亮", "月牙"),
    "arrow": "箭头",
}
COLOURS = {
    "red": "红色",
    "green": "绿色",
    "blue": "蓝色",
    "yellow": "黄色",
    "orange": "橙色",
    "purple": "紫色",
    "pink": ("粉色", "粉红色"),
    "brown": ("棕色", "褐色"),
    "black": "黑色",
    "white": "白色",
}
SIZES = {"small": "小", "large": "大"}
PLACES = {
    "left": ("左边", "左侧"),
    "right": ("右边", "右侧"),
    "above": ("上方", "上面"),
    "below": ("下方", "下面"),
}
BACKGROUNDS = {
    "meadow": "草地上",
    "beach": "海滩上",
    "sea": "大海里",
    "snow": "雪地里",
    "night": ("夜空中", "夜空下"),
    "brick": "砖墙前",
}
SCENES = {
    "meadow": "草地",
    "beach": "海滩",
    "sea": "大海",
    "snow": "雪地",
    "night": "夜空",
    "brick": "砖墙",
}


def phrase(noun: str, adjectives: Sequence[str], article: str = "a", case: str = "", measure: str = "") -> str:
    """A noun phrase, the size next to the noun. With the article "a" it has a number and a measure word, and 的."""
    sizes = "".join(word for word in adjectives if len(word) == 1)
    colours = "".join(word for word in adjectives if len(word) > 1)
    if article == "a":
        return f"一{measure or MEASURES.get(noun, '个')}{colours}{'的' if colours else ''}{sizes}{noun}"
    return colours + sizes + noun


class Chinese(Teller):
    shapes, colours, sizes, backgrounds = SHAPES, COLOURS, SIZES, BACKGROUNDS

    def noun(self, m: Mention, article: str = "a") -> str:
        return phrase(*self.said(m), article)

    def place(self, relation: str, noun: str, of: str = "的") -> str:
        return f"{noun}{of}{self.pick(PLACES[relation])}"

    def placed(self, of: str = "的") -> tuple[str, Said]:
        """Where the first path's subject stands, and the subject: "圆环上方的爱心的左边"."""
        if self.first.hub or len(self.first.mentions) < 3:
            head, spokes = self.first.spokes()
            return "、".join(self.place(r, self.noun(m, ""), of) for r, m in spokes), self.said(head)
        (head, landmark, far), (near, beyond) = self.first.mentions, self.first.relations
        inner = f"{self.place(beyond, self.noun(far, ''), of='')}的{self.noun(landmark, '')}"
        return self.place(near, inner, of), self.said(head)

    def steps(self, turned: bool, link: str, head: str = "a") -> str:
        """ "一个爱心，它的左边{link}一颗星星，星星的上方{link}一个圆环" """
        path = self.first.turned() if turned else self.first
        said = self.said(path.mentions[0])
        told, anchor = phrase(*said, head), "它"
        for relation, m in path.following():
            said = self.said(m)
            told += f"，{self.place(relation, anchor)}{link}{phrase(*said)}"
            anchor = said[0]
        return told

    def others(self, before: str = "，另外还有") -> str:
        return before + listed([self.noun(m) for m in self.alone], "和", "、") if self.alone else ""


def background_first(z: Chinese) -> str:
    """海滩上，圆环的左边有一颗红色的星星"""
    where = z.where() or "图片中"
    if not z.first.relations:
        return f"{where}有{z.others('')}"
    place, subject = z.placed()
    return f"{where}，{place}有{phrase(*subject)}{z.others()}"


def landmark(z: Chinese) -> str:
    """一个圆环，它的左边是一颗红色的星星，背景是海滩"""
    told = z.steps(turned=True, link="是") + z.others() if z.first.relations else z.others("")
    return told + z.ending("，背景是", SCENES)


def seen(z: Chinese) -> str:
    """在海滩上可以看到一颗红色的星星，它的右边有一个圆环"""
    told = z.steps(turned=False, link="有") + z.others() if z.first.relations else z.others("")
    return f"{z.ending('在')}可以看到{told}"


def fragment(z: Chinese) -> str:
    """圆环左边的红色星星，背景是海滩"""
    told = listed([z.noun(m, "") for m in z.alone], "和", "、")
    if z.first.relations:
        place, subject = z.placed(of="")
        told = f"{place}的{phrase(*subject, '')}" + (f"，以及{told}" if told else "")
    return told + z.ending("，背景是", SCENES)


def together(z: Chinese) -> str:
    """海滩上是一颗红色的星星和它右边的一个圆环"""
    where = z.where() or "图片上"
    if not z.first.relations:
        return f"{where}是{z.others('')}"
    said = z.said(z.first.mentions[0])
    told, anchor, joint = phrase(*said), "它", "和"
    for relation, m in z.first.following():
        said = z.said(m)
        told += f"{joint}{anchor}{z.pick(PLACES[relation])}的{phrase(*said)}"
        anchor, joint = said[0], "以及"
    return f"{where}是{told}{z.others()}"


def parallel(z: Chinese) -> str:
    """红色的星星在左边，圆环在右边，背景是海滩"""
    if not z.first.relations:
        return f"图片里有{z.others('')}" + z.ending("，背景为", SCENES)
    head, second, *rest = z.first.mentions
    near, *more = z.first.relations
    said = z.said(second)
    told = f"{z.noun(head, '')}在{PLACES[near][0]}，{phrase(*said, '')}在{PLACES[INVERSE[near]][0]}"
    told += "".join(f"，{said[0]}的{z.pick(PLACES[INVERSE[r]])}是{z.noun(m)}" for r, m in zip(more, rest, strict=True))
    return told + z.others() + z.ending("，背景为", SCENES)


TELLER = Chinese
STYLES: tuple[Callable[[Chinese], str], ...] = (background_first, landmark, seen, fragment, together, parallel)
