"""A method and a batch in the kit's tiny world, for tests that a plugin's author writes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ccr.errors import CcrError

if TYPE_CHECKING:
    from ccr.base import Method
    from ccr.specs import Batch, Phase
    from ccr.testing.world import World


def tiny_method(name: str, *, seed: int = 0, **settings: Any) -> Method:
    """A registered method, untrained, for German and Chinese, on an encoder with random weights.

    Raises CcrError for an unknown name or setting, as `ccr run` does.
    """
    from ccr.settings import make_settings

    world = _world()
    spec = world.host.spec("method", name)
    return world.build(spec, make_settings(world.host.resolve(spec.settings), settings, f"method {name}"), seed)


def tiny_batch(method: Method, phase: str = "match", step: int = 0) -> tuple[Phase, Batch]:
    """A phase of the tiny world, and the batch of 8 captions that the method is given in one of its steps.

    The language is `batch.text.lang`: German and Chinese take turns. Raises CcrError where the phase trains nothing.
    """
    with TemporaryDirectory() as folder:
        stages = _world().trainer(method, Path(folder)).stages
    for stage in stages:
        if stage.phase.name == phase:
            return stage.phase, stage.feed(step)
    raise CcrError(f"{type(method).__name__} trains nothing in the phase {phase!r}")


@cache
def _world() -> World:
    from ccr.host import Host
    from ccr.testing.world import World

    return World(Host.load())
