"""Feature extraction, files and decoding included, against the bare image tower on ready tensors; and the warm start.

The warm start is what a run waits for when the store has all it needs: content digests of the files by path, size and
time, the packed table found and read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ccr.base import Dataset
from ccr.bench.report import Row, Target
from ccr.bench.subjects import Bench
from ccr.bench.timing import taking_turns
from ccr.features.extract import image_features
from ccr.features.fingerprint import encoder_fingerprint
from ccr.features.store import FeatureStore
from ccr.specs import Item, Split

IMAGES, QUICK_IMAGES = 256, 12
PIXELS, QUICK_PIXELS = (500, 375), (40, 30)  # width and height of Flickr30k's photos
BATCH, QUICK_BATCH = 64, 4
WARM, QUICK_WARM = 31_000, 50  # Multi30k has 31,014 images
WIDTH, CHUNK = 512, 1024
LONG_AGO = 1_000_000_000  # seconds: a file that has just changed is not trusted yet


def measure(bench: Bench) -> Iterator[Row]:
    """Cold, then warm."""
    yield _cold(bench)
    yield _warm(bench)


class Photos(Dataset):
    """JPEG files in a folder."""

    def __init__(self, files: Iterable[Path]) -> None:
        super().__init__(None, None)
        self.list = [Item(path.stem, (), path) for path in files]

    def items(self, split: Split) -> list[Item]:
        return self.list

    def test_items(self, test_set: str) -> list[Item]:
        return self.list


def photos(folder: Path, count: int, size: tuple[int, int]) -> Photos:
    """Smooth pictures of about the weight of a photo."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, files = np.random.default_rng(0), []
    for i in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (size[1] // 5, size[0] // 5, 3), dtype=np.uint8))
        files.append(folder / f"{i}.jpg")
        coarse.resize(size, Image.Resampling.BICUBIC).save(files[-1], quality=90)
        os.utime(files[-1], (LONG_AGO, LONG_AGO))
    return Photos(files)


def _cold(bench: Bench) -> Row:
    count, batch = (QUICK_IMAGES, QUICK_BATCH) if bench.quick else (IMAGES, BATCH)
    data = photos(bench.folder / "photos", count, QUICK_PIXELS if bench.quick else PIXELS)
    encoder, root = bench.encoder, bench.folder / "store"
    precision = bench.machine.precision
    fingerprint = encoder_fingerprint(encoder, precision)
    ready = [
        torch.stack([encoder.preprocess(Image.open(item.path).convert("RGB")) for item in part if item.path])
        for part in (data.list[i : i + batch] for i in range(0, count, batch))
    ]

    def extract() -> None:
        shutil.rmtree(root, ignore_errors=True)
        with redirect_stderr(StringIO()):
            image_features(
                encoder,
                data,
                data.list,
                FeatureStore(root),
                device=bench.device,
                batch_size=batch,
                precision=precision,
                fingerprint=fingerprint,
            )

    @torch.no_grad()
    def bare() -> None:
        with bench.precision():
            for pixels in ready:
                encoder.encode_images(pixels.to(bench.device))

    timing = taking_turns({"extraction": extract, "bare": bare}, bench.rounds, bench.device)
    ratio, seconds = timing.ratio("extraction", "bare"), timing.median("extraction")
    return Row(
        section="extraction",
        case=f"{count:,} JPEG files, {'x'.join(map(str, QUICK_PIXELS if bench.quick else PIXELS))}",
        against="bare image tower on ready tensors",
        seconds=seconds,
        base_seconds=timing.median("bare"),
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        target=None if bench.quick else Target(1 / 0.9),
        facts={"images/s": round(count / seconds, 1)},
    )


def _warm(bench: Bench) -> Row:
    count, encoder = QUICK_WARM if bench.quick else WARM, bench.encoder
    folder, root = bench.folder / "warm", bench.folder / "warm-store"
    folder.mkdir()
    files = [folder / f"{i}.jpg" for i in range(count)]
    for i, path in enumerate(files):
        path.write_bytes(i.to_bytes(8, "big"))  # never decoded: the store has its features
        os.utime(path, (LONG_AGO, LONG_AGO))
    data, fingerprint = Photos(files), hashlib.sha256(b"warm").hexdigest()
    digests = [hashlib.sha256(i.to_bytes(8, "big")).hexdigest() for i in range(count)]
    rows = np.random.default_rng(0).standard_normal((count, WIDTH), dtype=np.float32)
    for start in range(0, count, CHUNK):
        FeatureStore(root).put(fingerprint, digests[start : start + CHUNK], rows[start : start + CHUNK])
    np.save(folder / "plain.npy", rows)

    def warm() -> np.ndarray:
        with redirect_stderr(StringIO()):
            found = image_features(encoder, data, data.list, FeatureStore(root), fingerprint=fingerprint)
        if found.encoded:
            raise AssertionError(f"a warm start encoded {found.encoded} images")
        return np.array(found.table)

    if not np.array_equal(warm(), rows):  # packs the table, and remembers the files
        raise AssertionError("the warm start gives other features than were stored")
    timing = taking_turns({"warm": warm, "load": lambda: np.load(folder / "plain.npy")}, bench.rounds, bench.device)
    ratio = timing.ratio("warm", "load")
    return Row(
        section="extraction",
        case=f"warm start, {count:,} images",
        against="np.load of the same rows",
        seconds=timing.median("warm"),
        base_seconds=timing.median("load"),
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        target=None if bench.quick else Target(0.5, "seconds"),
    )
