"""The training captions of a dataset, machine-translated once and kept in a file of MT captions.

The file is written whole, when a language is finished; what was translated before an interruption is in the cache, so
that the same command goes on from there. What the file holds already is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import frozen
from filelock import FileLock

from ccr.data.records import Data
from ccr.data.translations import Translation, mt_folder, read_translations, write_translations
from ccr.errors import CcrError
from ccr.files import replacing
from ccr.specs import Split
from ccr.translation.open import OpenTranslator


@frozen
class Translated:
    """What came of one language."""

    lang: str
    file: Path
    origin: str
    made: int  # captions that were written now
    kept: int  # captions that were there


def translate_captions(
    data: Data,
    translator: OpenTranslator,
    langs: Sequence[str],
    splits: Sequence[Split] = ("train", "val"),
    output: Path | None = None,
) -> list[Translated]:
    """Translate the source captions of `splits` to each language, into `output` or `<mt folder>/<lang>.jsonl`.

    Raises CcrError where a file holds captions by another translator: they would train side by side.
    """
    spec, root = data.spec, data.dataset.root
    if output is None and root is None:
        raise CcrError(f"dataset {spec.name} has no folder of files; name the file to write with --output")
    files = {lang: output or mt_folder(root or Path()) / f"{lang}.jsonl" for lang in langs}
    for lang in langs:
        if lang == spec.source_lang:
            raise CcrError(f"{lang} is the source language of {spec.name}: there is nothing to translate")
        _refuse_others(files[lang], lang, translator.origin(spec.source_lang, lang))
    sources = [
        (split, caption)
        for split in splits
        for item in data.records(split)
        for caption in item.captions
        if caption.lang == spec.source_lang
    ]
    if not sources:
        raise CcrError(f"{spec.name} has no {spec.source_lang} caption in {' and '.join(splits)}")
    done = []
    for lang, file in files.items():
        origin = translator.origin(spec.source_lang, lang)
        there = {row.parallel for row in _existing(file) if row.lang == lang}
        wanted = [(split, caption) for split, caption in sources if caption.id not in there]
        texts = translator.translate([caption.text for _, caption in wanted], spec.source_lang, lang)
        rows = [
            Translation(caption.id, lang, text, origin, split)
            for (split, caption), text in zip(wanted, texts, strict=True)
        ]
        if rows:
            _add(file, rows)
        done.append(Translated(lang, file, origin, len(rows), len(sources) - len(rows)))
    return done


def _existing(file: Path) -> tuple[Translation, ...]:
    return read_translations([file]) if file.exists() else ()


def _refuse_others(file: Path, lang: str, origin: str) -> None:
    others = sorted({row.origin for row in _existing(file) if row.lang == lang and row.origin != origin})
    if others:
        raise CcrError(
            f"{file} holds {lang} captions by {', '.join(others)}, and this translator is {origin}: "
            "remove the file, or name another with --output"
        )


def _add(file: Path, rows: Iterable[Translation]) -> None:
    """Put rows behind those that the file has, whatever another process wrote there in the meantime."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock")):
        there = _existing(file)
        known = {(row.parallel, row.lang, row.origin) for row in there}
        new = [row for row in rows if (row.parallel, row.lang, row.origin) not in known]
        with replacing(file) as temporary:
            write_translations(temporary, [*there, *new])
