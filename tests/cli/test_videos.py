"""The commands on videos, alone and in a folder with photos."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.runs import WITH, call, files
from tests.clips import make, sliding, still
from tests.files.video.films import times


@pytest.fixture(scope="session")
def film(shelf: Path) -> Path:
    """Two faces, two seconds."""
    paths = [sliding(10, 20, 1), sliding(220, 60, -1, 0.2, 0.55)]
    return make(shelf / "film.mp4", paths, 50, metadata={"location": "+48.1+011.5/"}).path


@pytest.fixture(scope="session")
def hidden(film: Path, shelf: Path) -> Path:
    path = shelf / "hidden.mp4"
    told = call("protect", film, "-o", path, *WITH)
    assert told.code == 0
    assert "2 faces in 50 frames; recovers at 4" in told.out
    return path


def test_a_folder_of_photos_and_videos(
    film: Path, portrait: Path, meadow: Path, tmp_path: Path
) -> None:
    for path in (film, portrait, meadow):
        (tmp_path / "in" / "sub").mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "sub" / path.name).write_bytes(path.read_bytes())
    told = call("protect", tmp_path / "in", "-o", tmp_path / "out", "--json", *WITH)
    assert told.code == 0
    records = [json.loads(line) for line in told.out.splitlines()]
    states = {Path(record["input"]).name: record["status"] for record in records}
    assert states == {
        "film.mp4": "protected",
        "portrait.jpg": "protected",
        "meadow.jpg": "no faces",
    }
    back = call("recover", tmp_path / "out", "-o", tmp_path / "back", *WITH)
    assert back.code == 0
    assert files(tmp_path / "back") == ["sub/film.mp4", "sub/portrait.jpg"]
    assert times(tmp_path / "back" / "sub" / "film.mp4") == times(film)


def test_verify_and_inspect(hidden: Path, film: Path) -> None:
    shown = json.loads(call("inspect", hidden, "--json").out)
    assert [track["n"] for track in shown["tracks"]] == [1, 2]
    assert (shown["carry"], shown["frames"], shown["altered"]) == ("sealed", 50, [])
    assert call("inspect", hidden).code == 0
    report = json.loads(call("verify", hidden, "--original", film, "--json", *WITH).out)
    assert min(track["psnr"] for track in report["tracks"]) > 42
    assert report["fault"] is None
    assert "outside the faces" in call("verify", hidden, "--original", film, *WITH).out


def test_exit_codes(hidden: Path, film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    wrong = call("recover", hidden, "-o", out, *WITH, env={"SECRET_FOR_TESTS": "wrong"})
    assert wrong.code == 12
    assert call("recover", film, "-o", out, *WITH).code == 1
    broken = tmp_path / "broken.mp4"
    content = bytearray(hidden.read_bytes())
    at = content.index(b"chnk") + 500
    content[at] ^= 1
    broken.write_bytes(content)
    told = call("recover", broken, "-o", out, *WITH)
    assert told.code == 13
    assert "face 1 is damaged from 0.0 s to 2.0 s" in told.err
    assert files(tmp_path) == ["broken.mp4"]
    forced = call("recover", broken, "-o", out, "--force", *WITH)
    assert forced.code == 0
    assert "WARNING, face 1 is damaged" in forced.out


def test_the_key_of_one_face(hidden: Path, tmp_path: Path) -> None:
    key = tmp_path / "two.key"
    assert call("keys", "export", hidden, "--face", "2", "-o", key, *WITH).code == 0
    told = call("recover", hidden, "-o", tmp_path / "two.mp4", "--key-file", key)
    assert told.code == 0
    assert "opened face 2; 1 face still protected" in told.out
    assert call("keys", "export", hidden, "--face", "3", "-o", tmp_path / "x", *WITH).code == 2


def test_skip_and_the_contact_sheet(film: Path, tmp_path: Path) -> None:
    told = call("faces", film, "--draw", tmp_path / "sheet.png", "--json")
    tracks = json.loads(told.out)["tracks"]
    assert [(track["n"], track["protected"]) for track in tracks] == [(1, True), (2, True)]
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 240
    skipped = call("protect", film, "-o", tmp_path / "a.mp4", "--skip", "2", "--json", *WITH)
    record = json.loads(skipped.out.splitlines()[-1])  # progress before it, on a slow machine
    assert record["uncovered"] == 1
    shown = json.loads(call("inspect", tmp_path / "a.mp4", "--json").out)
    assert [track["n"] for track in shown["tracks"]] == [1]


def test_people_to_keep_and_to_protect_alone(film: Path, meadow: Path, tmp_path: Path) -> None:
    photo = tmp_path / "her.png"
    Image.fromarray(still()).save(photo)
    kept = json.loads(call("faces", film, "--keep", photo, "--json").out)["tracks"]
    assert [track["protected"] for track in kept] == [False, False]
    only = json.loads(call("faces", film, "--only", photo, "--json").out)["tracks"]
    assert [track["protected"] for track in only] == [True, True]
    nobody = call("protect", film, "-o", tmp_path / "a.mp4", "--keep", photo, *WITH)
    assert nobody.code == 0
    assert "2 faces found but none to hide" in nobody.out
    assert call("faces", film, "--keep", meadow).code == 2
    photos = call("faces", photo, "--keep", photo, "--json")
    assert json.loads(photos.out)["regions"] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--deniable",), "--deniable is for photos"),
        (("--exact",), "--exact is for photos"),
        (("--sidecar",), "no sidecar"),
        (("--carry", "both"), "give sealed or pixels"),
        (("--crf", "60"), "0 (best) to 51"),
        (("--format", "png"), "--format is for photos"),
    ],
)
def test_options_that_videos_do_not_have(
    film: Path, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    told = call("protect", film, "-o", tmp_path / "a.mp4", *arguments, *WITH)
    assert told.code == 2
    assert reason in told.err
    assert files(tmp_path) == []


def test_regions_by_hand(film: Path, tmp_path: Path) -> None:
    by_hand = ("--no-detect", "--region")
    outside = call("protect", film, "-o", tmp_path / "a.mp4", *by_hand, "900,20,50,50", *WITH)
    assert outside.code == 2
    assert "outside the picture" in outside.err
    assert call("faces", film, *by_hand, "900,20,50,50").code == 2
    assert files(tmp_path) == []
    told = call("protect", film, "-o", tmp_path / "a.mp4", *by_hand, "300,220,50,50", *WITH)
    assert told.code == 0
    assert "1 region in 50 frames" in told.out


def test_a_video_does_not_go_to_standard_output(film: Path) -> None:
    told = call("protect", film, "-o", "-", *WITH)
    assert told.code == 2
    assert "name the video's output" in told.err


def test_names_that_cannot_be(film: Path, portrait: Path, tmp_path: Path) -> None:
    assert call("protect", film, "-o", tmp_path / "a.png", *WITH).code == 2
    assert call("protect", portrait, "-o", tmp_path / "a.mp4", *WITH).code == 2
    (tmp_path / "torn.mp4").write_bytes(film.read_bytes()[:5000])
    torn = call("protect", tmp_path / "torn.mp4", "-o", tmp_path / "a.mp4", *WITH)
    assert torn.code == 1
    assert "truncated or damaged" in torn.err
