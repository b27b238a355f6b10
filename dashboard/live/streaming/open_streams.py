"""The open streams of changes: bounded for each reader and in all.

Owns which stream is ended at the limit: the one of the page that has been open longest. That page asks
again when needed.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator

MAX_STREAMS = 128  # half of the connections to the pages
MAX_PER_READER = 12  # one session, or one address without a session


class StreamPlace:
    """One open stream."""

    def __init__(self, reader: str) -> None:
        self.reader = reader
        self.lets_go = asyncio.Event()


class OpenStreams:
    """All of them. Belongs to one event loop."""

    def __init__(self, most: int = MAX_STREAMS, per_reader: int = MAX_PER_READER) -> None:
        self._most, self._per_reader = most, per_reader
        self._open: dict[StreamPlace, None] = {}  # the oldest first
        self._count: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    @contextlib.contextmanager
    def place(self, reader: str) -> Iterator[StreamPlace]:
        """Make room for one more stream; another may be ended."""
        place = StreamPlace(reader)
        self._open[place] = None
        self._count[reader] += 1
        if self._count[reader] > self._per_reader:
            self._end_oldest(reader)
        elif len(self._open) > self._most:
            self._end_oldest(self._count.most_common(1)[0][0])
        try:
            yield place
        finally:
            self._remove(place)

    def _end_oldest(self, reader: str) -> None:
        oldest = next(one for one in self._open if one.reader == reader)
        self._remove(oldest)
        oldest.lets_go.set()

    def _remove(self, place: StreamPlace) -> None:
        if place in self._open:
            del self._open[place]
            self._count[place.reader] -= 1
            if not self._count[place.reader]:
                del self._count[place.reader]
