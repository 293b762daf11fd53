"""A header is read back as it was written, or refused with the field that is wrong."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proface.container.header import Header, Region
from proface.errors import DamagedFileError, UsageError
from proface.types import Box
from tests.work import counted

REGION = Region(1, 4, 2, 8, 10, "pixelate:20", "cd" * 32)
HEADER = Header(
    model_name="padded",
    model_sha256="ab" * 32,
    mode="random",
    size=(32, 24),
    regions=(REGION, replace(REGION, n=2, x=20, y=11, w=12, h=13)),
    rest_sha256="ef" * 32,
    stanzas=({"type": "password", "kdf": {"name": "argon2id", "memory_kib": 65536}},),
    sealed={"metadata": b"\x00\xff", "exact.1": b""},
).with_mac(bytes(range(32)))
DENIABLE = replace(
    HEADER,
    scheme="deniable",
    stanzas=(),
    kdf={"name": "argon2id"},
    nonce=bytes(32),
    sealed={},
    mac=None,
)
NESTED = replace(HEADER, regions=(replace(REGION, x=12),), previous=HEADER)


def canonical(value: Any) -> bytes:
    """Written apart from the product."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def summed(value: dict[str, Any]) -> bytes:
    """The header of these fields with a checksum that fits."""
    body = {k: v for k, v in value.items() if k not in ("checksum", "mac")}
    return canonical({**value, "checksum": hashlib.sha256(canonical(body)).hexdigest()[:16]})


@pytest.mark.parametrize("header", [HEADER, DENIABLE, NESTED])
def test_what_is_written_is_read(header: Header) -> None:
    data = header.to_bytes()
    again = Header.from_bytes(data)
    assert again == header
    assert again.to_bytes() == data
    assert data == summed(json.loads(data))


def test_the_form_is_the_documented_one() -> None:
    data = json.loads(HEADER.to_bytes())
    assert data["format"] == "proface"
    assert data["version"] == 2
    assert data["size"] == [32, 24]
    assert data["mac"] == bytes(range(32)).hex()
    assert data["sealed"] == {"metadata": "AP8=", "exact.1": ""}
    assert data["previous"] is None
    assert data["regions"][0] == {
        **{"n": 1, "x": 4, "y": 2, "w": 8, "h": 10},
        **{"look": "pixelate:20", "sha256": "cd" * 32},
    }


def test_the_mac_covers_all_but_itself_and_the_checksum() -> None:
    signed = json.loads(HEADER.signed_bytes())
    assert set(signed) == set(json.loads(HEADER.to_bytes())) - {"mac", "checksum"}
    assert HEADER.with_mac(bytes(32)).signed_bytes() == HEADER.signed_bytes()
    # The enclosed header is covered whole, its MAC included.
    assert json.loads(NESTED.signed_bytes())["previous"] == json.loads(HEADER.to_bytes())
    with pytest.raises(UsageError):
        HEADER.with_mac(b"short")


def put(*path: Any, to: Any) -> Any:
    """A change of one field."""

    def change(value: dict[str, Any]) -> None:
        for step in path[:-1]:
            value = value[step]
        if to is KeyError:
            del value[path[-1]]
        else:
            value[path[-1]] = to

    return change


FAULTS = [
    (put("format", to="age"), "format"),
    (put("version", to=3), "format version 3"),
    (put("version", to=True), "version"),
    (put("mode", to="noise"), "mode"),
    (put("mode", to=KeyError), "lacks mode"),
    (put("extra", to=1), "unknown field"),
    (put("scheme", to="open"), "scheme"),
    (put("size", to=[32]), "size"),
    (put("size", to=[32, "24"]), "size"),
    (put("size", to=[100_000, 100_000]), "size"),
    (put("model", "name", to="../../etc"), "model name"),
    (put("model", "sha256", to="AB" * 32), "model sha256"),
    (put("regions", to=[]), "regions"),
    (put("regions", 0, "x", to=-1), "region 1's x"),
    (put("regions", 0, "x", to=True), "region 1's x"),
    (put("regions", 0, "x", to=30), "region 1 is empty or not inside"),
    (put("regions", 0, "w", to=0), "region 1 is empty or not inside"),
    (put("regions", 0, "w", to=7), "odd size"),
    (put("regions", 0, "w", to=10**4000), "region 1's w"),
    (put("regions", 0, "n", to=2), "ascending order"),
    (put("regions", 0, "n", to=0), "region's n"),
    (put("regions", 0, "look", to="mask:/home/me/x.png"), "region 1's look"),
    (put("regions", 1, "x", to=10), "overlap"),
    (put("regions", 1, "sha256", to="0"), "region 2's sha256"),
    (put("rest_sha256", to=None), "rest_sha256"),
    (put("photo_mode", to="CMYK"), "photo_mode"),
    (put("stanzas", to=[]), "stanzas"),
    (put("stanzas", 0, to=[]), "stanza"),
    (put("stanzas", 0, "type", to=1.5), "well-formed"),
    (put("stanzas", 0, "type", to=True), "stanza"),
    (put("stanzas", 0, "kdf", to={"a": {"b": 1}}), "stanza"),
    (put("sealed", "metadata", to="AP8"), "sealed metadata"),
    (put("sealed", "metadata", to="AP9="), "sealed metadata"),
    (put("sealed", "a b", to=""), "sealed part's name"),
    (put("mac", to=None), "mac"),
    (put("mac", to="00"), "mac"),
    (put("previous", to={}), "format"),
    (put("nonce", to=None), "unknown field"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS)
def test_each_field_is_checked(change: Any, words: str) -> None:
    value = json.loads(HEADER.to_bytes())
    change(value)
    with pytest.raises(DamagedFileError, match=words) as caught:
        Header.from_bytes(summed(value), "photo.png")
    assert str(caught.value).startswith("photo.png: ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (put("mac", to="00" * 32), "deniable"),
        (put("sealed", to={"metadata": ""}), "deniable"),
        (put("nonce", to="AAAA"), "nonce"),
        (put("kdf", to=None), "kdf"),
        (put("stanzas", to=[]), "unknown field"),
    ],
)
def test_a_deniable_header_has_no_tag_that_tells(change: Any, words: str) -> None:
    value = json.loads(DENIABLE.to_bytes())
    change(value)
    with pytest.raises(DamagedFileError, match=words):
        Header.from_bytes(summed(value))


def test_damage_shows_in_the_checksum() -> None:
    data = HEADER.to_bytes().replace(b'"mode":"random"', b'"mode":"obfuscated"')
    with pytest.raises(DamagedFileError, match="checksum"):
        Header.from_bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "well-formed"),
        (b"{}", "format"),
        (b"[]", "not an object"),
        (b"\xff\xfe{}", "well-formed"),
        (b'{"a":NaN}', "well-formed"),
        (b'{"a":1,"a":1}', "repeats a key"),
        (b'{"a":"\\ud800"}', "well-formed"),
        (b'{"a":1' + b"0" * 5000 + b"}", "well-formed"),
        (b"[" * 100_000 + b"]" * 100_000, "well-formed"),
        (b"[" + b"[]," * 1_000_000 + b"1]", "too many parts"),
        (HEADER.to_bytes() + b" ", "canonical"),
        (HEADER.to_bytes().replace(b":", b": ", 1), "canonical"),
        (HEADER.to_bytes().replace(b"padded", b"\\u0070added"), "canonical"),
        (b"0" * ((64 << 20) + 1), "64 MiB"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_other_bytes_are_refused(data: bytes, words: str) -> None:
    with pytest.raises(DamagedFileError, match=words):
        Header.from_bytes(data)


def test_nesting_is_bounded() -> None:
    def enclose(header: Header, depth: int) -> Header:
        for n in range(1, depth):
            header = replace(
                HEADER, regions=(replace(REGION, x=2 * n, y=0, w=2, h=2),), previous=header
            )
        return header

    innermost = replace(HEADER, regions=(replace(REGION, x=0, y=0, w=2, h=2),))
    assert len(Header.from_bytes(enclose(innermost, 8).to_bytes()).chain) == 8
    with pytest.raises(DamagedFileError, match="nested more than 8"):
        Header.from_bytes(enclose(innermost, 9).to_bytes())
    with pytest.raises(DamagedFileError, match="previous has another size"):
        Header.from_bytes(replace(NESTED, size=(34, 24)).to_bytes())


def test_no_region_may_lie_over_another_even_an_older_one() -> None:
    with pytest.raises(DamagedFileError, match="overlap"):
        Header.from_bytes(replace(HEADER, previous=HEADER).to_bytes())
    over = replace(REGION, n=2, x=10, y=10)
    with pytest.raises(DamagedFileError, match="overlap"):
        Header.from_bytes(replace(HEADER, regions=(REGION, over)).to_bytes())


def test_ten_thousand_regions_take_ten_times_what_a_thousand_take_and_no_more_are_read() -> None:
    regions = tuple(
        replace(REGION, n=i + 1, x=i % 100 * 4, y=i // 100 * 4, w=4, h=4) for i in range(10_000)
    )
    full = replace(HEADER, size=(500, 500), regions=regions)
    lines = []
    for count in (1000, 10_000):
        data = replace(full, regions=regions[:count]).to_bytes()
        with counted() as work:
            assert len(Header.from_bytes(data).regions) == count
        assert work.peak < 16 * len(data)
        lines.append(work.lines)
    assert lines[1] < 11 * lines[0]
    one_more = replace(full, regions=(replace(REGION, x=400, y=400, w=4, h=4),), previous=full)
    with pytest.raises(DamagedFileError, match="more than 10000"):
        Header.from_bytes(one_more.to_bytes())


boxes = st.builds(
    Box, st.integers(0, 9), st.integers(0, 9), st.integers(1, 3), st.integers(1, 3)
).map(lambda b: Box(2 * b.x, 2 * b.y, 2 * b.w, 2 * b.h))


@given(st.lists(boxes, min_size=1, max_size=6))
def test_overlap_is_found_exactly(found: list[Box]) -> None:
    regions = tuple(
        Region(n, b.x, b.y, b.w, b.h, "blur", "ab" * 32) for n, b in enumerate(found, 1)
    )
    header = replace(HEADER, regions=regions)
    overlap = any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])
    if overlap:
        with pytest.raises(DamagedFileError, match="overlap"):
            Header.from_bytes(header.to_bytes())
    else:
        assert Header.from_bytes(header.to_bytes()) == header
