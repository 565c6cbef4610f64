"""The `wireboot` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from wireboot import __version__
from wireboot.cli import check, lease, serve
from wireboot.errors import OperatorError

app = typer.Typer(
    name="wireboot",
    help="Boot computers over the network.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.command()(check.check)
app.add_typer(lease.app)


def main() -> None:
    """Run the command; a known trouble is two lines on stderr and an exit code, never a traceback."""
    try:
        app(standalone_mode=False)
    except OperatorError as problem:
        print(f"error: {problem}", file=sys.stderr)
        if problem.hint is not None:
            print(f"hint: {problem.hint}", file=sys.stderr)
        sys.exit(problem.exit_code)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"wireboot {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # its callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Boot computers over the network."""
