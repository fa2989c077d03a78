"""Opening a finished run: the trained method in use."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch
from attrs import frozen
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import normalize

from ccr.base import Encoder, Method, TokenInput
from ccr.config import EXECUTION, RunConfig, load_config
from ccr.data.opening import require
from ccr.data.records import unsealed
from ccr.errors import CcrError, nearest
from ccr.evaluation.encode import encode_texts
from ccr.evaluation.ranks import full_precision
from ccr.files import SEAL, cache_root
from ccr.host import Host
from ccr.pipeline.device import Compute, compute
from ccr.pipeline.evaluate import on_device, text_rows
from ccr.pipeline.extension import open_base
from ccr.pipeline.method import make_method
from ccr.pipeline.plan import Plan, dataset_opening, resolve
from ccr.pipeline.prepare import Prepared
from ccr.protocols import make_phase
from ccr.results.load import FinishedRun, read_finished
from ccr.results.run import WEIGHTS
from ccr.specs import Item, Split
from ccr.training.checkpoint import restore

BATCH = 256  # texts that the encoder reads at once
PLACES = {"runs", "fresh", "resume_anyway", "profile"}  # what loading has no use for


@frozen
class Hit:
    """An item that was found."""

    score: float  # cosine
    item: Item


class LoadedRun:
    """A finished run, ready to read captions: the method with its trained tensors, on the device, in eval mode."""

    def __init__(self, record: FinishedRun, plan: Plan, prepared: Prepared, method: Method) -> None:
        self.record, self.plan, self.method = record, plan, method
        self._prepared = prepared
        self._galleries: dict[Split, tuple[tuple[Item, ...], Tensor]] = {}

    @property
    def tokens(self) -> TokenInput:
        """The token input of the run."""
        return self._prepared.tokens

    @property
    def encoder(self) -> Encoder:
        """The encoder of the run, fine-tuned where its protocol asks for that, on `device`."""
        return self._prepared.encoder

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._prepared.compute.device

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages that it reads, the source language first."""
        return (self.plan.source_lang, *self.plan.langs)

    def encode_text(self, texts: Sequence[str], lang: str) -> Tensor:
        """Texts of one language -> (n, D) fp32 features, un-normalised, on the CPU, in their order.

        The source language is read as it was in the run's own test: by the encoder, unless the method encodes it.
        Raises CcrError for a language that the run did not train and for empty texts.
        """
        return self._encode(texts, lang).cpu()

    def encode_gallery(self, split: Split = "test", lang: str = "") -> tuple[tuple[Item, ...], Tensor]:
        """The n items of a split (of the run's own test set) and their (n, D) fp32 features, as captions of `lang`
        (a target language unless said) meet them; un-normalised, on the CPU."""
        lang = lang or self.plan.langs[0]
        self._check_language(lang)
        items, features = self._gallery(split)
        return items, self._seen(features, lang).cpu()

    def search(self, texts: Sequence[str] | str, lang: str, top: int = 5, split: Split = "test") -> list[list[Hit]]:
        """For each text the `top` items of a split whose image fits it best, best first, with their cosines."""
        if top < 1:
            raise CcrError(f"top must be at least 1, not {top}")
        texts = [texts] if isinstance(texts, str) else list(texts)
        queries = self._encode(texts, lang)
        items, features = self._gallery(split)
        with full_precision(queries.device):
            scores = normalize(queries, dim=1) @ normalize(self._seen(features, lang), dim=1).T
        best = scores.topk(min(top, len(items)))
        return [
            [Hit(score, items[i]) for score, i in zip(*row, strict=True)]
            for row in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]

    def read(self, item: Item) -> bytes:
        """The encoded image (PNG, JPEG, ...) of an item."""
        return self.plan.data.dataset.read(item)

    def _check_language(self, lang: str) -> None:
        if lang not in self.langs:
            raise CcrError(
                f'this run reads no "{lang}"{nearest(lang, self.langs)}: it was trained on '
                f"{', '.join(self.plan.langs)}, and its encoder reads {self.plan.source_lang}"
            )

    @torch.no_grad()
    def _encode(self, texts: Sequence[str], lang: str) -> Tensor:
        self._check_language(lang)
        empty = [i for i, text in enumerate(texts) if not text.strip()]
        if empty or not texts:
            raise CcrError(f"text {empty[0] + 1} of {len(texts)} is empty" if empty else "there is no text to read")
        machine = self._prepared.compute
        if self._by_encoder(lang):
            encoder = self._prepared.encoder
            ids = encoder.tokenize(texts, lang).to(machine.device)
            return torch.cat([encoder.encode_texts(part).float() for part in ids.split(BATCH)])
        return encode_texts(self.method, text_rows(self.method, lang, texts), machine.device, machine.bf16)

    def _by_encoder(self, lang: str) -> bool:
        return lang == self.plan.source_lang and not self.method.encodes_source

    def _gallery(self, split: Split) -> tuple[tuple[Item, ...], Tensor]:
        """The items, and the encoder's features of their images on the device."""
        if split not in self._galleries:
            plan = self.plan
            with unsealed():  # the run is over, and nothing trains on what is read here
                items = plan.data.records(split, plan.test_set.id if split == "test" else "")
            found = self._prepared.images(plan.data, items, f"image features, {plan.spec.name}/{split}")
            self._galleries[split] = items, on_device(found, self._prepared.compute)
        return self._galleries[split]

    @torch.no_grad()
    def _seen(self, features: Tensor, lang: str) -> Tensor:
        return features if self._by_encoder(lang) else self.method.encode_visual(features).float()


def load_run(path: Path | str, *, device: str = "auto", cache: Path | str | None = None, **places: Any) -> LoadedRun:
    """Open a finished run's folder.

    The plan is resolved anew from its config.json and must come to the same run; the encoder is that of the run,
    fine-tuned where its protocol asks for that, and the method's trained tensors are put in place by name and shape,
    all of them. `cache`, and in `places` `data_root`, `mt`, `registry` and `threads`, say where things lie now, if
    elsewhere than in the run.

    Raises CcrError: an unfinished run; data, encoder or code that has become another; a fine-tuned encoder that the
    cache no longer has (with the command that makes it again).
    """
    record = read_finished(Path(path))
    config = rebuilt_config(record, device=device, cache=cache, **places)
    plan, machine = resolve(config), compute(config)
    if plan.protocol.finetunes_encoder:
        _require_encoder(record, plan, machine)  # told before anything is computed
    base = open_base(config)
    prepared = Prepared(plan, machine, base.tokens if base else None)
    _require_same(record, plan, prepared)
    fingerprint = prepared.finetune_encoder()
    if fingerprint != record.result["encoder"]["fingerprint"]:
        raise CcrError(
            f"the encoder in {prepared.cache} is not the one that {record.folder} was trained and tested with; "
            f"make the run again: {_command(record)}"
        )
    corpora = prepared.corpora()
    method = make_method(plan, prepared, corpora, machine, base, fingerprint)
    _restore(record, plan, method, machine)
    return LoadedRun(record, plan, prepared, method.eval().requires_grad_(False))


def rebuilt_config(record: FinishedRun, *, device: str = "auto", **places: Any) -> RunConfig:
    """The configuration that the run was asked for, computed here: with the precision that it had."""
    config = record.run.config
    asked = {name: value for name, value in config["asked"].items() if name not in PLACES and value not in (None, [])}
    unknown = [name for name in places if name not in EXECUTION]
    if unknown:
        raise CcrError(f"load_run takes no {unknown[0]}{nearest(unknown[0], EXECUTION)}")
    precision = record.starts[-1].get("precision") or "auto"
    now = {"device": device, "precision": precision, **{k: v for k, v in places.items() if v is not None}}
    return load_config(None, {**asked, **now})


def open_pictures(record: FinishedRun, **places: Any) -> Callable[[str], bytes]:
    """The encoded pictures of a run's test set by item id, from its dataset alone: no encoder is opened.

    Raises CcrError where the dataset cannot be opened, or has other captions than the run was tested with.
    """
    config = rebuilt_config(record, **places)
    host = Host.load(config.registry)
    spec, path = host.dataset(config.dataset)
    recipe = config.recipe or next(iter(spec.recipes))
    also = record.result["langs"]["targets"]  # those of the run that languages were added to, too
    door = dataset_opening(host, config, "dataset", spec, recipe, path or config.data_root, also=also)
    require(spec.name, door.missing(pictures="absent-picture" not in config.accept))
    data = door.open()
    with unsealed():  # as the reader gives them: what the run left out of them stands in no query
        items = {item.id: item for item in data.dataset.test_items(record.result["test_set"])}
    now = {c.id: c.text for item in items.values() for c in item.captions}
    for asked in record.run.read("queries.json").values():
        if any(now.get(name) != text for name, text in zip(asked["ids"], asked["texts"], strict=True)):
            raise CcrError(f"{spec.name} has other test captions than {record.folder} was tested with")
    return lambda image: data.dataset.read(items[image])


def _require_same(record: FinishedRun, plan: Plan, prepared: Prepared) -> None:
    """What the configuration stands for now must be what the run was made of."""
    tokens = "bpe" if plan.config.tokens == "bpe" else prepared.tokens.fingerprint
    now = json.loads(json.dumps(plan.identity(prepared.base_fingerprint, tokens, prepared.content)))
    then: Mapping[str, Any] = record.run.config["identity"]
    changed = [key for key in now if now[key] != then.get(key)] + [key for key in then if key not in now]
    if changed:
        raise CcrError(
            f"{record.folder} was made of other parts than there are now ({', '.join(changed)} changed since): "
            f"put them back, or make the run again: {_command(record)}"
        )


def _require_encoder(record: FinishedRun, plan: Plan, machine: Compute) -> None:
    """The fine-tuned encoder must be in the cache: training it anew is for the user to decide."""
    recipe, cache = plan.recipe, cache_root(plan.config.cache)
    wanted = {
        "encoder": record.run.config["identity"]["encoder"],
        "epochs": recipe.encoder_epochs,
        "lr": recipe.encoder_lr,
        "batch_size": recipe.encoder_batch_size,
        "precision": machine.precision,
    }
    for seal in (cache / "encoders").glob(f"*/{SEAL}"):
        key = json.loads(seal.read_text(encoding="utf-8"))
        if all(key.get(name) == value for name, value in wanted.items()):
            return
    raise CcrError(
        f"the fine-tuned encoder of {record.folder} is not in {cache} (--cache names another cache); "
        f"make it again: {_command(record)}"
    )


def _command(record: FinishedRun) -> str:
    """What makes the run again."""
    asked = record.run.config["asked"]
    words = [f"ccr run --method {asked['method']} --dataset {asked['dataset']} --seed {asked['seed']}"]
    for field in attrs.fields(RunConfig):
        name, value = field.name, asked.get(field.name)
        if name in ("method", "dataset", "seed", "settings", "origins", "fresh", "resume_anyway", "profile"):
            continue
        if value not in (None, [], "") and value != field.default and str(value) != str(field.default):
            values = value if name == "mt" else [",".join(value) if isinstance(value, list) else value]
            words += [f"--{name.replace('_', '-')} {shlex.quote(str(each))}" for each in values]
    words += [f"--set {shlex.quote(f'{key}={json.dumps(value)}')}" for key, value in asked["settings"].items()]
    return " ".join([*words, "--fresh"])


def _restore(record: FinishedRun, plan: Plan, method: Method, machine: Compute) -> None:
    """The trained tensors in place of the initial ones, every one by its name and shape."""
    path = record.folder / WEIGHTS
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CcrError(f"{path} is not whole ({error}); run the same command again with --fresh") from error
    steps = record.result["steps"]
    phases = [make_phase(name, plan.recipe, steps[name]) for name in steps]
    owned = {id(p) for phase in phases for player in method.players(phase) for p in player.params}
    kept = method.state_dict(keep_vars=True)
    trained: dict[str, Tensor] = {name: p for name, p in method.named_parameters() if id(p) in owned}
    trained |= {name: buffer for name, buffer in method.named_buffers() if name in kept}
    restore(trained, {name: tensor.to(machine.device) for name, tensor in tensors.items()}, str(path))
