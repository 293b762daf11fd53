"""What XMP says of pictures and films inside a photo, and XMP without it."""

from __future__ import annotations

import time

from proface.media.xmp import mentions, without_descriptions
from tests.media.jpeg.test_metadata import MOTION, XMP_TEXT


def test_xmp_loses_what_it_says_of_dropped_parts() -> None:
    packet = XMP_TEXT % MOTION
    clean = without_descriptions(packet)
    assert clean == XMP_TEXT % b"><dc:creator>Ann</dc:creator>"
    assert mentions(packet) == ["motion photo"]
    assert mentions(clean) == []
    plain = XMP_TEXT % b">"
    assert without_descriptions(plain) == plain


def test_what_cannot_be_parsed_stays() -> None:
    packet = XMP_TEXT % MOTION
    unclosed = packet.replace(b"</Container:Directory>", b"")
    assert without_descriptions(unclosed) == unclosed
    utf16 = packet.decode().encode("utf-16")
    assert without_descriptions(utf16) == utf16
    assert without_descriptions(b"<a:b>" * 400_000 + packet) is not None
    assert without_descriptions(b"x" * (17 << 20)) == b"x" * (17 << 20)


def test_hostile_prefixes_take_no_time() -> None:
    bindings = b"".join(
        b' xmlns:p%d="http://ns.google.com/photos/1.0/camera/"' % n for n in range(20_000)
    )
    packet = b"<a" + bindings + b"/>" + b" \t" * 500_000
    began = time.process_time()
    assert without_descriptions(packet) == packet
    assert time.process_time() - began < 10
