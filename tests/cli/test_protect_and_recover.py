"""What a user gets: the files, their pixels, their metadata."""

import json
import shutil
import unicodedata

import numpy as np
import pytest
from PIL import Image

from tests.cli.runs import WITH, call, files, pixels, psnr


def test_a_face_is_hidden_and_comes_back(portrait, protected, region, outside, tmp_path):
    back = tmp_path / "back.png"

    result = call("recover", protected, "-o", back, *WITH)

    assert (result.code, result.err) == (0, "")
    assert str(back) in result.out
    original, hidden, recovered = pixels(portrait), pixels(protected), pixels(back)
    assert psnr(hidden[region], original[region]) < 25
    assert psnr(recovered[region], original[region]) > 35
    assert (hidden[outside] == original[outside]).all()
    assert (recovered[outside] == original[outside]).all()


def test_metadata_are_sealed_and_come_back(portrait, protected, tmp_path):
    back = tmp_path / "back.png"
    assert call("recover", protected, "-o", back, *WITH).code == 0

    assert b"Ada Photographer" not in protected.read_bytes()
    with Image.open(protected) as image:
        assert not image.getexif()
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    with Image.open(back) as image:
        assert image.getexif()[0x013B] == "Ada Photographer"
        assert image.getexif().get_ifd(0x8825)[1] == "N"


def test_time_and_camera_can_be_left_readable(portrait, tmp_path):
    out, back = tmp_path / "out.png", tmp_path / "back.png"
    dated = tmp_path / "dated.jpg"
    with Image.open(portrait) as image:
        exif = image.getexif()
        exif[0x0132] = "2024:05:06 07:08:09"
        image.save(dated, exif=exif)

    assert call("protect", dated, "-o", out, "--keep-metadata", "--no-check", *WITH).code == 0

    with Image.open(out) as image:
        assert dict(image.getexif()) == {0x0132: "2024:05:06 07:08:09"}  # no name, no place
    assert call("recover", out, "-o", back, *WITH).code == 0
    with Image.open(back) as image:
        assert image.getexif()[0x013B] == "Ada Photographer"
    refused = call("protect", dated, "-o", tmp_path / "two.png", "--keep-place", *WITH)
    assert refused.code == 2


def test_a_folder_is_mirrored(portrait, meadow, tmp_path):
    album, safe, back = (tmp_path / name for name in ("album", "safe", "back"))
    (album / "2024" / "spring").mkdir(parents=True)
    shutil.copy(portrait, album / "a.JPG")
    shutil.copy(portrait, album / "2024" / "spring" / "a.jpg")
    shutil.copy(meadow, album / "2024" / "meadow.jpg")
    (album / "notes.txt").write_text("no photo")
    (album / ".hidden.jpg").write_bytes(b"")

    result = call("protect", album, "-o", safe, "--look", "blur:20", *WITH)

    assert result.code == 0
    assert files(safe) == ["2024/spring/a.jpg", "a.jpg"]
    assert "meadow.jpg: no face found, nothing written" in result.out
    assert "2 protected, 1 without faces" in result.out
    assert "1 file in the folders left out" in result.err
    # Found in a fixed order, whatever the file system's.
    order = [line.split(" -> ")[0] for line in result.out.splitlines() if " -> " in line]
    assert order == [str(album / "2024/spring/a.jpg"), str(album / "a.JPG")]

    assert call("recover", safe, "-o", back, *WITH).code == 0
    assert files(back) == files(safe)


def test_one_run_has_one_salt_but_a_key_for_each_file(portrait, tmp_path):
    from proface.container.header import Header
    from proface.container.storage import find_header

    for name in ("a.jpg", "b.jpg"):
        shutil.copy(portrait, tmp_path / name)
    out = tmp_path / "out"

    args = ("--no-detect", "--region", "8,8,32,32", "--no-check")
    assert (
        call("protect", tmp_path / "a.jpg", tmp_path / "b.jpg", "-o", out, *args, *WITH).code == 0
    )

    stanzas = [Header.from_bytes(find_header(out / name)).stanzas[0] for name in ("a.jpg", "b.jpg")]
    assert stanzas[0]["kdf"] == stanzas[1]["kdf"]
    assert stanzas[0]["wrapped"] != stanzas[1]["wrapped"]
    assert (pixels(out / "a.jpg") != pixels(out / "b.jpg")).any()


@pytest.mark.parametrize(
    ("how", "name", "kind"),
    [
        (("--format", "webp"), "portrait.webp", "WEBP"),
        (("--format", "tiff"), "portrait.tiff", "TIFF"),
    ],
)
def test_other_lossless_formats(portrait, region, tmp_path, how, name, kind):
    assert call("protect", portrait, "-o", tmp_path / "out", *how, *WITH).code == 0

    assert files(tmp_path / "out") == [name]
    with Image.open(tmp_path / "out" / name) as image:
        assert image.format == kind
    back = tmp_path / "back.tif"
    assert call("recover", tmp_path / "out" / name, "-o", back, *WITH).code == 0
    assert psnr(pixels(back)[region], pixels(portrait)[region]) > 35


def test_a_sidecar_holds_the_header(portrait, tmp_path):
    out = tmp_path / "out.png"
    assert call("protect", portrait, "-o", out, "--sidecar", "--no-check", *WITH).code == 0

    assert files(tmp_path) == ["out.png", "out.png.proface.json"]
    assert b"prFc" not in out.read_bytes()
    assert call("recover", out, "-o", tmp_path / "beside.png", *WITH).code == 0

    header = (tmp_path / "out.png.proface.json").rename(tmp_path / "elsewhere")
    alone = call("recover", out, "-o", tmp_path / "alone.png", *WITH)
    assert alone.code == 1
    assert "--sidecar" in alone.err
    given = call("recover", out, "-o", tmp_path / "given.png", "--sidecar", header, *WITH)
    assert given.code == 0
    assert (pixels(tmp_path / "given.png") == pixels(tmp_path / "beside.png")).all()


def test_regions_by_hand(portrait, tmp_path):
    out = tmp_path / "out.png"
    args = ("--no-detect", "--region", "0,0,32,32", "--region", "100,100,48,32")

    assert call("protect", portrait, "-o", out, *args, *WITH).code == 0

    changed = (pixels(out) != pixels(portrait)).any(axis=2)
    assert changed[:32, :32].any()
    assert changed[100:132, 100:148].any()
    changed[:32, :32] = changed[100:132, 100:148] = False
    assert not changed.any()


def test_a_skipped_face_is_left_and_told(portrait, tmp_path):
    alone = call("protect", portrait, "-o", tmp_path / "a.png", "--skip", 1, *WITH)
    assert alone.code == 0
    assert "1 face found but none to hide, nothing written" in alone.out

    args = ("--skip", 1, "--region", "0,180,32,32")
    other = call("protect", portrait, "-o", tmp_path / "b.png", *args, *WITH)
    assert other.code == 0
    assert "1 face NOT hidden" in other.out
    assert files(tmp_path) == ["b.png"]


def test_faceless_photos_are_copied_when_asked(meadow, tmp_path):
    out = tmp_path / "out.png"

    result = call("protect", meadow, "-o", out, "--copy-faceless", *WITH)

    assert result.code == 0
    assert "copied unprotected" in result.out
    assert (pixels(out) == pixels(meadow)).all()
    assert call("recover", out, "-o", tmp_path / "back.png", *WITH).code == 1


def test_json_has_a_line_for_each_file(portrait, meadow, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(portrait.read_bytes()[:2000])

    result = call("protect", portrait, meadow, broken, "-o", tmp_path / "out", "--json", *WITH)

    assert result.code == 3
    records = {record["status"]: record for record in map(json.loads, result.out.splitlines())}
    done = records["protected"]
    assert done["input"] == str(portrait)
    assert done["output"] == str(tmp_path / "out" / "portrait.jpg")
    (region,) = done["regions"]
    assert region["n"] == 1
    assert region["look"] == "pixelate:32"
    assert region["psnr"] > 25
    assert records["no faces"]["output"] is None
    assert records["failed"]["code"] == 1
    assert str(broken) in records["failed"]["error"]
    assert result.err.count("\n") == 1


def test_quiet_says_nothing_but_errors(portrait, meadow, tmp_path):
    args = ("-o", tmp_path, "--quiet", "--no-check", *WITH)
    result = call("protect", portrait, meadow, *args)
    assert (result.code, result.out, result.err) == (0, "", "")

    result = call("protect", portrait, tmp_path / "none.jpg", *args)
    assert result.code == 3
    assert result.out == ""
    assert result.err.count("\n") == 2


def test_a_deniable_file_opens_with_any_password(portrait, deniable, region, outside, tmp_path):
    right, wrong = tmp_path / "right.png", tmp_path / "wrong.png"

    assert call("recover", deniable, "-o", right, *WITH).code == 0
    env = {"OTHER": "not the password"}
    assert call("recover", deniable, "-o", wrong, "--password-env", "OTHER", env=env).code == 0

    original = pixels(portrait)
    assert psnr(pixels(right)[region], original[region]) > 35
    assert psnr(pixels(wrong)[region], original[region]) < 15
    assert (pixels(wrong)[outside] == original[outside]).all()


def test_a_second_protection_opens_layer_by_layer(portrait, protected, region, tmp_path):
    twice, half, whole = (tmp_path / name for name in ("twice.png", "half.png", "whole.png"))
    other = {"env": {"OTHER": "second password"}}
    args = ("--again", "--no-detect", "--region", "200,190,30,30")

    made = call("protect", protected, "-o", twice, *args, "--password-env", "OTHER", **other)
    assert made.code == 0
    # The outer layer opens; the inner one is still protected, and the file still says so.
    first = call("recover", twice, "-o", half, "--password-env", "OTHER", **other)
    assert first.code == 0
    assert "1 region of an earlier protection still hidden" in first.out
    assert (pixels(half)[region] == pixels(protected)[region]).all()
    assert call("recover", half, "-o", whole, *WITH).code == 0
    assert psnr(pixels(whole)[region], pixels(portrait)[region]) > 35
    # The inner password alone does not reach the inner layer.
    assert call("recover", twice, "-o", tmp_path / "no.png", *WITH).code == 12


def test_a_second_protection_never_covers_an_earlier_one(protected, tmp_path):
    out = tmp_path / "out.png"
    args = ("--again", "--no-detect", "--region", "60,60,32,32")

    result = call("protect", protected, "-o", out, *args, *WITH)

    assert result.code == 2
    assert "over one protected already" in result.err
    assert not out.exists()


def test_a_password_is_the_same_however_it_is_composed(protected, tmp_path):
    from tests.cli.runs import SECRET

    decomposed = unicodedata.normalize("NFD", SECRET)
    assert decomposed != SECRET

    out = tmp_path / "back.png"
    args = ("--password-env", "OTHER")
    assert call("recover", protected, "-o", out, *args, env={"OTHER": decomposed}).code == 0


def test_grey_and_transparent_photos(portrait, tmp_path):
    grey, clear = tmp_path / "grey.png", tmp_path / "clear.png"
    with Image.open(portrait) as image:
        image.convert("L").save(grey)
        rgba = image.convert("RGBA")
        rgba.putalpha(Image.linear_gradient("L").resize(image.size))
        rgba.save(clear)

    assert call("protect", grey, clear, "-o", tmp_path / "out", *WITH).code == 0
    assert call("recover", tmp_path / "out", "-o", tmp_path / "back", *WITH).code == 0

    with Image.open(tmp_path / "back" / "grey.png") as image:
        assert image.mode == "L"
    with Image.open(tmp_path / "back" / "clear.png") as image, Image.open(clear) as original:
        assert image.mode == "RGBA"
        assert (np.asarray(image)[..., 3] == np.asarray(original)[..., 3]).all()
