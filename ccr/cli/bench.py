"""`ccr bench`: how fast it is, measured against what the hardware allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--only", metavar="A,B", help="training, queries, ranking, extraction, startup, growth; all but growth.")
@click.option("--quick", is_flag=True, help="Tiny sizes: whether it works, not how fast it is.")
@click.option("--rounds", type=click.IntRange(1), help="How often each pair is timed (default 5).")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; as many as torch takes by default.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1.")
@click.option("--precision", default="auto", show_default=True, help="auto, fp32, bf16.")
@click.option("--compile", "compiled", is_flag=True, help="The blocks of text towers through torch.compile.")
@click.option("--encoder", default="", help="NAME:ARGUMENT (default: openclip:ViT-B-32@random).")
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("bench.json"),
    show_default=True,
    help="JSON.",
)
def bench(only: str | None, out: Path, **options: Any) -> None:
    """Measure speed as ratios in one process: against the arithmetic floor, the usual way, the bare product.

    Prints a table and writes it as JSON. docs/speed.md says what is measured and how.
    """
    from ccr.bench import BY_DEFAULT, SECTIONS
    from ccr.errors import CcrError, nearest

    names = tuple(dict.fromkeys(only.replace(" ", "").split(","))) if only is not None else BY_DEFAULT
    for name in names:
        if name not in SECTIONS:
            raise CcrError(f'ccr bench has no section "{name}"{nearest(name, SECTIONS)}; known: {", ".join(SECTIONS)}')

    from ccr.bench.report import as_json, as_table
    from ccr.bench.run import run
    from ccr.files import write_json

    rows, machine = run(names, **options)
    click.echo(as_table(rows, machine))
    write_json(out, as_json(rows, machine))
    click.echo(f"{out}")
