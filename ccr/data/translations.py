"""Machine-translated captions in files of their own: JSONL, one row per caption.

    {"parallel": "<id of the source caption>", "lang": "de", "text": "Ein Hund.", "origin": "mt:<fingerprint>"}

`"split"` ("train", "val" or "test") may stand there, too. A file may cover several splits and languages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from ccr.errors import CcrError, nearest
from ccr.files import digest_of
from ccr.langs import no_text, wrong_lang
from ccr.specs import Caption, Item

SPLITS = ("train", "val", "test")
MT = "mt:"

_REQUIRED = ("parallel", "lang", "text", "origin")
_KEYS = (*_REQUIRED, "split")


@frozen
class Translation:
    """One machine-translated caption, and the file and row that it comes from."""

    parallel: str  # id of the source caption
    lang: str
    text: str
    origin: str
    split: str = ""  # "" = not said
    where: str = attrs.field(default="", eq=False)

    @property
    def caption(self) -> Caption:
        """Its id is unique and stable: parallel, language and a digest of the origin."""
        id = f"{self.parallel}-{self.lang}-{_short(self.origin)}"
        return Caption(id, self.lang, self.text, self.origin, self.parallel, {"at": self.where} if self.where else {})


@lru_cache(maxsize=64)
def _short(origin: str) -> str:
    return digest_of(origin)[:8]


def mt_folder(root: Path) -> Path:
    """Where the MT captions of the dataset at `root` are: `mt` in a folder, `data.mt` beside a file `data.jsonl`."""
    return root.with_suffix(".mt") if root.suffix and not root.is_dir() else root / "mt"


def mt_files(root: Path | None) -> list[Path]:
    """The files of MT captions that come with a dataset, `*.jsonl` in its `mt_folder`, sorted."""
    return sorted(mt_folder(root).glob("*.jsonl")) if root else []


def read_translations(files: Iterable[Path]) -> tuple[Translation, ...]:
    """The rows of all files. Raises CcrError with file, row and key; a caption that stands twice is refused."""
    faults: list[str] = []
    rows: list[Translation] = []
    seen: dict[tuple[str, str, str], str] = {}
    for file in files:
        for number, line in _lines(file):
            where = f"{file}:{number}"
            row, wrong = _parsed(line)
            faults.extend(f"{where}: {what}" for what in wrong)
            if wrong:
                continue
            key = row["parallel"], row["lang"], row["origin"]
            if key in seen:
                faults.append(
                    f"{where}: the {key[1]} translation of {key[0]!r} by {key[2]} stands already at {seen[key]}; "
                    "remove one of the two"
                )
            seen.setdefault(key, where)
            rows.append(Translation(**row, where=where))
    _check(faults)
    return tuple(rows)


def attach(items: Iterable[Item], translations: Iterable[Translation], split: str = "") -> tuple[Item, ...]:
    """The items of a split, each with the translations of its captions behind its own.

    Translations that name another split, or a caption that is not among these, are left out: `refuse_unknown` tells
    those that belong to no split at all.
    """
    new: dict[str, list[Caption]] = {}
    for row in translations:
        if not (split and row.split) or row.split == split:
            new.setdefault(row.parallel, []).append(row.caption)
    return tuple(
        attrs.evolve(item, captions=(*item.captions, *added))
        if (added := [caption for known in item.captions for caption in new.get(known.id, ())])
        else item
        for item in items
    )


def refuse_unknown(translations: Iterable[Translation], items_of: Mapping[str, Iterable[Item]]) -> None:
    """Raises CcrError for what `unknown` tells."""
    _check(unknown(translations, items_of))


def unknown(translations: Iterable[Translation], items_of: Mapping[str, Iterable[Item]]) -> list[str]:
    """A sentence per translation of a caption that is in no split of `items_of`.

    A row that names a split must belong to that one; rows of splits that are not in `items_of` are not looked at.
    """
    known = {split: {caption.id for item in items for caption in item.captions} for split, items in items_of.items()}
    everywhere = set().union(*known.values())
    splits = " or ".join(known)
    return [
        f"{row.where}: the parallel {row.parallel!r} is no caption of {row.split or splits}; remove the row"
        + ("" if row.split else ', or say "split": "test" if it is one of the test split')
        for row in translations
        if (not row.split or row.split in known) and row.parallel not in known.get(row.split, everywhere)
    ]


def row_of(translation: Translation) -> dict[str, str]:
    """What a file holds of it."""
    values = {key: getattr(translation, key) for key in _KEYS}
    return {key: value for key, value in values.items() if value}


def write_translations(path: Path, rows: Sequence[Translation]) -> None:
    """Write a file of MT captions to `path`, which the caller puts in place."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(row_of(row), ensure_ascii=False) + "\n" for row in rows)


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as lines:  # bytes: a caption may hold characters that text mode takes for line ends
            yield from enumerate(lines, 1)
    except OSError as error:
        raise CcrError(
            f"{file} cannot be read ({error.strerror}); it should hold machine-translated captions"
        ) from error


def _parsed(line: bytes) -> tuple[dict[str, Any], list[str]]:
    """A row, and what is wrong with it."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = "is empty; remove it" if not line.strip() else f"is no JSON ({error}); write one object per line"
        return {}, [f"the row {what}"]
    if not isinstance(row, dict):
        return {}, [f"the row must be an object with the keys {', '.join(_REQUIRED)}, not {type(row).__name__}"]
    wrong = [
        f'the key "{key}" is unknown{nearest(key, _KEYS)}; known: {", ".join(_KEYS)}' for key in row if key not in _KEYS
    ]
    for key in _REQUIRED:
        if key not in row:
            wrong.append(f'the key "{key}" is missing')
        elif not isinstance(row[key], str) or not row[key].strip():
            wrong.append(f'"{key}" must be a text that is not empty, not {json.dumps(row[key], ensure_ascii=False)}')
        elif wrong_text := no_text(row[key]):
            wrong.append(f'"{key}" {wrong_text}')
        elif key == "lang" and (hint := wrong_lang(row[key])):
            wrong.append(f'"lang" "{row[key]}" is no language code; {hint}')
        elif (key == "origin" and not row[key].removeprefix(MT).strip()) or (key == "origin" and row[key][:3] != MT):
            wrong.append(
                f'"origin" must name the engine, such as "mt:google-2016", not "{row[key]}"; '
                "captions by people belong to the dataset itself"
            )
    if "split" in row and row["split"] not in SPLITS:
        shown = json.dumps(row["split"], ensure_ascii=False)
        wrong.append(f'"split" must be {", ".join(SPLITS[:-1])} or {SPLITS[-1]}, not {shown}')
    return row, wrong


def _check(faults: Sequence[str]) -> None:
    if faults:
        raise CcrError("\n".join(faults))
