"""`ccr plugins new`, `add` and `remove`: plugins from templates, and the registry.yaml of the working directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ccr.cli.options import json_option, print_json, registry_option
from ccr.errors import CcrError, nearest
from ccr.host import Host
from ccr.registry import KINDS, class_of, shipped_registry


@click.command()
@click.argument("name")
@click.option("--kind", required=True, help="method, encoder, dataset, metric or translator.")
@click.option("--single-file", is_flag=True, help="One .py file and an entry in registry.yaml, not a package.")
@registry_option
@json_option
def new(name: str, kind: str, single_file: bool, registry: Path | None, as_json: bool) -> None:
    """Write a plugin that runs: NAME/, a package to install, or with --single-file one file."""
    from ccr.cli.registry_file import RegistryFile
    from ccr.cli.scaffold import scaffold

    made = scaffold(name, kind)
    if name in _host(registry).specs(kind):
        raise CcrError(f'there is a {kind} of the name "{name}" already; take another name')
    local = registry or Path("registry.yaml")
    folder = local.parent if single_file else Path(name)
    files = {f"{made.module}.py": made.source()} if single_file else made.package()
    there = [path for path in (folder / next(iter(files)), *([] if single_file else [folder])) if path.exists()]
    if there:
        raise CcrError(f"{there[0]} is there already; take another name, or remove it")
    file = RegistryFile(local) if single_file else None
    for relative, text in files.items():
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder / relative).write_text(text, encoding="utf-8")
    if file:
        file.add(made.entry())
        file.save(expect=(kind, name))
    written = [str(folder / path) for path in files]
    where = f" --registry {local}" if registry and single_file else ""
    steps = [] if single_file else [f"pip install -e {folder}"]
    steps += [made.run + where, f"ccr plugins check {name}{where}"]
    if as_json:
        entered = {"registry": str(local)} if single_file else {}
        return print_json({"name": name, "kind": kind, "files": written, **entered, "next": steps})
    for line in (*written, *([f"{local} (an entry)"] if single_file else [])):
        click.echo(f"wrote {line}")
    click.echo("next:\n  " + "\n  ".join(steps))


@click.command()
@click.argument("what", metavar="FILE.py[:CLASS]|PLUGIN")
@click.option("--kind", help="What the class is; found by what it derives from.")
@click.option("--name", help="What users call it; the file's name with hyphens by default.")
@click.option("--settings", help="The settings class in the file; Settings, if there is one, by default.")
@click.option("--field", "fields", multiple=True, metavar="KEY=VALUE", help="A field of its spec, e.g. summary=...")
@registry_option
@json_option
def add(what: str, as_json: bool, registry: Path | None, fields: tuple[str, ...], **given: str | None) -> None:
    """Put a single file into registry.yaml, or switch a plugin that is off on again. Installs nothing."""
    from ccr.cli.registry_file import RegistryFile

    file = RegistryFile(registry or Path("registry.yaml"))
    path, _, name = what.partition(":")
    if path.endswith(".py"):
        entry = _entry(Path(path), name, file.path.parent, fields, given)
        if any((e.values.get("kind"), e.values.get("name")) == (entry["kind"], entry["name"]) for e in file.entries):
            raise CcrError(f'{file.path} has a {entry["kind"]} "{entry["name"]}" already')
        file.add(entry)
        file.save(expect=(str(entry["kind"]), str(entry["name"])))
        return _told(as_json, file.path, "added", f"{entry['kind']} {entry['name']}", entry)
    if fields or any(given.values()):
        raise CcrError(f"{what} is no .py file: --kind, --name, --settings and --field describe a file")
    info = _plugin(_host(registry), what)
    gone = file.remove(lambda entry: entry.get("package") == info and entry.get("enabled") is False)
    if not gone:
        raise CcrError(f"{info} is not switched off in {file.path}")
    for earlier in gone:
        if earlier.keys() - {"package", "enabled"}:  # it describes the plugin, too
            file.add({key: value for key, value in earlier.items() if key != "enabled"})
    file.save()
    _told(as_json, file.path, "switched on", f"plugin {info}", {"package": info})


@click.command()
@click.argument("name")
@registry_option
@json_option
def remove(name: str, registry: Path | None, as_json: bool) -> None:
    """Take the entries of a file or of a name out of registry.yaml, or switch an installed plugin off.

    No file is removed, and nothing is uninstalled.
    """
    from ccr.cli.registry_file import RegistryFile

    file = RegistryFile(registry or Path("registry.yaml"))
    gone = file.remove(lambda entry: "kind" in entry and name in (entry.get("name"), entry.get("file")))
    if gone:
        file.save()
        what = ", ".join(f"{entry['kind']} {entry['name']}" for entry in gone)
        return _told(as_json, file.path, "removed", what, {"entries": gone})
    host = _host(registry)
    plugin = _plugin(host, name)
    info = next(info for info in host.plugins if info.name == plugin)
    if info.status == "off":
        raise CcrError(f"{plugin} is switched off already")
    said = file.remove(lambda entry: entry.get("package") == plugin)
    entry = {"package": plugin, "enabled": False}
    entry |= {key: value for earlier in said for key, value in earlier.items() if key not in entry}
    file.add(entry)
    file.save()
    _told(as_json, file.path, "switched off", f"plugin {plugin}", entry)


def _told(as_json: bool, path: Path, done: str, what: str, entry: Mapping[str, Any]) -> None:
    if as_json:
        return print_json({"registry": str(path), "done": done, "what": what, "entry": dict(entry)})
    click.echo(f"{done} {what} ({path})")


def _host(registry: Path | None) -> Host:
    """The host of a registry.yaml that may be yet to be written."""
    return Host.load(registry if registry is None or registry.exists() else shipped_registry())


def _plugin(host: Host, name: str) -> str:
    """The installed plugin of that name. Raises CcrError, with the plugin where the name is one that it provides."""
    plugins = [info.name for info in host.plugins if info.origin != "file"]
    if name in plugins:
        return name
    for info in host.plugins:
        if info.origin != "file" and any(name in names for names in info.provides.values()):
            raise CcrError(f"{name} is provided by the plugin {info.name}: name that one")
    known = [info.name for info in host.plugins]
    known += [provided for info in host.plugins for names in info.provides.values() for provided in names]
    raise CcrError(f'no plugin is named "{name}"{nearest(name, known)}; see ccr plugins list')


def _entry(
    path: Path, wanted: str, folder: Path, fields: tuple[str, ...], given: Mapping[str, str | None]
) -> dict[str, Any]:
    """The entry of a file: what it does not say is found in the file, which is imported."""
    from ccr import yamlstrict
    from ccr.loading import load_file, why

    if not path.is_file():
        raise CcrError(f"there is no file {path}")
    try:
        module = load_file(path.resolve())
    except (Exception, SystemExit) as error:
        raise CcrError(f"{path} cannot be imported: {why(error)}") from error
    own = {n: v for n, v in vars(module).items() if isinstance(v, type) and v.__module__ == module.__name__}
    kinds = {n: kind for n, v in own.items() if (kind := _kind(v))}
    candidates = [n for n, kind in kinds.items() if given["kind"] in (None, kind)]
    name = wanted or (candidates[0] if len(candidates) == 1 else "")
    if not name:
        found = (
            f"it has {', '.join(candidates)}: name one, {path}:CLASS" if candidates else "no class in it is a plugin"
        )
        raise CcrError(f"{path}: which class? {found}")
    if name not in own:
        raise CcrError(f'{path} has no class "{name}"{nearest(name, own)}')
    kind = given["kind"] or kinds.get(name)
    if kind is None:
        raise CcrError(f"{path}: {name} derives from no class of ccr's; say what it is with --kind")
    entry: dict[str, Any] = {"kind": kind, "name": given["name"] or path.stem.replace("_", "-")}
    entry |= {"file": os.path.relpath(path.resolve(), folder.resolve()), "object": name}
    settings = given["settings"] or ("Settings" if "Settings" in own else "")
    if settings:
        entry["settings"] = settings
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals:
            raise CcrError(f"--field takes KEY=VALUE, not {field!r}")
        entry[key] = yamlstrict.parse_value(value, f"--field {key}")
    return entry


def _kind(cls: type) -> str | None:
    return next((kind for kind in KINDS if issubclass(cls, class_of(kind))), None)
