"""`ccr compare`: the table of several runs."""

from __future__ import annotations

from pathlib import Path

import click

_FORMATS = ("terminal", "markdown", "latex", "csv", "json")


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--baseline", default="", help="The row to compare to: a method, a row's title or a run id.")
@click.option("--metric", "metrics", multiple=True, help="A metric by language to show, e.g. R@1 (default AR).")
@click.option("--headline", default="mAR", show_default=True, help="The metric over all target languages to test.")
@click.option("--wide", is_flag=True, help="Every metric, language and direction, with intervals.")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="Default: terminal, or by the ending of -o.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to FILE.")
@click.option(
    "--published",
    "cited",
    is_flag=False,
    flag_value="",
    metavar="[NAMES]",
    help="Published results on the same dataset beside: all, or MLA,NRCCR.",
)
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
def compare(
    runs: tuple[Path, ...],
    baseline: str,
    metrics: tuple[str, ...],
    headline: str,
    wide: bool,
    form: str | None,
    output: Path | None,
    cited: str | None,
    registry: Path | None,
) -> None:
    """Compare finished RUNS: run folders, or folders that hold run folders.

    A row is a method under one set of settings, over its seeds. Runs of other protocols, test sets or encoders get a
    table of their own. docs/compare.md explains the intervals and tests.
    """
    from ccr.errors import CcrError
    from ccr.files import replacing
    from ccr.progress import say
    from ccr.results.published import published

    if cited and Path(cited).is_dir():  # `--published runs/`: what follows is no name
        runs, cited = (*runs, Path(cited)), ""
    if not runs:
        raise CcrError("which RUNS? Give run folders, or folders that hold run folders, e.g. runs/")
    results = () if cited is None else published([name.strip() for name in cited.split(",") if name.strip()])
    if output and not output.parent.is_dir():
        raise CcrError(f"{output.parent} is no folder; make it first")

    from ccr.grid.table import compare_entitled, titles_of
    from ccr.results.formats import FORMATS

    form = form or _ENDINGS.get(output.suffix if output else "", "terminal")
    shown = () if wide else metrics or ("AR",)
    found = compare_entitled(runs, titles_of(runs), baseline, shown, headline, registry)
    text = FORMATS[form](found, results, wide)
    for folder in found.unfinished:
        say(f"{folder} is not finished, and in no table")
    datasets = {table.dataset for table in found.tables}
    if cited is not None and not any(result.dataset in datasets for result in results):
        say(f"no published result that was asked for is on {', '.join(sorted(datasets))}")
    if output is None:
        click.echo(text)
        return
    with replacing(output) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    say(f"{output} is written")


_ENDINGS = {".md": "markdown", ".tex": "latex", ".csv": "csv", ".json": "json"}
