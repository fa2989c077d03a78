"""Editing a registry.yaml as text: an entry comes or goes, and everything else, comments too, stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from ccr import yamlstrict
from ccr.errors import CcrError
from ccr.files import replacing
from ccr.host import Host
from ccr.registry import shipped_registry

NEW = "# Plugins of this folder, laid over those that are installed (docs/contract.md, registry.yaml).\nplugins:\n"


@frozen
class Entry:
    """One entry and the lines that it takes, `first` to before `end`, counted from 0."""

    values: Mapping[str, Any]
    first: int
    end: int


class RegistryFile:
    """The registry.yaml of a folder, there or not. Raises CcrError where it cannot be edited."""

    def __init__(self, path: Path) -> None:
        if path.exists() and path.resolve() == shipped_registry().resolve():
            raise CcrError(
                f"{path} is the catalogue that ships with ccr: work in another folder, or name a file with --registry"
            )
        self.path = path
        self.text = path.read_text(encoding="utf-8-sig") if path.exists() else NEW
        yamlstrict.parse(self.text, str(path)).check()
        self.lines = self.text.splitlines(keepends=True)
        if self.lines and not self.lines[-1].endswith("\n"):
            self.lines[-1] += "\n"
        self._indent, self._after = "  ", len(self.lines)
        self.entries = self._entries()

    def _entries(self) -> list[Entry]:
        root = yaml.compose(self.text, Loader=yaml.SafeLoader)
        found = [value for key, value in root.value if key.value == "plugins"] if root else []
        if not found:
            self.lines.append("plugins:\n")
            self._after = len(self.lines)
            return []
        (plugins,) = found
        if not isinstance(plugins, yaml.SequenceNode):  # nothing
            self._after = plugins.start_mark.line + 1
            return []
        if plugins.flow_style:
            if plugins.value:
                raise CcrError(
                    f"{self.path}: write its entries one below the other, each after a dash, to have it edited"
                )
            line = plugins.start_mark.line
            self.lines[line] = re.sub(r"\[\s*\]", "", self.lines[line]).replace(": \n", ":\n")
            self._after = line + 1
            return []
        self._indent = " " * plugins.start_mark.column
        data = yamlstrict.parse(self.text, str(self.path)).data["plugins"]
        entries = [
            Entry(values, node.start_mark.line, _last_line(node) + 1)
            for values, node in zip(data, plugins.value, strict=True)
        ]
        self._after = entries[-1].end
        return entries

    def add(self, values: Mapping[str, Any]) -> None:
        """An entry behind the others."""
        block = yaml.safe_dump([dict(values)], sort_keys=False, allow_unicode=True, width=110)
        self.lines[self._after : self._after] = [self._indent + line for line in block.splitlines(keepends=True)]
        self._after += block.count("\n")

    def remove(self, wanted: Callable[[Mapping[str, Any]], bool]) -> list[Mapping[str, Any]]:
        """The entries that went. Only once, and before anything is added."""
        gone = [entry for entry in self.entries if wanted(entry.values)]
        for entry in reversed(gone):
            del self.lines[entry.first : entry.end]
            self._after -= entry.end - entry.first
        return [entry.values for entry in gone]

    def save(self, expect: tuple[str, str] | None = None) -> Host:
        """Write it, whole or not at all, and give the host that it makes.

        Raises CcrError where it would be faulty, or would not give `expect`, a kind and a name.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as temporary:
            temporary.write_text("".join(self.lines), encoding="utf-8")
            try:
                host = Host.load(temporary)
                if expect:
                    host.spec(*expect)
            except CcrError as error:
                raise CcrError(str(error).replace(str(temporary), str(self.path))) from None
        return host


def _last_line(node: yaml.Node) -> int:
    """The last line that a node's own text stands on; a block's end mark is behind the comments that follow it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return max(_last_line(part) for pair in node.value for part in pair)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return max(_last_line(part) for part in node.value)
    end = node.end_mark
    return end.line if end.column or end.line == node.start_mark.line else end.line - 1
