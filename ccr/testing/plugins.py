"""Checks of a plugin as a whole: it is found, it is light, its specs lead to what they promise, its settings hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import yaml
from attrs import field, frozen

from ccr import yamlstrict
from ccr.errors import CcrError
from ccr.host import Host, PluginInfo
from ccr.registry import class_of
from ccr.settings import describe_settings, make_settings, settings_values
from ccr.testing.checks import Failed, NotApplicable, check
from ccr.testing.subjects import Subject


@frozen
class Bench:
    """A plugin under test."""

    host: Host
    subject: Subject
    info: PluginInfo = field(init=False)

    @info.default
    def _find(self) -> PluginInfo:
        return next(info for info in self.host.plugins if info.name == self.subject.name)

    def specs(self) -> Iterator[tuple[str, Any]]:
        """(title, spec) of all that it provides."""
        if self.info.status != "ok":
            raise NotApplicable("the plugin provides nothing before it registers")
        for kind, names in self.info.provides.items():
            for name in names:
                yield f'{kind} "{name}"', self.host.spec(kind, name)

    def settings(self) -> Iterator[tuple[str, Any, type]]:
        """(title, spec, settings class) of all that it provides with settings of its own."""
        for title, spec in self.specs():
            reference = getattr(spec, "settings", "")
            if reference and reference != "ccr.specs:NoSettings" and not getattr(spec, "alias", ""):
                yield title, spec, self.host.resolve(reference)


@check("plugin", "see docs/contract.md, 'When something is wrong with a plugin'")
def registers(bench: Bench) -> None:
    """The plugin is found, fits the contract, and shares no name with another one."""
    if bench.info.status != "ok":
        raise Failed(bench.info.error)


@check("plugin", "import torch and its like in the module that a factory names, not in the one that registers")
def registers_lightly(bench: Bench) -> None:
    """Registering imports nothing heavy."""
    if bench.info.origin == "file":
        raise NotApplicable("a single file is imported only by the run that uses it")
    if bench.info.status != "ok":
        raise NotApplicable("the plugin does not register")
    command = [sys.executable, "-m", "ccr.testing.light", bench.info.name]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    heavy = json.loads(done.stdout.splitlines()[-1])
    if heavy:
        raise Failed(f"registering imports {', '.join(heavy)}")


@check(
    "plugin", "factory is 'package.module:Class', the class derives from the ccr class of its kind; summary is a line"
)
def factories(bench: Bench) -> None:
    """Every factory leads to a class of its kind, and every spec says in a line what it is."""
    for title, spec in bench.specs():
        kind = title.split()[0]
        if not getattr(spec, "alias", ""):
            made, wanted = bench.host.resolve(spec.factory), class_of(kind)
            if not (isinstance(made, type) and issubclass(made, wanted)):
                raise Failed(f"{title}: {spec.factory} is no ccr.{wanted.__name__}")
        if not spec.summary:
            raise Failed(f"{title} has no summary")


@check("plugin", "annotate settings with plain types and give each ccr.setting(default, 'What it is.')")
def settings(bench: Bench) -> None:
    """Settings survive YAML, have a help text, and refuse an unknown key; so do ablations and recipes."""
    checked = False
    for title, spec, cls in bench.settings():
        checked = True
        silent = [s.name for s in describe_settings(cls) if not s.help]
        if silent:
            raise Failed(f"{title}: the setting {silent[0]} says nothing about itself")
        given = {"default": {}, **getattr(spec, "ablations", {})}
        given |= {name: recipe.dataset_settings for name, recipe in getattr(spec, "recipes", {}).items()}
        for row, values in given.items():
            made: Any = make_settings(cls, values, f"{title}, {row}")
            text = yaml.safe_dump(settings_values(made), allow_unicode=True)
            again: Any = make_settings(
                cls, yamlstrict.parse_value(text, f"{title}, {row}"), f"{title}, {row}, from YAML"
            )
            if again != made:
                changed = [a.name for a in attrs.fields(cls) if getattr(made, a.name) != getattr(again, a.name)]
                raise Failed(f"{title}, {row}: {', '.join(changed) or 'a setting'} is not the same after YAML")
        try:
            make_settings(cls, {"no_such_setting": 1}, title)
        except CcrError:
            continue
        raise Failed(f"{title} takes a setting that it does not have, no_such_setting")
    if not checked:
        raise NotApplicable("nothing of it has settings")
