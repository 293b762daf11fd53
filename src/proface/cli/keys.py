"""`keys`: make key files, export keys of single faces, manage the keys of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proface.cli import options
from proface.cli.output import say, say_json, say_table
from proface.cli.passwords import PasswordSource, ask, read_also
from proface.errors import UsageError, plural

if TYPE_CHECKING:
    from proface.keys import Key

keys = typer.Typer(help="Key files, and the keys of a protected photo.", no_args_is_help=True)
Photo = Annotated[Path, typer.Argument(metavar="PHOTO", help="A protected photo.")]


@keys.command("generate")
def generate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The key file to create.")],
) -> None:
    """Create a key file of 32 random bytes, readable by its owner only.

    Anyone who has it can open what was protected with it; without it nobody can.
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
            "--face", metavar="N", help="A region's number in `proface inspect`. Repeatable."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The key file to create.")
    ],
    sidecar: options.Sidecar = None,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
) -> None:
    """Create a key file that opens single faces of this photo and nothing else.

    Its holder uses it with `proface recover --key-file`. The photo is not changed.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.files.face_keys import export_faces
    from proface.files.video.recover import export_tracks
    from proface.media.video.formats import is_video

    if is_video(photo):
        tracks = export_tracks(photo, source.read(), face)
        tracks.save(output)
        say(f"{output}: written. It opens {tracks.describe()} of {photo}, and no other.")
        return

    found = export_faces(photo, _opener(photo, source, sidecar), face, sidecar=sidecar)
    found.save(output)
    say(f"{output}: written. It opens {found.describe()} of {photo}, and no other.")


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
    """List the keys of a protected photo; needs no password.

    With a password or key file, the key that it opens is marked.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.files.key_slots import list_keys

    _reject_video(photo)
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
    """Add a password or key file to a protected photo, in place.

    Without --also-password-file and --also-key-file the new password is asked for. Pixels do not
    change; the file is replaced atomically after the new one was checked.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.files.key_slots import add_keys
    from proface.keys import Key

    new = read_also(also_password_file, also_key_file)
    key = _opener(photo, source, sidecar, asks=not new)
    if not new:
        new = [Key.from_password(ask(twice=True, what="New password"))]
    count = add_keys(photo, key, new, sidecar=sidecar)
    say(f"{photo}: opens with {plural(count, 'key')} now")


@keys.command("remove")
def remove(
    photo: Photo,
    number: Annotated[
        int, typer.Argument(metavar="N", help="The key's number in `proface keys list`.")
    ],
    sidecar: options.Sidecar = None,
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
) -> None:
    """Remove a password or key file from a protected photo, in place; never the last one.

    Pixels do not change. Removal does not revoke old copies: the key still opens them. To exclude
    its holder from future copies, recover the photo and protect it again.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.files.key_slots import remove_key

    count = remove_key(photo, _opener(photo, source, sidecar), number, sidecar=sidecar)
    say(f"{photo}: opens with {plural(count, 'key')} now; removal does not revoke older copies")


def _opener(
    photo: Path, source: PasswordSource, sidecar: Path | None, *, asks: bool = False
) -> Key:
    """Read the key that opens a photo; checks the photo before a password is asked for."""
    _reject_video(photo)
    from proface.files.access import check_unaltered, read_with_header

    if asks or source.asks:
        check_unaltered(*read_with_header(photo, sidecar=sidecar))
    return source.read()


def _reject_video(file: Path) -> None:
    from proface.media.video.formats import is_video

    if is_video(file):
        raise UsageError(
            f"{file}: the list of keys of a video cannot be shown or changed. Give further keys "
            "when it is protected, with --also-password-file or --also-key-file."
        )
