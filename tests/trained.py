"""What every trained method owes, checked alike: gradients, frozen weights, resuming, its page, a run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import pytest
import tiny
import torch
from ccr_openclip.encoder import build
from ccr_openclip.tower import OpenClipTextTower
from click.testing import CliRunner
from tiny import ALIGN, MATCH, context
from torch import Tensor

from ccr import Batch, CcrError, Method, Phase, StudentSettings, TrainSettings
from ccr.cli import main
from ccr.settings import settings_values
from ccr.training import loop
from ccr.training.journal import Journal
from ccr.training.loop import Stage, Trainer, weights_digest

SMALL = (
    "--dataset", "scenes", "--langs", "de,zh", "--device", "cpu",
    "--set", "dataset.train=96", "--set", "dataset.val=32", "--set", "dataset.test=40",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.7",
    "--set", "recipe.epochs.align=2", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=2",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip
Make = Callable[[], Method]


def openclip(**text: Any) -> OpenClipTextTower:
    """An open_clip text tower of the tiny tower's sizes, with random weights; `text` goes into its configuration."""
    sizes = {"context_length": tiny.CONTEXT, "vocab_size": 49_408, "width": tiny.WIDTH, "heads": 2, "layers": 3}
    vision = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
    with torch.random.fork_rng():
        torch.manual_seed(2)
        config = {"embed_dim": tiny.EMBED, "vision_cfg": vision, "text_cfg": sizes | text, "custom_text": bool(text)}
        return OpenClipTextTower(build(config, "test")).private()


TOWERS = {
    "causal": {},
    "both ways, last": {"no_causal_mask": True, "pool_type": "last"},
    "both ways, first": {"no_causal_mask": True, "pool_type": "first"},
}


class MbertTokens(tiny.TinyTokens):
    """mBERT's sizes."""

    vocab_size, dim = 119_547, 768

    def table(self) -> Tensor:
        return torch.empty(self.vocab_size, self.dim)


class ClipB(tiny.TinyEncoder):
    embed_dim, context_length = 512, 77


def at_vit_b(method: type[Method], settings: Any, langs: tuple[str, ...] = ("de",)) -> Method:
    """A method on the text tower of ViT-B/32 with mBERT's table, without values."""
    with torch.device("meta"):
        tower = OpenClipTextTower(build(open_clip.get_model_config("ViT-B-32"), "ViT-B-32")).private()
        return method(context(settings, langs, tokens=MbertTokens(), encoder=ClipB(lambda: tower)))


def millions(method: Method) -> float:
    """Trainable parameters in both phases together, the token table apart."""
    players = [player for phase in (ALIGN, MATCH) for player in method.players(phase)]
    sizes = {id(p): p.numel() for player in players for p in player.params if p.shape != (119_547, 768)}
    return round(sum(sizes.values()) / 1e6, 2)


def check_gradients(method: Method, frozen: tuple[str, ...] = ("tower.",), data: Batch | None = None) -> None:
    """All that players train takes part, but modules of other languages; all else is `frozen`."""
    data = data or tiny.batch()
    names = {p: name for name, p in method.named_parameters()}
    for phase in (ALIGN, MATCH):
        method.requires_grad_(False)
        players = method.players(phase)
        params = [p for player in players for p in player.params]
        assert len({id(p) for p in params}) == len(params)
        for p in params:
            p.requires_grad_(True)
        out = method.outputs(data)
        for player in players:
            total = sum(method.loss(phase, player.name, out, data).values())
            found = torch.autograd.grad(total, list(player.params), retain_graph=True, allow_unused=True)
            unused = {names[p] for p, grad in zip(player.params, found, strict=True) if grad is None}
            assert all(".lang_cs." in name for name in unused), "the batch is German"
            assert all(grad is None or grad.to_dense().isfinite().all() for grad in found)
        rest = {name for p, name in names.items() if all(p is not q for q in params)}
        assert all(name.startswith(frozen) for name in rest), rest


def check_training(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str = "mse") -> Method:
    """Losses fall, what no player owns stays, and an interrupted training ends where an undisturbed one does."""
    monkeypatch.setattr(loop, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(loop, "SAVE_SHARE", 1e9)

    def train(folder: str, stop: tuple[str, int] | None = None) -> Method:
        method = make()

        def feed(name: str, step: int) -> Batch:
            if (name, step) == stop:
                raise InterruptedError
            return tiny.batch(16)

        def validate() -> float:
            data = tiny.batch(16)
            return -float(sum(method.loss(MATCH, "main", method.outputs(data), data).values()))

        stages = [Stage(Phase(name, 30, 16), lambda step, name=name: feed(name, step)) for name in ("align", "match")]
        (tmp_path / folder).mkdir(exist_ok=True)
        journal = Journal(tmp_path / folder / "log.jsonl")
        Trainer(method, stages, validate, tmp_path / folder, journal, 0, torch.device("cpu")).run()
        return method

    start, method = make(), train("whole")
    owned = {id(p) for phase in (ALIGN, MATCH) for player in start.players(phase) for p in player.params}
    kept = {name for name, p in start.named_parameters() if id(p) not in owned}
    before, after = (dict(m.named_parameters()) for m in (start, method))
    assert weights_digest({name: before[name] for name in kept}) == weights_digest({name: after[name] for name in kept})
    assert all(torch.equal(after[name], before[name]) for name in after if ".lang_cs." in name)
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    for phase in ("align", "match"):
        falls = term if phase == "align" else "infonce"
        values = [row[falls] for row in log if row["phase"] == phase and falls in row]
        assert values[-1] < 0.9 * values[0], phase
    for stop in (("align", 7), ("match", 9)):
        with pytest.raises(InterruptedError):
            train(stop[0], stop)
        resumed = dict(train(stop[0]).named_parameters())
        assert all(torch.equal(resumed[name], after[name]) for name in after), stop
    return method


@torch.no_grad()
def check_rows(method: Method, longest: int = tiny.CONTEXT) -> None:
    """A row's feature depends neither on its neighbours nor on its padding."""
    rows = [row[: longest - 2] for row in tiny.captions(8)]
    whole = method(tiny.text(rows))["text"]
    for i, row in enumerate(rows):
        torch.testing.assert_close(method(tiny.text([row]))["text"][0], whole[i], rtol=0, atol=1e-5)
    padded = method(tiny.text(rows[:1], extra=longest - 2 - len(rows[0])))["text"]
    torch.testing.assert_close(padded[0], whole[0], rtol=0, atol=1e-5)


def check_extend(make: Callable[[tuple[str, ...]], Method]) -> None:
    """A language added later is as if it had been there, and trains alone."""
    method, whole = make(("de",)), make(("de", "to"))
    before = tiny.tensors(method)
    method.extend(["to"], tiny.TinyTokens())  # whose rows are all there
    after, expected = tiny.tensors(method), tiny.tensors(whole)
    assert after.keys() == expected.keys()
    assert all(torch.equal(after[name], expected[name]) for name in after)
    new = after.keys() - before.keys()
    assert all(".lang_to." in name for name in new)
    data = tiny.batch(lang="to", rows=[[5, 6]] * 8)
    player = method.players(ALIGN)[-1]
    total = sum(method.loss(ALIGN, player.name, method(data.text), data).values())
    trained = [p for name, p in method.named_parameters() if name in new]
    assert {id(p) for p in trained} <= {id(p) for p in player.params}
    assert all(grad is not None for grad in torch.autograd.grad(total, trained))
    with pytest.raises(CcrError, match="'de' has its modules already"):
        method.extend(["de"], tiny.TinyTokens())


def check_page(section: str, settings: Any) -> None:
    """docs/methods.md lists the settings of a section; those that trained methods share have one of their own."""
    page = (Path(__file__).parents[1] / "docs" / "methods.md").read_text(encoding="utf-8")
    rows = page.split(f"\n## {section}\n")[1].split("\n## ")[0].partition("| setting | default |")[2]
    listed = dict(re.findall(r"^\| `(\w+)` \| `(.*)` \|$", rows, re.MULTILINE))
    base = StudentSettings if isinstance(settings, StudentSettings) else TrainSettings
    shared = {} if type(settings) is base else settings_values(base())
    own = {name: value for name, value in settings_values(settings).items() if shared.get(name, ...) != value}
    assert listed == {name: json.dumps(value).strip('"') for name, value in own.items()}


def check_run(method: str, tmp_path: Path, *words: str) -> dict[str, Any]:
    """`ccr run` on a small share of scenes trains, prints its table and leaves its result, which is returned."""
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        outcome = CliRunner().invoke(main, ["run", "--method", method, *SMALL, *words])
    finally:
        os.chdir(before)
    assert outcome.exit_code == 0, outcome.output
    assert "mAR" in outcome.stdout
    (found,) = tmp_path.glob(f"runs/scenes-finetune/{method}-s0-*/result.json")
    result = json.loads(found.read_text())
    assert result["exposures"] == {"align": {"de": 384, "zh": 384}, "match": {"de": 192, "zh": 192}}
    assert result["parameters"]["trainable"] > 0
    return result
