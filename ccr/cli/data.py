"""`ccr data`: check a dataset, show some of it, and tell how to get it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ccr.data.opening import Opening
    from ccr.data.whole import Report, Size
    from ccr.host import Host
    from ccr.specs import DatasetSpec

SECTIONS = ("dataset",)  # whose settings can be set here


@click.group()
def data() -> None:
    """Check a dataset before it is trusted, show some of it, tell how to get it."""


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--registry", type=click.Path(path_type=Path), help="A registry.yaml of your own."),
        click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="e.g. dataset.captions=1."),
        click.option("--data-root", type=click.Path(path_type=Path), help="Folder of the dataset's files."),
        click.argument("name", metavar="DATASET"),
    ):
        command = option(command)
    return command


@data.command()
@_common
@click.option(
    "--against", multiple=True, metavar="NAME[=ROOT]", help="Training data that must hold no test picture; its corpus."
)
@click.option("--accept", "accepted", multiple=True, metavar="FAULT", help="A kind of fault that does not count.")
@click.option("--quick", "no_pictures", is_flag=True, help="Open no picture.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--cache", type=click.Path(path_type=Path), help="Content digests (default: $CCR_CACHE, ~/.cache/ccr).")
def check(
    name: str,
    data_root: Path | None,
    assignments: tuple[str, ...],
    registry: Path | None,
    against: tuple[str, ...],
    accepted: tuple[str, ...],
    no_pictures: bool,
    as_json: bool,
    cache: Path | None,
) -> int:
    """Verify DATASET: files, pictures, captions, ids, scripts, sizes, splits. Exit code 2 if there is a fault."""
    from ccr.data.check import quick, thorough
    from ccr.data.faults import acceptable, standing

    chosen = acceptable(word.strip() for text in accepted for word in text.split(",") if word.strip())
    host, door = _door(name, data_root, assignments, registry)
    others = _others(host, door, against)
    if no_pictures:
        report = quick(door, others, named=bool(against))
    else:
        from ccr.features.digests import FileDigests
        from ccr.files import cache_root

        report = thorough(door, FileDigests(cache_root(cache) / "features" / "digests"), others, named=bool(against))
    left = standing(report.faults, chosen)
    if as_json:
        _print_json(_record(report, chosen))
    else:
        _print_report(report, chosen, len(left))
    return 2 if left else 0


@data.command()
@_common
@click.option(
    "--split",
    type=click.Choice(["train", "val", "test"]),
    default="val",
    show_default=True,
    help="Split to show. test opens the first test set: who chooses by what is seen there has tested.",
)
@click.option("--langs", help="Languages of the captions to print, e.g. en,de.")
@click.option("-n", "count", type=click.IntRange(0), default=5, show_default=True, help="Items to print.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Write these items as a contact sheet, a PNG.")
def show(
    name: str,
    data_root: Path | None,
    assignments: tuple[str, ...],
    registry: Path | None,
    split: str,
    langs: str | None,
    count: int,
    sheet: Path | None,
) -> None:
    """Print what DATASET holds, and some of its items. Of the sealed test split, sizes alone, but for --split test."""
    from ccr.data.opening import require
    from ccr.data.records import unsealed
    from ccr.data.translations import attach
    from ccr.data.whole import sizes_of
    from ccr.errors import CcrError

    _, door = _door(name, data_root, assignments, registry)
    require(door.spec.name, door.missing(pictures=False))
    opened = door.open()
    spec = opened.spec
    click.echo(f"{spec.name}: {spec.summary}" if spec.summary else spec.name)
    for title, text in (("licence", spec.licence), ("citation", spec.citation)):
        if text:
            click.echo(f"  {title}: {text}")
    held = {one: attach(opened.dataset.items(one), door.translations, one) for one in ("train", "val")}
    click.echo(_sizes([size for one, items in held.items() for size in sizes_of(one, items)]))
    for test_set in spec.test_sets:
        numbers = [
            f"{lang} {test_set.images[lang]:,} images, {test_set.captions[lang]:,} captions"
            for lang in test_set.langs
            if lang in test_set.images and lang in test_set.captions
        ]
        click.echo(f"  {test_set.id}, sealed: {'; '.join(numbers) or ', '.join(test_set.langs)}")
    wanted = [lang.strip() for lang in langs.split(",")] if langs else None
    if split == "test" and spec.test_sets:
        with unsealed():  # asked for by name, and nothing trains here
            held["test"] = tuple(opened.dataset.test_items(spec.test_sets[0].id))
    there = held.get(split, ())
    if count and not there:
        why = _nothing(spec, split, [one for one in ("train", "val") if held[one]])
        if sheet:
            raise CcrError(f"{sheet}: there is no item to show: {why}")
        click.echo(f"\n{why}")
    items = there[:: max(1, len(there) // count)][:count] if count else ()
    _print_items(items, wanted)
    if sheet:
        from ccr.data.sheet import contact_sheet

        unwritten = contact_sheet(sheet, opened.dataset, items, wanted)
        click.echo(f"\n{sheet}")
        if unwritten:
            click.echo(f"no font here can write some captions in {', '.join(unwritten)}: install Noto fonts")


@data.command()
@_common
@click.option("--offline", is_flag=True, help="Fetch nothing, only tell.")
def prepare(
    name: str, data_root: Path | None, assignments: tuple[str, ...], registry: Path | None, offline: bool
) -> int:
    """Fetch what DATASET lacks and may be fetched; tell the rest: where to ask, where to put it.

    Killed or cut off, the same command goes on. Exit code 2 if anything is missing, or not what it should be.
    """
    from ccr.data.fetch import changed, fetch

    _, door = _door(name, data_root, assignments, registry)
    spec, told = door.spec, list[str]()
    for title, text in (("licence", spec.licence), ("citation", spec.citation)):
        if text:
            click.echo(f"{title}: {text}")
    if door.root is not None and not door.lost:
        public = door.dataset.downloads()
        told = changed(door.root, public) if offline else fetch(door.root, public)
    told += door.missing()
    for sentence in told:
        click.echo(f"  - {sentence}")
    click.echo(f"{spec.name} is in place" if not told else f"looked in {door.root}")
    return 2 if told else 0


def _door(name: str, root: Path | None, assignments: Sequence[str], registry: Path | None) -> tuple[Host, Opening]:
    """A dataset under its first recipe, as `ccr run` opens it."""
    from ccr.config import load_config
    from ccr.data.opening import opening
    from ccr.errors import CcrError
    from ccr.host import Host
    from ccr.settings import make_settings

    flags = {"dataset": name, "method": "none", "data_root": root, "registry": registry, "set": assignments}
    config = load_config(None, flags)  # settings as `ccr run` reads them; no method runs
    for key in config.settings:
        if key.partition(".")[0] not in SECTIONS:
            raise CcrError(f"{config.where(key)}: {key} has no effect here; set dataset settings")
    host = Host.load(config.registry)
    spec, path = host.dataset(config.dataset)
    if path and config.data_root:
        raise CcrError(f"--data-root has no effect: {config.dataset} names its files itself")
    recipe = next(iter(spec.recipes.values()))
    base = make_settings(host.resolve(spec.settings), recipe.dataset_settings, f"recipe of {spec.name}")
    settings = config.settings_for("dataset", type(base), base)
    return host, opening(host, spec, settings, root=path or config.data_root)


def _others(host: Host, door: Opening, against: Sequence[str]) -> list[Opening]:
    """The training data to compare with: what was named, else the dataset's own corpus."""
    from ccr.data.opening import opening
    from ccr.settings import make_settings

    names = against or ((door.spec.corpus,) if door.spec.corpus else ())
    others = []
    for reference in names:
        name, _, root = reference.partition("=")
        spec, path = host.dataset(name)
        settings = make_settings(host.resolve(spec.settings), {}, f"dataset {name}")
        others.append(opening(host, spec, settings, root=path or (Path(root) if root else None)))
    return others


def _record(report: Report, accepted: Sequence[str]) -> dict[str, Any]:
    from attrs import asdict

    return {
        "dataset": report.spec.name,
        "faults": [{**fault.json(), "accepted": fault.kind in accepted} for fault in report.faults],
        "notes": list(report.notes),
        "sizes": [asdict(size) for size in report.sizes],
    }


def _print_report(report: Report, accepted: Sequence[str], left: int) -> None:
    from ccr.data.faults import KINDS

    by_kind: dict[str, list[str]] = {}
    for fault in report.faults:
        by_kind.setdefault(fault.kind, []).append(str(fault))
    if report.sizes:
        click.echo(_sizes(report.sizes))
    for kind, lines in by_kind.items():
        done = f", accepted: {KINDS[kind].accepted}" if kind in accepted else ""
        click.echo(f"{kind} ({len(lines):,}; {KINDS[kind].what}{done})")
        for line in lines:
            click.echo(f"  {line}")
    for note in report.notes:
        click.echo(f"note: {note}")
    name = report.spec.name
    click.echo(f"{name}: {left:,} {'fault' if left == 1 else 'faults'}" if left else f"{name} is sound")


def _nothing(spec: DatasetSpec, split: str, others: Sequence[str]) -> str:
    """Why no item of a split can be shown."""
    if others:
        return f"{spec.name} has no {split} item; --split {others[0]} shows others"
    if split == "test" or not spec.test_sets:
        return f"{spec.name} has no {split} item"
    return (
        f"{spec.name} is a test collection, without train and val items, and its test split is sealed; "
        "--split test shows items of it all the same"
    )


def _print_items(items: Sequence[Any], langs: Sequence[str] | None) -> None:
    from ccr.data.script import isolated

    for item in items:
        click.echo(f"\n{item.id}" + (f"  {item.path}" if item.path else ""))
        for caption in item.captions:
            if langs is None or caption.lang in langs:
                click.echo(f"  {caption.lang:<8}{isolated(caption.text)}  [{caption.origin}]")


def _sizes(sizes: Sequence[Size]) -> str:
    from ccr.results.table import display_width

    rows = [("split", "lang", "origin", "images", "captions")]
    rows += [(s.split, s.lang, s.origin, f"{s.images:,}", f"{s.captions:,}") for s in sizes]
    widths = [max(display_width(row[k]) for row in rows) for k in range(5)]

    def fitted(k: int, cell: str) -> str:
        room = " " * (widths[k] - display_width(cell))
        return cell + room if k < 3 else room + cell

    return "\n".join("  " + "  ".join(fitted(k, cell) for k, cell in enumerate(row)) for row in rows)


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=1, ensure_ascii=False))
