"""The translation cache: no sentence is translated twice, by whichever run or process.

One LMDB environment, `<cache>/translations`. A key is the sha256 of translator fingerprint, source language, target
language and text; its value is the translation in UTF-8 behind its crc32. A value that does not match its checksum
counts as absent and is made again.

What is missing goes to the translator in batches, the longest sentences first (rows of like length pad little, and
memory that does not suffice is told at once), and each batch is committed as it comes: a kill loses one batch. A batch
is made under the lock of its translator, so processes that want the same sentences share the work.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import lmdb
from filelock import FileLock

from ccr.base import Translator
from ccr.errors import CcrError
from ccr.features.environment import MAP_SIZE, DamagedError, Environment
from ccr.files import digest_of
from ccr.progress import Progress

BATCH = 64  # sentences per commit
LONG = 5.0  # seconds: work that would take longer shows its progress
TOLD = 5  # sentences that an error names

T = TypeVar("T")


class TranslationCache:
    """Translations by key, below `root`. It holds no open file of its own."""

    def __init__(self, root: Path, map_size: int = MAP_SIZE) -> None:
        self.root = root
        self._environment = Environment(root, map_size)

    @staticmethod
    def key(fingerprint: str, source: str, target: str, text: str) -> bytes:
        return bytes.fromhex(digest_of([fingerprint, source, target, text]))

    def get(self, keys: Sequence[bytes]) -> list[str | None]:
        """The translation of each key, None where there is none."""
        if not self._environment.exists():
            return [None] * len(keys)
        return self._guarded(self._environment.read, lambda txn: [_unpacked(txn.get(key)) for key in keys])

    def put(self, translations: Mapping[bytes, str]) -> None:
        """Keep some translations, all or none of them."""

        def work(txn: lmdb.Transaction) -> None:
            for key, text in translations.items():
                packed = text.encode()
                txn.put(key, zlib.crc32(packed).to_bytes(4, "little") + packed)

        self._guarded(self._environment.write, work)

    def _guarded(
        self, transact: Callable[[Callable[[lmdb.Transaction], T]], T], work: Callable[[lmdb.Transaction], T]
    ) -> T:
        try:
            return transact(work)
        except DamagedError as error:
            raise CcrError(
                f"{self.root} {error.what}; remove that folder, and its sentences are translated anew"
            ) from error


class CachedTranslator(Translator):
    """A translator that asks another one only for sentences that nobody has asked it for."""

    def __init__(self, inner: Translator, cache: Path) -> None:
        super().__init__("", inner.settings)
        self.inner = inner
        self.fingerprint = inner.fingerprint
        self.store = TranslationCache(cache / "translations")
        self.cold = False  # whether every sentence goes to the translator, and none is kept

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text; equal texts go to the translator once.

        Raises CcrError for an empty text, and for a sentence that the translator has no translation of; what was
        translated by then is kept.
        """
        if source == target:
            return list(texts)
        for row, text in enumerate(texts):
            if not text.strip():
                raise CcrError(f"text {row + 1} of {len(texts)} to translate from {source} to {target} is empty")
        if self.cold:
            return self.inner.translate(texts, source, target)
        keys = {text: self.store.key(self.fingerprint, source, target, text) for text in texts}
        found = dict(zip(keys, self.store.get(list(keys.values())), strict=True))
        pending = sorted((text for text in keys if found[text] is None), key=len, reverse=True)
        started, bar = time.monotonic(), None
        with ExitStack() as stack:
            for done in range(0, len(pending), BATCH):
                batch = pending[done : done + BATCH]
                if bar is None and done and (time.monotonic() - started) / done * len(pending) > LONG:
                    title = f"translating {source} to {target}"
                    bar = stack.enter_context(Progress(title, len(pending), "sentences", done))
                found.update(self._batch({text: keys[text] for text in batch}, source, target))
                if bar is not None:
                    bar.advance(len(batch))
        return [found[text] or "" for text in texts]

    def _batch(self, keys: Mapping[str, bytes], source: str, target: str) -> dict[str, str]:
        with FileLock(self._lock()):
            found = dict(zip(keys, self.store.get(list(keys.values())), strict=True))  # others were here before us
            missing = [text for text, known in found.items() if known is None]
            made = self.inner.translate(missing, source, target) if missing else []
            if len(made) != len(missing):
                raise CcrError(
                    f"translator {self.fingerprint} gave {len(made)} translations of {len(missing)} sentences; "
                    "it must give one for each"
                )
            good = {text: new for text, new in zip(missing, made, strict=True) if isinstance(new, str) and new.strip()}
            if good:
                self.store.put({keys[text]: new for text, new in good.items()})
        bad = [text for text in missing if text not in good]
        if bad:
            named = "; ".join(f'"{text}"' for text in bad[:TOLD]) + (" ..." if len(bad) > TOLD else "")
            raise CcrError(
                f"translator {self.fingerprint} gave nothing for {len(bad)} of {len(missing)} sentences from {source} "
                f"to {target}: {named}; mend or remove them, or take another translator"
            )
        return {text: good.get(text) or known or "" for text, known in found.items()}

    def _lock(self) -> Path:
        self.store.root.mkdir(parents=True, exist_ok=True)
        return self.store.root / f"{digest_of(self.fingerprint)[:20]}.lock"


def _unpacked(value: bytes | memoryview | None) -> str | None:
    if value is None:
        return None
    checksum, packed = bytes(value[:4]), bytes(value[4:])
    sound = packed and zlib.crc32(packed) == int.from_bytes(checksum, "little")
    return packed.decode() if sound else None
