"""Chinese: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.chinese import SCENES, Chinese
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases

# --- people -------------------------------------------------------------------------------------------------------

VERBS = {
    "left": ("向左移动", "向左滑动"),
    "right": ("向右移动", "向右滑动"),
    "up": ("向上移动", "上升"),
    "down": ("向下移动", "下沉"),
    "grow": ("变大",),
    "shrink": ("变小", "缩小"),
    "appear": ("出现",),
    "disappear": ("消失",),
    "circle": ("绕圈移动", "转圈"),
    "jump": ("上下跳动", "上下跳跃"),
}


class ChineseEvent(EventTeller, Chinese):
    def verb(self) -> str:
        return self.rng.choice(VERBS[self.event.motion])

    def way(self) -> str:
        """ "从圆环后面", which comes before the verb"""
        return f"从{self.noun(self.event.behind, '')}后面" if self.event.behind else ""

    def near(self, of: str = "的") -> str:
        if not self.event.relation:
            return ""
        relation, m = self.event.relation
        return super().place(relation, self.noun(m, ""), of)

    def happens(self, article: str = "a") -> str:
        """ "一颗红色的星星向右移动，停在圆环的左边", of what rests all the while "一颗红色的星星在圆环的左边变大" """
        spot = f"在{self.near()}" if self.event.relation and not self.moves else ""
        told = f"{self.noun(self.event.mover, article)}{self.way()}{spot}{self.verb()}"
        return told + (f"，停在{self.near()}" if self.event.relation and self.moves else "")

    def other(self, before: str, article: str = "a") -> str:
        return before + self.noun(self.event.other, article) if self.event.other else ""


def background_first(z: ChineseEvent) -> str:
    """海滩上，一颗红色的星星向右移动，停在圆环的左边，另外还有一个十字"""
    return f"{z.where() or '视频中'}，{z.happens()}{z.other('，另外还有')}"


def seen(z: ChineseEvent) -> str:
    """在海滩上可以看到一颗红色的星星向右移动，停在圆环的左边"""
    return f"{z.ending('在')}可以看到{z.happens()}{z.other('，以及')}"


def outcome(z: ChineseEvent) -> str:
    """圆环左边有一颗红色的星星，它正在向右移动，背景是海滩"""
    told = f"{z.near('')}有{z.noun(z.event.mover)}" if z.event.relation else z.noun(z.event.mover)
    return f"{told}，它{z.way()}{z.verb()}{z.other('，还有')}" + z.ending("，背景是", SCENES)


def fragment(z: ChineseEvent) -> str:
    """红色星星向右移动，停在圆环的左边，背景为海滩"""
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
    "circle": (("绕圈移动", "移动在一个圆圈里"), ("转圈", "去圆在一个圆圈里")),
    "jump": (("上下跳动", "跳动上和下"), "上下跳跃"),
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
    "circle": ("正在绕圈移动", "正在转圈"),
    "jump": ("正在上下跳动", "正在上下跳跃"),
}
PHRASES = {
    **phrases(FORMS[0], FINITE),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], DOING),
    **phrases(FORMS[3], FINITE, "，它"),
    **phrases(FORMS[4], FINITE, "和它"),
    "behind": ("在{}的后面", "在{}后面"),
    "and stops": ("并停在那里", "和停止"),
    "until it is": ("直到它是", "直到它停"),
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
    "绕圈移动": "moves in a circle",
    "转圈": "goes round in a circle",
    "上下跳动": "jumps up and down",
    "上下跳跃": "hops up and down",
    "从": "from",
    "后面": "behind",
    "停在": "stops",
    "视频中": "in the clip",
}
