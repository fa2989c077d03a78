"""What is wrong with the names and settings of runs that were asked for, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ccr.config import RunConfig
from ccr.errors import CcrError, nearest
from ccr.host import Host
from ccr.pipeline.plan import find_encoder
from ccr.protocols import ProtocolSettings, get_protocol
from ccr.settings import make_settings
from ccr.specs import Recipe


def faults(configs: Iterable[RunConfig], host: Host) -> list[str]:
    """One sentence per fault, each once, that begins with where the key was given."""
    return list(dict.fromkeys(line for config in configs for line in _faults(config, host)))


def _faults(config: RunConfig, host: Host) -> Iterator[str]:
    told: list[str] = []

    def ask(key: str, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except CcrError as error:
            lines = str(error).splitlines()
            told.extend(lines if key == "" else [f"{config.where(key)}: {lines[0]}", *lines[1:]])
            return None

    def settings(section: str, cls: Any, base: Any = None) -> Any:
        return ask("", lambda: config.settings_for(section, cls, base))  # these sentences say where themselves

    method = ask("method", lambda: host.spec("method", config.method))
    dataset, _ = ask("dataset", lambda: host.dataset(config.dataset)) or (None, None)
    if config.protocol:
        ask("protocol", lambda: get_protocol(config.protocol or ""))
    reference = config.encoder or (dataset.encoder if dataset else "")
    encoder, _ = (ask("encoder", lambda: find_encoder(host, reference)) if dataset else None) or (None, None)
    settings("protocol", ProtocolSettings)
    if method:
        settings("method", ask("method", lambda: host.resolve(method.settings)))
    if encoder:
        settings("encoder", ask("encoder", lambda: host.resolve(encoder.settings)))
    if dataset:
        name = config.recipe or next(iter(dataset.recipes))
        if name not in dataset.recipes:
            known = f"{nearest(name, dataset.recipes)}; it has {', '.join(dataset.recipes)}"
            told.append(f"{config.where('recipe')}: dataset {dataset.name} has no recipe {name!r}{known}")
        else:
            recipe = dataset.recipes[name]
            settings("recipe", Recipe, recipe)
            cls = ask("dataset", lambda: host.resolve(dataset.settings))
            if cls:  # else it is told already why it cannot be had
                settings(
                    "dataset", cls, make_settings(cls, recipe.dataset_settings, f"recipe {name} of {dataset.name}")
                )
    yield from told
