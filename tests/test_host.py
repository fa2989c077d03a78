"""The plugin host: a zoo of bad plugins, each of which costs nobody but itself."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import Install

import ccr
from ccr import hookspecs
from ccr.errors import CcrError
from ccr.host import Host, PluginInfo
from ccr.registry import KINDS, read_catalogue
from ccr.settings import describe_settings

SHIPPED = {path.parent.name for path in (Path(__file__).parents[1] / "plugins").glob("*/__init__.py")}

GOOD = """
    import ccr
    CCR_API = 1

    @ccr.hookimpl
    def ccr_register_methods():
        return [ccr.MethodSpec(name="{name}", factory="{module}:Mine", summary="A method")]

    class Mine:
        pass
"""


def good(module: str, name: str = "") -> str:
    return textwrap.dedent(GOOD.format(module=module, name=name or module))


def info(host: Host, name: str) -> PluginInfo:
    return next(plugin for plugin in host.plugins if plugin.name == name)


def assert_others_work(host: Host) -> None:
    shipped = {plugin.name: plugin for plugin in host.plugins if plugin.origin == "shipped"}
    assert set(shipped) == SHIPPED
    assert {name: plugin.error for name, plugin in shipped.items()} == dict.fromkeys(SHIPPED, "")
    assert host.spec("method", "neighbour").summary == "A method"


HEAD = "import ccr\nCCR_API = 1\n"
BAD = {
    "missing import": ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing' (bad.py:1)"),
    "syntax": ("def :", "SyntaxError: invalid syntax"),
    "raises": ("CCR_API = 1\n1 / 0", "cannot be imported: ZeroDivisionError: division by zero (bad.py:2)"),
    "exits": ("import sys\nsys.exit(3)", "cannot be imported: SystemExit: 3"),
    "no api": ("import ccr", "declares no CCR_API; add `CCR_API = 1` to it"),
    "api of the future": ("CCR_API = 2", "bad is written for API 2 of the plugin contract, and this ccr has API 1"),
    "api of another type": ("CCR_API = '1'", "bad is written for API '1'"),
    "api true": ("CCR_API = True", "bad is written for API True"),
    "misspelt hook": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_method(): return []",
        'ccr_register_method is no hook (did you mean "ccr_register_methods"?)',
    ),
    "misspelt and unmarked": (
        HEAD + "def ccr_registers_encoders(): return []",
        'ccr_registers_encoders is no hook (did you mean "ccr_register_encoders"?)',
    ),
    "unmarked": (HEAD + "def ccr_register_methods(): return []", "is not marked as a hook; put @ccr.hookimpl above it"),
    "marked, no hook at all": (HEAD + "@ccr.hookimpl\ndef zzz(): return []", "zzz is no hook; known: ccr_register_enc"),
    "other arguments": (
        HEAD + "@ccr.hookimpl\ndef ccr_run_started(run, config): pass",
        "ccr_run_started takes (run), not (run, config)",
    ),
    "wrapper": (HEAD + "@ccr.hookimpl(wrapper=True)\ndef ccr_run_started(run): yield", "is a wrapper"),
    "returns nothing": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_methods(): pass",
        "ccr_register_methods raised TypeError: 'NoneType' object is not iterable; it must return MethodSpec records",
    ),
    "returns no spec": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_methods(): return ['mine']",
        "ccr_register_methods must return MethodSpec records, not str",
    ),
    "returns a spec of another kind": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_methods(): return [ccr.EncoderSpec(name='a', factory='b:c')]",
        "ccr_register_methods must return MethodSpec records, not EncoderSpec",
    ),
    "fails half-way": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_methods():\n yield ccr.MethodSpec(name='half', factory='a:B')\n 1 / 0",
        "ZeroDivisionError: division by zero (bad.py:6)",
    ),
    "twice": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_methods():\n return [ccr.MethodSpec(name='half', factory='a:B')] * 2",
        'returns the method "half" twice',
    ),
    "field of another type": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_methods():\n"
        " return [ccr.MethodSpec(name='half', factory='a:B', version='1')]",
        'MethodSpec "half": version must be an integer, not "1"',
    ),
    "test set of another type": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_datasets():\n"
        " return [ccr.DatasetSpec(name='d', factory='a:B', test_sets=(ccr.TestSet(id='t', langs='de'),))]",
        'DatasetSpec "d": test_sets.0.langs must be a list of text, not "de"',
    ),
    "factory is no reference": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_methods():\n return [ccr.MethodSpec(name='half', factory='a.B')]",
        'factory must be "package.module:Object", not "a.B"',
    ),
    "name with a colon": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_encoders():\n return [ccr.EncoderSpec(name='a:b', factory='a:B')]",
        "name must be text without colons",
    ),
    "encoder without factory": (
        HEAD + "@ccr.hookimpl\ndef ccr_register_encoders():\n return [ccr.EncoderSpec(name='a')]",
        "needs a factory or an alias, and not both",
    ),
    "attribute that bites": (
        HEAD + "class Bites:\n    def __getattribute__(self, name): raise RuntimeError('bitten')\n"
        "def __dir__(): return ['x']\ndef __getattr__(name): raise RuntimeError('bitten')",
        "RuntimeError: bitten",
    ),
}


@pytest.mark.parametrize(("source", "sentence"), BAD.values(), ids=BAD.keys())
def test_a_bad_plugin_costs_only_itself(install: Install, source: str, sentence: str) -> None:
    install("bad", source)
    install("neighbour", good("neighbour"))
    host = Host.load()
    plugin = info(host, "bad")
    assert plugin.status == "broken"
    assert sentence in plugin.error
    assert "\n" not in plugin.error
    assert "half" not in host.specs("method"), "all of a plugin's names or none"
    assert_others_work(host)


def test_a_damaged_distribution_is_passed_over(install: Install, tmp_path: Path) -> None:
    install("neighbour", good("neighbour"))
    damaged = tmp_path / "site" / "damaged-1.dist-info"
    damaged.mkdir()
    (damaged / "METADATA").write_text("Metadata-Version: 2.1\nName: damaged\nVersion: 1\n")
    (damaged / "entry_points.txt").write_bytes(b"[ccr]\nx = \xff\xfe\n")
    with pytest.warns(UserWarning, match=r"damaged-1\.dist-info: its entry points cannot be read"):
        host = Host.load()
    assert_others_work(host)


def test_two_owners_of_one_name(install: Install) -> None:
    install("aaa", good("aaa", "same"))
    install("neighbour", good("neighbour"))
    both = good("zzz", "same") + textwrap.dedent("""
        @ccr.hookimpl
        def ccr_register_translators():
            return [ccr.TranslatorSpec(name="mine", factory="zzz:Mine")]

        @ccr.hookimpl
        def ccr_run_started(run):
            run.append("zzz")
        """)
    install("zzz", both)
    host = Host.load()
    sentence = 'method "same" has 2 owners, aaa (aaa 1.0) and zzz (zzz 1.0): switch one off in registry.yaml'
    with pytest.raises(CcrError) as caught:
        host.spec("method", "same")
    assert str(caught.value).startswith(sentence)
    with pytest.raises(CcrError, match="which gets no name at all: method") as caught:
        host.spec("translator", "mine")
    assert sentence in str(caught.value)
    assert {info(host, name).status for name in ("aaa", "zzz")} == {"conflict"}
    assert_others_work(host)
    seen: list[str] = []
    host.notify("ccr_run_started", run=seen)
    assert seen == [], "a plugin that got none of its names does not observe either"

    # what the sentence advises works
    advice = str(caught.value).rpartition("(")[2].rstrip(")")
    Path("registry.yaml").write_text("plugins:\n" + advice.replace(", enabled", "\n  enabled"))
    host = Host.load()
    assert host.spec("method", "same").factory == "aaa:Mine"
    assert info(host, "zzz").status == "off"
    with pytest.raises(CcrError, match="no translator is named"):
        host.spec("translator", "mine")


def test_the_earlier_owner_keeps_its_other_names(install: Install) -> None:
    install("stranger", good("stranger", "dasd"))
    host = Host.load()
    with pytest.raises(CcrError, match=r"dasd.* has 2 owners, ccr_dasd \(ccr .*\) and stranger \(stranger 1.0\)"):
        host.spec("method", "dasd")
    scenes = good("thief", "scenes").replace("MethodSpec", "DatasetSpec").replace("methods", "datasets")
    install("thief", scenes)
    host = Host.load()
    with pytest.raises(CcrError, match=r'dataset "scenes" has 2 owners'):
        host.spec("dataset", "scenes")
    assert host.spec("encoder", "scenes")
    assert host.spec("dataset", "scenes-corpus")


def test_three_owners_are_all_named(install: Install) -> None:
    for module in ("aaa", "bbb", "ccc"):
        install(module, good(module, "same"))
    with pytest.raises(CcrError, match=r"3 owners, aaa \(aaa 1.0\) and bbb \(bbb 1.0\) and ccc"):
        Host.load().spec("method", "same")


def test_two_packages_with_one_plugin_name(install: Install) -> None:
    install("aaa", good("aaa"), entry="plugin")
    install("bbb", good("bbb"), entry="plugin")
    host = Host.load()
    assert info(host, "plugin").status == "ok"
    assert info(host, "plugin (bbb 1.0)").error == "aaa 1.0 has a plugin of the name plugin, too; uninstall one"


def test_one_module_under_two_entry_points(install: Install) -> None:
    install("aaa", good("aaa"))
    install("bbb", "", value="aaa")
    host = Host.load()
    assert host.spec("method", "aaa")
    assert info(host, "bbb").status == "broken"


def test_the_same_distribution_twice_on_the_path(install: Install, tmp_path: Path) -> None:
    install("aaa", good("aaa"))
    install("aaa", good("aaa"), version="0.9")
    host = Host.load()
    assert host.spec("method", "aaa")
    assert info(host, "aaa").status == "ok"


def test_broken_plugin_tells_the_run_that_needs_it(install: Install) -> None:
    install("lost", "import no_such_thing")
    Path("registry.yaml").write_text(
        "plugins:\n- package: lost\n  provides: {method: [findme]}\n  extras: [all]\n  summary: S\n"
    )
    host = Host.load()
    with pytest.raises(CcrError) as caught:
        host.spec("method", "findme")
    assert str(caught.value) == (
        'method "findme" is of the plugin lost: cannot be imported: '
        "ModuleNotFoundError: No module named 'no_such_thing' (lost.py:1); pip install 'lost[all]'"
    )
    assert info(host, "lost").summary == "S"


def test_a_name_of_a_broken_plugin_is_free_for_others(install: Install) -> None:
    install("lost", "import no_such_thing")
    install("found", good("found", "findme"))
    Path("registry.yaml").write_text("plugins:\n- package: lost\n  provides: {method: [findme]}\n")
    assert Host.load().spec("method", "findme").factory == "found:Mine"


def test_a_plugin_that_is_described_and_not_installed(install: Install) -> None:
    Path("registry.yaml").write_text("plugins:\n- package: ghost\n  provides: {method: [boo]}\n")
    host = Host.load()
    assert info(host, "ghost").status == "broken"
    with pytest.raises(CcrError, match=r'"boo" is of the plugin ghost: is described in registry.yaml:2, and not inst'):
        host.spec("method", "boo")


def test_switched_off_plugin_is_not_imported(install: Install) -> None:
    install("loud", "raise RuntimeError('imported')")
    Path("registry.yaml").write_text(
        "plugins:\n- package: loud\n  enabled: false\n- package: ccr_dasd\n  enabled: false\n"
    )
    host = Host.load()
    assert info(host, "loud").error == "is switched off in registry.yaml:2; `ccr plugins add loud` switches it on"
    with pytest.raises(CcrError, match=r'method "dasd" is of the plugin ccr_dasd: is switched off in registry.yaml:4'):
        host.spec("method", "dasd")
    assert info(host, "ccr_dasd").summary, "the shipped description still holds"


def test_unknown_names(install: Install) -> None:
    install("neighbour", good("neighbour"))
    host = Host.load()
    with pytest.raises(CcrError, match=r'no method is named "neighbor" \(did you mean "neighbour"\?\); known: .*dasd'):
        host.spec("method", "neighbor")
    with pytest.raises(CcrError, match=r'"methods" is no kind of plugin \(did you mean "method"\?\)'):
        host.spec("methods", "x")


def test_resolve(install: Install) -> None:
    install("neighbour", good("neighbour"))
    host = Host.load()
    assert host.resolve("neighbour:Mine").__name__ == "Mine"
    assert host.owner("method", "neighbour").source == "neighbour 1.0"
    with pytest.raises(CcrError, match=r'neighbour has no "Mime" \(did you mean "Mine"\?\)'):
        host.resolve("neighbour:Mime")
    with pytest.raises(CcrError, match="no_such_module cannot be imported: ModuleNotFoundError"):
        host.resolve("no_such_module:X")
    install("late", good("late").replace("late:Mine", "late_missing:Mine"))
    host = Host.load()
    with pytest.raises(CcrError, match="plugin late: late_missing cannot be imported"):
        host.resolve(host.spec("method", "late").factory)


def test_a_deprecated_hook_warns_and_works(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/contract.md promises: by pluggy's own mark, for a hook and for one of its arguments."""
    install("neighbour", good("neighbour") + "\n@ccr.hookimpl\ndef ccr_run_started(run): run.append(1)\n")
    gone = DeprecationWarning("write ccr_register_ways instead")
    monkeypatch.setitem(hookspecs.ccr_register_methods.ccr_spec, "warn_on_impl", gone)  # type: ignore[attr-defined]
    argument = {"run": DeprecationWarning("run becomes folder")}
    monkeypatch.setitem(hookspecs.ccr_run_started.ccr_spec, "warn_on_impl_args", argument)  # type: ignore[attr-defined]
    with pytest.warns(DeprecationWarning, match="instead|becomes") as caught:
        host = Host.load()
    assert {"write ccr_register_ways instead", "run becomes folder"} <= {str(w.message) for w in caught}
    seen: list[int] = []
    host.notify("ccr_run_started", run=seen)
    assert seen == [1]
    assert_others_work(host)


def test_observers_warn_and_never_kill(install: Install) -> None:
    observer = HEAD + textwrap.dedent("""
        @ccr.hookimpl
        def ccr_step_logged(step, values):
            {body}
        """)
    install("aaa", observer.format(body="raise ValueError('boo')"))
    install("bbb", observer.format(body="values['bbb'] = step"))
    install("ccc", observer.format(body="raise SystemExit(1)"))
    host = Host.load()
    values: dict[str, float] = {}
    with pytest.warns(UserWarning, match=r"plugin (aaa|ccc): ccr_step_logged: ") as caught:
        host.notify("ccr_step_logged", run=None, phase="align", step=7, values=values)
    assert values == {"bbb": 7}
    warned = {str(w.message).split(":")[0] for w in caught}  # shipped observers that want a run may be among them
    assert warned & {"plugin aaa", "plugin bbb", "plugin ccc"} == {"plugin aaa", "plugin ccc"}
    host.notify("ccr_run_started", run=None)


# --- registry.yaml ---------------------------------------------------------------------------------------------------

FILE = """
import ccr
from attrs import frozen
from ccr import setting

@frozen
class Settings:
    hidden: int = setting(8, "Width.", unit="features")

class Mine:
    pass
"""
ENTRY = "plugins:\n- file: mine.py\n  kind: method\n  name: mine\n  object: Mine\n"


def test_single_file_plugin(install: Install, tmp_path: Path) -> None:
    Path("mine.py").write_text(FILE)
    Path("registry.yaml").write_text(
        ENTRY + "  settings: Settings\n  summary: My own\n  ablations: {narrow: {hidden: 4}}\n"
    )
    host = Host.load()
    spec = host.spec("method", "mine")
    assert (spec.summary, spec.ablations) == ("My own", {"narrow": {"hidden": 4}})
    assert info(host, "mine.py").origin == "file"
    assert not [name for name in sys.modules if name.startswith("ccr_file_mine")], "imported only when used"
    mine = host.resolve(spec.factory)
    assert mine is host.resolve(spec.factory)
    assert mine.__module__.startswith("ccr_file_mine_")
    described = describe_settings(host.resolve(spec.settings))
    assert [(s.name, s.default, s.help, s.unit) for s in described] == [("hidden", 8, "Width.", "features")]


def test_registry_flag_stands_in_for_the_local_one(install: Install, tmp_path: Path) -> None:
    Path("registry.yaml").write_text("plugins: [{package: ccr_dasd, enabled: false}]")
    other = tmp_path / "elsewhere" / "my.yaml"
    other.parent.mkdir()
    other.with_name("mine.py").write_text(FILE)
    other.write_text(ENTRY)
    host = Host.load(other)
    assert info(host, "ccr_dasd").status == "ok"
    assert host.resolve(host.spec("method", "mine").factory).__name__ == "Mine"
    with pytest.raises(CcrError, match=r"nowhere.yaml: cannot be read"):
        Host.load(tmp_path / "nowhere.yaml")


def test_alias_of_an_encoder(install: Install) -> None:
    Path("registry.yaml").write_text(
        "plugins:\n- kind: encoder\n  name: mini\n  alias: openclip:mini.json@mini.safetensors\n"
    )
    assert Host.load().spec("encoder", "mini").alias == "openclip:mini.json@mini.safetensors"


def test_file_faults_are_told_when_the_file_is_used(install: Install) -> None:
    Path("registry.yaml").write_text(ENTRY)
    with pytest.raises(CcrError, match=r'"mine" is of the plugin mine.py: .*mine.py, named in registry.yaml:2, does n'):
        Host.load().spec("method", "mine")
    for source, sentence in {
        "1 / 0": r"plugin mine.py: .*mine.py cannot be imported: ZeroDivisionError: .* \(mine.py:1\)",
        "CCR_API = 7": "is written for API 7",
        "class Mime: pass": 'has no "Mine" \\(did you mean "Mime"',
    }.items():
        Path("mine.py").write_text(source)
        host = Host.load()
        with pytest.raises(CcrError, match=sentence):
            host.resolve(host.spec("method", "mine").factory)
        for name in [name for name in sys.modules if name.startswith("ccr_file_mine")]:
            del sys.modules[name]


def test_file_against_a_shipped_name(install: Install) -> None:
    Path("mine.py").write_text(FILE)
    Path("registry.yaml").write_text(ENTRY.replace("name: mine", "name: dasd"))
    with pytest.raises(
        CcrError, match=r"dasd.*has 2 owners, ccr_dasd .* and mine.py \(registry.yaml:2\): .*enabled: f"
    ):
        Host.load().spec("method", "dasd")
    Path("registry.yaml").write_text(
        ENTRY.replace("name: mine", "name: dasd") + "- package: ccr_dasd\n  enabled: false\n"
    )
    assert Host.load().spec("method", "dasd").factory.endswith("mine.py:Mine")


def test_entry_of_a_file_that_is_off(install: Install) -> None:
    Path("mine.py").write_text(FILE)
    Path("registry.yaml").write_text(
        ENTRY + "  enabled: false\n- {file: mine.py, kind: translator, name: t, object: Mine}\n"
    )
    host = Host.load()
    assert host.spec("translator", "t")
    with pytest.raises(CcrError, match=r'method "mine" is switched off in registry.yaml:2'):
        host.spec("method", "mine")


def test_all_faults_of_a_registry_at_once(install: Install) -> None:
    Path("registry.yaml").write_text(
        textwrap.dedent("""\
        plugins:
        - package: ccr_dasd
          enabled: no
        - packag: x
        - package: y
          provides: {methods: [a]}
        - kind: metod
          file: a.py
          object: A
          name: a
        - kind: method
          name: a
        - kind: method
          file: a.py
          object: A
          name: "a:b"
          summry: x
          summary: y
          summary: z
        - kind: method
          file: a.py
          object: "A B"
          name: ok
        - just text
        """)
    )
    with pytest.raises(CcrError) as caught:
        Host.load()
    told = str(caught.value).splitlines()
    expected = {
        3: "enabled must be true or false",
        4: "an entry needs package:",
        6: "provides.methods is no kind",
        7: "kind must be one of",
        11: "a method of a file needs file:",
        17: 'summry is unknown (did you mean "summary"?)',
        19: "the key 'summary' stands twice",
        20: "factory must be",
        24: "an entry needs package:",
    }
    for line, words in expected.items():
        assert any(t.startswith(f"registry.yaml:{line}: ") and words in t for t in told), (line, words, told)
    assert len(told) == len(expected), told


@pytest.mark.parametrize("text", ["- a", "plugin: []", "plugins: {a: 1}", "3"])
def test_registry_of_another_shape(install: Install, text: str) -> None:
    Path("registry.yaml").write_text(text)
    with pytest.raises(CcrError, match=r"registry.yaml:1: must hold one key, plugins, with a list of entries"):
        Host.load()


def test_empty_registry(install: Install) -> None:
    Path("registry.yaml").write_text("# nothing yet\n")
    assert {p.status for p in Host.load().plugins} == {"ok"}


# --- what ships -------------------------------------------------------------------------------------------------------


def test_catalogue_entry_points_and_hooks_agree(install: Install) -> None:
    host, catalogue = Host.load(), read_catalogue()
    shipped = {plugin.name: plugin for plugin in host.plugins}
    assert set(shipped) == set(catalogue.packages) == SHIPPED
    for name, description in catalogue.packages.items():
        plugin = shipped[name]
        assert (plugin.status, plugin.api) == ("ok", description.api), plugin.error
        assert {kind: set(names) for kind, names in plugin.provides.items()} == {
            kind: set(names) for kind, names in description.provides.items()
        }
        assert description.summary
        assert description.licence
        for kind, names in description.provides.items():
            for provided in names:
                reference = getattr(host.spec(kind, provided), "settings", "")
                settings = describe_settings(host.resolve(reference)) if reference else []
                defaults = {s.name: list(s.default) if isinstance(s.default, tuple) else s.default for s in settings}
                assert description.defaults.get(kind, {}).get(provided, {}) == defaults, (kind, provided)
                assert all(s.help for s in settings), f"a setting of {provided} says nothing"


def test_every_hook_is_public_and_every_kind_has_one() -> None:
    hooks = {name for name, _ in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("ccr_")}
    assert {f"ccr_register_{kind}s" for kind in KINDS} == {name for name in hooks if "register" in name}
    assert set(ccr.__all__) <= set(dir(ccr)) | set(ccr._LAZY)


def test_listing_plugins_imports_nothing_heavy() -> None:
    script = (
        "import sys, json; from ccr.host import Host; Host.load();"
        "print(json.dumps([m for m in ('torch', 'open_clip', 'transformers', 'torchmetrics', 'numpy', 'scipy', 'PIL',"
        " 'lmdb') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_a_package_says_its_summary_and_licence_itself(install: Install, tmp_path: Path) -> None:
    install("mine", good("mine"))
    with (tmp_path / "site" / "mine-1.0.dist-info" / "METADATA").open("a") as file:
        file.write("Summary: My own\nLicense-Expression: MIT\n")
    found = info(Host.load(), "mine")
    assert (found.summary, found.licence) == ("My own", "MIT")
    Path("registry.yaml").write_text("plugins:\n- {package: mine, licence: BSD-3-Clause}\n- {package: mien}\n")
    host = Host.load()
    assert (info(host, "mine").summary, info(host, "mine").licence) == ("My own", "BSD-3-Clause")
    assert 'not installed (did you mean "mine"?)' in info(host, "mien").error
