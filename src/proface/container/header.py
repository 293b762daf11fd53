"""`Header`: the metadata of a protected file. docs/FORMAT.md specifies it byte for byte.

header --to_json--> dict --canonical_json--> UTF-8 bytes --container--> the file
  '---- from_bytes: limits, canonical form, checksum, every field <----'
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from proface.container import header_fields as fields
from proface.container.canonical_json import canonical_json, parse_canonical
from proface.container.header_fields import Damaged
from proface.errors import UsageError
from proface.media import base64_text
from proface.types import Region

FORMAT = "proface"
# Version 2 may leave out `rest_sha256` of nested headers, and has stanzas that commit to their key.
VERSION = 2
MAX_HEADER_BYTES = 64 << 20
MAX_REGIONS = 10_000  # of a header and its nested headers
MAX_DEPTH = 8  # nested headers, including the outermost
MAX_STANZAS = 32
NONCE_BYTES = 32

_COMMON = {
    *("checksum", "format", "mac", "mode", "model", "photo_mode", "previous", "regions"),
    *("rest_sha256", "scheme", "sealed", "size", "version"),
}
_OF_SCHEME = {"stanzas": {"stanzas"}, "deniable": {"kdf", "nonce"}}


@dataclass(frozen=True)
class Header:
    """Everything that recovery needs, and nothing private.

    model_name, model_sha256: the flow's name and digest (hex).
    mode: what a wrong password yields, "random" or "obfuscated".
    size: width and height of the picture.
    regions: by ascending number, disjoint, inside the picture.
    rest_sha256: hex digest of the picture outside the regions (`digests.rest_digest`). None in a
        nested header: it was made of pixels that are hidden now, and is sealed in the outer one.
    photo_mode: "L" for a greyscale photo, which recovery writes as such again.
    scheme: "stanzas" with `stanzas` (1 to 32, parsed by `proface.keys`), a MAC and sealed parts; or
        "deniable" with `kdf` and a 32-byte `nonce`, and none of the former.
    sealed: name -> sealed bytes ("metadata", "pixels-N").
    previous: the header before these regions were added.
    mac: 32 bytes in hex over `signed_bytes()`; None until `with_mac`.
    version: of the format.
    """

    model_name: str
    model_sha256: str
    mode: Literal["random", "obfuscated"]
    size: tuple[int, int]
    regions: tuple[Region, ...]
    rest_sha256: str | None
    photo_mode: Literal["RGB", "L"] = "RGB"
    scheme: Literal["stanzas", "deniable"] = "stanzas"
    stanzas: Sequence[Mapping[str, Any]] = ()
    kdf: Mapping[str, Any] | None = None
    nonce: bytes | None = None
    sealed: Mapping[str, bytes] = field(default_factory=dict)
    previous: Header | None = None
    mac: str | None = None
    version: int = VERSION

    @property
    def chain(self) -> list[Header]:
        """This header, then the one nested in it, and so on."""
        return [self, *(self.previous.chain if self.previous else ())]

    def signed_bytes(self) -> bytes:
        """The input of MAC and checksum: the canonical JSON without `mac` and `checksum`."""
        return canonical_json(self._body())

    def with_mac(self, mac: bytes) -> Header:
        """Copy the header with its MAC (32 bytes, `keys.header_mac` of `signed_bytes()`)."""
        if len(mac) != 32:
            raise UsageError("A header's MAC must be exactly 32 bytes.")
        return replace(self, mac=mac.hex())

    def to_json(self) -> dict[str, Any]:
        """All fields and the checksum as JSON types."""
        checksum = _checksum(self.signed_bytes())
        return {**self._body(), "checksum": checksum, "mac": self.mac}

    def to_bytes(self) -> bytes:
        """Encode as canonical JSON. Fields are not checked, unlike in `from_bytes`."""
        return canonical_json(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes, source: str = "the header") -> Header:
        """Parse an untrusted header and check every field.

        source: the file's name for messages. A required MAC must be present, but is not verified;
        `stanzas` and `kdf` are checked by `proface.keys`.

        Raises DamagedFileError, naming the field, for anything that `to_bytes` does not write.
        """
        damaged = Damaged(source)
        if len(data) > MAX_HEADER_BYTES:
            raise damaged("size", f"is over {MAX_HEADER_BYTES >> 20} MiB")
        header = _parse(parse_canonical(data, damaged), damaged, 1)
        boxes = [region.box for one in header.chain for region in one.regions]
        if len(boxes) > MAX_REGIONS:
            raise damaged("regions", f"are more than {MAX_REGIONS}")
        fields.check_disjoint(boxes, damaged)
        return header

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "format": FORMAT,
            "version": self.version,
            "model": {"name": self.model_name, "sha256": self.model_sha256},
            "mode": self.mode,
            "size": list(self.size),
            "regions": [vars(region) for region in self.regions],
            "rest_sha256": self.rest_sha256,
            "photo_mode": self.photo_mode,
            "scheme": self.scheme,
            "sealed": {name: base64_text.encode(data) for name, data in self.sealed.items()},
            "previous": self.previous.to_json() if self.previous else None,
        }
        if self.scheme == "deniable":
            nonce = None if self.nonce is None else base64_text.encode(self.nonce)
            return {**body, "kdf": self.kdf and dict(self.kdf), "nonce": nonce}
        return {**body, "stanzas": [dict(stanza) for stanza in self.stanzas]}


def _parse(value: Any, damaged: Damaged, depth: int, outer: int | None = None) -> Header:
    """Check the JSON of one header; `depth` is 1 for the outermost, `outer` the version around."""
    if depth > MAX_DEPTH:
        raise damaged("previous", f"is nested more than {MAX_DEPTH} deep")
    version = fields.check_format(value, FORMAT, VERSION, damaged)
    scheme = fields.choice(value.get("scheme"), tuple(_OF_SCHEME), "scheme", damaged)
    fields.keys(value, _COMMON | _OF_SCHEME[scheme], "header", damaged)
    body = {key: part for key, part in value.items() if key not in ("checksum", "mac")}
    if value["checksum"] != _checksum(canonical_json(body)):
        raise damaged("checksum", "does not match its content")
    model = fields.keys(value["model"], {"name", "sha256"}, "model", damaged)
    size = fields.size(value["size"], damaged)
    previous = value["previous"]
    header = Header(
        model_name=fields.name(model["name"], "model name", damaged),
        model_sha256=fields.hexadecimal(model["sha256"], 32, "model sha256", damaged),
        mode=fields.choice(value["mode"], ("random", "obfuscated"), "mode", damaged),
        size=size,
        regions=_parse_regions(value["regions"], size, damaged),
        rest_sha256=_parse_rest(value["rest_sha256"], outer, damaged),
        photo_mode=fields.choice(value["photo_mode"], ("RGB", "L"), "photo_mode", damaged),
        sealed=fields.sealed(value["sealed"], damaged),
        previous=None if previous is None else _parse(previous, damaged, depth + 1, version),
        version=version,
        **_parse_scheme(scheme, value, damaged),
    )
    if header.previous and header.previous.size != size:
        raise damaged("previous", "has another size")
    if header.previous and "deniable" in (header.scheme, header.previous.scheme):
        raise damaged("previous", "is nested with a deniable header, which stands alone")
    return header


def _parse_rest(value: Any, outer: int | None, damaged: Damaged) -> str | None:
    """Check `rest_sha256`; only a nested header of version 2 may leave it to the outer one."""
    if value is None and outer is not None and outer >= 2:
        return None
    return fields.hexadecimal(value, 32, "rest_sha256", damaged)


def _parse_scheme(scheme: str, value: Mapping[str, Any], damaged: Damaged) -> dict[str, Any]:
    """Check the fields that depend on the scheme."""
    if scheme == "deniable":
        # Any authentication tag would reveal whether a password is correct.
        if value["mac"] is not None or value["sealed"]:
            raise damaged("scheme", "is deniable, which excludes mac and sealed parts")
        kdf = fields.opaque(value["kdf"], "kdf", damaged)
        nonce = fields.base64_bytes(value["nonce"], "nonce", damaged)
        if len(nonce) != NONCE_BYTES:
            raise damaged("nonce", f"is not {NONCE_BYTES} bytes")
        return {"scheme": scheme, "kdf": kdf, "nonce": nonce}
    stanzas = fields.items(value["stanzas"], 1, MAX_STANZAS, "stanzas", damaged)
    # A header without its MAC must not be accepted: it may have been stripped.
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
            raise damaged("regions", "are not in ascending order")
        box = fields.box(item, size, f"region {number}", damaged)
        look = fields.name(item["look"], f"region {number}'s look", damaged)
        digest = fields.hexadecimal(item["sha256"], 32, f"region {number}'s sha256", damaged)
        regions.append(Region(number, box.x, box.y, box.w, box.h, look, digest))
    return tuple(regions)


def _checksum(data: bytes) -> str:
    """Checksum against damage, not forgery: the first 16 hex digits (64 bits) of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]
