"""Makes the scenes encoder: a tiny CLIP, trained from random weights on the encoder's own part of the scenes.

    python -m ccr_scenes.train_encoder --out FOLDER [--minutes 10 | --steps 2000] [--seed 0]

writes clip.json, clip-tokenizer.json, clip.safetensors and clip-record.json (seed, steps, time and scores). Every step
has fresh scenes, in groups of near-duplicates after a first stage with scenes of few things. `--start FOLDER --seed 1`
trains on from what is there, and the record tells of both. `--steps` gives the same run again, on the same machine;
`--minutes` first measures how many steps will fit.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import safetensors.torch
import torch
from attrs import evolve, frozen
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor, nn
from torch.nn import functional

from ccr_scenes import render, sampling
from ccr_scenes.claims import Telling
from ccr_scenes.grammar import SOURCE_STYLES, STYLES, realise

BATCH = 128
PARTS = 3  # length-sorted parts of a batch of captions, so that little is padded
RATE, WARMUP, DECAY, BETAS = 7e-4, 0.05, 0.1, (0.9, 0.98)
SCALE_START, SCALE_RATE, SCALE = 25.0, 1e-3, 100.0  # of InfoNCE: it stays at or below the last
VOCABULARY, CONTEXT, END = 1000, 48, 2
MEAN, STD = (0.62, 0.62, 0.57), (0.26, 0.26, 0.24)
CONFIG: dict[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"layers": [1, 1, 1, 1], "width": 16, "head_width": 64, "image_size": render.PIXELS},
    "text_cfg": {
        "context_length": CONTEXT,
        "vocab_size": VOCABULARY,
        "width": 128,
        "heads": 4,
        "layers": 4,
        "pool_type": "eos",
        "eos_id": END,
    },
    "quick_gelu": True,
}
GALLERY = 500
FIRST_SHARE = (
    0.3  # of the steps: words are learnt from scenes of few things; whole scenes from the start stay at chance
)
FIRST = sampling.Distribution(
    things={1: 0.7, 2: 0.3},
    telling=Telling(mentions={1: 0.5, 2: 0.5}, colour=0.9, size=0.5, relation=0.7, background=0.5),
    duplicates=False,
)
_ENGLISH = (*STYLES["en"], *SOURCE_STYLES)


@frozen
class Round:
    """Scenes of one batch with one caption each, true of no other scene of the batch."""

    pixels: Tensor  # (B, 3, 64, 64) uint8
    texts: list[str]


def draw_round(seed: str, style: sampling.Distribution = sampling.SCENES, size: int = BATCH) -> Round:
    rng = random.Random(seed)
    entries = sampling.draw_entries(rng, "encoder", style, size, captions=1)
    pixels = np.stack([render.render(entry.scene) for entry in entries]).transpose(0, 3, 1, 2)
    return Round(
        torch.from_numpy(np.ascontiguousarray(pixels)),
        [realise(entry.claims[0], "en", rng.choice(_ENGLISH), rng) for entry in entries],
    )


class Rounds(torch.utils.data.Dataset[Round]):
    """Round `step` of a seed: the same whoever draws it, in whatever order."""

    def __init__(self, seed: int, steps: int, first: int) -> None:
        self.seed, self.steps, self.first = seed, steps, first

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Round:
        style = FIRST if step < self.first else sampling.SCENES
        return draw_round(f"{self.seed}/train/{step}", style)


def make_tokenizer(seed: int) -> Tokenizer:
    """A byte-level BPE of the captions of some rounds that are not trained on."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)  # type: ignore[assignment]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["[PAD]", "[CLS]", "[SEP]"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = (text for i in range(20) for text in _captions(f"{seed}/tokenizer/{i}"))
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(  # type: ignore[assignment]
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return tokenizer


def _captions(seed: str) -> list[str]:
    rng = random.Random(seed)
    entries = sampling.draw_entries(rng, "encoder", sampling.SCENES, BATCH, captions=1)
    return [realise(entry.claims[0], "en", style, rng) for entry in entries for style in _ENGLISH]


class Trainee:
    """The model with its tokenizer."""

    def __init__(self, seed: int) -> None:
        self.tokenizer = make_tokenizer(seed)
        torch.manual_seed(seed)
        self.model: Any = open_clip.CLIP(**CONFIG, init_logit_scale=math.log(SCALE_START))
        self.model.visual.to(memory_format=torch.channels_last)

    def images(self, pixels: Tensor) -> Tensor:
        """(B, 3, 64, 64) uint8 -> (B, D) of length 1."""
        mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
        pixels = ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.model.training):
            features = self.model.encode_image(pixels)
        return functional.normalize(features.float(), dim=-1)

    def texts(self, texts: Sequence[str]) -> Tensor:
        """(B, D) of length 1. What is trimmed changes nothing under causal attention."""
        rows = [torch.tensor([*row.ids[:-1][: CONTEXT - 1], END]) for row in self.tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        parts = np.array_split(np.array(order), PARTS)
        features = torch.cat([self._texts([rows[i] for i in part]) for part in parts])
        return features[torch.tensor(order).argsort()]

    def _texts(self, rows: list[Tensor]) -> Tensor:
        model, ids = self.model, nn.utils.rnn.pad_sequence(rows, batch_first=True)
        length = ids.shape[1]
        x = model.token_embedding(ids) + model.positional_embedding[:length]
        x = model.transformer(x, attn_mask=model.attn_mask[:length, :length])
        ends = torch.tensor([len(row) - 1 for row in rows])
        return functional.normalize(model.ln_final(x[torch.arange(len(x)), ends]) @ model.text_projection, dim=-1)

    def loss(self, batch: Round) -> Tensor:
        logits = self.model.logit_scale.exp() * self.images(batch.pixels) @ self.texts(batch.texts).T
        labels = torch.arange(len(logits))
        return (functional.cross_entropy(logits, labels) + functional.cross_entropy(logits.T, labels)) / 2


def mean_recall(scores: Tensor) -> float:
    """Percent: R@1, R@5 and R@10 of both directions, averaged; (N, N) scores, the right answers on the diagonal."""
    recalls = []
    for matrix in (scores, scores.T):
        ranks = (matrix >= matrix.diagonal()[:, None]).sum(dim=1)
        recalls += [float((ranks <= k).float().mean()) for k in (1, 5, 10)]
    return 100 * sum(recalls) / len(recalls)


@cache
def gallery(seed: int, duplicates: bool) -> Round:
    """Scenes of the encoder's part that are not trained on, but for a rare chance."""
    style = evolve(sampling.SCENES, duplicates=duplicates)
    return draw_round(f"{seed}/gallery/{duplicates}", style, GALLERY)


@torch.no_grad()
def evaluate(trainee: Trainee, seed: int) -> dict[str, float]:
    """English mAR on a gallery of unrelated scenes and on one of near-duplicates."""
    trainee.model.eval()
    found = {}
    for name, duplicates in (("random", False), ("near-duplicates", True)):
        drawn = gallery(seed, duplicates)
        found[name] = round(mean_recall(trainee.texts(drawn.texts) @ trainee.images(drawn.pixels).T), 2)
    trainee.model.train()
    return found


def train(trainee: Trainee, seed: int, steps: int, first: int, workers: int, every: int) -> None:
    model = trainee.model
    named = {name: p for name, p in model.named_parameters() if name != "logit_scale"}
    groups = [
        {"params": [p for p in named.values() if p.ndim >= 2], "weight_decay": DECAY},
        {"params": [p for p in named.values() if p.ndim < 2], "weight_decay": 0.0},
        {"params": [model.logit_scale], "weight_decay": 0.0, "lr": SCALE_RATE},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=BETAS, eps=1e-6)
    warm = max(1, round(WARMUP * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda s: min((s + 1) / warm, 0.5 * (1 + math.cos(math.pi * max(0, s - warm) / max(1, steps - warm)))),
    )
    loader = torch.utils.data.DataLoader(Rounds(seed, steps, first), batch_size=None, num_workers=workers)
    start = time.monotonic()
    for step, batch in enumerate(loader, 1):
        loss = trainee.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(SCALE))
        if step % every == 0 or step == steps:
            scale = model.logit_scale.exp().item()
            scores = evaluate(trainee, seed)
            print(
                f"{step}/{steps} {time.monotonic() - start:.0f} s loss {loss:.3f} scale {scale:.1f} {scores}",
                flush=True,
            )


def affordable(trainee: Trainee, seed: int, minutes: float, workers: int) -> int:
    """How many steps fit, by the pace of a few; the trainee is as before afterwards."""
    state = {name: tensor.clone() for name, tensor in trainee.model.state_dict().items()}
    probe = 12
    start = time.monotonic()
    loader = torch.utils.data.DataLoader(Rounds(seed, probe, 0), batch_size=None, num_workers=workers)
    for step, batch in enumerate(loader):
        if step == 2:  # workers have started
            start = time.monotonic()
        trainee.loss(batch).backward()
    pace = (time.monotonic() - start) / (probe - 2)
    trainee.model.zero_grad()
    trainee.model.load_state_dict(state)
    return max(1, int(60 * minutes / pace))


def save(trainee: Trainee, folder: Path, record: list[Any]) -> None:
    config = {**CONFIG, "ccr": {"tokenizer": "clip-tokenizer.json", "mean": list(MEAN), "std": list(STD)}}
    weights = {name: tensor.detach().half().contiguous() for name, tensor in trainee.model.state_dict().items()}
    trainee.tokenizer.no_padding()
    trainee.tokenizer.no_truncation()
    _write(folder / "clip.json", (json.dumps(config, indent=1) + "\n").encode())
    _write(folder / "clip-tokenizer.json", (trainee.tokenizer.to_str(pretty=False) + "\n").encode())
    _write(folder / "clip-record.json", (json.dumps(record, indent=1) + "\n").encode())
    _write(folder / "clip.safetensors", safetensors.torch.save(weights, metadata={"record": json.dumps(record)}))


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the scenes encoder.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the encoder's files")
    parser.add_argument("--minutes", type=float, default=10.0, help="time to train, if --steps is not given")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, help="folder of an encoder to go on from; take another seed then")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw scenes")
    parser.add_argument("--every", type=int, default=200, help="steps between validations")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    trainee = Trainee(options.seed)
    before: list[Any] = []
    if options.start:
        before = json.loads((options.start / "clip-record.json").read_text(encoding="utf-8"))
        trainee.tokenizer = Tokenizer.from_file(str(options.start / "clip-tokenizer.json"))
        trainee.model.load_state_dict(safetensors.torch.load_file(options.start / "clip.safetensors"))
    steps = options.steps or affordable(trainee, options.seed, options.minutes, options.workers)
    torch.manual_seed(options.seed)
    first = 0 if options.start else round(FIRST_SHARE * steps)
    start = time.monotonic()
    train(trainee, options.seed, steps, first, options.workers, options.every)
    seconds = time.monotonic() - start
    trainee.model.half().float()  # the scores are those of the weights as shipped
    record = {
        "seed": options.seed,
        "steps": steps,
        "batch": BATCH,
        "seconds": round(seconds),
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
        "torch": torch.__version__,
        "open_clip": open_clip.__version__,
        "parameters": sum(p.numel() for p in trainee.model.parameters()),
        "render": render.VERSION,
        "scale": round(trainee.model.logit_scale.exp().item(), 2),
        "english mAR of 500": evaluate(trainee, options.seed),
    }
    save(trainee, options.out, [*before, record])
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
