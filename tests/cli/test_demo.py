"""The demo, from nothing and from a photo."""

import os

from PIL import Image

from tests.cli.runs import call, files, pixels, psnr

LOOKS = ("blur", "mask", "median", "pixelate")


def test_the_demo_shows_every_look(portrait, tmp_path):
    folder = tmp_path / "demo"

    result = call("demo", portrait, "-o", folder)

    assert (result.code, result.err) == (0, "")
    assert str(folder / "sheet.png") in result.out
    made = [f"{look}{part}.png" for look in LOOKS for part in ("", "-recovered")]
    made += [
        f"journey-{look}{part}.jpg"
        for look in ("blur", "mask", "pixelate")
        for part in ("", "-recovered", "-shared")
    ]
    assert files(folder) == sorted([*made, "journey.png", "sheet.png"])
    with Image.open(folder / "journey-mask-shared.jpg") as shared:
        assert not shared.getexif()
    recovered = pixels(folder / "journey-mask-recovered.jpg")
    assert psnr(recovered, pixels(portrait)) > 26
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.width > 1000
    for look in LOOKS:
        assert psnr(pixels(folder / f"{look}-recovered.png"), pixels(portrait)) > 35
        # The files are there to be tried out with the password that is printed.
    assert '"correct horse"' in result.out
    args = ("--original", portrait, "--password-env", "DEMO")
    assert call("verify", folder / "blur.png", *args, env={"DEMO": "correct horse"}).code == 0

    again = call("demo", portrait, "-o", folder)
    assert again.code == 1
    assert "--overwrite" in again.err


def test_the_demo_brings_its_own_photo(portrait, tmp_path):
    assert call("demo", cwd=tmp_path).code == 0

    assert "proface-demo/original.png" in files(tmp_path)
    assert "proface-demo/sheet.png" in files(tmp_path)


def test_without_the_extra_it_says_what_to_install(tmp_path):
    (tmp_path / "skimage").mkdir()
    (tmp_path / "skimage" / "__init__.py").write_text("raise ImportError('not installed')")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    result = call("demo", "-o", tmp_path / "out", env={"PYTHONPATH": path})

    assert result.code == 1
    assert 'pip install "proface[demo]"' in result.err
    assert not (tmp_path / "out").exists()


def test_a_photo_without_a_face_makes_no_demo(meadow, tmp_path):
    result = call("demo", meadow, "-o", tmp_path / "out")

    assert result.code == 4
    assert str(meadow) in result.err
    assert files(tmp_path) == []
