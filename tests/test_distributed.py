"""One run on several processes equals one process: losses, weights, features, checkpoints; and what if one dies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import test_extract
import test_loop
import test_metrics
import tiny
import torch
import trained
from processes import together
from safetensors.torch import load_file
from torch import Tensor, nn

from ccr import Batch, CcrError, Item, Method, Phase, Player, TextBatch
from ccr.evaluation.score import score
from ccr.features.extract import image_features, text_features
from ccr.features.fingerprint import encoder_fingerprint
from ccr.features.store import FeatureStore, split_digests
from ccr.files import SEAL, artifact
from ccr.host import Host
from ccr.pipeline.launch import launch
from ccr.training import checkpoint
from ccr.training.journal import Journal
from ccr.training.loop import CHECKPOINT, Progressed, Stage, Trainer
from ccr.world import ProcessLostError, world


class Small(test_loop.Small):
    """Without dropout; its table's gradients are sparse, and rows move only when they are seen."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding.from_pretrained(self.table.weight.detach(), freeze=False, sparse=True)
        self.drop = nn.Dropout(0.0)

    def players(self, phase: Phase) -> list[Player]:
        critic, main = super().players(phase)
        return [critic, Player(name="main", params=main.params, lr=0.02, lazy_rows=[self.table.weight])]


def small_training(folder: Path, stop_after: int = 0, by: int = 0, number: int = signal.SIGINT) -> dict[str, Tensor]:
    """Two phases of twelve steps; a signal reaches the process of rank `by` once it was fed so many batches."""
    method = Small()
    trainer = test_loop.trainer(method, folder, stop_after if world().rank == by else 0, number)
    try:
        at = trainer.run()
    except KeyboardInterrupt:
        at = Progressed(step=-1)
    scores = [float(at.step), *(v["score"] for v in at.validations)]
    return {**method.state_dict(), "scores": torch.tensor(scores, dtype=torch.float64)}


def equal(one: dict[str, Tensor], other: dict[str, Tensor], tolerance: float = 2e-5) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(
            other[name], value, rtol=tolerance, atol=tolerance, msg=lambda text, name=name: f"{name}: {text}"
        )


def same_losses(one: Path, other: Path, rel: float = 1e-4) -> None:
    logs = [[json.loads(line) for line in (f / "log.jsonl").read_text().splitlines()] for f in (one, other)]
    assert len(logs[0]) == len(logs[1])
    for row, found in zip(*logs, strict=True):
        assert row.pop("phase") == found.pop("phase")
        assert row == pytest.approx(found, rel=rel, abs=1e-6)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("alone")
    return folder, small_training(folder)


@pytest.mark.parametrize("size", [2, 3])
def test_several_processes_train_as_one_does(tmp_path: Path, alone: tuple[Path, dict[str, Tensor]], size: int) -> None:
    """An adversarial critic that moves at once, a lazy table, selection by validation, 80 rows on 3 processes."""
    found = together(size, lambda: small_training(tmp_path / "run"), tmp_path / "out")
    for other in found:
        equal(alone[1], other)
        assert all(torch.equal(found[0][name], other[name]) for name in other), "all processes hold the same"
    same_losses(alone[0], tmp_path / "run")


@pytest.mark.parametrize(("first", "then"), [(2, 1), (1, 2)])
@pytest.mark.parametrize("stop", [7, 12, 17])
def test_another_number_of_processes_goes_on(
    tmp_path: Path, alone: tuple[Path, dict[str, Tensor]], first: int, then: int, stop: int
) -> None:
    """A signal to one process, not the leader, stops all of them at the end of one step."""
    (tmp_path / "run").mkdir()
    by = first - 1
    halved = together(first, lambda: small_training(tmp_path / "run", stop, by, signal.SIGTERM), tmp_path / "out-1")
    assert all(found["scores"].tolist() == [-1.0] for found in halved)
    at = checkpoint.load(tmp_path / "run" / CHECKPOINT)[1]
    assert 12 * at["phase"] + at["step"] == stop
    for found in together(then, lambda: small_training(tmp_path / "run"), tmp_path / "out-2"):
        equal(alone[1], found)
    same_losses(alone[0], tmp_path / "run")


@pytest.mark.parametrize("size", [2, 3])
def test_metrics_gather_their_queries_by_id(tmp_path: Path, size: int) -> None:
    """Uneven shares of 7 queries, none of 1; a sampler that pads repeats some: each counts once, to the last bit."""
    ranks = {("de", "t2i"): test_metrics.random_ranks(7, seed=1), ("de", "i2t"): test_metrics.random_ranks(1, seed=2)}

    def work() -> dict[str, Tensor]:
        rows = score(ranks, test_metrics.METRICS, ["de"])
        padded = test_metrics.MedianRank()
        found = ranks["de", "t2i"]
        mine = torch.arange(7).repeat(2)[world().rank * 5 : world().rank * 5 + 7]  # all 7 between two processes or more
        padded.update(found.lo[mine], found.hi[mine], found.tied[mine], ids=mine)
        own = padded.compute(), *padded.bounds()
        return {
            "scores": torch.tensor([[row[name] for name in ("value", "low", "high")] for row in rows]).double(),
            "padded": torch.stack([x.double() for x in own]),
        }

    alone = torch.tensor(
        [[row[name] for name in ("value", "low", "high")] for row in score(ranks, test_metrics.METRICS, ["de"])]
    ).double()
    whole = test_metrics.MedianRank()
    whole.update(*test_metrics.columns(ranks["de", "t2i"]))
    for found in together(size, work, tmp_path):
        assert torch.equal(found["scores"], alone)
        assert found["padded"].tolist() == [float(x) for x in (whole.compute(), *whole.bounds())]


@pytest.mark.parametrize("dies", [0, 1])
def test_a_killed_process_ends_the_others_with_a_checkpoint_of_the_step_it_was_in(
    tmp_path: Path, alone: tuple[Path, dict[str, Tensor]], dies: int
) -> None:
    def work() -> dict[str, Tensor]:
        start = time.monotonic()
        with pytest.raises(ProcessLostError, match=r"another process of this run ended.*the same command goes on"):
            small_training(tmp_path / "run", 7, dies, signal.SIGKILL)
        assert time.monotonic() - start < 60
        return {"": torch.zeros(1)}

    together(2, work, tmp_path / "out", dies)
    at = checkpoint.load(tmp_path / "run" / CHECKPOINT)[1]
    assert (at["phase"], at["step"]) == (0, 6)
    equal(alone[1], small_training(tmp_path / "run"))


METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "ccr_dasd": ("DASD", {"bottleneck": 10, "rank": 4, "z_width": 12, "critic_hidden": (9, 7)}),
    "ccr_static_adapter": ("StaticAdapter", {"hidden": 10}),
    "ccr_full_finetune": ("FullFinetune", {}),
    "ccr_embedding_only": ("EmbeddingOnly", {}),
    "ccr_lora": ("Lora", {"rank": 3}),
    "ccr_prefix": ("Prefix", {"length": 2, "std": 0.5}),
    "ccr_translate_train": ("TranslateTrain", {}),
    "ccr_teacher_learning": ("TeacherLearning", {"width": 64, "layers": 2}),
}


def shipped(plugin: str, **more: Any) -> Method:
    name, given = METHODS[plugin]
    settings = import_module(f"{plugin}.settings").Settings
    method: Method = getattr(import_module(f"{plugin}.method"), name)(tiny.context(settings(**given, **more)))
    return method


def captions(size: int, lang: str, seed: int) -> Batch:
    """No longer than leaves room for a prefix."""
    return tiny.batch(size, lang, seed, [row[:10] for row in tiny.captions(size, seed)])


def method_training(make: Callable[[], Method], folder: Path, rows: int) -> dict[str, Tensor]:
    """Ten steps of each phase, in German and Czech by turns; what the method makes of captions that it has not seen."""
    method = make()
    langs = ("de", "cs")
    stages = [
        Stage(Phase(name, 10, rows), lambda step, at=at: captions(rows, langs[step % 2], 20 * at + step))
        for at, name in enumerate(("align", "match"))
    ]
    folder.mkdir(exist_ok=True)
    Trainer(method, stages, lambda: 0.0, folder, Journal(folder / "log.jsonl"), 0, torch.device("cpu")).run()
    with torch.no_grad():
        return {lang: method(captions(8, lang, 99).text)["text"] for lang in langs}


def check_method(make: Callable[[], Method], tmp_path: Path, rows: int = 11, size: int = 2) -> None:
    expected = method_training(make, tmp_path / "alone", rows)
    start = make()
    with torch.no_grad():
        before = {lang: start.eval()(captions(8, lang, 99).text)["text"] for lang in expected}
    assert any((before[lang] - expected[lang]).abs().max() > 1e-3 for lang in expected), "it has learnt"
    for found in together(size, lambda: method_training(make, tmp_path / "run", rows), tmp_path / "out"):
        equal(expected, found, 1e-4)
    same_losses(tmp_path / "alone", tmp_path / "run", 1e-3)


@pytest.mark.parametrize("plugin", METHODS)
def test_every_shipped_method_trains_as_on_one_process(tmp_path: Path, plugin: str) -> None:
    check_method(lambda: shipped(plugin), tmp_path)


@pytest.mark.parametrize(("rows", "size"), [(5, 2), (2, 3)])
def test_shares_may_be_uneven_or_empty(tmp_path: Path, rows: int, size: int) -> None:
    check_method(lambda: shipped("ccr_dasd"), tmp_path, rows, size)


def test_all_trained_methods_that_ship_are_among_them() -> None:
    """All but the two that have nothing to train."""
    host = Host.load()
    shipped = {info.name for info in host.plugins if info.origin == "shipped"}
    found = {name for name in host.specs("method") if host.owner("method", name).name in shipped}
    assert {name.removeprefix("ccr_").replace("_", "-") for name in METHODS} == found - {
        "zero-shot-clip",
        "translate-test",
    }


def test_rows_draw_their_own_dropout_and_losses_draw_alike(tmp_path: Path) -> None:
    class Drawing(Small):
        def forward(self, text: TextBatch) -> dict[str, Tensor]:
            return {**super().forward(text), "draw": torch.rand(len(text.ids))}

        def loss(self, *given: Any) -> dict[str, Tensor]:
            self.draws.append((given[2]["draw"], torch.rand(3)))
            return super().loss(*given)

    def work() -> dict[str, Tensor]:
        method = Drawing()
        method.draws = []
        test_loop.trainer(method, tmp_path / "run").run()
        rows, common = zip(*method.draws, strict=True)
        return {"rows": torch.stack(rows), "common": torch.stack(common)}

    one, two = together(2, work, tmp_path / "out")
    assert torch.equal(one["rows"], two["rows"])
    assert torch.equal(one["common"], two["common"])
    assert all(len(set(rows.tolist())) == len(rows) for rows in one["rows"]), "no two rows drew the same"


def test_an_output_whose_shape_follows_the_padding_is_one_sentence_on_all(tmp_path: Path) -> None:
    class Padded(Small):
        def forward(self, text: TextBatch) -> dict[str, Tensor]:
            out = super().forward(text)
            return {**out, "ids": torch.zeros(len(text.ids), int(text.lengths.max()) + world().rank)}

    def work() -> dict[str, Tensor]:
        with pytest.raises(CcrError, match="may not depend on the rows beside it"):
            test_loop.trainer(Padded(), tmp_path / "run").run()
        return {"": torch.zeros(1)}

    together(2, work, tmp_path / "out")


def test_what_one_decides_and_what_it_refuses_reach_all(tmp_path: Path) -> None:
    def work() -> dict[str, Tensor]:
        here = world()
        assert here.once(lambda: {"ä": [here.rank]}) == {"ä": [0]}

        def refuse() -> None:
            raise CcrError("no, said the leader")

        with pytest.raises(CcrError, match="no, said the leader"):
            here.once(refuse)
        assert here.texts(["b", "ü"] if here.rank == 1 else []) == [[], ["b", "ü"], []]
        assert here.highest(here.rank) == 2
        assert here.numbers([here.rank, 7]) == [[0, 7], [1, 7], [2, 7]]
        parts = [torch.arange(start, start + n)[:, None].float() for start, n in ((0, 3), (3, 1), (4, 2), (6, 5))]
        assert here.joined(parts, lambda part: part, "cpu")[:, 0].tolist() == list(range(11))
        assert here.joined(parts[:1], lambda part: part, "cpu")[:, 0].tolist() == [0, 1, 2]
        mine = here.share(torch.arange(7))
        assert here.unshare(mine, 7).tolist() == list(range(7))
        claims = here.numbers([int(here.claims("the end"))])
        assert sorted(claims) == [[0], [0], [1]]

        def build(folder: Path) -> None:
            (folder / f"{here.rank}").write_text("built")

        made = artifact(tmp_path, "things", {"a": 1}, build, together=True)
        here.wait()
        assert {path.name for path in made.iterdir()} == {"0", "1", "2", SEAL}
        assert artifact(tmp_path, "things", {"a": 1}, refuse, together=True) == made
        return {"": torch.zeros(1)}

    together(3, work, tmp_path)


# --- extraction ---------------------------------------------------------------------------------------------------


def extraction(folder: Path, kill: int | None = None) -> dict[str, Tensor]:
    """22 pictures, two of them equal, after 30 texts, by four at a time; and how many this process encoded."""
    encoder, data = test_extract.TinyEncoder(), test_extract.Pictures([*range(21), 3])
    encode = encoder.encode_images

    def dying(pixels: Tensor) -> Tensor:
        if encoder.images >= 8:
            os.kill(os.getpid(), signal.SIGKILL)
        return encode(pixels)

    if kill is not None and world().rank == kill:
        encoder.encode_images = dying  # type: ignore[method-assign]
    store = FeatureStore(folder)
    texts = text_features(encoder, [f"text {i}" for i in range(30)], "en", store, batch_size=4)
    images = image_features(encoder, data, data.list, store, batch_size=4)
    passed = torch.tensor([encoder.texts, encoder.images, images.encoded])
    return {"texts": torch.tensor(texts.table), "images": torch.tensor(images.table), "passed": passed}


def stored(folder: Path) -> list[list[str]]:
    """The digests of every chunk, in the order of their numbers."""
    store = FeatureStore(folder)
    fingerprint = encoder_fingerprint(test_extract.TinyEncoder(), "fp32")
    environment = store.environment(fingerprint)
    return environment.read(lambda txn: [split_digests(store.chunk(txn, fingerprint, n)[0]) for n in store.chunks(txn)])


def test_extraction_is_dealt_out_and_stores_what_one_process_stores(tmp_path: Path) -> None:
    alone = extraction(tmp_path / "alone")
    found = together(2, lambda: extraction(tmp_path / "store"), tmp_path / "out")
    for other in found:
        assert torch.equal(other["texts"], alone["texts"])
        assert torch.equal(other["images"], alone["images"])
    assert [other["passed"].tolist() for other in found] == [[16, 12, 21], [14, 9, 21]]
    assert stored(tmp_path / "store") == stored(tmp_path / "alone")
    digests = [digest for chunk in stored(tmp_path / "store") for digest in chunk]
    assert len(digests) == len(set(digests)) == 30 + 21


@pytest.mark.parametrize("dies", [0, 1])
def test_extraction_with_a_killed_process_loses_nothing_that_was_committed(tmp_path: Path, dies: int) -> None:
    def work() -> dict[str, Tensor]:
        with pytest.raises(ProcessLostError):
            extraction(tmp_path / "store", dies)
        return {"": torch.zeros(1)}

    together(2, work, tmp_path / "out-1", dies)
    fingerprint = encoder_fingerprint(test_extract.TinyEncoder(), "fp32")
    assert FeatureStore(tmp_path / "store").sealed(fingerprint, "texts") is not None
    kept = stored(tmp_path / "store")
    assert sum(map(len, kept)) >= 30 + 12
    found = together(2, lambda: extraction(tmp_path / "store"), tmp_path / "out-2")
    alone = extraction(tmp_path / "alone")
    assert all(torch.equal(other[side], alone[side]) for other in found for side in ("texts", "images"))
    assert stored(tmp_path / "store")[: len(kept)] == kept
    digests = [digest for chunk in stored(tmp_path / "store") for digest in chunk]
    assert len(digests) == len(set(digests)) == 30 + 21


def test_broken_pictures_are_named_by_all_processes_whoever_met_them(tmp_path: Path) -> None:
    class Torn(test_extract.Pictures):
        def read(self, item: Item) -> bytes:
            return b"torn" + item.id.encode() if item.id in {"1", "6"} else super().read(item)

    def work() -> dict[str, Tensor]:
        data, encoder = Torn(range(12)), test_extract.TinyEncoder()
        with pytest.raises(CcrError, match=r"(?s)^2 images cannot be used:.*item 1 .*item 6 "):
            image_features(encoder, data, data.list, FeatureStore(tmp_path / "store"), batch_size=4)
        return {"": torch.zeros(1)}

    together(2, work, tmp_path / "out")
    assert sum(map(len, stored(tmp_path / "store"))) == 10, "what is sound is kept"


# --- the command ---------------------------------------------------------------------------------------------------

SMALL = (
    "--method", "static-adapter", *trained.SMALL, "--set", "recipe.epochs.align=4",
)  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def command(*words: str, cwd: Path, cache: Path, module: Sequence[str] = ("ccr",)) -> subprocess.Popen[str]:
    cwd.mkdir(exist_ok=True)
    environment = {**os.environ, "CCR_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", *module, "run", *SMALL, *words]
    return subprocess.Popen(line, cwd=cwd, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(started: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    out, err = started.communicate(timeout=240)
    assert started.returncode == code, err
    assert "Traceback" not in err
    return out, err


def run_folder(cwd: Path) -> Path:
    (found,) = cwd.glob("runs/*/static-adapter-s0-*")
    return found


def same_run(one: Path, other: Path) -> None:
    a, b = (json.loads((run_folder(cwd) / "result.json").read_text()) for cwd in (one, other))
    assert a["id"] == b["id"]
    for key in ("selected", "order", "exposures", "protocol_id", "parameters", "test_content"):
        assert a[key] == b[key], key
    same_losses(run_folder(one), run_folder(other), 2e-3)
    weights = [load_file(run_folder(cwd) / "model.safetensors") for cwd in (one, other)]
    equal(weights[0], weights[1], 2e-3)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The run on one process."""
    cwd = tmp_path_factory.mktemp("single")
    finished(command(cwd=cwd, cache=cache))
    return cwd


def processes_of(started: subprocess.Popen[str]) -> list[int]:
    """The processes that a launcher started."""
    listed = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
    return [int(word) for word in listed]


def steps_logged(cwd: Path, count: int, started: subprocess.Popen[str]) -> None:
    """Return once the method has trained so many steps."""
    for _ in range(2400):
        logs = list(cwd.glob("runs/*/*/log.jsonl"))
        if logs and len(logs[0].read_text().splitlines()) >= count:
            return
        assert started.poll() is None, started.communicate()
        time.sleep(0.05)
    raise AssertionError("it does not train")


@pytest.mark.slow
def test_the_command_on_two_processes_gives_the_run_of_one(tmp_path: Path, single: Path) -> None:
    """From an empty cache: the fine-tune of the encoder and all features are made by two processes, too."""
    out, err = finished(command("--gpus", "2", cwd=tmp_path / "run", cache=tmp_path / "cache"))
    assert out.count("mAR 95 %") == 1
    assert "96 images in" in err
    same_run(single, tmp_path / "run")
    origin = json.loads((run_folder(tmp_path / "run") / "provenance.json").read_text())["starts"][0]
    assert "2 processes of cpu" in json.dumps(origin)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_is_one_sentence_and_the_command_goes_on(
    tmp_path: Path, cache: Path, single: Path, rank: int
) -> None:
    started = command("--gpus", "2", cwd=tmp_path, cache=cache)
    steps_logged(tmp_path, 5, started)
    os.kill(processes_of(started)[rank], signal.SIGKILL)
    _, err = finished(started, 2)
    told = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(told) == 1
    found = re.fullmatch(
        rf"error: process {rank} of the run's 2 \(0 to 1\) was killed \(SIGKILL\); "
        r"the same command goes on from step (\d+) of phase align",
        told[0],
    )
    assert found
    assert err.splitlines()[-1] == told[0]
    assert checkpoint.load(run_folder(tmp_path) / CHECKPOINT)[1]["step"] == int(found[1]) >= 4
    finished(command(cwd=tmp_path, cache=cache))
    same_run(single, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_keeps_a_checkpoint(tmp_path: Path, cache: Path, single: Path, number: int) -> None:
    started = command("--gpus", "2", cwd=tmp_path, cache=cache)
    steps_logged(tmp_path, 5, started)
    started.send_signal(number)
    _, err = finished(started, 130)
    assert err.splitlines()[-1] == "interrupted; the same command goes on from here"
    assert err.count("interrupted;") == 1
    assert checkpoint.load(run_folder(tmp_path) / CHECKPOINT)[1]["step"] >= 4
    finished(command("--gpus", "2", cwd=tmp_path, cache=cache))
    same_run(single, tmp_path)


@pytest.mark.slow
def test_torchrun_starts_it_as_well(tmp_path: Path, cache: Path, single: Path) -> None:
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "ccr")
    out, _ = finished(command(cwd=tmp_path, cache=cache, module=launcher))
    assert out.count("mAR 95 %") == 1
    same_run(single, tmp_path)


@pytest.mark.slow
def test_what_is_wrong_is_told_once(tmp_path: Path, cache: Path) -> None:
    _, err = finished(command("--gpus", "2", "--set", "method.hidden=0", cwd=tmp_path, cache=cache), 2)
    assert len(err.splitlines()) == 1
    assert "hidden must be positive, not 0" in err


def test_more_gpus_than_there_are_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(CcrError, match="--gpus 2: this machine has 1 GPU; --device cpu runs as many"):
        launch(["run"], 2, "auto")
    with pytest.raises(CcrError, match="cannot be used with --device cuda:1"):
        launch(["run"], 2, "cuda:1")
