"""Batches: names, links, folders that cannot be read, files that fail among others that do not."""

import json
import os
import shutil

import pytest

from tests.cli.runs import WITH, call, files

QUICK = ("--no-detect", "--region", "8,8,32,32", "--no-check", *WITH)


@pytest.fixture
def album(portrait, tmp_path):
    """A folder with one photo."""
    folder = tmp_path / "album"
    folder.mkdir()
    shutil.copy(portrait, folder / "a.jpg")
    return folder


def test_those_that_fail_do_not_stop_the_others(album, portrait, tmp_path):
    (album / "cut.jpg").write_bytes(portrait.read_bytes()[:1500])
    (album / "empty.png").write_bytes(b"")
    (album / "text.jpeg").write_text("no photo")
    shutil.copy(portrait, album / "z.jpg")

    result = call("protect", album, "-o", tmp_path / "out", *QUICK)

    assert result.code == 3
    assert files(tmp_path / "out") == ["a.jpg", "z.jpg"]
    assert result.err.count("\n") == 3
    for name in ("cut.jpg", "empty.png", "text.jpeg"):
        assert sum(name in line for line in result.err.splitlines()) == 1
    assert "2 protected, 3 failed" in result.out


def test_two_inputs_with_one_output_name(album, tmp_path):
    shutil.copy(album / "a.jpg", album / "a.jpeg")

    result = call("protect", album, "-o", tmp_path / "out", *QUICK)

    assert result.code == 2
    assert "a.jpg" in result.err
    assert "a.jpeg" in result.err
    assert not (tmp_path / "out").exists()


def test_one_input_named_twice_is_done_once(album, tmp_path):
    result = call("protect", album, album / "a.jpg", "-o", tmp_path / "out", *QUICK)

    assert result.code == 0
    assert files(tmp_path / "out") == ["a.jpg"]


@pytest.mark.parametrize("way", ["itself", "symlink", "hard link", "linked folder"])
@pytest.mark.parametrize("option", ["--overwrite", "--skip-existing", None])
def test_an_input_is_never_replaced(portrait, tmp_path, way, option):
    source = tmp_path / "photo.png"
    shutil.copy(portrait, source)
    out = tmp_path / "out.png"
    if way == "itself":
        out = source
    elif way == "symlink":
        out.symlink_to(source)
    elif way == "hard link":
        os.link(source, out)
    else:
        (tmp_path / "link").symlink_to(tmp_path)
        out = tmp_path / "link" / "photo.png"
    before = source.read_bytes()

    result = call("protect", source, "-o", out, *([option] if option else []), *QUICK)

    assert result.code == 1
    assert "input" in result.err
    assert source.read_bytes() == before


def test_the_input_folder_is_no_output_folder(album, tmp_path):
    (tmp_path / "link").symlink_to(album)

    for out in (album, tmp_path / "link"):
        assert call("protect", album, "-o", out, *QUICK).code == 2
    assert files(album) == ["a.jpg"]


def test_an_output_folder_inside_the_input_is_not_read_again(album):
    for code, option in ((0, "--overwrite"), (0, "--overwrite"), (0, "--skip-existing")):
        result = call("protect", album, "-o", album / "safe", option, *QUICK)
        assert result.code == code
        assert files(album) == ["a.jpg", "safe/a.jpg"]


def test_link_loops_end_and_are_named(album, tmp_path):
    (album / "deep").mkdir()
    shutil.copy(album / "a.jpg", album / "deep" / "b.jpg")
    (album / "deep" / "up").symlink_to(album)
    (album / "again").symlink_to(album / "deep")
    (album / "self.jpg").symlink_to(album / "self.jpg")

    result = call("protect", album, "-o", tmp_path / "out", *QUICK)

    assert result.code == 3
    assert files(tmp_path / "out") == ["a.jpg", "deep/b.jpg"]
    assert str(album / "deep" / "up") in result.err
    assert str(album / "again") in result.err
    assert str(album / "self.jpg") in result.err


def test_linked_photos_and_folders_are_followed(album, portrait, tmp_path):
    (album / "linked.jpg").symlink_to(portrait)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(portrait, elsewhere / "c.jpg")
    (album / "linked").symlink_to(elsewhere)

    assert call("protect", album, "-o", tmp_path / "out", *QUICK).code == 0
    assert files(tmp_path / "out") == ["a.jpg", "linked.jpg", "linked/c.jpg"]


def test_a_pipe_with_a_photos_name_does_not_hang(album, tmp_path):
    os.mkfifo(album / "pipe.jpg")
    os.mkfifo(album / "pipe")

    result = call("protect", album, "-o", tmp_path / "out", *QUICK)

    assert result.code == 3
    assert "pipe.jpg" in result.err
    assert files(tmp_path / "out") == ["a.jpg"]


def test_folders_that_cannot_be_read_are_named(album, tmp_path, monkeypatch):
    """In-process, with a fault put in: for root, who may run tests, every folder is readable."""
    from proface.batch import find_photos

    closed = album / "closed"
    closed.mkdir()
    scan = os.scandir

    def refusing(path):
        if os.fspath(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    findings = find_photos([album])

    assert [found.path for found in findings.photos] == [album / "a.jpg"]
    ((path, error),) = findings.failed
    assert path == closed
    assert "Permission denied" in str(error)


def test_folders_without_photos(tmp_path):
    (tmp_path / "empty").mkdir()

    result = call("protect", tmp_path / "empty", "-o", tmp_path / "out", *WITH)

    assert result.code == 0
    assert "no photos found" in result.err


def test_odd_names(portrait, tmp_path):
    names = [b"new\nline", b"bytes-\xff\xfe", b"-o", b"esc\x1b[31m", b"n" * 240]
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in names:
        shutil.copy(portrait, os.path.join(os.fsencode(folder), name + b".jpg"))

    result = call("protect", folder, "-o", tmp_path / "out", *QUICK)

    assert (result.code, result.err) == (0, "")
    assert result.out.count("\n") == len(names) + 1
    assert result.out.replace("\n", "").isprintable()
    made = os.listdir(os.fsencode(tmp_path / "out"))
    assert sorted(made) == sorted(name + b".jpg" for name in names)

    json_lines = call("protect", folder, "-o", tmp_path / "out", "--json", *QUICK)
    assert json_lines.code == 3
    assert json_lines.out.isascii()
    assert json_lines.err.count("\n") == len(names)
    inputs = [json.loads(line)["input"] for line in json_lines.out.splitlines()]
    assert {os.path.basename(os.fsencode(path)) for path in inputs} == {n + b".jpg" for n in names}


def test_a_name_with_a_dash_as_argument(portrait, tmp_path):
    shutil.copy(portrait, tmp_path / "-look.jpg")

    assert call("protect", "-o", "out", *QUICK, "--", "-look.jpg", cwd=tmp_path).code == 0
    assert files(tmp_path / "out") == ["-look.jpg"]


def test_a_name_too_long_to_be_written_is_told(portrait, tmp_path):
    path = tmp_path / ("n" * 251 + ".jpg")
    shutil.copy(portrait, path)

    result = call("protect", path, "-o", tmp_path / "out", "--format", "tiff", *QUICK)

    assert result.code == 1
    assert "too long" in result.err


def test_a_file_where_a_folder_is_needed(album, tmp_path):
    (tmp_path / "file").write_text("")

    assert call("protect", album, "-o", tmp_path / "file", *QUICK).code == 2
    assert call("protect", album, "-o", tmp_path / "out.png", *QUICK).code == 2
    result = call("protect", album, "-o", tmp_path / "file" / "sub", *QUICK)
    assert result.code == 1
    assert result.err.count("\n") == 1


def test_skip_takes_a_single_photo(album, tmp_path):
    shutil.copy(album / "a.jpg", album / "b.jpg")

    assert call("protect", album, "-o", tmp_path / "out", "--skip", 1, *WITH).code == 2
