"""Settings classes: building them strictly from plain values, describing them, writing them down.

A settings class is an attrs class whose fields are annotated with plain types: bool, int, float, str, Path, Literal,
optional, tuple, list, Mapping, and attrs classes of these. Nothing is guessed: "3" is no number and 1 is not true;
only an integer serves where a number is asked for. All faults are told at once.
"""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs
from attrs import frozen

from ccr.errors import CcrError, nearest
from ccr.yamlstrict import KeyPath

T = TypeVar("T")

Where = str | Callable[[KeyPath], str]
"""What messages begin with: a text, or a function from a key's path to one, e.g. `Document.at`."""

_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "text", Path: "a path"}


@frozen
class SettingInfo:
    """One line of a settings class's documentation."""

    name: str
    type: str
    default: Any  # None where there is none
    required: bool
    help: str
    unit: str


@frozen
class Faults:
    """Collects one sentence per fault: 'run.yaml:3: method.hidden must be an integer, not "x"'."""

    where: Where
    prefix: str = ""  # of every key that messages name
    lines: list[str] = attrs.field(factory=list)

    def add(self, path: KeyPath, what: str) -> None:
        self.say(path, " ".join(filter(None, (self.prefix + ".".join(map(str, path)), what))))

    def say(self, path: KeyPath, sentence: str) -> None:
        """As `add`, for a sentence that names the key itself."""
        self.lines.append(f"{self.where if isinstance(self.where, str) else self.where(path)}: {sentence}")

    def check(self) -> None:
        """Raises CcrError with all faults, one line each."""
        if self.lines:
            raise CcrError("\n".join(self.lines))


def make_settings(
    cls: type[T], values: Mapping[str, Any], where: Where, *, prefix: str = "", base: T | None = None
) -> T:
    """An instance of `cls` from plain values, or CcrError with all faults.

    With `base`, keys that are absent keep its values, and mappings are laid over its mappings key by key.
    """
    faults = Faults(where, prefix)
    instance = build(cls, values, (), faults, base)
    faults.check()
    return typing.cast(T, instance)


def settings_values(instance: Any) -> dict[str, Any]:
    """All settings of an instance as JSON-able values (fields that are no part of its equality are no settings)."""
    return {field.alias: _plain(getattr(instance, field.name)) for field in attrs.fields(type(instance)) if field.eq}


def describe_settings(cls: type) -> list[SettingInfo]:
    """The settings of a class, in its order."""
    hints = _hints(cls)
    return [
        SettingInfo(
            name=field.alias,
            type=re.sub(r"\ban? ", "", type_name(hints[field.name])),
            default=_default(field),
            required=field.default is attrs.NOTHING,
            help=field.metadata.get("help", ""),
            unit=field.metadata.get("unit", ""),
        )
        for field in attrs.fields(cls)
        if field.init and field.eq
    ]


def build(cls: type, values: Any, path: KeyPath, faults: Faults, base: Any = None) -> Any:
    """As `make_settings`, inside of a bigger record: the faults are added to `faults`, and None is returned then."""
    if not isinstance(values, Mapping):
        return faults.add(path, f"must be a mapping, not {_show(values)}")
    before, hints = len(faults.lines), _hints(cls)
    fields = {field.alias: field for field in attrs.fields(cls) if field.init}
    given: dict[str, Any] = {}
    for key, value in values.items():
        if key not in fields:
            known = nearest(str(key), fields) or (f" (known: {', '.join(fields)})" if fields else " (there are none)")
            faults.add((*path, key), f"is unknown{known}")
            continue
        so_far = len(faults.lines)
        given[key] = fit(value, hints[fields[key].name], (*path, key), faults)
        if base is not None and isinstance(given[key], Mapping):
            given[key] = {**getattr(base, fields[key].name), **given[key]}
        if len(faults.lines) == so_far and fields[key].validator:
            _validate(fields[key], given[key], (*path, key), faults)
    if base is None:
        for key, field in fields.items():
            if field.default is attrs.NOTHING and key not in values:
                faults.add((*path, key), "is missing")
    if len(faults.lines) > before:
        return None
    try:
        return cls(**given) if base is None else attrs.evolve(base, **given)
    except (ValueError, TypeError, CcrError) as error:  # what only the whole instance can tell
        return faults.say(path, _message(error))


def check(instance: Any, path: KeyPath, faults: Faults) -> Any:
    """The instance itself; fields that are not of their annotated types are added to `faults`."""
    hints = _hints(type(instance))
    for field in attrs.fields(type(instance)):
        fit(getattr(instance, field.name), hints[field.name], (*path, field.alias), faults)
    return instance


def fit(value: Any, kind: Any, path: KeyPath, faults: Faults) -> Any:
    """`value` as `kind`, with no more than an int made a float and a list a tuple; a misfit is added to `faults`."""
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if kind is float and type(value) is int:
        return float(value)
    if kind in (bool, int, float, str) and type(value) is kind:
        if kind is not float or math.isfinite(value):
            return value
    elif kind is Path and isinstance(value, (str, Path)):
        return Path(value)
    elif kind in (None, type(None)) and value is None:
        return None
    elif origin is Literal:
        if any(type(option) is type(value) and option == value for option in args):
            return value
    elif origin in (Union, types.UnionType):
        return _fit_any(value, kind, path, faults)
    elif origin in (tuple, list, Sequence) and isinstance(value, (list, tuple)):
        kinds = args if origin is tuple and args[-1] is not Ellipsis else args[:1] * len(value)
        if len(kinds) == len(value):
            items = [fit(item, k, (*path, i), faults) for i, (item, k) in enumerate(zip(value, kinds, strict=True))]
            return items if origin is list else tuple(items)
    elif origin in (dict, Mapping) and isinstance(value, Mapping):
        return {key: fit(item, args[1], (*path, key), faults) for key, item in value.items()}
    elif attrs.has(kind):
        return check(value, path, faults) if isinstance(value, kind) else build(kind, value, path, faults)
    return faults.add(path, f"must be {type_name(kind)}, not {_show(value)}{_hint(value, kind)}")


def type_name(kind: Any) -> str:
    """A type in words: 'an integer', '"a" or "b"', 'a list of text'."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(map(_show, args))
    if origin in (Union, types.UnionType):
        return " or ".join(map(type_name, args))
    if origin in (tuple, list, Sequence):
        if origin is tuple and args[-1] is not Ellipsis:
            return f"a list of {len(args)}: {', '.join(map(type_name, args))}"
        return f"a list of {type_name(args[0]).removeprefix('an ').removeprefix('a ')}"
    if origin in (dict, Mapping) or attrs.has(kind):
        return "a mapping"
    return "nothing" if kind in (None, type(None)) else _NAMES.get(kind, getattr(kind, "__name__", str(kind)))


def _fit_any(value: Any, kind: Any, path: KeyPath, faults: Faults) -> Any:
    arms = [arm for arm in get_args(kind) if arm is not type(None)]
    for arm in get_args(kind):
        trial = Faults(faults.where, faults.prefix)
        fitted = fit(value, arm, path, trial)
        if not trial.lines:
            return fitted
    if len(arms) == 1 and isinstance(value, (Mapping, list, tuple)):  # optional: say what is wrong inside
        return fit(value, arms[0], path, faults)
    return faults.add(path, f"must be {type_name(kind)}, not {_show(value)}{_hint(value, kind)}")


def _validate(field: Any, value: Any, path: KeyPath, faults: Faults) -> None:
    """Ask a field's validator ahead of the class, so that one field's fault does not hide another's."""
    try:
        field.validator(None, field, value)
    except AttributeError:
        pass  # it reads the instance: the class asks it again
    except (ValueError, TypeError, CcrError) as error:
        faults.say(path, _message(error))


def _message(error: Exception) -> str:
    return str(error.args[0] if error.args else type(error).__name__)


def _hint(value: Any, kind: Any) -> str:
    kinds = get_args(kind) or (kind,)
    if str in kinds and isinstance(value, (bool, int, float)):
        return "; put it in quotes"
    if bool in kinds and isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        return ", which is text here"
    return ""


def _show(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    return "a mapping" if isinstance(value, Mapping) else str(value)


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return settings_values(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _default(field: Any) -> Any:
    if field.default is attrs.NOTHING:
        return None
    return field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]


def _hints(cls: type) -> dict[str, Any]:
    if not attrs.has(cls):
        raise CcrError(f"the settings class {cls.__qualname__} is no attrs class; decorate it with @attrs.frozen")
    try:
        return typing.get_type_hints(cls)
    except NameError as error:
        raise CcrError(f"the settings class {cls.__qualname__}: {error}; import it at run time, too") from error
