"""English to Japanese."""

from __future__ import annotations

from collections.abc import Sequence

from ccr_scenes.grammar import japanese

NOUNS = {
    "circle": ("円", "丸"),
    "disc": ("ディスク", "丸"),
    "square": ("正方形", "四角"),
    "triangle": "三角形",
    "star": "星",
    "heart": "ハート",
    "cross": "十字",
    "ring": ("リング", "輪"),
    "diamond": "ひし形",
    "moon": ("月", "三日月"),
    "crescent": "三日月",
    "arrow": "矢印",
}
ADJECTIVES = {
    "red": "赤い",
    "green": "緑の",
    "blue": "青い",
    "yellow": "黄色い",
    "orange": "オレンジ色の",
    "purple": "紫の",
    "violet": "紫の",
    "pink": "ピンクの",
    "brown": "茶色い",
    "black": "黒い",
    "white": "白い",
    "small": ("小さい", "小さな"),
    "little": "小さな",
    "large": ("大きい", "大きな"),
    "big": "大きな",
}
SENSES = {"square": "広場", "diamond": "ダイヤモンド", "ring": "指輪", "cross": "交差", "little": "少し"}
PHRASES = {
    "there is": ("{}があります、", "そこに{}があります、"),
    "you can see": ("あなたは{}を見ることができます、", "{}が見えます、"),
    "a picture of": ("{}の写真、", "{}の絵、"),
    "here we have": "ここに私たちは{}を持っています、",
    "is": "は{}です",
    "are": "は{}です",
    "is located": ("は{}位置しています", "は{}配置されています"),
    "are located": "は{}配置されています",
    "is shown": "は{}見えます",
    "are shown": "は{}見えます",
    "in the picture": "写真の中に",
    "which is": "それは{}です",
    "and the background shows": "そして背景は{}を示しています",
    "and there is": "、そして{}があります",
    "and also": "、そしてまた{}",
    "and": "と",
    ",": "、",
    "to the left of": "{}の左に",
    "left of": ("{}の左", "{}の去った"),
    "on the left side of": "{}の左側に",
    "on the left-hand side of": "{}の左手側に",
    "just left of": ("{}をちょうど去った", "{}のすぐ左に"),
    "to the right of": "{}の右に",
    "right of": ("{}の右", "{}の権利"),
    "on the right side of": "{}の右側に",
    "on the right-hand side of": "{}の右手側に",
    "just right of": ("{}のちょうど正しい", "{}のすぐ右に"),
    "above": "{}の上に",
    "over": ("{}の上に", "{}を越えて"),
    "right above": ("{}の右上に", "{}の真上に"),
    "up above": "{}の上へ上に",
    "below": "{}の下に",
    "under": "{}の下に",
    "right below": ("{}の右下に", "{}の真下に"),
    "down below": "{}の下へ下に",
    "on a meadow": "草原の上で",
    "on the grass": "芝生の上で",
    "out in the fields": "外へ野原の中で",
    "on a beach": "砂浜の上で",
    "on the sand": "砂の上で",
    "by the seaside": "海側によって",
    "in the sea": "海の中で",
    "in the water": "水の中で",
    "out at sea": "外へ海で",
    "in the snow": "雪の中で",
    "in the deep snow": "深い雪の中で",
    "under the night sky": "夜空の下で",
    "at night": "夜に",
    "in the dead of night": "夜の死の中で",
    "in front of a brick wall": "レンガの壁の前で",
    "on a brick wall": "レンガの壁の上で",
    "up against a brick wall": "レンガの壁に反対して上へ",
    "a meadow": "草原",
    "a beach": "砂浜",
    "the sea": "海",
    "snow": "雪",
    "the night sky": "夜空",
    "a brick wall": "レンガの壁",
}


def phrase(noun: str, adjectives: Sequence[str], article: str, case: str, slip: str = "", luck: float = 0.0) -> str:
    if slip == "order":
        adjectives = adjectives[::-1]
    elif slip == "form":  # 緑星, 赤いの星
        adjectives = [word.removesuffix("の") if word.endswith("の") else f"{word}の" for word in adjectives]
    determiner = "その" if article == "the" else "一つの" if article == "a" and luck < 0.4 else ""
    return determiner + japanese.phrase(noun, adjectives)
