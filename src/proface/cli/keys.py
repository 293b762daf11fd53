"""`keys`: key files, keys of single faces, and which keys open a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.cli import options
from proface.cli.output import say, say_json, say_table
from proface.cli.passwords import PasswordSource, ask, further
from proface.cli.running import numbered, plural

if TYPE_CHECKING:
    from proface.keys import Key

keys = typer.Typer(help="Key files, and the keys of a protected photo.", no_args_is_help=True)
Photo = Annotated[Path, typer.Argument(metavar="PHOTO", help="A protected photo.")]


@keys.command("generate")
def generate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The key file to make.")],
) -> None:
    """Make a key file of 32 random bytes, readable by its owner only.

    Whoever has it opens what was protected with it; without it nobody does.
    """
    from proface.keys import Key

    Key.generate().save(file)
    say(f"{file}: written. Keep it secret, and keep a second copy.")


@keys.command("export")
def export(
    photo: Photo,
    face: Annotated[
        list[int],
        typer.Option(
            "--face", metavar="N", help="A region, as `proface inspect` numbers it. Repeatable."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The key file to make.")
    ],
    sidecar: options.Sidecar = None,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
) -> None:
    """Make a key file that opens single faces of this photo and nothing else.

    Whoever has it gives it to `proface recover --key-file`. The photo is not changed.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.exporting import export_faces

    found = export_faces(photo, _opener(photo, source, sidecar), face, sidecar=sidecar)
    found.save(output)
    named = numbered("face", [one.n for one in found.faces])
    say(f"{output}: written. It opens {named} of {photo}, and no other.")


@keys.command("list")
def list_(
    photo: Photo,
    sidecar: options.Sidecar = None,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
    json: options.Json = False,
) -> None:
    """Show what opens a protected photo; needs no password.

    With one, it is also told which of them it is.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.keyring import list_keys

    key = None if source.asks else source.read()
    entries = list_keys(photo, key, sidecar=sidecar)
    if json:
        found = [{"n": one.n, "type": one.kind, "yours": one.yours} for one in entries]
        say_json({"file": str(photo), "keys": found})
        return
    kinds = {"password": "a password", "keyfile": "a key file"}
    marks = {None: "", False: "", True: "yours"}
    rows = [(one.n, kinds[one.kind], marks[one.yours]) for one in entries]
    say_table(("key", "opens with", ""), rows)


@keys.command("add")
def add(
    photo: Photo,
    also_password_file: options.AlsoPasswordFile = None,
    also_key_file: options.AlsoKeyFile = None,
    sidecar: options.Sidecar = None,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
) -> None:
    """Let a further password or key file open a protected photo, in place.

    Without --also-password-file and --also-key-file the new password is asked for. No pixel
    changes; the old file stays whole until the new one is complete and checked.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.keyring import add_keys
    from proface.keys import Key

    new = further(also_password_file, also_key_file)
    key = _opener(photo, source, sidecar, asks=not new)
    if not new:
        new = [Key.from_password(ask(twice=True, what="New password"))]
    count = add_keys(photo, key, new, sidecar=sidecar)
    say(f"{photo}: opens with {plural(count, 'key')} now")


@keys.command("remove")
def remove(
    photo: Photo,
    number: Annotated[
        int, typer.Argument(metavar="N", help="Which, as `proface keys list` numbers them.")
    ],
    sidecar: options.Sidecar = None,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
) -> None:
    """Remove a password or key file from a protected photo, in place; never the last one.

    No pixel changes. Whoever had it and has a copy of the file as it was opens that copy as
    before: to shut them out, recover the photo and protect it anew.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.keyring import remove_key

    count = remove_key(photo, _opener(photo, source, sidecar), number, sidecar=sidecar)
    say(f"{photo}: opens with {plural(count, 'key')} now; older copies open as before")


def _opener(
    photo: Path, source: PasswordSource, sidecar: Path | None, *, asks: bool = False
) -> Key:
    """The key that opens a photo; nobody is asked for anything where the photo is not sound."""
    from proface.opening import altered, read_with_header

    if asks or source.asks:
        altered(*read_with_header(photo, sidecar=sidecar))
    return source.read()
