"""Where pictures of MSCOCO and Flickr30K lie: below the dataset's own folder, or in that of a dataset beside it.

Several datasets caption the same photos. A photo's id is its name in its collection, whatever dataset it is read by, so
that `ccr data check` knows it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from attrs import frozen

from ccr import CcrError
from ccr_benchmarks.reading import absent_pictures, first_of

COCO_FROM = "get train2014.zip and val2014.zip at https://cocodataset.org/#download, and unpack them there"
FLICKR_FROM = "ask for Flickr30K with the form at https://shannon.cs.illinois.edu/DenotationGraph, and unpack it there"

_COCO = re.compile(r"COCO_((?:train|val)2014)_\d{12}\.jpg")


@frozen(slots=False)
class Photos:
    """The photos that a dataset at `root` names."""

    root: Path

    @cached_property
    def flickr30k(self) -> Path:
        """The folder of Flickr30K."""
        beside = self.root.parent / "multi30k"
        return first_of(*(base / name for base in (self.root, beside) for name in ("flickr30k-images", "images")))

    @cached_property
    def train2014(self) -> Path:
        """The folder of MSCOCO's training photos."""
        return self._coco("train2014")

    @cached_property
    def val2014(self) -> Path:
        """The folder of MSCOCO's validation photos."""
        return self._coco("val2014")

    def coco(self, name: str, where: str) -> Path:
        """The path of COCO_val2014_000000391895.jpg. CcrError for another name, at the place that `where` tells."""
        subset = _COCO.fullmatch(name)
        if not subset:
            raise CcrError(f"{where}: {name!r} is no photo of MSCOCO 2014; fetch the file again")
        return (self.train2014 if subset[1] == "train2014" else self.val2014) / name

    def missing(self, paths: Iterable[Path], *all_of: Path) -> list[str]:
        """One sentence per folder that lacks some of these photos, or that is not there though `all_of` names it."""
        folders: dict[Path, list[str]] = {folder: [] for folder in all_of}
        for path in paths:
            folders.setdefault(path.parent, []).append(path.name)
        return [
            sentence
            for folder, names in folders.items()
            for sentence in absent_pictures(folder, names, FLICKR_FROM if folder == self.flickr30k else COCO_FROM)
        ]

    def _coco(self, subset: str) -> Path:
        bases = (self.root, self.root.parent / "mscoco")
        return first_of(*(base / place for base in bases for place in (f"images/{subset}", subset)))
