"""What other people's programs read from a PDF file: its text, its fonts, its pages (poppler)."""

import re
import shutil
import subprocess

from tests.support.servers import need


def text(pdf: bytes, *options: str) -> str:
    """The text as pdftotext gives it."""
    return _told("pdftotext", pdf, *options, "-", "-")


def words(pdf: bytes) -> str:
    """The text without spaces and ends of lines, which depend on how it is laid out."""
    return re.sub(r"\s", "", text(pdf))


def pages(pdf: bytes) -> list[str]:
    """The text of each page."""
    return text(pdf, "-layout").split("\f")[:-1]


def embedded(pdf: bytes) -> dict[str, bool]:
    """Each font, and whether it is embedded and has the way back to characters."""
    lines = _told("pdffonts", pdf, "-").splitlines()[2:]
    return {line.split()[0]: re.search(r" yes +(yes|no) +yes ", line) is not None for line in lines}


def dots(pdf: bytes, page: int = 1) -> tuple[int, int, bytes]:
    """A page as width, height and RGB bytes, a pixel for each point."""
    size = ("-r", "72", "-f", str(page), "-l", str(page), "-singlefile", "-")
    program = need(shutil.which("pdftoppm"), "poppler-utils")
    ppm = subprocess.run([program, *size], input=pdf, capture_output=True, check=True).stdout
    head = ppm.split(b"\n", 3)
    width, height = map(int, head[1].split())
    return width, height, head[3]


def _told(program: str, pdf: bytes, *arguments: str) -> str:
    path = need(shutil.which(program), "poppler-utils")
    done = subprocess.run([path, *arguments], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()
