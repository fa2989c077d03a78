"""How one plugin is found and loaded alone: every check here raises CcrError about that plugin and touches no other."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import inspect
import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from ccr import hookspecs
from ccr.errors import CcrError, nearest
from ccr.registry import KINDS, Key, check_spec
from ccr.settings import Faults
from ccr.specs import API, Spec

GROUP = "ccr"  # of entry points
HOOKS = {name: value for name, value in vars(hookspecs).items() if name.startswith("ccr_")}


def installed() -> list[tuple[EntryPoint, Distribution]]:
    """Entry points of the group with their distributions, the shipped ones first.

    A damaged distribution anywhere on sys.path costs a warning, not the other plugins.
    """
    found: dict[str, list[tuple[EntryPoint, Distribution]]] = {}
    for distribution in importlib.metadata.distributions():
        try:
            if f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or ""):
                entries = [(entry, distribution) for entry in distribution.entry_points.select(group=GROUP)]
                found.setdefault(normal_name(distribution), entries)  # the first on sys.path is the one in force
        except Exception as error:
            place = getattr(distribution, "_path", distribution)
            warnings.warn(f"{place}: its entry points cannot be read: {why(error)}", stacklevel=2)
    return [pair for name in sorted(found, key=lambda name: (name != "ccr", name)) for pair in found[name]]


def normal_name(distribution: Distribution) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()


def load_entry(entry: EntryPoint) -> Any:
    """The plugin object of an entry point. Raises CcrError where it cannot be imported or has another API."""
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:
        raise CcrError(f"cannot be imported: {why(error)}") from error
    check_api(getattr(plugin, "CCR_API", None), entry.value.partition(":")[0])
    return plugin


def load_file(path: Path) -> ModuleType:
    """Import a single file under a name of its own, once. Raises whatever the file raises, or CcrError."""
    name = f"ccr_file_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CcrError(f"{path} is no Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        check_api(getattr(module, "CCR_API", API), path.name)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def check_api(api: Any, module: str) -> None:
    """Raises CcrError unless `api` is the version of this contract."""
    if api is None:
        raise CcrError(f"{module} declares no CCR_API; add `CCR_API = {API}` to it (see docs/contract.md)")
    if api != API or isinstance(api, bool):
        raise CcrError(
            f"{module} is written for API {api!r} of the plugin contract, and this ccr has API {API}: "
            "install versions that match"
        )


def check_hooks(plugin: Any, manager: pluggy.PluginManager) -> None:
    """Raises CcrError for a hook that would be overlooked or fail late: misspelt, unmarked, with other arguments."""
    for name in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        value: Any = getattr(plugin, name, None)
        if options is None:
            if name.startswith("ccr_") and inspect.isroutine(value) and (name in HOOKS or nearest(name, HOOKS)):
                remedy = "; put @ccr.hookimpl above it" if name in HOOKS else nearest(name, HOOKS)
                raise CcrError(f"{name} is {'not marked as a hook' if name in HOOKS else 'no hook'}{remedy}")
            continue
        hook = options["specname"] or name
        if hook not in HOOKS:
            raise CcrError(f"{hook} is no hook{nearest(hook, HOOKS) or '; known: ' + ', '.join(HOOKS)}")
        wanted, given = (list(inspect.signature(function).parameters) for function in (HOOKS[hook], value))
        if set(given) - set(wanted):
            raise CcrError(f"{hook} takes ({', '.join(wanted)}), not ({', '.join(given)})")
        if options["wrapper"] or options["hookwrapper"]:
            raise CcrError(f"{hook} is a wrapper; a plugin speaks for itself alone")


def registered_specs(plugin: str, manager: pluggy.PluginManager) -> dict[Key, Spec]:
    """What a plugin's registration hooks return. Raises CcrError for anything that is no sound spec."""
    specs: dict[Key, Spec] = {}
    for kind, wanted in KINDS.items():
        hook = f"ccr_register_{kind}s"
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin_name != plugin:
                continue
            try:
                returned: list[Any] = list(implementation.function())
            except (Exception, SystemExit) as error:
                raise CcrError(f"{hook} raised {why(error)}; it must return {wanted.__name__} records") from error
            for spec in returned:
                if not isinstance(spec, wanted):
                    raise CcrError(f"{hook} must return {wanted.__name__} records, not {type(spec).__name__}")
                faults = Faults(f'{wanted.__name__} "{spec.name}"')
                check_spec(spec, faults)
                faults.check()
                if (kind, spec.name) in specs:
                    raise CcrError(f'{hook} returns the {kind} "{spec.name}" twice')
                specs[kind, spec.name] = spec
    return specs


def why(error: BaseException, extras: Sequence[str] = (), distribution: str = "") -> str:
    """An exception in one line: 'NameError: name "x" is not defined (mine.py:12)'."""
    if isinstance(error, CcrError):
        return str(error)
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
    frames = [f for f in frames if f.filename not in (__file__, _HOST)]
    if frames and not isinstance(error, SyntaxError):  # which names its own place
        text += f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
    if isinstance(error, ImportError) and extras:
        text += f"; pip install '{distribution}[{','.join(extras)}]'"
    return text


_HOST = str(Path(__file__).with_name("host.py"))
