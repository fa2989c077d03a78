"""The feature store: what is put is what is got, whoever kills, forks, grows, corrupts or shares it."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

import lmdb
import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from ccr.cli.features import features as command
from ccr.errors import CcrError
from ccr.features import digests as digests_module
from ccr.features import environment
from ccr.features import store as store_module
from ccr.features.digests import FileDigests, FileFault
from ccr.features.environment import DATA, DamagedError
from ccr.features.packed import packed_table
from ccr.features.store import ABOUT, FeatureStore
from ccr.features.upkeep import entries, prune, verify

ONE, TWO = "1" * 64, "2" * 64
TINY = 1 << 16  # bytes: the smallest map that opens, so that every test of growth is quick


def digest(i: int) -> str:
    return hashlib.sha256(str(i).encode()).hexdigest()


def vectors(numbers: list[int], width: int = 8) -> np.ndarray:
    """The feature of a number is a function of the number alone, as a real encoder's is."""
    rows = [np.random.default_rng(i).standard_normal(width, dtype=np.float32) for i in numbers]
    return np.stack(rows) if rows else np.empty((0, width), np.float32)


def put(store: FeatureStore, numbers: list[int], fingerprint: str = ONE, width: int = 8) -> None:
    store.put(fingerprint, [digest(i) for i in numbers], vectors(numbers, width))


def get(store: FeatureStore, numbers: list[int], fingerprint: str = ONE) -> np.ndarray:
    return store.get(fingerprint, [digest(i) for i in numbers])


def same(one: np.ndarray, two: np.ndarray) -> bool:
    return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A fresh process that runs `code` with this module's names, its arguments in `argv`."""
    header = "import sys; from test_store import *; argv = sys.argv[1:]\n"
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", header + code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features", map_size=TINY)


def indexed(txn: lmdb.Transaction) -> int:
    """The number of rows that the index itself holds."""
    return sum(bytes(key).startswith(b"i") for key, _ in txn.cursor())


# --- what is put is what is got ------------------------------------------------------------------------------------


def test_features_come_back_bit_equal_in_any_order(store: FeatureStore) -> None:
    put(store, list(range(100)))
    put(store, list(range(100, 130)))
    order = np.random.default_rng(0).permutation(130).tolist()
    assert same(get(store, order), vectors(order))
    assert same(get(store, [7, 7, 129, 7]), vectors([7, 7, 129, 7]))


def test_half_precision_is_stored_in_two_bytes_and_read_as_float32(store: FeatureStore) -> None:
    half = vectors([0, 1], 4000).astype(np.float16)
    store.put(ONE, [digest(0), digest(1)], half)
    assert same(get(store, [1, 0]), half[[1, 0]].astype(np.float32))
    put(store, [0, 1], TWO, 4000)
    size = {f: (store.folder(f) / DATA).stat().st_size for f in (ONE, TWO)}
    assert size[ONE] < 0.7 * size[TWO]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.lists(st.integers(0, 12), max_size=6), max_size=8), st.randoms(use_true_random=False), st.integers(1, 9)
)
def test_any_interleaving_of_batches_gives_the_same_features(
    batches: list[list[int]], random: object, tail: int
) -> None:
    """Whatever part of them is indexed."""
    there = sorted({i for batch in batches for i in batch})
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(store_module, "TAIL", tail):
        store = FeatureStore(Path(folder), map_size=TINY)
        random.shuffle(batches)  # type: ignore[attr-defined]
        for batch in batches:
            put(store, batch)
        assert store.missing(ONE, [digest(i) for i in range(13)]) == [i for i in range(13) if i not in there]
        if there:
            assert same(get(store, there), vectors(there))
        assert verify(store) == []


def test_encoders_do_not_see_each_other(store: FeatureStore) -> None:
    put(store, [1, 2], ONE, 8)
    put(store, [2, 3], TWO, 16)
    assert store.missing(ONE, [digest(3)]) == [0]
    assert get(store, [2], ONE).shape == (1, 8)
    assert same(get(store, [3, 2], TWO), vectors([3, 2], 16))


@pytest.mark.parametrize("tail", [1, 2, 3, 100])
def test_what_is_there_stays_as_it_is(store: FeatureStore, monkeypatch: pytest.MonkeyPatch, tail: int) -> None:
    monkeypatch.setattr(store_module, "TAIL", tail)
    put(store, [1])
    store.put(ONE, [digest(1), digest(2)], np.zeros((2, 8), np.float32))
    for _ in range(2):
        assert same(get(store, [1]), vectors([1]))
        assert not get(store, [2]).any()
        store.seal(ONE, "both", [digest(1), digest(2)])


def test_the_index_is_written_in_long_pieces(store: FeatureStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many batches there are: each time it has grown by an eighth."""
    monkeypatch.setattr(store_module, "TAIL", 20)
    counts = []
    for start in range(0, 1000, 5):
        put(store, list(range(start, start + 5)))
        counts.append(store.environment(ONE).read(indexed))
    pieces = np.diff(sorted({0, *counts}))
    assert min(pieces) == 20
    assert max(pieces) > 80
    assert len(pieces) < 40
    assert counts[-1] < 1000
    store.seal(ONE, "all", [digest(i) for i in range(1000)])
    assert store.environment(ONE).read(indexed) == 1000
    assert verify(store) == []


def test_absent_features_are_an_error_that_counts_them(store: FeatureStore) -> None:
    with pytest.raises(CcrError, match="no features of encoder 111111111111"):
        get(store, [1])
    assert store.missing(ONE, [digest(1)]) == [0]
    assert not store.root.exists()  # asking makes nothing
    put(store, [1])
    with pytest.raises(CcrError, match="2 of 3 features of encoder 111111111111 are not in"):
        get(store, [1, 2, 3])


def test_features_of_another_shape_or_type_are_refused(store: FeatureStore) -> None:
    for rows in (np.zeros((2, 8), np.float32), np.zeros(8, np.float32), np.zeros((1, 8), np.int64)):
        with pytest.raises(ValueError, match="1 digests and features"):
            store.put(ONE, [digest(1)], rows)


def test_a_store_travels_by_pickle_and_threads_share_it(store: FeatureStore) -> None:
    put(store, list(range(50)))
    copy: FeatureStore = pickle.loads(pickle.dumps(store))
    wrong: list[int] = []

    def work(start: int) -> None:
        for i in range(start, start + 20):
            put(copy, [100 + i])
            if not same(get(store, [i, 100 + i]), vectors([i, 100 + i])):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- several processes ---------------------------------------------------------------------------------------------


def test_a_full_map_grows_and_loses_nothing(store: FeatureStore) -> None:
    for start in range(0, 400, 100):
        put(store, list(range(start, start + 100)), width=512)
    assert (store.folder(ONE) / DATA).stat().st_size > 10 * TINY
    assert same(get(store, list(range(400))), vectors(list(range(400)), 512))


def test_a_map_that_another_process_grew_is_taken_up(store: FeatureStore) -> None:
    put(store, [0], width=512)
    code = "put(FeatureStore(Path(argv[0]), TINY), list(range(1, 300)), width=512)"
    finished(child(code, store.root))
    assert same(get(store, [299, 0]), vectors([299, 0], 512))
    finished(child(code.replace("300", "900"), store.root))
    put(store, [1000], width=512)  # a writer meets the grown map, too
    assert same(get(store, [899, 1000]), vectors([899, 1000], 512))


def test_two_processes_write_at_the_same_time(store: FeatureStore) -> None:
    code = """
store = FeatureStore(Path(argv[0]), TINY)
for start in range(int(argv[1]), 200, 4):
    put(store, list(range(start, start + 8)), width=64)
"""
    pair = [child(code, store.root, start) for start in (0, 2)]
    for process in pair:
        finished(process)
    assert same(get(store, list(range(200))), vectors(list(range(200)), 64))
    assert verify(store) == []


def test_after_a_fork_both_sides_read_and_write(store: FeatureStore) -> None:
    put(store, [0])
    get(store, [0])
    stop = threading.Event()

    def read_on() -> None:  # a transaction may be under way in any other thread while the process forks
        while not stop.is_set():
            get(store, [0])

    thread = threading.Thread(target=read_on)
    thread.start()
    try:
        for i in range(1, 11):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    assert not environment._open  # what is inherited is not used
                    put(store, [i], width=512 if i == 5 else 8)
                    code = 0 if same(get(store, [0]), vectors([0])) else 2
                finally:
                    os._exit(code)
            assert os.waitpid(pid, 0)[1] == 0
            assert same(get(store, [i]), vectors([i], 512 if i == 5 else 8))
            put(store, [100 + i])
    finally:
        stop.set()
        thread.join()
    assert verify(store) == []


def test_a_killed_writer_leaves_whole_batches_and_no_lock(store: FeatureStore) -> None:
    code = """
store_module.TAIL = 40
store = FeatureStore(Path(argv[0]), TINY)
with store.writing(ONE, {"encoder": "tiny"}, lambda: None):
    for start in range(0, 10**6, 16):
        put(store, list(range(start, start + 16)), width=128)
        print(start, flush=True)
"""
    process = child(code, store.root)
    assert process.stdout
    for _ in range(5):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    absent = set(store.missing(ONE, [digest(i) for i in range(100_000)]))
    there = sorted(set(range(100_000)) - absent)
    assert len(there) >= 5 * 16
    assert there == list(range(len(there)))
    assert len(there) % 16 == 0
    assert same(get(store, there), vectors(there, 128))
    with store.writing(ONE, {"encoder": "tiny"}, lambda: pytest.fail("the dead hold a lock")):
        put(store, [len(there)], width=128)
    assert verify(store) == []


def test_a_disk_that_is_full_loses_one_batch_and_no_more(store: FeatureStore) -> None:
    code = """
import resource
store = FeatureStore(Path(argv[0]), TINY)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
done = 0
try:
    while True:
        put(store, list(range(done, done + 20)), width=512)
        done += 20
except CcrError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert store.missing(ONE, [digest(i) for i in range(done + 20)]) == list(range(done, done + 20))
put(store, list(range(done, done + 20)), width=512)
print(done)
"""
    said, done = finished(child(code, store.root)).splitlines()
    assert re.fullmatch(rf"\S+{ONE} cannot be used \(.*; [\d,]+ MB are free on its disk\)", said)
    numbers = list(range(int(done) + 20))
    assert len(numbers) > 300
    assert same(get(store, numbers), vectors(numbers, 512))
    assert verify(store) == []


def test_one_process_extracts_and_others_wait(store: FeatureStore) -> None:
    code = """
store = FeatureStore(Path(argv[0]), TINY)
with store.writing(ONE, {}, lambda: print("waits", flush=True)):
    print(len(store.missing(ONE, [digest(i) for i in range(5)])))
"""
    with store.writing(ONE, {}, lambda: None):
        other = child(code, store.root)
        assert other.stdout
        assert other.stdout.readline() == "waits\n"
        put(store, list(range(5)))
    assert finished(other) == "0\n"


# --- sealed sets ---------------------------------------------------------------------------------------------------


def test_only_a_complete_set_is_sealed(store: FeatureStore) -> None:
    put(store, [1, 2])
    assert store.sealed(ONE, "train") is None
    with pytest.raises(CcrError, match='"train" cannot be sealed: 1 of 3 features are not stored'):
        store.seal(ONE, "train", [digest(1), digest(2), digest(3)])
    assert store.sealed(ONE, "train") is None
    put(store, [3])
    store.seal(ONE, "train", [digest(3), digest(1)])
    store.seal(ONE, "пробы 测试", [digest(2)])
    assert store.sealed(ONE, "train") == [digest(3), digest(1)]
    store.seal(ONE, "train", [digest(2)])
    assert store.sealed(ONE, "train") == store.sealed(ONE, "пробы 测试") == [digest(2)]


# --- damage --------------------------------------------------------------------------------------------------------


def flip(path: Path, content: bytes) -> None:
    """Change one byte where `content` stands in a file."""
    data = bytearray(path.read_bytes())
    data[data.index(content)] ^= 0xFF
    with path.open("r+b") as file:
        file.write(data)


def damaged_store(store: FeatureStore) -> FeatureStore:
    """Three chunks, the second corrupted."""
    for start in (0, 10, 20):
        put(store, list(range(start, start + 10)), width=600)
    store.seal(ONE, "all", [digest(i) for i in range(30)])
    store.seal(ONE, "sound", [digest(i) for i in (0, 25)])
    flip(store.folder(ONE) / DATA, vectors([13], 600).tobytes())
    return store


def test_a_corrupted_value_is_never_returned(store: FeatureStore) -> None:
    damaged_store(store)
    with pytest.raises(DamagedError, match=r"holds a damaged chunk, 1: .* `ccr features verify --repair`"):
        get(store, [1, 12, 22])
    assert same(get(store, [1, 22]), vectors([1, 22], 600))


def test_verify_finds_and_repairs_a_corrupted_value(store: FeatureStore) -> None:
    damaged_store(store)
    for _ in range(2):  # without --repair it stays
        found = [damage.what for damage in verify(store)]
        assert found[0].startswith("holds a damaged chunk, 1: its checksum does not fit (10 features)")
        assert found[1] == 'lacks 10 of the 30 features of the set "all"'
        assert len(found) == 2
    assert len(verify(store, repair=True)) == 2
    assert verify(store) == []
    assert store.missing(ONE, [digest(i) for i in range(30)]) == list(range(10, 20))
    assert store.sealed(ONE, "all") is None
    assert store.sealed(ONE, "sound") == [digest(0), digest(25)]
    put(store, list(range(30)), width=600)
    assert same(get(store, list(range(30))), vectors(list(range(30)), 600))


def test_a_damaged_index_is_made_again_from_the_chunks(store: FeatureStore) -> None:
    put(store, list(range(6)), width=600)
    store.seal(ONE, "all", [digest(i) for i in range(6)])
    place = next(p for d, p in store.environment(ONE).read(store.places).items() if d == digest(4))
    assert place == (0, 4)
    flip(store.folder(ONE) / DATA, bytes.fromhex(digest(4)) + b"\0" * 8)  # the key in the index, not in the chunk
    assert any("misplaces 1 features" in damage.what for damage in verify(store, repair=True))
    assert same(get(store, list(range(6))), vectors(list(range(6)), 600))


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_file_is_refused_and_repaired_by_dropping_it(store: FeatureStore, keep: float) -> None:
    put(store, list(range(100)), width=512)
    store.environment(ONE).close()
    path = store.folder(ONE) / DATA
    os.truncate(path, int(path.stat().st_size * keep))
    for use in (lambda: get(store, [99]), lambda: put(store, [200]), lambda: store.missing(ONE, [digest(1)])):
        with pytest.raises(DamagedError, match=r"data\.mdb is truncated to [\d,]+ of [\d,]+ bytes; `ccr features"):
            use()
    assert "is truncated to" in verify(store, repair=True)[0].what
    put(store, list(range(100)), width=512)
    assert same(get(store, [99]), vectors([99], 512))


def test_a_file_that_is_no_database_is_refused_and_repaired(store: FeatureStore) -> None:
    put(store, [1])
    store.environment(ONE).close()
    (store.folder(ONE) / DATA).write_bytes(b"not a database" * 5000)
    with pytest.raises(DamagedError, match=f"{ONE} is damaged"):
        get(store, [1])
    assert len(verify(store, repair=True)) == 1
    assert store.missing(ONE, [digest(1)]) == [0]


def test_another_layout_is_refused_and_left_alone(store: FeatureStore) -> None:
    put(store, [1])
    about = store.folder(ONE) / ABOUT
    about.write_text(json.dumps({**json.loads(about.read_text()), "layout": 99}))
    with pytest.raises(CcrError, match="has layout 99, and this version of ccr reads 1; `ccr features prune 1111"):
        put(store, [2])
    assert "layout 99" in entries(store)[0].fault
    verify(store, repair=True)
    assert store.folder(ONE).exists()
    prune(store, entries(store))
    assert not store.folder(ONE).exists()


def test_a_damaged_packed_table_is_found_and_made_again(store: FeatureStore) -> None:
    put(store, list(range(20)))
    wanted = [digest(i) for i in range(20)]
    table = packed_table(store, ONE, wanted, lambda: None)
    assert same(np.array(table), vectors(list(range(20))))
    assert not table.flags.writeable
    path = Path(str(table.filename))  # type: ignore[attr-defined]
    flip(path, vectors([5]).tobytes())
    assert [damage.what for damage in verify(store, repair=True)] == ["does not fit its checksum"]
    assert same(np.array(packed_table(store, ONE, wanted, lambda: None)), vectors(list(range(20))))
    os.truncate(path, 200)
    assert [damage.what for damage in verify(store)] == ["is cut off or unreadable"]
    assert same(np.array(packed_table(store, ONE, wanted, lambda: None)), vectors(list(range(20))))


def test_a_packed_table_in_another_order_is_that_of_the_store(
    store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccr.features.packed._PIECE", 100)
    for start in (0, 7, 12, 20):
        put(store, list(range(start, start + 10)))
    order = np.random.default_rng(1).permutation(30).tolist()
    table = packed_table(store, ONE, [digest(i) for i in order], lambda: None)
    assert same(np.array(table), vectors(order))
    assert verify(store) == []


def test_a_packed_table_on_a_full_disk_is_told_and_made_later(store: FeatureStore) -> None:
    put(store, list(range(300)), width=512)
    code = """
import resource
store = FeatureStore(Path(argv[0]), TINY)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    packed_table(store, ONE, [digest(i) for i in range(300)], lambda: None)
except CcrError as error:
    print(error)
"""
    said = finished(child(code, store.root)).strip()
    assert re.fullmatch(r"\S+table\.npy cannot be written \(File too large\)", said)
    table = packed_table(store, ONE, [digest(i) for i in range(300)], lambda: None)
    assert same(np.array(table), vectors(list(range(300)), 512))


# --- digests of files ----------------------------------------------------------------------------------------------


def old_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


def test_digests_of_files_are_remembered_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []
    hashed = digests_module._hashed
    monkeypatch.setattr(digests_module, "_hashed", lambda path: (reads.append(path), hashed(path))[1])
    memo = FileDigests(tmp_path / "digests")
    files = [old_file(tmp_path / f"{i}.jpg", bytes([i]) * 100) for i in range(1, 4)]
    right = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    assert memo.digests(files) == right
    assert memo.digests(files) == right
    assert len(reads) == 3
    old_file(files[1], b"other")  # another size
    os.utime(files[2], (1_000_000_001, 1_000_000_001))  # another time
    assert memo.digests(files) == [right[0], hashlib.sha256(b"other").hexdigest(), right[2]]
    assert reads[3:] == files[1:]


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    memo, file = FileDigests(tmp_path / "digests"), tmp_path / "a.jpg"
    for content in (b"one", b"two"):
        state = file.stat() if file.exists() else None
        file.write_bytes(content)
        if state:
            os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # a clock too coarse to tell
        assert memo.digests([file]) == [hashlib.sha256(content).hexdigest()]


def test_a_file_without_a_digest_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    found = FileDigests(tmp_path / "digests").digests([tmp_path / "none.jpg", tmp_path / "empty.jpg", tmp_path])
    assert found == ["does not exist", "is empty", "cannot be read (Is a directory)"]
    assert all(isinstance(fault, FileFault) for fault in found)


def test_verify_finds_a_file_that_changed_under_the_same_size_and_time(store: FeatureStore, tmp_path: Path) -> None:
    files = [old_file(tmp_path / name, b"one") for name in ("a.jpg", "b.jpg", "c.jpg")]
    store.files.digests(files)
    old_file(files[1], b"two")
    files[2].unlink()
    assert [damage.path for damage in verify(store)] == [files[1]]
    assert store.files.digests([files[1]]) == [hashlib.sha256(b"one").hexdigest()]
    verify(store, repair=True)
    assert verify(store) == []
    assert store.files.digests([files[1]]) == [hashlib.sha256(b"two").hexdigest()]


# --- list, verify, prune -------------------------------------------------------------------------------------------


def run(store: FeatureStore, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--cache", str(store.root.parent)], standalone_mode=False)


def filled(store: FeatureStore) -> FeatureStore:
    """Two encoders, the second not used for ten days, each with a packed table."""
    for fingerprint, name, numbers in ((ONE, "tiny", [1, 2, 3]), (TWO, "larger", list(range(2000)))):
        with store.writing(fingerprint, {"encoder": name, "precision": "fp32"}, lambda: None):
            put(store, numbers, fingerprint)
            store.seal(fingerprint, "scenes train", [digest(i) for i in numbers])
        packed_table(store, fingerprint, [digest(i) for i in numbers], lambda: None)
    ago = time.time() - 10 * 86_400
    for path in (store.folder(TWO) / ABOUT, *entries(store)[-1].packed, *entries(store)[0].packed):
        if path.name == ABOUT or path in next(e for e in entries(store) if e.fingerprint == TWO).packed:
            os.utime(path, (ago, ago))
    return store


def test_list_tells_what_is_stored(store: FeatureStore) -> None:
    assert run(store, "list").output == f"no features in {store.root}\n"
    filled(store)
    lines = run(store, "list").output.splitlines()
    assert lines[0].split() == ["fingerprint", "encoder", "precision", "features", "stored", "packed", "last", "used"]
    assert lines[1].split()[:4] == ["111111111111", "tiny", "fp32", "3"]
    assert lines[2] == "  scenes train: 3"
    assert lines[3].split()[:4] == ["222222222222", "larger", "fp32", "2,000"]
    assert lines[-1].startswith(f"{store.root}: ")
    one, two = json.loads(run(store, "list", "--json").output)
    assert (one["fingerprint"], one["vectors"], one["sets"]) == (ONE, 3, {"scenes train": 3})
    assert two["used"] < time.time() - 9 * 86_400
    assert two["packed_bytes"] > 2000 * 8 * 4


def test_verify_on_the_command_line(store: FeatureStore) -> None:
    damaged_store(store)
    result = run(store, "verify")
    assert result.return_value == 1
    assert result.output.splitlines()[-1] == "2 damaged: --repair removes what is damaged"
    found = json.loads(CliRunner().invoke(command, ["verify", "--json", "--cache", str(store.root.parent)]).stdout)
    assert [damage["path"] for damage in found] == [str(store.folder(ONE))] * 2
    result = run(store, "verify", "--repair")
    assert (result.return_value, result.output.splitlines()[-1]) == (
        0,
        "2 damaged: removed; the next run makes it again",
    )
    result = run(store, "verify")
    assert (result.return_value, result.output.splitlines()[-1]) == (0, f"{store.root} is sound")


def test_prune_by_name_by_fingerprint_and_by_age(store: FeatureStore) -> None:
    filled(store)
    for arguments in (["--older-than", "5"], ["larger"], ["2222"], ["--all", "--older-than", "5"]):
        result = run(store, "prune", "--dry-run", *arguments)
        assert "222222222222" in result.output
        assert "111111111111" not in result.output
        assert result.output.splitlines()[-1].startswith("would free ")
    assert len(entries(store)) == 2
    assert len(json.loads(run(store, "prune", "--older-than", "20", "--json").output)["dropped"]) == 0
    assert run(store, "prune", "larger").output.splitlines()[-1].startswith("freed ")
    assert [entry.fingerprint for entry in entries(store)] == [ONE]
    assert not store.folder(TWO).exists()
    assert len(list((store.root / "packed").glob("*/table.npy"))) == 1
    put(store, [1], TWO)  # who has the dropped folder open begins a new one
    assert same(get(store, [1], TWO), vectors([1]))
    run(store, "prune", "--all")
    assert entries(store) == []


def test_prune_of_packed_tables_leaves_the_store(store: FeatureStore) -> None:
    filled(store)
    run(store, "prune", "--all", "--packed")
    assert [entry.packed for entry in entries(store)] == [(), ()]
    assert same(get(store, [1, 2, 3]), vectors([1, 2, 3]))


@pytest.mark.parametrize("arguments", [[], ["tiny", "--all"]])
def test_prune_must_be_told_what(store: FeatureStore, arguments: list[str]) -> None:
    result = run(filled(store), "prune", *arguments)
    assert isinstance(result.exception, CcrError)
    assert len(entries(store)) == 2


def test_prune_of_an_unknown_name_suggests_one(store: FeatureStore) -> None:
    result = run(filled(store), "prune", "lager")
    assert 'no features of "lager" are stored (did you mean "larger"?)' in str(result.exception)


def test_prune_leaves_what_another_process_extracts(store: FeatureStore) -> None:
    filled(store)
    code = """
store = FeatureStore(Path(argv[0]), TINY)
with store.writing(ONE, {"encoder": "tiny"}, lambda: None):
    print("in", flush=True)
    sys.stdin.readline()
"""
    process = child(code.replace("sys.stdin.readline()", "import time; time.sleep(60)"), store.root)
    assert process.stdout
    process.stdout.readline()
    dropped = prune(store, entries(store))
    process.kill()
    process.communicate()
    assert [entry.fingerprint for entry in dropped] == [TWO]
    assert same(get(store, [1, 2, 3]), vectors([1, 2, 3]))


def test_what_a_killed_prune_left_is_listed_and_removed(store: FeatureStore) -> None:
    put(store, [1])
    store.environment(ONE).close()
    os.rename(store.folder(ONE), store.folder(ONE).with_name(f".{ONE}.dropped"))
    (entry,) = entries(store)
    assert (entry.vectors, entry.stored_bytes > 0) == (0, True)
    prune(store, [entry])
    assert entries(store) == []


def test_an_open_reader_follows_a_repair_by_another_process(store: FeatureStore) -> None:
    damaged_store(store)
    get(store, [1])
    finished(child("print(len(verify(FeatureStore(Path(argv[0]), TINY), repair=True)))", store.root))
    assert store.missing(ONE, [digest(12)]) == [0]
    assert same(get(store, [1, 22]), vectors([1, 22], 600))


def test_the_command_is_imported_without_torch_or_numpy() -> None:
    code = "import sys, ccr.cli.features; print(sorted({'torch', 'numpy', 'lmdb'} & set(sys.modules)))"
    path = os.pathsep.join(sys.path)
    out = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert out.stdout == "[]\n"
