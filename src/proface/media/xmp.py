"""XMP packets: the header in them, and what they say of pictures and films inside a photo.

The header is for WebP, which has no private chunks. It has a description of its own, so that the
photo's XMP is restored byte for byte.
"""

from __future__ import annotations

import base64
import binascii
import re

from proface.errors import DamagedFileError

MAX_BYTES = 16 << 20
_MOST_PREFIXES = 64  # of the eleven namespaces below: time grows by the square of their number
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
# As an element, as written here, or as an attribute, as other programs may rewrite it.
_HEADER = re.compile(
    rb"<proface:header>([A-Za-z0-9+/=\s]*)</proface:header>"
    rb"|\bproface:header\s*=\s*(?:\"([A-Za-z0-9+/=\s]*)\"|'([A-Za-z0-9+/=\s]*)')"
)
# By these namespaces cameras describe what follows the picture, or put pictures into XMP.
_GOOGLE = b"http://ns.google.com/photos/"
_PASSENGERS = (
    _GOOGLE + b"1.0/camera/",
    _GOOGLE + b"1.0/container/",
    _GOOGLE + b"1.0/depthmap/",
    _GOOGLE + b"1.0/image/",
    _GOOGLE + b"1.0/audio/",
    _GOOGLE + b"dd/1.0/",
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"http://ns.adobe.com/xmp/note/",
    b"http://ns.apple.com/HDRGainMap/1.0/",
    b"http://ns.apple.com/depthBlurEffect/1.0/",
    b"http://ns.apple.com/depthData/1.0/",
)
_BINDING = re.compile(rb"\sxmlns:([\w.-]{1,64})\s*=\s*[\"']([^\"'<>]{1,200})[\"']")
# Base64 of a JPEG, PNG, WebP or TIFF, as in xmp:Thumbnails and GImage:Data.
_PICTURE = re.compile(rb"(?:/9j/|iVBORw0KGgo|UklGR|SUkqA|TU0AK)[A-Za-z0-9+/=&#;\s]{64,}")
_MENTIONS = {
    "motion photo": re.compile(rb"\bMotionPhoto\b|\bMicroVideo\b"),
    "gain map": re.compile(rb"hdr-gain-map/1\.0|HDRGainMap|\bGainMap\b"),
    "depth map": re.compile(rb"photos/1\.0/depthmap/|photos/dd/1\.0/|depthData/1\.0|\bDepthMap\b"),
    "picture in XMP": re.compile(
        rb"photos/1\.0/image/|xap/1\.0/g/img/|" + _PICTURE.pattern, re.DOTALL
    ),
    "sound in XMP": re.compile(rb"photos/1\.0/audio/"),
}


def with_header(xmp: bytes | None, header: bytes) -> bytes:
    """Add the header to the packet, or make a packet if the photo has none."""
    block = _OPEN + base64.b64encode(header) + _CLOSE
    if xmp is not None and _RDF_CLOSE in xmp:
        before, _, after = xmp.rpartition(_RDF_CLOSE)
        return before + block + _RDF_CLOSE + after
    return (xmp or b"") + _PACKET_OPEN + block + _PACKET_CLOSE


def without_header(xmp: bytes) -> bytes:
    """Remove the header; empty if the photo had no XMP."""
    xmp = _BLOCK.sub(b"", xmp)
    return xmp.removesuffix(_PACKET_OPEN + _PACKET_CLOSE)


def headers(xmp: bytes, source: str, limit: int) -> list[bytes]:
    """Extract every header in the packet, at most `limit` bytes each.

    Raises DamagedFileError if one is not base64 or is too large.
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
            f"{source}: the header in the XMP is damaged (not base64). Use another copy."
        ) from None


def mentions(xmp: bytes) -> list[str]:
    """Name what the packet holds or describes: a motion photo, gain map, depth map, picture."""
    return [name for name, pattern in _MENTIONS.items() if pattern.search(xmp)]


def without_descriptions(xmp: bytes) -> bytes:
    """Remove the descriptions of parts of the file that are not kept, such as a film behind it.

    Only elements and attributes in the namespaces of _PASSENGERS are removed; the rest stays byte
    for byte. A packet that is over MAX_BYTES, whose tags do not match, or with more prefixes than
    any program writes, stays as it is.
    """
    if len(xmp) > MAX_BYTES:
        return xmp
    prefixes = {match[1] for match in _BINDING.finditer(xmp) if match[2].startswith(_PASSENGERS)}
    if not 0 < len(prefixes) <= _MOST_PREFIXES:
        return xmp
    names = b"|".join(re.escape(prefix) for prefix in sorted(prefixes))
    shorter = _without_elements(xmp, names)
    attribute = re.compile(rb"\s(?:%s):[\w.-]{1,100}\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')" % names)
    binding = re.compile(rb"\sxmlns:(?:%s)\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')" % names)
    clean = binding.sub(b"", attribute.sub(b"", shorter or b""))
    return xmp if shorter is None or re.search(rb"\b(?:%s):" % names, clean) else clean


def _without_elements(xmp: bytes, names: bytes) -> bytes | None:
    """Remove elements with these prefixes; None if one is not closed."""
    opening = re.compile(rb"<((?:%s):[\w.-]{1,100})(?=[\s/>])" % names)
    out: list[bytes] = []
    position = 0
    while found := opening.search(xmp, position):
        out.append(xmp[position : found.start()])
        end = xmp.find(b">", found.end())
        if end < 0:
            return None
        if xmp[end - 1 : end] != b"/":
            closing = b"</" + found[1] + b">"
            end = xmp.find(closing, end)
            if end < 0:
                return None
            end += len(closing) - 1
        position = end + 1
    return b"".join([*out, xmp[position:]])
