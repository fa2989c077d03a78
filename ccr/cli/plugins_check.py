"""`ccr plugins check`: one line per check of the conformance kit."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import click

from ccr.cli.options import json_option, registry_option

WIDTH = 34  # of the longest name of a check


@click.command()
@click.argument("name", metavar="NAME[:ARGUMENT]")
@click.option("--kind", help="Only what it provides of one kind, e.g. method.")
@click.option("--limit", type=float, help="Seconds that one check may take (default 180).")
@registry_option
@json_option
def check(name: str, kind: str | None, limit: float | None, registry: Path | None, as_json: bool) -> int:
    """What ccr asks of a plugin, check by check: pass, fail and how to mend it, or not applicable.

    NAME is a plugin, with all that it provides, or what is provided under that name. An encoder or a translator may
    need an argument, a dataset its files: openclip:config.json@random, jsonl:data.jsonl. Exit code 1 if a check fails.
    """
    from ccr.host import Host
    from ccr.testing.runner import LIMIT, run_checks
    from ccr.testing.subjects import Outcome, find_subjects

    subjects = find_subjects(Host.load(registry), name, kind)
    told: list[Outcome] = []
    for outcome in run_checks(subjects, registry=registry, limit=limit or LIMIT):
        if not as_json:
            if not told or (told[-1].kind, told[-1].name) != (outcome.kind, outcome.name):
                click.echo(f"{outcome.kind} {outcome.name}")
            again = told and outcome.status == "not applicable" and outcome.message == told[-1].message
            said = "as above" if again else outcome.message
            status = {"pass": "pass", "fail": "FAIL", "not applicable": "-"}[outcome.status]
            click.echo(f"  {outcome.check:<{WIDTH}} {status:<4} {outcome.seconds:>6.1f} s  {said}".rstrip())
            if outcome.mend:
                click.echo(f"  {'':<{WIDTH}} mend: {outcome.mend}")
        told.append(outcome)
    failed = sum(outcome.status == "fail" for outcome in told)
    if as_json:
        click.echo(json.dumps([attrs.asdict(outcome) for outcome in told], indent=1, ensure_ascii=False))
    else:
        passed = sum(outcome.status == "pass" for outcome in told)
        rest = len(told) - passed - failed
        click.echo(f"{passed} passed, {failed} failed, {rest} not applicable")
    return 1 if failed else 0
