"""`-` for standard input and output, readers that go away, and what is told before and after."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

import proface
from proface.media.memory_folder import PREFIX
from proface.types import Box
from tests.cli.runs import COMMAND, SECRET, WITH, call, environment, files

QUICK = ("--no-detect", "--region", "16,16,64,64", "--no-check")


STARTED: list[int] = []  # processes; other tests have folders there too


def piped(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment()
    ) as running:
        STARTED.append(running.pid)
        out, err = running.communicate(stdin)
    return subprocess.CompletedProcess(command, running.returncode, out, err)


def left_in_memory() -> list[Path]:
    return [path for pid in STARTED for path in Path("/dev/shm").glob(f"{PREFIX}{pid}-*")]


def test_a_photo_through_pipes(portrait: Path, tmp_path: Path) -> None:
    made = piped("protect", "-", "-o", "-", *QUICK, *WITH, stdin=portrait.read_bytes())
    assert made.returncode == 0
    assert made.stdout.startswith(b"\xff\xd8\xff")  # as the input
    assert b"standard input -> standard output: 1 region" in made.stderr
    back = piped("recover", "-", "-o", "-", "--json", *WITH, stdin=made.stdout)
    assert back.returncode == 0
    record = json.loads(back.stderr)
    assert (record["input"], record["output"]) == ("standard input", "standard output")
    with Image.open(io.BytesIO(back.stdout)) as one, Image.open(portrait) as other:
        assert one.tobytes() == other.tobytes()
        assert one.info["exif"] == other.info["exif"]
    for command in (("inspect", "-"), ("verify", "-", *WITH)):
        shown = piped(*command, stdin=made.stdout)
        assert (shown.returncode, shown.stderr) == (0, b"")
    png = piped("protect", "-", "-o", "-", "--format", "png", *QUICK, *WITH,
                stdin=portrait.read_bytes())  # fmt: skip
    assert png.stdout.startswith(b"\x89PNG")
    broken = piped("protect", "-", "-o", "-", *QUICK, *WITH, stdin=b"no photo")
    assert (broken.returncode, broken.stdout) == (1, b"")
    assert broken.stderr.startswith(b"proface: standard input: this is not an image")
    assert left_in_memory() == []
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("-", "PHOTO", "-o", "OUT"), "one photo"),
        (("PHOTO", "PHOTO", "-o", "-"), "one photo"),
        (("FOLDER", "-o", "-"), "one photo"),
        (("PHOTO", "-o", "out.mp4"), ".mp4 is not an image format"),
        (("PHOTO", "-o", "out.gif"), ".gif cannot hold"),
    ],
)
def test_pipes_and_outputs_that_cannot_be(
    portrait: Path, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    names = {"PHOTO": portrait, "FOLDER": portrait.parent, "OUT": tmp_path / "out"}
    result = call("protect", *(names.get(one, one) for one in arguments), *WITH, cwd=tmp_path)
    assert result.code == 2
    assert reason in result.err
    assert files(tmp_path) == []


def test_the_password_is_not_read_from_the_photos_pipe(portrait: Path) -> None:
    result = piped("protect", "-", "-o", "-", "--password-fd", "0", stdin=portrait.read_bytes())
    assert result.returncode == 2
    assert b"both photo and password" in result.stderr


def test_a_report_that_nobody_reads_decides_nothing(portrait: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        shutil.copy(portrait, tmp_path / "in" / name)
    run = subprocess.Popen(
        [*COMMAND, "protect", str(tmp_path / "in"), "-o", str(tmp_path / "out"), *QUICK, *WITH],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    assert run.stderr.read() == b""
    assert run.wait() == 0
    assert files(tmp_path / "out") == ["a.jpg", "b.jpg", "c.jpg"]


def test_a_picture_that_nobody_reads_is_a_failure(portrait: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run(
        [*COMMAND, "protect", str(portrait), "-o", "-", *QUICK, *WITH],
        stdout=write,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    os.close(write)
    assert run.returncode == 1
    assert b"standard output: the reader is gone" in run.stderr


def test_a_folder_without_photos_where_faces_are_required(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.mid").write_bytes(b"MThd" + bytes(100))
    args = ("protect", tmp_path / "in", "-o", tmp_path / "out", *WITH)
    assert call(*args).code == 0
    assert call(*args, "--require-faces").code == 4


def test_a_copy_is_a_copy(meadow: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with Image.open(meadow) as image:
        image.save(folder / "a.jpg", comment=b"a comment", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
        image.save(folder / "b.webp")
    (folder / "a.jpg").chmod(0o600)
    args = ("protect", folder, "--copy-faceless", *WITH)
    result = call(*args, "-o", tmp_path / "out")
    assert result.code == 0
    assert "copied unprotected, byte for byte" in result.out
    for name in ("a.jpg", "b.webp"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()
    assert (tmp_path / "out" / "a.jpg").stat().st_mode & 0o777 == 0o600
    assert call(*args, "-o", tmp_path / "out", "--skip-existing").code == 0
    asked = call(*args, "-o", tmp_path / "png", "--format", "png", "--json")
    records = [json.loads(line) for line in asked.out.splitlines()]
    assert [record["left_out"] for record in records] == [["comment"], []]
    assert files(tmp_path / "png") == ["a.png", "b.png"]


def test_names_that_are_one_elsewhere_are_told(portrait: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("Photo.jpg", "photo.jpg", unicodedata.normalize("NFD", "é.jpg"),
                 unicodedata.normalize("NFC", "é.jpg"), "straße.jpg", "strasse.jpg"):  # fmt: skip
        shutil.copy(portrait, folder / name)
    if len(files(folder)) < 6:
        pytest.skip("this file system holds them as one")
    result = call("protect", folder, "-o", tmp_path / "out", *QUICK, *WITH)
    assert result.code == 0
    told = [line for line in result.err.splitlines() if "one file" in line]
    assert len(told) == 2
    assert "Photo.jpg" in result.err
    assert "strasse" not in result.err


ENCODINGS = {
    "UTF-8": SECRET.encode(),
    "newline": SECRET.encode() + b"\n",
    "CRLF": SECRET.encode() + b"\r\n",
    "UTF-8 with mark": b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n",
    "UTF-16 LE": b"\xff\xfe" + (SECRET + "\r\n").encode("utf-16-le"),
    "UTF-16 BE": b"\xfe\xff" + (SECRET + "\n").encode("utf-16-be"),
    "UTF-32 LE": b"\xff\xfe\0\0" + SECRET.encode("utf-32-le"),
    "NFD": unicodedata.normalize("NFD", SECRET).encode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_password_file_of_any_encoding(protected: Path, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "password").write_bytes(ENCODINGS[encoding])
    listed = call("keys", "list", protected, "--password-file", tmp_path / "password", "--json")
    assert listed.code == 0
    assert [key["yours"] for key in json.loads(listed.out)["keys"]] == [True]
    assert ("byte-order mark" in listed.err) == encoding.startswith(("UTF-8 w", "UTF-16", "UTF-32"))


def test_a_file_made_with_the_mark_as_part_of_the_password_opens(
    portrait: Path, tmp_path: Path
) -> None:
    (tmp_path / "password").write_bytes(b"\xef\xbb\xbf" + SECRET.encode())
    path = tmp_path / "p.png"
    options = proface.Options(detect=False, regions=[Box(16, 16, 64, 64)])
    key = proface.Key.from_password("\ufeff" + SECRET)
    proface.protect(portrait, key, options).save(path, check=False)
    args = ("--password-file", tmp_path / "password")
    assert call("recover", path, "-o", tmp_path / "r.png", *args).code == 0
    assert '"yours": true' in call("keys", "list", path, *args, "--json").out
    assert call("recover", path, "-o", tmp_path / "s.png", *WITH).code == 12


def test_a_password_file_that_is_no_text(protected: Path, tmp_path: Path) -> None:
    for data in (b"\xffno text", b"\xff\xfe\x00\xd8", b"\xff\xfea"):
        (tmp_path / "password").write_bytes(data)
        result = call("verify", protected, "--password-file", tmp_path / "password")
        assert result.code == 2
        assert "UTF-8" in result.err


def test_version_and_completion() -> None:
    version = call("--version")
    assert version.out.startswith("proface ")
    models = dict(line.split()[1:] for line in version.out.splitlines()[1:])
    assert {"padded", "robust"} <= set(models)
    assert all(len(digest) == 64 for digest in models.values())
    # The shell is named, not detected: in CI there may be none around the tests.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = call("--show-completion", "bash", env=named)
    assert shown.code == 0
    assert "_PROFACE_COMPLETE" in shown.out
