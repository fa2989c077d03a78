"""`ccr probe`: what the readings of a trained method hold."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print everything as one line of JSON.")
@click.option("--fresh", is_flag=True, help="Measure again what RUN holds already.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of the dataset's files, if it moved.")
@click.option("--cache", type=click.Path(path_type=Path), help="Features and artifacts, if not where the run had them.")
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
def probe(
    run: Path,
    as_json: bool,
    fresh: bool,
    device: str,
    data_root: Path | None,
    cache: Path | None,
    registry: Path | None,
) -> None:
    """Train probes on what the method of the folder RUN reads of a caption ("sr", "sa"), and on controls.

    They are tested on images that they never saw. The outcome is kept in RUN as probes.json, which `ccr report` shows.
    """
    import json

    from ccr.probes.store import probed
    from ccr.results.report.probes import matrices, table

    found = probed(run, fresh=fresh, device=device, data_root=data_root, cache=cache, registry=registry)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    head, rows = table(found)
    for place, title in enumerate(head[1:], 1):  # a block per target: readings stand below each other
        click.echo(title)
        for name, *cells in rows:
            click.echo(f"  {name:<12}{cells[place - 1]}")
        click.echo()
    click.echo(
        f"In %, chance in brackets; 95 % intervals over {found['images']} images, each tested by probes that never "
        "saw it."
    )
    if matrices(found):
        click.echo(matrices(found))
