"""Translations that someone made: a file with one sentence per row in several languages.

`table:FILE.tsv` has a header of language codes; `table:FILE.jsonl` has them as keys:

    en<TAB>de<TAB>zh                      {"en": "A dog.", "de": "Ein Hund.", "zh": "一只狗。"}
    A dog.<TAB>Ein Hund.<TAB>一只狗。

It serves every direction between its languages. A language may be empty or absent in a row. Sentences are looked up
as they stand, without spaces around them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ccr

TOLD = 5  # sentences that an error names


class TableTranslator(ccr.Translator):
    """A table. Raises ccr.CcrError for a sentence that is not in it, or stands there with two translations."""

    def __init__(self, argument: str, settings: Any) -> None:
        super().__init__(argument, settings)
        self.file = Path(argument).expanduser()
        content = self.file.read_bytes()
        self.fingerprint = f"table:{self.file.stem}@{hashlib.sha256(content).hexdigest()[:12]}"
        self._rows = list(_rows(self.file, content))
        self._tables: dict[tuple[str, str], Mapping[str, tuple[int, str]]] = {}

    @classmethod
    def missing(cls, argument: str, settings: Any) -> Sequence[str]:
        if not argument:
            return ["name a file of translations: table:FILE.tsv or table:FILE.jsonl"]
        if not Path(argument).expanduser().is_file():
            return [f"there is no file {argument}: put there a TSV or JSONL with one sentence per row in each language"]
        return []

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text."""
        table = self._table(source, target)
        absent = [text for text in dict.fromkeys(texts) if text.strip() not in table]
        if absent:
            named = "; ".join(f'"{text}"' for text in absent[:TOLD]) + (" ..." if len(absent) > TOLD else "")
            raise ccr.CcrError(
                f"{self.file}: {len(absent)} of {len(set(texts))} sentences have no translation from {source} to "
                f"{target}: {named}; add rows for them"
            )
        return [table[text.strip()][1] for text in texts]

    def _table(self, source: str, target: str) -> Mapping[str, tuple[int, str]]:
        """text -> (row, translation)"""
        if (source, target) not in self._tables:
            known = sorted({lang for _, row in self._rows for lang in row})
            for lang in (source, target):
                if lang not in known:
                    raise ccr.CcrError(f'{self.file} has no language "{lang}"; it has {", ".join(known)}')
            table: dict[str, tuple[int, str]] = {}
            for number, row in self._rows:
                if source in row and target in row:
                    first, text = table.setdefault(row[source], (number, row[target]))
                    if text != row[target]:
                        raise ccr.CcrError(
                            f'{self.file}:{number}: "{row[source]}" has another {target} translation than in row '
                            f"{first}; keep one of the two"
                        )
            self._tables[source, target] = table
        return self._tables[source, target]


def _rows(file: Path, content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """(row, language -> text), texts stripped and none empty. Lines end at newlines alone."""
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ccr.CcrError(f"{file} is not UTF-8 ({error.reason} at byte {error.start}); convert it") from error
    if not lines[-1]:
        lines.pop()
    header: list[str] = []
    for number, line in enumerate(lines, 1):
        if file.suffix in (".jsonl", ".json"):
            row = _object(file, number, line)
        elif not header:
            header = [lang.strip() for lang in line.split("\t")]
            if len(header) < 2 or len(set(header)) < len(header) or not all(header):
                raise ccr.CcrError(f"{file}:1: the header must name languages with tabs between, not {line!r}")
            continue
        else:
            cells = line.rstrip("\r").split("\t")
            if len(cells) != len(header):
                raise ccr.CcrError(f"{file}:{number}: the row has {len(cells)} columns, and the header {len(header)}")
            row = dict(zip(header, cells, strict=True))
        yield number, {lang: text.strip() for lang, text in row.items() if text.strip()}


def _object(file: Path, number: int, line: str) -> dict[str, str]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ccr.CcrError(f"{file}:{number}: the row is no JSON ({error}); write one object per line") from error
    if not isinstance(row, dict) or not all(isinstance(text, str) for text in row.values()):
        raise ccr.CcrError(f'{file}:{number}: the row must be an object of texts by language, {{"en": "A dog.", ...}}')
    return row
