"""The command line, `proface COMMAND`: one module for each group of commands.

Heavy modules are imported inside functions, to keep `proface --help` fast.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from proface import __version__
from proface.cli import faces, inspect, keys, looks, models, protect, recover, serve, state, verify
from proface.cli.output import complain, say, take_over_streams
from proface.errors import ProfaceError, UsageError, describe

CANCELLED = 130

app = typer.Typer(
    name="proface",
    help="Hide the faces in photos behind a look; only the password recovers them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich doubles the start-up time
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(protect.protect)
app.command()(recover.recover)
app.command()(inspect.inspect)
app.command()(verify.verify)
app.command()(faces.faces)
app.command()(looks.looks)
app.command()(serve.serve)
app.add_typer(models.models, name="models")
app.add_typer(keys.keys, name="keys")


def _version(wanted: bool) -> None:
    if wanted:
        say(f"proface {__version__}")
        from proface.models.cards import list_models

        for card in list_models():
            say(f"model {card.name} {card.digest}")
        raise typer.Exit


@app.callback()
def _before(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Show the version, and the SHA-256 of each model.",
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    state.debug = debug


def main() -> NoReturn:
    """Run a command and exit with its exit code, without a traceback."""
    take_over_streams(libraries="--debug" in sys.argv)
    _forbid_core_dumps()
    # Handle them like Ctrl-C, so that temporary files, which may show faces, are removed.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)
    # The matrix products are small: more BLAS threads only add overhead.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = _run()
    try:
        sys.stdout.flush()
    except OSError as error:
        # Avoids a second error when Python flushes at exit. That nobody reads is no failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or (0 if isinstance(error, BrokenPipeError) else 1)
    sys.exit(code)


def _forbid_core_dumps() -> None:
    """A crash in a codec must not write passwords and originals to a file."""
    if sys.platform != "win32":
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _run() -> int:
    try:
        if "" in sys.argv[1:]:  # would mean the current folder
            raise UsageError("An argument is empty. Is a variable not set?")
        app(prog_name="proface")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except KeyboardInterrupt:
        return CANCELLED
    except ProfaceError as error:
        complain(str(error))
        return error.exit_code
    except BrokenPipeError:  # of a help text; reports do not raise it
        return 0
    except Exception as error:
        if state.debug:
            traceback.print_exc()
        complain(describe(error))
        return 1
    return 0
