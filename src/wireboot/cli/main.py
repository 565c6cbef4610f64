"""The `wireboot` command."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from wireboot import __version__
from wireboot.cli import boot, check, credential, import_config, lease, serve, simulate, try_
from wireboot.errors import OperatorError

app = typer.Typer(
    name="wireboot",
    help="Boot computers over the network.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.command()(check.check)
app.command()(boot.boot)
app.command()(simulate.simulate)
app.command("try")(try_.try_)
app.command()(import_config.import_config)
app.add_typer(lease.app)
app.add_typer(credential.app)


def main() -> None:
    """Run the command; a known trouble is two lines on stderr and an exit code, never a traceback."""
    try:
        sys.exit(app(standalone_mode=False))
    except OperatorError as problem:
        _print_trouble(str(problem), problem.hint)
        sys.exit(problem.exit_code)
    except typer.Abort:
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has seen enough; a second try to flush it would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except typer.TyperException as problem:
        _print_trouble(problem.format_message(), "`wireboot --help` and `wireboot COMMAND --help` say how it is used")
        sys.exit(problem.exit_code)


def _print_trouble(what: str, hint: str | None) -> None:
    print(f"error: {what}", file=sys.stderr)
    if hint is not None:
        print(f"hint: {hint}", file=sys.stderr)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"wireboot {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Boot computers over the network."""
