"""A sheet of paper: scale, north, numbered squares, sensors, sources, date; nothing sideways on a screen."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SIZES, watched
from tests.dashboard.office.county import County
from tests.support.servers import need

pytestmark = pytest.mark.real

SHEET = "/officials/sheet?month=2026-10"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    county = County(tmp_path_factory.mktemp("sheet")).settle()
    with county.served() as url:
        yield url
    county.store.close()


def opened(page: Page, address: str, maps: int = 1) -> None:
    page.goto(address)
    page.wait_for_selector(f"body[data-maps='{maps}']")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("paper", ["a4", "a3"])
def test_a_sheet_never_scrolls_sideways_on_a_screen(
    browser: Browser, address: str, size: str, paper: str
) -> None:
    for page in watched(browser, SIZES[size]):
        opened(page, f"{address}{SHEET}&paper={paper}&against=year", 2)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        wide = page.locator(".paper").evaluate("paper => paper.getBoundingClientRect().width")
        assert wide > 0.9 * min(SIZES[size]["width"], 1_000), "and is as wide as the screen"


@pytest.mark.parametrize("paper", ["a4", "a3"])
def test_a_printed_sheet_can_be_pointed_at(
    browser: Browser, address: str, tmp_path: Path, paper: str
) -> None:
    reader = need(shutil.which("pdftotext"), "poppler-utils")
    for page in watched(browser, SIZES["desktop"]):
        opened(page, f"{address}{SHEET}&paper={paper}")
        assert page.locator(".leaflet-control-scale-line").inner_text().endswith("m")
        expect(page.locator(".north")).to_have_text("北")
        assert page.locator(".code").count() > 8
        made = tmp_path / "sheet.pdf"
        page.pdf(path=made, prefer_css_page_size=True)
        assert len(re.findall(rb"/MediaBox", made.read_bytes())) == 1
        done = subprocess.run([reader, "-layout", made, "-"], capture_output=True, check=True)
        told = re.sub(r"\s+", "", done.stdout.decode())
        for wanted in (
            "林道カメラ0 45.0 (29.7–65.5)",
            "48287690",
            "95％区間",
            "出典：五島市",
            "GSHHG",
            "作成2026/11/23",
        ):
            assert wanted.replace(" ", "") in told, wanted


def test_no_name_stands_upon_another(browser: Browser, address: str) -> None:
    for page in watched(browser, SIZES["desktop"]):
        opened(page, f"{address}{SHEET}")
        boxes = [one.bounding_box() for one in page.locator(".called span, .code span").all()]
        found = [(b["x"], b["y"], b["x"] + b["width"], b["y"] + b["height"]) for b in boxes if b]
        assert len(found) > 12
        for no, one in enumerate(found):
            for other in found[no + 1 :]:
                apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] + 4
                assert apart or other[3] <= one[1] + 4, (one, other)
        called = page.locator(".called").count()
        left = page.locator("[data-unnamed]").inner_text()
        assert called + int(re.sub(r"\D", "", left) or 0) == 9, "those that can tell the species"
