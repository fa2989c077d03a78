"""From `--translator NAME[:ARGUMENT]` to a translator: its settings, its noise, its cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from ccr.base import Translator
from ccr.errors import CcrError
from ccr.files import digest_of
from ccr.host import Host
from ccr.translation.cache import CachedTranslator
from ccr.translation.noise import NoisyTranslator

SettingsFor = Callable[[type], Any]
"""A settings class -> the user's settings of it, e.g. `partial(config.settings_for, "translator")`."""

Direction = tuple[str, str]  # source and target language


class OpenTranslator(Translator):
    """The translator of a run: cached, with noise where it is set.

    An argument with `{source}` or `{target}` in it names one engine per direction. The engines of `directions` are
    opened at once and make its fingerprint; another one is opened when it is first asked for.
    """

    def __init__(
        self,
        reference: str,
        factory: type[Translator],
        settings: Any,
        cache: Path,
        noise: float = 0.0,
        directions: Iterable[Direction] = (),
    ) -> None:
        self.name, _, argument = reference.partition(":")
        super().__init__(argument, settings)
        self.argument, self.factory = argument, factory
        self._cache, self._noise = cache, noise
        self._engines: dict[str, Translator] = {}  # by argument
        self._caches: list[CachedTranslator] = []
        prints = {f"{source}-{target}": self.engine(source, target).fingerprint for source, target in directions}
        if not _is_template(argument):
            self.fingerprint = self.engine("", "").fingerprint
        else:
            self.fingerprint = f"{reference}@{digest_of(prints)[:12]}"

    def engine(self, source: str, target: str) -> Translator:
        """What translates in one direction."""
        argument = _filled(self.argument, source, target)
        if argument not in self._engines:
            _refuse_missing(self.name, self.factory.missing(argument, self.settings))
            cached = CachedTranslator(self.factory(argument, self.settings), self._cache)
            self._caches.append(cached)
            self._engines[argument] = NoisyTranslator(cached, self._noise) if self._noise else cached
        return self._engines[argument]

    def origin(self, source: str, target: str) -> str:
        """The provenance of a caption that it makes: `mt:<fingerprint>`."""
        return f"mt:{self.engine(source, target).fingerprint}"

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation per text."""
        return self.engine(source, target).translate(texts, source, target)

    @contextmanager
    def cold(self) -> Iterator[None]:
        """Within it the engines that are open translate every sentence anew: what a translation costs."""
        try:
            for cached in self._caches:
                cached.cold = True
            yield
        finally:
            for cached in self._caches:
                cached.cold = False


def open_translator(
    host: Host,
    reference: str,
    settings_for: SettingsFor,
    cache: Path,
    device: str | None = None,
    directions: Iterable[Direction] = (),
) -> OpenTranslator:
    """Open `NAME[:ARGUMENT]`, its cache below the folder `cache`. Raises CcrError, what is missing told at once.

    Every translator takes the setting `noise`, from 0 to 1. Where its own settings have none, the harness spoils its
    translations; settings that have a `device` of "auto" get the run's.
    """
    directions = list(directions)
    factory, settings, noise = _resolved(host, reference, settings_for, device)
    _refuse_missing(reference.partition(":")[0], _missing(factory, reference, settings, directions))
    return OpenTranslator(reference, factory, settings, cache, noise, directions)


def missing(host: Host, reference: str, settings_for: SettingsFor, directions: Iterable[Direction] = ()) -> list[str]:
    """What the translator needs and cannot be had here: one sentence per thing, nothing loaded."""
    factory, settings, _ = _resolved(host, reference, settings_for, None)
    return _missing(factory, reference, settings, directions)


def _missing(factory: type[Translator], reference: str, settings: Any, directions: Iterable[Direction]) -> list[str]:
    argument = reference.partition(":")[2]
    arguments = [_filled(argument, *direction) for direction in directions] if _is_template(argument) else [argument]
    return list(dict.fromkeys(what for each in arguments for what in factory.missing(each, settings)))


def _resolved(
    host: Host, reference: str, settings_for: SettingsFor, device: str | None
) -> tuple[type[Translator], Any, float]:
    spec = host.spec("translator", reference.partition(":")[0])
    cls = host.resolve(spec.settings)
    own = {field.alias for field in attrs.fields(cls)} if attrs.has(cls) else {"noise"}
    settings, noise = settings_for(cls if "noise" in own else _with_noise(cls)), 0.0
    if "noise" not in own:
        noise = settings.noise
        settings = cls(**{field.alias: getattr(settings, field.name) for field in attrs.fields(cls) if field.init})
    if device and "device" in own and settings.device == "auto":
        settings = attrs.evolve(settings, device=device)
    return host.resolve(spec.factory), settings, noise


def _with_noise(cls: type) -> type:
    """A settings class, and `noise`: unknown keys are refused with all that is known, noise among it."""
    help = "Share of the words of each translation that are dropped, swapped or confused."
    noise: Any = attrs.field(default=0.0, type=float, validator=_is_share, metadata={"help": help, "unit": ""})
    return attrs.make_class(cls.__name__, {"noise": noise}, bases=(cls,), frozen=True)


def _is_share(_: Any, __: Any, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"translator.noise is a share from 0 to 1, not {value}")


def _refuse_missing(name: str, sentences: Sequence[str]) -> None:
    if sentences:
        raise CcrError(f"translator {name} is not complete:\n" + "\n".join(f"  - {sentence}" for sentence in sentences))


def _is_template(argument: str) -> bool:
    return "{source}" in argument or "{target}" in argument


def _filled(argument: str, source: str, target: str) -> str:
    return argument.replace("{source}", source).replace("{target}", target)
