"""The page in Chromium, as a person uses it."""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.conftest import pixels
from tests.server.services import Running, serving

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright's client is not installed")
expect = sync_api.expect
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium"
)
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 300_000  # ms
WORDS = "correct horse battery staple"
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE_CORE", ROOT / ".axe/node_modules/axe-core/axe.min.js"))


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: sync_api.Browser, service: Running) -> Iterator[sync_api.Page]:
    """The page, just opened; no script may fail on it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(service.address)
    expect(opened.locator("html[data-ready]")).to_be_attached()
    yield opened
    assert faults == []
    context.close()


def drop(page: sync_api.Page, task: str, path: Path) -> None:
    """Drop a file on a task, as from the desktop."""
    transfer = page.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
            return transfer;
        }""",
        [path.name, list(path.read_bytes())],
    )
    page.dispatch_event(f"#{task} .drop", "drop", {"dataTransfer": transfer})


def open_photo(page: sync_api.Page, path: Path) -> None:
    drop(page, "protect", path)
    expect(page.locator("#protect .work")).to_be_visible()


def type_password(page: sync_api.Page, task: str, words: str = WORDS) -> None:
    page.fill(f"#{task} [name=password]", words)
    again = page.locator(f"#{task} [name=again]")
    if again.is_visible():
        again.fill(words)


def download(page: sync_api.Page, link: str, path: Path) -> bytes:
    with page.expect_download() as loading:
        page.click(link)
    loading.value.save_as(path)
    return path.read_bytes()


def protect(page: sync_api.Page, photo: Path, target: Path) -> bytes:
    open_photo(page, photo)
    type_password(page, "protect")
    page.click("#protect [name=go]")
    expect(page.locator("#protect .result")).to_be_visible()
    return download(page, "#protect .result a", target)


def recover(page: sync_api.Page, photo: Path) -> None:
    page.click("nav a[href='#recover']")
    drop(page, "recover", photo)
    expect(page.locator("#recover .work")).to_be_visible()


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


def test_too_large_and_too_many_pixels_are_told(browser, three_faces: Path, tmp_path: Path):
    with serving(tmp_path / "t", limits={"file_bytes": 400_000, "pixels": 100_000}) as running:
        context = browser.new_context()
        page = context.new_page()
        page.goto(running.address)
        expect(page.locator("html[data-ready]")).to_be_attached()
        drop(page, "protect", three_faces)
        error = page.locator("#protect > .error")
        expect(error).to_contain_text("three.jpg: 900 x 500 pixels are over")
        large = tmp_path / "large.jpg"
        large.write_bytes(three_faces.read_bytes() + bytes(400_000))
        page.set_input_files("#protect .drop input", large)
        expect(error).to_contain_text("large.jpg: the file is over")
        assert running.left() == []
        context.close()


def test_a_token_is_asked_for(browser, tmp_path: Path):
    token = "0123456789abcdef"
    with serving(tmp_path / "t", "--token-env", "SERVICE_TOKEN", env={"SERVICE_TOKEN": token}) as r:
        context = browser.new_context()
        page = context.new_page()
        page.goto(r.address)
        page.fill("#token input", "0123456789abcdeX")
        page.click("#token button")
        expect(page.locator("#token .error")).to_contain_text("needs its token")
        page.fill("#token input", token)
        page.click("#token button")
        expect(page.locator("#protect")).to_be_visible()
        context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_serious_fault_of_accessibility(
    browser, service, three_faces: Path, tmp_path: Path, width: int, scheme: str
):
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install --prefix .axe axe-core")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(service.address)
    expect(page.locator("html[data-ready]")).to_be_attached()
    protected = tmp_path / "p.jpg"

    def faults(where: str) -> list[str]:
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run().then((result) => result.violations)")
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        told = [f"{where}: {one['id']}: {json.dumps(one['nodes'][0]['html'])}" for one in serious]
        return told + ([f"{where}: wider than the screen"] if wide else [])

    told = faults("start")
    protect(page, three_faces, protected)
    told += faults("protected")
    recover(page, protected)
    type_password(page, "recover")
    page.click("#recover [name=go]")
    expect(page.locator("#recover .result")).to_be_visible()
    told += faults("recovered")
    page.click("nav a[href='#folder']")
    told += faults("several")
    page.goto(f"{service.address}docs")
    told += faults("docs")
    assert told == []
    context.close()
