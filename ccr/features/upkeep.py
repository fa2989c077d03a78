"""What `ccr features` does with a store: tell what it holds, verify it, drop what is not wanted."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

import lmdb
from attrs import field, frozen
from filelock import Timeout

from ccr.errors import CcrError, nearest
from ccr.features.environment import DamagedError, Environment
from ccr.features.packed import damage
from ccr.features.store import ABOUT, FeatureStore, split_digests
from ccr.files import SEAL, discard
from ccr.progress import Progress, say


@frozen
class Entry:
    """What the store holds of one encoder."""

    fingerprint: str
    encoder: str = "?"
    precision: str = "?"
    vectors: int = 0
    sets: dict[str, int] = field(factory=dict)  # sealed set -> number of members
    stored_bytes: int = 0  # in LMDB
    packed: tuple[Path, ...] = ()  # folders of packed tables
    packed_bytes: int = 0
    used: float = 0.0  # seconds since the epoch
    fault: str = ""  # why it cannot be read


@frozen
class Damage:
    """Something that `verify` found."""

    path: Path
    what: str  # "is truncated to 4,096 of 8,192 bytes"


def entries(store: FeatureStore) -> list[Entry]:
    """One entry per encoder, the last used first."""
    packed: dict[str, list[Path]] = {}
    for table in _tables(store):
        key = json.loads((table / SEAL).read_text(encoding="utf-8"))
        packed.setdefault(key["fingerprint"], []).append(table)
    fingerprints = {*store.fingerprints(), *packed}
    found = [_entry(store, fingerprint, packed.get(fingerprint, [])) for fingerprint in fingerprints]
    return sorted(found, key=lambda entry: (-entry.used, entry.fingerprint))


def named(found: Sequence[Entry], names: Sequence[str]) -> list[Entry]:
    """The entries whose encoder has one of the names, or whose fingerprint begins with it. CcrError for no such one."""
    for name in names:
        if not any(_is_named(entry, name) for entry in found):
            close = nearest(name, [entry.encoder for entry in found])
            raise CcrError(f'no features of "{name}" are stored{close}; `ccr features list` tells what is')
    return [entry for entry in found if any(_is_named(entry, name) for name in names)]


def prune(store: FeatureStore, chosen: Sequence[Entry], packed_only: bool = False) -> list[Entry]:
    """Drop entries, or only their packed tables, and return them; those that a process extracts into stay."""
    dropped = []
    for entry in chosen:
        try:
            with store.lock(entry.fingerprint).acquire(timeout=0):
                for table in entry.packed:
                    discard(table)
                if not packed_only:
                    _replace(store, entry.fingerprint, None)
            dropped.append(entry)
        except Timeout:
            say(f"  {entry.fingerprint[:12]} ({entry.encoder}) is in use by another process: left alone")
    return dropped


def verify(store: FeatureStore, repair: bool = False) -> list[Damage]:
    """Read everything again: chunks against checksums, index, sealed sets, packed tables, files against digests.

    With `repair` what is damaged is removed, so that the next run makes it again, and what is sound stays.
    """
    found: list[Damage] = []
    fingerprints = store.fingerprints()
    with Progress("verify", len(fingerprints) + 2, "parts") as bar:
        for fingerprint in fingerprints:
            alone = store.alone(fingerprint, lambda: say("  waiting for an extraction to end"))
            with alone if repair else nullcontext():
                found += _verify_encoder(store, fingerprint, repair)
            bar.advance()
        for table in _tables(store):
            what = damage(table)
            if what:
                found.append(Damage(table, what))
                if repair:
                    discard(table)
        bar.advance()
        found += _verify_files(store, repair)
        bar.advance()
    return found


def _verify_encoder(store: FeatureStore, fingerprint: str, repair: bool) -> list[Damage]:
    try:
        environment = store.environment(fingerprint)
    except CcrError as error:  # another layout: sound for all we know
        say(f"  not verified: {error}")
        return []
    if not environment.exists():
        return []
    scratch = FeatureStore(environment.folder.with_name(f".{fingerprint}.repair"))

    def read(txn: lmdb.Transaction) -> list[Damage]:
        found, sound = _check(store, fingerprint, txn)
        if found and repair:
            _salvage(store, fingerprint, txn, sound, scratch)
        return found

    try:
        found = environment.read(read)
    except DamagedError as error:
        found = [Damage(environment.folder, f"{error.what}, so that none of it can be read")]
    if found and repair:
        _replace(store, fingerprint, scratch.folder(fingerprint))
    return found


def _check(store: FeatureStore, fingerprint: str, txn: lmdb.Transaction) -> tuple[list[Damage], list[int]]:
    """What is wrong in an environment, and the numbers of its sound chunks."""
    folder = store.folder(fingerprint)
    found: list[Damage] = []
    index = store.places(txn)
    there: dict[str, tuple[int, int]] = {}
    sound = []
    for number in store.chunks(txn):
        try:
            members, _ = store.chunk(txn, fingerprint, number)
        except DamagedError as error:
            lost = sum(chunk == number for chunk, _ in index.values())
            found.append(Damage(folder, f"{error.what} ({lost:,} features)"))
            continue
        sound.append(number)
        for row, digest in enumerate(split_digests(members)):
            there.setdefault(digest, (number, row))
    astray = sum(index.get(digest) != place for digest, place in there.items())
    if astray:
        found.append(Damage(folder, f"has an index that misplaces {astray:,} features"))
    for name, digests in store.sets(txn).items():
        lost = sum(digest not in there for digest in digests)
        if lost:
            found.append(Damage(folder, f'lacks {lost:,} of the {len(digests):,} features of the set "{name}"'))
    return found, sound


def _salvage(
    store: FeatureStore, fingerprint: str, txn: lmdb.Transaction, sound: Sequence[int], scratch: FeatureStore
) -> None:
    """Write the sound chunks, and the sealed sets that are still complete, into a new environment."""
    shutil.rmtree(scratch.root, ignore_errors=True)
    for number in sound:
        members, vectors = store.chunk(txn, fingerprint, number)
        scratch.put(fingerprint, split_digests(members), vectors)
    for name, digests in store.sets(txn).items():
        if not scratch.missing(fingerprint, digests):
            scratch.seal(fingerprint, name, digests)
    if sound:
        scratch.environment(fingerprint).close()
        shutil.copy2(store.folder(fingerprint) / ABOUT, scratch.folder(fingerprint) / ABOUT)


def _replace(store: FeatureStore, fingerprint: str, successor: Path | None) -> None:
    """Remove an encoder's environment at one stroke; the folder `successor`, where there is one, takes its place."""
    folder = store.folder(fingerprint)
    Environment(folder).close()
    if folder.exists():
        grave = folder.with_name(f".{fingerprint}.dropped")
        shutil.rmtree(grave, ignore_errors=True)
        os.rename(folder, grave)
    if successor and successor.exists():
        os.rename(successor, folder)
    for leftover in folder.parent.glob(f".{fingerprint}.*"):
        shutil.rmtree(leftover)


def _verify_files(store: FeatureStore, repair: bool) -> list[Damage]:
    folder = store.files.environment.folder
    try:
        stale = list(store.files.stale())
    except DamagedError as error:
        if repair:
            store.files.environment.close()
            shutil.rmtree(folder)
        return [Damage(folder, error.what)]
    if repair:
        store.files.forget(stale)
    return [Damage(path, "has other content than its digest says, under the same size and time") for path in stale]


def _entry(store: FeatureStore, fingerprint: str, packed: Sequence[Path]) -> Entry:
    folder, about = store.folder(fingerprint), store.about(fingerprint)
    vectors, sets, fault = 0, dict[str, list[str]](), ""
    try:
        environment = store.environment(fingerprint)
        if environment.exists():
            vectors, sets = environment.read(lambda txn: (len(store.places(txn)), store.sets(txn)))
    except CcrError as error:
        fault = str(error)
    used = [path.stat().st_mtime for path in (folder / ABOUT, *packed) if path.exists()]
    return Entry(
        fingerprint=fingerprint,
        encoder=about.get("encoder", "?"),
        precision=about.get("precision", "?"),
        vectors=vectors,
        sets={name: len(members) for name, members in sets.items()},
        stored_bytes=_bytes([folder, *folder.parent.glob(f".{fingerprint}.*")]),
        packed=tuple(packed),
        packed_bytes=_bytes(packed),
        used=max(used, default=0.0),
        fault=fault,
    )


def _tables(store: FeatureStore) -> list[Path]:
    return sorted(seal.parent for seal in (store.root / "packed").glob(f"*/{SEAL}"))


def _bytes(folders: Iterable[Path]) -> int:
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


def _is_named(entry: Entry, name: str) -> bool:
    return entry.encoder == name or entry.fingerprint.startswith(name)
