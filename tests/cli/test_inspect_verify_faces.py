"""`inspect`, `verify`, `faces`, `looks`, `models`."""

import json

import numpy as np
from PIL import Image

from tests.cli.runs import WITH, call, files, pixels


def test_inspect_needs_no_password(protected):
    result = call("inspect", protected)

    assert (result.code, result.err) == (0, "")
    for text in ("230 x 230", "padded", "pixelate:32", "argon2id", "metadata"):
        assert text in result.out

    record = json.loads(call("inspect", protected, "--json").out)
    assert record["keys"] == ["password"]
    assert record["altered"] == []
    assert record["regions"][0]["n"] == 1


def test_inspect_tells_deniable_files(deniable):
    assert "any password" in call("inspect", deniable).out
    assert json.loads(call("inspect", deniable, "--json").out)["scheme"] == "deniable"


def test_inspect_tells_a_lossy_copy(protected, tmp_path):
    from proface.container.storage import find_header

    jpeg = tmp_path / "a.jpg"
    Image.fromarray(pixels(protected)).save(jpeg)
    (tmp_path / "a.jpg.proface.json").write_bytes(find_header(protected))

    result = call("inspect", jpeg)
    assert result.code == 13
    assert "230 x 230" in result.out
    assert "region 1" in result.err


def test_inspect_tells_what_pixels_alone_say(meadow, tmp_path):
    """A copy without a header, whole and cropped: what is missing is told, and nothing else."""
    photo = tmp_path / "photo.jpg"
    Image.fromarray(np.tile(pixels(meadow), (4, 6, 1))[:320, :640]).save(photo, quality=92)
    boxes = ("--region", "32,32,256,256", "--region", "352,32,256,256")
    done = call("protect", photo, "-o", tmp_path / "out.jpg", *boxes, "--no-detect", *WITH)
    assert done.code == 0, done.err
    copy, part = tmp_path / "copy.png", tmp_path / "part.png"
    whole = pixels(tmp_path / "out.jpg")
    Image.fromarray(whole).save(copy)
    Image.fromarray(whole[:, :320]).save(part)

    shown = call("inspect", copy)
    assert (shown.code, shown.err) == (0, "")
    assert "no header" in shown.out
    assert "not found" not in shown.out
    cropped = call("inspect", part).out
    assert "not found" in cropped
    assert "1 region" in cropped


def test_verify_compares_with_the_original(portrait, protected):
    result = call("verify", protected, "--original", portrait, *WITH)
    assert result.code == 0
    assert "dB" in result.out
    assert "every pixel equals" in result.out

    record = json.loads(call("verify", protected, "--original", portrait, "--json", *WITH).out)
    assert record["outside_differs"] == 0
    assert record["fault"] is None
    assert record["regions"][0]["psnr"] > 35


def test_verify_without_the_original(protected):
    result = call("verify", protected, *WITH)

    assert result.code == 0
    assert "--original" in result.out


def test_verify_finds_the_wrong_original(portrait, protected, meadow, outside, tmp_path):
    size = call("verify", protected, "--original", meadow, *WITH)
    assert size.code == 1
    assert "another size" in size.err

    other = pixels(portrait).copy()
    y, x = np.argwhere(outside)[-1]
    other[y, x] ^= 1
    Image.fromarray(other).save(tmp_path / "other.png")
    pixel = call("verify", protected, "--original", tmp_path / "other.png", *WITH)
    assert pixel.code == 1
    assert "1 pixel outside" in pixel.err


def test_verify_compares_a_copy_that_was_saved_again(meadow, tmp_path):
    """Without metadata too: whoever deletes the original after this loses what is around faces."""
    photo, copy = tmp_path / "photo.jpg", tmp_path / "copy.jpg"
    Image.fromarray(np.tile(pixels(meadow), (4, 6, 1))[:320, :320]).save(photo, quality=92)
    hand = ("--region", "32,32,256,256", "--no-detect")
    assert call("protect", photo, "-o", tmp_path / "out.jpg", *hand, *WITH).code == 0
    whole = call("verify", tmp_path / "out.jpg", "--original", photo, *WITH)
    assert whole.code == 0, whole.err
    Image.open(tmp_path / "out.jpg").convert("RGB").save(copy, quality=80)
    told = call("verify", copy, "--original", photo, "--json", *WITH)
    assert told.code == 1
    record = json.loads(told.out)
    assert record["original"] is True
    assert record["outside_differs"] > 0
    assert "Keep the original" in record["fault"]
    assert "give --original" not in call("verify", copy, "--original", photo, *WITH).out


def test_verify_finds_a_wrong_password_of_a_deniable_file(portrait, deniable):
    args = ("--password-env", "OTHER")
    wrong = {"env": {"OTHER": "wrong"}}

    blind = call("verify", deniable, *args, **wrong)
    assert blind.code == 1
    assert "the password is wrong, or the file was altered" in blind.err
    assert "only a comparison with --original shows" in blind.out
    compared = call("verify", deniable, "--original", portrait, *args, **wrong)
    assert compared.code == 1
    assert "does not decode to a picture" in compared.err
    assert call("verify", deniable, "--original", portrait, *WITH).code == 0


def test_verify_writes_nothing(protected, tmp_path):
    assert call("verify", protected, *WITH, cwd=tmp_path).code == 0
    assert files(tmp_path) == []


def test_faces_are_listed_and_drawn(portrait, tmp_path):
    drawn = tmp_path / "drawn.png"

    result = call("faces", portrait, "--region", "0,190,32,32", "--draw", drawn, "--json")

    assert result.code == 0
    record = json.loads(result.out)
    assert [face["n"] for face in record["faces"]] == [1]
    assert len(record["regions"]) == 2
    hidden_by = record["faces"][0]["region"]
    region = next(region for region in record["regions"] if region["n"] == hidden_by)
    face = record["faces"][0]
    assert region["x"] <= face["x"]
    assert region["x"] + region["w"] >= face["x"] + face["w"]
    assert (pixels(drawn) != pixels(portrait)).any()
    with Image.open(drawn) as image:
        assert not image.getexif()


def test_what_cannot_be_drawn_into(portrait, tmp_path):
    for name in ("a.jpg", "a.bmp"):
        told = call("faces", portrait, "--draw", tmp_path / name)
        assert told.code == 2
        assert ".png" in told.err
    assert call("faces", portrait, "--draw", tmp_path / "new" / "a.png").code == 0


def test_faces_agrees_with_protect(portrait, region):
    record = json.loads(call("faces", portrait, "--json").out)

    (box,) = record["regions"]
    assert (slice(box["y"], box["y"] + box["h"]), slice(box["x"], box["x"] + box["w"])) == region
    skipped = json.loads(call("faces", portrait, "--json", "--skip", 1).out)
    assert skipped["regions"] == []
    assert skipped["faces"][0]["region"] is None


def test_faces_keeps_what_is_there(portrait, meadow, tmp_path):
    assert call("faces", portrait, "--draw", portrait).code == 2
    assert call("faces", meadow, "--draw", tmp_path / "a.jpg").code == 2
    (tmp_path / "a.png").write_bytes(b"mine")
    assert call("faces", meadow, "--draw", tmp_path / "a.png").code == 1
    assert (tmp_path / "a.png").read_bytes() == b"mine"
    result = call("faces", meadow, "--draw", tmp_path / "a.png", "--overwrite")
    assert result.code == 0
    assert "no face found" in result.out


def test_looks_are_listed():
    from proface.looks import LOOKS

    text = call("looks")
    assert text.code == 0
    records = [json.loads(line) for line in call("looks", "--json").out.splitlines()]
    assert [record["name"] for record in records] == sorted(LOOKS)
    for record in records:
        assert record["name"] in text.out
        assert record["range"] in text.out


def test_models_are_listed():
    (record,) = [
        record
        for record in map(json.loads, call("models", "--json").out.splitlines())
        if record["name"] == "padded"
    ]
    assert len(record["digest"]) == 64
    text = call("models")
    assert text.code == 0
    assert record["digest"] in text.out


def test_the_version():
    import proface

    first, *models = call("--version").out.splitlines()
    assert first == f"proface {proface.__version__}"
    assert all(line.startswith("model ") for line in models)


def test_possible_faces_are_told_and_protected_with_careful(portrait, tmp_path):
    """A threshold above the face's score makes it a possible one."""
    high = ("--threshold", "0.99999")
    shown = call("faces", portrait, *high, "--draw", tmp_path / "a.png")
    record = json.loads(call("faces", portrait, *high, "--json").out)

    assert "possible" in shown.out
    assert "--careful" in shown.out
    assert (record["faces"], record["regions"]) == ([], [])
    assert len(record["possible"]) == 1
    assert (pixels(tmp_path / "a.png") != pixels(portrait)).any()

    told = call("protect", portrait, "-o", tmp_path / "b.png", *high, *WITH)
    assert told.code == 0
    assert "1 possible face below the threshold: see `proface faces`" in told.out
    assert not (tmp_path / "b.png").exists()
    part = ("--region", "0,190,32,32")
    told = call("protect", portrait, "-o", tmp_path / "b.png", *high, *part, "--json", *WITH)
    assert json.loads(told.out)["possible"] == 1

    careful = json.loads(call("faces", portrait, *high, "--careful", "--json").out)
    assert careful["possible"] == []
    assert careful["faces"][0]["region"] == 1
    done = call("protect", portrait, "-o", tmp_path / "c.png", *high, "--careful", *WITH)
    assert "1 region" in done.out
    assert "below the threshold" not in done.out


def test_the_networks_for_faces_are_listed():
    out = call("models").out

    assert all(name in out for name in ("yunet", "centerface", "facemesh", "sface"))
    assert "MISSING" not in out
