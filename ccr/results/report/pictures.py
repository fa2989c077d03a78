"""Thumbnails in a page: small, few enough, and never a reason for a report to fail."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

from PIL import Image, ImageOps, UnidentifiedImageError

from ccr.errors import CcrError

Read = Callable[[str], bytes]
"""The encoded picture of an image id. CcrError where there is none."""

SIDE = 112  # pixels: sharp enough to tell scenes apart, two to four kilobytes each
LARGEST = 8 * 1024  # bytes


def thumbnail(encoded: bytes, side: int = SIDE) -> str:
    """An encoded picture -> a data URI of a WebP that fits a square. CcrError where it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(encoded)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise CcrError(f"a picture cannot be decoded ({error})") from error
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    for quality in (75, 50, 25):
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=4)
        if out.tell() <= LARGEST:
            break
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
