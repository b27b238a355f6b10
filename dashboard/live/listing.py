"""Which traps one page of the list shows: search by name and page numbers. PURE.

Owns the search and the size of a page. Must not render anything.
"""

import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from dashboard.live.device_view import DeviceView
from gateway.domain.model import Role

PAGE_SIZE = 100  # traps; about 8 kB compressed
MAX_QUERY = 60  # characters of a search
MAX_PAGE = 9_999


class Listing(Struct, frozen=True):
    """One page of the traps that were found."""

    traps: Sequence[DeviceView]
    found: int  # traps that match the search, on all pages
    page: int  # from 1
    pages: int
    query: str

    @property
    def first(self) -> int:
        """The number of the first trap on this page, from 1."""
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """The number of the last trap on this page."""
        return self.first + len(self.traps) - 1


def list_traps(devices: Sequence[DeviceView], query: str, page: int) -> Listing:
    """The traps that match all words of `query`, in their order; a page after the last is the last."""
    words = _plain(query).split()
    found = [one for one in devices if one.role is Role.TRAP and _matches(one, words)]
    pages = max(1, -(-len(found) // PAGE_SIZE))
    page = min(max(page, 1), pages)
    start = (page - 1) * PAGE_SIZE
    return Listing(found[start : start + PAGE_SIZE], len(found), page, pages, query)


def clean_query(text: str) -> str:
    """What was typed, without control characters, at most MAX_QUERY characters."""
    return "".join(c for c in text if c.isprintable())[:MAX_QUERY].strip()


def clean_page(text: str) -> int:
    """The number of a page; 1 if it is none."""
    return min(int(text), MAX_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _matches(device: DeviceView, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = _plain(f"{device.name} {device.id} {device.area}")
    return all(word in text for word in words)


def _plain(text: str) -> str:
    """Full and half width, upper and lower case are the same to somebody who searches."""
    return unicodedata.normalize("NFKC", text).casefold()
