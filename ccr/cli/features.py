"""`ccr features`: list, verify and prune what frozen encoders computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ccr.features.store import FeatureStore
    from ccr.features.upkeep import Entry

DAY = 86_400  # seconds


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    return click.option(
        "--cache", type=click.Path(path_type=Path), help="Features and artifacts (default: $CCR_CACHE, ~/.cache/ccr)."
    )(command)


@click.group()
def features() -> None:
    """List, verify and prune stored features."""


@features.command("list")
@_common
def list_(cache: Path | None, as_json: bool) -> None:
    """What the store holds: one row per encoder and precision, its sealed sets below it."""
    from ccr.features.upkeep import entries

    store = _store(cache)
    found = entries(store)
    if as_json:
        _print_json([_record(entry) for entry in found])
    elif not found:
        click.echo(f"no features in {store.root}")
    else:
        click.echo(_table(found))
        stored, packed = sum(e.stored_bytes for e in found), sum(e.packed_bytes for e in found)
        click.echo(f"{store.root}: {_size(stored)} stored, {_size(packed)} packed")


@features.command()
@_common
@click.option("--repair", is_flag=True, help="Remove what is damaged, so that the next run makes it again.")
def verify(cache: Path | None, as_json: bool, repair: bool) -> int:
    """Read everything again and compare it with its checksums. Exit code 1 if damage is found and left."""
    from ccr.features.upkeep import verify

    store = _store(cache)
    found = verify(store, repair)
    if as_json:
        _print_json([{"path": str(damage.path), "what": damage.what, "repaired": repair} for damage in found])
    else:
        for damage in found:
            click.echo(f"{damage.path} {damage.what}")
        remedy = "removed; the next run makes it again" if repair else "--repair removes what is damaged"
        click.echo(f"{len(found)} damaged: {remedy}" if found else f"{store.root} is sound")
    return int(bool(found) and not repair)


@features.command()
@_common
@click.argument("names", nargs=-1, metavar="[ENCODER|FINGERPRINT]...")
@click.option("--older-than", type=float, metavar="DAYS", help="Not used for so many days.")
@click.option("--all", "everything", is_flag=True, help="All encoders.")
@click.option("--packed", is_flag=True, help="Only packed tables, which are made again from the store in seconds.")
@click.option("--dry-run", is_flag=True, help="Tell what would be dropped, and drop nothing.")
def prune(
    cache: Path | None,
    as_json: bool,
    names: Sequence[str],
    older_than: float | None,
    everything: bool,
    packed: bool,
    dry_run: bool,
) -> None:
    """Drop the features of encoders by name, by the beginning of a fingerprint, or by age; asks nothing."""
    from ccr.errors import CcrError
    from ccr.features.upkeep import entries, named, prune

    if everything == bool(names) and (everything or older_than is None):
        raise CcrError("say what to drop: encoders or fingerprints, --older-than DAYS, or --all")
    store = _store(cache)
    found = entries(store)
    chosen = named(found, names) if names else found
    if older_than is not None:
        chosen = [entry for entry in chosen if entry.used < time.time() - older_than * DAY]
    dropped = chosen if dry_run else prune(store, chosen, packed)
    freed = sum(entry.packed_bytes + (0 if packed else entry.stored_bytes) for entry in dropped)
    if as_json:
        _print_json({"dry_run": dry_run, "bytes": freed, "dropped": [_record(entry) for entry in dropped]})
    else:
        if dropped:
            click.echo(_table(dropped))
        click.echo(f"{'would free' if dry_run else 'freed'} {_size(freed)}")


def _store(cache: Path | None) -> FeatureStore:
    from ccr.features.store import FeatureStore
    from ccr.files import cache_root

    return FeatureStore(cache_root(cache) / "features")


def _record(entry: Entry) -> dict[str, Any]:
    from attrs import asdict

    return {**asdict(entry), "packed": [str(table) for table in entry.packed]}


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=1, ensure_ascii=False))


def _table(found: Sequence[Entry]) -> str:
    rows = [("fingerprint", "encoder", "precision", "features", "stored", "packed", "last used")]
    for entry in found:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used)) if entry.used else "?"
        sizes = _size(entry.stored_bytes), _size(entry.packed_bytes)
        rows.append((entry.fingerprint[:12], entry.encoder, entry.precision, f"{entry.vectors:,}", *sizes, used))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    below = [[*(f"{name}: {size:,}" for name, size in entry.sets.items()), entry.fault] for entry in found]
    details = [[f"  {line}" for line in part if line] for part in below]
    return "\n".join(
        [lines[0], *(text for line, part in zip(lines[1:], details, strict=True) for text in (line, *part))]
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Words to the left, numbers (columns 3 to 5) to the right."""
    return [
        cell.rjust(width) if 3 <= column <= 5 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
