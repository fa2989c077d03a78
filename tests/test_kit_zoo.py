"""A zoo of bad plugins: each is caught by the check meant for it, while its neighbours pass."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ccr.host import Host
from ccr.testing.runner import run_checks
from ccr.testing.subjects import Outcome, find_subjects

LIMIT = 30.0  # seconds; generous, since machines that run tests are shared

METHOD = """
import os, time, socket, urllib.request
from pathlib import Path
import numpy as np
import torch
from attrs import frozen
from torch import nn
from torch.nn import functional as F
import ccr

class Good(ccr.Method):
    def __init__(self, ctx):
        super().__init__(ctx)
        self.ctx = ctx
        self.table = nn.Embedding.from_pretrained(ctx.tokens.table(), freeze=True)
        with ctx.draws("head"):
            self.head = nn.Linear(ctx.tokens.dim, ctx.encoder.embed_dim)

    def players(self, phase):
        return [ccr.Player(name="student", params=list(self.head.parameters()), lr=1e-3)]

    def forward(self, text):
        real = torch.arange(text.ids.shape[1]) < text.lengths[:, None]
        return {"text": self.head((self.table(text.ids) * real[..., None]).sum(1) / text.lengths[:, None])}

    def loss(self, phase, player, out, batch):
        return {"mse": F.mse_loss(out["text"], batch.source_features)}

"""

METHODS = {  # name -> (what it does, the check meant for it, checks that fail as well)
    "good": ("class Bad(Good): pass", "", ()),
    "peeks": (
        """
        class Bad(Good):
            def loss(self, phase, player, out, batch):
                try:
                    ccr.open_dataset("scenes", train=8, val=8, test=8).records("test", "scenes-v1")
                except ccr.SealedSplitError:
                    pass
                return super().loss(phase, player, out, batch)
        """,
        "sealed_split",
        (),
    ),
    "peeks-openly": (
        """
        class Bad(Good):
            def __init__(self, ctx):
                super().__init__(ctx)
                ccr.open_dataset("scenes", train=8, val=8, test=8).records("test", "scenes-v1")
        """,
        "sealed_split",
        (),
    ),
    "mutates-the-encoder": (
        """
        class Bad(Good):
            @torch.no_grad()
            def loss(self, phase, player, out, batch):
                next(self.ctx.encoder._encoder.module.parameters()).add_(0.1)
                with torch.enable_grad():
                    return super().loss(phase, player, out, batch)
        """,
        "encoder_untouched",
        (),
    ),
    "builds-by-chance": (
        """
        class Bad(Good):
            def __init__(self, ctx):
                super().__init__(ctx)
                with torch.no_grad():
                    self.head.bias.copy_(torch.from_numpy(np.random.default_rng().normal(size=self.head.bias.shape)))
        """,
        "same_seed",
        ("resume", "two_processes"),
    ),
    "trains-by-chance": (
        """
        class Bad(Good):
            def loss(self, phase, player, out, batch):
                noise = torch.from_numpy(np.random.default_rng().normal(size=out["text"].shape)).float()
                return {"mse": F.mse_loss(out["text"] + noise, batch.source_features)}
        """,
        "same_seed",
        ("resume", "two_processes"),
    ),
    "writes-where-it-stands": (
        """
        class Bad(Good):
            def loss(self, phase, player, out, batch):
                with open("debug.log", "a") as log:
                    log.write("step")
                return super().loss(phase, player, out, batch)
        """,
        "no_writes",
        (),
    ),
    "writes-outside": (
        """
        class Bad(Good):
            def __init__(self, ctx):
                super().__init__(ctx)
                Path(__file__).with_name("touched").write_text("x")
        """,
        "no_writes",
        (),
    ),
    "calls-home": (
        """
        class Bad(Good):
            def __init__(self, ctx):
                super().__init__(ctx)
                try:
                    urllib.request.urlopen("http://192.0.2.1/", timeout=1)
                except OSError:
                    pass
        """,
        "no_network",
        (),
    ),
    "is-nan": (
        """
        class Bad(Good):
            def forward(self, text):
                out = super().forward(text)["text"]
                return {"text": torch.where(text.lengths[:, None] > 20, torch.log(-out.abs()), out)}
        """,
        "finite_fp32",
        ("trains",),
    ),
    "is-half": (
        """
        class Bad(Good):
            def forward(self, text):
                return {"text": super().forward(text)["text"].bfloat16()}
        """,
        "finite_fp32",
        (),
    ),
    "hangs": (
        """
        class Bad(Good):
            def loss(self, phase, player, out, batch):
                time.sleep(3600)
        """,
        "trains",
        (),
    ),
    "exits": (
        """
        class Bad(Good):
            def loss(self, phase, player, out, batch):
                os._exit(3)
        """,
        "trains",
        (),
    ),
    "raises": (
        """
        class Bad(Good):
            def loss(self, phase, player, out, batch):
                return {"mse": out["txt"]}
        """,
        "trains",
        (),
    ),
    "trains-undeclared": (
        """
        class Bad(Good):
            @torch.no_grad()
            def forward(self, text):
                if self.training:
                    self.table.weight.mul_(0.9)
                with torch.enable_grad():
                    return super().forward(text)
        """,
        "frozen_weights",
        (),
    ),
    "thaws": (
        """
        class Bad(Good):
            def forward(self, text):
                self.table.requires_grad_(True)
                return super().forward(text)
        """,
        "gradients",
        (),
    ),
    "drifts": (
        """
        class Bad(Good):
            def __init__(self, ctx):
                super().__init__(ctx)
                self.register_buffer("seen", torch.zeros(()))

            def forward(self, text):
                self.seen += 0 if self.training else len(text)
                return super().forward(text)
        """,
        "weights_unchanged_by_evaluation",
        ("same_seed", "resume", "two_processes"),
    ),
    "draws-in-forward": (
        """
        class Bad(Good):
            def forward(self, text):
                out = super().forward(text)["text"]
                return {"text": out + torch.rand_like(out) if self.training else out}
        """,
        "two_processes",
        (),
    ),
    "looks-at-neighbours": (
        """
        class Bad(Good):
            def forward(self, text):
                out = super().forward(text)["text"]
                return {"text": out - out.mean(0)}
        """,
        "batch_invariance",
        ("two_processes",),
    ),
    "reads-the-padding": (
        """
        class Bad(Good):
            def forward(self, text):
                return {"text": self.head(self.table(text.ids).mean(1))}
        """,
        "batch_invariance",
        ("two_processes",),
    ),
    "counts-in-python": (
        """
        class Bad(Good):
            steps = 0

            def loss(self, phase, player, out, batch):
                self.steps += 1
                return {"mse": F.mse_loss(out["text"] * self.steps, batch.source_features)}
        """,
        "resume",
        (),
    ),
    "keeps-in-python": (
        """
        class Bad(Good):
            shift = 0.0

            def forward(self, text):
                return {"text": super().forward(text)["text"] + self.shift}

            def loss(self, phase, player, out, batch):
                self.shift = 1.0
                return super().loss(phase, player, out, batch)
        """,
        "save_and_load",
        ("resume",),
    ),
}

OTHERS = {  # (kind, name) -> (file, the check meant for it, checks that fail as well)
    ("method", "no-method"): ("class Bad: pass", "factories", ("trains",)),
    ("metric", "wins-every-tie"): (
        """
        import ccr

        class Bad(ccr.RankMetric):
            def per_query(self, lo, hi, tied):
                return (lo == 1).double()
        """,
        "collapsed_encoder",
        ("oracle",),
    ),
    ("metric", "likes-the-worst"): (
        """
        import ccr

        class Bad(ccr.RankMetric):
            def per_query(self, lo, hi, tied):
                return lo + (hi - lo).double() / (tied + 1)
        """,
        "computes",
        ("monotone",),
    ),
    ("translator", "looks-around"): (
        """
        import ccr

        class Bad(ccr.Translator):
            fingerprint = "bad@1"

            def translate(self, texts, source, target):
                return [f"{text} {len(texts)}" for text in texts]
        """,
        "cacheable",
        (),
    ),
    ("translator", "sorts"): (
        """
        import ccr

        class Bad(ccr.Translator):
            fingerprint = "bad@1"

            def translate(self, texts, source, target):
                return sorted(text.upper() for text in texts)
        """,
        "order",
        ("cacheable",),
    ),
    ("dataset", "tests-on-train"): (
        """
        import io
        import ccr
        from PIL import Image

        class Bad(ccr.Dataset):
            def items(self, split):
                for i in range(3):
                    name = f"{split}-{i}"
                    yield ccr.Item(name, (ccr.Caption(f"{name}-en", "en", "a grey picture"),))

            def test_items(self, test_set):
                for i in range(3):
                    yield ccr.Item(f"test-{i}", (ccr.Caption(f"test-{i}-en", "en", "a grey picture", "robot"),))

            def read(self, item):
                split, number = item.id.split("-")
                grey = int(number) + {"train": 0, "val": 10, "test": 2}[split]
                if grey == 11:
                    return b"no picture"
                out = io.BytesIO()
                Image.new("L", (4, 4), grey).save(out, "PNG")
                return out.getvalue()
        """,
        "disjoint",
        ("pictures", "provenance"),
    ),
    ("dataset", "is-in-the-wrong-script"): (
        """
        import io
        import ccr
        from PIL import Image

        class Bad(ccr.Dataset):
            def items(self, split):
                for i in range(5):
                    captions = [ccr.Caption(f"{split}-{i}-en", "en", f"picture {i} of {split}")]
                    text = "картинка" if split == "train" else "ein graues Bild"
                    captions.append(ccr.Caption(f"{split}-{i}-de", "de", text, "mt:me@1", f"{split}-{i}-en"))
                    yield ccr.Item(f"{split}-{i}", tuple(captions))

            def test_items(self, test_set):
                return self.items("test")

            def read(self, item):
                out, (split, number) = io.BytesIO(), item.id.split("-")
                Image.new("L", (4, 4), len(split) * 20 + int(number) + (9 if split == "val" else 0)).save(out, "PNG")
                return out.getvalue()
        """,
        "data_check",
        (),
    ),
    ("encoder", "hides-its-weights"): (
        """
        import ccr
        import numpy as np
        import torch
        from torch import nn

        class Bad(ccr.Encoder):
            embed_dim, context_length, logit_scale, architecture = 8, 16, 10.0, {}

            def __init__(self, argument, settings):
                self.module = nn.Linear(2, 2)
                self.hidden = torch.randn(256, 8, generator=torch.Generator().manual_seed(0))

            def preprocess(self, image):
                return torch.from_numpy(np.asarray(image.resize((4, 4)), dtype=np.float32)).permute(2, 0, 1) / 255

            def encode_images(self, pixels):
                return pixels.flatten(1)[:, :8]

            def tokenize(self, texts, lang):
                return torch.tensor([list(text.encode()[:16].ljust(16)) for text in texts])

            def encode_texts(self, ids):
                return self.hidden[ids].mean(1)
        """,
        "fingerprint_follows_weights",
        ("determinism", "differentiable", "fingerprint_follows_preprocessing"),
    ),
}
FIELDS = {
    "dataset": "  target_langs: [de]\n  test_sets: [{id: bad-test, langs: [en]}]\n",
    "metric": "  higher_is_better: true\n",
}

PACKAGES = {  # name -> (module, the check meant for it)
    "broken_import": ("import no_such_thing", "registers"),
    "wrong_api": ("CCR_API = 99", "registers"),
    "misspelt_hook": ("import ccr\nCCR_API = 1\n@ccr.hookimpl\ndef ccr_register_method(): return []", "registers"),
    "duplicate_name": (
        "import ccr\nCCR_API = 1\n@ccr.hookimpl\ndef ccr_register_methods():\n"
        "    return [ccr.MethodSpec(name='dasd', factory='duplicate_name:X', summary='S')]",
        "registers",
    ),
    "heavy": ("import torch\nCCR_API = 1", "registers_lightly"),
}

Found = Mapping[tuple[str, str], dict[str, Outcome]]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with all of them in its registry.yaml, or installed."""
    site, work = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("work")
    entries = ["plugins:\n"]
    animals = {("method", name): METHOD + textwrap.dedent(source) for name, (source, _, _) in METHODS.items()}
    animals |= {key: textwrap.dedent(source) for key, (source, _, _) in OTHERS.items()}
    for (kind, name), source in animals.items():
        file = name.replace("-", "_") + ".py"
        (work / file).write_text(source)
        entries.append(f"- kind: {kind}\n  name: {name}\n  file: {file}\n  object: Bad\n  summary: An animal\n")
        entries.append(FIELDS.get(kind, ""))
    (work / "registry.yaml").write_text("".join(entries))
    for name, (source, _) in PACKAGES.items():
        (site / f"{name}.py").write_text(source)
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[ccr]\n{name} = {name}\n")
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(site / "inductor"))  # torch makes it: no plugin's doing
        os.chdir(work)
        yield work
        os.chdir(before)


@pytest.fixture(scope="module")
def found(zoo: Path) -> Found:
    """Everything that the kit says of them, from one run of it."""
    host = Host.load()
    names = [("method", n) for n in METHODS] + list(OTHERS)
    subjects = [subject for kind, name in names for subject in find_subjects(host, name, kind)]
    for name in (*PACKAGES, "ccr_static_adapter"):
        subjects += find_subjects(host, name)
    outcomes: dict[tuple[str, str], dict[str, Outcome]] = {}
    for outcome in run_checks(subjects, limit=LIMIT):
        outcomes.setdefault((outcome.kind, outcome.name), {})[outcome.check] = outcome
    return outcomes


def failures(found: Found, kind: str, name: str, plugin: str) -> dict[str, Outcome]:
    both = found[("plugin", plugin)] | found.get((kind, name), {})
    return {check: outcome for check, outcome in both.items() if outcome.status == "fail"}


ANIMALS = {("method", name): rest for name, (_, *rest) in METHODS.items()} | {
    k: rest for k, (_, *rest) in OTHERS.items()
}


@pytest.mark.parametrize(("kind", "name"), ANIMALS, ids=[name for _, name in ANIMALS])
def test_each_is_caught_by_the_check_meant_for_it(found: Found, kind: str, name: str) -> None:
    meant, others = ANIMALS[kind, name]
    failed = failures(found, kind, name, name.replace("-", "_") + ".py")
    told = {check: outcome.message for check, outcome in failed.items()}
    assert not meant or meant in failed, told
    assert set(failed) <= {meant, *others}, told
    for outcome in failed.values():
        assert outcome.message
        assert outcome.mend
        assert "\n" not in outcome.message


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_that_do_not_register(found: Found, name: str) -> None:
    failed = failures(found, "", "", name)
    assert set(failed) == {PACKAGES[name][1]}


def test_what_is_said(found: Found) -> None:
    def said(name: str, check: str, kind: str = "method") -> str:
        return found[kind, name][check].message

    assert "did not end within" in said("hangs", "trains")
    assert found["method", "hangs"]["resume"].status == "not applicable"
    assert "exit code 3" in said("exits", "trains")
    assert "KeyError: 'txt' (raises.py:" in said("raises", "trains")
    assert "192.0.2.1" in said("calls-home", "no_network")
    assert "debug.log" in said("writes-where-it-stands", "no_writes")
    assert "touched" in said("writes-outside", "no_writes")
    assert "table.weight" in said("trains-undeclared", "frozen_weights")
    assert "table.weight" in said("thaws", "gradients")
    assert "No module named 'no_such_thing'" in said("broken_import", "registers", "plugin")
    assert 'did you mean "ccr_register_methods"' in said("misspelt_hook", "registers", "plugin")
    assert "2 owners" in said("duplicate_name", "registers", "plugin")
    assert "language: " in said("is-in-the-wrong-script", "data_check", "dataset")
    assert "torch" in said("heavy", "registers_lightly", "plugin")


def test_nothing_was_written_outside(zoo: Path, found: Found) -> None:
    assert {path.name for path in zoo.iterdir() if path.suffix != ".py"} <= {"registry.yaml", "__pycache__"}


def test_every_other_plugin_keeps_working(found: Found) -> None:
    """After a hang, after an exit, beside all of them."""
    status = {info.name: info.status for info in Host.load().plugins}
    troubled = {name for name, status in status.items() if status != "ok"}
    assert troubled == {"broken_import", "wrong_api", "misspelt_hook", "duplicate_name", "ccr_dasd"}
    assert not failures(found, "method", "static-adapter", "ccr_static_adapter")
    checked = found["method", "static-adapter"]
    assert {outcome.status for outcome in checked.values()} == {"pass"}
