"""`ccr data prepare` against a server of this machine: resumed, cut off, killed, forged, moved, gone."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from click.testing import CliRunner
from conftest import Install

from ccr import CcrError, Download
from ccr.cli import main
from ccr.data import fetch as fetching
from ccr.data.fetch import RECORD, changed, content, fetch, in_place
from ccr.host import Host

BODY = bytes(range(256)) * 4000  # about 1 MB


class Server:
    """Files by path, and how to serve them badly."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cuts: list[int] = []  # bytes after which answers break off, one by one
        self.status: dict[str, list[int]] = {}  # path -> answers before the file itself; -1: for ever
        self.tagged, self.ranges, self.pause = True, True, 0.0
        self.asked: list[tuple[str, str]] = []  # path, Range
        self.sent = 0  # bytes
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range", "")
        self.asked.append((request.path, asked))
        codes = self.status.get(request.path, [])
        if codes or request.path not in self.files:
            request.send_error(codes.pop(0) if codes else 404)
            return
        body = self.files[request.path]
        tag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
        match = re.fullmatch(r"bytes=(\d+)-", asked) if self.ranges else None
        start = int(match[1]) if match and request.headers.get("If-Range", tag) == tag else 0
        if start >= len(body):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(body)}")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.tagged:
            request.send_header("ETag", tag)
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        end = min(len(body), start + self.cuts.pop(0)) if self.cuts else len(body)
        for first in range(start, end, 1 << 16):
            self.sent += min(end, first + (1 << 16)) - first  # before: whoever has read it may ask at once
            request.wfile.write(body[first : min(end, first + (1 << 16))])
            time.sleep(self.pause)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(fetching, "PAUSE", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def one(server: Server, root: Path, data: bytes = BODY, name: str = "captions.txt", **fields: Any) -> Download:
    server.files[f"/{name}"] = data
    return Download(url=f"{server.url}/{name}", path=root / "text" / name, **fields)


def leftovers(root: Path) -> list[str]:
    return [path.name for path in root.rglob("*") if path.name.endswith((".part", ".tag", ".unpacked"))]


def test_a_file_is_fetched_once_and_recorded(server: Server, tmp_path: Path) -> None:
    wanted = one(server, tmp_path)
    assert fetch(tmp_path, [wanted]) == []
    assert wanted.path.read_bytes() == BODY
    assert json.loads((tmp_path / RECORD).read_text()) == {
        wanted.url: {"sha256": sha256(BODY), "size": len(BODY), "known": False,
                     "files": {"text/captions.txt": sha256(BODY)}}
    }  # fmt: skip
    assert fetch(tmp_path, [wanted]) == []
    assert len(server.asked) == 1
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("tagged", [True, False])
def test_a_broken_connection_goes_on_where_it_broke(server: Server, tmp_path: Path, tagged: bool) -> None:
    """Without a tag, the publisher's digest alone says that the parts are of one file."""
    server.tagged, server.cuts = tagged, [300_000, 200_000]
    wanted = one(server, tmp_path, digest=f"sha256-{sha256(BODY)}")
    assert fetch(tmp_path, [wanted]) == []
    assert wanted.path.read_bytes() == BODY
    assert [asked for _, asked in server.asked] == ["", "bytes=300000-", "bytes=500000-"]
    assert server.sent == len(BODY)


def test_without_tag_and_digest_nothing_is_pieced_together(server: Server, tmp_path: Path) -> None:
    server.tagged, server.cuts = False, [300_000]
    wanted = one(server, tmp_path)
    assert fetch(tmp_path, [wanted]) == []
    assert wanted.path.read_bytes() == BODY
    assert [asked for _, asked in server.asked] == ["", ""]


def test_a_server_without_ranges_is_read_anew(server: Server, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, [300_000]
    wanted = one(server, tmp_path)
    assert fetch(tmp_path, [wanted]) == []
    assert wanted.path.read_bytes() == BODY


def test_what_breaks_off_for_good_is_told_and_kept(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000, *[0] * 9]
    wanted = one(server, tmp_path)
    (told,) = fetch(tmp_path, [wanted])
    assert "breaks off" in told
    assert "300,000 bytes, which are kept" in told
    assert not wanted.path.exists()
    server.cuts, before = [], server.sent
    assert fetch(tmp_path, [wanted]) == []
    assert server.sent - before == len(BODY) - 300_000


def test_a_new_revision_does_not_continue_an_old_part(server: Server, tmp_path: Path) -> None:
    wanted = one(server, tmp_path)
    server.cuts = [300_000, *[0] * 9]
    fetch(tmp_path, [wanted])
    server.cuts, server.files["/captions.txt"] = [], BODY[::-1]
    assert fetch(tmp_path, [wanted]) == []
    assert wanted.path.read_bytes() == BODY[::-1]


def test_a_forged_part_is_found_by_the_digest(server: Server, tmp_path: Path) -> None:
    wanted = one(server, tmp_path, digest=f"sha256-{sha256(BODY)}")
    part = wanted.path.with_name(".captions.txt.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    assert fetch(tmp_path, [wanted]) == []
    assert wanted.path.read_bytes() == BODY


def test_a_part_that_is_whole_already(server: Server, tmp_path: Path) -> None:
    """Killed between the last byte and the move."""
    wanted = one(server, tmp_path, digest=f"sha256-{sha256(BODY)}")
    part = wanted.path.with_name(".captions.txt.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY)
    assert fetch(tmp_path, [wanted]) == []
    assert (wanted.path.read_bytes(), server.sent) == (BODY, 0)


def test_a_wrong_checksum_is_told_and_not_kept(server: Server, tmp_path: Path) -> None:
    wanted = one(server, tmp_path, digest=f"sha256-{'0' * 64}")
    (told,) = fetch(tmp_path, [wanted])
    assert wanted.url in told
    assert "sha256" in told
    assert "0000" in told
    assert not wanted.path.exists()
    assert leftovers(tmp_path) == []
    assert not (tmp_path / RECORD).exists()


def test_integrity_as_npm_writes_it(server: Server, tmp_path: Path) -> None:
    integrity = base64.b64encode(hashlib.sha512(BODY).digest()).decode()
    assert fetch(tmp_path, [one(server, tmp_path, digest=f"sha512-{integrity}")]) == []


def test_what_changed_at_the_publisher_is_noticed(server: Server, tmp_path: Path) -> None:
    wanted = one(server, tmp_path)
    fetch(tmp_path, [wanted])
    wanted.path.unlink()
    server.files["/captions.txt"] = b"other"
    (told,) = fetch(tmp_path, [wanted])
    assert "changed since it was first fetched" in told
    assert RECORD in told
    assert not wanted.path.exists()
    assert leftovers(tmp_path) == []


def test_what_changed_here_is_noticed(server: Server, tmp_path: Path) -> None:
    wanted = one(server, tmp_path)
    fetch(tmp_path, [wanted])
    wanted.path.write_bytes(b"edited")
    (told,) = fetch(tmp_path, [wanted])
    assert str(wanted.path) in told
    assert "is not what" in told
    # a file that was not fetched is held to the publisher's digest
    known = evolve(one(server, tmp_path, name="lists.txt"), digest=f"sha256-{sha256(BODY)}")
    known.path.write_bytes(b"own")
    (told,) = changed(tmp_path, [known])
    assert str(known.path) in told
    assert "is not what" in told
    known.path.write_bytes(BODY)
    assert changed(tmp_path, [known]) == []


def test_an_unpacked_gz_is_in_place(tmp_path: Path) -> None:
    wanted = Download(url="http://127.0.0.1:1/train.en.gz", path=tmp_path / "train.en.gz")
    assert not in_place(wanted)
    (tmp_path / "train.en").write_text("a dog")
    assert fetch(tmp_path, [wanted]) == []


def test_each_refusal_is_told_and_the_others_come(server: Server, tmp_path: Path) -> None:
    gone = Download(url=f"{server.url}/gone.txt", path=tmp_path / "gone.txt")
    busy = one(server, tmp_path, name="busy.txt")
    server.status["/busy.txt"] = [503, 503]
    (told,) = fetch(tmp_path, [gone, busy, one(server, tmp_path)])
    assert "gone.txt" in told
    assert "404" in told
    assert busy.path.read_bytes() == BODY
    assert [path for path, _ in server.asked].count("/gone.txt") == 1


def test_offline_is_told_at_once_and_once(tmp_path: Path) -> None:
    files = [Download(url=f"http://127.0.0.1:9/{k}.txt", path=tmp_path / f"{k}.txt") for k in range(40)]
    start = time.monotonic()
    (told,) = fetch(tmp_path, files)
    assert "127.0.0.1:9 cannot be reached" in told
    assert "0.txt and 39 more were not fetched" in told
    assert time.monotonic() - start < 5


# --- archives -------------------------------------------------------------------------------------------------------

MEMBERS = {"package/emoji.json": "emoji/emoji.json", "package/img/64/": "emoji/img/64/"}
PACKED = {
    "package/emoji.json": b"[]",
    "package/img/64/a.png": b"A",
    "package/img/64/b.png": b"B",
    "package/img/128/a.png": b"large",
    "package/img/64/../../../../escaped": b"!",
}


def tgz(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("package/img/64/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def packed(server: Server, root: Path, data: bytes, name: str = "e.tgz", members: Any = MEMBERS) -> Download:
    server.files[f"/-/{name}"] = data
    return Download(url=f"{server.url}/-/{name}", path=root, members=members)


def test_members_are_unpacked_and_nothing_else(server: Server, tmp_path: Path) -> None:
    root = tmp_path / "deep" / "root"
    wanted = packed(server, root, tgz(PACKED))
    assert fetch(root, [wanted]) == []
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert files - {".downloads.lock"} == {RECORD, "emoji/emoji.json", "emoji/img/64/a.png", "emoji/img/64/b.png"}
    assert not list(tmp_path.rglob("escaped"))
    assert fetch(root, [wanted]) == []
    assert len(server.asked) == 1
    (root / "emoji/img/64/b.png").unlink()
    (told,) = fetch(root, [wanted])
    assert "emoji/img/64" in told
    assert "is not what" in told


def test_a_member_is_found_by_its_name_in_any_folder(server: Server, tmp_path: Path) -> None:
    data = zipped({"msrvtt_data/data.json": b"{}", "msrvtt_data/other.json": b"?"})
    assert fetch(tmp_path, [packed(server, tmp_path, data, "d.zip", {"data.json": "data.json"})]) == []
    assert (tmp_path / "data.json").read_bytes() == b"{}"
    assert not (tmp_path / "other.json").exists()


def test_what_is_there_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    (tmp_path / "emoji").mkdir()
    (tmp_path / "emoji/emoji.json").write_bytes(b"own")
    assert fetch(tmp_path, [packed(server, tmp_path, tgz(PACKED))]) == []
    assert (tmp_path / "emoji/emoji.json").read_bytes() == b"own"
    assert (tmp_path / "emoji/img/64/a.png").read_bytes() == b"A"


@pytest.mark.parametrize(
    ("data", "name", "what"),
    [
        (tgz({"package/emoji.json": b"[]"}), "e.tgz", "holds no package/img/64/"),
        (tgz(PACKED)[:-40], "e.tgz", "cannot be unpacked"),
        (b"<html>moved</html>", "e.zip", "cannot be unpacked"),
    ],
)
def test_archives_that_are_not_as_they_should_be(
    server: Server, tmp_path: Path, data: bytes, name: str, what: str
) -> None:
    (told,) = fetch(tmp_path, [packed(server, tmp_path, data, name)])
    assert what in told
    assert not (tmp_path / "emoji").exists()
    assert leftovers(tmp_path) == []
    assert not (tmp_path / RECORD).exists()


def test_what_a_folder_holds_is_its_names_and_its_contents(tmp_path: Path) -> None:
    for name, files in (("a", {"x": b"1"}), ("b", {"y": b"1"}), ("c", {"x": b"2"}), ("d", {"x": b"1"})):
        (tmp_path / name).mkdir()
        for file, data in files.items():
            (tmp_path / name / file).write_bytes(data)
    a, b, c, d = (content(tmp_path / name) for name in "abcd")
    assert len({a, b, c}) == 3
    assert a == d


# --- the command ----------------------------------------------------------------------------------------------------

PLUGIN = """
    from ccr import Dataset, DatasetSpec, Download, hookimpl
    CCR_API = 1

    class Given(Dataset):
        def items(self, split): return ()
        def test_items(self, test_set): return ()
        def missing(self, pictures=True):
            names = [name for name in {names!r} if not (self.root / name).is_file()]
            return [f"{{name}} is not in {{self.root}}" for name in names] + {also!r}
        def downloads(self):
            return [Download(url="{url}/" + name, path=self.root / name) for name in {names!r}]

    @hookimpl
    def ccr_register_datasets():
        return [DatasetSpec(name="given", factory="{module}:Given", needs_root=True, licence="CC BY 4.0")]
"""


def prepare(root: Path, *words: str) -> Any:
    return CliRunner().invoke(main, ["data", "prepare", "given", "--data-root", str(root), *words])


def test_prepare_fetches_and_tells_the_rest(server: Server, tmp_path: Path, install: Install) -> None:
    server.files["/a.txt"] = b"a"
    install("given_a", PLUGIN.format(module="given_a", url=server.url, names=["a.txt"], also=["ask for the photos"]))
    root = tmp_path / "data"
    told = prepare(root, "--offline")
    assert told.exit_code == 2
    assert "a.txt is not in" in told.output
    assert f"looked in {root}" in told.output
    assert server.asked == []
    told = prepare(root)
    assert told.exit_code == 2
    assert "CC BY 4.0" in told.output
    assert "ask for the photos" in told.output
    assert "a.txt is not" not in told.output
    assert (root / "a.txt").read_bytes() == b"a"


def test_prepare_says_that_all_is_in_place(server: Server, tmp_path: Path, install: Install) -> None:
    server.files["/b.txt"] = b"b"
    install("given_b", PLUGIN.format(module="given_b", url=server.url, names=["b.txt"], also=[]))
    for _ in range(2):
        outcome = prepare(tmp_path / "data")
        assert outcome.exit_code == 0
        assert "given is in place" in outcome.output
    assert len(server.asked) == 1


def test_a_killed_fetch_goes_on(server: Server, tmp_path: Path) -> None:
    server.pause = 0.05
    wanted = one(server, tmp_path)
    program = (
        "import sys; from pathlib import Path; from ccr import Download; from ccr.data.fetch import fetch\n"
        "root = Path(sys.argv[1]); print(fetch(root, [Download(url=sys.argv[2], path=Path(sys.argv[3]))]))"
    )
    command = [sys.executable, "-c", program, str(tmp_path), wanted.url, str(wanted.path)]
    process = subprocess.Popen(command, env={**os.environ, "no_proxy": "127.0.0.1"})
    part = wanted.path.with_name(".captions.txt.part")
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 100_000):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not wanted.path.exists()
    have = part.stat().st_size
    assert 100_000 < have < len(BODY)
    server.pause = 0.0
    assert fetch(tmp_path, [wanted]) == []
    assert server.asked[-1] == ("/captions.txt", f"bytes={have}-")
    assert wanted.path.read_bytes() == BODY
    assert leftovers(tmp_path) == []


# --- what the shipped readers declare -------------------------------------------------------------------------------

PUBLIC = {
    "multi30k": 48, "mscoco": 2, "msrvtt": 1, "flickr8k-cn": 8, "xtd10": 12, "xflickrco": 8, "xm3600": 1, "emoji": 3,
    "cc300k": 0,
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_readers_declare_whole_revisions(name: str, tmp_path: Path) -> None:
    host = Host.load()
    spec = host.spec("dataset", name)
    reader = host.resolve(spec.factory)(host.resolve(spec.settings)(), tmp_path)
    files = reader.downloads()
    assert len(files) == PUBLIC[name]
    assert len({one.url for one in files}) == len(files)
    for one in files:
        assert one.url.startswith("https://")
        assert all(path.is_relative_to(tmp_path) for path in one.targets)
        if "raw.githubusercontent.com" in one.url:
            assert re.search(r"/[0-9a-f]{40}/", one.url), "a branch moves"
            assert one.digest or one.members
    if files and name != "emoji":  # whose members are folders; with all files there, no text is missing any more
        for one in files:
            for path in one.targets:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"")
        assert not [told for told in reader.missing(pictures=False) if "ccr data prepare" in told]


def test_a_broken_record_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text("{")
    with pytest.raises(CcrError, match=RECORD):
        changed(tmp_path, [one(server, tmp_path)])
