"""Extraction: what is there is read, what is absent is made once, what is broken is named."""

from __future__ import annotations

import io
import multiprocessing
import os
import time
from collections.abc import Iterable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ccr import CcrError, Dataset, Encoder, Item
from ccr.features.extract import image_features, text_features
from ccr.features.fingerprint import content_digests, encoder_fingerprint, text_digest
from ccr.features.store import FeatureStore
from ccr.features.upkeep import entries, prune, verify

SIZE = 8  # pixels
BATCH = 4
FORK = multiprocessing.get_context("fork")


class TinyEncoder(Encoder):
    """A linear layer on the pixels, and one on the letters; it counts what it encodes."""

    embed_dim = 16
    logit_scale = 10.0

    def __init__(self, seed: int = 0, mean: float = 0.5, wait: float = 0.0) -> None:
        super().__init__("", None)
        self.architecture = {"name": "tiny", "mean": mean}
        self.mean, self.wait = mean, wait
        torch.manual_seed(seed)
        self.module = nn.ModuleDict(
            {"image": nn.Linear(3 * SIZE * SIZE, 16), "text": nn.Linear(32, 16), "drop": nn.Dropout(0.5)}
        )
        self.images = self.texts = 0

    def preprocess(self, image: Image.Image) -> Tensor:
        assert image.mode == "RGB"
        return torch.from_numpy(np.asarray(image.resize((SIZE, SIZE)), np.float32) / 255 - self.mean).permute(2, 0, 1)

    def encode_images(self, pixels: Tensor) -> Tensor:
        assert not torch.is_grad_enabled()
        time.sleep(self.wait)
        self.images += len(pixels)
        return self.module["drop"](self.module["image"](pixels.flatten(1)))

    def tokenize(self, texts: Sequence[str], lang: str) -> Tensor:
        return torch.tensor([[ord(letter) % 97 for letter in text.ljust(32)[:32]] for text in texts])

    def encode_texts(self, ids: Tensor) -> Tensor:
        self.texts += len(ids)
        return self.module["text"](ids.float())


class Pictures(Dataset):
    """Pictures in memory: item "3" is picture 3. It counts what is read."""

    def __init__(self, numbers: Iterable[int], files: Path | None = None, digest: str | None = None) -> None:
        super().__init__(None, None)
        self.reads = 0
        self.list = []
        for i in numbers:
            path = files / f"{i}.png" if files else None
            if path and not path.exists():
                path.write_bytes(png(i))
                os.utime(path, (1_000_000_000, 1_000_000_000))
            self.list.append(Item(str(i), (), path, digest and digest.format(i)))

    def items(self, split: str) -> list[Item]:
        return self.list

    test_items = items  # type: ignore[assignment]

    def read(self, item: Item) -> bytes:
        self.reads += 1
        return super().read(item) if item.path else png(int(item.id))


def png(i: int) -> bytes:
    pixels = np.random.default_rng(i).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def extract(store: FeatureStore, data: Pictures, encoder: TinyEncoder | None = None, **options: Any) -> Any:
    return image_features(encoder or TinyEncoder(), data, data.list, store, batch_size=BATCH, **options)


def oracle(numbers: Iterable[int], encoder: TinyEncoder | None = None) -> np.ndarray:
    """One picture at a time, by hand."""
    encoder = encoder or TinyEncoder()
    rows = []
    for i in numbers:
        pixels = encoder.preprocess(Image.open(io.BytesIO(png(i)))).flatten()
        rows.append(encoder.module["image"].weight.detach() @ pixels + encoder.module["image"].bias.detach())
    return torch.stack(rows).numpy()


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "cache" / "features")


# --- right features ----------------------------------------------------------------------------------------------


def test_features_are_those_of_the_encoder_in_the_order_of_the_items(store: FeatureStore) -> None:
    order = [5, 2, 9, 0, 7, 1, 3]
    encoder = TinyEncoder()
    encoder.module.train()
    encoder.module["text"].eval()
    found = extract(store, Pictures(order), encoder)
    np.testing.assert_allclose(found.table, oracle(order), rtol=1e-5, atol=1e-6)  # so dropout was off
    assert (found.table.dtype, found.table.flags.writeable) == (np.float32, False)
    assert (found.encoded, found.reused, found.fingerprint) == (7, 0, encoder_fingerprint(encoder, "fp32"))
    assert [encoder.module[name].training for name in ("image", "text", "drop")] == [True, False, True]
    assert all(p.requires_grad for p in encoder.module.parameters())


def test_a_second_call_decodes_nothing_and_calls_no_encoder(
    store: FeatureStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = extract(store, Pictures(range(10), tmp_path))
    encoder, data = TinyEncoder(), Pictures(range(10), tmp_path)
    capsys.readouterr()
    again = extract(store, data, encoder, title="image features, train")
    assert (encoder.images, data.reads, again.encoded, again.reused) == (0, 0, 0, 10)
    assert again.table.tobytes() == first.table.tobytes()
    said = capsys.readouterr().err
    assert said == "  image features, train: 10 images from the feature store, no encoder call\n"


def test_without_its_packed_table_a_call_reads_the_store(store: FeatureStore) -> None:
    first = extract(store, Pictures(range(10)))
    table = first.table.tobytes()
    prune(store, entries(store), packed_only=True)
    again = extract(store, Pictures(range(10)))
    assert (again.encoded, again.table.tobytes()) == (0, table)


def test_another_list_encodes_only_what_is_new(store: FeatureStore) -> None:
    extract(store, Pictures(range(6)))
    found = extract(store, Pictures([8, 3, 1, 7]))
    assert (found.encoded, found.reused) == (2, 2)
    np.testing.assert_allclose(found.table, oracle([8, 3, 1, 7]), rtol=1e-5, atol=1e-6)


def test_the_same_picture_is_encoded_once_in_a_list_and_in_two_datasets(store: FeatureStore, tmp_path: Path) -> None:
    encoder = TinyEncoder()
    found = extract(store, Pictures([4, 4, 5, 4]), encoder)
    assert (encoder.images, found.encoded, found.reused) == (2, 2, 2)
    assert found.table[0].tobytes() == found.table[1].tobytes() == found.table[3].tobytes()
    assert extract(store, Pictures([5, 4], tmp_path), encoder).encoded == 0  # files of the same bytes
    assert encoder.images == 2


def test_a_dataset_may_know_its_digests(store: FeatureStore) -> None:
    data = Pictures(range(5), digest="scene-{}")  # no sha256: hashed
    assert extract(store, data).encoded == 5
    again = Pictures(range(5), digest="scene-{}")
    assert (extract(store, again).encoded, again.reads) == (0, 0)
    assert extract(store, Pictures(range(5), digest="other-{}")).encoded == 5
    known = content_digests(Pictures([1]).list, Pictures([1]), store.files)[0]
    assert content_digests([Item("x", (), None, known)], data, store.files) == [known]  # a sha256 is taken as it is


def test_no_items_give_an_empty_table(store: FeatureStore) -> None:
    found = extract(store, Pictures([]))
    assert (found.table.shape, found.encoded, found.reused) == ((0, 16), 0, 0)


def test_the_set_is_sealed_and_the_encoder_described(store: FeatureStore) -> None:
    found = extract(store, Pictures([1, 2, 1]), title="scenes train")
    digests = content_digests(Pictures([1, 2]).list, Pictures([]), store.files)
    assert store.sealed(found.fingerprint, "scenes train") == digests
    (entry,) = entries(store)
    assert (entry.encoder, entry.precision, entry.vectors, entry.sets) == ("tiny", "fp32", 2, {"scenes train": 2})
    assert verify(store) == []


def test_texts_are_encoded_once_per_language(store: FeatureStore) -> None:
    encoder, texts = TinyEncoder(), ["a dog", "a cat", "a dog", "ein Hund", "一只狗"]
    found = text_features(encoder, texts, "en", store, batch_size=2)
    assert (encoder.texts, found.encoded, found.reused) == (4, 4, 1)
    with torch.no_grad():
        right = encoder.module["text"](encoder.tokenize(texts, "en").float()).numpy()
    np.testing.assert_allclose(found.table, right, rtol=1e-5, atol=1e-5)
    assert text_features(encoder, texts[::-1], "en", store).encoded == 0
    assert text_features(encoder, ["a dog"], "de", store).encoded == 1
    assert len({text_digest("a", "en"), text_digest("a", "de"), text_digest("en\0a", "")}) == 3


# --- the key -------------------------------------------------------------------------------------------------------


def test_weights_preprocessing_precision_and_code_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    base = encoder_fingerprint(TinyEncoder(), "fp32")
    assert encoder_fingerprint(TinyEncoder(), "fp32") == base
    nudged = TinyEncoder()
    with torch.no_grad():
        nudged.module["image"].weight[0, 0] += 1e-7
    others = [
        encoder_fingerprint(nudged, "fp32"),
        encoder_fingerprint(TinyEncoder(mean=0.4), "fp32"),
        encoder_fingerprint(TinyEncoder(), "bf16"),
    ]
    monkeypatch.setattr("ccr.features.fingerprint.CODE", 99)
    others.append(encoder_fingerprint(TinyEncoder(), "fp32"))
    assert len({base, *others}) == 5


def test_names_shapes_and_types_of_tensors_are_in_the_fingerprint_and_their_order_is_not() -> None:
    def of(**tensors: Tensor) -> str:
        module = nn.Module()
        for name, tensor in tensors.items():
            module.register_buffer(name, tensor)
        return encoder_fingerprint(SimpleNamespace(architecture={}, module=module), "fp32")  # type: ignore[arg-type]

    a, b = torch.arange(6.0), torch.ones(())
    assert of(a=a, b=b) == of(b=b, a=a) == of(a=a.clone().requires_grad_(), b=b)
    assert of(a=a.reshape(2, 3).t()) == of(a=a.reshape(2, 3).t().contiguous())
    different = [of(a=a), of(c=a), of(a=a.reshape(2, 3)), of(a=a.int()), of(a=a.bfloat16()), of(a=a.view(torch.int32))]
    different += [of(a=a > 2), of(a=a[:0]), of(a=a, b=b)]
    assert len(set(different)) == len(different)


def test_an_architecture_that_is_no_json_is_refused() -> None:
    encoder = TinyEncoder()
    encoder.architecture = {"transform": object()}
    with pytest.raises(CcrError, match="the architecture of TinyEncoder must be JSON-able"):
        encoder_fingerprint(encoder, "fp32")


def test_changed_weights_and_changed_files_are_extracted_again(store: FeatureStore, tmp_path: Path) -> None:
    extract(store, Pictures(range(5), tmp_path))
    assert extract(store, Pictures(range(5), tmp_path), TinyEncoder(seed=1)).encoded == 5
    (tmp_path / "3.png").write_bytes(png(77))
    found = extract(store, Pictures(range(5), tmp_path))
    assert found.encoded == 1
    np.testing.assert_allclose(found.table, oracle([0, 1, 2, 77, 4]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("precision", "exact"), [("bf16", torch.bfloat16), ("fp16", torch.float16)])
def test_half_precision_has_features_of_its_own(store: FeatureStore, precision: str, exact: torch.dtype) -> None:
    full = extract(store, Pictures(range(5)))
    half = extract(store, Pictures(range(5)), precision=precision)
    assert half.fingerprint != full.fingerprint
    assert half.encoded == 5
    assert not np.array_equal(half.table, full.table)
    np.testing.assert_allclose(half.table, full.table, atol=0.05)
    rounded = torch.from_numpy(np.array(half.table)).to(exact).float().numpy()
    assert np.array_equal(rounded, half.table)


def test_an_unknown_precision_is_refused(store: FeatureStore) -> None:
    with pytest.raises(CcrError, match=r'precision is one of fp32, bf16, fp16, not bf61 \(did you mean "bf16"\?\)'):
        extract(store, Pictures([1]), precision="bf61")


# --- faults --------------------------------------------------------------------------------------------------------


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes({"truncated": data[: len(data) // 2], "empty": b"", "text": b"<html>404</html>"}[how])


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("missing", "does not exist"),
        ("empty", "is empty"),
        ("truncated", "is no readable image (image file is truncated); fetch it again"),
        ("text", "is no readable image (a format that Pillow does not know); fetch it again"),
    ],
)
def test_a_bad_file_is_named_with_its_item(store: FeatureStore, tmp_path: Path, how: str, why: str) -> None:
    data = Pictures(range(10), tmp_path)
    spoil(tmp_path / "6.png", how)
    with pytest.raises(CcrError) as caught:
        extract(store, data)
    assert str(caught.value) == f"{tmp_path / '6.png'} (item 6) {why}"
    (tmp_path / "6.png").write_bytes(png(6))
    encoder = TinyEncoder()
    found = extract(store, data, encoder)
    assert encoder.images == (10 if how in ("missing", "empty") else 1)  # the sound ones were not for nothing
    np.testing.assert_allclose(found.table, oracle(range(10)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("how", ["missing", "truncated"])
def test_all_bad_files_are_told_at_once_up_to_ten(store: FeatureStore, tmp_path: Path, how: str) -> None:
    data = Pictures(range(30), tmp_path)
    for i in (2, 17, 29):
        spoil(tmp_path / f"{i}.png", how)
    with pytest.raises(CcrError) as caught:
        extract(store, data)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"3 {'image files' if how == 'missing' else 'images'} cannot be used:"
    assert [line.split(" ")[2].split("/")[-1] for line in lines[1:]] == ["2.png", "17.png", "29.png"]
    for i in (1, *range(3, 15)):
        spoil(tmp_path / f"{i}.png", how)
    with pytest.raises(CcrError) as caught:
        extract(store, data)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("16 image files" if how == "missing" else "at least 12 images")
    assert [line.split(" ")[2].split("/")[-1] for line in lines[1:11]] == [f"{i}.png" for i in range(1, 11)]
    assert lines[11:] == ["  and 6 more" if how == "missing" else "  and 2 more"]


def test_a_file_that_a_dataset_with_digests_lacks_is_named(store: FeatureStore, tmp_path: Path) -> None:
    data = Pictures(range(3), tmp_path, digest="known-{}")
    (tmp_path / "1.png").unlink()
    with pytest.raises(CcrError, match=r"1\.png \(item 1\) cannot be read \(No such file or directory\)"):
        extract(store, data)


def test_a_file_that_changes_after_its_digest_was_taken_is_refused(store: FeatureStore, tmp_path: Path) -> None:
    data = Pictures(range(3), tmp_path)
    state = (tmp_path / "1.png").stat()
    content_digests(data.list, data, store.files)
    other = next(p for p in map(png, range(100, 400)) if len(p) == state.st_size)
    (tmp_path / "1.png").write_bytes(other)
    os.utime(tmp_path / "1.png", ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(CcrError, match=r"1\.png \(item 1\) changed while it was in use; run the same command again"):
        extract(store, data)
    right = TinyEncoder()
    pixels = right.preprocess(Image.open(io.BytesIO(other))).flatten()
    with torch.no_grad():
        np.testing.assert_allclose(
            extract(store, data).table[1], right.module["image"](pixels).numpy(), rtol=1e-5, atol=1e-6
        )


class BrokenEncoder(TinyEncoder):
    """Gives some pictures a feature that is not finite."""

    bad: dict[int, float]

    def encode_images(self, pixels: Tensor) -> Tensor:
        features = super().encode_images(pixels)
        for row, image in enumerate(pixels):
            for i, value in self.bad.items():
                if torch.equal(image, self.preprocess(Image.open(io.BytesIO(png(i))))):
                    features[row, 3] = value
        return features


def test_features_that_are_not_finite_name_the_item_and_are_not_stored(store: FeatureStore) -> None:
    encoder = BrokenEncoder()
    encoder.bad = {6: float("nan")}
    with pytest.raises(CcrError, match=r"^item 6 gets a feature that holds NaN from BrokenEncoder$"):
        extract(store, Pictures(range(10)), encoder)
    encoder.bad = {6: float("nan"), 1: float("inf"), 9: 1e30}
    with pytest.raises(CcrError) as caught:
        extract(store, Pictures(range(10)), encoder, precision="fp16")
    lines = str(caught.value).splitlines()
    assert lines[1] == (
        "  item 1 gets a feature that holds infinity from BrokenEncoder; fp16 may be too narrow, try fp32"
    )
    assert [line.split()[1] for line in lines[1:]] == ["1", "6", "9"]
    encoder.bad, encoder.images = {}, 0
    assert extract(store, Pictures(range(10)), encoder).encoded == encoder.images == 1


def test_an_encoder_that_gives_only_nan_ends_after_ten_faults(store: FeatureStore) -> None:
    encoder = TinyEncoder()
    with torch.no_grad():
        encoder.module["image"].bias.fill_(float("nan"))
    with pytest.raises(CcrError, match="at least 12 images cannot be used:"):
        extract(store, Pictures(range(100)), encoder)
    assert encoder.images == 12
    encoder.module["text"].bias.data.fill_(float("nan"))
    with pytest.raises(CcrError, match=r'text "ein Hund" \(de\) gets a feature that holds NaN'):
        text_features(encoder, ["ein Hund"], "de", store)


def test_features_of_a_wrong_width_are_refused(store: FeatureStore) -> None:
    encoder = TinyEncoder()
    encoder.embed_dim = 32
    with pytest.raises(CcrError, match=r"TinyEncoder gave features \(4, 16\) for 4 images, not \(4, 32\)"):
        extract(store, Pictures(range(9)), encoder)


def test_an_error_of_the_encoders_own_is_not_dressed_up(store: FeatureStore) -> None:
    class Wrong(TinyEncoder):
        def preprocess(self, image: Image.Image) -> Tensor:
            raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        extract(store, Pictures(range(9)), Wrong())


# --- kills and company -----------------------------------------------------------------------------------------------


def process(root: Path, numbers: Sequence[int], wait: float, told: Any = None) -> BaseProcess:
    """Another process that extracts, and puts how many images it encoded into `told`, or why it could not."""

    def work() -> None:
        torch.set_num_threads(1)
        try:
            encoder = TinyEncoder(wait=wait)
            found = extract(FeatureStore(root), Pictures(numbers), encoder)
            np.testing.assert_allclose(found.table, oracle(numbers), rtol=1e-5, atol=1e-6)
            assert found.encoded == encoder.images
            answer: object = encoder.images
        except BaseException as error:
            answer = repr(error)
        if told:
            told.put(answer)

    started = FORK.Process(target=work, daemon=True)
    started.start()
    return started


def test_an_extraction_that_was_killed_goes_on_and_gives_the_same_table(store: FeatureStore, tmp_path: Path) -> None:
    undisturbed = extract(FeatureStore(tmp_path / "other"), Pictures(range(42)))
    digests = content_digests(Pictures(range(42)).list, Pictures([]), store.files)
    victim = process(store.root, range(42), wait=0.1)
    until = time.monotonic() + 60
    while len(store.missing(undisturbed.fingerprint, digests)) > 42 - 3 * BATCH and time.monotonic() < until:
        time.sleep(0.02)
    victim.kill()
    victim.join()
    absent = len(store.missing(undisturbed.fingerprint, digests))
    assert 0 < absent <= 42 - 3 * BATCH
    assert (42 - absent) % BATCH == 0
    encoder = TinyEncoder()
    found = extract(store, Pictures(range(42)), encoder)
    assert encoder.images == found.encoded == absent
    assert found.table.tobytes() == undisturbed.table.tobytes()
    assert verify(store) == []


def test_processes_at_the_same_time_encode_every_image_once_in_all(store: FeatureStore) -> None:
    lists = range(30), range(30), range(29, 9, -1), range(25, 40)  # the same list twice, and some that overlap
    told = FORK.SimpleQueue()
    processes = [process(store.root, numbers, 0.02, told) for numbers in lists]
    answers = [told.get() for _ in processes]
    for started in processes:
        started.join()
    assert sum(answers) == 40, answers
    assert verify(store) == []
