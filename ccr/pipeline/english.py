"""Training an encoder on a dataset's English: the fine-tune of a protocol, and `ccr pretrain`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from safetensors.torch import save_file

from ccr.base import Encoder
from ccr.data.order import Order, numbered
from ccr.data.records import Data
from ccr.data.views import queries
from ccr.evaluation.ranks import both_directions
from ccr.evaluation.score import DIRECTIONS
from ccr.features.digests import FileDigests
from ccr.features.extract import Features
from ccr.features.inputs import input_digests, load_input
from ccr.files import digest_of, replacing
from ccr.pipeline.device import Compute
from ccr.specs import Phase, Split
from ccr.training.english import EnglishFeed, EnglishTraining
from ccr.training.journal import Journal
from ccr.training.loop import CHECKPOINT, Progressed, Stage, Trainer
from ccr.world import world

VALIDATIONS = 5
VALIDATION_BATCH = 128  # images
WEIGHTS = "encoder.safetensors"


@frozen(kw_only=True, eq=False)
class English:
    """One training of an encoder on the source-language captions of a dataset."""

    encoder: Encoder  # on the device; trained in place
    data: Data
    files: FileDigests
    machine: Compute
    score: Callable[..., float]  # of ranks by (language, direction), over languages: what selects
    epochs: float
    lr: float
    batch_size: int
    seed: int
    images: Callable[[Split], Features] | None = None  # of an image side that stays as it is: the text tower trains
    from_scratch: bool = False  # the scale of InfoNCE is learnt, and batch norms take statistics
    title: str = ""

    @property
    def lang(self) -> str:
        return self.data.spec.source_lang

    def key(self) -> dict[str, Any]:
        """What the trained weights follow from, beside the encoder's own."""
        return {
            "content": {split: self._content(split) for split in ("train", "val")},
            "epochs": self.epochs,
            "lr": self.lr,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "lang": self.lang,
            "precision": self.machine.precision,
        }

    def _content(self, split: Split) -> str:
        english = [[c.text for c in item.captions if c.lang == self.lang] for item in self.data.records(split)]
        return digest_of([english, self._pictures(split)])

    def _pictures(self, split: Split) -> list[str]:
        return input_digests(self.encoder, self.data.dataset, self.data.records(split), self.files)

    def train(self, folder: Path) -> Progressed:
        """Train in place; `folder` keeps the checkpoint, and `WEIGHTS` at the end."""
        encoder, dataset, lang = self.encoder, self.data.dataset, self.lang
        items = self.data.records("train")
        asked = queries(items, lang, lambda c: True, "any", f"{self.data.spec.name}/train")
        image = asked.gallery[asked.owner]
        pictures = numbered(self._pictures("train"))[image]
        order = Order(self.seed, "english", {lang: pictures}, self.batch_size, self.epochs)
        ids = encoder.tokenize(asked.texts, lang)
        images = self._given("train")
        feed = EnglishFeed(
            order,
            lang,
            asked.texts,
            ids,
            encoder.lengths(ids),
            image,
            (lambda row: load_input(encoder, dataset, items[row])) if images is None else images,
            self.machine.device,
        )
        steps = len(order)
        phase = Phase("english", steps, self.batch_size, validate_every=-(-steps // VALIDATIONS))
        trainer = Trainer(
            method=EnglishTraining(encoder, self.lr, text_only=images is not None, from_scratch=self.from_scratch),
            stages=[Stage(phase, feed)],
            validate=self.validation(),
            folder=folder,
            journal=Journal(folder / "log.jsonl"),
            seed=self.seed,
            device=self.machine.device,
            bf16=self.machine.bf16,
            title=self.title,
        )
        try:
            progressed = trainer.run()
        finally:
            feed.close()
        if world().leads:
            with replacing(folder / WEIGHTS) as temporary:
                state = {name: tensor.cpu().contiguous() for name, tensor in encoder.module.state_dict().items()}
                save_file(state, temporary)
            (folder / CHECKPOINT).unlink(missing_ok=True)
        return progressed

    def validation(self) -> Callable[[], float]:
        """Mean average recall of the validation captions, by the encoder as it stands."""
        encoder, dataset, device, lang = self.encoder, self.data.dataset, self.machine.device, self.lang
        items = self.data.records("val")
        asked = queries(items, lang, lambda c: True, "any", f"{self.data.spec.name}/val")
        ids = encoder.tokenize(asked.texts, lang)
        owner = torch.from_numpy(asked.owner).to(device)
        batches = np.split(asked.gallery, range(VALIDATION_BATCH, len(asked.gallery), VALIDATION_BATCH))
        given = self._given("val")

        def encoded(rows: np.ndarray) -> torch.Tensor:
            if given is not None:
                return given[torch.from_numpy(rows)].to(device)
            pixels = torch.stack([load_input(encoder, dataset, items[row]) for row in rows])
            return encoder.encode_images(pixels.to(device))

        def validate() -> float:
            images = world().joined(batches, encoded, device)
            texts = world().joined(ids.split(256), lambda part: encoder.encode_texts(part.to(device)), device)
            ranks = dict(zip(((lang, d) for d in DIRECTIONS), both_directions(texts, images, owner), strict=True))
            return self.score(ranks, (lang,))

        return validate

    def _given(self, split: Split) -> torch.Tensor | None:
        """(items, D) image features, where they are not learnt."""
        return None if self.images is None else torch.from_numpy(np.array(self.images(split).table))
