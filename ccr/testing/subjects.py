"""What is checked, and what a check says. Imports no torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from attrs import frozen

from ccr.errors import CcrError, nearest
from ccr.host import Host
from ccr.registry import KINDS

SENTENCES = (
    "A dog runs through the snow.",
    "Two children are playing with a red ball.",
    "A woman reads.",
    "An old man sells fruit at the market.",
    "The man on the left holds a green umbrella, and it rains.",
)
"""English sentences that translators are tried with, and encoders beside the captions of the world."""


@frozen
class Subject:
    """One thing to check: a plugin as a whole (kind "plugin"), or one spec of it."""

    kind: str
    name: str
    argument: str = ""  # of an encoder or a translator; the files of a dataset

    @property
    def title(self) -> str:
        return self.name + (self.argument and f":{self.argument}")


@frozen(kw_only=True)
class Outcome:
    """One line: what one check found of one subject."""

    kind: str
    name: str  # with its argument
    check: str
    status: Literal["pass", "fail", "not applicable"]
    message: str = ""  # what is wrong, or why it is not applicable
    mend: str = ""  # how a failure is mended
    seconds: float = 0.0


def find_subjects(host: Host, reference: str, kind: str | None = None) -> list[Subject]:
    """What NAME[:ARGUMENT] stands for: a plugin with all that it provides, or what is provided under that name.

    The plugin itself is the first: what is wrong with it explains the rest. Raises CcrError for unknown names.
    """
    if kind is not None and kind not in KINDS:
        raise CcrError(f'"{kind}" is no kind of plugin{nearest(kind, KINDS)}; known: {", ".join(KINDS)}')
    name, _, argument = reference.partition(":")
    found: list[Subject] = []
    for info in host.plugins:
        named = info.name in (name, reference)
        provided = [(k, n) for k, names in info.provides.items() for n in names if k == (kind or k)]
        chosen = provided if named else [(k, n) for k, n in provided if n == name]
        if named or chosen:
            found.append(Subject("plugin", info.name))
        if info.status == "ok":
            found += [Subject(k, n, "" if named else absolute(argument)) for k, n in chosen]
    if not found:
        known = {info.name for info in host.plugins}
        known.update(n for info in host.plugins for names in info.provides.values() for n in names)
        what = f"{kind} of that name" if kind else "plugin"
        raise CcrError(f'no {what} is or provides "{name}"{nearest(name, known)}; see ccr plugins list')
    return found


def absolute(argument: str) -> str:
    """An argument whose paths are absolute: the kit works in a folder of its own."""
    return re.sub(r"[^@+]+", lambda m: str(Path(m[0]).absolute()) if Path(m[0]).exists() else m[0], argument)
