"""Several passwords and key files open one file; they come and go without touching a pixel."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

import proface
from proface.container import replace as rewriting
from proface.container.header import Header
from proface.container.storage import find_header, write_photo
from proface.errors import CheckFailedError, DamagedFileError, UsageError, WrongPasswordError
from proface.files import key_slots
from proface.files.face_keys import export_faces
from proface.files.key_slots import add_keys, list_keys, remove_key
from proface.files.protect import Protected
from proface.files.recover import recover
from proface.media.photo import Photo, read_photo
from proface.types import Box

BOX = Box(16, 16, 64, 64)


@pytest.fixture(scope="module")
def key() -> proface.Key:
    return proface.Key.generate()


@pytest.fixture(scope="module")
def result(key: proface.Key) -> Protected:
    exif = Image.Exif()
    exif[0x013B] = "A. Photographer"
    image = Image.fromarray(astronaut()[40:136, 140:236])
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.info["exif"] = exif.tobytes()
    return proface.protect(image, key, proface.Options(detect=False, regions=[BOX]))


def saved(result: Protected, path: Path, **how: bool) -> Path:
    result.save(path, check=False, **how)
    return path


def header_of(path: Path) -> Header:
    data = find_header(path)
    assert data
    return Header.from_bytes(data)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("sidecar", [False, True])
def test_a_key_is_added_and_removed_and_no_pixel_changes(
    result: Protected, key: proface.Key, tmp_path: Path, suffix: str, sidecar: bool
) -> None:
    path = saved(result, tmp_path / f"photo{suffix}", sidecar=sidecar)
    before, data = read_photo(path), path.read_bytes()
    faces = export_faces(path, key, [1])
    other = proface.Key.generate()

    assert add_keys(path, key, [other]) == 2
    expected = recover(path, key)
    np.testing.assert_array_equal(recover(path, other).photo.pixels, expected.photo.pixels)
    assert (path.read_bytes() == data) == sidecar  # the picture's file, where the header is apart
    assert header_of(path).mac != result.header.mac

    assert remove_key(path, other, 1) == 1
    with pytest.raises(WrongPasswordError):
        recover(path, key)
    back = recover(path, other).photo
    assert back.metadata.exif == expected.photo.metadata.exif

    after = read_photo(path)
    np.testing.assert_array_equal(after.pixels, before.pixels)
    np.testing.assert_array_equal(after.alpha, before.alpha)
    # What was handed out goes on opening its face.
    assert recover(path, faces).opened == (1,)
    assert len(list(tmp_path.iterdir())) == 1 + sidecar


def test_passwords_share_the_work_but_no_secret(
    result: Protected, key: proface.Key, tmp_path: Path
) -> None:
    path = saved(result, tmp_path / "photo.png")
    words = [proface.Key.from_password(text) for text in ("first", "second")]
    add_keys(path, key, words)
    one, two, three = header_of(path).stanzas
    assert one["type"] == "keyfile"
    assert two["kdf"] == three["kdf"]
    assert two["nonce"] != three["nonce"]
    for word in words:
        assert recover(path, word).still is None
    assert [entry.yours for entry in list_keys(path, words[1])] == [False, False, True]
    assert [entry.kind for entry in list_keys(path)] == ["keyfile", "password", "password"]


def test_protecting_for_several_at_once(key: proface.Key, tmp_path: Path) -> None:
    image = Image.fromarray(astronaut()[40:136, 140:236])
    others = [proface.Key.generate(), proface.Key.from_password("correct horse")]
    path = tmp_path / "photo.png"
    proface.protect(image, key, proface.Options(detect=False, regions=[BOX]), also=others).save(
        path
    )
    pictures = [np.asarray(proface.recover(path, one).image) for one in (key, *others)]
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture, pictures[0])
    for again, named in ((key, "already"), (others[0], "already")):
        with pytest.raises(UsageError, match=named):
            proface.protect(
                image,
                key,
                proface.Options(detect=False, regions=[BOX]),
                also=[others[0], again],
            )
    many = [proface.Key.generate() for _ in range(32)]
    with pytest.raises(UsageError, match="at most 32"):
        proface.protect(
            image,
            key,
            proface.Options(detect=False, regions=[BOX]),
            also=many,
        )
    with pytest.raises(UsageError, match="deniable"):
        proface.protect(
            image,
            key,
            proface.Options(deniable=True, detect=False, regions=[BOX]),
            also=others,
        )


def test_what_is_refused_leaves_the_file(
    result: Protected, key: proface.Key, tmp_path: Path
) -> None:
    path = saved(result, tmp_path / "photo.png")
    data = path.read_bytes()
    other = proface.Key.generate()
    for refused, error, named in (
        (lambda: remove_key(path, key, 1), UsageError, "last key"),
        (lambda: remove_key(path, key, 2), UsageError, "no key 2"),
        (lambda: add_keys(path, key, [key]), UsageError, "already"),
        (lambda: add_keys(path, other, [other]), WrongPasswordError, "does not open"),
        (
            lambda: add_keys(path, key, [proface.Key.generate() for _ in range(32)]),
            UsageError,
            "at most 32",
        ),
    ):
        with pytest.raises(error, match=named):
            refused()
        assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["photo.png"]


def test_an_altered_file_is_not_given_a_new_mac(
    result: Protected, key: proface.Key, tmp_path: Path
) -> None:
    """Signing what somebody else changed would make a forgery genuine."""
    path = tmp_path / "photo.png"
    pixels = result.photo.pixels.copy()
    pixels[0, 0] ^= 1
    write_photo(Photo(pixels, result.photo.alpha), path, header=result.header.to_bytes())
    with pytest.raises(DamagedFileError, match="outside"):
        add_keys(path, key, [proface.Key.generate()])


def test_deniable_files_have_no_list(key: proface.Key, tmp_path: Path) -> None:
    image = Image.fromarray(astronaut()[40:136, 140:236])
    path = tmp_path / "photo.png"
    proface.protect(
        image,
        key,
        proface.Options(deniable=True, detect=False, regions=[BOX]),
    ).save(path)
    for refused in (
        lambda: list_keys(path),
        lambda: add_keys(path, key, [proface.Key.generate()]),
        lambda: remove_key(path, key, 1),
    ):
        with pytest.raises(UsageError, match="deniable"):
            refused()


def test_file_and_sidecar_both_follow(result: Protected, key: proface.Key, tmp_path: Path) -> None:
    path = saved(result, tmp_path / "photo.png")
    beside = tmp_path / "photo.png.proface.json"
    beside.write_bytes(result.header.to_bytes())
    other = proface.Key.generate()
    add_keys(path, key, [other])
    assert beside.read_bytes() == header_of(path).to_bytes()
    assert recover(path, other).still is None


def test_a_write_that_goes_wrong_leaves_the_old_file(
    result: Protected, key: proface.Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(result, tmp_path / "photo.png")
    beside = tmp_path / "photo.png.proface.json"
    beside.write_bytes(result.header.to_bytes())
    data = path.read_bytes()

    def spoil(path: Path, photo: Photo, target: Path, header: bytes) -> None:
        write_photo(Photo(photo.pixels ^ 1, photo.alpha), target, header=header)

    monkeypatch.setattr(rewriting, "rewrite", spoil)
    with pytest.raises(CheckFailedError, match="left alone"):
        add_keys(path, key, [proface.Key.generate()])
    assert path.read_bytes() == data
    assert sorted(os.listdir(tmp_path)) == ["photo.png", beside.name]


@pytest.mark.parametrize("step", ["unlink", "replace"])
def test_interrupted_anywhere_the_file_opens(
    result: Protected,
    key: proface.Key,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    path = saved(result, tmp_path / "photo.png")
    (tmp_path / "photo.png.proface.json").write_bytes(result.header.to_bytes())
    real = getattr(os, step)

    def stopped(*arguments: object) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, stopped)
    with pytest.raises(KeyboardInterrupt):
        add_keys(path, key, [proface.Key.generate()])
    monkeypatch.undo()
    assert recover(path, key).still is None


def test_rights_and_links_stay(result: Protected, key: proface.Key, tmp_path: Path) -> None:
    path = saved(result, tmp_path / "photo.png")
    path.chmod(0o640)
    link = tmp_path / "link.png"
    link.symlink_to(path)
    add_keys(link, key, [proface.Key.generate()])
    assert link.is_symlink()
    assert len(list_keys(path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_an_earlier_protection_keeps_its_keys(
    result: Protected, key: proface.Key, tmp_path: Path
) -> None:
    first = saved(result, tmp_path / "1.png")
    twice = tmp_path / "2.png"
    later, other = proface.Key.generate(), proface.Key.generate()
    proface.protect(
        first,
        later,
        proface.Options(again=True, detect=False, regions=[Box(80, 80, 16, 16)]),
    ).save(twice)
    add_keys(twice, later, [other])
    half = recover(twice, other)
    assert half.still == result.header
    np.testing.assert_array_equal(half.photo.pixels, read_photo(first).pixels)
    with pytest.raises(WrongPasswordError):
        add_keys(twice, key, [other])


@pytest.mark.parametrize("sidecar", [False, True])
def test_of_two_who_add_a_key_at_once_neither_is_lost(
    result: Protected, key: proface.Key, tmp_path: Path, sidecar: bool, monkeypatch
) -> None:
    """The first has read the file and not yet written it when the second begins."""
    path = saved(result, tmp_path / "photo.png", sidecar=sidecar)
    first, second = proface.Key.generate(), proface.Key.generate()
    others: list[threading.Thread] = []
    wrap = key_slots.add_stanzas

    def slow(*arguments):
        made = wrap(*arguments)
        if not others:
            others.append(threading.Thread(target=add_keys, args=(path, key, [second])))
            others[0].start()
            # Without a lock the second one is through with everything by now.
            others[0].join(2)
        return made

    monkeypatch.setattr(key_slots, "add_stanzas", slow)
    add_keys(path, key, [first])
    others[0].join()

    assert len(list_keys(path, key)) == 3
    for one in (key, first, second):
        assert proface.recover(path, one).faces
