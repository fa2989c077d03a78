"""`ccr pretrain`: the English side of an encoder, from random weights or from a checkpoint, on a dataset's captions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen
from safetensors.torch import load_file

from ccr.base import Encoder
from ccr.config import RunConfig
from ccr.data.opening import require
from ccr.errors import CcrError
from ccr.evaluation.score import selector
from ccr.features.extract import Features, image_features
from ccr.features.fingerprint import encoder_fingerprint
from ccr.features.store import FeatureStore
from ccr.files import artifact, cache_root, write_json
from ccr.host import Host
from ccr.pipeline.device import compute
from ccr.pipeline.english import WEIGHTS, English
from ccr.pipeline.plan import dataset_opening, find_encoder
from ccr.progress import say
from ccr.specs import Split

CODE = 1  # bump when pretraining changes its result
RECORD = "pretrain.json"


@frozen(kw_only=True)
class Budget:
    """How long and how fast the encoder learns."""

    epochs: float
    lr: float
    batch_size: int
    text_only: bool


@frozen
class Pretrained:
    """A trained encoder: the reference that opens it, and its mean average recall on the validation captions."""

    reference: str
    score: float
    record: Path


def pretrain(config: RunConfig, budget: Budget, out: Path) -> Pretrained:
    """Train an encoder and save it into the folder `out`; interrupted, the same call goes on where it stopped.

    Of `config` counts what names the dataset, the encoder, the seed and the machine. The test split stays sealed.
    """
    host, machine = Host.load(config.registry), compute(config)
    for key in config.settings:
        if key.partition(".")[0] not in ("dataset", "encoder"):
            raise CcrError(f"{config.where(key)}: {key} has no effect: pretraining sets dataset.* and encoder.* alone")
    spec, path = host.dataset(config.dataset)
    recipe = config.recipe or next(iter(spec.recipes))
    door = dataset_opening(host, config, "dataset", spec, recipe, path or config.data_root)
    found, argument = find_encoder(host, config.encoder or spec.encoder)
    tower: type[Encoder] = host.resolve(found.factory)
    settings = config.settings_for("encoder", host.resolve(found.settings))
    missing = [*door.missing(pictures=not tower.precomputed), *tower.missing(argument, settings)]
    require(f"pretraining on {config.dataset}", missing)
    data = door.open()
    encoder = tower(argument, settings)
    encoder.name = config.encoder or spec.encoder
    encoder.module.to(machine.device)
    cache = cache_root(config.cache)
    store, fingerprint = FeatureStore(cache / "features"), encoder_fingerprint(encoder, machine.precision)

    def images(split: Split) -> Features:
        return image_features(
            encoder,
            data.dataset,
            data.records(split),
            store,
            device=machine.device,
            precision=machine.precision,
            title=f"image features, {data.spec.name}/{split}",
            fingerprint=fingerprint,
        )

    if not budget.text_only and not encoder.precomputed and any(item.frames for item in data.records("train")):
        raise CcrError(f"{data.spec.name} holds clips, of which the text side alone can be trained: say --train text")
    english = English(
        encoder=encoder,
        data=data,
        files=store.files,
        machine=machine,
        score=selector(host),
        epochs=budget.epochs,
        lr=budget.lr,
        batch_size=budget.batch_size,
        seed=config.seed,
        images=images if budget.text_only else None,
        from_scratch=True,
        title=f"pretraining on {data.spec.source_lang}",
    )
    made_of = {
        "code": CODE,
        "encoder": encoder_fingerprint(encoder, "any"),
        "text_only": budget.text_only,
        **english.key(),
    }
    waiting = partial(say, "waiting for another process that pretrains the same encoder")
    folder = artifact(cache, "pretrained", made_of, lambda folder: _train(english, folder), waiting)
    encoder.module.load_state_dict(load_file(folder / WEIGHTS), strict=True)
    encoder.module.eval().requires_grad_(False)
    score = english.validation()()
    out.mkdir(parents=True, exist_ok=True)
    reference = encoder.save(out)
    write_json(out / RECORD, _record(config, budget, made_of, score, reference, encoder_fingerprint(encoder, "any")))
    return Pretrained(reference, score, out / RECORD)


def _train(english: English, folder: Path) -> None:
    progressed = english.train(folder)
    write_json(folder / "validations.json", progressed.validations)


def _record(
    config: RunConfig, budget: Budget, made_of: dict[str, Any], score: float, reference: str, fingerprint: str
) -> dict[str, Any]:
    return {
        "reference": reference,
        "fingerprint": fingerprint,
        "from": config.encoder,
        "dataset": config.dataset,
        "seed": config.seed,
        "epochs": budget.epochs,
        "lr": budget.lr,
        "batch_size": budget.batch_size,
        "trained": "text" if budget.text_only else "both",
        "validation_mAR": score,
        "made_of": made_of,
    }
