"""`ccr report`: a page of several runs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default="report.html", show_default=True
)
@click.option("--baseline", default="", help="The row to compare to: a method, a row's title or a run id.")
@click.option("--headline", default="mAR", show_default=True, help="The metric over all target languages to test.")
@click.option("--title", default="", help="Title of the page.")
@click.option("--pictures", type=click.IntRange(min=0), help="At most so many thumbnails (default 240; 0 = none).")
@click.option("--probes", is_flag=True, help="Probe the runs that were not probed yet (minutes each; see ccr probe).")
@click.option("--published", "cited", is_flag=True, help="Published results on the same dataset beside.")
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of the dataset's files, if it moved.")
@click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own.")
def report(
    runs: tuple[Path, ...],
    output: Path,
    baseline: str,
    headline: str,
    title: str,
    pictures: int | None,
    probes: bool,
    cited: bool,
    data_root: Path | None,
    registry: Path | None,
) -> None:
    """Write a page about finished RUNS: run folders, or folders that hold run folders.

    The page is one file, which needs no network: tables, charts, and every query with its rank under each row.
    """
    from ccr.errors import CcrError
    from ccr.files import replacing
    from ccr.progress import say
    from ccr.results.published import published

    if not runs:
        raise CcrError("which RUNS? Give run folders, or folders that hold run folders, e.g. runs/")
    if not output.parent.is_dir():
        raise CcrError(f"{output.parent} is no folder; make it first")

    from functools import partial

    from ccr.pipeline.load import open_pictures
    from ccr.results.compare import compare
    from ccr.results.report.queries import PICTURES
    from ccr.results.report.write import report as written

    comparison = compare(runs, baseline, (), headline, registry)
    for folder in comparison.unfinished:
        say(f"{folder} is not finished, and left out")
    if probes:
        from ccr.probes.store import probe_rows

        probe_rows(comparison, data_root=data_root, registry=registry)
    page = written(
        comparison,
        title=title,
        published=published() if cited else (),
        open_pictures=partial(open_pictures, data_root=data_root, registry=registry),
        pictures=PICTURES if pictures is None else pictures,
        registry=registry,
    )
    with replacing(output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    say(f"{output} is written ({output.stat().st_size / 1e6:.1f} MB)")
