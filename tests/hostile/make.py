"""Make 200 and more hostile and damaged files: what must never be more than one clear line.

    python -m tests.hostile.make FOLDER

All of them are made from scratch, alike every time, and are never kept: some say that they are
large, none is. `make` gives for each name the exit code that `proface recover` must leave with: 1
for what is no protected photo or no readable one, 12 for a key of the wrong kind, 13 for a
protected photo that is damaged, altered or forged.

`hostile_headers.SECRET` is the key of those that are written by somebody who has it, and means harm
to whoever shares it: their MAC is right.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from proface.container.digests import region_digest, rest_digest
from proface.container.header import Header, Region
from proface.container.tiff import TIFF_TAG
from proface.keys import derive, seal
from proface.media.jpeg.header import header_segments
from proface.models.store import load_flow
from proface.types import Box
from tests.hostile.headers import (
    FILE_KEY,
    PHOTO,
    carrying,
    containers,
    headers,
    jpeg_containers,
    parameters,
    regions,
    signed,
)
from tests.hostile.in_pixels import in_pixels, sized
from tests.hostile.jpegs import coded_jpegs
from tests.hostile.pictures import (
    avifs,
    cut_off,
    gifs_and_bmps,
    heics,
    jpegs,
    other_kinds,
    png_texts,
    pngs,
    webps,
)
from tests.hostile.pieces import (
    IDAT,
    IEND,
    PNG,
    Files,
    bomb,
    chunk,
    grey,
    ihdr,
    noise,
    riff,
    saved,
    vp8l,
)
from tests.hostile.tags import exifs, tiffs


def make(folder: Path) -> dict[str, int]:
    """Write all files; returns each one's name and exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    codes: dict[str, int] = {}
    for maker in (
        *(
            pngs,
            png_texts,
            jpegs,
            tiffs,
            webps,
            gifs_and_bmps,
            exifs,
            avifs,
            heics,
            other_kinds,
            cut_off,
        ),
        *(coded_jpegs, headers, parameters, regions, containers, jpeg_containers, authentic),
        *(in_pixels, sized),
    ):
        for name, data, code in maker():
            assert name not in codes, name
            (folder / name).write_bytes(data)
            codes[name] = code
    for name, length, code in sparse(folder):
        os.truncate(folder / name, length)
        codes[name] = code
    assert len({Path(name).stem for name in codes}) == len(codes)  # one output name each
    return codes


def sparse(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Files with a hole in them: large to whoever reads them, of no size on the disk."""
    for name, data, megabytes, code in (
        ("chunk.png", PNG + ihdr(8, 8) + chunk(b"prVt", b"", 140 << 20), 141, 1),
        ("header.png", PNG + ihdr(8, 8) + chunk(b"prFc", b"", 65 << 20), 66, 13),
        ("markers.jpg", b"\xff\xd8\xff\xe0", 400, 1),
        ("headers.jpg", b"\xff\xd8" + header_segments(bytes(65_508 * 9))[0], 400, 1),
        ("picture.webp", riff(vp8l(64, 64), length=400 << 20), 400, 1),
        ("pixels.webp", riff((b"VP8L", vp8l(64, 64)[1]), length=400 << 20), 400, 1),
        ("film.avif", saved("AVIF"), 400, 1),
        ("blocks.gif", b"GIF89a\x40\0\x40\0\0\0\0", 400, 1),
        ("tag.tif", grey(64, 64, **{f"t_{TIFF_TAG}": (1, 400 << 20, 500)}), 401, 1),
        ("profile.tif", grey(64, 64, t_34675=(7, 400 << 20, 500)), 401, 1),
        ("strips.tif", grey(64, 64, t_273=(3, 30 << 20, 500)), 401, 1),
        ("fractions.tif", grey(64, 64, t_282=(5, 20 << 20, 500)), 401, 1),
        ("lzw.tif", grey(64, 64, t_259=(3, 1, 5), t_279=(4, 1, 400 << 20)), 401, 1),
    ):
        (folder / f"sparse_{name}").write_bytes(data)
        yield f"sparse_{name}", megabytes << 20, code


# By somebody who has the key


def _listed(parts: list[list[Any]], data: bytes = b"") -> bytes:
    """Sealed parts that say of themselves what they please."""
    head = {"format": "PNG", "parts": parts, "dropped": [], "converted": []}
    text = json.dumps(head).encode()
    return len(text).to_bytes(4, "big") + text + data


def authentic() -> Files:
    flow = load_flow()

    def file(sealed: dict[str, bytes], **fields: Any) -> bytes:
        box = Box(4, 4, 8, 8)
        found = Region(1, 4, 4, 8, 8, "blur:9", region_digest(PHOTO.pixels, box))
        plain = Header(
            model_name=flow.name,
            model_sha256=flow.digest,
            mode="random",
            size=PHOTO.size,
            regions=(found,),
            rest_sha256=rest_digest(PHOTO, [box]),
            sealed=sealed,
        )
        return carrying(signed(replace(plain, **fields)).to_bytes())

    def pixels(data: bytes) -> dict[str, bytes]:
        key = derive(FILE_KEY, "seal", model=flow.digest, face=1, height=8, width=8)
        return {"pixels-1": seal(key, data)}

    def metadata(data: bytes) -> dict[str, bytes]:
        return {"metadata": seal(derive(FILE_KEY, "metadata", model=flow.digest), data)}

    def ancillary(data: bytes) -> dict[str, bytes]:
        return {"ancillary": seal(derive(FILE_KEY, "ancillary", model=flow.digest), data)}

    for name, data in {
        "empty": b"",
        "garbage": noise(400),
        "endless": b"\xff\xff\xff\xff{}",
        "deep": (100_000).to_bytes(4, "big") + b"[" * 100_000,
        "numbers": b"\0\0\0\1" + b"7",
        "too_long": _listed([["a", "COM", 1 << 40]]),
        "negative": _listed([["a", "COM", -1]]),
        "overlapping": _listed([["a", "COM", 4], ["b", "COM", 4]], b"1234"),
        "many": _listed([["", "", 0]] * 20_001),
        "long_name": _listed([["a" * 201, "COM", 0]]),
    }.items():
        yield f"authentic_ancillary_{name}.png", file(ancillary(data)), 13
    yield "authentic_alpha_unsealed.png", file({"alpha-1": noise(400)}), 13
    yield "authentic_model_unknown.png", file({}, model_name="other", model_sha256="cd" * 32), 1
    yield "authentic_model_other.png", file({}, model_sha256="ab" * 32), 1
    for name, data in {
        "empty": b"",
        "garbage": noise(400),
        "other_size": saved("PNG"),
        "huge": PNG + ihdr(14_000, 14_000) + IDAT + IEND,
        "cut": saved("WEBP", size=(8, 8), lossless=True)[:-20],
        "gif": saved("GIF", "L", size=(8, 8)),
        "bomb_in_text": PNG + ihdr(8, 8) + chunk(b"zTXt", b"C\0\0" + bomb()) + IDAT + IEND,
    }.items():
        yield f"authentic_pixels_{name}.png", file(pixels(data)), 13
    yield "authentic_pixels_unsealed.png", file({"pixels-1": noise(400)}), 13
    for name, data in {
        "empty": b"",
        "garbage": noise(400),
        "list": b"[]",
        "other_fields": b'{"exif":null}',
        "numbers": b'{"exif":1,"xmp":2}',
        "no_base64": b'{"exif":"*","xmp":null}',
        "deep": b"[" * 100_000,
    }.items():
        yield f"authentic_metadata_{name}.png", file(metadata(data)), 13
    yield "authentic_metadata_unsealed.png", file({"metadata": noise(400)}), 13


def main() -> None:
    codes = make(Path(sys.argv[1]))
    print(f"{len(codes)} files")


if __name__ == "__main__":
    main()
