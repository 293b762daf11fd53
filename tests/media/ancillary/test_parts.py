"""Whatever a file holds besides its picture is found, named, and put back byte for byte."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from proface.errors import DamagedFileError
from proface.media.ancillary import parts as limits
from proface.media.ancillary.parts import Ancillary, Part
from proface.media.ancillary.read import read_ancillary
from proface.media.ancillary.write import put_back
from proface.media.jpeg.segments import end_of_picture
from tests.media.ancillary import files

FILES = {
    "JPEG": (files.jpeg, ".jpg"),
    "PNG": (files.png, ".png"),
    "WEBP": (files.webp, ".webp"),
    "TIFF": (files.tiff, ".tif"),
}
NAMES = {
    "JPEG": {
        "APP4 segment",
        "Photoshop data, IPTC",
        "comment",
        "index of further pictures (MPF)",
        "second picture (another view)",
        "motion photo video",
    },
    "PNG": {
        "chunk bKGD",
        "chunk sBIT",
        "text (tEXt Author)",
        "text (zTXt Comment)",
        "text (iTXt Title)",
        "content credentials (caBX)",
        "chunk prVt",
        "time of change (tIME)",
        "text (tEXt Late)",
        "bytes behind the end",
    },
    "WEBP": {"chunk priv", "bytes behind the end"},
    "TIFF": {"EXIF", "IPTC", "tag 65100", "tag 65101", "tag 65102"},
}


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
@pytest.mark.parametrize("kind", FILES)
def test_they_move_to_another_file_of_the_kind(kind: str, tmp_path: Path) -> None:
    make, suffix = FILES[kind]
    source, target = tmp_path / f"source{suffix}", tmp_path / f"target{suffix}"
    source.write_bytes(make())
    found = read_ancillary(source)
    assert found.format == kind
    assert set(found.names) == NAMES[kind]
    image = files.picture(size=(128, 64))
    image.save(target, lossless=True) if kind == "WEBP" else image.save(target)
    plain = np.asarray(Image.open(target).convert("RGB"))

    assert put_back(target, found) == ()

    np.testing.assert_array_equal(np.asarray(Image.open(target).convert("RGB")), plain)
    again = read_ancillary(target)
    if kind == "JPEG":  # an index says where pictures are: elsewhere now
        changed = [part.name for part in found.parts if part not in again.parts]
        assert changed == ["index of further pictures (MPF)"]
    else:
        assert {(p.kind, p.data) for p in again.parts} >= {(p.kind, p.data) for p in found.parts}


@pytest.mark.filterwarnings("ignore:Image appears to be a malformed MPO")
def test_the_second_picture_is_found_by_the_index_in_its_new_place(tmp_path: Path) -> None:
    source, target = tmp_path / "source.jpg", tmp_path / "target.jpg"
    source.write_bytes(files.several(files.encoded("JPEG")))
    with Image.open(source) as image:
        image.seek(1)
        second = np.asarray(image)
    files.picture(size=(512, 256)).save(target, quality=97)
    put_back(target, read_ancillary(source))
    with Image.open(target) as image:
        assert image.format == "MPO"
        assert image.n_frames == 2
        image.seek(1)
        np.testing.assert_array_equal(np.asarray(image), second)
    data = target.read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        assert image.mpinfo[0xB002][0]["Size"] == end_of_picture(data)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", FILES)
def test_another_container_holds_none_and_says_so(kind: str, tmp_path: Path) -> None:
    make, suffix = FILES[kind]
    (tmp_path / f"a{suffix}").write_bytes(make())
    found = read_ancillary(tmp_path / f"a{suffix}")
    other = tmp_path / ("a.png" if kind != "PNG" else "a.webp")
    files.picture().save(other)
    before = other.read_bytes()
    assert put_back(other, found) == found.names
    assert other.read_bytes() == before


def test_values_of_a_tiff_of_the_other_order_are_turned(tmp_path: Path) -> None:
    for order, name in (("<", "little"), (">", "big")):
        (tmp_path / f"{name}.tif").write_bytes(files.tiff(order))
    little, big = (read_ancillary(tmp_path / f"{name}.tif") for name in ("little", "big"))
    assert little.parts == big.parts
    assert little.dropped == ("sub-IFDs (previews or raw data)",)


def test_what_is_only_named(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(files.gif())
    found = read_ancillary(tmp_path / "a.gif")
    assert found.names == ("comment", "application extension", "bytes behind the end")
    assert files.COMMENT in found.parts[0].data
    (tmp_path / "a.tif").write_bytes(files.tiff(page=1))
    assert "reduced copy (thumbnail page)" in read_ancillary(tmp_path / "a.tif").dropped


def test_a_header_of_ours_is_no_part(tmp_path: Path, noise, header_for) -> None:
    from proface.container.storage import write_photo

    for suffix in (".png", ".webp", ".tif"):
        path = tmp_path / f"a{suffix}"
        photo = noise()
        write_photo(photo, path, header=header_for(photo).to_bytes())
        assert read_ancillary(path).is_empty, suffix


def test_what_has_no_room_is_named() -> None:
    large = Part("film", "behind", bytes(limits.MOST_BYTES))
    found = Ancillary("JPEG", (Part("comment", "COM", b"1"), large, Part("note", "COM", b"2")))
    assert found.fitting().names == ("comment", "note")
    assert found.fitting().dropped == ("film",)
    assert found.all_dropped() == Ancillary("JPEG", dropped=("comment", "film", "note"))


@given(
    st.builds(
        Ancillary,
        format=st.sampled_from(["PNG", "JPEG", ""]),
        parts=st.lists(
            st.builds(Part, st.text(max_size=9), st.text(max_size=9), st.binary()), max_size=4
        ).map(tuple),
        dropped=st.lists(st.text(max_size=9), max_size=3).map(tuple),
        converted=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    )
)
def test_what_is_sealed_comes_back(found: Ancillary) -> None:
    assert Ancillary.from_bytes(found.to_bytes()) == found


GOOD = Ancillary("PNG", (Part("a", "before tEXt", b"12345"),)).to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\0\0\0\2{}", b"\0\0\0\2[]", b"\xff\xff\xff\xff{}", GOOD[:-1], GOOD + b"x"),
        *(GOOD.replace(b",5]", b",6]"), GOOD.replace(b",5]", b",-1]"), GOOD.replace(b",5", b",[]")),
        GOOD.replace(b'"PNG"', b"17   "),
        (5000).to_bytes(4, "big") + b"[" * 5000,
    ],
)
def test_sealed_parts_of_another_form_are_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        Ancillary.from_bytes(data)


@pytest.mark.parametrize("kind", [*FILES, "GIF"])
def test_a_file_cut_anywhere_is_read_as_far_as_it_goes(kind: str, tmp_path: Path) -> None:
    data = {**{name: make for name, (make, _) in FILES.items()}, "GIF": files.gif}[kind]()
    for length in range(20, len(data), max(1, len(data) // 60)):
        (tmp_path / "cut").write_bytes(data[:length])
        read_ancillary(tmp_path / "cut")


@pytest.mark.parametrize("kind", FILES)
def test_forged_parts_do_not_break_a_file(kind: str, tmp_path: Path) -> None:
    """Someone who has the key may seal anything."""
    suffix = FILES[kind][1]
    kinds = ["", "behind", "before", "before IDAT", "after \xff\xff\xff\xff", "COM", "APP99", "APP",
             "MPF", "MPF 1", "MPF x y", "MPF 1 2", "tag", "tag 256 3", "tag 99999999 3",
             "tag 65100 99", "tag -1 3", "RIFF", "VP8 ", "before IHDR", "before tRNS"]  # fmt: skip
    for one in kinds:
        for size in (0, 3, 70_000):
            target = tmp_path / f"a{suffix}"
            files.picture().save(target, **({"lossless": True} if kind == "WEBP" else {}))
            plain = np.asarray(Image.open(target).convert("RGB"))
            put_back(target, Ancillary(kind, (Part("forged", one, bytes(size)),)))
            with Image.open(target) as image:
                np.testing.assert_array_equal(np.asarray(image.convert("RGB")), plain)
