"""What the page in Chromium refuses and asks for, and whether everybody can use it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.server.page.actions import drop, expect, protect, recover, type_password
from tests.server.services import serving

ROOT = Path(__file__).parents[3]
AXE = Path(os.environ.get("AXE_CORE", ROOT / ".axe/node_modules/axe-core/axe.min.js"))


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
