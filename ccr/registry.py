"""registry.yaml: the catalogue of plugins, and single files that are plugins before they are packages.

An entry with `package:` describes an installed plugin, by the name of its entry point, or switches it off. An entry
with `kind:` is a spec itself: its `file:` is imported by the run that uses it and by nothing else. The shipped
catalogue is read first; the one of the working directory, or of `--registry`, is laid over it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field, frozen

import ccr
from ccr import yamlstrict
from ccr.errors import CcrError, nearest
from ccr.settings import Faults, KeyPath, build, check
from ccr.specs import API, DatasetSpec, EncoderSpec, ExecutorSpec, MethodSpec, MetricSpec, Spec, TranslatorSpec

KINDS: Mapping[str, type[Any]] = {
    "encoder": EncoderSpec,
    "dataset": DatasetSpec,
    "metric": MetricSpec,
    "method": MethodSpec,
    "translator": TranslatorSpec,
    "executor": ExecutorSpec,
}
"""What plugins provide. The hook that registers a kind is `ccr_register_<kind>s`."""


def class_of(kind: str) -> type[Any]:
    """The class of ccr's that a factory of this kind derives from. Imports it, and torch with it."""
    made: type[Any] = getattr(ccr, "RankMetric" if kind == "metric" else kind.capitalize())
    return made


Key = tuple[str, str]
"""(kind, name)"""

_REFERENCE = re.compile(r"[\w.]+:[\w.]+|.+\.py:[\w.]+")


@frozen(kw_only=True)
class Description:
    """What registry.yaml says about the plugin of one entry point."""

    package: str
    enabled: bool = True
    provides: Mapping[str, tuple[str, ...]] = field(factory=dict)  # kind -> names
    summary: str = ""
    paper: str = ""
    licence: str = ""
    extras: tuple[str, ...] = ()  # of its distribution, for `pip install 'NAME[EXTRA]'`
    api: int = API
    defaults: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(factory=dict)  # kind -> name -> settings
    where: str = field(default="", eq=False)  # "registry.yaml:12"


@frozen(kw_only=True)
class FileEntry:
    """The part of an entry that is no field of its spec."""

    kind: str
    file: str = ""
    object: str = ""
    settings: str = ""
    enabled: bool = True
    api: int = API


@define
class FilePlugin:
    """What the entries of one file provide. Aliases, which have no file, belong to the registry.yaml itself."""

    name: str
    where: str
    path: Path | None
    api: int
    specs: dict[Key, Spec] = field(factory=dict)
    off: dict[Key, str] = field(factory=dict)  # entries that are switched off, and where


@frozen
class Catalogue:
    """All registry.yaml files that were read."""

    packages: dict[str, Description] = field(factory=dict)
    files: dict[str, FilePlugin] = field(factory=dict)


def shipped_registry() -> Path:
    """The catalogue that comes with ccr: inside of the installed package, or at the root of the checkout."""
    package = Path(ccr.__file__).parent
    inside = package / "registry.yaml"
    return inside if inside.is_file() else package.parent / "registry.yaml"


def read_catalogue(registry: Path | None = None) -> Catalogue:
    """The shipped registry.yaml, under `registry` or the one of the working directory. Raises CcrError."""
    catalogue, shipped = Catalogue(), shipped_registry()
    local = Path("registry.yaml") if registry is None else registry
    _read(shipped, catalogue)
    if registry is not None or (local.is_file() and local.resolve() != shipped.resolve()):
        _read(local, catalogue)
    return catalogue


def check_spec(spec: Any, faults: Faults) -> None:
    """Add to `faults` what is wrong with a spec: types, its name, its references."""
    check(spec, (), faults)
    if faults.lines:
        return
    if not spec.name or re.search(r"[:,\s]" if not isinstance(spec, MetricSpec) else r"[:,\n]", spec.name):
        faults.add(("name",), "must be text without colons, commas and spaces")
    references = [getattr(spec, "settings", "")] if getattr(spec, "alias", "") else [spec.factory]
    if bool(spec.factory) == bool(getattr(spec, "alias", "")):
        faults.say((), "needs a factory" + (" or an alias, and not both" if isinstance(spec, EncoderSpec) else ""))
    elif not all(_REFERENCE.fullmatch(text) for text in references):
        faults.add(("factory",), f'must be "package.module:Object", not "{spec.factory}"')


def _read(path: Path, catalogue: Catalogue) -> None:
    document = yamlstrict.read(path)
    faults = Faults(lambda key: document.at(("plugins", *key)), prefix="plugins.")
    faults.lines.extend(document.faults)
    top = {} if document.data is None else document.data
    if not isinstance(top, dict) or set(top) - {"plugins"} or not isinstance(top.get("plugins") or [], list):
        raise CcrError(f"{document.at()}: must hold one key, plugins, with a list of entries")
    for i, entry in enumerate(top.get("plugins") or []):
        if isinstance(entry, dict) and "package" in entry:
            _add_description(entry, i, faults, catalogue)
        elif isinstance(entry, dict) and "kind" in entry:
            _add_file_entry(entry, i, path, faults, catalogue)
        else:
            faults.say((i,), "an entry needs package: (a plugin that is installed) or kind: (one of a file)")
    faults.check()


def _add_description(entry: dict[str, Any], i: int, faults: Faults, catalogue: Catalogue) -> None:
    base = catalogue.packages.get(str(entry["package"]))
    if "where" in entry:
        faults.add((i, "where"), "is unknown")
    description = build(Description, entry, (i,), faults, base)
    for part in ("provides", "defaults"):
        for kind in entry[part] if isinstance(entry.get(part), dict) else ():
            if kind not in KINDS:
                faults.add((i, part, kind), f"is no kind of plugin{nearest(kind, KINDS)}")
    if description is not None:
        catalogue.packages[description.package] = attrs.evolve(description, where=_where(faults, i))


def _add_file_entry(entry: dict[str, Any], i: int, path: Path, faults: Faults, catalogue: Catalogue) -> None:
    known = {a.name for a in attrs.fields(FileEntry)}
    head = build(FileEntry, {key: value for key, value in entry.items() if key in known}, (i,), faults)
    if head is None:
        return
    if head.kind not in KINDS:
        return faults.add((i, "kind"), f"must be one of {', '.join(KINDS)}, not {head.kind}")
    values = {key: value for key, value in entry.items() if key not in known}
    file = (path.parent / head.file).resolve() if head.file else None
    if "factory" in entry:
        return faults.add((i, "factory"), "is made of file: and object:")
    if file is not None or "alias" not in entry:
        if not (head.file.endswith(".py") and head.object):
            return faults.say((i,), f"a {head.kind} of a file needs file: (NAME.py) and object: (the class in it)")
        values["factory"] = f"{file}:{head.object}"
    if head.settings:
        values["settings"] = head.settings if ":" in head.settings else f"{file}:{head.settings}"
    spec = build(KINDS[head.kind], values, (i,), faults)
    if spec is None:
        return
    wrong = Faults(_where(faults, i))
    check_spec(spec, wrong)
    faults.lines.extend(wrong.lines)
    plugin = catalogue.files.setdefault(
        head.file or path.name, FilePlugin(head.file or path.name, _where(faults, i), file, head.api)
    )
    key = (head.kind, spec.name)
    if key in plugin.specs or key in plugin.off:
        faults.say((i,), f'{head.kind} "{spec.name}" of {plugin.name} stands twice')
    elif head.enabled:
        plugin.specs[key] = spec
    else:
        plugin.off[key] = _where(faults, i)


def _where(faults: Faults, i: int) -> str:
    path: KeyPath = (i,)
    return faults.where if isinstance(faults.where, str) else faults.where(path)
