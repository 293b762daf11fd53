"""What regions say of themselves in their pixels, and what one tells of the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proface.container.pixel_description import (
    SIZE,
    PixelDescription,
    of_another,
    parse_description,
)
from proface.keys import KdfParameters, Key, wrap_file_key


def description(keys: int = 1) -> PixelDescription:
    return PixelDescription(
        model=b"mode",
        file=b"file",
        count=3,
        n=2,
        x=640,
        y=480,
        w=416,
        h=432,
        size=(4032, 3024),
        photo_mode="RGB",
        keys=keys,
        stanza=stanza(1),
    )


def stanza(seed: int) -> dict[str, object]:
    key = Key("file", bytes([seed]) * 32)
    return dict(wrap_file_key(bytes(32), key, KdfParameters(bytes([seed]) * 16)))


def differ(a: bytes, b: bytes, mask: bytes) -> bool:
    return any((x ^ y) & sure for x, y, sure in zip(a, b, mask, strict=True))


def test_descriptions_are_read_as_they_were_written() -> None:
    one = description()
    assert len(one.to_bytes()) == SIZE
    assert parse_description(one.to_bytes()) == one


@pytest.mark.parametrize(("keys", "sure"), [(1, 104), (2, 24)])
def test_one_region_tells_what_the_others_of_its_protection_say(keys: int, sure: int) -> None:
    one = description(keys)
    other = replace(one, n=3, x=32, y=16, w=544, h=512)
    if keys > 1:
        other = replace(other, stanza=stanza(2))
    expected, mask = of_another(one.to_bytes(), 32, 16)
    assert sum(map(bool, mask)) == sure
    assert not differ(expected, other.to_bytes(), mask)
    assert differ(expected, replace(other, x=48).to_bytes(), mask)
    assert differ(expected, replace(other, file=b"else").to_bytes(), mask)
