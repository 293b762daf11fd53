"""The header inside an XMP packet: how it travels in WebP, which has no chunk of our own.

It stands in a description of its own, so that the photo's XMP, where it is kept, comes back byte
for byte.
"""

from __future__ import annotations

import base64
import binascii
import re

from proface.errors import DamagedFileError

NAMESPACE = b"urn:proface:1"
_OPEN = b'<rdf:Description rdf:about="" xmlns:proface="%s"><proface:header>' % NAMESPACE
_CLOSE = b"</proface:header></rdf:Description>"
_PACKET_OPEN = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
_RDF_CLOSE = b"</rdf:RDF>"
_PACKET_CLOSE = _RDF_CLOSE + b"</x:xmpmeta>"
_BLOCK = re.compile(re.escape(_OPEN) + rb"[^<]*" + re.escape(_CLOSE))
# As an element, as we write it, or as an attribute, as other programs may rewrite it.
_HEADER = re.compile(
    rb"<proface:header>([A-Za-z0-9+/=\s]*)</proface:header>"
    rb"|\bproface:header\s*=\s*(?:\"([A-Za-z0-9+/=\s]*)\"|'([A-Za-z0-9+/=\s]*)')"
)


def with_header(xmp: bytes | None, header: bytes) -> bytes:
    """The packet with the header in it; a packet of its own where the photo has no XMP."""
    block = _OPEN + base64.b64encode(header) + _CLOSE
    if xmp is not None and _RDF_CLOSE in xmp:
        before, _, after = xmp.rpartition(_RDF_CLOSE)
        return before + block + _RDF_CLOSE + after
    return (xmp or b"") + _PACKET_OPEN + block + _PACKET_CLOSE


def without_header(xmp: bytes) -> bytes:
    """The photo's own XMP again; empty if there was none."""
    xmp = _BLOCK.sub(b"", xmp)
    return xmp.removesuffix(_PACKET_OPEN + _PACKET_CLOSE)


def headers(xmp: bytes, source: str, limit: int) -> list[bytes]:
    """Every header in the packet, at most `limit` bytes each.

    Raises DamagedFileError if one is there but is not readable base64, or is too large.
    """
    found = [b"".join(match.groups(b"")) for match in _HEADER.finditer(xmp)]
    if not found and b"proface:header" not in xmp:
        return []
    if not found:
        raise DamagedFileError(f"{source}: the header in the XMP is damaged. Use another copy.")
    if sum(map(len, found)) > 2 * limit:
        raise DamagedFileError(f"{source}: the header is too large: the file was altered.")
    try:
        return [base64.b64decode(b"".join(text.split()), validate=True) for text in found]
    except binascii.Error:
        raise DamagedFileError(
            f"{source}: the header in the XMP is damaged (no base64). Use another copy."
        ) from None
