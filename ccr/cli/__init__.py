"""The command line. A command's module is imported when that command runs; `ccr --help` imports none."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import click

from ccr.errors import CcrError, nearest
from ccr.world import INTERRUPTED, tells

COMMANDS = {
    "run": ("ccr.cli.run", "run", "Train and evaluate a method, and print its table."),
    "ablate": ("ccr.cli.grid", "ablate", "Run a method and its ablations, and print their table."),
    "sweep": ("ccr.cli.grid", "sweep", "Run a grid of methods, datasets and settings from a YAML file."),
    "cell": ("ccr.cli.grid", "cell", "Run one cell of a grid: what executors call."),
    "compare": ("ccr.cli.compare", "compare", "Compare runs: tables with intervals and tests."),
    "data": ("ccr.cli.data", "data", "Check a dataset before it is trusted; show it; tell how to get it."),
    "report": ("ccr.cli.report", "report", "Write a page of several runs: tables, charts, every query."),
    "probe": ("ccr.cli.probe", "probe", "Measure what the readings of a trained method hold."),
    "search": ("ccr.cli.search", "search", "Find pictures with a trained method."),
    "translate": ("ccr.cli.translate", "translate", "Translate a dataset's training captions by machine, once."),
    "pretrain": ("ccr.cli.pretrain", "pretrain", "Train the English side of an encoder."),
    "features": ("ccr.cli.features", "features", "List, verify and prune stored features."),
    "bench": ("ccr.cli.bench", "bench", "Measure speed: ratios against what the hardware allows."),
    "plugins": ("ccr.cli.plugins", "plugins", "List, show, write and check plugins; edit registry.yaml."),
}
"""name -> (module, attribute, help in one line)"""

LINES = 20  # of an error, at most
_MENDABLE = {errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class _Root(click.Group):
    """Loads its commands lazily and turns what a user can mend into one sentence and exit code 2.

    A command that returns an integer sets the exit code with it.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            remedy = nearest(args[0], COMMANDS) or f"; known: {', '.join(COMMANDS)}"
            raise CcrError(f'ccr has no command "{args[0]}"{remedy}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, _, help) in COMMANDS.items()])

    def main(self, *args: Any, standalone_mode: bool = True, **kwargs: Any) -> Any:
        plain: Any = super().main
        if not standalone_mode:
            return plain(*args, standalone_mode=False, **kwargs)
        sys.exit(_guarded(lambda: plain(*args, standalone_mode=False, **kwargs)))


def _guarded(call: Callable[[], Any]) -> int:
    """Run a command; its exit code. Python's own traceback is for our faults, never for the user's."""
    try:
        code = call()
        sys.stdout.flush()
    except CcrError as error:
        return _complain(_short(str(error)), error.exit_code)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            return _complain(error.format_message(), error.exit_code, "")
        hint = f" (see {context.command_path} --help)" if context else ""
        return _complain(error.format_message().rstrip(".") + hint, error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted; the same command goes on from here", INTERRUPTED, "")
    except BrokenPipeError:
        # who reads us has left, as `| head` does; nothing may be written any more, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in _MENDABLE:
            raise
        return _complain(f"{error.filename or 'writing'}: {error.strerror}", 2)
    return code if isinstance(code, int) else 0


def _short(text: str) -> str:
    """A file of a million faulty rows is told by its first."""
    lines = text.split("\n")
    more = len(lines) - LINES
    return text if more <= 0 else "\n".join([*lines[:LINES], f"... and {more:,} more"])


def _complain(text: str, code: int, title: str = "error: ") -> int:
    if tells(code):
        click.echo(title + text, err=True)
    return code


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"ccr {version('ccr')}")
        except PackageNotFoundError:
            click.echo("ccr, not installed")
        ctx.exit()


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """Cross-lingual cross-modal retrieval: one bench, one protocol, a registry of methods."""
