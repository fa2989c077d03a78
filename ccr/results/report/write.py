"""Putting a report together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ccr.host import Host
from ccr.results.compare import Comparison
from ccr.results.published import Published
from ccr.results.report import probes, sections
from ccr.results.report.page import Chapter, page
from ccr.results.report.queries import PICTURES, OpenPictures, queries
from ccr.results.report.sections import Builder, Source

BUILDERS: tuple[Builder, ...] = (
    sections.tables,
    sections.languages,
    sections.costs,
    sections.recall,
    sections.curves,
    probes.readings,
    probes.gains,
)
"""What a chapter shows, in this order, before its queries. A builder that has nothing to show returns None."""
SCRIPTS = ("theme.js", "draw.js", "charts.js", "probes.js", "queries.js", "main.js")
STYLES = ("base.css", "report.css")


def report(
    comparison: Comparison,
    *,
    title: str = "",
    published: Sequence[Published] = (),
    open_pictures: OpenPictures | None = None,
    pictures: int = PICTURES,
    registry: Path | None = None,
) -> str:
    """The page: a chapter for each table of the comparison. At most `pictures` thumbnails, shared by the chapters."""
    host = Host.load(registry)
    chapters = []
    for table in comparison.tables:
        cited = [result for result in published if result.dataset == table.dataset]
        source = Source(comparison=comparison, table=table, host=host, published=cited)
        made = [section for build in BUILDERS if (section := build(source))]
        made.append(queries(source, open_pictures, pictures // len(comparison.tables)))
        chapters.append(
            Chapter(
                title=f"{table.dataset}: {table.protocol_id}",
                labels=[row.label for row in table.rows],
                sections=made,
            )
        )
    rows = sum(len(table.rows) for table in comparison.tables)
    runs = sum(len(row.runs) for table in comparison.tables for row in table.rows)
    datasets = ", ".join(dict.fromkeys(table.dataset for table in comparison.tables))
    lead = f"{_many(runs, 'run')} in {_many(rows, 'row')}"
    if comparison.baseline:
        lead += f", compared to {comparison.baseline}"
    if comparison.unfinished:
        lead += f"; {_many(len(comparison.unfinished), 'unfinished run')} left out"
    return page(title or f"Retrieval on {datasets}", lead, chapters, SCRIPTS, STYLES)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
