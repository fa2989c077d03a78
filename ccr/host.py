"""Finds, isolates, checks and lists plugins.

Every plugin is loaded alone. Whatever is wrong with one becomes its own status, in one sentence, and every other one
keeps working. A plugin gets all of its names or none. A name that two plugins claim is refused to both until one of
them is switched off in registry.yaml; of the two, the one that comes later (shipped, then installed, then files) gets
none of its other names either.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any, Literal

import pluggy
from attrs import evolve, field, frozen

from ccr import hookspecs
from ccr.errors import CcrError, nearest
from ccr.loading import check_api, check_hooks, installed, load_entry, load_file, normal_name, registered_specs, why
from ccr.registry import KINDS, Description, FilePlugin, Key, read_catalogue
from ccr.specs import DatasetSpec, Spec

Status = Literal["ok", "broken", "off", "conflict"]


@frozen(kw_only=True)
class PluginInfo:
    """What is known about one plugin, whether it works or not."""

    name: str  # of the entry point, or of the file
    origin: Literal["shipped", "package", "file"]
    source: str  # "ccr 0.1.0", or "registry.yaml:12"
    version: str = ""
    api: int | None = None
    status: Status = "ok"
    error: str = ""
    provides: Mapping[str, tuple[str, ...]] = field(factory=dict)  # kind -> names
    summary: str = ""
    paper: str = ""
    licence: str = ""
    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.source})"


class Host:
    """All plugins of this installation: `Host.load()`."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("ccr")
        self._manager.add_hookspecs(hookspecs)
        self._plugins: dict[str, PluginInfo] = {}
        self._specs: dict[Key, Spec] = {}
        self._owners: dict[Key, list[str]] = {}  # plugins by name; more than one: disputed
        self._refused: dict[Key, str] = {}  # names that are known and not to be had, and why

    @classmethod
    def load(cls, registry: Path | None = None) -> Host:
        """Load every plugin; `registry` stands in for ./registry.yaml. Raises CcrError for a faulty registry alone."""
        host, catalogue = cls(), read_catalogue(registry)
        for entry, distribution in installed():
            host._add_package(entry, distribution, catalogue.packages.get(entry.name))
        for plugin in catalogue.files.values():
            host._add_file(plugin)
        for name, description in catalogue.packages.items():
            if name not in host._plugins:
                info = _described(description, origin="package", source=description.where)
                close = nearest(name, host._plugins)
                host._refuse(info, "broken", f"is described in {description.where}, and not installed{close}")
        host._settle()
        return host

    @property
    def plugins(self) -> list[PluginInfo]:
        """Every plugin, in loading order."""
        return list(self._plugins.values())

    def specs(self, kind: str) -> dict[str, Any]:
        """The specs of one kind that can be used, by name."""
        return {name: spec for (k, name), spec in self._specs.items() if k == _kind(kind)}

    def spec(self, kind: str, name: str) -> Any:
        """One spec. Raises CcrError: unknown, its plugin is broken or off, or two plugins claim the name."""
        key = (_kind(kind), name)
        if key in self._specs:
            return self._specs[key]
        if key in self._refused:
            raise CcrError(self._refused[key])
        known = sorted(n for k, n in self._specs if k == kind)
        raise CcrError(f'no {kind} is named "{name}"{nearest(name, known)}; known: {", ".join(known) or "none"}')

    def dataset(self, reference: str) -> tuple[DatasetSpec, Path | None]:
        """The dataset that a name or the path of a file stands for, and that path."""
        specs: dict[str, DatasetSpec] = self.specs("dataset")
        path = Path(reference).expanduser()
        fits = [spec for spec in specs.values() if spec.suffixes and path.name.endswith(spec.suffixes)]
        if reference in specs or not fits:
            if path.name != reference and reference not in specs:
                known = ", ".join(suffix for spec in specs.values() for suffix in spec.suffixes)
                raise CcrError(f"no dataset opens {reference}: a path must end in one of {known}")
            return self.spec("dataset", reference), None
        return evolve(fits[0], name=path.name.removesuffix(path.suffix).split("{")[0] or fits[0].name), path

    def owner(self, kind: str, name: str) -> PluginInfo:
        """The plugin that a usable spec comes from."""
        self.spec(kind, name)
        return self._plugins[self._owners[kind, name][0]]

    def resolve(self, reference: str) -> Any:
        """The object of a lazy reference, "package.module:Object" or "/folder/file.py:Object". Raises CcrError."""
        place, _, attribute = reference.rpartition(":")
        owner = next((self.owner(*key) for key, spec in self._specs.items() if reference in _references(spec)), None)
        plugin = f"plugin {owner.name}: " if owner else ""
        try:
            value: Any = load_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
        except (Exception, SystemExit) as error:
            reason = why(error, owner.extras if owner else (), owner.source.split()[0] if owner else "")
            raise CcrError(f"{plugin}{place} cannot be imported: {reason}") from error
        for part in attribute.split("."):
            if not hasattr(value, part):
                raise CcrError(f'{plugin}{place} has no "{part}"{nearest(part, dir(value))}')
            value = getattr(value, part)
        return value

    def notify(self, hook: str, **arguments: Any) -> None:
        """Tell the observers, one by one. What one raises becomes a warning."""
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            try:
                implementation.function(*(arguments[name] for name in implementation.argnames))
            except (Exception, SystemExit) as error:
                warnings.warn(f"plugin {implementation.plugin_name}: {hook}: {why(error)}", stacklevel=2)

    def _add_package(self, entry: EntryPoint, distribution: Distribution, description: Description | None) -> None:
        name, version = distribution.metadata["Name"], distribution.version
        info = _described(
            description or Description(package=entry.name),
            origin="shipped" if normal_name(distribution) == "ccr" else "package",
            source=f"{name} {version}",
            version=version,
        )
        if info.origin == "package":  # a distribution says itself what no registry.yaml says of it
            said = {key: distribution.metadata[key] or "" for key in ("Summary", "License-Expression", "License")}
            info = evolve(
                info,
                summary=info.summary or said["Summary"],
                licence=info.licence or said["License-Expression"] or said["License"].partition("\n")[0],
            )
        if entry.name in self._plugins:
            other = self._plugins[entry.name].source
            info = evolve(info, name=str(info), provides={})
            return self._refuse(info, "conflict", f"{other} has a plugin of the name {entry.name}, too; uninstall one")
        if description and not description.enabled:
            where = f"is switched off in {description.where}; `ccr plugins add {entry.name}` switches it on"
            return self._refuse(info, "off", where)
        try:
            plugin = load_entry(entry)
            info = evolve(info, api=plugin.CCR_API)
            check_hooks(plugin, self._manager)
            self._manager.register(plugin, entry.name)
            specs = registered_specs(entry.name, self._manager)
        except Exception as error:
            self._forget(entry.name)
            reason = why(error)
            if isinstance(error.__cause__, ImportError):
                reason = f"cannot be imported: {why(error.__cause__, info.extras, name)}"
            return self._refuse(info, "broken", reason)
        self._claim(evolve(info, provides=_by_kind(specs)), specs)

    def _add_file(self, plugin: FilePlugin) -> None:
        provides = _by_kind(plugin.specs or plugin.off)
        info = PluginInfo(name=plugin.name, origin="file", source=plugin.where, api=plugin.api, provides=provides)
        for (kind, name), where in plugin.off.items():
            self._refused.setdefault((kind, name), f'{kind} "{name}" is switched off in {where}')
        if not plugin.specs:
            return self._refuse(info, "off", f"is switched off in {plugin.where}")
        try:
            check_api(plugin.api, plugin.name)
            if plugin.path is not None and not plugin.path.is_file():
                raise CcrError(f"{plugin.path}, named in {plugin.where}, does not exist")
        except CcrError as error:
            return self._refuse(info, "broken", str(error))
        self._claim(info, plugin.specs)

    def _claim(self, info: PluginInfo, specs: Mapping[Key, Spec]) -> None:
        self._plugins[info.name] = info
        disputed = [key for key in specs if key in self._owners]
        for key in disputed:
            self._owners[key].append(info.name)
        if disputed:
            self._forget(info.name)
        else:
            self._specs.update(specs)
            self._owners.update({key: [info.name] for key in specs})

    def _refuse(self, info: PluginInfo, status: Status, reason: str) -> None:
        self._plugins[info.name] = evolve(info, status=status, error=reason)
        for key in _keys(info):
            self._refused.setdefault(key, f'{key[0]} "{key[1]}" is of the plugin {info.name}: {reason}')

    def _settle(self) -> None:
        """Refuse the names that more than one plugin claims, and what else the later ones would provide."""
        for key, owners in self._owners.items():
            if len(owners) < 2:
                continue
            plugins = [self._plugins[name] for name in owners]
            how = f"- package: {owners[-1]}, enabled: false"
            if plugins[-1].origin == "file":
                how = f"enabled: false at {plugins[-1].source}"
            sentence = (
                f'{key[0]} "{key[1]}" has {len(owners)} owners, {" and ".join(map(str, plugins))}: '
                f"switch one off in registry.yaml ({how})"
            )
            self._specs.pop(key, None)
            self._refused[key] = sentence
            for plugin in plugins:
                self._plugins[plugin.name] = evolve(plugin, status="conflict", error=sentence)
            for plugin in plugins[1:]:
                for kind, name in _keys(plugin):
                    text = f'{kind} "{name}" is of the plugin {plugin.name}, which gets no name at all: {sentence}'
                    self._refused.setdefault((kind, name), text)

    def _forget(self, plugin: str) -> None:
        if self._manager.has_plugin(plugin):
            self._manager.unregister(name=plugin)


def _described(description: Description, **known: Any) -> PluginInfo:
    return PluginInfo(
        name=description.package,
        provides=description.provides,
        summary=description.summary,
        paper=description.paper,
        licence=description.licence,
        extras=description.extras,
        **known,
    )


def _by_kind(keys: Iterable[Key]) -> dict[str, tuple[str, ...]]:
    provides: dict[str, tuple[str, ...]] = {}
    for kind, name in keys:
        provides[kind] = (*provides.get(kind, ()), name)
    return provides


def _keys(info: PluginInfo) -> list[Key]:
    return [(kind, name) for kind, names in info.provides.items() for name in names]


def _references(spec: Spec) -> tuple[str, str]:
    return spec.factory, getattr(spec, "settings", "")


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise CcrError(f'"{kind}" is no kind of plugin{nearest(kind, KINDS)}; known: {", ".join(KINDS)}')
    return kind
