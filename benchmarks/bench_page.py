"""Seconds of each step on the page in Chromium, from drop to download and back.

    python -m benchmarks.bench_page [--megapixels 12] [--faces 3] [--side 400]

Needs proface[server], Playwright's client and Chromium. Each step is timed from the click to what a
person sees of it; those that show progress also until it appears.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.pictures import make_photo
from benchmarks.service import serving

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 300_000  # ms
WORDS = "correct horse battery staple"
PREVIEW = "#protect .frame img"


def seconds(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def previewed(page: Page, change: Callable[[], object]) -> float:
    """Seconds from a change until the preview shows it."""
    # The page itself waits: Playwright would look again every 100 to 500 ms.
    page.locator(PREVIEW).evaluate(
        "image => { window.shown = new Promise(done => "
        "image.addEventListener('load', done, { once: true })); }"
    )
    began = time.perf_counter()
    change()
    page.evaluate("async () => { await window.shown; }")
    return time.perf_counter() - began


def choose(page: Page, task: str, photo: Path) -> tuple[float, float]:
    """Seconds until progress shows, and until the photo does."""
    began = time.perf_counter()
    page.set_input_files(f"#{task} .drop input", photo)
    expect(page.locator(f"#{task} > .busy")).to_be_visible()
    shown = time.perf_counter() - began
    expect(page.locator(f"#{task} .work")).to_be_visible()
    return shown, time.perf_counter() - began


def start(page: Page, task: str) -> tuple[float, float]:
    """The same of the task itself."""
    began = time.perf_counter()
    page.click(f"#{task} [name=go]")
    expect(page.locator(f"#{task} form > .busy")).to_be_visible()
    shown = time.perf_counter() - began
    expect(page.locator(f"#{task} .result")).to_be_visible()
    return shown, time.perf_counter() - began


def type_password(page: Page) -> None:
    for name in ("password", "again"):
        page.fill(f"#protect [name={name}]", WORDS)


def download(page: Page, task: str, target: Path) -> float:
    began = time.perf_counter()
    with page.expect_download() as loading:
        page.click(f"#{task} .result a")
    loading.value.save_as(target)
    return time.perf_counter() - began


def measure(page: Page, photo: Path, target: Path) -> list[tuple[str, float, float | None]]:
    """Step, seconds until something shows, seconds until it is done if that is later."""
    steps: list[tuple[str, float, float | None]] = []
    steps.append(("choose a photo: faces found", *choose(page, "protect", photo)))
    box = page.locator("#protect .faces li input").first
    steps.append(("leave a face out", previewed(page, box.uncheck), None))
    steps.append(("hide it again", previewed(page, box.check), None))
    kind = page.locator("#protect [name=kind]")
    for look in ("blur", "mask", "pixelate"):
        took = previewed(page, lambda look=look: kind.select_option(look))  # type: ignore[misc]
        steps.append((f"look {look}", took, None))
    strength = page.locator("#protect [name=strength]")
    steps.append(("strength", previewed(page, lambda: strength.fill("40")), None))
    add = page.locator("#protect [name=add]")
    steps.append(("add a box", previewed(page, add.click), None))
    page.keyboard.press("Delete")
    typed = seconds(lambda: type_password(page))
    steps.append(("type the password twice", typed, None))
    steps.append(("protect", *start(page, "protect")))
    steps.append(("download", download(page, "protect", target), None))
    page.click("nav a[href='#recover']")
    steps.append(("choose a protected photo", *choose(page, "recover", target)))
    page.fill("#recover [name=password]", WORDS)
    steps.append(("recover", *start(page, "recover")))
    slider = page.locator("#recover .slider input")
    steps.append(("move the slider", seconds(lambda: slider.fill("80")), None))
    steps.append(("download", download(page, "recover", target.with_name("back.jpg")), None))
    return steps


def main() -> None:
    """Print a row for each step."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--faces", type=int, default=3)
    parser.add_argument("--side", type=int, default=400)
    options = parser.parse_args()
    expect.set_options(timeout=PATIENCE)
    with (
        tempfile.TemporaryDirectory() as name,
        serving(name) as (_process, address),
        sync_playwright() as playwright,
    ):
        folder = Path(name)
        pixels = make_photo(options.megapixels, options.faces, options.side)
        Image.fromarray(pixels).save(folder / "photo.jpg", quality=92)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            page = browser.new_page()
            page.set_default_timeout(PATIENCE)
            page.goto(address)
            expect(page.locator("html[data-ready]")).to_be_attached()
            measure(page, folder / "photo.jpg", folder / "first.jpg")  # loads the models
            page.reload()
            page.click("nav a[href='#protect']")
            expect(page.locator("html[data-ready]")).to_be_attached()
            steps = measure(page, folder / "photo.jpg", folder / "protected.jpg")
        finally:
            browser.close()
    print("| step | seconds until it shows | until done, with progress |\n| --- | --- | --- |")
    for step, shown, done in steps:
        print(f"| {step} | {shown:.2f} | {'' if done is None else f'{done:.2f}'} |")


if __name__ == "__main__":
    main()
