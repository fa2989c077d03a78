"""What training and testing see of a dataset: rows of one language, with provenance respected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from attrs import frozen

from ccr.errors import CcrError
from ccr.specs import Caption, Item

Allowed = Callable[[Caption], bool]


def is_mt(caption: Caption) -> bool:
    """Machine translated."""
    return caption.origin.startswith("mt:")


def is_human(caption: Caption) -> bool:
    """Written, or translated, by a person."""
    return caption.origin in ("human", "human-translation")


@frozen(eq=False)
class View:
    """The training rows of one target language."""

    lang: str
    texts: tuple[str, ...]
    image: np.ndarray  # (n,) int64: row of the item
    source: np.ndarray  # (n,) int64: row of the parallel among the source texts


@frozen(eq=False)
class Queries:
    """The captions of one language that are ranked against its gallery: the items that have any."""

    lang: str
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    origins: tuple[str, ...]  # distinct provenances, sorted
    gallery: np.ndarray  # (m,) int64: rows of the items
    owner: np.ndarray  # (n,) int64: row of the right image in `gallery`


def training_views(
    items: Sequence[Item], langs: Sequence[str], source_lang: str, allowed: Allowed, rule: str, where: str
) -> tuple[tuple[str, ...], dict[str, View]]:
    """The source captions that are translated, each text once, and the view of every target language.

    A target caption without a parallel takes its item's first source caption. `rule` says in words what `allowed`
    lets through, for the error that names a language without captions.
    """
    by_id = {c.id: c for item in items for c in item.captions if c.lang == source_lang}
    texts: dict[str, int] = {}
    views: dict[str, View] = {}
    for lang in langs:
        rows: list[tuple[str, int, int]] = []
        for index, item in enumerate(items):
            first = next((c for c in item.captions if c.lang == source_lang), None)
            for caption in item.captions:
                if caption.lang != lang or not allowed(caption):
                    continue
                parallel = by_id.get(caption.parallel or "", first)
                if parallel is None:
                    raise CcrError(
                        f"{where}: caption {caption.id!r} ({lang}) of item {item.id!r} has no {source_lang} caption "
                        f"beside it to learn from; add one, or leave the item out"
                    )
                rows.append((caption.text, index, texts.setdefault(parallel.text, len(texts))))
        if not rows:
            raise CcrError(
                f"{where}: no {lang} caption may train here ({rule}); add some, or leave {lang} out of --langs"
            )
        views[lang] = View(
            lang,
            tuple(text for text, _, _ in rows),
            np.array([image for _, image, _ in rows], dtype=np.int64),
            np.array([source for _, _, source in rows], dtype=np.int64),
        )
    return tuple(texts), views


def queries(items: Sequence[Item], lang: str, allowed: Allowed, rule: str, where: str) -> Queries:
    """The queries of one language."""
    ids: list[str] = []
    texts: list[str] = []
    owner: list[int] = []
    gallery: list[int] = []
    origins: set[str] = set()
    for index, item in enumerate(items):
        mine = [c for c in item.captions if c.lang == lang and allowed(c)]
        if mine:
            gallery.append(index)
        for caption in mine:
            ids.append(caption.id)
            texts.append(caption.text)
            owner.append(len(gallery) - 1)
            origins.add(caption.origin)
    if not ids:
        raise CcrError(f"{where}: there is no {lang} caption to rank ({rule}); leave {lang} out of --langs")
    return Queries(
        lang,
        tuple(ids),
        tuple(texts),
        tuple(sorted(origins)),
        np.array(gallery, dtype=np.int64),
        np.array(owner, dtype=np.int64),
    )
