"""docs/contract.md says what the code says, and its example is a plugin that works."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from conftest import Install

import ccr
from ccr import base, hookspecs, metric, specs
from ccr.host import Host
from ccr.registry import Description, FileEntry

PAGE = (Path(__file__).parents[1] / "docs" / "contract.md").read_text(encoding="utf-8")
RECORDS = [
    *("EncoderSpec", "DatasetSpec", "MetricSpec", "MethodSpec", "TranslatorSpec", "ExecutorSpec", "Recipe", "TestSet"),
    *("Caption", "Item", "Download", "TextBatch", "Batch", "Phase", "Player", "Job"),
]
BASES = [
    "Method",
    "Context",
    "FrozenEncoder",
    "TextTower",
    "TokenInput",
    "Encoder",
    "Dataset",
    "Translator",
    "RankMetric",
    "Executor",
]


def blocks() -> dict[str, list[str]]:
    """heading -> the code lines below it, without comments"""
    found = re.findall(r"^### (\w+)\n.*?^```python\n(.*?)^```", PAGE, re.M | re.S)
    return {name: [line for text in code.splitlines() if (line := re.sub(r"\s*#.*", "", text))] for name, code in found}


def signature(name: str, function: Any) -> str:
    """As it stands in the source."""
    shown = []
    parsed = inspect.signature(function)
    for parameter in parsed.parameters.values():
        default = f" = {parameter.default!r}".replace("'", '"') if parameter.default is not parameter.empty else ""
        annotated = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
        shown.append(f"{parameter.name}{annotated}{default}")
    return f"def {name}({', '.join(shown)}) -> {parsed.return_annotation}"


def fields(record: type) -> list[str]:
    lines = []
    for field in attrs.fields(record):
        default = field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]
        shown = "" if default is attrs.NOTHING else f" = {default!r}".replace("'", '"')
        lines.append(f"{field.name}: {field.type}".replace("'", '"') + ("" if "Recipe(" in shown else shown))
    return lines


def members(cls: type) -> list[str]:
    annotations = inspect.get_annotations(cls)
    defaults = {name: f" = {value!r}".replace("'", '"') for name, value in vars(cls).items()}
    lines = [f"{name}: {kind}{defaults.get(name, '')}" for name, kind in annotations.items()]
    public = {name: getattr(value, "__func__", value) for name, value in vars(cls).items() if name[0] != "_"}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    return lines + [signature(name, value) for name, value in functions.items()]


def test_hooks_are_documented_as_they_are() -> None:
    hooks = {name: value for name, value in vars(hookspecs).items() if name.startswith("ccr_")}
    documented = re.findall(r"^def ccr_\w+\(.*$", PAGE, re.M)
    expected = {signature(name, value) for name, value in hooks.items()}
    assert expected <= {line.removesuffix(":") for line in documented}
    assert {re.split(r"[ (]", line)[1] for line in documented} == set(hooks)


@pytest.mark.parametrize("name", RECORDS)
def test_records_are_documented_as_they_are(name: str) -> None:
    assert blocks()[name] == fields(getattr(specs, name))


@pytest.mark.parametrize("name", BASES)
def test_bases_are_documented_as_they_are(name: str) -> None:
    assert blocks()[name] == members(getattr(metric if name == "RankMetric" else base, name))


def test_every_public_name_is_documented() -> None:
    assert [name for name in ccr.__all__ if not re.search(rf"\b{name}\b", PAGE)] == []


def test_keys_of_the_registry_are_documented() -> None:
    section = PAGE[PAGE.index("## registry.yaml") :]
    for record in (Description, FileEntry):
        for field in attrs.fields(record):
            if field.name != "where":
                assert f"`{field.name}`" in section, field.name


def test_the_example_is_a_plugin(install: Install, tmp_path: Path) -> None:
    """It registers, describes its settings, and each phase's loss goes down."""
    package = tmp_path / "site" / "bag_of_words"
    package.mkdir()
    for name, source in re.findall(r"^```python title=bag_of_words/(\S+)\n(.*?)^```", PAGE, re.M | re.S):
        (package / name).write_text(source)
    install("bag_of_words_distribution", "", entry="bag_of_words", value="bag_of_words")
    host = Host.load()
    spec = host.spec("method", "bag-of-words")
    settings = host.resolve(spec.settings)()

    class Tokens:
        vocab_size, dim, pad, cls, sep, fingerprint = 20, 8, 0, 1, 2, "test"

        def table(self) -> torch.Tensor:
            return torch.randn(20, 8, generator=torch.Generator().manual_seed(0))

    class Encoder:
        embed_dim, context_length, logit_scale, source_lang = 6, 16, 10.0, "en"

    context = base.Context(settings=settings, langs=["de"], tokens=Tokens(), encoder=Encoder(), seed=0)  # type: ignore[arg-type]
    method = host.resolve(spec.factory)(context)
    assert isinstance(method, base.Method)
    ids = torch.tensor([[1, 5, 6, 2], [1, 7, 2, 0], [1, 8, 9, 2]])
    text = specs.TextBatch("de", ("a b", "c", "d e"), ids, torch.tensor([4, 3, 4]))
    features = torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    batch = specs.Batch(text, None, features, features, torch.tensor([1, 2, 0]))
    # padding changes nothing, as the contract asks of forward
    wider = specs.TextBatch("de", text.texts, torch.nn.functional.pad(ids, (0, 3)), text.lengths)
    torch.testing.assert_close(method(text)["text"], method(wider)["text"])
    for name in ("align", "match"):
        phase = specs.Phase(name, 10, 3)
        (player,) = method.players(phase)
        optimiser = torch.optim.Adam(player.params, lr=1e-2)
        losses = []
        for _ in range(30):
            terms = method.loss(phase, player.name, method.outputs(batch), batch)
            loss = torch.stack(list(terms.values())).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < 0.8 * losses[0]
