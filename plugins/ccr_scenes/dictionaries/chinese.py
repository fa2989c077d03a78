"""English to Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import chinese

NOUNS = {
    "circle": ("圆圈", "圆形"),
    "disc": ("圆盘", "圆形"),
    "square": ("正方形", "方块"),
    "triangle": "三角形",
    "star": "星星",
    "heart": ("爱心", "心形"),
    "cross": "十字",
    "ring": "圆环",
    "diamond": "菱形",
    "moon": ("月亮", "月牙"),
    "crescent": "月牙",
    "arrow": "箭头",
}
ADJECTIVES = {
    "red": "红色",
    "green": "绿色",
    "blue": "蓝色",
    "yellow": "黄色",
    "orange": "橙色",
    "purple": "紫色",
    "violet": "紫色",
    "pink": ("粉红色", "粉色"),
    "brown": ("棕色", "褐色"),
    "black": "黑色",
    "white": "白色",
    "small": "小",
    "little": "小",
    "large": "大",
    "big": "大",
}
SENSES = {"square": "广场", "diamond": "钻石", "ring": "戒指", "orange": "橙子", "little": "少"}
PHRASES = {
    "there is": ("有{}", "那里有{}"),
    "you can see": ("你可以看到{}", "您能看到{}"),
    "a picture of": ("一张图片的{}", "一张照片的{}"),
    "here we have": "这里我们有{}",
    "is": "是",
    "are": "是",
    "is located": "位于",
    "are located": "位于",
    "is shown": "被显示",
    "are shown": "被显示",
    "in the picture": "在图片中",
    "which is": ("哪个是", "它是"),
    "and the background shows": "和背景显示",
    "and there is": "和有{}",
    "and also": "和也{}",
    "and": "和",
    ",": "，",
    "to the left of": "在{}的左边",
    "left of": ("在{}的左侧", "离开的{}"),
    "on the left side of": "在{}的左侧",
    "on the left-hand side of": "在{}的左手边",
    "just left of": ("刚刚离开{}", "就在{}的左边"),
    "to the right of": "在{}的右边",
    "right of": ("在{}的右侧", "权利的{}"),
    "on the right side of": "在{}的右侧",
    "on the right-hand side of": "在{}的右手边",
    "just right of": ("刚好正确的{}", "就在{}的右边"),
    "above": ("在{}的上方", "在{}的上面"),
    "over": ("在{}的上面", "超过{}"),
    "right above": ("在{}的右上方", "正在{}的上方"),
    "up above": "向上在{}的上方",
    "below": ("在{}的下方", "在{}的下面"),
    "under": "在{}的下面",
    "right below": ("在{}的右下方", "正在{}的下方"),
    "down below": "向下在{}的下方",
    "on a meadow": "在一个草地上",
    "on the grass": ("在草坪上", "在草上"),
    "out in the fields": "出去在田野里",
    "on a beach": "在一个海滩上",
    "on the sand": ("在沙滩上", "在沙子上"),
    "by the seaside": "由海边",
    "in the sea": "在大海里",
    "in the water": "在水里",
    "out at sea": "出去在海",
    "in the snow": ("在雪地里", "在雪里"),
    "in the deep snow": "在深的雪里",
    "under the night sky": "在夜空下",
    "at night": "在晚上",
    "in the dead of night": "在死的夜里",
    "in front of a brick wall": "在一个砖墙的前面",
    "on a brick wall": "在一个砖墙上",
    "up against a brick wall": "向上反对一个砖墙",
    "a meadow": "一个草地",
    "a beach": "一个海滩",
    "the sea": "大海",
    "snow": ("雪地", "雪"),
    "the night sky": "夜空",
    "a brick wall": "一个砖墙",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    if slip == "order":  # the English order: size, colour, noun
        return f"{'一个' if article == 'a' else ''}{''.join(adjectives)}{noun}"
    return chinese.phrase(noun, adjectives, article, measure="条" if slip == "form" else "个" if luck < 0.5 else "")
