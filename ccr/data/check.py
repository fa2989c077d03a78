"""Checking a dataset before any GPU hour: `quick` reads captions and looks for files, `thorough` opens each picture.

Both list every fault. They read the items that a reader gives, before the harness refuses any, the test sets
included; they hand out faults and counts, and no test caption.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ccr.data.faults import Fault
from ccr.data.opening import Opening
from ccr.data.pictures import (
    corpus_overlaps,
    declared_source,
    decode,
    digests,
    presence,
    split_overlaps,
    twins,
)
from ccr.data.script import isolated, lacking, strange
from ccr.data.whole import Report, Whole, read_whole
from ccr.specs import Caption, Item, TestSet

if TYPE_CHECKING:
    from ccr.features.digests import FileDigests

MANY = 0.01  # share of odd captions that makes it a fault of the language


def quick(door: Opening, against: Iterable[Opening] = (), *, pictures: bool = True, named: bool = False) -> Report:
    """What can be told without opening a picture: presence, counts, captions, ids, declared overlaps.

    `against` are training corpora that must hold no test picture. `pictures` is False where an encoder of
    precomputed features reads none. Where they are `named`, one that cannot be read is a fault.
    """
    return _quick(door, against, pictures, named)[0].report()


def examine(whole: Whole, corpora: Iterable[Whole] = (), *, pictures: bool = True, named: bool = False) -> None:
    """What `quick` does, for what was read already."""
    if not whole.splits:
        return
    for split, items in whole.splits.items():
        _captions(whole, split, items)
    for test_set in whole.spec.test_sets:
        if test_set.id in whole.splits:
            _declared(whole, test_set)
    if pictures:
        presence(whole)
    # of one source and one name: the same picture, whatever its bytes
    sources = {split: [declared_source(item) for item in items] for split, items in whole.splits.items()}
    split_overlaps(whole, sources)
    for corpus in corpora:
        if "train" not in corpus.splits:
            reason = next(iter(corpus.faults.values()), "it has no training split")
            what = f"not compared with the training images of {corpus.spec.name}: {reason}"
            if named:
                whole.add(Fault("missing", what, dataset=whole.spec.name))
            else:
                whole.notes.append(what)
            continue
        corpus_overlaps(whole, corpus, sources, [declared_source(item) for item in corpus.splits["train"]])


def thorough(door: Opening, files: FileDigests, against: Iterable[Opening] = (), *, named: bool = False) -> Report:
    """All of `quick`, every picture decoded, and overlaps by content. `files` remembers content digests."""
    whole, corpora = _quick(door, against, True, named)
    decode(whole)
    compare_content(whole, corpora, files)
    return whole.report()


def compare_content(whole: Whole, corpora: Iterable[Whole], files: FileDigests) -> None:
    """Twins and overlaps by what the files hold."""
    content = {split: digests(whole.door, items, files) for split, items in whole.splits.items()}
    twins(whole, content)
    split_overlaps(whole, content)
    for corpus in corpora:
        if "train" in corpus.splits:
            corpus_overlaps(whole, corpus, content, digests(corpus.door, corpus.splits["train"], files))


def _quick(door: Opening, against: Iterable[Opening], pictures: bool, named: bool) -> tuple[Whole, list[Whole]]:
    whole, corpora = read_whole(door), [read_whole(other) for other in against]
    examine(whole, corpora, pictures=pictures, named=named)
    return whole, corpora


def _captions(whole: Whole, split: str, items: Sequence[Item]) -> None:
    name, source = whole.spec.name, whole.spec.source_lang
    langs: dict[str, str] = {}  # of each caption
    seen: set[str] = set()
    texts: dict[tuple[str, bool], list[tuple[Item, Caption]]] = {}
    for item in items:
        if item.id in seen:
            whole.add(
                Fault("duplicate-id", "stands twice; ids must be unique", f"item {item.id}", name, split, item.id)
            )
        seen.add(item.id)
        for caption in item.captions:
            if caption.id in langs:
                place = (_at(item, caption), name, split, item.id, caption.id)
                whole.add(Fault("duplicate-id", f"the id {caption.id} stands twice; ids must be unique", *place))
            langs[caption.id] = caption.lang
            if not caption.text.strip():
                place = (_at(item, caption), name, split, item.id, caption.id)
                whole.add(Fault("empty-caption", f"the {caption.lang} caption is empty", *place))
                continue
            # machine translation and people's writing differ in what is odd
            texts.setdefault((caption.lang, caption.origin.startswith("mt:")), []).append((item, caption))
    for item in items:
        for caption in item.captions:
            if caption.parallel is not None and langs.get(caption.parallel) != source:
                there = "not there" if caption.parallel not in langs else f"not in {source}"
                what = f"the parallel {caption.parallel} is {there}"
                whole.add(Fault("parallel", what, _at(item, caption), name, split, item.id, caption.id))
    if split not in ("train", "val"):
        for lang in sorted(lang for lang, mt in texts if mt and (lang, False) in texts):
            human, made = len(texts[lang, False]), len(texts[lang, True])
            what = f"{made:,} of the {human + made:,} {lang} captions are machine translations, the others by people"
            whole.add(Fault("mixed-origins", f"{what}: queries of two kinds in one score", split, name, split))
    for (lang, _), rows in texts.items():
        odd = 0
        for item, caption in rows:
            what = strange(caption.text, lang)
            if what:
                odd += 1
                shown = caption.text if len(caption.text) <= 40 else f"{caption.text[:37]}..."
                place = (_at(item, caption), name, split, item.id, caption.id)
                whole.add(Fault("odd-caption", f'the {lang} caption "{isolated(shown)}" {what}', *place))
        if odd > MANY * len(rows) and odd > 2:
            whole.add(Fault("language", f"{odd:,} of {len(rows):,} {lang} captions are odd", split, name, split))
        lacks = lacking((caption.text for _, caption in rows), lang)
        if lacks:
            whole.add(Fault("language", lacks, split, name, split))


def _at(item: Item, caption: Caption) -> str:
    """Where a caption stands: its file and row, where the reader says so (the tag `at`)."""
    return caption.tags.get("at") or f"caption {caption.id} of item {item.id}"


def _declared(whole: Whole, test_set: TestSet) -> None:
    items = whole.splits[test_set.id]
    captions = Counter(caption.lang for item in items for caption in item.captions)
    images = Counter(lang for item in items for lang in {caption.lang for caption in item.captions})
    for what, found, declared in (("images", images, test_set.images), ("captions", captions, test_set.captions)):
        for lang in test_set.langs:
            expected = declared.get(lang)
            if found[lang] != expected if expected is not None else not found[lang]:
                number = f"{expected:,}" if expected is not None else "some"
                sentence = f"it has {found[lang]:,} {what} in {lang}, but declares {number}"
                whole.add(Fault("size", sentence, test_set.id, whole.spec.name, test_set.id))
