"""Each way to fail: its exit code, its one line, and nothing left behind."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.cli.runs import WITH, call, files, pixels


def refused(result, code, *reasons):
    assert result.code == code, result
    assert result.err.count("\n") == 1, result.err
    for reason in reasons:
        assert reason in result.err
    assert result.out == ""


def test_a_wrong_password_is_told_and_nothing_is_written(protected, tmp_path):
    wrong = {"env": {"OTHER": "wrong"}}
    args = ("--password-env", "OTHER")

    result = call("recover", protected, "-o", tmp_path / "out.png", *args, **wrong)

    refused(result, 12, str(protected))
    assert files(tmp_path) == []
    refused(call("verify", protected, *args, **wrong), 12, str(protected))


def test_a_photo_that_is_not_protected(portrait, tmp_path):
    refused(call("recover", portrait, "-o", tmp_path, *WITH), 1, str(portrait), "header")
    refused(call("inspect", portrait), 1, str(portrait), "header")


def test_a_protected_photo_is_not_protected_twice_by_accident(protected, tmp_path):
    result = call("protect", protected, "-o", tmp_path / "out.png", *WITH)

    refused(result, 1, "protected already", "--again")
    assert files(tmp_path) == []


def test_no_face_where_one_is_required(meadow, tmp_path):
    refused(call("protect", meadow, "-o", tmp_path, "--require-faces", *WITH), 4, str(meadow))


def test_a_changed_region_is_named(protected, region, tmp_path):
    from proface.container.storage import find_header, read_protected, write_photo

    photo, header = read_protected(protected)
    photo.pixels[region][5, 5] ^= 1
    altered, out = tmp_path / "altered.png", tmp_path / "out.png"
    write_photo(photo, altered, header=header)
    assert find_header(altered) == header

    refused(call("recover", altered, "-o", out, *WITH), 13, "region 1", "--force")
    assert not out.exists()
    shown = call("inspect", altered)
    assert shown.code == 13
    assert "region 1" in shown.err
    forced = call("recover", altered, "-o", out, "--force", *WITH)
    assert forced.code == 0
    assert "WARNING" in forced.out


def test_a_changed_background_is_named(protected, outside, tmp_path):
    from proface.container.storage import read_protected, write_photo

    photo, header = read_protected(protected)
    photo.pixels[np.argwhere(outside)[0][0], np.argwhere(outside)[0][1]] ^= 1
    altered = tmp_path / "altered.png"
    write_photo(photo, altered, header=header)

    refused(call("recover", altered, "-o", tmp_path / "out", *WITH), 13, "outside the regions")


def test_a_truncated_file_is_damaged(protected, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(protected.read_bytes()[:-5000])

    refused(call("recover", cut, "-o", tmp_path / "out", *WITH), 13, str(cut))


def test_saved_again_as_jpeg(protected, tmp_path):
    """Without its header it is no protected photo; with the sidecar the loss is named."""
    from proface.container.storage import find_header

    jpeg, sidecar = tmp_path / "saved.jpg", tmp_path / "header"
    Image.fromarray(pixels(protected)).save(jpeg, quality=90)
    sidecar.write_bytes(find_header(protected))

    refused(call("recover", jpeg, "-o", tmp_path / "out", *WITH), 1, "no protected region")
    args = ("-o", tmp_path / "out", "--sidecar", sidecar, *WITH)
    refused(call("recover", jpeg, *args), 13, "JPEG")


def test_stripped_metadata_need_the_sidecar(protected, tmp_path):
    from proface.container.storage import find_header

    bare = tmp_path / "bare.png"
    Image.fromarray(pixels(protected)).save(bare)

    refused(call("recover", bare, "-o", tmp_path / "out", *WITH), 1, "stripped", "--sidecar")
    (tmp_path / "bare.png.proface.json").write_bytes(find_header(protected))
    assert call("recover", bare, "-o", tmp_path / "out", *WITH).code == 0


@pytest.mark.parametrize("change", ["smaller", "cropped"])
def test_another_size_is_damage_even_by_force(protected, tmp_path, change):
    from proface.container.storage import find_header

    with Image.open(protected) as image:
        small = image.resize((115, 115)) if change == "smaller" else image.crop((0, 0, 200, 230))
    path = tmp_path / "small.png"
    small.convert("RGB").save(path)
    (tmp_path / "small.png.proface.json").write_bytes(find_header(protected))

    for force in ((), ("--force",)):
        result = call("recover", path, "-o", tmp_path / "out.png", *force, *WITH)
        refused(result, 13, "reduced or cropped")


def test_another_pictures_sidecar(protected, deniable, tmp_path):
    from proface.container.storage import find_header

    copy = tmp_path / "copy.png"
    shutil.copy(protected, copy)
    (tmp_path / "copy.png.proface.json").write_bytes(find_header(deniable))

    refused(call("recover", copy, "-o", tmp_path / "out", *WITH), 13, "differ")


def test_a_sidecar_left_by_another_picture_is_not_contradicted(portrait, tmp_path):
    out, beside = tmp_path / "out.png", tmp_path / "out.png.proface.json"
    beside.write_bytes(b"of another picture")

    refused(call("protect", portrait, "-o", out, *WITH), 1, str(beside), "overwrite")
    assert not out.exists()
    assert call("protect", portrait, "-o", out, "--overwrite", *WITH).code == 0
    assert call("verify", out, *WITH).code == 0


def test_an_output_that_exists_is_kept(portrait, protected, tmp_path):
    out = tmp_path / "out.png"
    out.write_bytes(b"mine")

    for command, source in (("protect", portrait), ("recover", protected)):
        refused(call(command, source, "-o", out, *WITH), 1, str(out), "--overwrite")
        assert out.read_bytes() == b"mine"
        skipped = call(command, source, "-o", out, "--skip-existing", *WITH)
        assert skipped.code == 0
        assert "skipped" in skipped.out
        assert out.read_bytes() == b"mine"
    assert call("recover", protected, "-o", out, "--overwrite", *WITH).code == 0
    assert out.read_bytes() != b"mine"


@pytest.mark.parametrize("name", ["out.gif", "out.avif", "out.heic"])
def test_lossy_outputs_are_refused(portrait, protected, tmp_path, name):
    for command, source in (("protect", portrait), ("recover", protected)):
        refused(call(command, source, "-o", tmp_path / name, *WITH), 2, name, ".png")
    assert files(tmp_path) == []


def test_a_recovered_png_does_not_become_a_jpeg(protected, tmp_path):
    refused(call("recover", protected, "-o", tmp_path / "a.jpg", *WITH), 1, "a.jpg", ".png")
    assert files(tmp_path) == []


@pytest.mark.parametrize("option", [("--model", "padded"), ("--deniable",)])
def test_what_does_not_survive_jpeg_is_not_written_as_one(portrait, tmp_path, option):
    code = 1 if option[0] == "--deniable" else 2
    result = call("protect", portrait, "-o", tmp_path / "a.jpg", *option, *WITH)
    assert result.code in (1, 2), code
    assert "padded" in result.err
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--look", "blurr"), "blur"),
        (("--look", "pixelate:1000"), "pixelate"),
        (("--threshold", "1.5"), "--threshold"),
        (("--threshold", "nan"), "--threshold"),
        (("--expand", "-1"), "expand"),
        (("--region", "1,2,3"), "region"),
        (("--region", "900,900,10,10"), "outside the picture"),
        (("--no-detect",), "--region"),
        (("--skip", "9"), "face 9"),
        (("--format", "jpg"), "--format"),
        (("--overwrite", "--skip-existing"), "--overwrite"),
    ],
)
def test_usage_errors(portrait, tmp_path, arguments, reason):
    refused(call("protect", portrait, "-o", tmp_path / "out", *arguments, *WITH), 2, reason)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [("protect", ""), ("protect", "{}", "-o", ""), ("recover", "", "-o", "x"), ("inspect", "")],
)
def test_an_empty_argument_is_not_the_current_folder(portrait, tmp_path, arguments):
    named = [argument.format(portrait) for argument in arguments]
    refused(call(*named, *WITH[: 2 * (named[0] != "inspect")], cwd=tmp_path), 2, "empty")
    assert files(tmp_path) == []


def test_a_file_that_is_no_sidecar(portrait, protected, tmp_path):
    other = tmp_path / "face.key"
    other.write_text("not a header")
    refused(
        call("recover", protected, "-o", tmp_path / "a.png", "--sidecar", other, *WITH),
        2,
        "no sidecar",
        "--sidecar",
    )


def test_a_face_that_a_jpeg_cannot_hold(portrait, tmp_path):
    """The message says what to do, and that works."""
    poor = tmp_path / "poor.jpg"
    Image.open(portrait).resize((160, 160)).save(poor, quality=5)
    small = ("--no-detect", "--region", "64,64,24,24", "--expand", "0", *WITH)
    refused(call("protect", poor, "-o", tmp_path / "a.jpg", *small), 1, "PNG", "--expand")
    assert call("protect", poor, "-o", tmp_path / "a.png", *small).code == 0


def test_an_unknown_model(portrait, tmp_path):
    refused(call("protect", portrait, "-o", tmp_path, "--model", "other", *WITH), 1, "padded")


@pytest.mark.parametrize(
    "arguments",
    [("protect",), ("protect", "a.jpg"), ("unknown",), ("recover", "--unknown"), ("--threshold",)],
)
def test_errors_of_the_command_line(arguments):
    result = call(*arguments)

    assert result.code == 2
    assert "proface" in result.err


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("zero.jpg", b"", "empty"),
        ("text.jpg", b"this is no photo", "not an image"),
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "damaged or cut off"),
        ("absent.jpg", None, "no such file"),
    ],
)
def test_files_that_are_no_photos(tmp_path, name, content, reason):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    refused(call("protect", path, "-o", tmp_path / "out", *WITH), 1, str(path), reason)


def test_a_photo_by_another_name_is_read_by_its_content(portrait, tmp_path):
    wrong = tmp_path / "jpeg.png"
    shutil.copy(portrait, wrong)
    args = ("--no-detect", "--region", "8,8,32,32", "--no-check")

    assert call("protect", wrong, "-o", tmp_path / "out", *args, *WITH).code == 0


def test_a_reader_that_goes_away_is_no_fault():
    import subprocess

    from tests.cli.runs import COMMAND, environment

    run = subprocess.Popen(
        [*COMMAND, "looks"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    assert run.stderr.read() == b""
    assert run.wait() in (0, 1)


def test_a_result_without_regions_is_not_saved(meadow, tmp_path):
    import proface

    result = proface.protect(meadow, proface.Key.from_password("a b"))

    with pytest.raises(proface.ProfaceError, match="nothing to save"):
        result.save(tmp_path / "out.png")
    assert files(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no core files")
def test_a_crash_leaves_no_core_file():
    script = (
        "import sys; from resource import *; from proface import cli\n"
        "hard = getrlimit(RLIMIT_CORE)[1]; setrlimit(RLIMIT_CORE, (hard, hard))\n"
        "sys.argv = ['proface', '--version']\n"
        "try: cli.main()\n"
        "except SystemExit: print('limit', getrlimit(RLIMIT_CORE)[0])\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.endswith("limit 0\n")
