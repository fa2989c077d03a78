"""What ships: the wheel is the tree, it works outside of it, and the house's imports point one way."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import ccr

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").is_file())


def tree() -> dict[str, Path]:
    """Path in the wheel -> file of the tree."""
    files = {"ccr/registry.yaml": ROOT / "registry.yaml"}
    for base, folder in ((ROOT, ROOT / "ccr"), (ROOT / "plugins", ROOT / "plugins")):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[path.relative_to(base).as_posix()] = path
    return files


def build(target: str, source: Path, out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_wheel_is_the_tree(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
        assert any(name.endswith("licenses/docs/LICENSE") for name in archive.namelist())
    files = tree()
    assert sorted(shipped) == sorted(files)
    assert [name for name, path in files.items() if path.read_bytes() != shipped[name]] == []
    assert any(name.endswith(".safetensors") for name in shipped), "the weights of the embedded encoder"


def test_the_source_archive_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", ROOT, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = build("wheel", source, tmp_path / "wheel")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        assert [name for name in one.namelist() if one.read(name) != other.read(name)] == []


def test_the_wheel_finds_everything_outside_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # -S would hide the dependencies; the folder stands before any other installation of ccr
    env = {**os.environ, "PYTHONPATH": str(site)}
    script = "import ccr.registry, sys; print(ccr.registry.shipped_registry()); from ccr.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "plugins", "list", "--json"],
        cwd=elsewhere,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    registry, _, listing = done.stdout.partition("\n")
    assert registry == str(site / "ccr" / "registry.yaml")
    plugins = {info["name"]: info for info in json.loads(listing)}
    assert sorted(plugins) == PLUGINS
    assert {info["error"] for info in plugins.values()} == {""}
    assert {info["origin"] for info in plugins.values()} == {"shipped"}
    assert "ccr = ccr.cli:main" in next(site.glob("*.dist-info/entry_points.txt")).read_text()


def test_nothing_ignored_is_part_of_the_package() -> None:
    """An unanchored `data/` or `*.safetensors` in .gitignore would silently empty the wheel."""
    for line in (ROOT / ".gitignore").read_text().splitlines():
        assert line.startswith("/") or line in {"__pycache__/", "*.egg-info/"}, line


def imports(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(module, names) of every import statement, those inside of functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", tuple(alias.name for alias in node.names)


def test_the_harness_knows_no_plugin() -> None:
    for path in (ROOT / "ccr").rglob("*.py"):
        for module, _ in imports(path):
            assert module.split(".")[0] not in {*PLUGINS, "plugins"}, f"{path} imports {module}"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugins_import_public_names_alone(plugin: str) -> None:
    for path in (ROOT / "plugins" / plugin).rglob("*.py"):
        for module, names in imports(path):
            head = module.split(".")[0]
            assert head == plugin or head not in PLUGINS, f"{path} imports another plugin, {module}"
            if head == "ccr":
                assert module == "ccr", f"{path} imports {module}; the public names are those of ccr itself"
                assert set(names) <= set(ccr.__all__), f"{path} imports {set(names) - set(ccr.__all__)}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ccr":
                assert node.attr in ccr.__all__, f"{path}:{node.lineno} uses ccr.{node.attr}"


def test_every_plugin_has_an_entry_point() -> None:
    section = (ROOT / "pyproject.toml").read_text().partition("[project.entry-points.ccr]\n")[2].partition("\n\n")[0]
    assert sorted(line.partition(" = ")[0] for line in section.splitlines()) == PLUGINS


LAYERS = {
    **dict.fromkeys(("cli", "__main__"), 7),
    **dict.fromkeys(("bench", "grid", "pipeline", "probes", "testing"), 6),
    **dict.fromkeys(("results", "evaluation", "training"), 5),
    **dict.fromkeys(("protocols", "translation"), 4),
    **dict.fromkeys(("features", "data"), 3),
    **dict.fromkeys(("host", "loading", "registry", "config"), 2),
    **dict.fromkeys(
        (
            "specs",
            "base",
            "metric",
            "hookspecs",
            "errors",
            "langs",
            "settings",
            "yamlstrict",
            "files",
            "progress",
            "nn",
            "methods",
            "hub",
            "world",
        ),
        1,
    ),
}


def test_arrows_point_down() -> None:
    """cli -> pipeline -> results, evaluation, training -> protocols -> features, data -> host -> specs"""
    for path in (ROOT / "ccr").rglob("*.py"):
        part = path.relative_to(ROOT / "ccr").parts[0].removesuffix(".py")
        if part == "__init__":
            continue  # the public names
        assert part in LAYERS, f"{path} has no place in the order of layers"
        for module, names in imports(path):
            for target in [module, *(f"{module}.{name}" for name in names if module == "ccr")]:
                head = target.split(".")[1] if target.startswith("ccr.") else ""
                if head in LAYERS and not _for_types(path, target):
                    assert LAYERS[head] <= LAYERS[part], f"{path} imports {target}"


def _for_types(path: Path, module: str) -> bool:
    """Whether a module is imported under TYPE_CHECKING alone."""
    found = ast.parse(path.read_text(encoding="utf-8"))
    guards = [n for n in ast.walk(found) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    guarded = [n.module for guard in guards for n in ast.walk(guard) if isinstance(n, ast.ImportFrom)]
    everywhere = [n.module for n in ast.walk(found) if isinstance(n, ast.ImportFrom)]
    return everywhere.count(module) == guarded.count(module) > 0
