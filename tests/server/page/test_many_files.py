"""Several files on the page in Chromium: photos in one archive, a video."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.server.page.actions import download, expect, type_password


def test_several_photos_become_one_archive(page, three_faces: Path, tmp_path: Path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(three_faces.read_bytes()[:500])
    page.set_input_files("#protect .drop input", [three_faces, broken])
    expect(page.locator("#folder h2")).to_be_focused()
    type_password(page, "folder")
    page.click("#folder [name=go]")
    expect(page.locator("#folder .outcome")).to_have_text("1 of 2 done, 1 failed.")
    expect(page.locator("#folder td.bad")).to_contain_text("broken.jpg: ")
    download(page, "#folder .result a", tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert sorted(archive.namelist()) == ["records.jsonl", "three.jpg"]


def test_a_video_is_protected_and_recovered(page, tmp_path: Path):
    pytest.importorskip("av", reason="the extra video is not installed")
    from tests.clips import make, sliding

    clip = make(tmp_path / "clip.mp4", [sliding(20, 30, 1, 0, 0.7)], 20, size=(192, 160)).path
    for task in ("protect", "recover"):
        page.click(f"nav a[href='#{task}']")
        page.set_input_files(f"#{task} .drop input", clip)
        expect(page.locator("#folder h2")).to_be_focused()
        expect(page.locator(f"#folder [name=task][value={task}]")).to_be_checked()
        type_password(page, "folder")
        page.click("#folder [name=go]")
        expect(page.locator("#folder .outcome")).to_have_text("1 of 1 done, 0 failed.")
        download(page, "#folder .result a", tmp_path / "all.zip")
        with zipfile.ZipFile(tmp_path / "all.zip") as archive:
            archive.extract("clip.mp4", tmp_path / task)
        clip = tmp_path / task / "clip.mp4"
        page.click("#folder [name=clear]")
