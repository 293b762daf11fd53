"""One photo on the page in Chromium, as a person hides and recovers its faces."""

from __future__ import annotations

import re
from pathlib import Path

from tests.server.conftest import pixels
from tests.server.page.actions import (
    WORDS,
    download,
    expect,
    open_photo,
    protect,
    recover,
    type_password,
)


def test_drop_mark_protect_download_recover(page, three_faces: Path, tmp_path: Path):
    open_photo(page, three_faces)
    faces = page.get_by_role("button", name=re.compile("^Hide face"))
    expect(faces).to_have_count(3)
    for face in faces.all():
        expect(face).to_have_attribute("aria-pressed", "true")

    # Leave one out by a click, mend one by its corner, add one by dragging.
    faces.nth(1).click()
    expect(faces.nth(1)).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_label("Hide face 2", exact=True).last).not_to_be_checked()
    faces.nth(0).hover()
    corner = page.locator(".box").nth(0).locator(".handle.se").bounding_box()
    page.mouse.move(corner["x"] + 12, corner["y"] + 12)
    page.mouse.down()
    page.mouse.move(corner["x"] + 32, corner["y"] + 32, steps=3)
    page.mouse.up()
    expect(page.locator(".faces li").nth(0)).to_contain_text("mended")
    frame = page.locator("#protect .frame").bounding_box()
    x, y = frame["x"] + 0.6 * frame["width"], frame["y"] + 0.8 * frame["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 60, steps=3)
    page.mouse.up()
    expect(page.get_by_role("button", name="Hide box A", exact=True)).to_be_visible()

    type_password(page, "protect")
    page.click("#protect [name=go]")
    result = page.locator("#protect .result")
    expect(result).to_be_visible()
    expect(result.locator(".outcome")).to_contain_text("3 regions, pixelate:32")
    expect(result.locator(".warning")).to_have_text("1 face left visible.")
    protected = tmp_path / "protected.jpg"
    assert pixels(download(page, "#protect .result a", protected)) != pixels(
        three_faces.read_bytes()
    )

    recover(page, protected)
    expect(page.locator("#recover dl")).to_contain_text("3 regions, pixelate:32")
    type_password(page, "recover")
    page.click("#recover [name=go]")
    expect(page.locator("#recover .outcome")).to_have_text("Every pixel as it was.")
    back = download(page, "#recover .result a", tmp_path / "back.jpg")
    assert pixels(back) == pixels(three_faces.read_bytes())

    slider = page.get_by_role("slider", name=re.compile("recovered photo"))
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator("#recover .after")).to_have_css("clip-path", re.compile("inset"))
    expect(slider).to_have_attribute("aria-valuetext", "100% recovered")
    page.select_option("#recover [name=face]", "2")
    page.click("#recover [name=export]")
    key = download(page, "#recover .share a", tmp_path / "face.key")
    assert b"PROFACE-FACE-KEY-1" in key
    assert b"face 2" in key


def test_the_preview_follows_look_and_strength(page, three_faces: Path):
    open_photo(page, three_faces)
    section = page.locator("#protect")
    expect(section).to_have_attribute("data-preview", "pixelate:32")
    image = page.locator("#protect .frame img")
    first = image.get_attribute("src")

    page.select_option("#protect [name=kind]", "blur")
    expect(section).to_have_attribute("data-preview", "blur:25")
    assert image.get_attribute("src") != first
    page.locator("#protect [name=strength]").fill("5")
    expect(page.locator("#protect .look .warning")).to_contain_text("may not hide who it is")
    page.select_option("#protect [name=kind]", "mask")
    page.select_option("#protect [name=choice]", "star")
    expect(section).to_have_attribute("data-preview", "mask:star")
    page.check("#protect [name=original]")
    expect(section).to_have_attribute("data-preview", "original")


def test_a_wrong_password_is_told_and_the_right_one_still_opens(page, three_faces, tmp_path):
    protected = tmp_path / "p.jpg"
    protect(page, three_faces, protected)
    recover(page, protected)
    type_password(page, "recover", "something else")
    page.click("#recover [name=go]")
    error = page.locator("#recover form > .error")
    expect(error).to_contain_text("The password does not open this file. Check its spelling")
    expect(page.locator("#recover .result")).to_be_hidden()

    type_password(page, "recover")
    page.keyboard.press("Enter")
    expect(page.locator("#recover .result")).to_be_visible()
    expect(error).to_be_empty()


def test_two_clicks_protect_once(page, three_faces: Path):
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    open_photo(page, three_faces)
    type_password(page, "protect")
    page.dblclick("#protect [name=go]")
    page.keyboard.press("Enter")
    expect(page.locator("#protect .result")).to_be_visible()
    assert len([url for url in sent if url.endswith("/v1/protect")]) == 1


def test_passwords_that_differ_are_told_before_anything_is_sent(page, three_faces: Path):
    open_photo(page, three_faces)
    page.fill("#protect [name=password]", WORDS)
    page.fill("#protect [name=again]", WORDS + "r")
    page.click("#protect [name=go]")
    expect(page.locator("#protect form > .error")).to_contain_text("The two passwords differ.")


def test_the_back_button_leads_to_the_photo_as_it_was(page, three_faces: Path):
    open_photo(page, three_faces)
    page.get_by_role("button", name="Hide face 1", exact=True).click()
    page.click("nav a[href='#recover']")
    expect(page.locator("#protect")).to_be_hidden()
    expect(page.locator("#recover h2")).to_be_focused()

    page.go_back()

    expect(page.locator("#protect .work")).to_be_visible()
    face = page.get_by_role("button", name="Hide face 1", exact=True)
    expect(face).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_is_enough(page, three_faces: Path):
    open_photo(page, three_faces)
    face = page.get_by_role("button", name="Hide face 1", exact=True)
    face.focus()
    page.keyboard.press("Space")
    expect(face).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".faces li").first).to_contain_text("mended")
    add = page.get_by_role("button", name="Add a box")
    add.focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("button", name="Hide box A", exact=True)
    expect(box).to_be_focused()
    page.keyboard.press("Delete")
    expect(box).to_have_count(0)


def test_a_key_file_made_here_protects(page, three_faces: Path, tmp_path: Path):
    open_photo(page, three_faces)
    page.check("#protect .key input[value=file]")
    page.click("#protect [name=make]")
    key = tmp_path / "my.key"
    assert b"PROFACE-KEY-1" in download(page, "#protect .key a", key)
    page.click("#protect [name=go]")
    expect(page.locator("#protect .result")).to_be_visible()
    download(page, "#protect .result a", tmp_path / "p.jpg")
    recover(page, tmp_path / "p.jpg")
    page.check("#recover .key input[value=file]")
    page.set_input_files("#recover [name=key-file]", key)
    page.click("#recover [name=go]")
    expect(page.locator("#recover .outcome")).to_have_text("Every pixel as it was.")
