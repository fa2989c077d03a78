"""YAML as people mean it: `no` is Norwegian, `1e-4` is a number, a key that stands twice is a fault.

The scalars are those of YAML 1.2's core schema, so the only booleans are true and false, and dates stay text. A
document remembers the line of every key, and collects its faults instead of stopping at the first one, so that
whoever reads it can add its own and tell all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen

from ccr.errors import CcrError

KeyPath = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_BOOLEAN = re.compile("true|True|TRUE|false|False|FALSE")
_NULL = re.compile("~|null|Null|NULL|")


class _Loader(yaml.SafeLoader):
    """Composes nodes; the scalars of YAML 1.1 (`no`, `on`, `1:30`, dates) are unknown to it."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own protocol)


for _name, _pattern, _first in (
    ("bool", _BOOLEAN, "tTfF"),
    ("int", _INTEGER, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", _NULL, ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(f"(?:{_pattern.pattern})$"), list(_first))  # type: ignore[no-untyped-call]


@frozen
class Document:
    """The content of one file, where its keys stand, and what is wrong with it."""

    where: str
    data: Any
    lines: dict[KeyPath, int]
    faults: list[str] = field(factory=list)

    def at(self, path: KeyPath = ()) -> str:
        """'file:line' of a key, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.where}:{self.lines.get(path, 1)}"

    def check(self) -> None:
        """Raises CcrError with all faults, one line each."""
        if self.faults:
            raise CcrError("\n".join(self.faults))


def read(path: Path) -> Document:
    """Read a UTF-8 file. Raises CcrError where it cannot be read or is no YAML; other faults are in the document."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CcrError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CcrError(f"{path}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Document:
    """As `read`, from text; `where` is what messages call it."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise CcrError(f"{where}:{mark.line + 1 if mark else 1}: is not YAML: {what}") from error
    except yaml.YAMLError as error:  # control characters: no mark, only a position
        raise CcrError(f"{where}: is not YAML: {' '.join(str(error).split())}") from error
    document = Document(where, None, {})
    if node is None:
        return document
    data = _Construction(document).value(node, ())
    return Document(where, data, document.lines, document.faults)


def parse_value(text: str, where: str) -> Any:
    """A value from the command line: `3`, `1e-4`, `true`, `no` (text), `[a, b]`. Raises CcrError."""
    document = parse(text, where)
    document.check()
    return document.data


class _Construction:
    """Turns nodes into values; faults go to the document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.open: set[int] = set()  # nodes being built: an alias to one of them would never end

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in self.open:
            return self.fault(node, "contains itself")
        self.open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
                return dict(self.pairs(node, path))
            if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
                return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]
            if isinstance(node, yaml.ScalarNode):
                return self.scalar(node)
            return self.fault(node, f"the tag {node.tag} is not allowed")
        finally:
            self.open.discard(id(node))

    def pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self.scalar(key_node) if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                shown = repr(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "here"
                self.fault(key_node, f"the key {shown} is not text; put it in quotes")
            elif key in seen:
                self.fault(key_node, f"the key {key!r} stands twice, first in line {seen[key]}")
            else:
                below = (*path, key)
                seen[key] = self.document.lines[below] = line
                yield key, self.value(value_node, below)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        text, kind = node.value, node.tag.removeprefix(_TAG)
        if kind == "str":
            return text
        if kind == "null" and _NULL.fullmatch(text):
            return None
        if kind == "bool" and _BOOLEAN.fullmatch(text):
            return text.lower() == "true"
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        if kind == "float" and _FLOAT.fullmatch(text):
            return float(re.sub(r"\.(inf|nan)$", r"\1", text.lower()))
        return self.fault(node, f"the tag {node.tag} does not fit {text!r}")

    def fault(self, node: yaml.Node, what: str) -> None:
        self.document.faults.append(f"{self.document.where}:{node.start_mark.line + 1}: {what}")
