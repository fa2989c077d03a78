"""What the image side of an encoder reads of an item: the pixels of its picture, of frames of its clip, or features
that a user brought.

Everything that comes before `Encoder.encode_images` passes here: extraction, the English fine-tune, the check that no
test image trained.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from ccr.base import Dataset, Encoder
from ccr.errors import CcrError
from ccr.features.digests import FileDigests
from ccr.features.faults import Faults, where
from ccr.features.fingerprint import content_digests
from ccr.features.video import clip_frames
from ccr.specs import Item
from ccr.world import world


def input_digests(encoder: Encoder, dataset: Dataset, items: Sequence[Item], memo: FileDigests) -> list[str]:
    """The content digest (64 hexadecimal digits) of what the encoder reads of each item.

    Of the picture (see `content_digests`), of the clip and the number of its frames, or, for precomputed features, of
    the vector. CcrError names the items, up to ten, that have none. Of several processes one reads the files.
    """
    return world().once(lambda: _input_digests(encoder, dataset, items, memo))


def _input_digests(encoder: Encoder, dataset: Dataset, items: Sequence[Item], memo: FileDigests) -> list[str]:
    if not encoder.precomputed:
        contents = zip(items, content_digests(items, dataset, memo), strict=True)
        return [_clip_digest(content, item.frames) if item.frames else content for item, content in contents]
    faults = Faults("items have no precomputed features")
    digests = []
    for item in items:
        try:
            digests.append(hashlib.sha256(b"features\0" + encoder.lookup(item).numpy().tobytes()).hexdigest())
        except CcrError as error:
            faults.add(str(error))
    faults.check()
    return digests


def load_input(
    encoder: Encoder, dataset: Dataset, item: Item, memo: FileDigests | None = None, digest: str = ""
) -> Tensor:
    """What `encode_images` takes of one item: (C, H, W) of a picture, (frames, C, H, W) of a clip, (F,) of features.

    Given the item's digest, a file that changed since it was taken is refused, and `memo` forgets the digest.
    """
    if encoder.precomputed:
        return encoder.lookup(item)
    if item.frames:
        return torch.stack([encoder.preprocess(frame) for frame in read_clip(dataset, item, memo, digest)])
    return encoder.preprocess(read_image(dataset, item, memo, digest))


def read_image(dataset: Dataset, item: Item, memo: FileDigests | None = None, digest: str = "") -> Image.Image:
    """The decoded image of an item, RGB. CcrError names the item and its file where there is none."""
    data = _read(dataset, item, memo, digest)
    try:
        return Image.open(io.BytesIO(data)).convert("RGB")
    except Image.UnidentifiedImageError:
        fault = "a format that Pillow does not know" if data else "it is empty"
    except Exception as error:  # decoders of foreign bytes raise whatever they like
        fault = str(error)
    raise CcrError(f"{where(item)} is no readable image ({fault}); fetch it again")


def read_clip(dataset: Dataset, item: Item, memo: FileDigests | None = None, digest: str = "") -> list[Image.Image]:
    """`item.frames` frames of an item's clip, RGB, evenly over its time. CcrError as in `read_image`."""
    data = _read(dataset, item, memo, digest)
    try:
        return clip_frames(data, item.frames)
    except Exception as error:
        fault = str(error)
    raise CcrError(f"{where(item)} is no readable clip ({fault}); fetch it again")


def _read(dataset: Dataset, item: Item, memo: FileDigests | None, digest: str) -> bytes:
    try:
        data = dataset.read(item)
    except OSError as error:
        raise CcrError(f"{where(item)} cannot be read ({error.strerror})") from None
    if digest and not item.digest and _digest(data, item) != digest:
        if memo and item.path:
            memo.forget([item.path])
        raise CcrError(f"{where(item)} changed while it was in use; run the same command again")
    return data


def _digest(data: bytes, item: Item) -> str:
    content = hashlib.sha256(data).hexdigest()
    return _clip_digest(content, item.frames) if item.frames else content


def _clip_digest(content: str, frames: int) -> str:
    return hashlib.sha256(f"clip\0{frames}\0{content}".encode()).hexdigest()
