"""Publishes what happens at devices, each event once, for programs that react to it.

Owns the topic ``shishigaki/v1/{site}/{device}/event``: QoS 1, not retained. A program that was away does
not receive what it missed: the state topics have the present state. Must not decide what counts as an event.
"""

import asyncio
import logging
from collections import deque
from datetime import datetime, timedelta

import msgspec

from gateway.clock import Clock, utc_now
from gateway.domain.model import Device, Event, Kind, Standing
from gateway.export.topics.payloads import VERSION, EventPayload
from gateway.export.topics.publishing import PublishingSession
from gateway.mqtt.own_topics import names
from gateway.store import DiskError, Store
from gateway.store.feed import Feed

log = logging.getLogger(__name__)

KINDS = frozenset({Kind.SPRUNG, Kind.SET, Kind.TAMPER, Kind.DETECTION})
MOST_WAITING = 1_000  # events; with more the oldest are dropped
LATEST = timedelta(hours=1)  # an older event is history: no lamp must go on for it
_encode = msgspec.json.Encoder(order="sorted").encode


class EventPublisher:
    """The events of one gateway."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        session: PublishingSession,
        site: str,
        clock: Clock = utc_now,
    ) -> None:
        self._store, self._feed, self._session = store, feed, session
        self._site, self._clock = site, clock
        self._waiting: deque[Event] = deque(maxlen=MOST_WAITING)
        self._came = asyncio.Event()

    async def run(self) -> None:
        """Publish until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="event topics: follow the feed")
            while True:
                await self._came.wait()
                self._came.clear()
                await self._publish_all()

    async def _follow(self) -> None:
        with self._feed.listen() as outcomes:
            async for outcome in outcomes:
                now = self._clock()
                self._waiting.extend(
                    one for one in outcome.events if one.kind in KINDS and not is_late(one, now)
                )
                if self._waiting:
                    self._came.set()

    async def _publish_all(self) -> None:
        """What cannot be published is dropped: it would come too late."""
        try:
            ids = {event.device for event in self._waiting}
            devices = await self._store.read(lambda reader: reader.registered(ids))
            while self._waiting and self._waiting[0].device in ids:
                event = self._waiting.popleft()
                device = devices.get(event.device)
                if device and device.standing is Standing.APPROVED:
                    topic = names.event(self._site, device.id)
                    await self._session.publish(topic, payload(event, device), qos=1)
        except (TimeoutError, PermissionError, DiskError) as error:
            log.debug("an event was not published: %s", error)


def payload(event: Event, device: Device) -> bytes:
    """What is said of an event."""
    return _encode(
        EventPayload(
            v=VERSION,
            event_type=event.kind,
            id=event.id,
            device=device.id,
            name=device.label,
            observed_at=event.observed_at,
            received_at=event.received_at,
            time_quality=event.time_quality,
            species=event.species,
            count=event.count,
        )
    )


def is_late(event: Event, now: datetime) -> bool:
    """Whether an event is history."""
    return event.observed_at < now - LATEST
