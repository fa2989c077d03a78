"""`ccr run`: train and test one method, and print the table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--method", help="A registered method, e.g. dasd.")
@click.option("--dataset", help="A registered dataset, e.g. scenes; or a file of your own, e.g. data.jsonl.")
@click.option("--protocol", help="zero-shot, finetune or finetune-human; the dataset's own by default.")
@click.option("--encoder", help="NAME or NAME:ARGUMENT, e.g. openclip:ViT-B-32/openai; the dataset's own by default.")
@click.option("--langs", help="Target languages, e.g. de,fr, or all; the dataset's usual ones by default.")
@click.option(
    "--from", "--from-run", "from_run", type=click.Path(path_type=Path), help="A finished run to add the --langs to."
)
@click.option("--seed", type=int, help="Seed of one run (default 0).")
@click.option("--seeds", help="Several seeds, e.g. 0,1,2: one run each.")
@click.option("--recipe", help="Budget, e.g. quick or full; the dataset's first by default.")
@click.option("--test-set", help="Protocol id of the test set; the dataset's first by default.")
@click.option("--select", help="What selects checkpoints: mt-val (default) or human-val.")
@click.option("--tokens", help="Token input: bpe (default), mbert, or mbert:FOLDER.")
@click.option("--translator", help="NAME or NAME:ARGUMENT, for methods that translate.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="e.g. method.rank=16, dataset.noise=0.2."
)
@click.option("--config", "file", type=click.Path(path_type=Path), help="A YAML file of the same names; flags win.")
@click.option("--device", help="auto (default: a GPU where there is one), cpu, cuda, cuda:1.")
@click.option("--precision", help="auto (default: bf16 on a GPU, else fp32), fp32, bf16.")
@click.option("--gpus", type=int, help="GPUs of this machine that train together (with --device cpu: processes).")
@click.option("--threads", type=int, help="CPU threads of a process.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of the dataset's files.")
@click.option("--mt", multiple=True, type=click.Path(path_type=Path), help="A JSONL of machine-translated captions.")
@click.option("--accept", multiple=True, metavar="FAULT", help="A kind of fault of the data to accept (docs/data.md).")
@click.option("--runs", type=click.Path(path_type=Path), help="Where run folders are made (default: runs).")
@click.option(
    "--cache", type=click.Path(path_type=Path), help="Features and artifacts (default: $CCR_CACHE, ~/.cache/ccr)."
)
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
@click.option("--fresh", is_flag=True, default=None, help="Run again from the start, finished or not.")
@click.option("--profile", is_flag=True, default=None, help="Profile some steps of each phase: a trace and a summary.")
@click.option("--resume-anyway", is_flag=True, default=None, help="Go on although the code changed since.")
def run(assignments: tuple[str, ...], file: Path | None, seeds: str | None, **flags: Any) -> int:
    """Train METHOD on DATASET under the protocol, test it, and print the table.

    The same command again goes on with an interrupted run, and prints the table of a finished one.
    """
    from ccr.config import load_config
    from ccr.errors import CcrError
    from ccr.host import Host
    from ccr.world import join, leave, started_together

    together = join()
    if seeds and flags["seed"] is not None:
        raise CcrError("give --seed or --seeds, not both")
    given = {name: value for name, value in flags.items() if value is not None}
    configs = [load_config(file, {**given, **seed, "set": assignments}) for seed in _seeds(seeds)]

    host = Host.load(configs[0].registry)  # a misspelt name is told before torch is imported
    host.spec("method", configs[0].method)
    host.dataset(configs[0].dataset)

    if (configs[0].gpus or 1) > 1 and not started_together():
        from ccr.pipeline.launch import launch

        return launch(sys.argv[1:], configs[0].gpus or 1, configs[0].device)

    from ccr.pipeline.run import execute
    from ccr.results.table import result_table
    from ccr.training.profile import summaries

    for config in configs:
        done = execute(config)
        if together.leads:
            click.echo(result_table(done.read("result.json")))
            if config.profile:
                click.echo("\n".join(summaries(done.folder)))
            click.echo(f"{done.folder}")
    leave()
    return 0


def _seeds(text: str | None) -> list[dict[str, int]]:
    from ccr.errors import CcrError

    if text is None:
        return [{}]
    try:
        seeds = [int(word) for word in text.split(",")]
    except ValueError:
        raise CcrError(f"--seeds takes whole numbers with commas between, e.g. 0,1,2; not {text!r}") from None
    return [{"seed": seed} for seed in dict.fromkeys(seeds)]
