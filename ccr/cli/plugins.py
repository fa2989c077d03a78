"""`ccr plugins`: what is installed, whether it works, and what can be set (`list`, `show`); its other commands."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from ccr.cli.options import json_option, print_json, registry_option
from ccr.cli.plugins_check import check
from ccr.cli.plugins_edit import add, new, remove
from ccr.errors import CcrError, nearest
from ccr.host import Host, PluginInfo
from ccr.registry import KINDS
from ccr.settings import SettingInfo, describe_settings, settings_values


@click.group()
def plugins() -> None:
    """List plugins and show what they provide; write, check, add and remove one."""


for _command in (new, check, add, remove):
    plugins.add_command(_command)


@plugins.command("list")
@registry_option
@json_option
def list_plugins(registry: Path | None, as_json: bool) -> None:
    """All plugins: whether they work, where they come from, what they provide."""
    found = Host.load(registry).plugins
    if as_json:
        return print_json([attrs.asdict(info) for info in found])
    head = ("PLUGIN", "STATUS", "VERSION", "ORIGIN", "PROVIDES")
    rows = [(info.name, info.status, info.version or "-", info.origin, _provided(info.provides)) for info in found]
    lines = _table([head, *rows])
    click.echo(lines[0])
    for info, line in zip(found, lines[1:], strict=True):
        click.echo(line)
        if info.error:
            click.echo(textwrap.fill(info.error, _width(), initial_indent="    ", subsequent_indent="    "))


@plugins.command()
@click.argument("name")
@registry_option
@json_option
def show(name: str, registry: Path | None, as_json: bool) -> None:
    """One plugin, or what is provided under a name: NAME is ccr_dasd as well as dasd."""
    host = Host.load(registry)
    owners = [info for info in host.plugins if info.name == name]
    provided = [(info, kind) for info in host.plugins for kind in KINDS if name in info.provides.get(kind, ())]
    if not owners and not provided:
        known = {info.name for info in host.plugins}
        known.update(n for info in host.plugins for names in info.provides.values() for n in names)
        raise CcrError(f'no plugin is or provides "{name}"{nearest(name, known)}; see ccr plugins list')
    pages = [_plugin_page(info) for info in owners] + [_spec_page(host, info, kind, name) for info, kind in provided]
    if as_json:
        return print_json(pages)
    click.echo("\n\n".join(_written(page) for page in pages))


def _plugin_page(info: PluginInfo) -> dict[str, Any]:
    return {"kind": "plugin", **attrs.asdict(info)}


def _spec_page(host: Host, info: PluginInfo, kind: str, name: str) -> dict[str, Any]:
    page: dict[str, Any] = {"kind": kind, "name": name, "plugin": attrs.asdict(info)}
    try:
        spec = host.spec(kind, name)
        if host.owner(kind, name) != info:
            return page
        page |= {"spec": settings_values(spec), "settings": []}
        if reference := getattr(spec, "settings", ""):
            page["settings"] = [attrs.asdict(setting) for setting in describe_settings(host.resolve(reference))]
    except CcrError as error:
        page["error"] = str(error)
    return page


def _written(page: dict[str, Any]) -> str:
    """A page for people."""
    if page["kind"] == "plugin":
        info, spec = page, {}
        facts = [("provides", _provided(info["provides"]))]
    else:
        info, spec = page["plugin"], page.get("spec", {})
        facts = [("plugin", info["name"]), ("version", spec.get("version", "")), *_facts(page["kind"], spec)]
    facts += [
        ("origin", f"{info['origin']}, {info['source']}"),
        ("API", info["api"]),
        ("status", info["status"]),
        ("error", page.get("error") or info["error"]),
        ("paper", spec.get("paper") or info["paper"]),
        ("licence", spec.get("licence") or info["licence"]),
        ("extras", ", ".join(info["extras"])),
    ]
    parts = [f"{page['kind']} {page['name']}"]
    if summary := spec.get("summary") or info["summary"]:
        parts.append(textwrap.fill(summary, _width(), initial_indent="  ", subsequent_indent="  "))
    parts += _wrapped([(title, str(value)) for title, value in facts if value not in ("", None)])
    if settings := [SettingInfo(**setting) for setting in page.get("settings", ())]:
        parts += ["", f"Settings (--set {page['kind']}.NAME=VALUE)", *_settings_table(settings)]
    if ablations := spec.get("ablations"):
        parts += ["", "Ablations"]
        parts += _wrapped([(row, ", ".join(f"{k}={_value(v)}" for k, v in s.items())) for row, s in ablations.items()])
    return "\n".join(parts)


def _facts(kind: str, spec: dict[str, Any]) -> list[tuple[str, Any]]:
    """What is worth a line for one kind alone."""
    if kind == "encoder":
        return [("stands for", spec.get("alias", ""))]
    if kind == "metric" and spec:
        better = "higher is better" if spec["higher_is_better"] else "lower is better"
        return [("scope", spec["scope"]), ("direction", better), ("unit", "percent" if spec["percent"] else "rank")]
    if kind == "dataset" and spec:
        return [
            ("languages", f"{spec['source_lang']} -> {', '.join(spec['target_langs'])}"),
            ("if asked for", ", ".join(spec["more_langs"])),
            ("test sets", ", ".join(test["id"] for test in spec["test_sets"])),
            ("recipes", ", ".join(spec["recipes"])),
            ("protocol", spec["protocol"]),
            ("encoder", spec["encoder"]),
            ("corpus", spec["corpus"]),
            ("images", ", ".join(spec["image_sources"])),
            ("citation", spec["citation"]),
        ]
    return []


def _settings_table(settings: Sequence[SettingInfo]) -> list[str]:
    rows = []
    for s in settings:
        kind = ", ".join(filter(None, (s.type.replace(" or nothing", " or null"), s.unit)))
        rows.append((s.name, "required" if s.required else _value(s.default), f"{s.help} ({kind})"))
    return ["  " + line.replace("\n", "\n  ") for line in _table(rows, _width() - 2)]


def _provided(provides: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in provides.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, default=str, ensure_ascii=False)


def _table(rows: Sequence[tuple[str, ...]], width: int | None = None) -> list[str]:
    """Rows aligned in columns; the last column is wrapped where the terminal ends."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    indent = sum(w + 2 for w in widths[:-1])
    lines = []
    for row in rows:
        start = "".join(cell.ljust(w + 2) for cell, w in zip(row[:-1], widths[:-1], strict=True))
        room = max(24, (width or _width()) - indent)
        wrapped = textwrap.wrap(row[-1], room, break_on_hyphens=False, break_long_words=False) or [""]
        lines.append((start + ("\n" + " " * indent).join(wrapped)).rstrip())
    return lines


def _wrapped(facts: Iterable[tuple[str, str]]) -> list[str]:
    return ["  " + line.replace("\n", "\n  ") for line in _table([*facts], _width() - 2)]


def _width() -> int:
    return min(120, shutil.get_terminal_size((100, 24)).columns)
