"""The English fine-tune of the encoder, on the dataset's English captions and pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import save_file

from ccr.data.order import Order, numbered
from ccr.data.views import queries
from ccr.evaluation.ranks import both_directions
from ccr.evaluation.score import DIRECTIONS
from ccr.features.inputs import load_input
from ccr.files import replacing
from ccr.progress import say
from ccr.protocols import ENGLISH_SEED
from ccr.specs import Phase
from ccr.training.english import EnglishFeed, EnglishFinetune
from ccr.training.journal import Journal
from ccr.training.loop import CHECKPOINT, Stage, Trainer

if TYPE_CHECKING:
    from ccr.pipeline.prepare import Prepared

VALIDATIONS = 5
VALIDATION_BATCH = 128  # images


def train_english(prepared: Prepared, folder: Path) -> None:
    """Fine-tune the encoder in place; `folder` keeps the checkpoint, and encoder.safetensors at the end."""
    plan, encoder, lang = prepared.plan, prepared.encoder, prepared.plan.source_lang
    recipe, device = plan.recipe, prepared.compute.device
    say(f"fine-tuning the encoder on the {lang} captions of {plan.spec.name}")
    items = plan.data.records("train")
    asked = queries(items, lang, lambda c: True, "any", f"{plan.spec.name}/train")
    image = asked.gallery[asked.owner]
    pictures = numbered(prepared.digests(plan.data, "train"))[image]
    order = Order(ENGLISH_SEED, "english", {lang: pictures}, recipe.encoder_batch_size, recipe.encoder_epochs)
    feed = EnglishFeed(
        order,
        lang,
        asked.texts,
        encoder.tokenize(asked.texts, lang),
        image,
        lambda row: load_input(encoder, plan.data.dataset, items[row]),
        device,
    )
    steps = len(order)
    phase = Phase("english", steps, recipe.encoder_batch_size, validate_every=-(-steps // VALIDATIONS))
    trainer = Trainer(
        method=EnglishFinetune(encoder, recipe.encoder_lr),
        stages=[Stage(phase, feed)],
        validate=_validation(prepared),
        folder=folder,
        journal=Journal(folder / "log.jsonl"),
        seed=ENGLISH_SEED,
        device=device,
        bf16=prepared.compute.bf16,
        title=f"{lang} fine-tune",
    )
    try:
        trainer.run()
    finally:
        feed.close()
    with replacing(folder / "encoder.safetensors") as temporary:
        state = {name: tensor.cpu().contiguous() for name, tensor in encoder.module.state_dict().items()}
        save_file(state, temporary)
    (folder / CHECKPOINT).unlink(missing_ok=True)


def _validation(prepared: Prepared) -> Callable[[], float]:
    """Mean average recall of the English validation captions, by the encoder as it stands."""
    plan, encoder, device = prepared.plan, prepared.encoder, prepared.compute.device
    lang, items = plan.source_lang, plan.data.records("val")
    asked = queries(items, lang, lambda c: True, "any", f"{plan.spec.name}/val")
    ids = encoder.tokenize(asked.texts, lang)
    owner = torch.from_numpy(asked.owner).to(device)

    cuts = range(VALIDATION_BATCH, len(asked.gallery), VALIDATION_BATCH)

    def pixels(rows: np.ndarray) -> torch.Tensor:
        return torch.stack([load_input(encoder, plan.data.dataset, items[row]) for row in rows])

    def validate() -> float:
        images = torch.cat([encoder.encode_images(pixels(rows).to(device)) for rows in np.split(asked.gallery, cuts)])
        texts = torch.cat([encoder.encode_texts(part.to(device)) for part in ids.split(256)])
        ranks = dict(zip(((lang, d) for d in DIRECTIONS), both_directions(texts, images, owner), strict=True))
        return prepared.mean_average_recall(ranks, (lang,))

    return validate
