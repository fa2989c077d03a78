"""What a run is: one YAML file and the flags of the command line, merged and checked. Flags win."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import attrs
from attrs import field, frozen

from ccr import yamlstrict
from ccr.errors import CcrError, nearest
from ccr.settings import Faults, KeyPath, build, make_settings
from ccr.specs import setting

T = TypeVar("T")
SECTIONS = ("method", "dataset", "corpus", "encoder", "translator", "protocol", "recipe")
"""The parts whose settings a run sets, as in `method.hidden`."""
EXECUTION = frozenset(
    {
        "device",
        "precision",
        "gpus",
        "threads",
        "data_root",
        "mt",
        "runs",
        "cache",
        "registry",
        "fresh",
        "resume_anyway",
        "profile",
    }
)
"""Fields of RunConfig that say where and how a run is computed. They never change its id."""


def _matches(pattern: str, remedy: str) -> Callable[[Any, Any, str], None]:
    def check(_: Any, attribute: Any, value: str) -> None:
        if not re.fullmatch(pattern, value):
            raise ValueError(f'{attribute.name} "{value}" is none: {remedy}')

    return check


def _at_least(least: int) -> Callable[[Any, Any, int | None], None]:
    def check(_: Any, attribute: Any, value: int | None) -> None:
        if value is not None and value < least:
            raise ValueError(f"{attribute.name} must be at least {least}, not {value}")

    return check


def _languages(_: Any, __: Any, value: tuple[str, ...] | str | None) -> None:
    if isinstance(value, tuple) and (not value or len(set(value)) < len(value) or not all(value)):
        raise ValueError("langs must name languages, each once, such as de,fr; or all")


@frozen(kw_only=True)
class RunConfig:
    """One run as it was asked for. `None` stands for the dataset's own default.

    The first group of fields makes the run what it is; the second is `EXECUTION`.
    """

    method: str = setting(attrs.NOTHING, "Name of the method.")
    dataset: str = setting(attrs.NOTHING, "Name of the dataset.")
    protocol: str | None = setting(None, "Protocol, e.g. zero-shot or finetune.")
    encoder: str | None = setting(None, "Encoder, NAME or NAME:ARGUMENT.")
    langs: tuple[str, ...] | Literal["all"] | None = field(
        default=None, metadata={"help": "Target languages, or all."}, validator=_languages
    )
    seed: int = field(default=0, metadata={"help": "Seed of everything random."}, validator=_at_least(0))
    recipe: str | None = setting(None, "Recipe of the dataset: budgets and scales.")
    test_set: str | None = setting(None, "Test set, by protocol id.")
    select: Literal["mt-val", "human-val"] = setting("mt-val", "Captions that select the checkpoint.")
    tokens: str = field(
        default="bpe",
        metadata={"help": "Token input: bpe, mbert, or mbert:FOLDER."},
        validator=_matches("bpe|mbert|mbert:.+", "write bpe, mbert, or mbert:FOLDER"),
    )
    translator: str | None = setting(None, "Translator, NAME or NAME:ARGUMENT.")
    from_run: Path | None = setting(None, "Folder of a finished run to add languages to.")
    accept: tuple[str, ...] = setting((), "Kinds of faults of the data to accept, e.g. empty-caption.")
    settings: Mapping[str, Any] = field(factory=dict, metadata={"help": "Settings by dotted key, e.g. method.hidden."})

    device: str = field(
        default="auto",
        metadata={"help": "auto, cpu, cuda, cuda:N or mps."},
        validator=_matches(r"auto|cpu|mps|cuda(:\d+)?", "write auto, cpu, cuda, cuda:N or mps"),
    )
    precision: Literal["auto", "fp32", "bf16"] = setting("auto", "Precision of the training arithmetic.")
    gpus: int | None = field(
        default=None, metadata={"help": "Processes that train together, one per GPU."}, validator=_at_least(1)
    )
    threads: int | None = field(default=None, metadata={"help": "CPU threads."}, validator=_at_least(1))
    data_root: Path | None = setting(None, "Folder of the dataset's files.")
    mt: tuple[Path, ...] = setting((), "Files of machine-translated captions of the dataset, JSONL.")
    runs: Path = setting(Path("runs"), "Folder of the run folders.")
    cache: Path | None = setting(None, "Folder of features and artifacts.")
    registry: Path | None = setting(None, "A registry.yaml besides the shipped one.")
    fresh: bool = setting(False, "Redo a finished run.")
    resume_anyway: bool = setting(False, "Go on with a run that other code began.")
    profile: bool = setting(False, "Profile some steps of each phase.")

    origins: Mapping[str, str] = field(factory=dict, eq=False, repr=False)
    """Where a key was given: 'run.yaml:3' or '--seed'. For messages alone."""

    def where(self, key: str) -> str:
        """Where a key was given, for messages: the nearest key around it that was."""
        while key not in self.origins and "." in key:
            key = key.rpartition(".")[0]
        return self.origins.get(key, "settings")

    def settings_for(self, section: str, cls: type[T], base: T | None = None) -> T:
        """The settings of "method", "dataset", ... as an instance of `cls`, laid over `base`. Raises CcrError."""
        values: dict[str, Any] = {}
        for key, value in self.settings.items():
            head, *inner, last = key.split(".")
            if head == section:
                place = values
                for part in inner:
                    place = place.setdefault(part, {})
                place[last] = value
        return make_settings(
            cls,
            values,
            lambda path: self.where(".".join(map(str, (section, *path)))),
            prefix=f"{section}.",
            base=base,
        )


def load_config(file: Path | None, overrides: Mapping[str, Any]) -> RunConfig:
    """Merge a YAML file with the flags. Raises CcrError with all faults of both.

    `overrides` holds values by field name (None, False and () mean that the flag was not given), and under "set" the
    `KEY=VALUE` texts of `--set`, whose values are read as strict YAML.
    """
    faults = Faults("")
    values: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if file is not None:
        document = yamlstrict.read(file)
        faults.lines.extend(document.faults)
        content = {} if document.data is None else document.data
        if not isinstance(content, dict):
            faults.lines.append(f"{file}:1: must hold keys and values, such as `method: dasd`")
            content = {}
        for key, value in content.items():
            values[key], origins[key] = value, document.at((key,))
        section = values.pop("settings", None) or {}
        if not isinstance(section, dict):
            faults.lines.append(f"{document.at(('settings',))}: settings must be a mapping, such as method.hidden: 128")
            section = {}
        for key, value, path in _leaves(section, "", ("settings",)):
            place = document.at(path)
            if key in settings:
                faults.lines.append(f"{place}: {key} is given twice, first at {origins[key]}")
            _lay(settings, key, value)
            origins[key] = place

    for key, value in overrides.items():
        if key not in ("set", "settings") and value is not None and value is not False and value != ():
            values[key], origins[key] = value, "--" + key.replace("_", "-")
    for key, value in _flagged(overrides, faults):
        _lay(settings, key, value)
        origins[key] = "--set"

    for key in settings:
        section, _, rest = key.partition(".")
        if not rest or section not in SECTIONS:
            known = nearest(section, SECTIONS) if rest else f"; say whose setting it is, e.g. method.{key}"
            faults.lines.append(f"{origins[key]}: {key} is unknown{known or ' (known: ' + ', '.join(SECTIONS) + ')'}")
    if isinstance(values.get("langs"), str):
        text = values["langs"].strip()
        values["langs"] = text if text == "all" else [lang.strip() for lang in text.split(",")]

    if isinstance(values.get("accept"), str | list | tuple):
        texts = [values["accept"]] if isinstance(values["accept"], str) else values["accept"]
        values["accept"] = [word.strip() for text in texts for word in str(text).split(",")]

    # `origins` is ours to fill, never the file's
    reader = Faults(lambda path: origins.get(str(path[0]), f"--{path[0]}") if path else str(file or "command line"))
    if "origins" in values:
        reader.add(("origins",), "is unknown")
        del values["origins"]
    config = build(RunConfig, {**values, "settings": settings, "origins": origins}, (), reader)
    faults.lines.extend(reader.lines)
    faults.check()
    assert isinstance(config, RunConfig)
    return config


def _flagged(overrides: Mapping[str, Any], faults: Faults) -> Iterator[tuple[str, Any]]:
    for key, value in (overrides.get("settings") or {}).items():
        yield from ((name, leaf) for name, leaf, _ in _leaves(value, key, ()))
    for text in overrides.get("set") or ():
        key, equals, raw = text.partition("=")
        if not equals or not key.strip():
            faults.lines.append(f'--set: "{text}" must be KEY=VALUE, e.g. method.hidden=128')
            continue
        try:
            value = yamlstrict.parse_value(raw, f"--set {key}")
        except CcrError as error:
            faults.lines.append(str(error))
            continue
        yield from ((name, leaf) for name, leaf, _ in _leaves(value, key.strip(), ()))


def _leaves(value: Any, key: str, path: KeyPath) -> Iterator[tuple[str, Any, KeyPath]]:
    """A mapping's leaves by dotted key. An empty mapping is a leaf."""
    if isinstance(value, Mapping) and (value or not key):
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}" if key else str(name), (*path, name))
    else:
        yield key, value, path


def _lay(settings: dict[str, Any], key: str, value: Any) -> None:
    """Set a key. It takes the place of what lies under it, and of a plain value above it."""
    for other in list(settings):
        if other.startswith(key + ".") or key.startswith(other + "."):
            del settings[other]
    settings[key] = value
