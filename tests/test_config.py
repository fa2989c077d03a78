"""Strict YAML, settings classes and the configuration of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import hypothesis
import pytest
import yaml
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from ccr import setting
from ccr.config import EXECUTION, RunConfig, load_config
from ccr.errors import CcrError
from ccr.settings import describe_settings, make_settings, settings_values
from ccr.specs import Recipe
from ccr.yamlstrict import parse, parse_value, read

# --- YAML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("'true'", "true"),
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("-2.5e+3", -2500.0),
        (".5", 0.5),
        ("3.", 3.0),
        ("-.inf", -math.inf),
        ("017", 17),
        ("0o17", 15),
        ("0x1f", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
        ("-", [None]),
        ("", None),
        ("~", None),
        ("null", None),
        ("=", "="),
        ("日本語", "日本語"),
        ("[de, no]", ["de", "no"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("!!str 3", "3"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    result = parse_value(text, "x")
    assert (result, type(result)) == (value, type(value))


def test_nan_is_read() -> None:
    assert math.isnan(parse_value(".nan", "x"))


text = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], codec="utf-8"))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner),
    max_leaves=12,
)


@hypothesis.settings(max_examples=50)
@given(plain)
def test_reads_json_as_json(value: Any) -> None:
    assert parse(json.dumps(value, ensure_ascii=False), "x").data == value


@hypothesis.settings(max_examples=50)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.integers() | st.booleans(), min_size=1))
def test_lines_are_those_of_the_keys(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value, sort_keys=False)
    if set(value) & {"y", "n", "on", "off", "yes", "no", "null", "true", "false"}:
        return  # quoted by PyYAML for YAML 1.1's sake, which is fine, but no matter here
    document = parse(text, "f")
    assert document.data == value
    assert [document.at((key,)) for key in value] == [f"f:{i + 1}" for i in range(len(value))]


def test_all_faults_are_collected() -> None:
    document = parse("a: 1\nb: {c: 1, c: 2}\na: 3\n1: x\n? [k]\n: 3\nd: !!python/name:os.system x\ne: !!int x\n", "f")
    assert [fault.partition(": ")[0] for fault in document.faults] == ["f:2", "f:3", "f:4", "f:5", "f:7", "f:8"]
    assert "the key 'a' stands twice, first in line 1" in document.faults[1]
    with pytest.raises(CcrError, match=r"(?s)f:2: .*\nf:3: "):
        document.check()


@pytest.mark.parametrize(
    "text", ["a: [", "a: 'x", "\tb: 1", "a: b: c", "a: @x", "a: 1\n--- \nb: 2", "a: \x00", "&a [*b]", "%YAML 9\n---\n"]
)
def test_what_is_no_yaml_says_so(text: str) -> None:
    with pytest.raises(CcrError, match=r"^f(:\d+)?: is not YAML: \S"):
        parse(text, "f")


def test_aliases_serve_and_never_loop() -> None:
    assert parse("a: &x {b: 1}\nc: *x\n", "f").data == {"a": {"b": 1}, "c": {"b": 1}}
    assert parse("a: &x [*x]\n", "f").faults == ["f:1: contains itself"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: caf\xe9")
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    with pytest.raises(CcrError, match=r"latin.yaml: is not UTF-8 \(byte 6\)"):
        read(tmp_path / "latin.yaml")
    with pytest.raises(CcrError, match=r"none.yaml: cannot be read: No such file"):
        read(tmp_path / "none.yaml")
    with pytest.raises(CcrError, match="cannot be read: Is a directory"):
        read(tmp_path)
    assert read(tmp_path / "bom.yaml").data == {"a": 1}


# --- settings ---------------------------------------------------------------------------------------------------------


def _even(_: Any, attribute: Any, value: int) -> None:
    if value % 2:
        raise ValueError(f"{attribute.name} must be even, not {value}")


@frozen
class Inner:
    depth: int = 1


@frozen
class Settings:
    hidden: int = setting(256, "Width of the bottleneck.", unit="features")
    rate: float = setting(1e-4, "Learning rate.")
    dynamic: bool = setting(True, "Per caption.")
    variant: Literal["default", "released"] = setting("default", "Which one.")
    clip: float | None = setting(1.0, "Norm.")
    sizes: tuple[int, ...] = setting((256, 128), "Layers.")
    betas: tuple[float, float] = setting((0.9, 0.98), "Adam's.")
    weights: Mapping[str, float] = attrs.field(factory=lambda: {"nce": 1.0}, metadata={"help": "By loss."})
    folder: Path | None = setting(None, "Where.")
    inner: Inner = attrs.field(factory=Inner)
    even: int = attrs.field(default=2, validator=_even)
    anything: Any = None


def test_settings_are_taken_as_they_are() -> None:
    made = make_settings(
        Settings,
        {"rate": 1, "sizes": [1], "betas": [0, 0.5], "clip": None, "folder": "a/b", "inner": {"depth": 3}},
        "x",
    )
    assert made == Settings(rate=1.0, sizes=(1,), betas=(0.0, 0.5), clip=None, folder=Path("a/b"), inner=Inner(3))
    assert isinstance(made.rate, float)
    assert make_settings(Settings, {}, "x") == Settings()


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("hidden", "3", 'hidden must be an integer, not "3"'),
        ("hidden", 3.0, "hidden must be an integer, not 3.0"),
        ("hidden", True, "hidden must be an integer, not true"),
        ("hidden", None, "hidden must be an integer, not nothing"),
        ("rate", "1e-4", 'rate must be a number, not "1e-4"'),
        ("rate", math.nan, "rate must be a number, not nan"),
        ("rate", math.inf, "rate must be a number, not inf"),
        ("rate", False, "rate must be a number, not false"),
        ("dynamic", "no", 'dynamic must be true or false, not "no", which is text here'),
        ("dynamic", 1, "dynamic must be true or false, not 1"),
        ("variant", "relased", 'variant must be "default" or "released", not "relased"'),
        ("clip", "x", 'clip must be a number or nothing, not "x"'),
        ("sizes", 3, "sizes must be a list of integer, not 3"),
        ("sizes", [1, "x"], 'sizes.1 must be an integer, not "x"'),
        ("betas", [0.9], "betas must be a list of 2: a number, a number, not [0.9]"),
        ("weights", {"nce": "x"}, 'weights.nce must be a number, not "x"'),
        ("weights", [1], "weights must be a mapping, not [1]"),
        ("folder", 3, "folder must be a path or nothing, not 3"),
        ("inner", {"deep": 1}, 'inner.deep is unknown (did you mean "depth"?)'),
        ("inner", 1, "inner must be a mapping, not 1"),
        ("even", 3, "even must be even, not 3"),
        ("hiden", 3, 'hiden is unknown (did you mean "hidden"?)'),
        ("zzz", 3, "zzz is unknown (known: hidden, rate, "),
    ],
)
def test_misfits(key: str, value: Any, sentence: str) -> None:
    with pytest.raises(CcrError) as caught:
        make_settings(Settings, {key: value}, "method x")
    assert str(caught.value).startswith(f"method x: {sentence}")
    assert "\n" not in str(caught.value)


def test_all_misfits_at_once() -> None:
    with pytest.raises(CcrError) as caught:
        make_settings(
            Settings, {"hidden": "x", "even": 3, "zzz": 1, "rate": 2}, lambda path: f"f.yaml:{len(path)}", prefix="m."
        )
    assert [line.partition(" must")[0].partition(" is")[0] for line in str(caught.value).splitlines()] == [
        "f.yaml:1: m.hidden",
        "f.yaml:1: even",
        "f.yaml:1: m.zzz",
    ]


def test_base_is_kept_where_nothing_is_said() -> None:
    base = Recipe(batch_size=8, epochs={"align": 2.0, "match": 3.0})
    made = make_settings(Recipe, {"epochs": {"match": 1}, "vocabulary": 500}, "recipe", base=base)
    assert made == Recipe(batch_size=8, epochs={"align": 2.0, "match": 1.0}, vocabulary=500)
    assert base.epochs["match"] == 3.0


def test_required_settings_and_wrong_classes() -> None:
    @frozen
    class Needs:
        folder: str

    with pytest.raises(CcrError, match="x: folder is missing"):
        make_settings(Needs, {}, "x")
    with pytest.raises(CcrError, match="is no attrs class"):
        make_settings(dict, {}, "x")


json_settings = st.builds(
    Settings,
    hidden=st.integers(),
    rate=st.floats(allow_nan=False, allow_infinity=False),
    dynamic=st.booleans(),
    variant=st.sampled_from(["default", "released"]),
    clip=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    sizes=st.lists(st.integers()).map(tuple),
    weights=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
    folder=st.none() | st.just(Path("a/b")),
    inner=st.builds(Inner, depth=st.integers()),
)


@hypothesis.settings(max_examples=50)
@given(json_settings)
def test_settings_survive_json(settings: Settings) -> None:
    values = json.loads(json.dumps(settings_values(settings)))
    assert make_settings(Settings, values, "x") == settings


def test_settings_are_described() -> None:
    hidden, *_ = described = describe_settings(Settings)
    assert attrs.astuple(hidden) == ("hidden", "integer", 256, False, "Width of the bottleneck.", "features")
    assert {s.name: s.type for s in described}["sizes"] == "list of integer"
    assert {s.name: s.default for s in described}["weights"] == {"nce": 1.0}


# --- a run ------------------------------------------------------------------------------------------------------------


def config_of(tmp_path: Path, text: str, **flags: Any) -> RunConfig:
    file = tmp_path / "run.yaml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, flags)


def test_flags_win(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        "method: dasd\ndataset: scenes\nlangs: [de, no]\nseed: 3\nfresh: true\n"
        "settings:\n  method: {hidden: 64, rate: 1e-3}\n  recipe.epochs: {match: 2}\n",
        seed=5,
        langs=None,
        fresh=False,
        set=("method.hidden=32", "encoder.name=no", "recipe.epochs.align=0.5", "dataset.list=[1, a]"),
    )
    assert (config.method, config.langs, config.seed, config.fresh) == ("dasd", ("de", "no"), 5, True)
    assert config.settings == {
        "method.hidden": 32,
        "method.rate": 1e-3,
        "recipe.epochs.match": 2,
        "recipe.epochs.align": 0.5,
        "encoder.name": "no",
        "dataset.list": [1, "a"],
    }
    made = config.settings_for("recipe", Recipe, Recipe(epochs={"align": 9, "other": 1}))
    assert made.epochs == {"align": 0.5, "other": 1, "match": 2.0}


def test_defaults() -> None:
    config = load_config(None, {"method": "dasd", "dataset": "scenes"})
    assert config == RunConfig(method="dasd", dataset="scenes")
    assert (config.seed, config.select, config.tokens, config.runs) == (0, "mt-val", "bpe", Path("runs"))
    assert set(attrs.fields_dict(RunConfig)) >= EXECUTION
    assert not EXECUTION & {"method", "dataset", "seed", "settings", "encoder", "tokens", "translator", "select"}


@pytest.mark.parametrize(("given", "langs"), [("de,no", ("de", "no")), ("all", "all"), (" de , fr", ("de", "fr"))])
def test_languages(given: str, langs: Any) -> None:
    assert load_config(None, {"method": "m", "dataset": "d", "langs": given}).langs == langs


def test_settings_say_where_they_were_given(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        "method: m\ndataset: d\nsettings:\n  method:\n    hidden: x\n    inner: {depth: 1.5}\n",
        set=("method.rate=fast",),
    )
    with pytest.raises(CcrError) as caught:
        config.settings_for("method", Settings)
    assert set(str(caught.value).splitlines()) == {
        f'{tmp_path}/run.yaml:5: method.hidden must be an integer, not "x"',
        f"{tmp_path}/run.yaml:6: method.inner.depth must be an integer, not 1.5",
        '--set: method.rate must be a number, not "fast"',
    }


def test_all_faults_of_a_file_and_the_flags_at_once(tmp_path: Path) -> None:
    with pytest.raises(CcrError) as caught:
        config_of(
            tmp_path,
            'metod: dasd\ndataset: scenes\nlangs: [de, de]\nseed: "3"\nselect: human\nselect: x\nfresh: no\n'
            "encoder: 12\norigins: {}\n"
            "settings:\n  hidden: 3\n  metod.x: 3\n  method.y: 3\n  method: {y: 3}\n",
            device="gpu",
            threads=0,
            tokens="mbrt",
            set=("method", "method.z=["),
        )
    told = [line.replace(f"{tmp_path}/", "") for line in str(caught.value).splitlines()]
    beginnings = {
        'run.yaml:1: metod is unknown (did you mean "method"?)',
        "--method: method is missing",
        "run.yaml:3: langs must name languages, each once",
        'run.yaml:4: seed must be an integer, not "3"',
        'run.yaml:5: select must be "mt-val" or "human-val", not "human"',
        "run.yaml:6: the key 'select' stands twice, first in line 5",
        "run.yaml:7: fresh must be true or false",
        "run.yaml:8: encoder must be text or nothing, not 12; put it in quotes",
        "run.yaml:9: origins is unknown",
        "run.yaml:11: hidden is unknown; say whose setting it is, e.g. method.hidden",
        'run.yaml:12: metod.x is unknown (did you mean "method"?)',
        "run.yaml:14: method.y is given twice, first at ",
        '--device: device "gpu" is none',
        "--threads: threads must be at least 1, not 0",
        '--tokens: tokens "mbrt" is none',
        '--set: "method" must be KEY=VALUE',
        "--set method.z:1: is not YAML",
    }
    assert len(told) == len(beginnings), told
    for beginning in beginnings:
        assert any(line.startswith(beginning) for line in told), (beginning, told)


@pytest.mark.parametrize("text", ["- a", "3", "just text"])
def test_file_of_another_shape(tmp_path: Path, text: str) -> None:
    with pytest.raises(CcrError, match=r"run.yaml:1: must hold keys and values"):
        config_of(tmp_path, text, method="m", dataset="d")


def test_settings_of_another_shape(tmp_path: Path) -> None:
    with pytest.raises(CcrError, match=r"run.yaml:1: settings must be a mapping"):
        config_of(tmp_path, "settings: 3", method="m", dataset="d")


def test_empty_file(tmp_path: Path) -> None:
    assert config_of(tmp_path, "# nothing\n", method="m", dataset="d").method == "m"
    assert config_of(tmp_path, "settings:\n", method="m", dataset="d").settings == {}


def test_flag_over_a_mapping_and_back(tmp_path: Path) -> None:
    text = "method: m\ndataset: d\nsettings: {method: {weights: {nce: 2}}}\n"
    assert config_of(tmp_path, text, set=("method.weights=3",)).settings == {"method.weights": 3}
    assert config_of(tmp_path, text, set=("method.weights={}",)).settings == {"method.weights": {}}
    assert config_of(tmp_path, text, set=("method.weights={l1: 1}",)).settings == {
        "method.weights.nce": 2,
        "method.weights.l1": 1,
    }
