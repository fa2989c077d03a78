"""Checks of methods: each is a promise that the training loop, the resume or the table relies on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ccr.base import Method
from ccr.data.records import training
from ccr.errors import SealedSplitError
from ccr.features.fingerprint import encoder_fingerprint
from ccr.host import Host
from ccr.loading import why
from ccr.settings import make_settings
from ccr.testing.checks import CLOSE, Failed, NotApplicable, Watched, check, distance
from ccr.testing.subjects import Subject
from ccr.testing.together import together
from ccr.testing.world import LANGS, embed, interrupt_at, the_world
from ccr.testing.world import World as TinyWorld
from ccr.training.checkpoint import restore
from ccr.training.loop import Trainer, weights_digest
from ccr.world import World

CLOSE_TRAINED = 1e-4
"""How much features may differ after two trainings that add the same numbers in another order; see `distance`."""


class Life(Watched):
    """One method's whole life, once: built, read, trained, tested."""

    method: Method
    trainer: Trainer
    fresh: dict[str, Tensor]  # features by language before training
    trained: dict[str, Tensor]  # and after it
    error: Exception | None = None

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[str] = []  # frozen weights that are not what they were
        self.gradients: list[str] = []  # tensors that had a gradient, and that no player of the phase owns
        self.encoder_changed = self.tested = self.test_changed = False


class Bench:
    """A method under test, at its default settings."""

    def __init__(self, host: Host, subject: Subject) -> None:
        self.spec = host.spec("method", subject.name)
        self.settings = make_settings(host.resolve(self.spec.settings), {}, f"method {subject.name}")
        self.world: TinyWorld = the_world(host)

    def build(self) -> Method:
        return self.world.build(self.spec, self.settings)

    def features(self, method: Method) -> dict[str, Tensor]:
        """By language, all captions in one batch each."""
        return {lang: embed(method, *self.rows(method, lang)) for lang in LANGS}

    def rows(self, method: Method, lang: str) -> tuple[Any, list[list[int]]]:
        rows = self.world.rows(method, lang, self.world.texts(lang))
        return rows, [list(range(len(rows)))]

    @cached_property
    def life(self) -> Life:
        """What happened to it in its whole life, whether it came to an end or not."""
        life, world = Life(), self.world
        fingerprint = encoder_fingerprint(world.encoder)
        with life.watching():
            try:
                with training():
                    method = life.method = self.build()
                    life.fresh = self.features(method)
                    trainer = life.trainer = world.trainer(method, _folder(), at_step=lambda step: watch(step))
                    with _noting_moves(life, trainer):
                        watch = _GradientWatch(life)
                        trainer.run()
                life.trained = self.features(method)
                before = weights_digest(method.state_dict())
                world.test(method)
                life.test_changed = weights_digest(method.state_dict()) != before
                life.tested = True
            except Exception as error:
                life.error = error
        life.encoder_changed = encoder_fingerprint(world.lent) != fingerprint
        return life

    def watched(self) -> Life:
        """The life of a method that came to do something. Raises NotApplicable for another."""
        if not self.life.events and not hasattr(self.life, "method"):
            raise NotApplicable("only for a method that can be built (see the check `trains`)")
        return self.life

    def whole(self) -> Life:
        """The life of a method that trains. Raises NotApplicable for another."""
        if not self.life.tested:
            raise NotApplicable("only for a method that can be trained and tested (see the check `trains`)")
        return self.life

    def train(self, method: Method, **how: Any) -> Trainer:
        """Train a method from the start, or from where `folder` stands."""
        folder = how.pop("folder", None) or _folder()
        trainer = self.world.trainer(method, folder, **how)
        with training():
            trainer.run()
        return trainer


class _GradientWatch:
    """At each step: what has a gradient, or asks for one, though no player of any phase owns it."""

    def __init__(self, life: Life) -> None:
        self.life, self.owned = life, set(life.trainer.trained())

    def __call__(self, step: int) -> None:
        for name, p in self.life.method.named_parameters():
            if name not in self.owned and (p.grad is not None or p.requires_grad) and name not in self.life.gradients:
                self.life.gradients.append(name)


@contextmanager
def _noting_moves(life: Life, trainer: Trainer) -> Iterator[None]:
    owned = trainer.trained()
    before = {name: p.detach().clone() for name, p in life.method.named_parameters() if name not in owned}
    try:
        yield
    finally:
        after = dict(life.method.named_parameters())
        life.moved = [name for name, p in before.items() if not torch.equal(after[name], p)]


def _folder() -> Path:
    return Path(mkdtemp())  # below the kit's own TMPDIR


def _shown(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _same_weights(a: Method, b: Method) -> list[str]:
    """Names of tensors that differ."""
    one, two = a.state_dict(), b.state_dict()
    return sorted(set(one) ^ set(two)) or [name for name in one if not torch.equal(one[name], two[name])]


@check("method", "run it: ccr run --method NAME --dataset scenes --recipe quick, and read the traceback", basis=True)
def trains(bench: Bench) -> None:
    """It is built, trains in all phases, and is tested."""
    life = bench.life
    if life.error is None:
        return
    if life.events or life.moved or isinstance(life.error, SealedSplitError):
        raise NotApplicable("it was stopped by what another check tells: the network, a file, the test split, a weight")
    raise Failed(why(life.error))


@check("method", "leave the test split to the harness; train and select on what Batch gives")
def sealed_split(bench: Bench) -> None:
    """It never asks for test records."""
    if isinstance(bench.life.error, SealedSplitError):
        raise Failed(str(bench.life.error))
    bench.watched().refuse("test", "it asked for the test split")


@check("method", "take files from ccr.hub_file or a setting, before training; a method itself needs no network")
def no_network(bench: Bench) -> None:
    """It reaches for no network."""
    bench.watched().refuse("network", "it reached for the network")


@check("method", "write nothing: what trains is saved by the harness, what is logged goes through loss terms")
def no_writes(bench: Bench) -> None:
    """It writes no file outside of the cache and of temporary folders."""
    bench.watched().refuse("write", "it wrote")


@check("method", "forward gives (B, D) float32 without NaN or infinity: guard divisions, logs and norms of nothing")
def finite_fp32(bench: Bench) -> None:
    """Features are finite and fp32, before and after training."""
    if not hasattr(bench.life, "fresh"):
        raise NotApplicable("only for a method that can be built and read (see the check `trains`)")
    for when in ("fresh", "trained"):
        for lang, features in getattr(bench.life, when, {}).items():
            if features.dtype != torch.float32 or features.ndim != 2:
                raise Failed(f"{when}, {lang}: features are {features.dtype} of shape {tuple(features.shape)}")
            if not features.isfinite().all():
                raise Failed(f"{when}, {lang}: {int((~features.isfinite()).any(1).sum())} texts have no finite feature")


@check("method", "name every trained parameter in players; change no weight by hand, in forward, loss or anywhere")
def frozen_weights(bench: Bench) -> None:
    """What no player owns is bit-equal after training."""
    if bench.life.moved:
        raise Failed(f"training moved what no player owns: {_shown(bench.life.moved)}")
    bench.whole()


@check("method", "call no backward() and no requires_grad_(True): the harness takes each player's gradient")
def gradients(bench: Bench) -> None:
    """Only parameters that players declare have gradients."""
    if bench.life.gradients:
        raise Failed(f"a gradient for what no player owns: {_shown(bench.life.gradients)}")
    bench.whole()


@check("method", "train a private copy, ctx.encoder.text_tower(); the encoder itself is everybody's")
def encoder_untouched(bench: Bench) -> None:
    """The encoder of the protocol is what it was."""
    if bench.life.encoder_changed:
        raise Failed("the weights of the encoder are not what they were")
    bench.whole()


@check("method", "change no parameter and no buffer in forward outside of training (self.training is False)")
def weights_unchanged_by_evaluation(bench: Bench) -> None:
    """Testing changes no weight."""
    if bench.whole().test_changed:
        raise Failed("testing changed its weights")


@check(
    "method", "no row may see another: no BatchNorm in training mode, no attention or mean over the batch, mask pads"
)
def batch_invariance(bench: Bench) -> None:
    """Features do not depend on the size and the order of batches, to 1e-5."""
    method = bench.whole().method
    for lang in LANGS:
        rows, whole = bench.rows(method, lang)
        order, features = whole[0], embed(method, rows, whole)
        ways = {
            "one by one": [[row] for row in order],
            "in threes": [order[i : i + 3] for i in range(0, len(order), 3)],
            "backwards": [order[::-1]],
        }
        for way, batches in ways.items():
            if (off := distance(features, embed(method, rows, batches))) > CLOSE:
                raise Failed(f"features in {lang} differ by {off:.1g} when they are computed {way}")


@check(
    "method", "draw initial values in `with ctx.draws(name)`, all else from torch's generator; no time, no set order"
)
def same_seed(bench: Bench) -> None:
    """The same seed gives the same weights and features, bit for bit."""
    life = bench.whole()
    torch.rand(3)  # what was drawn before does not matter
    again = bench.build()
    if differing := [lang for lang, f in bench.features(again).items() if not torch.equal(f, life.fresh[lang])]:
        raise Failed(f"built twice from one seed, its untrained features differ in {', '.join(differing)}")
    bench.train(again)
    if names := _same_weights(life.method, again):
        raise Failed(f"trained twice from one seed, these differ: {_shown(names)}")


@check("method", "keep what training changes in parameters or persistent buffers, not in Python attributes")
def resume(bench: Bench) -> None:
    """Interrupted in any phase and taken up again, training ends bit-equal to an undisturbed one."""
    life = bench.whole()
    steps = sum(stage.phase.steps for stage in life.trainer.stages)
    if not steps:
        raise NotApplicable("nothing trains")
    folder, stops = _folder(), (steps // 3, 5 * steps // 6)
    for stop in stops:
        try:
            bench.train(bench.build(), folder=folder, at_step=interrupt_at(stop))
        except KeyboardInterrupt:
            continue
        raise Failed("an interrupt did not reach the harness; leave signals alone")
    again = bench.build()
    bench.train(again, folder=folder)
    if names := _same_weights(life.method, again):
        raise Failed(f"resumed in the steps {stops[0]} and {stops[1]} of {steps}, these differ: {_shown(names)}")


@check("method", "what a trained method knows must be in parameters or persistent buffers that a new one has, too")
def save_and_load(bench: Bench) -> None:
    """A new method with the saved tensors gives bit-equal features."""
    life = bench.whole()
    file = _folder() / "model.safetensors"
    save_file({name: t.detach().contiguous() for name, t in life.trainer.trained().items()}, file)
    again = bench.build()
    restore(bench.world.trainer(again, _folder()).trained(), load_file(file), str(file))
    for lang, features in bench.features(again).items():
        if not torch.equal(features, life.trained[lang]):
            raise Failed(f"features in {lang} differ by {distance(life.trained[lang], features):.1g} after loading")


@check("method", "write losses as for one process, rows that see no other row, and draw at random by nn.Dropout alone")
def two_processes(bench: Bench) -> None:
    """Two processes end where one does, dropout set to 0."""
    life, folder = bench.whole(), _folder()
    if not life.trainer.stages:
        raise NotApplicable("nothing trains")
    alone = _undropped(bench.build())
    bench.train(alone)

    def work(world: World) -> None:
        method = _undropped(bench.build())
        bench.train(method, folder=folder)
        save_file(bench.features(method), folder / f"features-{world.rank}.safetensors")

    together(2, work, folder)
    features = [load_file(folder / f"features-{rank}.safetensors") for rank in range(2)]
    for lang, one in bench.features(alone).items():
        if not torch.equal(features[0][lang], features[1][lang]):
            raise Failed(f"the two processes end with different features in {lang}")
        if (off := distance(one, features[0][lang])) > CLOSE_TRAINED:
            raise Failed(f"trained by two processes, features in {lang} differ by {off:.1g} from those of one")


def _undropped(method: Method) -> Method:
    for module in method.modules():
        if isinstance(module, torch.nn.modules.dropout._DropoutNd):
            module.p = 0.0
    return method
