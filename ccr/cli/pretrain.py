"""`ccr pretrain`: train the English side of an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--dataset", required=True, help="A registered dataset, or a file of your own, e.g. data.jsonl.")
@click.option(
    "--encoder",
    required=True,
    help="What to start from: openclip:config.json@random, features:FILE+openclip:config.json@random, a checkpoint.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to save it in.")
@click.option("--epochs", type=click.FloatRange(0, min_open=True), default=10, show_default=True)
@click.option("--lr", type=click.FloatRange(0, min_open=True), default=5e-4, show_default=True, help="Peak rate.")
@click.option("--batch-size", type=click.IntRange(2), default=128, show_default=True)
@click.option(
    "--train", type=click.Choice(["both", "text"]), default="both", show_default=True, help="Both sides, or one."
)
@click.option("--seed", type=int, help="Seed of the batches (default 0); @random:SEED is that of the weights.")
@click.option("--recipe", help="The dataset's settings under that recipe; its first by default.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="dataset.* and encoder.* settings.")
@click.option("--device", help="auto (default: a GPU where there is one), cpu, cuda, cuda:1.")
@click.option("--precision", help="auto (default: bf16 on a GPU, else fp32), fp32, bf16.")
@click.option("--threads", type=int, help="CPU threads.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of the dataset's files.")
@click.option("--cache", type=click.Path(path_type=Path), help="Artifacts (default: $CCR_CACHE, ~/.cache/ccr).")
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
def pretrain(
    out: Path, epochs: float, lr: float, batch_size: int, train: str, assignments: tuple[str, ...], **flags: Any
) -> None:
    """Train an encoder on the English captions of DATASET's train split, selected on its val split, and save it.

    Prints the reference to give to --encoder. Interrupted, the same command goes on where it stopped.
    """
    from ccr.config import load_config

    given = {name: value for name, value in flags.items() if value is not None}
    config = load_config(None, {**given, "method": "pretrain", "set": assignments})

    from ccr.pipeline import pretrain as work

    budget = work.Budget(epochs=epochs, lr=lr, batch_size=batch_size, text_only=train == "text")
    done = work.pretrain(config, budget, out)
    click.echo(f"validation AR {100 * done.score:.1f}; {done.record}")
    click.echo(f"--encoder {done.reference}")
