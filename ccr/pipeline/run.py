"""One run, from its configuration to its result.json."""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from ccr.base import Context, FrozenEncoder, Method
from ccr.config import RunConfig
from ccr.data.batches import Feed, TextRows
from ccr.data.order import Order
from ccr.data.records import training
from ccr.errors import CcrError
from ccr.evaluation.encode import rank
from ccr.files import digest_of, discard, replacing
from ccr.pipeline.device import Compute, compute, describe
from ccr.pipeline.evaluate import evaluate, on_device, text_rows
from ccr.pipeline.plan import Plan, resolve
from ccr.pipeline.prepare import Corpus, Prepared, Validation
from ccr.progress import say
from ccr.protocols import make_phase
from ccr.results.provenance import provenance
from ccr.results.run import Run, run_folder
from ccr.settings import settings_values
from ccr.training.journal import Journal
from ccr.training.loop import CHECKPOINT, Stage, Trainer


def execute(config: RunConfig) -> Run:
    """Run, go on with an interrupted run, or find that it is finished. The run's result is in its folder."""
    started = time.monotonic()
    machine = compute(config)
    plan = resolve(config)
    prepared = Prepared(plan, machine)
    identity = plan.identity(prepared.base_fingerprint, prepared.content)
    run_id = digest_of(identity)[:12]
    folder = run_folder(config.runs, plan.spec.name, plan.protocol.name, plan.method.name, config.seed, run_id)
    run = Run(run_id, folder, {"identity": identity, "settings": settings_values(plan.settings)})
    origin = provenance(describe(machine.device), machine.precision, _code(plan))
    with run.alone():
        if config.fresh:
            discard(folder)
        if _already_finished(run, origin, config):
            return run
        folder.mkdir(parents=True, exist_ok=True)
        run.write("config.json", {"id": run_id, **run.config, "recipe": plan.recipe_name, "data": prepared.content})
        run.write("provenance.json", origin)
        plan.host.notify("ccr_run_started", run=run)
        result = _carry_out(plan, prepared, machine, run, started)
        run.write("result.json", result)
        (folder / CHECKPOINT).unlink(missing_ok=True)
    plan.host.notify("ccr_run_finished", run=run, result=result)
    return run


def _carry_out(plan: Plan, prepared: Prepared, machine: Compute, run: Run, started: float) -> dict[str, Any]:
    fingerprint = prepared.finetune_encoder()
    with training():
        corpora = prepared.corpora()
        method = _build(plan, prepared, corpora, machine)
        orders = {
            phase: Order(
                plan.config.seed, phase, corpus.pictures(), plan.recipe.batch_size, plan.recipe.epochs.get(phase, 1.0)
            )
            for phase, corpus in corpora.items()
        }
        stages = _stages(plan, corpora, orders, method, machine)
        trainer = Trainer(
            method=method,
            stages=stages,
            validate=_validator(plan, prepared, prepared.validation(), method, machine) if stages else lambda: math.nan,
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
    with replacing(run.folder / "model.safetensors") as temporary:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in trained.items()}, temporary)
    outcome = evaluate(plan, prepared, corpora, method, machine, run)
    if not prepared.encoded:
        say("all image features came from the store; no image was encoded")
    return {
        "id": run.id,
        "method": plan.method.name,
        "settings": settings_values(plan.settings),
        "dataset": plan.spec.name,
        "protocol": plan.protocol.name,
        "recipe": plan.recipe_name,
        "seed": plan.config.seed,
        "encoder": {"name": plan.config.encoder or plan.spec.encoder, "fingerprint": fingerprint},
        "langs": {"source": plan.source_lang, "targets": list(plan.langs)},
        **outcome,
        "images_encoded": prepared.encoded,
        "selected": progressed.selected,
        "validations": progressed.validations,
        "exposures": {stage.phase.name: orders[stage.phase.name].exposures for stage in stages},
        "order": {stage.phase.name: orders[stage.phase.name].digest() for stage in stages},
        "steps": {stage.phase.name: stage.phase.steps for stage in stages},
        "losses_off": list(method.losses_off),
        "parameters": _parameters(method, trained),
        "seconds": {"training": round(progressed.seconds, 2), "total": round(time.monotonic() - started, 2)},
        "peak_memory_mb": _peak_memory(machine),
    }


def _already_finished(run: Run, origin: Mapping[str, Any], config: RunConfig) -> bool:
    """Whether there is nothing to do; refuses to go on with what other code began."""
    if not (run.folder / "provenance.json").exists():
        return False
    changed = [
        name for name, digest in run.read("provenance.json")["code"].items() if origin["code"].get(name) != digest
    ]
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


def _build(plan: Plan, prepared: Prepared, corpora: Mapping[str, Corpus], machine: Compute) -> Method:
    source = next(iter(corpora.values())).texts.table
    translator = plan.make_translator()
    context = Context(
        settings=plan.settings,
        langs=plan.langs,
        tokens=prepared.tokens(corpora),
        encoder=FrozenEncoder(prepared.encoder, plan.source_lang),
        seed=plan.config.seed,
        size_scale=plan.recipe.size_scale,
        feature_rms=float(np.sqrt(np.mean(np.square(source, dtype=np.float64)))),
        translate=translator.translate if translator else None,
    )
    torch.manual_seed(plan.config.seed)
    method: Method = plan.host.resolve(plan.method.factory)(context)
    return method.to(machine.device)


def _stages(
    plan: Plan, corpora: Mapping[str, Corpus], orders: Mapping[str, Order], method: Method, machine: Compute
) -> list[Stage]:
    rows: dict[tuple[int, str], TextRows] = {}
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
        tables = [on_device(f, machine) for f in (corpus.texts, corpus.images)]
        stages.append(Stage(phase, Feed(orders[name], corpus.views, texts, source, *tables)))
    return stages


def _validator(plan: Plan, prepared: Prepared, held_out: Validation, method: Method, machine: Compute) -> Any:
    images = on_device(held_out.images, machine)
    texts = {lang: text_rows(method, lang, q.texts) for lang, q in held_out.queries.items()}

    def validate() -> float:
        ranks = rank(method, held_out.queries, texts, {}, images, machine.device, machine.bf16)
        return prepared.mean_average_recall(ranks, plan.langs)

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
    return {spec.factory.rpartition(":")[0] for spec in specs}
