"""Timing side by side: calls take turns, so that whatever slows the machine down slows all of them."""

from __future__ import annotations

import ctypes
import gc
import math
import os
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import torch
from attrs import frozen

Call = Callable[[], object]

SAMPLE_EVERY = 0.005  # seconds between two looks at the process's memory


@frozen
class Ratio:
    """Of times that were taken in the same round: the median over rounds, and the quartiles."""

    value: float
    low: float
    high: float


@frozen
class Timing:
    """Seconds per call, one value per round, by the call's name."""

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def ratio(self, name: str, base: str) -> Ratio:
        """How many times as long as `base` the call `name` took."""
        pairs = zip(self.seconds[name], self.seconds[base], strict=True)
        ratios = [ours / theirs for ours, theirs in pairs]
        if len(ratios) == 1:
            return Ratio(ratios[0], ratios[0], ratios[0])
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        return Ratio(middle, low, high)


def taking_turns(
    calls: Mapping[str, Call], rounds: int, device: torch.device, *, warmups: int = 1, at_least: float = 0.0
) -> Timing:
    """Time the calls A B C, C B A, A B C, ...: a drift of the machine's speed falls on both ends of the order alike.

    Each is called `warmups` times first. A call shorter than `at_least` seconds is repeated that long in its turn, and
    the mean counts. On CUDA the device is waited for before the clock is read.
    """
    repeats = dict.fromkeys(calls, 1)
    for name, call in calls.items():
        for _ in range(warmups):
            once = clock(call, device)
            repeats[name] = max(1, math.ceil(at_least / max(once, 1e-9)))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name in list(calls)[:: 1 if turn % 2 == 0 else -1]:
            seconds[name].append(clock(calls[name], device, repeats[name]))
    return Timing({name: tuple(values) for name, values in seconds.items()})


def clock(call: Call, device: torch.device, repeats: int = 1) -> float:
    """Seconds per call."""
    wait(device)
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    wait(device)
    return (time.perf_counter() - start) / repeats


def wait(device: torch.device) -> None:
    """Until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_memory(call: Call, device: torch.device) -> float | None:
    """MB that a call takes at its peak beyond what was taken before it; None where the system does not tell.

    On CUDA of the device's memory, else of the process's, looked at every few milliseconds.
    """
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        call()
        return round((torch.cuda.max_memory_allocated(device) - before) / 2**20, 1)
    _give_back()
    before_it = _resident()
    if before_it is None:
        call()
        return None
    peak, done = before_it, threading.Event()

    def look() -> None:
        nonlocal peak
        while not done.wait(SAMPLE_EVERY):
            peak = max(peak, _resident() or 0)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        call()
    finally:
        peak = max(peak, _resident() or 0)
        done.set()
        watcher.join()
    return round((peak - before_it) / 2**20, 1)


def _give_back() -> None:
    """Freed memory that the allocator keeps would hide what a call takes."""
    gc.collect()
    with suppress(OSError, AttributeError):  # no glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _resident() -> int | None:
    """Bytes of this process in memory."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None
