"""The training loop through its own door: a small adversarial method on features drawn at random."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from attrs import evolve
from torch import Tensor, nn
from torch.nn import functional

from ccr.base import Method
from ccr.data.order import Order
from ccr.errors import CcrError
from ccr.specs import Batch, Phase, Player, TextBatch
from ccr.training import checkpoint
from ccr.training.journal import Journal
from ccr.training.loop import Progressed, Stage, Trainer

ROWS, WIDTH, VOCABULARY = 96, 8, 40


class Small(Method):
    """A table of token vectors, a linear map, a critic on its output and a frozen projection; dropout on top."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.table = nn.Embedding(VOCABULARY, WIDTH)
            self.linear = nn.Linear(WIDTH, WIDTH)
            self.frozen = nn.Linear(WIDTH, WIDTH)
            self.critic = nn.Linear(2 * WIDTH, 1)
            self.drop = nn.Dropout(0.1)

    def players(self, phase: Phase) -> list[Player]:
        main = [*self.table.parameters(), *self.linear.parameters()]
        critic = Player(
            name="critic", params=list(self.critic.parameters()), lr=0.01, schedule="constant", at_once=True
        )
        return [critic, Player(name="main", params=main, lr=0.2)]

    def forward(self, text: TextBatch) -> dict[str, Tensor]:
        real = torch.arange(text.ids.shape[1]) < text.lengths[:, None]
        mean = (self.table(text.ids) * real[..., None]).sum(1) / text.lengths[:, None]
        return {"text": self.frozen(self.drop(self.linear(mean)))}

    def loss(self, phase: Phase, player: str, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        assert batch.source_features is not None
        text = out["text"].detach() if player == "critic" else out["text"]
        same = self.critic(torch.cat([text, batch.source_features], 1))
        other = self.critic(torch.cat([text, batch.source_features[batch.other]], 1))
        told_apart = functional.softplus(-other).mean() + functional.softplus(same).mean()
        if player == "critic":
            return {"critic": told_apart}
        return {"mse": functional.mse_loss(text, batch.source_features), "adversarial": -0.01 * told_apart}


class Reaching(Small):
    """Changes a weight that no player names."""

    def loss(self, phase: Phase, player: str, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        self.frozen.weight.data.mul_(0.9)
        return super().loss(phase, player, out, batch)


class Broken(Small):
    """Its loss is not a number from the third step on."""

    calls = 0

    def loss(self, phase: Phase, player: str, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        self.calls += 1
        terms = super().loss(phase, player, out, batch)
        return {name: term * float("nan") for name, term in terms.items()} if self.calls > 4 else terms


def feed(phase: str) -> tuple[Order, object]:
    rng = np.random.default_rng(0)
    ids = torch.from_numpy(rng.integers(1, VOCABULARY, (ROWS, 12)))
    lengths = torch.from_numpy(rng.integers(2, 13, ROWS))
    features = torch.from_numpy(rng.normal(size=(ROWS, WIDTH)).astype(np.float32))
    order = Order(0, phase, {"de": np.arange(ROWS)}, 80, 10.0)

    def at(step: int) -> Batch:
        draw = order[step]
        rows = torch.from_numpy(draw.rows)
        text = TextBatch("de", ("",) * len(rows), ids[rows], lengths[rows])
        return Batch(text, None, features[rows], None, torch.from_numpy(draw.other))

    return order, at


def trainer(method: Method, folder: Path, stop_after: int = 0, signal_number: int = signal.SIGINT) -> Trainer:
    """`stop_after` sends a signal once that many steps were fed."""
    stages = []
    fed = 0
    for name in ("align", "match"):
        order, at = feed(name)

        def counted(step: int, at: object = at) -> Batch:
            nonlocal fed
            fed += 1
            if fed == stop_after:
                os.kill(os.getpid(), signal_number)
            return at(step)  # type: ignore[operator]

        stages.append(Stage(Phase(name, len(order), 80, validate_every=3), counted))

    def validate() -> float:
        _, at = feed("align")
        batch = at(0)  # type: ignore[operator]
        return -float(functional.mse_loss(method(batch.text)["text"], batch.source_features))

    folder.mkdir(parents=True, exist_ok=True)
    return Trainer(method, stages, validate, folder, Journal(folder / "log.jsonl"), 0, torch.device("cpu"))


def losses(folder: Path) -> list[str]:
    return (folder / "log.jsonl").read_text().splitlines()


def test_training_learns_and_selects_the_best_validation(tmp_path: Path) -> None:
    method = Small()
    at = trainer(method, tmp_path).run()
    align = [v for v in at.validations if v["phase"] == "align"]
    assert align[-1]["score"] > align[0]["score"] + 0.05
    assert max(align, key=lambda v: v["score"])["step"] == at.selected["align"]
    assert not any(p.requires_grad for p in method.parameters())


@pytest.mark.parametrize("stop_after", [1, 5, 11, 12, 13, 20])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_any_step_it_goes_on_bit_equal(tmp_path: Path, stop_after: int, number: int) -> None:
    whole, halved = Small(), Small()
    expected = trainer(whole, tmp_path / "whole").run()
    with pytest.raises(KeyboardInterrupt):
        trainer(halved, tmp_path / "halved", stop_after, number).run()
    resumed = Small()
    result = trainer(resumed, tmp_path / "halved").run()
    assert result.selected == expected.selected
    assert result.validations == expected.validations
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert losses(tmp_path / "halved") == losses(tmp_path / "whole")


def test_frozen_weights_stay_bit_equal_and_reaching_is_an_error(tmp_path: Path) -> None:
    method = Small()
    before = method.frozen.weight.clone()
    trainer(method, tmp_path / "good").run()
    assert torch.equal(method.frozen.weight, before)
    with pytest.raises(CcrError, match="none of its players owns"):
        trainer(Reaching(), tmp_path / "bad").run()


def test_a_loss_that_is_no_number_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CcrError, match=r"loss term 'critic' became nan in phase align by step 2"):
        trainer(Broken(), tmp_path).run()


def test_the_critic_moves_only_by_its_own_loss(tmp_path: Path) -> None:
    class Idle(Small):
        def players(self, phase: Phase) -> list[Player]:
            return super().players(phase)[1:]

    method = Idle()
    before = method.critic.weight.clone()
    trainer(method, tmp_path).run()
    assert torch.equal(method.critic.weight, before)


def test_players_that_share_the_forward_take_their_gradients_at_the_same_weights(tmp_path: Path) -> None:
    """Two rates for two parts of one model: with equal rates it is the one player that names both."""

    class Two(Small):
        def players(self, phase: Phase) -> list[Player]:
            parts = {"table": self.table, "linear": self.linear}
            return [Player(name=name, params=list(part.parameters()), lr=0.2) for name, part in parts.items()]

        def loss(self, phase: Phase, player: str, out: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
            assert batch.source_features is not None
            return {"mse": functional.mse_loss(out["text"], batch.source_features)}

    class One(Two):
        def players(self, phase: Phase) -> list[Player]:
            params = [p for player in super().players(phase) for p in player.params]
            return [Player(name="all", params=params, lr=0.2)]

    two, one = Two(), One()
    trainer(two, tmp_path / "two").run()
    trainer(one, tmp_path / "one").run()
    for (name, a), b in zip(two.state_dict().items(), one.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ([], "must have parameters, each once"),
        (["linear", "linear"], "must have parameters, each once"),
        (["foreign"], "is no parameter of the method"),
    ],
)
def test_a_player_that_cannot_play_is_one_sentence(tmp_path: Path, params: list[str], sentence: str) -> None:
    class Odd(Small):
        def players(self, phase: Phase) -> list[Player]:
            known = {"linear": self.linear.weight, "foreign": nn.Parameter(torch.zeros(2))}
            return [Player(name="odd", params=[known[name] for name in params], lr=0.1)]

    with pytest.raises(CcrError, match=sentence):
        trainer(Odd(), tmp_path).run()


def test_outputs_that_are_no_rows_are_one_sentence(tmp_path: Path) -> None:
    class Mixed(Small):
        def forward(self, text: TextBatch) -> dict[str, Tensor]:
            return {**super().forward(text), "mean": torch.zeros(3)}

    with pytest.raises(CcrError, match="'mean' has 3 rows for 16"):
        trainer(Mixed(), tmp_path).run()


def test_bf16_trains_and_resumes_bit_equal(tmp_path: Path) -> None:
    whole, halved, resumed = Small(), Small(), Small()
    evolve(trainer(whole, tmp_path / "whole"), bf16=True).run()
    with pytest.raises(KeyboardInterrupt):
        evolve(trainer(halved, tmp_path / "halved", 7), bf16=True).run()
    evolve(trainer(resumed, tmp_path / "halved"), bf16=True).run()
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_parts_of_a_batch_give_what_the_whole_gives(tmp_path: Path) -> None:
    method = Small().eval()
    one = trainer(method, tmp_path)
    batch = feed("align")[1](0)  # type: ignore[operator]
    torch.testing.assert_close(one._outputs(batch)["text"], method(batch.text)["text"], rtol=1e-6, atol=1e-6)


def test_a_torn_checkpoint_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        trainer(Small(), tmp_path, 5).run()
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(CcrError, match=r"checkpoint.safetensors is not a whole checkpoint.*remove it"):
        trainer(Small(), tmp_path).run()


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "checkpoint.safetensors", {"model": {"x": torch.ones(2)}}, {})
    with pytest.raises(CcrError, match="does not fit the model"):
        trainer(Small(), tmp_path).run()


def test_a_method_without_players_is_not_trained(tmp_path: Path) -> None:
    class Still(Small):
        def players(self, phase: Phase) -> list[Player]:
            return []

    method = Still()
    before = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    assert trainer(method, tmp_path).run().validations == []
    assert all(torch.equal(before[name], tensor) for name, tensor in method.state_dict().items())


def test_the_journal_drops_what_will_be_logged_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    for step in range(4):
        journal.log("align", step, {"mse": 1.0})
    with journal.path.open("a") as file:
        file.write('{"phase": "align", "st')  # a kill in mid-line
    journal.rewind(["align", "match"], 0, 2)
    assert [json.loads(line)["step"] for line in losses(tmp_path)] == [0, 1]
    assert Progressed().best == float("-inf")
