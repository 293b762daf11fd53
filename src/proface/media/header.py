"""`Header`: what a protected file says about itself. docs/FORMAT.md has it byte for byte.

header --to_json--> dict --canonical_json--> UTF-8 bytes --container--> the file
  '---- from_bytes: limits, canonical form, checksum, every field <----'
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from proface.errors import UsageError
from proface.geometry import Box
from proface.media import header_fields as fields
from proface.media.canonical import canonical_json, parse_canonical
from proface.media.header_fields import Damaged

FORMAT = "proface"
VERSION = 1
MAX_HEADER_BYTES = 64 << 20
MAX_REGIONS = 10_000  # of a header and all headers nested in it
MAX_DEPTH = 8  # headers inside each other, the outermost one counted
MAX_STANZAS = 32
NONCE_BYTES = 32

_COMMON = {
    *("checksum", "format", "mac", "mode", "model", "photo_mode", "previous", "regions"),
    *("rest_sha256", "scheme", "sealed", "size", "version"),
}
_OF_SCHEME = {"stanzas": {"stanzas"}, "deniable": {"kdf", "nonce"}}


@dataclass(frozen=True)
class Region:
    """One protected face: its number (from 1), place in pixels, look, and what was stored there.

    sha256: hex digest of the region's protected pixels, uint8 RGB, row by row
    (`integrity.region_digest`).
    """

    n: int
    x: int
    y: int
    w: int
    h: int
    look: str
    sha256: str

    @property
    def box(self) -> Box:
        """The region's place."""
        return Box(self.x, self.y, self.w, self.h)


@dataclass(frozen=True)
class Header:
    """Everything that recovery needs, and nothing that the picture does not show.

    model_name, model_sha256: the flow's card and its digest (hex).
    mode: what a wrong password yields, "random" or "obfuscated".
    size: width and height of the picture.
    regions: by ascending number, none over another, inside the picture.
    rest_sha256: hex digest of the picture without the regions (`integrity.rest_digest`).
    photo_mode: "L" where the photo was grey: recovery writes it grey again.
    scheme: "stanzas" with `stanzas` (1 to 32; `proface.keys` reads them), a MAC, and what is
        sealed; or "deniable" with `kdf` and a 32-byte `nonce`, and none of these.
    sealed: name -> sealed bytes ("metadata").
    previous: the header of the picture as it was before these regions were added.
    mac: hex of 32 bytes over `signed_bytes()`; None until `with_mac`.
    """

    model_name: str
    model_sha256: str
    mode: Literal["random", "obfuscated"]
    size: tuple[int, int]
    regions: tuple[Region, ...]
    rest_sha256: str
    photo_mode: Literal["RGB", "L"] = "RGB"
    scheme: Literal["stanzas", "deniable"] = "stanzas"
    stanzas: Sequence[Mapping[str, Any]] = ()
    kdf: Mapping[str, Any] | None = None
    nonce: bytes | None = None
    sealed: Mapping[str, bytes] = field(default_factory=dict)
    previous: Header | None = None
    mac: str | None = None

    @property
    def chain(self) -> list[Header]:
        """This header, then the one it encloses, and so on inward."""
        return [self, *(self.previous.chain if self.previous else ())]

    def signed_bytes(self) -> bytes:
        """What the MAC and the checksum are over: the canonical JSON without `mac`, `checksum`."""
        return canonical_json(self._body())

    def with_mac(self, mac: bytes) -> Header:
        """The same header with its MAC (32 bytes, `keys.header_mac` of `signed_bytes()`)."""
        if len(mac) != 32:
            raise UsageError("A header's MAC is exactly 32 bytes.")
        return replace(self, mac=mac.hex())

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON types, the checksum filled in."""
        checksum = _checksum(self.signed_bytes())
        return {**self._body(), "checksum": checksum, "mac": self.mac}

    def to_bytes(self) -> bytes:
        """The canonical JSON, UTF-8. Fields out of range make a header that no reader takes."""
        return canonical_json(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "the header") -> Header:
        """Read a header that may come from anywhere, every field checked.

        source: the file's name, for messages. The MAC is present where it must be, but only the
        key can verify it; the stanzas and the kdf are checked where they are opened.

        Raises DamagedFileError, saying which field, for anything that `to_bytes` would not write.
        """
        damaged = Damaged(source)
        if len(data) > MAX_HEADER_BYTES:
            raise damaged("size", f"is over {MAX_HEADER_BYTES >> 20} MiB")
        header = _parse(parse_canonical(data, damaged), damaged, 1)
        boxes = [region.box for one in header.chain for region in one.regions]
        if len(boxes) > MAX_REGIONS:
            raise damaged("regions", f"are more than {MAX_REGIONS}")
        fields.check_apart(boxes, damaged)
        return header

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "model": {"name": self.model_name, "sha256": self.model_sha256},
            "mode": self.mode,
            "size": list(self.size),
            "regions": [vars(region) for region in self.regions],
            "rest_sha256": self.rest_sha256,
            "photo_mode": self.photo_mode,
            "scheme": self.scheme,
            "sealed": {name: _base64(data) for name, data in self.sealed.items()},
            "previous": self.previous.to_json() if self.previous else None,
        }
        if self.scheme == "deniable":
            nonce = None if self.nonce is None else _base64(self.nonce)
            return {**body, "kdf": self.kdf and dict(self.kdf), "nonce": nonce}
        return {**body, "stanzas": [dict(stanza) for stanza in self.stanzas]}


def _parse(value: Any, damaged: Damaged, depth: int) -> Header:
    """One header out of its JSON; `depth` is 1 for the outermost."""
    if depth > MAX_DEPTH:
        raise damaged("previous", f"is nested more than {MAX_DEPTH} deep")
    fields.check_format(value, FORMAT, VERSION, damaged)
    scheme = fields.choice(value.get("scheme"), tuple(_OF_SCHEME), "scheme", damaged)
    fields.keys(value, _COMMON | _OF_SCHEME[scheme], "header", damaged)
    body = {key: part for key, part in value.items() if key not in ("checksum", "mac")}
    if value["checksum"] != _checksum(canonical_json(body)):
        raise damaged("checksum", "does not match what it covers")
    model = fields.keys(value["model"], {"name", "sha256"}, "model", damaged)
    size = fields.size(value["size"], damaged)
    previous = value["previous"]
    header = Header(
        model_name=fields.name(model["name"], "model name", damaged),
        model_sha256=fields.hexadecimal(model["sha256"], 32, "model sha256", damaged),
        mode=fields.choice(value["mode"], ("random", "obfuscated"), "mode", damaged),
        size=size,
        regions=_parse_regions(value["regions"], size, damaged),
        rest_sha256=fields.hexadecimal(value["rest_sha256"], 32, "rest_sha256", damaged),
        photo_mode=fields.choice(value["photo_mode"], ("RGB", "L"), "photo_mode", damaged),
        sealed=fields.sealed(value["sealed"], damaged),
        previous=None if previous is None else _parse(previous, damaged, depth + 1),
        **_parse_scheme(scheme, value, damaged),
    )
    if header.previous and header.previous.size != size:
        raise damaged("previous", "has another size")
    return header


def _parse_scheme(scheme: str, value: Mapping[str, Any], damaged: Damaged) -> dict[str, Any]:
    """The fields that depend on how the file key is had."""
    if scheme == "deniable":
        # A tag of any kind would tell a right password from a wrong one.
        if value["mac"] is not None or value["sealed"]:
            raise damaged("scheme", "is deniable, which goes with neither mac nor sealed parts")
        kdf = fields.opaque(value["kdf"], "kdf", damaged)
        nonce = fields.base64_bytes(value["nonce"], "nonce", damaged)
        if len(nonce) != NONCE_BYTES:
            raise damaged("nonce", f"is not {NONCE_BYTES} bytes")
        return {"scheme": scheme, "kdf": kdf, "nonce": nonce}
    stanzas = fields.items(value["stanzas"], 1, MAX_STANZAS, "stanzas", damaged)
    # A header whose MAC was taken away must not pass for one that never had any.
    return {
        "scheme": scheme,
        "stanzas": tuple(fields.opaque(stanza, "stanza", damaged) for stanza in stanzas),
        "mac": fields.hexadecimal(value["mac"], 32, "mac", damaged),
    }


def _parse_regions(value: Any, size: tuple[int, int], damaged: Damaged) -> tuple[Region, ...]:
    regions: list[Region] = []
    for item in fields.items(value, 1, MAX_REGIONS, "regions", damaged):
        fields.keys(item, {"n", "x", "y", "w", "h", "look", "sha256"}, "region", damaged)
        number = fields.integer(item["n"], 1, 1_000_000, "region's n", damaged)
        if regions and number <= regions[-1].n:
            raise damaged("regions", "are not numbered upwards")
        box = fields.box(item, size, f"region {number}", damaged)
        look = fields.name(item["look"], f"region {number}'s look", damaged)
        digest = fields.hexadecimal(item["sha256"], 32, f"region {number}'s sha256", damaged)
        regions.append(Region(number, box.x, box.y, box.w, box.h, look, digest))
    return tuple(regions)


def _checksum(data: bytes) -> str:
    """Finds damage, not forgery: the first 16 hex digits (64 bits) of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
