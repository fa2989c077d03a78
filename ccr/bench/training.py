"""A training step of the loop, against the arithmetic floor and against the same mathematics done the usual way.

The floor is two forwards of the bare frozen text tower on captions of the same lengths: one that every method must
run, and one for the gradient to pass back through the frozen blocks, which costs as much as a forward where no weight
wants a gradient of its own. The floor takes whichever split of the batch suits the machine best, without gradients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ccr.base import Method
from ccr.bench.plain import Plain
from ccr.bench.report import Row, Target
from ccr.bench.subjects import LANG, SOURCE, Bench, compiled_if, english, forward_flops
from ccr.bench.timing import clock, taking_turns
from ccr.data.batches import Feed
from ccr.data.order import Order
from ccr.data.views import View
from ccr.specs import Batch, Phase
from ccr.training.journal import Journal
from ccr.training.loop import Stage, Trainer
from ccr.training.optim import Optimiser

METHODS = ("dasd", "static-adapter", "lora")
PHASES = ("align", "match")
BATCH, QUICK_BATCH = 64, 8
PICTURES = 2  # batches of them; what a step costs does not depend on how many there are
FLOOR = Target(1.5)
WARMUPS = 2  # steps: the first allocates, the second has the optimiser's moments in memory
PARTS = (8, 16, 32)  # rows of a part that the floor may choose, and the whole batch


def measure(bench: Bench) -> Iterator[Row]:
    """Rows of all methods and phases, the bare tower's arithmetic first."""
    material = Material(bench)
    floor = Floor(material)
    yield floor.arithmetic()
    for name, phase_name in itertools.product(METHODS, PHASES):
        phase = material.phase(phase_name)
        ours = Ours(material, phase, bench.method(name))
        plain = material.plain(phase, bench.method(name, embedding="dense"))
        timing = taking_turns(
            {"ours": ours, "floor": floor, "plain": plain}, bench.rounds, bench.device, warmups=WARMUPS
        )
        facts = {"batch": material.size, "tokens": round(float(material.texts.lengths.mean()), 1)}
        for against, text, target in (
            ("floor", f"two forwards of the bare tower, parts of {floor.rows} rows", FLOOR if name == "dasd" else None),
            ("plain", "the usual way", None),
        ):
            ratio = timing.ratio("ours", against)
            yield Row(
                section="training",
                case=f"{name}, {phase_name}",
                against=text,
                seconds=timing.median("ours"),
                base_seconds=timing.median(against),
                ratio=ratio.value,
                low=ratio.low,
                high=ratio.high,
                target=None if bench.quick else target,
                facts=facts,
            )


class Material:
    """Captions, their parallels and pictures, with the features that the encoder gives them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.size = QUICK_BATCH if bench.quick else BATCH
        count = PICTURES * self.size
        encoder, device = bench.encoder, bench.device
        self.texts = bench.captions(count)
        sources = english(count)
        self.english = encoder.tokenize(sources, SOURCE).to(device)
        draws = torch.Generator().manual_seed(0)
        if encoder.precomputed:
            raise ValueError("the plain way runs an image tower: the encoder must have one")
        self.pixels = torch.randn(count, *_pixels_shape(bench), generator=draws).to(device)
        with torch.no_grad(), bench.precision():
            images = [encoder.encode_images(part) for part in self.pixels.split(16)]
            features = [encoder.encode_texts(part) for part in self.english.split(64)]
        self.image_features, self.source_features = torch.cat(images).float(), torch.cat(features).float()
        every = np.arange(count, dtype=np.int64)
        self.view = View(LANG, self.texts.texts, every, every)
        self.steps = WARMUPS + bench.rounds

    def phase(self, name: str) -> Phase:
        """As long as the measurement."""
        return Phase(name, self.steps, self.size)

    def feed(self, phase: Phase) -> tuple[Feed, Order]:
        """The harness's own."""
        order = Order(0, phase.name, {LANG: self.view.image}, self.size, self.steps / PICTURES)
        feed = Feed(order, {LANG: self.view}, {LANG: self.texts}, None, self.source_features, self.image_features)
        return feed, order

    def batch(self, feed: Feed, order: Order, step: int) -> tuple[Batch, Tensor]:
        """A batch on the device, and the rows of its parallels and pictures."""
        batch = feed(step)
        rows = torch.from_numpy(order[step].rows).to(self.bench.device)
        text, other = self.bench.to_device(batch.text), batch.other.to(self.bench.device)
        return Batch(text, None, batch.source_features, batch.image_features, other), rows

    def plain(self, phase: Phase, method: Method, *, rowwise: bool = False) -> Callable[[], object]:
        """The usual way, a step a call."""
        plain = Plain(
            method, phase, self.bench.encoder, self.english, self.pixels, self.bench.tokens.pad, rowwise=rowwise
        )
        steps, (feed, order) = itertools.count(), self.feed(phase)

        def call() -> dict[str, float]:
            step = next(steps)
            batch, rows = self.batch(feed, order, step)
            with self.bench.precision():
                return plain.step(step, batch, rows)

        return call


class Ours:
    """The training loop, a step a call."""

    def __init__(self, material: Material, phase: Phase, method: Method) -> None:
        bench = material.bench
        self.method = compiled_if(method, bench.compiled)
        self.trainer = Trainer(
            method=self.method,
            stages=(),
            validate=lambda: 0.0,
            folder=bench.folder,
            journal=Journal(Path(bench.folder) / "log.jsonl"),
            seed=0,
            device=bench.device,
            bf16=bench.machine.bf16,
        )
        self.stage = Stage(phase, material.feed(phase)[0])
        names = {p: name for name, p in method.named_parameters()}
        self.optimisers = [Optimiser(player, names) for player in method.players(phase)]
        method.requires_grad_(False)
        for p in (p for optimiser in self.optimisers for p in optimiser.player.params):
            p.requires_grad_(True)
        method.train()
        self._step = 0

    def __call__(self) -> dict[str, Tensor]:
        terms = self.trainer._step(self.stage, self.optimisers, self._step)
        self._step += 1
        return terms


class Floor:
    """Two forwards of the bare tower on captions of the lengths of a batch."""

    def __init__(self, material: Material) -> None:
        self.bench, tower = material.bench, material.bench.tower
        self.size, texts = material.size, material.texts
        self.lengths = np.sort(texts.lengths[: self.size])
        x = torch.randn(self.size, int(self.lengths[-1]), tower.width, device=self.bench.device)
        self._x, self._ends = x, torch.from_numpy(self.lengths).to(self.bench.device)
        self.rows = self.size
        choices = [*(rows for rows in PARTS if rows < self.size), self.size]
        self.rows = min(choices, key=self._seconds)

    def __call__(self) -> None:
        self.forward(self.rows)
        self.forward(self.rows)

    @torch.no_grad()
    def forward(self, rows: int) -> None:
        """The batch in length-sorted parts, each as long as its longest row."""
        with self.bench.precision():
            for start in range(0, self.size, rows):
                longest = int(self.lengths[start : start + rows][-1])
                self.bench.tower.run(self._x[start : start + rows, :longest], self._ends[start : start + rows])

    def arithmetic(self) -> Row:
        """How much of the machine's arithmetic the bare tower's forward takes, against a large matrix product."""
        bench, side = self.bench, 256 if self.bench.quick else 4096
        dtype = torch.bfloat16 if bench.machine.bf16 else torch.float32
        a = torch.randn(side, side, device=bench.device, dtype=dtype)
        out = torch.empty_like(a)
        timing = taking_turns(
            {"tower": lambda: self.forward(self.rows), "product": lambda: torch.mm(a, a, out=out)},
            bench.rounds,
            bench.device,
            warmups=WARMUPS,
        )
        flops = {"tower": forward_flops(bench.tower, self.lengths.tolist()), "product": 2.0 * side**3}
        rates = {name: count / timing.median(name) / 1e12 for name, count in flops.items()}
        ratio, scale = timing.ratio("tower", "product"), flops["product"] / flops["tower"]
        return Row(
            section="training",
            case="bare tower, forward",
            against=f"matrix product {side} x {side}, per operation",
            seconds=timing.median("tower"),
            base_seconds=timing.median("product"),
            ratio=ratio.value * scale,
            low=ratio.low * scale,
            high=ratio.high * scale,
            facts={"TFLOP/s": round(rates["tower"], 4), "product's TFLOP/s": round(rates["product"], 4)},
        )

    def _seconds(self, rows: int) -> float:
        return min(clock(lambda: self.forward(rows), self.bench.device) for _ in range(3))


def _pixels_shape(bench: Bench) -> tuple[int, ...]:
    """(C, H, W) of what the image tower reads."""
    from PIL import Image

    return tuple(bench.encoder.preprocess(Image.new("RGB", (64, 64))).shape)
