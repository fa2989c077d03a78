"""Japanese: what people say, and what the translator says."""

from __future__ import annotations

from collections.abc import Callable

from ccr_scenes.grammar.japanese import COLOURS, PLACED, Japanese
from ccr_scenes.video.english import FORMS
from ccr_scenes.video.telling import EventTeller, Forms, phrases, turns
from ccr_scenes.video.world import ROUND, TURNS

# --- people -------------------------------------------------------------------------------------------------------

BECOME = {  # 赤い, 赤く; 緑の, 緑に
    colour: f"{word[:-1]}{'く' if word.endswith('い') else 'に'}" for colour, word in COLOURS.items()
}
VERBS = {
    "left": ("左に動く", "左に滑る"),
    "right": ("右に動く", "右に滑る"),
    "up": ("上に動く", "上がる"),
    "down": ("下に動く", "沈む"),
    "grow": ("大きくなる",),
    "shrink": ("小さくなる", "縮む"),
    "appear": ("現れる",),
    "disappear": ("消える",),
    "circle": ("の周りを回る",),
    "jump": ("を跳び越える",),
    **{motion: (f"{BECOME[colour]}なる",) for motion, colour in TURNS.items()},
}


class JapaneseEvent(EventTeller, Japanese):
    def clause(self) -> str:
        """ "初めは輪の下、次はその右で右に動く", "輪の左で大きくなる", "輪の周りを回る" """
        verb = self.rng.choice(VERBS[self.event.motion])
        if self.about:
            return f"{self.noun(self.about)}{verb}"
        if self.spot:
            return f"{self.noun(self.spot)}の{self.side(self.event.last)}で{verb}"
        if not self.course:
            return verb
        first, last = self.side(self.event.first), self.side(self.event.last)
        return f"初めは{self.noun(self.course)}の{first}、次はその{last}で{verb}"

    def other(self, before: str, after: str = "") -> str:
        return f"{before}{self.noun(self.event.other)}{after}" if self.event.other else ""


def background_first(j: JapaneseEvent) -> str:
    """砂浜を背景に、赤い星が輪の左で大きくなる、十字もある"""
    where = j.ending("", after="を背景に、")
    return f"{where}{j.noun(j.event.mover)}が{j.clause()}{j.other('、', 'もある')}"


def cleft(j: JapaneseEvent) -> str:
    """砂浜で輪の左で大きくなるのは赤い星、ほかに十字"""
    return f"{j.ending('', PLACED, 'で')}{j.clause()}のは{j.noun(j.event.mover)}{j.other('、ほかに')}"


def relative(j: JapaneseEvent) -> str:
    """砂浜に、輪の周りを回る赤い星が見える"""
    where = j.ending("", PLACED, "に、")
    return f"{where}{j.clause()}{j.noun(j.event.mover)}が{j.other('あり、', 'も')}見える"


def fragment(j: JapaneseEvent) -> str:
    """赤い星、青くなる、背景は砂浜"""
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
    "circle": (("{}の周りを回る", "{}の周りに丸くします"), ("{}の周りを動く", "{}の周りを回る")),
    "jump": (("{}を跳び越える", "{}の上に跳びます"), "{}を飛び越える"),
    **turns(lambda colour: ((f"{BECOME[colour]}なる", f"{BECOME[colour]}曲がります"), f"{BECOME[colour]}なる")),
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
    "circle": ("{}の周りを回っている", "{}の周りを動いている"),
    "jump": ("{}を跳び越えている", "{}を飛び越えている"),
    **turns(lambda colour: (f"{BECOME[colour]}なっている", f"{BECOME[colour]}なっている")),
}
PHRASES = {
    **phrases(FORMS[0], FINITE, "は"),
    **phrases(FORMS[1], DOING),
    **phrases(FORMS[2], DOING, "は"),
    **phrases(FORMS[3], FINITE, "、それは"),
    **phrases(FORMS[4], FINITE, "、そしてそれは"),
    "first": ("初めは", "最初"),
    "and then": ("、次は", "、そしてそれから"),
    "a clip of": ("{}の動画、", "{}のクリップ、"),
}
TO_ENGLISH = {
    **{
        form: english
        for motion, verbs in VERBS.items()
        for form, english in zip(verbs, FORMS[0][motion], strict=False)
        if motion not in ROUND
    },
    "の周りを回る": "<circles around",
    "を跳び越える": "<jumps over",
    "を飛び越える": "<hops over",
    "の左で": "<to the left of",
    "の左側で": "<to the left of",
    "の右で": "<to the right of",
    "の右側で": "<to the right of",
    "の上で": "<above",
    "の下で": "<below",
    "その左で": "its left",
    "その左側で": "its left",
    "その右で": "its right",
    "その右側で": "its right",
    "その上で": "on top of that",
    "その下で": "under that",
    "初めは": "first",
    "次は": "then",
    "が": "",
}
