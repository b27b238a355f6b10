"""The first sight after `make demo`: ``python -m tests.browser.demo.first_sight FOLDER``.

Starts a demo without any data, as a person would, and photographs its address 10, 40 and 120 seconds later.
Owns the pictures and what is read off each page. Needs chromium and a Japanese font.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from playwright.sync_api import Page, sync_playwright

from tests.support.screenshot import FLAGS
from tests.support.servers import free_port, listens

AT_S = (10.0, 40.0, 120.0)
SIZE = {"width": 1366, "height": 860}
GIVES_UP_S = 180.0


class Sight(Struct, frozen=True):
    """What a page showed."""

    at_s: float  # when it was asked for, after the start
    percent: int | None  # how much of the year is there; None: the live map
    months: int  # finished, in the table beside the progress
    traps: int  # on the first page of the list of traps
    unknown: int  # of those
    picture: Path


def photographs(folder: Path, times_s: tuple[float, ...] = AT_S) -> list[Sight]:
    """Start a demo and look at it at these times."""
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError("chromium is not installed: sudo apt-get install chromium")
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        begun, port = time.monotonic(), free_port()
        with _demo(Path(data), port):
            found = []
            for at_s in times_s:
                time.sleep(max(0.0, begun + at_s - time.monotonic()))
                _wait_until_it_listens(port, begun)
                page = browser.new_page(viewport=SIZE, locale="ja-JP")  # type: ignore[arg-type]
                found.append(_look(page, port, at_s, folder))
                page.close()
        browser.close()
        return found


@contextmanager
def _demo(data: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "gateway.cli", "demo", "--no-browser"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--data", str(data / "demo")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_it_listens(port: int, begun: float) -> None:
    while not listens(port):
        if time.monotonic() - begun > GIVES_UP_S:
            raise RuntimeError(f"the demo does not answer after {GIVES_UP_S:.0f} s")
        time.sleep(0.2)


def _look(page: Page, port: int, at_s: float, folder: Path) -> Sight:
    page.goto(f"http://127.0.0.1:{port}/")
    progress = page.locator("main progress")
    seeding = progress.count() > 0
    if not seeding:
        page.wait_for_selector("body[data-coast=drawn]")
    picture = folder / f"first-sight-{at_s:03.0f}s.png"
    page.screenshot(path=picture)
    percent = int(progress.first.get_attribute("value") or 0) if seeding else None
    months = page.locator("main tbody tr").count() if seeding else 0
    page.goto(f"http://127.0.0.1:{port}/traps")
    traps = page.locator("table.traps tr[data-need]")
    unknown = page.locator("table.traps tr.condition-unknown")
    return Sight(at_s, percent, months, traps.count(), unknown.count(), picture)


def main() -> None:
    """Take the pictures; exit 1 with the reason."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for one in photographs(folder):
            made = "live" if one.percent is None else f"{one.percent} % of the year"
            traps = f"{one.traps} traps, {one.unknown} unknown"
            print(f"{one.at_s:g} s: {made}, {one.months} months, {traps}: {one.picture}")
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
