"""Which traps one page of the list shows: own traps, search by name, order and page numbers. PURE.

Owns whose traps are listed, the search and the size of a page; the order is that of their needs (`need`).
Must not render anything.
"""

import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from dashboard.live.device_view import DeviceView
from dashboard.live.need import RANK, need_of
from gateway.domain.model import Role
from gateway.domain.people.permissions import Access, Detail, Resource

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
    only_own: bool = False
    has_own: bool = False  # the reader has traps of their own, and can choose

    @property
    def first(self) -> int:
        """The number of the first trap on this page, from 1."""
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """The number of the last trap on this page."""
        return self.first + len(self.traps) - 1


def list_traps(
    devices: Sequence[DeviceView],
    query: str,
    page: int,
    access: Access | None = None,
    *,
    only_own: bool = False,
) -> Listing:
    """The traps that match all words of `query`, the neediest first; a page after the last is the last.

    `only_own`: of a reader who has places of their own, only the traps there.
    """
    words, has_own = _plain(query).split(), access is not None and has_places(access)
    only_own = only_own and has_own
    found = sorted(
        (
            one
            for one in devices
            if one.role is Role.TRAP
            and _matches(one, words)
            and not (only_own and access and not is_mine(one, access))
        ),
        key=lambda one: RANK[need_of(one)],
    )
    pages = max(1, -(-len(found) // PAGE_SIZE))
    page = min(max(page, 1), pages)
    start = (page - 1) * PAGE_SIZE
    listed = found[start : start + PAGE_SIZE]
    return Listing(listed, len(found), page, pages, query, only_own, has_own)


def has_places(access: Access) -> bool:
    """Whether some traps are the reader's own and others are not."""
    return bool(access.places) and access.sees(Resource.LIVE) in {Detail.OWN, Detail.EXACT}


def is_mine(trap: DeviceView, access: Access) -> bool:
    """Whether a trap is one of the reader's own; a 5 km square in place of devices is not."""
    return not trap.traps and access.is_own(trap.id, trap.area)


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
