"""What a query costs under each method: time and memory against batch size, from characters to features.

python docs/sweeps/cost.py RUN... [--baseline static-adapter] [--lang de] [--batches 1,32,256] [--rounds 5]

RUN... are finished runs with one encoder, or folders above them, of which each method's first is taken. Every call
tokenises its captions anew, and translates them anew where the method translates. The runs take turns; a ratio is that
to the baseline's time in the same round. Memory is what a call takes at its peak beyond what was taken before.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import ccr
from ccr.bench.timing import peak_memory, taking_turns
from ccr.pipeline.load import LoadedRun


def folders(given: list[str]) -> Iterator[Path]:
    """The runs themselves, below whatever was named."""
    for path in map(Path, given):
        yield from sorted(p.parent for p in path.rglob("result.json")) or [path]


def call(run: LoadedRun, texts: list[str], lang: str) -> Callable[[], object]:
    def once() -> None:
        with run.plan.translator.cold() if run.plan.translator else nullcontext():
            run.encode_text(texts, lang)

    return once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--baseline", default="static-adapter")
    parser.add_argument("--lang", default="de")
    parser.add_argument("--batches", default="1,32,256")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache")
    asked = parser.parse_args()
    runs: dict[str, LoadedRun] = {}
    for folder in folders(asked.runs):
        name = json.loads((folder / "result.json").read_text(encoding="utf-8"))["method"]
        if name not in runs:
            runs[name] = ccr.load_run(folder, cache=asked.cache, threads=asked.threads)
    base = asked.baseline if asked.baseline in runs else next(iter(runs))
    first = next(iter(runs.values()))
    captions = [c.text for item in first.encode_gallery()[0] for c in item.captions if c.lang == asked.lang]
    print(f"| batch | method | ms | of {base} | ms a query | MB |\n|--:|---|--:|--:|--:|--:|")
    for size in map(int, asked.batches.split(",")):
        texts = (captions * (size // len(captions) + 1))[:size]
        calls = {name: call(run, texts, asked.lang) for name, run in runs.items()}
        timing = taking_turns(calls, asked.rounds, first.device, at_least=0.2)
        for name in calls:
            ms, ratio = 1000 * timing.median(name), timing.ratio(name, base).value
            memory = peak_memory(calls[name], first.device)
            print(f"| {size} | {name} | {ms:.1f} | {ratio:.2f} | {ms / size:.2f} | {memory} |")


if __name__ == "__main__":
    main()
