"""Make tests/container/vectors/: tiny protected files, each named after its only defect.

    python tests/container/make_vectors.py

Headers are edited as JSON and given a checksum that fits, unless the checksum is the subject. What
each file must give is in expected.json: the error's class (null: none) and a part of its message,
and for a picture that changed, the lines that say where. The keys in them are not real: no password
opens these files.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from proface.container.digests import region_digest, rest_digest
from proface.container.header import Header, Region
from proface.container.storage import sidecar_path
from proface.container.storage import write_photo as write
from proface.media.photo import Photo
from proface.types import Box

FOLDER = Path(__file__).parent / "vectors"
KDF = {
    "name": "argon2id",
    "salt": base64.b64encode(bytes(range(16))).decode(),
    **{"memory_kib": 65536, "iterations": 3, "lanes": 4},
}
STANZA = {
    "type": "password",
    "kdf": KDF,
    "nonce": base64.b64encode(bytes(16)).decode(),
    "wrapped": base64.b64encode(bytes(48)).decode(),
}
expected: dict[str, dict[str, Any]] = {}


def picture(size: int = 32) -> Photo:
    """A soft gradient: it compresses to a few hundred bytes."""
    y, x = np.mgrid[0:size, 0:size]
    return Photo(np.stack([x * 7 % 256, y * 7 % 256, (x + y) * 3 % 256], axis=2).astype(np.uint8))


def header_for(photo: Photo, *boxes: Box, **fields: Any) -> Header:
    """A valid header; its MAC is of no key."""
    boxes = boxes or (Box(4, 4, 8, 8), Box(16, 14, 10, 12))
    regions = tuple(
        Region(n, b.x, b.y, b.w, b.h, "pixelate:20", region_digest(photo.pixels, b))
        for n, b in enumerate(boxes, 1)
    )
    plain = Header(
        model_name="padded",
        model_sha256="ab" * 32,
        mode="random",
        size=photo.size,
        regions=regions,
        rest_sha256=rest_digest(photo, boxes),
        stanzas=(STANZA,),
        sealed={"metadata": bytes(300)},
        version=1,
    )
    return replace(plain, mac=bytes(range(32)).hex(), **fields)


PHOTO = picture()
HEADER = header_for(PHOTO)
DENIABLE = replace(
    HEADER, scheme="deniable", stanzas=(), kdf=KDF, nonce=bytes(32), sealed={}, mac=None
)
NESTED = header_for(PHOTO, Box(4, 20, 8, 8), previous=HEADER)
# Version 2: a stanza that commits to its key, and no digest of the rest in the nested header.
SECOND = replace(HEADER, version=2, stanzas=({**STANZA, "version": 2},))
NESTED_2 = header_for(
    PHOTO,
    Box(4, 20, 8, 8),
    previous=replace(HEADER, rest_sha256=None),
    version=2,
    sealed={"previous": bytes(284)},
)


def expect(
    name: str, error: str | None, message: str = "", changed: list[str] | None = None
) -> Path:
    expected[name] = {"error": error, "message": message, "changed": changed}
    return FOLDER / name


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def summed(value: dict[str, Any]) -> bytes:
    body = {key: part for key, part in value.items() if key not in ("checksum", "mac")}
    return canonical({**value, "checksum": hashlib.sha256(canonical(body)).hexdigest()[:16]})


def raw(name: str, message: str, data: bytes) -> None:
    """A picture with these bytes as its header."""
    write(PHOTO, expect(name, "DamagedFileError", message), header=data)


def edited(
    name: str, message: str, change: Callable[[dict[str, Any]], object], header: Header = HEADER
) -> None:
    """A picture whose header has one field changed and a checksum that fits."""
    value = json.loads(header.to_bytes())
    change(value)
    raw(name, message, summed(value))


def valid_files() -> None:
    for name, header in (
        ("good.png", HEADER),
        ("good.webp", HEADER),
        ("good.tif", HEADER),
        ("good_deniable.png", DENIABLE),
        ("good_nested.png", NESTED),
        ("good_version_2.png", SECOND),
        ("good_nested_version_2.png", NESTED_2),
    ):
        write(PHOTO, expect(name, None), header=header.to_bytes())
    write(PHOTO, expect("good_sidecar.png", None))
    sidecar_path(FOLDER / "good_sidecar.png").write_bytes(HEADER.to_bytes() + b"\n")


def other_bytes() -> None:
    good = HEADER.to_bytes()
    raw("not_json.png", "well-formed", b"proface")
    raw("not_utf8.png", "well-formed", good.replace(b"padded", b"padd\xe9d"))
    raw("not_canonical.png", "canonical", json.dumps(json.loads(good)).encode())
    raw("key_twice.png", "repeats a key", good.replace(b"{", b'{"mac":null,', 1))
    raw("nan.png", "well-formed", good.replace(b'"n":1', b'"n":NaN'))
    raw("fraction.png", "well-formed", good.replace(b'"n":1', b'"n":1.0'))
    raw("nested_lists.png", "well-formed", b"[" * 5000 + b"]" * 5000)
    raw("checksum_wrong.png", "checksum", good.replace(b'"random"', b'"obfuscated"'))


def wrong_fields() -> None:
    edited("format_foreign.png", "format", lambda h: h.update(format="age"))
    edited("version_3.png", "format version 3", lambda h: h.update(version=3))
    edited("rest_null.png", "rest_sha256", lambda h: h.update(rest_sha256=None), SECOND)
    edited("field_missing.png", "lacks rest_sha256", lambda h: h.pop("rest_sha256"))
    edited("field_unknown.png", "unknown field", lambda h: h.update(note="hello"))
    edited("mode_unknown.png", "mode", lambda h: h.update(mode="noise"))
    edited("scheme_unknown.png", "scheme", lambda h: h.update(scheme="open"))
    edited("mac_missing.png", "mac", lambda h: h.update(mac=None))
    edited("size_huge.png", "size", lambda h: h.update(size=[10**6, 10**6]))
    edited("size_is_true.png", "size", lambda h: h.update(size=[True, 32]))
    edited("digest_short.png", "rest_sha256", lambda h: h.update(rest_sha256="ab"))
    edited("sealed_not_base64.png", "sealed metadata", lambda h: h["sealed"].update(metadata="*"))
    edited("stanzas_none.png", "stanzas", lambda h: h.update(stanzas=[]))
    edited("stanzas_too_many.png", "stanzas", lambda h: h.update(stanzas=[STANZA] * 33))
    edited(
        "kdf_memory_huge.png",
        "memory",
        lambda h: h["stanzas"][0]["kdf"].update(memory_kib=1 << 32),
    )
    edited(
        "kdf_cheap.png",
        "memory",
        lambda h: h["stanzas"][0]["kdf"].update(memory_kib=8, iterations=1, lanes=1),
    )
    edited("kdf_cheap_deniable.png", "memory", lambda h: h["kdf"].update(memory_kib=8192), DENIABLE)
    edited("stanza_version_3.png", "version", lambda h: h["stanzas"][0].update(version=3))
    edited("deniable_with_mac.png", "deniable", lambda h: h.update(mac="00" * 32), DENIABLE)
    edited("deniable_nonce_short.png", "nonce", lambda h: h.update(nonce="AAAA"), DENIABLE)


def wrong_regions() -> None:
    def region(**fields: Any) -> Callable[[dict[str, Any]], object]:
        return lambda h: h["regions"][0].update(**fields)

    edited("regions_none.png", "regions", lambda h: h.update(regions=[]))
    edited("region_outside.png", "not inside the picture", region(x=30))
    edited("region_negative.png", "region 1's x", region(x=-2))
    edited("region_odd.png", "odd size", region(w=7))
    edited("region_number_twice.png", "ascending order", region(n=2))
    edited("regions_overlap.png", "overlap", region(x=10, y=10))
    edited("look_is_a_path.png", "look", region(look="mask:/home/me/star.png"))


def wrong_nesting() -> None:
    deep = header_for(PHOTO, Box(0, 0, 2, 2))
    for n in range(1, 9):
        deep = header_for(PHOTO, Box(2 * n, 0, 2, 2), previous=deep)
    raw("previous_too_deep.png", "nested more than 8", deep.to_bytes())
    raw("previous_overlaps.png", "overlap", replace(HEADER, previous=HEADER).to_bytes())
    old = replace(NESTED_2, version=1)
    raw("previous_rest_null_version_1.png", "rest_sha256", old.to_bytes())
    below = replace(DENIABLE, regions=NESTED.regions, rest_sha256=NESTED.rest_sha256)
    raw("previous_deniable.png", "stands alone", replace(NESTED, previous=DENIABLE).to_bytes())
    raw("deniable_over_another.png", "stands alone", replace(below, previous=HEADER).to_bytes())
    small = header_for(picture(30), Box(0, 0, 2, 2))
    raw("previous_other_size.png", "another size", replace(HEADER, previous=small).to_bytes())


def wrong_containers() -> None:
    good = (FOLDER / "good.png").read_bytes()
    at = good.index(b"prFc") - 4
    length = struct.unpack(">I", good[at : at + 4])[0]
    chunk = good[at : at + 12 + length]
    other = b"prFc" + header_for(PHOTO, Box(0, 0, 2, 2)).to_bytes()
    second = struct.pack(">I", len(other) - 4) + other + struct.pack(">I", zlib.crc32(other))

    def put(name: str, error: str | None, message: str, data: bytes) -> None:
        expect(name, error, message).write_bytes(data)

    put("zero_bytes.png", "ImageError", "empty", b"")
    put("truncated.png", "DamagedFileError", "the picture is damaged or truncated", good[:-200])
    put("truncated_in_header.png", "DamagedFileError", "CRC", good[: at + 100])
    put("no_image.png", "UnsupportedImageError", "not an image", b"Dear diary")
    put("header_crc_wrong.png", "DamagedFileError", "CRC", good.replace(b"padded", b"badded"))
    put("header_twice_same.png", None, "", good[:at] + chunk + good[at:])
    put("header_twice_differs.png", "DamagedFileError", "differ", good[:at] + second + good[at:])

    webp = (FOLDER / "good.webp").read_bytes()
    spoilt = webp.replace(b"<proface:header>ey", b"<proface:header>=y")
    put("header_not_base64.webp", "DamagedFileError", "base64", spoilt)

    write(
        PHOTO, expect("sidecar_differs.png", "DamagedFileError", "differ"), header=HEADER.to_bytes()
    )
    sidecar_path(FOLDER / "sidecar_differs.png").write_bytes(DENIABLE.to_bytes())


def changed_pictures() -> None:
    outside = "the picture outside the regions was altered"
    first = "region 1 (8 x 8 at 4, 4) of the picture was altered"
    second = "region 2 (10 x 12 at 16, 14) of the picture was altered"

    def changed(name: str, lines: list[str], photo: Photo, header: Header = HEADER) -> None:
        write(photo, expect(name, None, changed=lines), header=header.to_bytes())

    def flipped(x: int, y: int) -> Photo:
        photo = picture()
        photo.pixels[y, x, 0] ^= 1
        return photo

    changed("region_1_altered.png", [first], flipped(5, 5))
    changed("region_2_altered.tif", [second], flipped(20, 20))
    changed("rest_altered.webp", [outside], flipped(0, 0))
    changed("older_region_altered.png", [first, outside], flipped(5, 5), NESTED)
    see_through = picture()
    see_through.alpha = np.full((32, 32), 128, np.uint8)
    changed("alpha_added.png", [outside], see_through)
    Image.fromarray(PHOTO.pixels).save(FOLDER / "lossy.jpg", quality=60)
    or_other = ", or the header is another picture's"
    again = f"{outside}, as by lossy compression (JPEG){or_other}"
    expect("lossy.jpg", None, changed=[first, second, again])
    sidecar_path(FOLDER / "lossy.jpg").write_bytes(HEADER.to_bytes())
    cropped = Photo(PHOTO.pixels[:30])
    lines = [
        "the picture was reduced or cropped: 32 x 32 pixels, now 32 x 30; or the header is another "
        "picture's"
    ]
    changed("cropped.png", lines, cropped)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for make in (valid_files, other_bytes, wrong_fields, wrong_regions, wrong_nesting):
        make()
    wrong_containers()
    changed_pictures()
    text = json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=False)
    (FOLDER / "expected.json").write_text(text + "\n", encoding="utf-8")
    total = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{len(expected)} vectors, {total // 1024} KiB")


if __name__ == "__main__":
    main()
