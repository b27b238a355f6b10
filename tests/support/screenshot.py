"""The README's picture: ``python -m tests.support.screenshot OUT.png [--url http://127.0.0.1:8000]``.

Photographs the live map of a running dashboard (`make demo`), or of the tests' own small place when
no address is given. Needs chromium and a Japanese font.
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.dashboard.place import Place

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Take the picture; exit 1 with the reason when there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--url", default="", help="a running dashboard; empty: the tests' place")
    parser.add_argument("--path", default="/", help="which page")
    parser.add_argument("--lang", default="ja", choices=["ja", "en"])
    parser.add_argument("--size", default="1366x860", help="width x height of the window")
    given = parser.parse_args()
    program = shutil.which("chromium")
    if program is None:
        sys.exit("chromium is not installed: sudo apt-get install chromium fonts-noto-cjk")
    with _dashboard(given.url) as url:
        take(program, f"{url.rstrip('/')}{given.path}", given.out, given.lang, given.size)


def take(program: str, url: str, out: Path, language: str, size: str) -> None:
    """Photograph one page once it is drawn and on the air."""
    width, height = map(int, size.split("x"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(
            viewport={"width": width, "height": height}, locale=language, device_scale_factor=1.5
        )
        page.goto(url)
        page.wait_for_selector("#line[data-state=on]")
        if page.locator(".leaflet-container").count():
            page.wait_for_selector("body[data-coast=drawn]")
        page.screenshot(path=out)
        browser.close()


@contextlib.contextmanager
def _dashboard(url: str) -> Iterator[str]:
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as directory:
        place = Place(Path(directory)).settle()
        with place.served() as own:
            yield own
        place.store.close()


if __name__ == "__main__":
    main()
