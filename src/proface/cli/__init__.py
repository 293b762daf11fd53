"""The command line: `proface COMMAND`. One file for each group of commands.

Modules import what is heavy inside their functions: `proface --help` is there at once.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from proface import __version__
from proface.cli import (
    attacking,
    benchmarking,
    data,
    demonstrating,
    evaluating,
    keys,
    listing,
    models,
    protecting,
    reading,
    state,
    training,
)
from proface.cli.output import complain, own_streams
from proface.errors import ProfaceError, describe

CANCELLED = 130

app = typer.Typer(
    name="proface",
    help="Hide the faces in photos behind a look; only the password brings them back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes half of the start-up time
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(protecting.protect)
app.command()(protecting.recover)
app.command()(reading.inspect)
app.command()(reading.verify)
app.command()(reading.faces)
app.command()(demonstrating.demo)
app.command()(benchmarking.bench)
app.command()(attacking.attack)
app.command()(evaluating.evaluate)
app.command()(listing.looks)
app.command()(training.train)
app.add_typer(data.data, name="data")
app.add_typer(models.models, name="models")
app.add_typer(keys.keys, name="keys")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"proface {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    state.debug = debug


def main() -> NoReturn:
    """The console script: run a command and leave with its exit code, never with a traceback."""
    own_streams(libraries="--debug" in sys.argv)
    # Being asked to stop is being cancelled: temporary files, which may show faces, are removed.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)
    # numpy's matrix products are small here: more threads for them only wait for one another.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:
        # The reader of a pipe is gone: nothing more can be said, also not when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or 1
    sys.exit(code)


def _run() -> int:
    try:
        app(prog_name="proface")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except KeyboardInterrupt:
        return CANCELLED
    except ProfaceError as error:
        complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        return 1
    except Exception as error:
        if state.debug:
            traceback.print_exc()
        complain(describe(error))
        return 1
    return 0
