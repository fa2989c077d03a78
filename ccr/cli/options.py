"""Options that several commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

registry_option = click.option(
    "--registry", type=click.Path(path_type=Path), help="A registry.yaml instead of ./registry.yaml."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")


def print_json(value: Any) -> None:
    """On stdout, for other programs."""
    click.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))
