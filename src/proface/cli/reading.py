"""`inspect`, `verify` and `faces`: look at one photo; nothing but `--draw` writes a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proface.cli import options
from proface.cli.output import complain, say, say_facts, say_json, say_table
from proface.cli.passwords import PasswordSource
from proface.cli.running import plural

if TYPE_CHECKING:
    from proface.geometry import Box, Face
    from proface.media import Header

Protected = Annotated[Path, typer.Argument(metavar="FILE", help="A protected photo.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one line.")]


def inspect(file: Protected, sidecar: options.Sidecar = None, json: AsJson = False) -> None:
    """Show what a protected photo says; needs no password.

    Leaves with 13 if the picture was altered since.
    """
    from proface.media import check_pixels
    from proface.opening import read_with_header

    photo, header = read_with_header(file, sidecar=sidecar)
    changes = check_pixels(header, photo) or []
    if json:
        say_json({"file": str(file), "altered": changes, **_describe(header)})
    else:
        _show(file, header)
    for change in changes:
        complain(f"{file}: altered since it was protected: {change}.")
    if changes:
        raise typer.Exit(13)


def verify(
    file: Protected,
    original: Annotated[
        Path | None,
        typer.Option("--original", metavar="X", help="The original, to compare with."),
    ] = None,
    sidecar: options.Sidecar = None,
    device: options.Device = "cpu",
    password_file: options.PasswordFile = None,
    password_env: options.PasswordEnv = None,
    password_fd: options.PasswordFd = None,
    key_file: options.KeyFile = None,
    json: AsJson = False,
) -> None:
    """Recover in memory and report, before deleting originals.

    With the original: the PSNR of each region, and that everything outside is equal. Fails (1) if
    a region comes back at less than 30 dB or anything outside differs.
    """
    source = PasswordSource(password_file, password_env, password_fd, key_file)
    from proface.opening import altered, read_with_header
    from proface.runtime import use_device
    from proface.verification import verify_photo

    use_device(device)
    if source.asks:
        altered(*read_with_header(file, sidecar=sidecar))
    report = verify_photo(file, source.read(), original=original, sidecar=sidecar)
    if json:
        say_json(report.to_json())
    else:
        rows = [
            (region.n, region.x, region.y, region.w, region.h, region.look, region.verdict)
            for region in report.regions
        ]
        say_table(("region", "x", "y", "w", "h", "look", "recovered"), rows)
        for line in report.lines():
            say(line)
    if report.fault:
        complain(f"{file}: {report.fault}")
        raise typer.Exit(1)


def faces(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="A photo.")],
    draw: Annotated[
        Path | None,
        typer.Option("--draw", metavar="OUT", help="Draw faces and regions into a copy."),
    ] = None,
    skip: options.Skip = None,
    region: options.Regions = None,
    no_detect: options.NoDetect = False,
    threshold: options.Threshold = 0.6,
    expand: options.Expand = 0.35,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    json: AsJson = False,
) -> None:
    """Show which faces are found and what would be hidden.

    The numbers of the faces are those that --skip takes; regions are drawn as R1, R2.
    """
    settings = options.detection(
        skip=skip, region=region, no_detect=no_detect, threshold=threshold, expand=expand
    )
    from proface.choosing import find_regions
    from proface.media import check_suffix, read_photo

    if draw is not None:
        check_suffix(draw)
    picture = read_photo(photo)
    found, regions = find_regions(picture, settings)
    if draw is not None:
        _draw(photo, draw, found, regions, overwrite=overwrite)
    if json:
        say_json({"file": str(photo), "faces": _faces(found, regions), "regions": _boxes(regions)})
        return
    if not found:
        say(f"{photo}: {'no face searched for' if no_detect else 'no face found'}")
    else:
        columns = ("face", "x", "y", "w", "h", "score", "region")
        rows = [list(record.values()) for record in _faces(found, regions)]
        say_table(columns, [["-" if cell is None else cell for cell in row] for row in rows])
    if regions:
        boxes = _boxes(regions)
        say_table(("region", "x", "y", "w", "h"), [list(box.values()) for box in boxes])
    if draw is not None:
        say(f"drawn: {draw}")


def _draw(
    photo: Path, target: Path, found: tuple[Face, ...], regions: list[Box], *, overwrite: bool
) -> None:
    from proface import faces as room
    from proface.errors import OutputError
    from proface.media import Metadata, atomic_output, read_photo, same_file, write_photo

    if same_file(photo, target):
        raise OutputError(f"{target}: is the photo itself. Choose another name.")
    picture = read_photo(photo)
    picture.pixels = room.draw(picture.pixels, found, regions)
    picture.mode, picture.metadata = "RGB", Metadata()
    with atomic_output(target, overwrite=overwrite) as temporary:
        write_photo(picture, temporary)


def _faces(found: tuple[Face, ...], regions: list[Box]) -> list[dict[str, Any]]:
    """Faces, each with the number of the region that hides it, or None."""
    records = []
    for n, face in enumerate(found, 1):
        within = [i for i, box in enumerate(regions, 1) if box.union(face.box) == box]
        record = {"n": n, **_box(face.box), "score": round(face.score, 3)}
        records.append({**record, "region": within[0] if within else None})
    return records


def _boxes(regions: list[Box]) -> list[dict[str, int]]:
    return [{"n": n, **_box(box)} for n, box in enumerate(regions, 1)]


def _box(box: Box) -> dict[str, int]:
    return {"x": box.x, "y": box.y, "w": box.w, "h": box.h}


def _describe(header: Header) -> dict[str, Any]:
    """A header as JSON, its secrets' envelopes told by kind only."""
    from proface.originals import is_exact

    return {
        "scheme": header.scheme,
        "keys": [stanza.get("type") for stanza in header.stanzas],
        "model": {"name": header.model_name, "sha256": header.model_sha256},
        "wrong_password": header.mode,
        "size": list(header.size),
        "photo_mode": header.photo_mode,
        "exact": is_exact(header),
        "sealed": {name: len(data) for name, data in header.sealed.items()},
        "regions": [{"n": r.n, **_box(r.box), "look": r.look} for r in header.regions],
        "previous": _describe(header.previous) if header.previous else None,
    }


def _show(file: Path, header: Header) -> None:
    from proface.originals import is_exact

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
                ("comes back", "bit for bit" if is_exact(one) else "nearly, not bit for bit"),
            ]
        )
        rows = [(r.n, r.x, r.y, r.w, r.h, r.look) for r in one.regions]
        say_table(("region", "x", "y", "w", "h", "look"), rows)


def _sealed(header: Header) -> str:
    from proface.originals import has_original

    pixels = [r.n for r in header.regions if has_original(header, r.n)]
    size = sum(map(len, header.sealed.values()))
    parts = ["metadata"] if "metadata" in header.sealed else []
    if pixels:
        parts.append(f"the pixels of {plural(len(pixels), 'region')}")
    return f"{' and '.join(parts)} ({size:,} bytes)" if parts else "nothing"


def _key(stanza: Any) -> str:
    """A stanza in words. Nothing in it has been checked yet."""
    if stanza.get("type") == "keyfile":
        return "a key file"
    kdf = stanza.get("kdf") or {}
    costs = ", ".join(f"{name} {kdf.get(name)}" for name in ("memory_kib", "iterations", "lanes"))
    return f"a password ({kdf.get('name')}: {costs})"
