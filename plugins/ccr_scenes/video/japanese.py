"""Japanese: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.japanese import PLACED, Japanese
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases

# --- people: verbs as they end a sentence or stand before a noun, and as they go on ---------------------------------

VERBS = {
    "left": (("左に動く", "左に動いて"), ("左に滑る", "左に滑って")),
    "right": (("右に動く", "右に動いて"), ("右に滑る", "右に滑って")),
    "up": (("上に動く", "上に動いて"), ("上がる", "上がって")),
    "down": (("下に動く", "下に動いて"), ("沈む", "沈んで")),
    "grow": (("大きくなる", "大きくなって"),),
    "shrink": (("小さくなる", "小さくなって"), ("縮む", "縮んで")),
    "appear": (("現れる", "現れて"),),
    "disappear": (("消える", "消えて"),),
    "circle": (("円を描いて動く", "円を描いて動いて"), ("くるくる回る", "くるくる回って")),
    "jump": (("上下に跳ねる", "上下に跳ねて"), ("上下に飛び跳ねる", "上下に飛び跳ねて")),
}


class JapaneseEvent(EventTeller, Japanese):
    def way(self) -> str:
        return f"{self.noun(self.event.behind)}の後ろで" if self.event.behind else ""

    def near(self) -> str:
        if not self.event.relation:
            return ""
        relation, m = self.event.relation
        return f"{self.noun(m)}の{self.side(relation)}"

    def clause(self) -> str:
        """ "月の後ろで右に動いて輪の左で止まる", of what rests all the while "輪の左で大きくなる" """
        ends, goes_on = self.rng.choice(VERBS[self.event.motion])
        if not self.event.relation:
            return f"{self.way()}{ends}"
        return f"{self.way()}{goes_on}{self.near()}で止まる" if self.moves else f"{self.near()}で{ends}"

    def other(self, before: str, after: str = "") -> str:
        return f"{before}{self.noun(self.event.other)}{after}" if self.event.other else ""


def background_first(j: JapaneseEvent) -> str:
    """砂浜を背景に、赤い星が月の後ろで右に動いて輪の左で止まる、十字もある"""
    where = j.ending("", after="を背景に、")
    return f"{where}{j.noun(j.event.mover)}が{j.clause()}{j.other('、', 'もある')}"


def cleft(j: JapaneseEvent) -> str:
    """砂浜で右に動いて輪の左で止まるのは赤い星、そして十字"""
    return f"{j.ending('', PLACED, 'で')}{j.clause()}のは{j.noun(j.event.mover)}{j.other('、ほかに')}"


def relative(j: JapaneseEvent) -> str:
    """砂浜に、右に動いて輪の左で止まる赤い星が見える"""
    where = j.ending("", PLACED, "に、")
    return f"{where}{j.clause()}{j.noun(j.event.mover)}が{j.other('あり、', 'も')}見える"


def fragment(j: JapaneseEvent) -> str:
    """赤い星、右に動いて輪の左で止まる、背景は砂浜"""
    return f"{j.noun(j.event.mover)}、{j.clause()}{j.other('、それと')}" + j.ending("、背景は")


TELLER = JapaneseEvent
STYLES: tuple[Callable[[JapaneseEvent], str], ...] = (background_first, cleft, relative, fragment)

# --- the translator -----------------------------------------------------------------------------------------------

FINITE: Forms = {
    "left": (("左に動く", "左へ動きます"), ("左に滑る", "左へ滑ります")),
    "right": (("右に動く", "右へ動きます"), ("右に滑る", "右へ滑ります")),
    "up": (("上に動く", "上へ動きます"), ("上がる", "昇ります")),
    "down": (("下に動く", "下へ動きます"), ("沈む", "沈みます")),
    "grow": (("大きくなる", "成長します"), "大きくなる"),
    "shrink": (("縮む", "縮みます"), "小さくなる"),
    "appear": ("現れる", ("現れる", "見せます上に")),
    "disappear": ("消える", "消える"),
    "circle": (("円を描いて動く", "円の中で動きます"), ("くるくる回る", "円の中で回って行きます")),
    "jump": ("上下に跳ねる", "上下に飛び跳ねる"),
}
DOING: Forms = {
    "left": ("左に動いている", "左に滑っている"),
    "right": ("右に動いている", "右に滑っている"),
    "up": ("上に動いている", "上がっている"),
    "down": ("下に動いている", "沈んでいる"),
    "grow": ("大きくなっている", ("大きくなっている", "成長している")),
    "shrink": ("縮んでいる", "小さくなっている"),
    "appear": ("現れている", "現れている"),
    "disappear": ("消えている", "消えている"),
    "circle": ("円を描いて動いている", "くるくる回っている"),
    "jump": ("上下に跳ねている", "上下に飛び跳ねている"),
}
PHRASES = {
    **phrases(FORMS[0], FINITE, "は"),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], DOING, "は"),
    **phrases(FORMS[3], FINITE, "、それは"),
    **phrases(FORMS[4], FINITE, "、そしてそれは"),
    "behind": ("{}の後ろで", "{}の後ろに"),
    "and stops": ("、そして止まる", "と止まります"),
    "until it is": "それまで",
    "a clip of": ("{}の動画、", "{}のクリップ、"),
}
TO_ENGLISH = {
    **{
        form: english
        for motion, verbs in VERBS.items()
        for forms, english in zip(verbs, FORMS[0][motion], strict=False)
        for form in forms
    },
    "の後ろで": "<behind",
    "の左で": "<to the left of",
    "の左側で": "<to the left of",
    "の右で": "<to the right of",
    "の右側で": "<to the right of",
    "の上で": "<above",
    "の下で": "<below",
    "止まる": "stops",
    "が": "",
}
