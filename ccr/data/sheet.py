"""A contact sheet: some items of a dataset in one PNG, each with a caption in every language."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ccr.base import Dataset
from ccr.errors import CcrError
from ccr.files import replacing
from ccr.specs import Item

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont
    from PIL.ImageFont import ImageFont as BitmapFont

PICTURE, LINE, GAP, TAG, WIDTH, SIZE = 192, 24, 12, 72, 1200, 16  # pixels
_FONTS = (
    "NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial Unicode.ttf", "arial.ttf", "NotoSansCJK-Regular.ttc",
    "Hiragino Sans GB.ttc", "msyh.ttc", "wqy-microhei.ttc",
    *(f"NotoSans{script}-Regular.ttf" for script in (
        "Arabic", "Hebrew", "Devanagari", "Bengali", "Telugu", "Tamil", "Thai", "Georgian", "Armenian", "Ethiopic",
        "Gujarati", "Gurmukhi", "Kannada", "Malayalam", "Oriya", "Sinhala", "Khmer", "Lao", "Myanmar", "Cherokee")),
)  # fmt: skip


def contact_sheet(path: Path, dataset: Dataset, items: Sequence[Item], langs: Iterable[str] | None = None) -> list[str]:
    """Write the sheet as `path`; the languages that no font of this machine can write, whose captions are left out.

    The first caption of each language and provenance is shown, cut where the line ends. A grey field stands for a
    picture that cannot be read.
    """
    from PIL import Image, ImageDraw

    if not items:
        raise CcrError(f"{path}: there is no item to show")
    wanted = None if langs is None else set(langs)
    rows = [_captions(item, wanted) for item in items]
    heights = [max(PICTURE, LINE * (1 + len(row))) + GAP for row in rows]
    sheet = Image.new("RGB", (WIDTH, sum(heights) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    unwritten: dict[str, None] = {}
    y, left = GAP, PICTURE + 2 * GAP
    for item, row, height in zip(items, rows, heights, strict=True):
        sheet.paste(_picture(dataset, item), (GAP, y))
        _line(sheet, (left, y), item.id, "gray")
        for k, (lang, text) in enumerate(row, 1):
            draw.text((left, y + LINE * k), lang, fill="gray", font=_fonts()[0])
            if not _line(sheet, (left + TAG, y + LINE * k), text, "black"):
                unwritten[lang] = None
        y += height
    with replacing(path) as temporary:
        sheet.save(temporary, "PNG")
    return list(unwritten)


def _captions(item: Item, wanted: set[str] | None) -> list[tuple[str, str]]:
    first: dict[tuple[str, str], str] = {}
    for caption in item.captions:
        if wanted is None or caption.lang in wanted:
            first.setdefault((caption.lang, caption.origin), " ".join(caption.text.split()))
    return [(lang, text) for (lang, _), text in first.items()]


def _picture(dataset: Dataset, item: Item) -> Image:
    from PIL import Image, ImageOps

    try:
        data = dataset.read(item)
        if item.frames:
            from ccr.features.video import clip_frames

            image = clip_frames(data, 1)[0]
        else:
            image = Image.open(io.BytesIO(data)).convert("RGB")
    except Exception:  # decoders of foreign bytes raise whatever they like
        return Image.new("RGB", (PICTURE, PICTURE), "lightgray")
    return ImageOps.pad(image, (PICTURE, PICTURE), color="white")


def _line(sheet: Image, place: tuple[int, int], text: str, colour: str) -> bool:
    """Write a line in the first font that has all of its characters; False if there is none."""
    from PIL import Image, ImageDraw

    font = next((font for font in _fonts() if all(_has(font, c) for c in set(text) if not c.isspace())), None)
    if font is None:
        return False
    strip = Image.new("RGB", (WIDTH - place[0] - GAP, LINE), "white")  # what is too long ends with it
    ImageDraw.Draw(strip).text((0, 0), text, fill=colour, font=font)
    sheet.paste(strip, place)
    return True


@cache
def _fonts() -> tuple[FreeTypeFont | BitmapFont, ...]:
    """The known fonts that this machine has; Pillow's own where it has none."""
    from PIL import ImageFont

    found: list[FreeTypeFont | BitmapFont] = []
    for name in _FONTS:
        try:
            found.append(ImageFont.truetype(name, SIZE))
        except OSError:
            continue
    return tuple(found) or (ImageFont.load_default(SIZE),)


@cache
def _has(font: FreeTypeFont | BitmapFont, character: str) -> bool:
    """Whether a font has a character: one that it lacks looks like one that no font has."""
    return bytes(font.getmask(character)) != bytes(font.getmask("\U0010ffff")) or not bytes(font.getmask(character))
