"""What a person does on the page, for tests of it in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright's client is not installed")
expect = sync_api.expect
WORDS = "correct horse battery staple"


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
