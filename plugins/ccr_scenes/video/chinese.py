"""Chinese: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar import chinese
from ccr_scenes.grammar.chinese import SCENES, Chinese
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases, turns
from ccr_scenes.video.world import TURNS

# --- people -------------------------------------------------------------------------------------------------------

COLOURS = {colour: found if isinstance(found, str) else found[0] for colour, found in chinese.COLOURS.items()}
VERBS = {
    "left": ("向左移动", "向左滑动"),
    "right": ("向右移动", "向右滑动"),
    "up": ("向上移动", "上升"),
    "down": ("向下移动", "下沉"),
    "grow": ("变大",),
    "shrink": ("变小", "缩小"),
    "appear": ("出现",),
    "disappear": ("消失",),
    "circle": ("绕着",),
    "jump": ("跳过",),
    **{motion: (f"变成{COLOURS[colour]}",) for motion, colour in TURNS.items()},
}


class ChineseEvent(EventTeller, Chinese):
    def verb(self) -> str:
        """With its object: "绕着圆环转", "跳过圆环"."""
        verb = self.rng.choice(VERBS[self.event.motion])
        if not self.about:
            return verb
        return f"{verb}{self.noun(self.about, '')}{'转' if self.event.motion == 'circle' else ''}"

    def near(self, of: str = "的") -> str:
        """ "圆环的左边", of what stays in its place"""
        return self.place(self.event.last, self.noun(self.spot, ""), of) if self.spot else ""

    def way(self) -> str:
        """ "，先在圆环的左边，然后在它的上方" """
        if not self.course:
            return ""
        first = self.place(self.event.first, self.noun(self.course, ""))
        return f"，先在{first}，然后在{self.place(self.event.last, '它')}"

    def happens(self, article: str = "a") -> str:
        """ "一颗红色的星星在圆环的左边变大" """
        spot = f"在{self.near()}" if self.spot else ""
        return f"{self.noun(self.event.mover, article)}{spot}{self.verb()}{self.way()}"

    def other(self, before: str, article: str = "a") -> str:
        return before + self.noun(self.event.other, article) if self.event.other else ""


def background_first(z: ChineseEvent) -> str:
    """海滩上，一颗红色的星星向右移动，先在圆环的下方，然后在它的右边，另外还有一个十字"""
    return f"{z.where() or '视频中'}，{z.happens()}{z.other('，另外还有')}"


def seen(z: ChineseEvent) -> str:
    """在海滩上可以看到一颗红色的星星绕着圆环转，以及一个十字"""
    return f"{z.ending('在')}可以看到{z.happens()}{z.other('，以及')}"


def outcome(z: ChineseEvent) -> str:
    """圆环左边有一颗红色的星星，它变成蓝色，还有一个十字，背景是海滩"""
    told = f"{z.near('')}有{z.noun(z.event.mover)}" if z.spot else z.noun(z.event.mover)
    return f"{told}，它{z.verb()}{z.way()}{z.other('，还有')}" + z.ending("，背景是", SCENES)


def fragment(z: ChineseEvent) -> str:
    """红色星星跳过圆环，以及十字，背景为海滩"""
    return z.happens("") + z.other("，以及", "") + z.ending("，背景为", SCENES)


TELLER = ChineseEvent
STYLES: tuple[Callable[[ChineseEvent], str], ...] = (background_first, seen, outcome, fragment)

# --- the translator -----------------------------------------------------------------------------------------------

FINITE: Forms = {
    "left": ("移动到左边", ("滑动到左边", "向左滑动")),
    "right": ("移动到右边", ("滑动到右边", "向右滑动")),
    "up": (("向上移动", "移动上"), ("上升", "升起")),
    "down": (("向下移动", "移动下"), ("下沉", "沉没")),
    "grow": (("变大", "生长"), ("变大", "得到更大")),
    "shrink": ("缩小", ("变小", "得到更小")),
    "appear": ("出现", ("出现", "显示上")),
    "disappear": ("消失", "消失"),
    "circle": (("绕着{}转", "圈周围{}"), ("绕着{}转", "移动围绕{}")),
    "jump": (("跳过{}", "跳在{}上面"), "跃过{}"),
    **turns(
        lambda colour: (
            (f"变成{COLOURS[colour]}", f"转{COLOURS[colour]}"),
            (f"变成{COLOURS[colour]}", f"成为{COLOURS[colour]}"),
        )
    ),
}
DOING: Forms = {
    "left": (("向左移动", "正在向左移动"), "向左滑动"),
    "right": (("向右移动", "正在向右移动"), "向右滑动"),
    "up": ("正在向上移动", "正在上升"),
    "down": ("正在向下移动", "正在下沉"),
    "grow": ("正在变大", "正在得到更大"),
    "shrink": ("正在缩小", "正在变小"),
    "appear": ("正在出现", "正在显示上"),
    "disappear": ("正在消失", "正在消失"),
    "circle": ("正在绕着{}转", "移动围绕{}"),
    "jump": ("正在跳过{}", "正在跃过{}"),
    **turns(lambda colour: (f"正在变成{COLOURS[colour]}", f"正在变成{COLOURS[colour]}")),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], DOING),
    **phrases(FORMS[3], FINITE, "，它"),
    **phrases(FORMS[4], FINITE, "和它"),
    "first": ("先", "第一"),
    "and then": ("然后", "和然后"),
    "a clip of": ("一个视频的{}", "一个片段的{}"),
}
TO_ENGLISH = {
    "向左移动": "moves to the left",
    "向左滑动": "slides to the left",
    "向右移动": "moves to the right",
    "向右滑动": "slides to the right",
    "向上移动": "moves up",
    "上升": "rises",
    "向下移动": "moves down",
    "下沉": "sinks",
    "变大": "gets bigger",
    "变小": "gets smaller",
    "缩小": "shrinks",
    "出现": "appears",
    "消失": "disappears",
    "绕着": "circles around",
    "转": "",
    "跳过": "jumps over",
    "跃过": "hops over",
    **{f"变成{COLOURS[colour]}": f"turns {colour}" for colour in TURNS.values()},
    "先": "first",
    "然后": "and then",
    "视频中": "in the clip",
}
