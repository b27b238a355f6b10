"""Finds names from outside in a page that could move the text beside them."""

from collections.abc import Iterator
from html.parser import HTMLParser

from gateway.words.visible import END, ISOLATE

ALONE = frozenset({"title", "option", "textarea", "script", "style"})  # their text has no neighbour
EMPTY = frozenset({"input", "br", "meta", "link", "img", "hr", "use", "rect", "circle", "path"})


class Unisolated(HTMLParser):
    """Collects the texts that hold a mark outside of <bdi> and of Unicode's isolates."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self._mark, self._open = mark, list[str]()
        self.found: list[str] = []
        self.marks = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.marks += data.count(self._mark)
        if "bdi" in self._open or ALONE & set(self._open):
            return
        if any(self._mark in outside for outside in outside_isolates(data)):
            self.found.append(f"{'>'.join(self._open)}: {data.strip()[:120]}")


def outside_isolates(text: str) -> Iterator[str]:
    """The parts of a text that no pair of isolates encloses."""
    depth, part = 0, ""
    for char in text:
        if char == ISOLATE:
            depth += 1
        elif char == END:
            depth = max(0, depth - 1)
        elif depth == 0:
            part += char
            continue
        yield part
        part = ""
    yield part
