"""What a feature is a feature of: the encoder's fingerprint and the content's digest.

Together they are the key of a feature: a changed model, preprocessing, precision or file is another key, and the same
picture in two datasets has one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccr.errors import CcrError
from ccr.features.digests import FileDigests, FileFault
from ccr.features.faults import Faults, where
from ccr.files import canonical_json
from ccr.specs import Item

if TYPE_CHECKING:
    from ccr.base import Dataset, Encoder

CODE = 1
"""Bump it by hand when what extract.py does between the decoded image and the stored vector changes."""

_SHA256 = re.compile("[0-9a-f]{64}")


def encoder_fingerprint(encoder: Encoder, precision: str = "fp32") -> str:
    """sha256 (hex) over the encoder's architecture, every tensor of its state dict, the precision and `CODE`.

    Where the weights lie, whether they train and in what order they are registered make no difference.
    """
    import torch

    try:
        head = canonical_json({"architecture": encoder.architecture, "precision": precision, "code": CODE})
    except TypeError as error:
        raise CcrError(f"the architecture of {type(encoder).__name__} must be JSON-able: {error}") from None
    sha = hashlib.sha256(head.encode())
    for name, tensor in sorted(encoder.module.state_dict().items()):
        if not isinstance(tensor, torch.Tensor):
            raise CcrError(f"the state of {type(encoder).__name__} holds {name}, which is no tensor: it has no digest")
        sha.update(canonical_json([name, str(tensor.dtype), list(tensor.shape)]).encode())
        sha.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()


def text_digest(text: str, lang: str) -> str:
    """The content digest of a text of one language."""
    return hashlib.sha256(f"text\0{lang}\0{text}".encode()).hexdigest()


def content_digests(items: Sequence[Item], dataset: Dataset, memo: FileDigests) -> list[str]:
    """The content digest (64 hexadecimal digits) of each item.

    What the dataset says (`Item.digest`, hashed when it is no sha256), else sha256 of the media file, else of what
    `dataset.read` gives. Files that are missing, empty or unreadable are told by one CcrError, up to ten by name.
    """
    filed = {i: item.path for i, item in enumerate(items) if not item.digest and item.path}
    hashed = dict(zip(filed, memo.digests(list(filed.values())), strict=True))
    faults = Faults("image files cannot be used")
    digests = []
    for i, item in enumerate(items):
        digest = hashed.get(i)
        if isinstance(digest, FileFault):
            faults.add(f"{where(item)} {digest}")
        elif digest:
            digests.append(digest)
        elif item.digest:
            known = _SHA256.fullmatch(item.digest)
            digests.append(item.digest if known else hashlib.sha256(item.digest.encode()).hexdigest())
        else:
            digests.append(hashlib.sha256(dataset.read(item)).hexdigest())
    faults.check()
    return digests
