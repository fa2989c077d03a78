"""Features of images and of source-language texts: read where the store has them, made where it has not.

A batch is committed before the next one is encoded: a kill loses at most one batch, and the same command goes on from
there. Batches are cut, in order, from what is absent, so an interrupted extraction encodes the very batches of an
undisturbed one.

The processes of one run deal the batches out. The leader commits what all have encoded, in the order of the batches:
what is stored does not depend on how many they were, and a process that dies takes at most the batches under way.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from typing import Any, TypeVar

import numpy as np
import torch
from attrs import frozen
from torch import Tensor

from ccr.base import Dataset, Encoder
from ccr.errors import CcrError, nearest
from ccr.features.faults import Faults, where
from ccr.features.fingerprint import encoder_fingerprint, text_digest
from ccr.features.inputs import input_digests, load_input
from ccr.features.packed import packed_table
from ccr.features.store import FeatureStore
from ccr.progress import Progress, say
from ccr.specs import Item
from ccr.world import world

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
"""The autocast type of each precision. "fp16" features are stored as float16, the others as float32."""

Encode = Callable[[list[list[int]], Faults], Iterator[tuple[list[int], Tensor]]]
"""Batches of positions -> for each, the positions that are sound and their features."""

A = TypeVar("A")
B = TypeVar("B")


@frozen(eq=False)
class Features:
    """Un-normalised features of one encoder."""

    table: np.ndarray  # (N, D) float32 in the order asked for, memory-mapped and read-only
    fingerprint: str  # of the encoder
    encoded: int  # how many went through the encoder now; equal content goes once
    reused: int  # the others: N - encoded


def image_features(
    encoder: Encoder,
    dataset: Dataset,
    items: Sequence[Item],
    store: FeatureStore,
    *,
    device: str | torch.device = "cpu",
    batch_size: int = 64,
    precision: str = "fp32",
    title: str = "images",
    fingerprint: str = "",
) -> Features:
    """The features of the items' images; of a clip those of its frames, pooled.

    `batch_size` counts the frames of clips. `title` names the progress bar and the sealed set. `fingerprint` spares the
    hashing of the weights where the caller has it already. Images that are missing, truncated or get a feature with NaN
    raise one CcrError that names them, up to ten; what is sound is stored all the same.
    """
    digests = input_digests(encoder, dataset, items, store.files)
    frames = [0 if encoder.precomputed else item.frames for item in items]
    batch_size = max(1, batch_size // max([1, *frames]))

    def load(i: int) -> Tensor | CcrError:
        try:
            return load_input(encoder, dataset, items[i], store.files, digests[i])
        except CcrError as error:
            return error

    def encode(batches: list[list[int]], faults: Faults) -> Iterator[tuple[list[int], Tensor]]:
        pool = ThreadPoolExecutor(min(16, os.cpu_count() or 1))
        try:
            loaded = _ahead(pool, load, chain.from_iterable(batches), 2 * batch_size)
            for batch in batches:
                sound: dict[int, Tensor] = {}
                for i, image in zip(batch, islice(loaded, len(batch)), strict=True):
                    if isinstance(image, CcrError):
                        faults.add(str(image))
                    else:
                        sound[i] = image
                if sound:
                    pixels = [image if frames[i] else image[None] for i, image in sound.items()]
                    parts = encoder.encode_images(torch.cat(pixels).to(device)).split([len(part) for part in pixels])
                    pooled = [encoder.pool(p[None]) if frames[i] else p for i, p in zip(sound, parts, strict=True)]
                    yield list(sound), torch.cat(pooled)
                if faults.full():
                    return
        finally:
            pool.shutdown(cancel_futures=True)

    extraction = _Extraction(encoder, store, device, batch_size, precision, title, "images", fingerprint)
    return extraction.features(digests, encode, lambda i: where(items[i]))


def text_features(
    encoder: Encoder,
    texts: Sequence[str],
    lang: str,
    store: FeatureStore,
    *,
    device: str | torch.device = "cpu",
    batch_size: int = 256,
    precision: str = "fp32",
    title: str = "texts",
    fingerprint: str = "",
) -> Features:
    """The encoder's own features of texts of one language, un-normalised: what methods are taught by.

    The arguments are those of `image_features`.
    """

    def encode(batches: list[list[int]], faults: Faults) -> Iterator[tuple[list[int], Tensor]]:
        for batch in batches:
            yield batch, encoder.encode_texts(encoder.tokenize([texts[i] for i in batch], lang).to(device))

    extraction = _Extraction(encoder, store, device, batch_size, precision, title, "texts", fingerprint)
    digests = [text_digest(text, lang) for text in texts]
    return extraction.features(digests, encode, lambda i: f'text "{texts[i][:60]}" ({lang})')


@frozen
class _Extraction:
    """One call of `image_features` or `text_features`."""

    encoder: Encoder
    store: FeatureStore
    device: str | torch.device
    batch_size: int
    precision: str
    title: str
    unit: str
    fingerprint: str

    def features(self, digests: Sequence[str], encode: Encode, name: Callable[[int], str]) -> Features:
        """The features of contents; `name(i)` is how a person finds the content with digest `digests[i]`."""
        if self.precision not in PRECISIONS:
            close = nearest(self.precision, PRECISIONS)
            raise CcrError(f"precision is one of {', '.join(PRECISIONS)}, not {self.precision}{close}")
        fingerprint = self.fingerprint or encoder_fingerprint(self.encoder, self.precision)
        if not digests:
            return Features(np.empty((0, self.encoder.embed_dim), np.float32), fingerprint, 0, 0)
        encoded = 0

        def fill() -> None:
            nonlocal encoded
            encoded = self._fill(fingerprint, digests, encode, name)

        table = packed_table(self.store, fingerprint, digests, fill, self._waiting)
        if world().leads:
            self.store.used(fingerprint)
        if not encoded:
            say(f"  {self.title}: {len(digests):,} {self.unit} from the feature store, no encoder call")
        return Features(table, fingerprint, encoded, len(digests) - encoded)

    def _fill(self, fingerprint: str, digests: Sequence[str], encode: Encode, name: Callable[[int], str]) -> int:
        """Make the store complete for `digests`, seal the set, and say how many were encoded."""
        first: dict[str, int] = {}
        for i, digest in enumerate(digests):
            first.setdefault(digest, i)
        unique = list(first)
        encoded = 0

        def absent() -> list[int]:
            held.enter_context(self.store.writing(fingerprint, self._about(), self._waiting))
            return [first[unique[i]] for i in self.store.missing(fingerprint, unique)]

        with ExitStack() as held:
            todo = world().once(absent)
            if todo:
                batches = [todo[i : i + self.batch_size] for i in range(0, len(todo), self.batch_size)]
                faults = Faults(f"{self.unit} cannot be used", aloud=True)
                bar = Progress(self.title, len(unique), self.unit, done=len(unique) - len(todo))
                with bar, _encoding(self.encoder, self.device, self.precision):
                    for count, kept, rows in self._encoded(batches, encode, name, faults):
                        if world().leads and kept:
                            self.store.put(fingerprint, [digests[i] for i in kept], rows)
                        encoded += count
                        bar.advance(count)
                    faults.check()
            if world().leads:
                self.store.seal(fingerprint, self.title, unique)
        return encoded

    def _encoded(
        self, batches: list[list[int]], encode: Encode, name: Callable[[int], str], faults: Faults
    ) -> Iterator[tuple[int, list[int], np.ndarray]]:
        """What all processes encode: size of a batch, its sound positions and their features, the same everywhere."""
        own, told = Faults("of this process"), 0
        found = encode(world().share(batches), own)
        while True:
            batch, features = next(found, ([], None))
            kept, rows = ([], self._no_rows()) if features is None else self._sound(batch, features, name, own)
            for sentence in chain.from_iterable(world().texts(own.found[told:])):
                faults.add(sentence)
            told = len(own.found)
            by_rank = world().numbers([len(batch), len(kept)])
            sizes = [size for _, size in by_rank]
            every = world().rows(torch.tensor(kept, dtype=torch.int64), sizes).split(sizes)
            parts = world().rows(torch.from_numpy(rows), sizes).split(sizes)
            for (count, _), positions, part in zip(by_rank, every, parts, strict=True):
                if count:
                    yield count, positions.tolist(), part.numpy()
            if faults.full() or not any(count for count, _ in by_rank):
                return

    def _no_rows(self) -> np.ndarray:
        return np.empty((0, self.encoder.embed_dim), np.float16 if self.precision == "fp16" else np.float32)

    def _sound(
        self, batch: list[int], features: Tensor, name: Callable[[int], str], faults: Faults
    ) -> tuple[list[int], np.ndarray]:
        """The rows that are finite, as they are stored; the others are faults."""
        if features.shape != (len(batch), self.encoder.embed_dim):
            raise CcrError(
                f"{type(self.encoder).__name__} gave features {tuple(features.shape)} for {len(batch)} {self.unit}, "
                f"not ({len(batch)}, {self.encoder.embed_dim}) as its embed_dim says"
            )
        rows = features.float().cpu().numpy()
        with np.errstate(over="ignore"):
            rows = rows.astype(self._no_rows().dtype)
        finite = np.isfinite(rows).all(axis=1)
        for i, row in zip(batch, rows, strict=True):
            if not np.isfinite(row).all():
                value = "NaN" if np.isnan(row).any() else "infinity"
                hint = "" if self.precision == "fp32" else f"; {self.precision} may be too narrow, try fp32"
                faults.add(f"{name(i)} gets a feature that holds {value} from {type(self.encoder).__name__}{hint}")
        return [i for i, good in zip(batch, finite, strict=True) if good], rows[finite]

    def _about(self) -> dict[str, Any]:
        architecture = self.encoder.architecture
        named = self.encoder.name or architecture.get("name") or type(self.encoder).__name__
        return {"encoder": str(named), "precision": self.precision, "architecture": dict(architecture)}

    def _waiting(self) -> None:
        say(f"  {self.title}: another process is extracting with this encoder, waiting for it")


def _ahead(pool: ThreadPoolExecutor, work: Callable[[A], B], jobs: Iterable[A], count: int) -> Iterator[B]:
    """The results of the jobs in their order, with up to `count` of them begun before they are asked for."""
    begun: deque[Future[B]] = deque()
    for job in jobs:
        begun.append(pool.submit(work, job))
        if len(begun) > count:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()


@contextmanager
def _encoding(encoder: Encoder, device: str | torch.device, precision: str) -> Iterator[None]:
    """On the device, in evaluation mode, without gradients, and in the arithmetic that `precision` says.

    "fp32" means it: the TF32 that torch allows in convolutions would be another precision under the same name.
    """
    module, dtype = encoder.module.to(device), PRECISIONS[precision]
    training = [part for part in module.modules() if part.training]
    matmul = torch.get_float32_matmul_precision()
    cudnn = torch.backends.cudnn
    try:
        module.eval()
        torch.set_float32_matmul_precision("highest")
        with (
            torch.no_grad(),
            cudnn.flags(enabled=cudnn.enabled, deterministic=True, allow_tf32=False),
            torch.autocast(torch.device(device).type, dtype, enabled=dtype is not None),
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        for part in training:
            part.training = True
