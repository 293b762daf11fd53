"""What somebody without the key can do to a file: each is found, named, and never silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.container.digests import region_digest
from proface.container.header import Header
from proface.container.storage import find_header, write_photo
from proface.errors import DamagedFileError, ProfaceError
from proface.files.recover import recover
from proface.media.photo import Photo, read_photo
from proface.types import Box

BOXES = (Box(16, 16, 48, 48), Box(96, 96, 48, 48))


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.generate()


@pytest.fixture(scope="module")
def pair(key: proface.Key, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two photos of one size, with the same regions, under the same key."""
    folder = tmp_path_factory.mktemp("pair")
    for name, top in (("a", 40), ("b", 200)):
        image = Image.fromarray(astronaut()[top : top + 160, 140:300])
        proface.protect(
            image,
            key,
            proface.Options(detect=False, regions=BOXES, exact=name == "a"),
        ).save(folder / f"{name}.png")
    return folder / "a.png", folder / "b.png"


def header_of(path: Path) -> Header:
    data = find_header(path)
    assert data
    return Header.from_bytes(data)


def found(path: Path, key: proface.Key) -> str:
    """What is said of a file; with force it is said as well, and a picture comes out."""
    with pytest.raises(DamagedFileError) as caught:
        recover(path, key)
    forced = recover(path, key, force=True)
    assert forced.warnings
    assert path.name in str(caught.value)
    return str(caught.value)


def put(path: Path, pixels: np.ndarray, header: Header) -> Path:
    write_photo(Photo(pixels), path, header=header.to_bytes())
    return path


def test_the_header_of_another_file(
    pair: tuple[Path, Path], key: proface.Key, tmp_path: Path
) -> None:
    a, b = pair
    said = found(put(tmp_path / "x.png", read_photo(b).pixels, header_of(a)), key)
    assert "the header is another picture's" in said
    larger = np.pad(read_photo(b).pixels, ((0, 16), (0, 0), (0, 0)))
    path = put(tmp_path / "y.png", larger, header_of(a))
    for force in (False, True):  # another size: there is no best that could be made of it
        with pytest.raises(DamagedFileError, match="another picture's"):
            recover(path, key, force=force)


def test_a_region_of_another_file(
    pair: tuple[Path, Path], key: proface.Key, tmp_path: Path
) -> None:
    a, b = pair
    pixels, area = read_photo(b).pixels, BOXES[0].slices
    pixels[area] = read_photo(a).pixels[area]
    said = found(put(tmp_path / "x.png", pixels, header_of(b)), key)
    assert "region 1" in said
    assert "outside the regions" not in said
    assert "header" not in said

    # Entered in the header too, the digests agree, and only the key tells.
    first, second = header_of(b).regions
    entered = replace(first, sha256=region_digest(pixels, first.box))
    header = replace(header_of(b), regions=(entered, second))
    assert "header was altered" in found(put(tmp_path / "y.png", pixels, header), key)


def test_two_regions_changed_places(
    pair: tuple[Path, Path], key: proface.Key, tmp_path: Path
) -> None:
    pixels = read_photo(pair[0]).pixels
    one, two = (box.slices for box in BOXES)
    pixels[one], pixels[two] = pixels[two].copy(), pixels[one].copy()
    said = found(put(tmp_path / "x.png", pixels, header_of(pair[0])), key)
    assert "altered: it holds region 2" in said
    assert "altered: it holds region 1" in said


def test_pixels_inside_and_outside(
    pair: tuple[Path, Path], key: proface.Key, tmp_path: Path
) -> None:
    inside, outside = read_photo(pair[0]).pixels, read_photo(pair[0]).pixels
    inside[100, 100] ^= 1
    outside[0, 0] ^= 1
    header = header_of(pair[0])
    said = found(put(tmp_path / "x.png", inside, header), key)
    assert "region 2" in said
    assert "outside the regions" not in said
    said = found(put(tmp_path / "y.png", outside, header), key)
    assert "outside the regions was altered" in said
    assert "region 1" not in said
    assert "another" not in said


@pytest.mark.parametrize(
    "changes", [{"mode": "obfuscated"}, {"photo_mode": "L"}, {"mac": "00" * 32}, {"sealed": {}}]
)
def test_an_altered_field(
    pair: tuple[Path, Path], key: proface.Key, tmp_path: Path, changes: dict[str, object]
) -> None:
    header = replace(header_of(pair[0]), **changes)  # with a checksum that fits
    path = put(tmp_path / "x.png", read_photo(pair[0]).pixels, header)
    said = found(path, key)
    assert "header was altered" in said
    assert "another file's" not in said


def test_a_bit_of_the_header(pair: tuple[Path, Path], key: proface.Key, tmp_path: Path) -> None:
    """Damage is told before any key is asked for."""
    data = find_header(pair[0])
    assert data
    for place in range(0, len(data), len(data) // 25):
        broken = bytearray(data)
        broken[place] ^= 1
        write_photo(read_photo(pair[0]), tmp_path / "x.png", header=bytes(broken))
        with pytest.raises(DamagedFileError, match="header"):
            recover(tmp_path / "x.png", key, force=True)


def test_keys_and_seals_of_another_file(
    pair: tuple[Path, Path], key: proface.Key, tmp_path: Path
) -> None:
    a, b = pair
    pixels, mine, other = read_photo(a).pixels, header_of(a), header_of(b)
    stanzas = put(tmp_path / "x.png", pixels, replace(mine, stanzas=other.stanzas))
    assert "or the stanzas, belong to another file" in found(stanzas, key)
    sealed = {**mine.sealed, "pixels-2": mine.sealed["pixels-1"]}
    moved = put(tmp_path / "y.png", pixels, replace(mine, sealed=sealed))
    assert "Some sealed parts" in found(moved, key)
    forced = recover(moved, key, force=True)
    assert any("region 2" in warning for warning in forced.warnings)
    assert not any("region 1" in warning for warning in forced.warnings)


def test_force_is_never_silent(pair: tuple[Path, Path], key: proface.Key) -> None:
    """And a sound file has nothing to be warned of."""
    assert recover(pair[0], key, force=True).warnings == ()
    with pytest.raises(ProfaceError):
        recover(pair[0], proface.Key.generate(), force=True)
