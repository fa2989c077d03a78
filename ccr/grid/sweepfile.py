"""Reading a sweep file: what a run is, with lists where it is to be several things, and named rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen

from ccr import yamlstrict
from ccr.config import SECTIONS, RunConfig
from ccr.errors import CcrError, nearest
from ccr.grid.grid import Asked
from ccr.settings import Faults, KeyPath, build
from ccr.yamlstrict import Document

FLAGS_ALONE = ("origins", "runs", "registry", "fresh", "resume_anyway")
"""Fields of RunConfig that a sweep file does not hold."""
FIELDS = [f.name for f in attrs.fields(RunConfig) if f.name not in FLAGS_ALONE]
LISTS = ("langs", "mt")
"""Fields that are lists themselves, as in `ccr run`: a list of lists is several runs."""
SPLITS = ("dataset", "protocol", "encoder", "test_set", "langs", "select")
"""Fields whose values stand in tables of their own, so that no row's title needs them."""


@frozen(kw_only=True)
class Sweep:
    """What a sweep file asks for."""

    name: str
    baseline: str
    runs: tuple[Asked, ...]


@frozen
class Axis:
    """One key of a run and the values that it takes."""

    key: str  # a field of RunConfig, or a setting's dotted key
    values: tuple[Any, ...]
    place: str  # "sweep.yaml:4"

    @property
    def is_setting(self) -> bool:
        return "." in self.key


@frozen
class Layer:
    """The axes of one mapping of the file, by key."""

    axes: dict[str, Axis] = field(factory=dict)


def read_sweep(path: Path, flags: Mapping[str, Any], settings: Mapping[str, Any]) -> Sweep:
    """Read a sweep file. `flags` (fields of RunConfig, and "seeds") and `settings` of the command line win.

    Raises CcrError with all faults of the file and of the values in it, one line each; names and settings of plugins
    are checked when the grid is made.
    """
    document = yamlstrict.read(path)
    faults = Faults(document.at)
    faults.lines.extend(document.faults)
    content = document.data
    if not isinstance(content, dict):
        faults.say((), "must hold keys and values, such as `method: [dasd, static-adapter]`")
        faults.check()
    top = _layer({k: v for k, v in content.items() if k not in ("name", "baseline", "rows")}, (), document, faults)
    name, baseline = (_text(content, key, faults) for key in ("name", "baseline"))
    rows = content.get("rows", {})
    if not isinstance(rows, dict) or ("rows" in content and not rows):
        faults.add(("rows",), "must be a mapping from titles to what differs, such as `small: {settings: {...}}`")
        rows = {}
    layers = {title: _layer(row, ("rows", title), document, faults) for title, row in rows.items()} or {"": Layer()}
    given = _given(flags, settings)
    runs: list[Asked] = []
    if not faults.lines:  # what is missing cannot be told before everything was read
        for title, layer in layers.items():
            where = document.at(("rows", title) if title else ())
            runs.extend(_runs({**top.axes, **layer.axes, **given.axes}, title, where, faults))
    if faults.lines:
        raise CcrError("\n".join(dict.fromkeys(faults.lines)))
    return Sweep(name=name or path.name.split(".")[0], baseline=baseline, runs=tuple(runs))


def _layer(values: Any, path: KeyPath, document: Document, faults: Faults) -> Layer:
    layer = Layer()
    if not isinstance(values, dict):
        faults.add(path, "must be a mapping of what differs, such as {method: dasd, settings: {method.rank: 16}}")
        return layer
    if "seed" in values and "seeds" in values:
        faults.add((*path, "seeds"), "and seed are one thing; give one of them")
    for key, value in values.items():
        if key == "settings":
            _settings(value, "", (*path, key), document, faults, layer)
        elif key in FIELDS or key == "seeds":
            _axis(key.replace("seeds", "seed"), value, (*path, key), document, faults, layer)
        elif key in FLAGS_ALONE and key != "origins":
            faults.add((*path, key), f"is given on the command line: --{key.replace('_', '-')}")
        else:
            known = [*FIELDS, "seeds", "settings", *(() if path else ("name", "baseline", "rows"))]
            hint = nearest(str(key), known) or f" (known: {', '.join(known)})"
            if str(key).split(".")[0] in SECTIONS and "." in str(key):
                hint = "; it is a setting: put it under `settings:`"
            faults.add((*path, key), f"is unknown{hint}")
    return layer


def _settings(value: Any, prefix: str, path: KeyPath, document: Document, faults: Faults, layer: Layer) -> None:
    if not prefix and not isinstance(value, dict):
        faults.add(path, "must be a mapping, such as method.rank: [16, 32]")
    elif isinstance(value, dict) and (value or not prefix):
        for key, item in value.items():
            _settings(item, f"{prefix}.{key}" if prefix else str(key), (*path, key), document, faults, layer)
    else:
        section, _, rest = prefix.partition(".")
        if not rest or section not in SECTIONS:
            hint = nearest(section, SECTIONS) if rest else f"; say whose setting it is, e.g. method.{prefix}"
            hint = hint or f" (known: {', '.join(SECTIONS)})"
            faults.say(path, f"{prefix} is unknown{hint}")
        elif prefix in layer.axes:
            faults.say(path, f"{prefix} is given twice, first at {layer.axes[prefix].place}")
        else:
            _axis(prefix, value, path, document, faults, layer)


def _axis(key: str, value: Any, path: KeyPath, document: Document, faults: Faults, layer: Layer) -> None:
    crossed = isinstance(value, list)
    if key in LISTS and crossed and not any(isinstance(item, list) for item in value):
        crossed = False
    values = tuple(value) if crossed else (value,)
    if not values:
        faults.add(path, "is an empty list; name at least one value")
    elif any(value == other for i, value in enumerate(values) for other in values[:i]):
        faults.add(path, "names a value twice")
    layer.axes[key] = Axis(key, values, document.at(path))


def _given(flags: Mapping[str, Any], settings: Mapping[str, Any]) -> Layer:
    layer = Layer()
    for key, value in flags.items():
        if value is None or value == () or value is False:
            continue
        many = key == "seeds"
        key = "seed" if many else key
        layer.axes[key] = Axis(
            key, tuple(value) if many else (value,), f"--{'seeds' if many else key}".replace("_", "-")
        )
    for key, value in settings.items():
        layer.axes[key] = Axis(key, (value,), "--set")
    return layer


def _runs(axes: Mapping[str, Axis], title: str, where: str, faults: Faults) -> Iterator[Asked]:
    # seeds go round last, so that a row is complete before the next one begins
    ordered = sorted(axes.values(), key=lambda axis: axis.key == "seed")
    varied = [axis for axis in ordered if len(axis.values) > 1 and axis.key != "seed"]
    given = {axis.key: axis.place for axis in ordered}
    origins = dict(given)
    for axis in ordered:
        for key in itertools.accumulate(axis.key.split("."), lambda above, part: f"{above}.{part}"):
            origins.setdefault(key, axis.place)  # what is wrong with a mapping is told where it begins
    for values in itertools.product(*(axis.values for axis in ordered)):
        value_of = {axis.key: value for axis, value in zip(ordered, values, strict=True)}
        fields = {key: value for key, value in value_of.items() if not axes[key].is_setting}
        settings = {key: value for key, value in value_of.items() if axes[key].is_setting}
        if isinstance(fields.get("langs"), str) and fields["langs"] != "all":
            fields["langs"] = [lang.strip() for lang in fields["langs"].split(",")]
        reader = Faults(lambda path: given.get(str(path[0]), where) if path else where)
        config = build(RunConfig, {**fields, "settings": settings, "origins": origins}, (), reader)
        hint = "; a list is crossed here: write a list as [[...]]"
        faults.lines.extend(line + hint if "must be a list" in line else line for line in reader.lines)
        if config is not None:
            head = title or config.method
            said = [(axis.key, value_of[axis.key]) for axis in varied if title or axis.key != "method"]
            yield Asked(
                config=config,
                label=_label(head, said),
                title=_label(head, [pair for pair in said if pair[0] not in SPLITS]) if title else "",
                where=where,
            )


def _label(head: str, said: Sequence[tuple[str, Any]]) -> str:
    """`small (dataset.noise: 0.2)`, as the rows of tables are called."""
    told = ", ".join(f"{key}: {value}" for key, value in said)
    return f"{head} ({told})" if told else head


def _text(content: Mapping[str, Any], key: str, faults: Faults) -> str:
    value = content.get(key, "")
    if not isinstance(value, str) or (key in content and not value.strip()):
        faults.add((key,), "must be text")
        return ""
    if key == "name" and any(character in value for character in '/\\:*?"<>|'):
        faults.add((key,), f'names a folder, and "{value}" has a character that no folder may have')
    return value
