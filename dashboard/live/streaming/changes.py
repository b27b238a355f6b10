"""The events of one stream: what changed for its view, and a sign of life when nothing did.

Owns when an event is sent. Equal views that go from one version to the next share one event.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from msgspec.structs import replace

from dashboard.live.panels import Panels, Shown, View
from dashboard.live.snapshot import Snapshot
from dashboard.live.streaming.differences import difference, encoded
from dashboard.live.streaming.stream import Payload
from dashboard.live.updates import Live
from gateway.domain.people.permissions import Access

Ask = Callable[[], Awaitable[Access]]
TICK_S = 14.0  # without news; MAX_AGE_S of `updates` wakes every stream about so often


class Changes:
    """Events for any number of streams. Belongs to one event loop."""

    def __init__(self, live: Live, panels: Panels) -> None:
        self._live, self._panels = live, panels
        self._version = ""
        self._events: dict[tuple[str, View], Payload | None] = {}  # from a version to the newest

    async def events(self, since: str, view: View, access_now: Ask) -> AsyncIterator[Payload]:
        """What changed after version `since`, until the reader may see something else.

        The first event comes at once.
        """
        loop = asyncio.get_running_loop()
        version, snapshot = await self._live.snapshot()
        if since == version:
            self._panels.show(version, snapshot, view)
        known = self._panels.known(since, view)
        yield self._event(since, known, version, snapshot, view) or _tick(version, snapshot)
        sent_s, since = loop.time(), version
        known = self._panels.show(version, snapshot, view)
        async for version, snapshot in self._live.changes(since):
            if replace(await access_now(), name="") != view.access:
                return
            payload = self._event(since, known, version, snapshot, view)
            since, known = version, self._panels.show(version, snapshot, view)
            if payload is None and loop.time() - sent_s >= TICK_S:
                payload = _tick(version, snapshot)
            if payload is not None:
                yield payload
                sent_s = loop.time()

    def _event(
        self, since: str, known: Shown | None, version: str, snapshot: Snapshot, view: View
    ) -> Payload | None:
        """The event from one version to another, made once for all streams; None: nothing changed."""
        if version != self._version:
            self._version, self._events = version, {}
        key = (since if known else "", view)
        if key not in self._events:
            change = difference(known, self._panels.show(version, snapshot, view))
            event = encoded("look", version, snapshot.at, change) if change else None
            self._events[key] = Payload(event) if event else None
        return self._events[key]


def _tick(version: str, snapshot: Snapshot) -> Payload:
    return Payload(encoded("tick", version, snapshot.at, {}))
