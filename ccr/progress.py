"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from ccr.world import world

LINE_EVERY = 10.0  # seconds between plain lines


def say(text: str) -> None:
    """One line to the person who waits. Progress goes to stderr; stdout holds results alone.

    Of several processes that work together, one speaks.
    """
    if world().leads:
        print(text, file=sys.stderr, flush=True)


class Progress:
    """`with Progress("align", total=400, unit="steps") as bar: bar.advance(1, note="loss 0.31")`."""

    def __init__(self, title: str, total: int, unit: str = "", done: int = 0) -> None:
        self.title, self.total, self.unit, self.done = title, total, unit, done
        self._bar = None
        if sys.stderr.isatty() and world().leads:
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=done, desc=title, unit=f" {unit}", leave=False, dynamic_ncols=True)
        self._start = self._last = time.monotonic()
        self._first = done

    def advance(self, count: int = 1, note: str = "") -> None:
        self.done += count
        now = time.monotonic()
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(count)
        elif now - self._last >= LINE_EVERY and self.done < self.total:
            self._last = now
            left = (now - self._start) / max(1, self.done - self._first) * (self.total - self.done)
            say(f"  {self.title} {self.done}/{self.total} {self.unit}, {left:.0f} s left{', ' + note if note else ''}")

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if kind is None:
            seconds = time.monotonic() - self._start
            say(f"  {self.title}: {self.done} {self.unit} in {seconds:.1f} s")
