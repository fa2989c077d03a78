"""Encoding queries: what each method adds to the bare text tower, at the batch sizes of a search box and of a test set.

Tokenising is not counted, and all methods and the tower read captions of the same lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from ccr.base import Method
from ccr.bench.report import Row, Target
from ccr.bench.subjects import Bench, compiled_if
from ccr.bench.timing import Timing, taking_turns
from ccr.errors import CcrError
from ccr.progress import say
from ccr.specs import TextBatch

BATCHES, QUICK_BATCHES = (1, 32, 256), (1, 4)
TARGETS = {256: Target(1.25), 1: Target(1.4)}  # dasd against static-adapter
TURN = 0.2  # seconds: a single query is asked that long
BARE = "bare tower"


def measure(bench: Bench) -> Iterator[Row]:
    """By batch size: every method against the bare tower, then dasd against the adapter that is static."""
    methods = encoding_methods(bench)
    for size in QUICK_BATCHES if bench.quick else BATCHES:
        text = captions_of(bench, size)
        calls = {BARE: _bare(bench, text), **{name: _encoding(bench, m, text) for name, m in methods.items()}}
        timing = taking_turns(calls, bench.rounds, bench.device, at_least=0.0 if bench.quick else TURN)
        for name in methods:
            yield _row(timing, name, BARE, size, None)
        if {"dasd", "static-adapter"} <= set(methods):
            yield _row(timing, "dasd", "static-adapter", size, None if bench.quick else TARGETS.get(size))


def encoding_methods(bench: Bench) -> dict[str, Method]:
    """Every registered method that encodes captions itself and can be built without a dataset."""
    built: dict[str, Method] = {}
    for name, spec in bench.host.specs("method").items():
        if spec.translates:
            continue
        try:
            method = bench.method(name, shared_table=True)
        except CcrError as error:
            say(f"  {name} is not measured: {error}")
            continue
        if method.tokens is not None:
            built[name] = compiled_if(method.eval().requires_grad_(False), bench.compiled)
    return built


def captions_of(bench: Bench, size: int) -> TextBatch:
    """A batch of captions on the device; a single one has the mean length."""
    rows = bench.captions(256)
    if size > 1:
        return bench.to_device(rows.take(torch.arange(size).numpy()))
    typical = int(abs(rows.lengths - rows.lengths.mean()).argmin())
    return bench.to_device(rows.take(torch.tensor([typical]).numpy()))


def _bare(bench: Bench, text: TextBatch) -> Callable[[], object]:
    x = torch.randn(*text.ids.shape, bench.tower.width, device=bench.device)  # the ids are not of its vocabulary

    @torch.no_grad()
    def call() -> None:
        with bench.precision():
            bench.tower.run(x, text.lengths)

    return call


def _encoding(bench: Bench, method: Method, text: TextBatch) -> Callable[[], object]:
    @torch.no_grad()
    def call() -> None:
        with bench.precision():
            method(text)

    return call


def _row(timing: Timing, name: str, against: str, size: int, target: Target | None) -> Row:
    ratio, seconds = timing.ratio(name, against), timing.median(name)
    return Row(
        section="queries",
        case=f"{name}, batch {size}",
        against=against,
        seconds=seconds,
        base_seconds=timing.median(against),
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        target=target,
        facts={"queries/s": round(size / seconds, 1)},
    )
