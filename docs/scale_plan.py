"""The arithmetic of docs/scale.md: what this code takes per item and per caption, measured here, and a plan from it.

python docs/scale_plan.py            a minute on one core, no GPU
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import open_clip
import torch
from PIL import Image

from ccr import Caption
from ccr.features.store import FeatureStore

PAIRS, LANGS, METHODS, SEEDS = 10_000_000, 20, 5, 5
PHASES, EPOCHS = 2, 1  # align and match, each caption once in each
ROWS, WIDTH, SECONDS = 20_000, 512, 5.0

# known of ViT-B/32: operations are 2 per weight and token
TEXT = 2 * 37.7e6 * 20  # a caption of 20 tokens, forward
IMAGE = 8.8e9
FLOOR = 2  # forwards that a training step costs at least (docs/speed.md)
# ASSUMED, and not measured by us
PEAK, UTILISATION = 312e12, 0.30  # an A100 in bf16, and the share of it that is reached
ABOVE_FLOOR = 1.5  # the target of docs/speed.md for dasd
TRANSLATING = 1000.0  # sentences a second and GPU, a Marian model
PICTURE = 100e3  # bytes of a JPEG
MAPPED, MEMORY = 92e6, 256e9  # weights of an mBERT table; bytes of memory of a node


def stored(dtype: type) -> float:
    """Bytes on disk for each feature in the store."""
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder))
        for start in range(0, ROWS, 256):
            keys = [hashlib.sha256(b"%d" % i).hexdigest() for i in range(start, min(start + 256, ROWS))]
            store.put("f" * 64, keys, np.random.default_rng(start).normal(size=(len(keys), WIDTH)).astype(dtype))
        return sum(path.stat().st_blocks * 512 for path in Path(folder).rglob("*") if path.is_file()) / ROWS


def held() -> tuple[float, float]:
    """Bytes of memory for a caption's record, and for its token ids."""
    text = "a man in a red coat walks his dog along the river at dusk"
    tracemalloc.start()
    records = [Caption(f"{i}-de-1f3a", "de", f"{text} {i}", "mt:opus", f"{i}") for i in range(ROWS)]
    first = tracemalloc.get_traced_memory()[0]
    ids = [np.arange(20, dtype=np.int32) + i for i in range(ROWS)]
    second = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(records) == len(ids)
    return first / ROWS, (second - first) / ROWS


def decoded() -> float:
    """Photographs of 500 x 375 that a core decodes and brings to 224 x 224 in a second, as the extraction does."""
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (47, 63, 3), dtype=np.uint8))
    file = io.BytesIO()
    small.resize((500, 375), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    prepare = open_clip.image_transform(224, is_train=False)
    torch.set_num_threads(1)
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        prepare(Image.open(io.BytesIO(file.getvalue())).convert("RGB"))
        count += 1
    return count / SECONDS


def hours(operations: float) -> float:
    return operations / (PEAK * UTILISATION) / 3600


def say(what: str, value: float, unit: str) -> None:
    print(f"{what:<58} {value:>12,.1f} {unit}")


def main() -> None:
    runs, captions = METHODS * SEEDS, PAIRS * (LANGS + 1)
    half, single, (record, tokens), decoding = stored(np.float16), stored(np.float32), held(), decoded()
    say("measured: a feature of 512 values on disk, fp16", half, "B")
    say("measured: the same, fp32", single, "B")
    say("measured: a caption's record in memory", record, "B")
    say("measured: its 20 token ids in memory", tokens, "B")
    say("measured: photographs decoded and resized, a core", decoding, "/s")
    say("GPU: image features, once", hours(PAIRS * IMAGE), "h")
    say("CPU: decoding the pictures, once", PAIRS / decoding / 3600, "core h")
    say("GPU: translating 20 languages, once", PAIRS * LANGS / TRANSLATING / 3600, "h")
    one = hours(PAIRS * LANGS * EPOCHS * PHASES * TEXT * FLOOR * ABOVE_FLOOR)
    say("GPU: training one run", one, "h")
    say(f"GPU: training {runs} runs", runs * one, "h")
    say("disk: pictures", PAIRS * PICTURE / 1e12, "TB")
    say("disk: features of pictures and English captions, fp32", 2 * PAIRS * single / 1e9, "GB")
    say("disk: checkpoints of all runs, weights and two moments", runs * MAPPED * 4 * 3 / 1e9, "GB")
    say("network: features read by all runs", runs * 2 * PAIRS * single / 1e9, "GB")
    say("network: pictures read once", PAIRS * PICTURE / 1e9, "GB")
    say("memory of a process: features, fp32", 2 * PAIRS * WIDTH * 4 / 1e9, "GB")
    say("memory of a process: records and token ids", captions * (record + tokens) / 1e9, "GB")
    left = MEMORY - 2 * PAIRS * WIDTH * 4
    say("languages that fit into 256 GB, beside English", left / (PAIRS * (record + tokens)) - 1, "")


if __name__ == "__main__":
    main()
