"""Every query under every row; for those that divide two rows the pictures, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import combinations, zip_longest
from typing import Any

import numpy as np
from attrs import define

from ccr.errors import CcrError
from ccr.results.load import FinishedRun
from ccr.results.report.page import Section, escape
from ccr.results.report.pictures import Read, thumbnail
from ccr.results.report.sections import Source, tested
from ccr.results.rows import ALL, Row

OpenPictures = Callable[[FinishedRun], Read]
"""The pictures of the test set of a run, by image id. CcrError where they cannot be had."""
PICTURES = 240
"""Thumbnails in one chapter, unless asked otherwise."""
MOST = 500  # captions of one language that divide two rows, to choose those with pictures from


@define(eq=False, slots=False)
class Asked:
    """The captions of one language."""

    texts: Sequence[str]
    owner: np.ndarray  # (Q,) int: the right image's place in `images`
    images: Sequence[str]  # ids
    english: Sequence[str]  # of each caption its parallel, else the image's first source caption; "" = none
    by_seed: Sequence[np.ndarray]  # of each row (S, Q) float: the expected rank
    tops: Sequence[Sequence[np.ndarray | None]]  # of each row's runs (Q, k) int: the best images, where it kept them

    @cached_property
    def ranks(self) -> np.ndarray:
        """(rows, Q): medians over seeds."""
        return np.stack([np.median(ranks, axis=0) for ranks in self.by_seed])

    def typical(self, row: int, i: int) -> int:
        """The run of a row that ranks a caption most as the row does."""
        return int(np.abs(self.by_seed[row][:, i] - self.ranks[row, i]).argmin())


def queries(source: Source, open_pictures: OpenPictures | None = None, pictures: int = PICTURES) -> Section:
    """The section. Pictures are read through the dataset for the queries that divide two rows most, and no others."""
    table = source.table
    rows, first = table.rows, table.rows[0].runs[0]
    asked = _asked(rows, table.source, tested(table))
    pair = _pair(source)
    shown = dict.fromkeys(_dividing(asked, rows, pair)) if pictures else {}
    thumbs, details, why = _pictures(first, asked, list(shown), open_pictures, pictures)
    if any(top is None for found in asked.values() for tops in found.tops for top in tops):
        why.append("Some runs kept no top five; run them again with --fresh to see them.")
    data = {
        "labels": [row.label for row in rows],
        "seeds": [row.seeds for row in rows],
        "pair": pair,
        "source": table.source,
        "langs": {
            lang: {
                "texts": list(found.texts),
                "english": [] if lang == table.source else list(found.english),
                "images": list(found.images),
                "owner": found.owner.tolist(),
                "ranks": [_short(ranks) for ranks in found.ranks],
            }
            for lang, found in asked.items()
        },
        "tops": details,
        "thumbs": thumbs,
    }
    note = "Of every test caption the rank of the right picture; over several seeds the median, and half a place where "
    note += "scores tie. A caption that opens shows the first five pictures of two rows, each under the seed that is "
    note += "nearest to the median, with the right one marked."
    html = "".join(f'<p class="note">{escape(text)}</p>' for text in (note, *dict.fromkeys(why)))
    return Section(title="Queries", kind="queries", html=html, data=data)


def _asked(rows: Sequence[Row], source: str, langs: Sequence[str]) -> dict[str, Asked]:
    first = rows[0].runs[0]
    told = first.run.read("queries.json")
    parallels = dict(zip(told[source]["ids"], told[source]["texts"], strict=True)) if source in told else {}
    beside: dict[str, str] = {}  # image id -> its first source caption
    if source in told:
        for text, image in zip(told[source]["texts"], told[source]["owner"], strict=True):
            beside.setdefault(told[source]["images"][image], text)
    found = {}
    for lang in langs:
        q = told[lang]
        named = q.get("parallel") or [None] * len(q["ids"])
        english = [
            parallels.get(name) or beside.get(q["images"][image], "")
            for name, image in zip(named, q["owner"], strict=True)
        ]
        by_seed = [np.stack([_expected(run, lang) for run in row.runs]) for row in rows]
        tops = [[_top(run, lang, len(q["ids"])) for run in row.runs] for row in rows]
        found[lang] = Asked(q["texts"], np.array(q["owner"]), q["images"], english, by_seed, tops)
    return found


def _expected(run: FinishedRun, lang: str) -> np.ndarray:
    lo, hi, _ = run.ranks[lang, "t2i"]
    return (lo + hi) / 2


def _top(run: FinishedRun, lang: str, count: int) -> np.ndarray | None:
    path = run.folder / "ranks.npz"
    with np.load(path, allow_pickle=False) as arrays:
        top: np.ndarray | None = arrays.get(f"{lang}/t2i/top")
    if top is not None and (len(top) != count or top.ndim != 2):
        raise CcrError(f"{path} is not whole ({lang} has other queries than queries.json); run it again with --fresh")
    return top


def _pair(source: Source) -> list[int]:
    """The two rows that are set against each other at first: the best one, and the baseline or the next best."""
    rows = source.table.rows
    if len(rows) < 2:
        return [0]
    place = (source.comparison.headline, ALL, None)
    sign = 1 if source.table.higher_is_better else -1
    scores = [sign * value.mean if (value := row.values.get(place)) else -np.inf for row in rows]
    first = 1 if source.table.baseline else 0  # the baseline is the first row
    best = max(range(first, len(rows)), key=lambda i: scores[i])
    other = 0 if source.table.baseline else max((i for i in range(len(rows)) if i != best), key=lambda i: scores[i])
    return [best, other]


def _dividing(asked: Mapping[str, Asked], rows: Sequence[Row], pair: Sequence[int]) -> Iterator[tuple[str, int]]:
    """(language, caption), what divides rows most before what divides them less: by turns of languages and winners.

    The pair comes first, and for each of its captions one of the other pairs. Of a single row, what it finds worst.
    """
    lists = [_contrasts(asked, pair)]
    others = [list(p) for p in combinations(range(len(rows)), 2) if set(p) != set(pair)]
    if others:
        lists.append(_turns([_contrasts(asked, p) for p in others]))
    yield from _turns(lists)


def _contrasts(asked: Mapping[str, Asked], pair: Sequence[int]) -> Iterator[tuple[str, int]]:
    turns = []
    for lang, found in asked.items():
        if len(pair) < 2:
            turns.append([(lang, int(i)) for i in np.argsort(-found.ranks[pair[0]], kind="stable")[:MOST]])
            continue
        contrast = np.log(found.ranks[pair[1]]) - np.log(found.ranks[pair[0]])
        for sign in (1, -1):
            order = np.argsort(-sign * contrast, kind="stable")[:MOST]
            turns.append([(lang, int(i)) for i in order if sign * contrast[i] > 0])
    return _turns(turns)


def _turns(lists: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """One of each list, then the second of each, and so on."""
    for turn in zip_longest(*lists):
        yield from (key for key in turn if key is not None)


def _pictures(
    run: FinishedRun,
    asked: Mapping[str, Asked],
    order: Sequence[tuple[str, int]],
    open_pictures: OpenPictures | None,
    limit: int,
) -> tuple[dict[str, str], dict[str, list[list[Any]]], list[str]]:
    """Thumbnails by image id; of captions that have them [run, its rank, its best images] by row; why some lack."""
    thumbs: dict[str, str] = {}
    tops: dict[str, list[list[Any]]] = {}
    if open_pictures is None or not limit:
        return thumbs, tops, []
    try:
        read = open_pictures(run)
    except CcrError as error:
        return thumbs, tops, [f"No pictures: {str(error).splitlines()[0]}."]
    broken: set[str] = set()
    why: list[str] = []
    for lang, i in order:
        found = asked[lang]
        mine: list[list[Any]] = []
        for row, runs in enumerate(found.tops):
            run_shown = found.typical(row, i)
            top = runs[run_shown]
            rank = _short(found.by_seed[row][run_shown, i : i + 1])[0]
            mine.append([run_shown, rank, None if top is None else top[i].tolist()])
        wanted = {found.images[place] for _, _, top in mine for place in top or ()} | {found.images[found.owner[i]]}
        new = sorted(wanted - thumbs.keys() - broken)
        if len(thumbs) + len(new) > limit:
            if len(thumbs) > 0.95 * limit:
                break
            continue  # a caption further down may need fewer new ones
        for image in new:
            try:
                thumbs[image] = thumbnail(read(image))
            except CcrError as error:
                broken.add(image)
                why = why or [f"Pictures are missing: {str(error).splitlines()[0]}."]
        if len(broken) > 20 and not thumbs:  # features alone, and no pictures
            break
        tops[f"{lang}:{i}"] = mine
    return thumbs, tops, why


def _short(ranks: np.ndarray) -> list[float]:
    """Whole numbers as integers: most are, and the page holds many."""
    return [int(rank) if rank == int(rank) else round(float(rank), 1) for rank in ranks]
