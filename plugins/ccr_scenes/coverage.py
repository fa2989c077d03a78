"""Which content words of the human-like captions occur, in that very form, in the machine-translated ones.

A test caption should ask whether a method carries meaning over to another way of saying it, not whether it guesses
words that it never saw. Words of the closed classes (articles, prepositions, pronouns, auxiliaries, particles, measure
words) are not counted: they are what the styles differ in. Everything else is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from attrs import frozen

import ccr
from ccr_scenes.grammar import chinese, japanese
from ccr_scenes.languages import WORDS

OFTEN = 50  # a form is rare if it occurs less often

_FUNCTION = {
    "en": """a an the and or of to in on at by out up with from for is are be been can which that there here you we
        one it its also along plus this these down""",
    "de": """ein eine einen einem einer eines der die das den dem des von vom über unter neben auf in im am an aus vor
        bei mit zu zum zur gegen und auch was man es sich du wir ist sind wird werden kann kannst haben hat gibt da
        davon daneben außerdem dazu dann wie hier welcher welche welches vorbei""",
    "fr": """un une le la les l de du des d à au aux en sur sous dans devant contre par avec et aussi plus qui
        lequel est sont on peut pouvez vous nous avons il elle y a sa son lui-même elle-même ici là voici cette se
        puis""",
    "cs": """na v ve od nad pod před u z přes proti a i to vše také dále je jsou se lze můžete s máme tam tady zde něj
        ní ním který která které což pak""",
    "zh": """的 一 个 颗 弯 条 有 是 为 在 中 上 里 下 前 于 和 以及 也 可以 能 看到 它 你 您 我们 这里 那里 哪 被 位于
        另外 还有 由 从 向上 向下 出去 正 就 刚刚 刚好""",
    "ja": """の に が は を で と も へ あり ある ます です る た て い され その それ そこ ここ 一つ こと でき あなた
        私たち そして さらに ほか また し な""",
    "es": """un una el la los las de del a al en y su que se es son está están hay puede pueden puedes ver ve ven tú
        nosotros aquí allí tenemos además también esta cual por ante sobre bajo""",
    "ko": """하나 하나가 하나와 하나도 하나의 그 그것은 그리고 또한 그 밖에 따로 있는 있다 있고 있습니다 입니다 수 여기
        거기에 우리는 당신은 것은 안에 속에 오직""",
    "tr": """bir ve ile de var vardır o onun bu ayrıca hepsi orada burada biz sen hangisi""",
    "ar": """في على إلى من و مع هو هم هناك هنا يكون يكونون يوجد توجد الذي التي أي أن أنت نحن لدينا كذلك أيضًا أيضا ثم
        هذه منه منها ل عند ضد تستطيع يمكنك يمكن وذلك واحد اثنان ثلاثة""",
    "hi": """एक है हैं में पर के का की को से और भी तथा जो कौन सा उसके वहाँ यहाँ आप तुम हमारे पास साथ इस वाले वाली सकता
        सकते हो जा देखा द्वारा""",
    "fi": """on ovat ja sekä myös joka mikä se sen siellä täällä tässä olevan olemassa lisäksi kaikki sinä me meillä
        voi voit siinä""",
    "sw": """ya wa la cha na ni kwa kuna iko uko liko kiko ziko ipo upo lipo kipo hapo hapa pana pia sisi wewe tuna
        ambayo ambao ambalo ambacho kwenye katika ulio lililo kilicho iliyo pamoja hii mna kwake yake gani unaweza
        tunaweza""",
}
_FRAME = {  # content words that make a construction
    "en": "picture image background setting",
    "de": "Bild Hintergrund",
    "fr": "image photo arrière-plan",
    "cs": "obrázek obrázku pozadí existuje",
    "zh": "图片 照片 背景",
    "ja": "写真 絵 背景",
    "ko": "사진 그림 배경은 놓인 보이는 보입니다 볼 가지고 위치해 상태입니다 보여집니다 보여줍니다",
    "tr": """resmi resimde resmin fotoğrafı arka planda zemin duruyor bulunuyor bulunuyorlar görülüyor görebilirsin
        sahibiz gösterir gösterilir gösterilirler olmaktadır olmaktadırlar""",
    "ar": "الصورة صورة والخلفية تعرض رؤية ترى يقع تقع موجود موجودون معروض معروضون يظهر يظهرون",
    "hi": "तस्वीर पृष्ठभूमि पीछे मौजूद स्थित देख दिखाती दिखाता दिखाया दिखाए",
    "fi": "kuvassa kuva valokuva taustalla näkyy nähdä näyttää näytetty sijaitsee sijaitsevat sijoitettu omistamme",
    "sw": """picha mandhari nyuma kuona inaonyesha inaonyeshwa zinaonyeshwa inaonekana zinaonekana inapatikana imewekwa
        zimewekwa""",
    "es": "imagen foto cuadro fondo situado situada",
}
_OTHER = {  # content words that the grammars of the languages without spaces do not list
    "zh": """草地 草坪 海滩 沙滩 大海 海 水 雪地 雪 夜空 晚上 砖墙 图片 照片 背景 显示 左手边 右手边 右上方 右下方
        广场 钻石 戒指 橙子 圆盘 沙子 草 前面 离开 权利 正确 超过""",
    "ja": """草原 芝生 砂浜 浜辺 海 水 雪 夜空 夜 レンガ 壁 前 背景 見え 見る 配置 位置 示し 写真 絵 持って ビーチ 砂
        左手側 右手側 右上 右下 真上 真下 すぐ ちょうど 去っ 正しい 権利 越え 広場
        ダイヤモンド 指輪 交差 少し ディスク 深い 中 死 反対""",
}


@frozen
class Coverage:
    """How well machine-translated captions cover the content-word forms of human-like ones."""

    lang: str
    forms: int  # different content-word forms in the human-like captions
    absent: tuple[str, ...]  # of these, those that never occur in the machine-translated ones
    rare: tuple[str, ...]  # those that occur there less than OFTEN times
    share_absent: float  # of the forms
    captions_touched: float  # share of the human-like captions that hold an absent form
    minimum: int  # occurrences of the rarest form that occurs at all


def coverage(human: Sequence[str], mt: Sequence[str], lang: str) -> Coverage:
    """Of the content-word forms in `human`, how many occur in `mt`, and how often."""
    told = [set(content_words(text, lang)) for text in human]
    seen = Counter(word for text in mt for word in content_words(text, lang))
    forms = sorted(set().union(*told))
    absent = tuple(form for form in forms if not seen[form])
    rare = tuple(form for form in forms if 0 < seen[form] < OFTEN)
    return Coverage(
        lang=lang,
        forms=len(forms),
        absent=absent,
        rare=rare,
        share_absent=len(absent) / max(1, len(forms)),
        captions_touched=sum(not words.isdisjoint(absent) for words in told) / max(1, len(told)),
        minimum=min((seen[form] for form in forms if seen[form]), default=0),
    )


def line(c: Coverage) -> str:
    """One line to print."""
    text = f"{c.lang}: {c.forms} content-word forms in human-like captions, of which {len(c.absent)} "
    text += f"({100 * c.share_absent:.1f} %, in {100 * c.captions_touched:.1f} % of the captions) never occur in the "
    text += f"machine-translated ones; the rarest other occurs {c.minimum} times"
    text += f"; absent: {', '.join(c.absent)}" if c.absent else ""
    return text + (f"; less often than {OFTEN} times: {', '.join(c.rare)}" if c.rare else "")


def words(text: str, lang: str) -> list[str]:
    """The words and marks of a caption in their order; in Chinese and Japanese they are found by the lexicon."""
    return _pattern(lang).findall(text)


def content_words(text: str, lang: str) -> list[str]:
    """The words that are not of a closed class."""
    function = _listed(_FUNCTION, lang)
    return [word for word in words(text, lang) if word not in function and word not in _MARKS]


def skeleton(text: str, lang: str) -> str:
    """The construction of a caption: its function words, frame words and marks, with "_" for each run of others."""
    kept = _listed(_FUNCTION, lang) | _listed(_FRAME, lang) | _MARKS
    marked = " ".join(word if word in kept else "_" for word in words(text, lang))
    return re.sub(r"_( _)+", "_", marked)


_MARKS = frozenset(",;:()，、：；،؛")


def _listed(table: Mapping[str, str], lang: str) -> frozenset[str]:
    if lang not in table:
        raise ccr.CcrError(f"no word list for language {lang}; there are {', '.join(table)}")
    return _split(table[lang])


@cache
def _split(text: str) -> frozenset[str]:
    return frozenset(text.split())


@cache
def _pattern(lang: str) -> re.Pattern[str]:
    function = _listed(_FUNCTION, lang)
    if lang in WORDS:
        return re.compile(WORDS[lang])
    if lang not in _OTHER:
        return re.compile(r"\w+(?:-\w+)*|[,;:()]")
    grammar = {"zh": chinese, "ja": japanese}[lang]
    known = set(function | _listed(_OTHER, lang))
    for table in (grammar.SHAPES, grammar.COLOURS, grammar.SIZES, grammar.PLACES):
        for found in table.values():
            known |= {word.removesuffix("の") for word in ((found,) if isinstance(found, str) else found)}
    longest_first = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    return re.compile(f"{longest_first}|[a-z]+|[^\\s]")
