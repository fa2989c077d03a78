"""Exact ranks in both directions with their ties, against the bare matrix product of the same features.

The product is fp32, in strips that are written into one buffer: a whole matrix of 5,000 x 1,000,000 would need 20 GB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ccr.bench.report import Row, Target
from ccr.bench.subjects import Bench
from ccr.bench.timing import peak_memory, taking_turns
from ccr.evaluation.ranks import both_directions, full_precision, text_to_image

SIZES = ((1_000, 1_000), (25_000, 5_000), (1_000_000, 5_000))  # captions, images
QUICK_SIZES = ((60, 60), (200, 40))
PATIENT = 10**9  # score matrices with more entries are gone through once
COCO = (25_000, 5_000)
WIDTH, QUICK_WIDTH = 512, 32
STRIP = 1 << 25  # entries of the product's buffer
TORCHMETRICS, QUICK_TORCHMETRICS = 1_000, 40
K = 10


def measure(bench: Bench) -> Iterator[Row]:
    """By size: ranks against the product; at the smallest, against torchmetrics."""
    for count, images in QUICK_SIZES if bench.quick else SIZES:
        text, image, owner = features(count, images, bench)
        large = count * images > PATIENT
        memory = peak_memory(lambda t=text, i=image, o=owner: both_directions(t, i, o), bench.device)  # type: ignore[misc]
        timing = taking_turns(
            {
                "ranks": lambda t=text, i=image, o=owner: both_directions(t, i, o),  # type: ignore[misc]
                "product": product(text, image),
            },
            1 if large else bench.rounds,
            bench.device,
            warmups=0 if large else 1,
        )
        ratio = timing.ratio("ranks", "product")
        matrix = count * images * 4 / 2**20
        yield Row(
            section="ranking",
            case=f"{count:,} captions x {images:,} images, both directions",
            against="matrix product",
            seconds=timing.median("ranks"),
            base_seconds=timing.median("product"),
            ratio=ratio.value,
            low=ratio.low,
            high=ratio.high,
            target=Target(2.0) if (count, images) == COCO else None,
            facts={
                "peak memory beyond the features, MB": memory,
                "features, MB": round((text.nbytes + image.nbytes) / 2**20, 1),
                "the score matrix would be, MB": round(matrix, 1),
            },
        )
        del text, image
    yield from _torchmetrics(bench)


def features(count: int, images: int, bench: Bench) -> tuple[Tensor, Tensor, Tensor]:
    """Captions near their images, and the row of each caption's image; every image has its share of the captions."""
    draws = torch.Generator().manual_seed(0)
    width = QUICK_WIDTH if bench.quick else WIDTH
    image = torch.randn(images, width, generator=draws)
    owner = torch.arange(count) % images
    text = torch.randn(count, width, generator=draws)
    for part, whose in zip(text.split(8192), owner.split(8192), strict=True):
        part.mul_(2.0).add_(image[whose])
    return text.to(bench.device), image.to(bench.device), owner.to(bench.device)


def product(text: Tensor, image: Tensor) -> Callable[[], object]:
    """The bare scores, strip by strip."""
    rows = max(1, min(len(text), STRIP // len(image)))
    buffer = text.new_empty(rows, len(image))

    def call() -> None:
        with full_precision(text.device):
            for strip in text.split(rows):
                torch.mm(strip, image.T, out=buffer[: len(strip)])

    return call


def _torchmetrics(bench: Bench) -> Iterator[Row]:
    from torchmetrics.retrieval import RetrievalHitRate

    size = QUICK_TORCHMETRICS if bench.quick else TORCHMETRICS
    text, image, owner = features(size, size, bench)
    right = torch.zeros(size, size, dtype=torch.bool, device=bench.device)
    right[torch.arange(size), owner] = True
    indexes = torch.arange(size, device=bench.device).repeat_interleave(size)

    def theirs() -> Tensor:
        metric = RetrievalHitRate(top_k=K)
        unit = torch.nn.functional.normalize
        metric.update((unit(text) @ unit(image).T).flatten(), right.flatten(), indexes)
        return metric.compute()

    def ours() -> Tensor:
        return (text_to_image(text, image, owner).hi <= K).float().mean()

    if abs(float(ours()) - float(theirs())) > 1 / size:
        raise AssertionError(f"R@{K} is {float(ours())} here and {float(theirs())} by torchmetrics")
    timing = taking_turns({"ours": ours, "theirs": theirs}, bench.rounds, bench.device)
    ratio = timing.ratio("ours", "theirs")
    yield Row(
        section="ranking",
        case=f"{size:,} captions x {size:,} images, ranks",
        against=f"torchmetrics RetrievalHitRate(top_k={K}), one K alone",
        seconds=timing.median("ours"),
        base_seconds=timing.median("theirs"),
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
    )
