"""`inspect`: show the header of a protected photo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from proface.cli import options
from proface.cli.output import complain, say, say_facts, say_json, say_table
from proface.cli.pipes import photo_from_pipe
from proface.cli.videos import inspect_clip
from proface.errors import plural

if TYPE_CHECKING:
    from proface.container.header import Header
    from proface.files.inspect import Inspection


def inspect(
    file: options.ProtectedPhoto, sidecar: options.Sidecar = None, json: options.OneJson = False
) -> None:
    """Show the header of a protected photo, or what its pixels tell without one; needs no password.

    Exit code 13 if the picture was altered.
    """
    from proface.media.video.formats import is_video

    with photo_from_pipe(file) as photo:
        if is_video(photo):
            inspect_clip(photo, json=json)
            return
        _inspect(photo, sidecar, json=json)


def _inspect(file: Path, sidecar: Path | None, *, json: bool) -> None:
    from proface.files.inspect import inspect as inspect_file

    found = inspect_file(file, sidecar=sidecar)
    if json:
        say_json({"file": str(file), **found.to_json()})
    elif found.from_pixels:
        _show_pixels(file, found)
    else:
        _show(file, found.header)
    for change in found.altered:
        complain(f"{file}: altered since it was protected: {change}.")
    if found.altered:
        raise typer.Exit(13)


def _show_pixels(file: Path, found: Inspection) -> None:
    """Show the regions that describe themselves in the pixels of a file without a header."""
    header = found.header
    keys = ", ".join(_key(stanza) for one in header.chain for stanza in one.stanzas)
    width, height = header.size
    now_width, now_height = found.size
    say_facts(
        [
            ("protected", f"{file} (no header; regions found by their pixels)"),
            ("picture", f"{now_width} x {now_height}; when protected {width} x {height}"),
            ("opens with", keys),
            ("model", f"{header.model_name} {header.model_sha256[:16]}"),
            *([("not found", plural(found.missing, "region"))] if found.missing else []),
        ]
    )
    rows = [[place["n"], *place["now"].values()] for place in found.places]
    say_table(("region", "x", "y", "w", "h"), rows)


def _show(file: Path, header: Header) -> None:
    from proface.files.seals import is_exact

    for depth, one in enumerate(header.chain):
        if depth:
            say("")
        what = "protected" if not depth else f"protected earlier ({depth})"
        width, height = one.size
        if one.scheme == "deniable":
            keys = f"any password gives a picture (deniable); a wrong one {one.mode}"
        else:
            keys = ", ".join(_key(stanza) for stanza in one.stanzas)
        say_facts(
            [
                (what, file),
                ("picture", f"{width} x {height}, {'grey' if one.photo_mode == 'L' else 'colour'}"),
                ("opens with", keys),
                ("model", f"{one.model_name} {one.model_sha256[:16]}"),
                ("sealed", _sealed(one)),
                ("recovery", "bit for bit" if is_exact(one) else "nearly, not bit for bit"),
            ]
        )
        rows = [list(region.describe().values()) for region in one.regions]
        say_table(("region", "x", "y", "w", "h", "look"), rows)


def _sealed(header: Header) -> str:
    from proface.files.seals import has_original

    pixels = [r.n for r in header.regions if has_original(header, r.n)]
    size = sum(map(len, header.sealed.values()))
    parts = ["metadata (EXIF, XMP)"] if "metadata" in header.sealed else []
    if "ancillary" in header.sealed:
        parts.append("what else was in the file (`proface verify` names it)")
    if pixels:
        parts.append(f"the pixels of {plural(len(pixels), 'region')}")
    if any(name.startswith("alpha-") for name in header.sealed):
        parts.append("transparency")
    return f"{', '.join(parts)} ({size:,} bytes)" if parts else "nothing"


def _key(stanza: Any) -> str:
    """A stanza in words; it has not been validated."""
    if stanza.get("type") == "keyfile":
        return "a key file"
    kdf = stanza.get("kdf") or {}
    costs = ", ".join(f"{name} {kdf.get(name)}" for name in ("memory_kib", "iterations", "lanes"))
    return f"a password ({kdf.get('name')}: {costs})"
