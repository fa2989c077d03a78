"""One run, from its configuration to its result.json."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import torch
from safetensors.torch import save_file
from torch import Tensor

from ccr.base import Method
from ccr.config import RunConfig
from ccr.data.batches import Feed, TextRows
from ccr.data.faults import left_out
from ccr.data.order import Order
from ccr.data.records import training
from ccr.errors import CcrError
from ccr.evaluation.encode import rank
from ccr.files import digest_of, discard, replacing
from ccr.pipeline.device import Compute, compute, describe
from ccr.pipeline.evaluate import evaluate, on_device, text_rows
from ccr.pipeline.extension import open_base
from ccr.pipeline.method import build, make_method
from ccr.pipeline.plan import Plan, resolve
from ccr.pipeline.prepare import Corpus, Prepared, Validation
from ccr.pipeline.tested import refuse_overlap, refuse_unreadable
from ccr.progress import say
from ccr.protocols import make_phase
from ccr.results.provenance import provenance
from ccr.results.run import WEIGHTS, Run, run_folder
from ccr.settings import settings_values
from ccr.training.journal import Journal
from ccr.training.loop import CHECKPOINT, Stage, Trainer
from ccr.training.profile import profiled
from ccr.world import world

if TYPE_CHECKING:
    from ccr.pipeline.load import LoadedRun


def execute(config: RunConfig) -> Run:
    """Run, go on with an interrupted run, or find that it is finished. The run's result is in its folder.

    Several processes that have met (ccr.world) all call it, with the same configuration.
    """
    if config.gpus not in (None, world().size):
        raise CcrError(
            f"--gpus {config.gpus}: this run has {world().size} process(es); `ccr run` starts as many as it asks for"
        )
    started = time.monotonic()
    machine = compute(config)
    if machine.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(machine.device)
    plan = resolve(config)
    base = open_base(config)
    prepared = Prepared(plan, machine, base.tokens if base else None)
    # a BPE follows from the data; mBERT's table is a file of the user's
    tokens = "bpe" if config.tokens == "bpe" else prepared.tokens.fingerprint
    identity = plan.identity(prepared.base_fingerprint, tokens, prepared.content)
    run_id = digest_of(identity)[:12]
    folder = run_folder(config.runs, plan.spec.name, plan.protocol.name, plan.method.name, config.seed, run_id)
    run = Run(run_id, folder, _resolved(plan, run_id, identity))
    fingerprints = {"encoder": prepared.base_fingerprint, "tokens": prepared.tokens.fingerprint}
    if plan.translator:
        fingerprints["translator"] = plan.translator.fingerprint
    origin = provenance(describe(machine.device), machine.precision, _code(plan), fingerprints)

    def begin() -> bool:
        """Take the run; False if it is finished."""
        held.enter_context(run.alone())
        if config.fresh:
            discard(folder)
        if _already_finished(run, origin, config):
            return False
        folder.mkdir(parents=True, exist_ok=True)
        run.write("config.json", run.config)
        # one entry per start: what was resumed elsewhere, or by other code, is told by the list
        earlier = run.read("provenance.json")["starts"] if (folder / "provenance.json").exists() else []
        run.write("provenance.json", {"starts": [*earlier, origin]})
        plan.host.notify("ccr_run_started", run=run)
        return True

    with ExitStack() as held:
        if not world().once(begin):
            return run
        result = _carry_out(plan, prepared, machine, run, started, base)
        run.write("result.json", result)
        if world().leads:
            (folder / CHECKPOINT).unlink(missing_ok=True)
            plan.host.notify("ccr_run_finished", run=run, result=result)
        world().wait()
    return run


def _carry_out(
    plan: Plan, prepared: Prepared, machine: Compute, run: Run, started: float, base: LoadedRun | None
) -> dict[str, Any]:
    metrics = [(spec, plan.host.resolve(spec.factory)) for spec in plan.host.specs("metric").values()]
    if not base:
        build(plan, prepared, machine)  # what a method cannot work with is told before anything is trained
    refuse_overlap(plan, prepared)
    refuse_unreadable(plan, prepared)
    fingerprint = prepared.finetune_encoder()
    with training():
        corpora = prepared.corpora()
        method = make_method(plan, prepared, corpora, machine, base, fingerprint)
        orders = {
            phase: Order(
                plan.config.seed, phase, corpus.pictures(), plan.recipe.batch_size, plan.recipe.epochs.get(phase, 1.0)
            )
            for phase, corpus in corpora.items()
        }
        held_out = prepared.validation()
        stages = _stages(plan, corpora, orders, method, machine)
        if plan.config.profile and world().leads:
            stages = profiled(stages, run.folder, machine.device)
        trainer = Trainer(
            method=method,
            stages=stages,
            validate=_validator(plan, prepared, held_out, method, machine),
            folder=run.folder,
            journal=Journal(
                run.folder / "log.jsonl",
                lambda phase, step, values: plan.host.notify(
                    "ccr_step_logged", run=run, phase=phase, step=step, values=values
                ),
            ),
            seed=plan.config.seed,
            device=machine.device,
            bf16=machine.bf16,
        )
        progressed = trainer.run()
    trained = trainer.trained()
    if world().leads:
        with replacing(run.folder / WEIGHTS) as temporary:
            save_file({name: tensor.detach().cpu().contiguous() for name, tensor in trained.items()}, temporary)
    outcome = evaluate(plan, prepared, method, machine, run, metrics)
    if not prepared.encoded:
        say("all image features came from the store; no image was encoded")
    faults = left_out(plan.data.faults, plan.data.accepted)
    return {
        "id": run.id,
        **({"from": plan.base.id} if plan.base else {}),
        "method": plan.method.name,
        "settings": settings_values(plan.settings),
        "dataset": plan.spec.name,
        "protocol": plan.protocol.name,
        "recipe": plan.recipe_name,
        "seed": plan.config.seed,
        "encoder": {"name": plan.config.encoder or plan.spec.encoder, "fingerprint": fingerprint},
        "langs": {"source": plan.source_lang, "targets": list(plan.langs)},
        **outcome,
        **({"faults": faults} if faults else {}),
        "images_encoded": prepared.encoded,
        "selected": progressed.selected,
        "validations": progressed.validations,
        "exposures": {stage.phase.name: orders[stage.phase.name].exposures for stage in stages},
        "order": {stage.phase.name: orders[stage.phase.name].digest() for stage in stages},
        "steps": {stage.phase.name: stage.phase.steps for stage in stages},
        "losses_off": list(method.losses_off),
        "parameters": _parameters(method, trained),
        "frozen_weights": progressed.frozen,
        "seconds": {"training": round(progressed.seconds, 2), "total": round(time.monotonic() - started, 2)},
        "peak_memory_mb": _peak_memory(machine),
    }


def _already_finished(run: Run, origin: Mapping[str, Any], config: RunConfig) -> bool:
    """Whether there is nothing to do; refuses to go on with what other code began."""
    if not (run.folder / "provenance.json").exists():
        return False
    begun = run.read("provenance.json")["starts"][0]["code"]
    changed = [name for name, digest in begun.items() if origin["code"].get(name, digest) != digest]
    if run.finished:
        say(f"{run.folder} is finished; --fresh runs it again")
        if changed:
            say(f"  note: the code of {', '.join(changed)} has changed since")
        return True
    if changed and (run.folder / CHECKPOINT).exists() and not config.resume_anyway:
        raise CcrError(
            f"{run.folder} was begun by other code ({', '.join(changed)} changed since): "
            "--fresh starts it again, --resume-anyway goes on with it"
        )
    return False


def _stages(
    plan: Plan, corpora: Mapping[str, Corpus], orders: Mapping[str, Order], method: Method, machine: Compute
) -> list[Stage]:
    rows: dict[tuple[int, str], TextRows] = {}
    tables: dict[int, tuple[Tensor, Tensor]] = {}
    stages = []
    for name, corpus in corpora.items():
        phase = make_phase(name, plan.recipe, len(orders[name]))
        if not method.players(phase):
            continue
        for lang, view in corpus.views.items():
            if (id(corpus), lang) not in rows:
                rows[id(corpus), lang] = text_rows(method, lang, view.texts)
        texts = {lang: rows[id(corpus), lang] for lang in corpus.views}
        source = text_rows(method, plan.source_lang, corpus.sources) if method.reads_source else None
        if id(corpus) not in tables:
            tables[id(corpus)] = on_device(corpus.texts, machine), on_device(corpus.images, machine)
        stages.append(Stage(phase, Feed(orders[name], corpus.views, texts, source, *tables[id(corpus)])))
    return stages


def _validator(plan: Plan, prepared: Prepared, held_out: Validation, method: Method, machine: Compute) -> Any:
    images = on_device(held_out.images, machine)
    texts = {lang: text_rows(method, lang, q.texts) for lang, q in held_out.queries.items()}

    def validate() -> float:
        ranks = rank(method, held_out.queries, texts, {}, images, machine.device, machine.bf16)
        return prepared.score(ranks, plan.trains)

    return validate


def _parameters(method: Method, trained: Mapping[str, Tensor]) -> dict[str, int]:
    parameters = dict(method.named_parameters())
    return {
        "trainable": sum(p.numel() for name, p in parameters.items() if name in trained),
        "frozen": sum(p.numel() for name, p in parameters.items() if name not in trained),
    }


def _peak_memory(machine: Compute) -> float:
    if machine.device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(machine.device) / 2**20, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)


def _code(plan: Plan) -> set[str]:
    """Where the code of the plugins that take part lies: modules, or single files."""
    specs = [plan.method, plan.spec, plan.encoder, *plan.host.specs("metric").values()]
    objects = [plan.corpus.dataset] if plan.corpus else []
    translators = {plan.translator.factory.__module__} if plan.translator else set()
    places = {spec.factory.rpartition(":")[0] for spec in specs}
    return places | {type(thing).__module__ for thing in objects} | translators


def _resolved(plan: Plan, run_id: str, identity: Mapping[str, Any]) -> dict[str, Any]:
    """All that was asked for and all that it resolved to: what config.json holds and observers see."""
    asked = attrs.asdict(plan.config, filter=lambda field, value: field.name != "origins")
    return {
        "id": run_id,
        "asked": {name: _plain(value) for name, value in asked.items()},
        "encoder": f"{plan.encoder.name}:{plan.encoder_argument}",
        "settings": {
            "method": settings_values(plan.settings),
            "dataset": settings_values(plan.data.dataset.settings),
            "protocol": settings_values(plan.protocol_settings),
            "recipe": attrs.asdict(plan.recipe),
        },
        "identity": identity,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
