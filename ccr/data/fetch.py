"""Fetching a dataset's public files: resumed, checksummed, whole or not at all.

What is on its way lies beside its place, as `.NAME.part`, with the revision that it is of in `.NAME.tag`: killed at any
moment, the same command goes on. `downloads.json` says what came: by URL the sha256 of it, and of each file that was
made of it. Where a publisher's digest is not known, that first record is what later fetches, and the files themselves,
are held to.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from ccr.data.unpack import clear, unpack
from ccr.errors import CcrError
from ccr.files import write_json
from ccr.progress import Progress, say
from ccr.specs import Download

RECORD = "downloads.json"
TRIES = 4  # in a row that bring nothing
PAUSE = 1.0  # seconds before the second try; then twice as long each time
TIMEOUT = 20.0  # seconds without a byte
CHUNK = 1 << 18
_BUSY = (408, 429, 500, 502, 503, 504)


class UnreachableError(Exception):
    """There is no way to a host."""


def in_place(one: Download) -> bool:
    """Whether all that it makes is there; an unpacked .gz is, too."""
    return all(path.exists() or (path.suffix == ".gz" and path.with_suffix("").exists()) for path in one.targets)


def fetch(root: Path, downloads: Sequence[Download]) -> list[str]:
    """Bring what is not in place, and compare what is. A sentence per thing that went wrong; () = all is well."""
    wanted = [one for one in downloads if not in_place(one)]
    if wanted:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root):
            told = _fetch(root, [one for one in wanted if not in_place(one)])
    else:
        told = []
    return told + changed(root, [one for one in downloads if one not in wanted])


def changed(root: Path, downloads: Iterable[Download]) -> list[str]:
    """A sentence per file that is not what was fetched, or not what its publisher distributes."""
    record, told = _read(root), []
    for one in downloads:
        made: Mapping[str, str] = record.get(one.url, {}).get("files", {})
        for name, sha256 in made.items():
            path = root / name
            if path.exists() and content(path) != sha256:
                told.append(f"{path} is not what {one.url} brought: move it away, and prepare the dataset again")
        if not made and not one.members and one.digest and one.path.is_file():
            problem = _differs(one, one.path)
            told += [f"{one.path} is not what {one.url} holds ({problem})"] if problem else []
    return told


def content(path: Path) -> str:
    """sha256 (hex) of a file, or of the names and contents of all files of a folder."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        rows = "".join(f"{content(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
        return hashlib.sha256(rows.encode()).hexdigest()
    return _digest(path, "sha256").hex()


def _fetch(root: Path, wanted: Sequence[Download]) -> list[str]:
    told: list[str] = []
    closed: dict[str, list[str]] = {}  # host -> why it cannot be reached, and what it would have brought
    for one in wanted:
        host = urlsplit(one.url).netloc
        if host in closed:
            closed[host].append(one.url)
            continue
        try:
            _bring(root, one)
        except UnreachableError as error:
            closed[host] = [str(error), one.url]
        except CcrError as error:
            told.append(str(error))
        except OSError as error:
            told.append(f"{one.url} cannot be written to {one.path} ({error})")
    for host, (why, first, *others) in closed.items():
        named = f"{first} and {len(others)} more were" if others else f"{first} was"
        told.append(f"{host} cannot be reached ({why}): {named} not fetched")
    return told


def _bring(root: Path, one: Download) -> None:
    """Fetch, compare, record, and only then put into place."""
    name = urlsplit(one.url).path.rpartition("/")[2]
    place = one.path.with_name(name) if not one.members else one.path / name
    part, tag = place.with_name(f".{place.name}.part"), place.with_name(f".{place.name}.tag")
    part.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.exists()
    _download(one, part, tag)
    problem = _differs(one, part)
    if problem and resumed:  # what lay there was of something else
        part.unlink()
        _download(one, part, tag)
        problem = _differs(one, part)
    record = _read(root)
    came = _digest(part, "sha256").hex()
    before = record.get(one.url, {}).get("sha256", came)
    if problem or came != before:
        part.unlink()
        tag.unlink(missing_ok=True)
        if problem:
            raise CcrError(f"{one.url} is not what it should be ({problem}); it was not kept")
        raise CcrError(
            f"{one.url} changed since it was first fetched (sha256 {came}, not {before}); it was not kept. To take it, "
            f"remove its entry from {root / RECORD}"
        )
    try:
        made = unpack(part, name, one) if one.members else {one.path: part}
    except CcrError:
        part.unlink()
        tag.unlink(missing_ok=True)
        raise
    made = {path: new for path, new in made.items() if not path.exists()}
    files = {path.relative_to(root).as_posix(): content(new) for path, new in made.items()}
    record[one.url] = {"sha256": came, "size": part.stat().st_size, "known": bool(one.digest), "files": files}
    write_json(root / RECORD, record)
    for path, new in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        new.replace(path)
    clear(name, one)
    part.unlink(missing_ok=True)
    tag.unlink(missing_ok=True)


def _download(one: Download, part: Path, tag: Path) -> None:
    """All of it into `part`. CcrError if the server will not give it, UnreachableError if there is none."""
    tries = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _ask(one, part, tag)
            return
        except urllib.error.HTTPError as error:
            if error.code == 416:
                if error.headers.get("Content-Range", "").endswith(f"/{before}"):
                    return  # nothing is lacking
                part.unlink(missing_ok=True)
            elif error.code not in _BUSY:
                raise CcrError(f"{one.url}: the server answers {error.code} {error.reason}") from None
            why = f"{error.code} {error.reason}"
        except urllib.error.URLError as error:
            raise UnreachableError(str(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
        now = part.stat().st_size if part.exists() else 0
        tries = tries + 1 if now <= before else 1
        if tries >= TRIES:
            raise CcrError(f"{one.url} breaks off ({why}) after {now:,} bytes, which are kept: prepare it again")
        time.sleep(PAUSE * 2 ** (tries - 1))


def _ask(one: Download, part: Path, tag: Path) -> None:
    """One request, for what `part` lacks. A part of another revision is begun anew: the server compares its tag."""
    headers = {"User-Agent": "ccr", "Accept-Encoding": "identity"}
    have = part.stat().st_size if part.exists() and (tag.exists() or one.digest) else 0
    if have:
        headers["Range"] = f"bytes={have}-"
        if tag.exists():
            headers["If-Range"] = tag.read_text(encoding="latin-1")
    with urllib.request.urlopen(urllib.request.Request(one.url, headers=headers), timeout=TIMEOUT) as answer:
        if answer.status != 206 or not re.match(rf"bytes {have}-", answer.headers.get("Content-Range", "")):
            have = 0
            part.unlink(missing_ok=True)
        mark = answer.headers.get("ETag", "")
        mark = answer.headers.get("Last-Modified", "") if not mark or mark.startswith("W/") else mark
        tag.write_text(mark, encoding="latin-1") if mark else tag.unlink(missing_ok=True)
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else 0
        name = urlsplit(one.url).path.rpartition("/")[2]
        with part.open("ab") as file, Progress(name, total, "bytes", done=have) as bar:
            while chunk := answer.read1(CHUNK):
                file.write(chunk)
                bar.advance(len(chunk))
            if total and bar.done < total:
                raise ConnectionError(f"{bar.done:,} of {total:,} bytes came")


def _differs(one: Download, path: Path) -> str:
    """How a file differs from the digest that its publisher tells; "" if it does not, or none is known."""
    algorithm, _, expected = one.digest.partition("-")
    if not expected:
        return ""
    found = _digest(path, algorithm)
    if expected in (found.hex(), base64.b64encode(found).decode()):
        return ""
    return f"{algorithm} {found.hex()[:16]}..., not {expected[:16]}..."


def _digest(path: Path, algorithm: str) -> bytes:
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.digest()


def _read(root: Path) -> dict[str, Any]:
    path = root / RECORD
    try:
        return dict(json.loads(path.read_bytes())) if path.exists() else {}
    except (OSError, ValueError, TypeError) as error:
        raise CcrError(f"{path} cannot be read ({error}): move it away, and prepare the dataset again") from None


def _alone(root: Path) -> FileLock:
    """The lock of a folder, acquired: one process fetches, others wait for it."""
    lock = FileLock(root / ".downloads.lock")
    try:
        lock.acquire(timeout=0)
        lock.release()
    except Timeout:
        say(f"another process fetches into {root}: waiting for it")
    return lock
