"""Rows that a person or a script wrote, read strictly: all faults of a source are told together.

A row is an item: its id, its split, and captions with language and provenance. docs/data.md describes it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

import ccr

SPLITS = ("train", "val", "test")

_ROW_KEYS = ("id", "image", "split", "captions")
_CAPTION_KEYS = ("lang", "text", "origin", "id", "parallel")
_ORIGIN = re.compile(r"human|human-translation|mt:\S+")


@frozen
class RowSettings:
    source: str = ccr.setting("en", "Language that the captions are translated from.")


@frozen
class Raw:
    """A row as it was found."""

    where: str  # "photos.jsonl:3"
    row: Any
    path: Path | None = None  # the picture, where it is a file


class Faults:
    """One sentence per fault."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @property
    def count(self) -> int:
        return len(self.told)

    def add(self, where: str, sentence: str) -> None:
        self.told.append(f"{where}: {sentence}")


@frozen(eq=False)
class Contents:
    """What a source holds: items of the splits that were asked for, and counts of all."""

    items: Mapping[str, list[ccr.Item]] = field(factory=lambda: {split: [] for split in SPLITS})
    captions: Mapping[str, Counter[str]] = field(factory=lambda: {split: Counter() for split in SPLITS})  # by language
    images: Mapping[str, Counter[str]] = field(factory=lambda: {split: Counter() for split in SPLITS})  # by language
    pictures: list[tuple[str, Path | None]] = field(factory=list)  # where, file
    tested: list[str] = field(factory=list)  # digests of the test rows
    faults: list[str] = field(factory=list)  # of rows that were left out of all this

    def of(self, split: str) -> Iterator[ccr.Item]:
        """The items of a split. PartlyReadError if any row is faulty."""
        if self.faults:
            raise ccr.PartlyReadError("\n".join(self.faults), self.items[split])
        return iter(self.items[split])


class RowDataset(ccr.Dataset):
    """What both datasets share. `root` is the path that the user named."""

    settings: RowSettings
    root: Path
    _contents: Contents | None = None

    @abstractmethod
    def rows(self, faults: Faults) -> Iterator[Raw]:
        """Every row, in order; what is no row at all is added to `faults`."""

    @abstractmethod
    def title(self) -> str:
        """The name of the source, which the protocol id begins with."""

    def absent_pictures(self, pictures: Sequence[tuple[str, Path | None]]) -> list[str]:
        """One sentence per kind of absence; `pictures` holds where each row stands, and its picture."""
        return []

    def items(self, split: str) -> Iterator[ccr.Item]:
        return self._training().of(split)

    def test_items(self, test_set: str) -> Iterator[ccr.Item]:
        return self._read({"test"}).of("test")  # from the source, where they were until now

    def missing(self, pictures: bool = True) -> Sequence[str]:
        try:
            contents = self._training()
        except ccr.CcrError as error:
            return str(error).split("\n")
        return self.absent_pictures(contents.pictures) if pictures else []

    def describe(self, spec: ccr.DatasetSpec) -> ccr.DatasetSpec:
        """Target languages are all but the source's; the test set is named by the source and its test rows."""
        contents, source = self._training(), self.settings.source
        langs = sorted({lang for counts in contents.captions.values() for lang in counts} - {source})
        images, captions = contents.images["test"], contents.captions["test"]
        tested = [lang for lang in (source, *langs) if lang in captions]
        test_set = ccr.TestSet(
            id=re.sub(r"[^\w.-]+", "-", self.title()) + "@" + _sha256(sorted(contents.tested))[:6],
            langs=tuple(tested),
            images={lang: images[lang] for lang in tested},
            captions={lang: captions[lang] for lang in tested},
        )
        return evolve(
            spec, source_lang=source, target_langs=tuple(langs), test_sets=(test_set,) if contents.tested else ()
        )

    def _training(self) -> Contents:
        if self._contents is None:
            self._contents = self._read({"train", "val"})
        return self._contents

    def _read(self, splits: Collection[str]) -> Contents:
        """All rows, checked; items of `splits` alone are made."""
        faults, contents = Faults(), Contents()
        seen: dict[str, str] = {}  # id -> where; items and captions apart
        for raw in self.rows(faults):
            found = _item(raw, self.settings.source, faults)
            if found is None:
                continue
            item, split = found
            names = [("item", item.id), *(("caption", caption.id) for caption in item.captions)]
            twice = next(((kind, name) for kind, name in names if f"{kind} {name}" in seen), None)
            if twice:  # an item that stands twice has its captions twice
                kind, name = twice
                before = seen[f"{kind} {name}"]
                faults.add(raw.where, f'the {kind} id "{name}" stands in {before}, too; ids must be unique')
                continue
            seen.update(dict.fromkeys((f"{kind} {name}" for kind, name in names), raw.where))
            contents.pictures.append((raw.where, item.path))
            contents.captions[split].update(caption.lang for caption in item.captions)
            contents.images[split].update({caption.lang for caption in item.captions})
            if split == "test":
                contents.tested.append(_sha256([item.id, *([c.id, c.lang, c.text, c.origin] for c in item.captions)]))
            if split in splits:
                contents.items[split].append(item)
        langs = {lang for counts in contents.captions.values() for lang in counts}
        if not faults.count and not langs:
            faults.add(str(self.root), "there is no row")
        elif not faults.count and self.settings.source not in langs:
            faults.add(
                str(self.root),
                f"no caption is in {self.settings.source}, the source language; name another, e.g. "
                f"--set dataset.source={min(langs)}",
            )
        contents.faults.extend(faults.told)
        return contents


def _item(raw: Raw, source: str, faults: Faults) -> tuple[ccr.Item, str] | None:
    """The item of a row and its split; what is wrong with it is added to `faults`, and None returned then."""
    before, where, row = faults.count, raw.where, raw.row
    if not isinstance(row, dict):
        faults.add(where, "is no JSON object; write one per row")
        return None
    _check_keys(row, _ROW_KEYS, "", where, faults)
    for key in ("id", "image", "split"):
        _check_text(row, key, "", where, faults)
    if "id" not in row and "image" not in row:
        faults.add(where, "has neither image nor id; name the picture, or the item that features were computed for")
    if row.get("split") not in SPLITS:
        hint = "" if "split" in row else "is missing; "
        faults.add(
            where, f"split {hint}must be train, val or test" + (f", not {_show(row['split'])}" if not hint else "")
        )
    captions = row.get("captions")
    if not isinstance(captions, list) or not captions:
        faults.add(where, 'captions must be a list of at least one, e.g. [{"lang": "en", "text": "A dog runs."}]')
        captions = []
    for k, caption in enumerate(captions):
        _check_caption(caption, f"captions[{k}]", where, faults)
    if faults.count > before:
        return None
    name = row["id"] if "id" in row else row["image"]
    made = _captions(name, captions, source, where, faults)
    return (ccr.Item(name, made, raw.path), row["split"]) if faults.count == before else None


def _check_caption(caption: Any, at: str, where: str, faults: Faults) -> None:
    if not isinstance(caption, dict):
        return faults.add(where, f'{at} must be an object, e.g. {{"lang": "en", "text": "A dog runs."}}')
    _check_keys(caption, _CAPTION_KEYS, f"{at}.", where, faults)
    for key in _CAPTION_KEYS:
        if key in ("lang", "text") and key not in caption:
            faults.add(where, f"{at}.{key} is missing")
        _check_text(caption, key, f"{at}.", where, faults)
    lang, origin = caption.get("lang"), caption.get("origin", "human")
    if isinstance(lang, str) and lang.strip() and (hint := ccr.wrong_lang(lang)):
        faults.add(where, f"{at}.lang {_show(lang)} is no language code; {hint}")
    if isinstance(origin, str) and origin.strip() and not _ORIGIN.fullmatch(origin):
        faults.add(
            where, f"{at}.origin {_show(origin)} must be human, human-translation or mt:ENGINE@REVISION, without spaces"
        )


def _captions(item: str, rows: Sequence[Mapping[str, str]], source: str, where: str, faults: Faults) -> Any:
    """The captions of an item. A translation without `parallel` is of the only source caption, if there is only one."""
    made: list[ccr.Caption] = []
    numbers: Counter[str] = Counter()
    tags = {"at": where}
    for row in rows:
        lang, origin = row["lang"], row.get("origin", "human")
        own = row.get("id", f"{item}#{lang}-{numbers[lang]}")
        numbers[lang] += 1
        made.append(ccr.Caption(own, lang, row["text"].strip(), origin, row.get("parallel"), tags))
    sources = [caption.id for caption in made if caption.lang == source]
    for k, caption in enumerate(made):
        if caption.parallel is not None and (caption.lang == source or caption.parallel not in sources):
            reason = "is given to a caption of the source language" if caption.lang == source else "is not one of them"
            of = (
                f"the {source} captions of this row are {', '.join(sources)}"
                if sources
                else f"there is no {source} one"
            )
            faults.add(where, f'captions[{k}].parallel "{caption.parallel}" {reason}; {of}')
        if caption.parallel is None and caption.origin != "human" and caption.lang != source:
            if len(sources) == 1:
                made[k] = evolve(caption, parallel=sources[0])
            elif sources:
                faults.add(where, f"captions[{k}].parallel is missing: say which {source} caption it translates")
    if len({caption.id for caption in made}) < len(made):
        twice = next(name for name, count in Counter(caption.id for caption in made).items() if count > 1)
        faults.add(where, f'the caption id "{twice}" stands twice; ids must be unique')
    return tuple(made)


def _check_keys(row: Mapping[str, Any], known: Sequence[str], at: str, where: str, faults: Faults) -> None:
    for key in row:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"known: {', '.join(known)}"
            faults.add(where, f"{at}{key} is unknown ({hint})")


def _check_text(row: Mapping[str, Any], key: str, at: str, where: str, faults: Faults) -> None:
    value = row.get(key, "-")
    if not isinstance(value, str):
        faults.add(where, f"{at}{key} must be text, not {_show(value)}")
    elif not value.strip():
        faults.add(where, f"{at}{key} is empty; fill it in, or leave it out")
    elif key == "image" and "\0" in value:
        faults.add(where, "image holds a NUL, which no path does; write it anew")
    elif wrong := ccr.no_text(value):
        faults.add(where, f"{at}{key} {wrong}")


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()
