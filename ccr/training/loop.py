"""THE training loop: every method, and the encoder's English fine-tune, is trained by it and by nothing else.

A step seeds from (seed, phase, step), draws the global batch, runs the method on length-sorted parts of it, and then
lets the players step in order: loss, gradient of that player's parameters alone, clip, update. All that the next step
depends on is in the checkpoint or follows from the seed, so a resumed run is bit-equal to an undisturbed one.

Several processes draw the same batch, run the method on a share of its rows each, and gather what it gives; from there
on they do the same, with the mean of their gradients. Only the leader writes, and nothing that it writes depends on
how many they are.
"""

from __future__ import annotations

import hashlib
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import field, frozen, mutable
from torch import Tensor

from ccr.base import Method
from ccr.errors import CcrError
from ccr.progress import Progress
from ccr.specs import Batch, Phase
from ccr.training import checkpoint
from ccr.training.interrupt import deferred_interrupt
from ccr.training.journal import Journal
from ccr.training.optim import Optimiser, schedule
from ccr.training.parallel import average, gather, own_rows, same_shapes
from ccr.training.rows import on_device, part
from ccr.world import ProcessLostError, World, world

CHECKPOINT = "checkpoint.safetensors"
SAVE_EVERY = 60.0  # seconds between checkpoints
SAVE_SHARE = 0.05  # and no more than this share of the time goes into saving
ROWS_PER_PART = 16  # on a CPU, where padding costs more than launches; a GPU takes the batch at once
LOGS_PER_PHASE = 100
REMEDY = "lower the learning rate, or use --precision fp32, and start again with --fresh"


@frozen(eq=False)
class Stage:
    """One phase and its batches."""

    phase: Phase
    feed: Callable[[int], Batch]  # step -> the global batch; texts on the CPU, features on the device


@mutable
class Progressed:
    """Where training stands; JSON-able."""

    phase: int = 0
    step: int = 0  # the next one to do
    seconds: float = 0.0
    validations: list[dict[str, Any]] = field(factory=list)  # {"phase", "step", "score"}
    selected: dict[str, int] = field(factory=dict)  # phase -> steps done when its selected checkpoint was taken
    best: float = -math.inf  # score of the current phase's selected checkpoint
    frozen: str = ""  # digest of the weights that no player owns, the same after training as before


@frozen(eq=False)
class Trainer:
    """What a training needs. `validate()` scores the method as it stands; higher is better."""

    method: Method
    stages: Sequence[Stage]
    validate: Callable[[], float]
    folder: Path  # keeps the checkpoint
    journal: Journal
    seed: int
    device: torch.device
    bf16: bool = False
    title: str = ""
    world: World = field(factory=world)  # the processes that train together

    def run(self) -> Progressed:
        """Train all stages, from where the folder's checkpoint stands. The method is left at its selected state."""
        path = self.folder / CHECKPOINT
        at = Progressed()
        trained = self.trained()
        frozen = self._frozen_digest(trained)
        best = _copy(trained)
        groups: dict[str, dict[str, Tensor]] = {}
        stands = ""
        if self.world.once(path.exists):
            groups, state = checkpoint.load(path)
            at = Progressed(**state)
            checkpoint.restore(trained, groups.get("model", {}), str(path))
            checkpoint.restore(best, groups.get("best", {}), str(path))
            stands = f"step {at.step} of phase {self.stages[at.phase].phase.name}"
        self.world.note(stands)
        self.world.wait()  # nobody writes over a checkpoint that another still reads
        self.world.follow(trained.values())
        self.journal.rewind([stage.phase.name for stage in self.stages], at.phase, at.step)
        while at.phase < len(self.stages):
            self._run_phase(self.stages[at.phase], at, trained, best, groups, path)
            groups = {}
            if trained and self.stages[at.phase].phase.steps:
                checkpoint.restore(trained, best, "the selected checkpoint")
            at.phase, at.step, at.best = at.phase + 1, 0, -math.inf
        at.frozen = self._frozen_digest(trained)
        if at.frozen != frozen:
            raise CcrError(
                f"{type(self.method).__name__} changed weights that none of its players owns; "
                "a method may train only what Method.players names"
            )
        self.method.eval().requires_grad_(False)
        self.world.note("the end of training")
        return at

    def _run_phase(
        self,
        stage: Stage,
        at: Progressed,
        trained: dict[str, Tensor],
        best: dict[str, Tensor],
        groups: dict[str, dict[str, Tensor]],
        path: Path,
    ) -> None:
        phase, method = stage.phase, self.method
        names = {p: name for name, p in method.named_parameters()}
        optimisers = [Optimiser(player, names) for player in method.players(phase)]
        if not optimisers:
            return
        method.requires_grad_(False)
        for optimiser in optimisers:
            for p in optimiser.player.params:
                p.requires_grad_(True)
            if f"optim-{optimiser.player.name}" in groups:
                optimiser.load(groups[f"optim-{optimiser.player.name}"])

        def save(writes: bool) -> None:
            broken = next((name for name, tensor in trained.items() if not tensor.isfinite().all()), None)
            if broken:
                raise CcrError(
                    f"the weights {broken!r} are no numbers any more in phase {phase.name} by step {at.step}: {REMEDY}"
                )
            if not writes:
                return
            optim = {f"optim-{o.player.name}": o.state() for o in optimisers}
            state = {name: getattr(at, name) for name in Progressed.__slots__ if not name.startswith("__")}
            checkpoint.save(path, {"model": trained, "best": best, **optim}, state)
            self.world.note(f"step {at.step} of phase {phase.name}")

        log_every = max(1, phase.steps // LOGS_PER_PHASE)
        saved, save_cost, clock = time.monotonic(), 0.0, time.monotonic()
        sound = (at.step, 0)  # steps done and updates made when the state was last one to go on from
        with (
            deferred_interrupt() as interrupt,
            self._rescued(lambda: sound == (at.step, sum(o.updates for o in optimisers)), save),
            Progress(self.title or phase.name, phase.steps, "steps", at.step) as bar,
        ):
            while at.step < phase.steps:
                method.train()
                terms = self._step(stage, optimisers, at.step)
                note = ""
                if at.step % log_every == 0 or at.step + 1 == phase.steps:
                    values = {name: float(value) for name, value in terms.items()}
                    self._check_finite(values, phase, at.step)
                    rates = {
                        f"lr/{o.player.name}": o.player.lr * schedule(o.player, phase, at.step) for o in optimisers
                    }
                    self.journal.log(phase.name, at.step, values | rates)
                    note = f"loss {sum(values.values()):.4f}"
                at.step += 1
                if at.step == phase.steps or (phase.validate_every and at.step % phase.validate_every == 0):
                    self._validate(phase, at, trained, best)
                bar.advance(1, note)
                now = time.monotonic()
                at.seconds, clock = at.seconds + now - clock, now
                due = at.step == phase.steps or now - saved > max(SAVE_EVERY, save_cost / SAVE_SHARE)
                sound = (at.step, sum(o.updates for o in optimisers))
                # one clock counts, and whoever is asked to stop stops all
                wish = self.world.highest(2 if interrupt.asked else int(due and self.world.leads))
                if wish:
                    save(self.world.leads)
                    saved, save_cost = time.monotonic(), time.monotonic() - now
                if wish == 2:
                    self.world.wait()
                    raise KeyboardInterrupt

    @contextmanager
    def _rescued(self, sound: Callable[[], bool], save: Callable[[bool], None]) -> Iterator[None]:
        """Within it, what was reached when another process is lost is saved, unless that was amid an update."""
        try:
            yield
        except ProcessLostError as error:
            reached = sound()
            if reached and self.world.rank < 2:  # two, since one of them may be the lost one; they would write the same
                save(True)
            where = "where it stopped" if reached else "the last checkpoint"
            raise ProcessLostError(f"{error}; the same command goes on from {where}") from error

    def _step(self, stage: Stage, optimisers: Sequence[Optimiser], step: int) -> dict[str, Tensor]:
        phase, method = stage.phase, self.method
        # rows are on different processes, and draw differently there; the loss is of all rows, and the same everywhere
        _seed(self.seed, phase.name, step, *([self.world.rank] if self.world.rank else []))
        batch = stage.feed(step)
        out = self._outputs(batch)
        _seed(self.seed, phase.name, step, "loss")
        batch = on_device(batch, self.device)
        logged: dict[str, Tensor] = {}
        waiting: list[tuple[Optimiser, Sequence[Tensor | None]]] = []
        for i, optimiser in enumerate(optimisers):
            player = optimiser.player
            terms = method.loss(phase, player.name, out, batch)
            if not terms or not any(term.requires_grad for term in terms.values()):
                raise CcrError(
                    f"{type(method).__name__}.loss gives player {player.name!r} nothing to descend in {phase.name}"
                )
            total = torch.stack([term.float() for term in terms.values()]).sum()
            own = torch.autograd.grad(
                total, list(player.params), retain_graph=i + 1 < len(optimisers), allow_unused=True
            )
            grads = average(self.world, player.params, own)
            if player.at_once:
                optimiser.step(grads, schedule(player, phase, step))
            else:
                waiting.append((optimiser, grads))
            logged |= {
                name if name not in logged else f"{name} ({player.name})": term.detach() for name, term in terms.items()
            }
        for optimiser, taken in waiting:
            optimiser.step(taken, schedule(optimiser.player, phase, step))
        return logged

    def _outputs(self, batch: Batch) -> dict[str, Tensor]:
        """The method's outputs for all rows, computed on length-sorted parts: trimming each saves the padding.

        Of several processes each computes its share of the sorted rows, so that all have as much to do.
        """
        rows = torch.argsort(batch.text.lengths, stable=True)
        mine = own_rows(self.world, batch.text.lengths)
        # without a row, it computes one for nothing: it must know the names and shapes of what the others gather
        computed = mine if len(mine) else rows[:1]
        parts = computed.chunk(max(1, len(mine) // ROWS_PER_PART)) if self.device.type == "cpu" else (computed,)
        amp = torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext()
        with amp:
            outputs = [self.method.outputs(part(batch, some, self.device)) for some in parts]
        for out, some in zip(outputs, parts, strict=True):
            wrong = [name for name, value in out.items() if len(value) != len(some)]
            if wrong or "text" not in out:
                raise CcrError(
                    f"{type(self.method).__name__}.forward must give 'text', and tensors with a row per caption alone"
                    + (f"; {wrong[0]!r} has {len(out[wrong[0]])} rows for {len(some)}" if wrong else "")
                )
        same_shapes(outputs)
        own = {key: torch.cat([out[key] for out in outputs]).float()[: len(mine)] for key in outputs[0]}
        back = torch.argsort(rows).to(self.device)
        return {key: value[back] for key, value in gather(self.world, own, len(rows)).items()}

    def _validate(self, phase: Phase, at: Progressed, trained: dict[str, Tensor], best: dict[str, Tensor]) -> None:
        self.method.eval()
        # statistics of the leader's rows, where a method takes any
        self.world.follow([tensor for tensor in trained.values() if not isinstance(tensor, torch.nn.Parameter)])
        with torch.no_grad():
            found = self.validate()
        score = self.world.once(lambda: found)
        at.validations.append({"phase": phase.name, "step": at.step, "score": score})
        self.journal.log(phase.name, at.step - 1, {"validation": score})
        if score > at.best:
            at.best = score
            at.selected[phase.name] = at.step
            checkpoint.restore(best, trained, "the trained state")

    def _check_finite(self, values: dict[str, float], phase: Phase, step: int) -> None:
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            raise CcrError(
                f"the loss term {broken[0]!r} became {values[broken[0]]} in phase {phase.name} by step {step}: {REMEDY}"
            )

    def trained(self) -> dict[str, Tensor]:
        """The trainable tensors of all phases, and the method's persistent buffers, by name."""
        names = {p: name for name, p in self.method.named_parameters()}
        trained: dict[str, Tensor] = {}
        for stage in self.stages:
            players = self.method.players(stage.phase)
            where = f"{type(self.method).__name__}.players, phase {stage.phase.name}"
            if len({player.name for player in players}) < len(players) or any("/" in p.name for p in players):
                raise CcrError(f"{where}: names of players must differ and have no slash")
            for player in players:
                if not player.params or len(set(player.params)) < len(player.params):
                    raise CcrError(f"{where}: {player.name!r} must have parameters, each once")
                for p in player.params:
                    if p not in names:
                        raise CcrError(f"{where}: {player.name!r} trains a tensor that is no parameter of the method")
                    trained[names[p]] = p
        kept = self.method.state_dict(keep_vars=True)
        return trained | {name: buffer for name, buffer in self.method.named_buffers() if name in kept}

    def _frozen_digest(self, trained: dict[str, Tensor]) -> str:
        return weights_digest({n: p for n, p in self.method.named_parameters() if n not in trained})


def weights_digest(tensors: dict[str, Tensor]) -> str:
    """sha256 over names and bytes."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        sha.update(name.encode())
        sha.update(tensors[name].detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return sha.hexdigest()


def _seed(*words: object) -> None:
    digest = hashlib.sha256("/".join(map(str, words)).encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    np.random.seed(int.from_bytes(digest[8:12], "little"))
    random.seed(digest)


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}
