"""Writes docs/reference.md: every command with its options, every shipped plugin with its settings, every recipe.

    python docs/reference.py

A test fails when the page is not what this gives. Local plugins and a registry.yaml of the working directory are left
out: the page is the same on every machine.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from ccr.cli import COMMANDS, main
from ccr.host import Host
from ccr.registry import KINDS
from ccr.settings import SettingInfo, describe_settings, settings_values
from ccr.specs import Recipe

PAGE = Path(__file__).with_name("reference.md")
HEAD = """# Reference of commands and settings

Written by `python docs/reference.py` from the code; do not edit. `ccr COMMAND --help` and `ccr plugins show NAME` print
the same.
"""


def page() -> str:
    """The whole page."""
    with tempfile.TemporaryDirectory() as empty:
        registry = Path(empty) / "registry.yaml"
        registry.write_text("plugins: []\n", encoding="utf-8")
        host = Host.load(registry)
    parts = [HEAD, "## Commands\n", *_commands()]
    for kind in KINDS:
        parts += [f"## {kind.capitalize()}s\n", *_kind(host, kind)]
    observers = [p for p in host.plugins if p.origin == "shipped" and not p.provides]
    if observers:
        parts += ["## Observers\n", *(f"- `{p.name}`: {p.summary}{_extras(p.extras)}" for p in observers), ""]
    parts += ["## Recipes\n", *_recipes(host)]
    return "\n".join(parts).rstrip("\n") + "\n"


def _commands() -> Iterator[str]:
    with click.Context(main, info_name="ccr") as root:
        for name in COMMANDS:
            command = main.get_command(root, name)
            assert command is not None
            yield from _command(command, root, name)


def _command(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"### {context.command_path}\n"
    yield f"    {context.command_path} {usage}\n"
    # click's own marks (\\b: leave the lines as they are) are no part of the text
    yield "\n".join(line.strip() for line in (command.help or "").replace("\b", "").splitlines()).strip() + "\n"
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _command(found, context, below)
        return
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    yield from _table(("option", ""), [(_option(option, context), option.help or "") for option in options])


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    metavar = "" if option.is_flag or option.count else " " + option.make_metavar(context)
    return f"`{names}{metavar}`" + (", repeatable" if option.multiple else "")


def _kind(host: Host, kind: str) -> Iterator[str]:
    for name, spec in host.specs(kind).items():
        owner = host.owner(kind, name)
        if owner.origin != "shipped":
            continue
        yield f"### {kind} `{name}`\n"
        facts = [spec.summary, f"plugin `{owner.name}`{_extras(owner.extras)}", getattr(spec, "paper", "")]
        if getattr(spec, "licence", ""):
            facts.append(f"licence {spec.licence}")
        yield "; ".join(filter(None, facts)) + ".\n"
        if kind == "metric":
            continue
        settings = describe_settings(host.resolve(spec.settings))
        title = (f"`--set {kind}.NAME=VALUE`", "type", "default", "unit", "")
        yield from _table(title, [_setting(setting) for setting in settings])
        if ablations := getattr(spec, "ablations", {}):
            yield "Ablations: " + "; ".join(f"{row} ({_pairs(values)})" for row, values in ablations.items()) + ".\n"


def _setting(setting: SettingInfo) -> tuple[str, ...]:
    default = "required" if setting.required else f"`{_value(setting.default)}`"
    return f"`{setting.name}`", setting.type, default, setting.unit, setting.help


def _recipes(host: Host) -> Iterator[str]:
    yield "Budgets and scales of a dataset, the same for all methods: `--recipe NAME`, `--set recipe.KEY=VALUE`. What a"
    yield "recipe leaves at its default is not listed with it.\n"
    plain = Recipe()
    described = [_setting(setting)[:3] for setting in describe_settings(Recipe)]
    yield from _table(("key", "type", "default"), described)
    rows = []
    for name, spec in host.specs("dataset").items():
        if host.owner("dataset", name).origin == "shipped":
            for title, recipe in spec.recipes.items():
                values = settings_values(recipe)
                differ = {key: value for key, value in values.items() if value != settings_values(plain)[key]}
                rows.append((f"`{name}`", f"`{title}`", _pairs(differ)))
    yield from _table(("dataset", "recipe", "settings"), rows)


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"`{key}={_value(value)}`" for key, value in values.items())


def _value(value: Any) -> str:
    if attrs.has(type(value)):
        value = settings_values(value)
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)


def _extras(extras: Sequence[str]) -> str:
    return f" (`pip install 'ccr[{','.join(extras)}]'`)" if extras else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table and an empty line; nothing where there are no rows."""
    lines = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    if lines:
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        yield from ("| " + " | ".join(row) + " |" for row in lines)
        yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
