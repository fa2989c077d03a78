"""Files and folders: where they live, and how they are written so that a kill at any moment loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ccr.world import World, world

SEAL = "sealed.json"


def cache_root(cache: Path | None = None) -> Path:
    """Where features and artifacts live: `--cache`, else $CCR_CACHE, else ~/.cache/ccr."""
    return Path(cache or os.environ.get("CCR_CACHE") or Path.home() / ".cache" / "ccr").expanduser()


def canonical_json(value: Any) -> str:
    """One text per value: sorted keys, no spaces, non-ASCII kept."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: Any) -> str:
    """sha256 (hex) of a JSON-able value; 6 and 6.0 are one value."""
    return hashlib.sha256(canonical_json(_one_number(value)).encode()).hexdigest()


def _one_number(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _one_number(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_one_number(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and is removed when it does not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON (indented, one trailing newline), whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def artifact(
    cache: Path,
    kind: str,
    key: Mapping[str, Any],
    build: Callable[[Path], None],
    waiting: Callable[[], None] | None = None,
    together: bool = False,
) -> Path:
    """The folder `<cache>/<kind>/<hash of key>`, built once and shared by all runs.

    `key` names everything that made the content, a hand-bumped `code` integer included. `build(folder)` may find
    there what an interrupted build left, and goes on from it; the seal is written last, and only a sealed folder is
    ever returned. One process builds, others wait for it (`waiting` is called once before they do).
    `together`: all processes of a run call it, and all of them build; only the leader may write into the folder.
    """
    folder = cache / kind / digest_of(key)[:20]
    builders = world() if together else World()
    lock = FileLock(folder.with_suffix(".lock"))

    def begin() -> bool:
        """Hold the lock, unless there is nothing to build."""
        if (folder / SEAL).exists():
            return False
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if waiting:
                waiting()
            lock.acquire()
        if (folder / SEAL).exists():
            return False
        folder.mkdir(exist_ok=True)
        return True

    try:
        if builders.once(begin):
            build(folder)
            builders.wait()
            if builders.leads:
                write_json(folder / SEAL, key)
    finally:
        if builders.leads:
            lock.release()
    return folder


def discard(folder: Path) -> None:
    """Remove an artifact or a run, what seals it first: no reader takes a half-removed folder for a whole one."""
    for seal in (SEAL, "result.json"):
        (folder / seal).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
