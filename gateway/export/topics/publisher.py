"""Keeps the retained topics at the broker up to date, across restarts of gateway and broker.

Owns when topics are compared and which of them must be published. Publishes through the session that it
is given. Must not decide what the topics contain (`retained`, `homeassistant`).
"""

import asyncio
import contextlib
import logging
from typing import Protocol

import msgspec

from gateway.clock import Clock, utc_now
from gateway.config import Config
from gateway.domain.model import Kind
from gateway.domain.outcome import Outcome
from gateway.export.topics.homeassistant import declarations
from gateway.export.topics.retained import RetainedState, retained_topics
from gateway.mqtt.session import Counters
from gateway.store import DiskError, Reader, Store
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)

GATHER_S = 2.0  # changes that are not urgent are collected this long
CHECK_EVERY_S = 30.0  # a device becomes silent without any message
RETRY_S = 3.0  # between attempts while the broker does not accept everything
BETWEEN_PUBLISHES_S = 0.02  # at most 50 publishes per second
URGENT_KINDS = (Kind.SPRUNG, Kind.SET, Kind.TAMPER)


class PublishingSession(Protocol):
    """The part of the MQTT session that publishing needs."""

    @property
    def counters(self) -> Counters:
        """The number of connections: after a new one the broker may have lost all retained topics."""

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Publish. Raises TimeoutError or PermissionError if the broker does not accept it."""


class TopicPublisher:
    """The retained topics of one gateway."""

    def __init__(
        self,
        store: Store,
        feed: Feed,
        session: PublishingSession,
        config: Config,
        clock: Clock = utc_now,
    ) -> None:
        self._store, self._feed, self._session, self._config = store, feed, session, config
        self._clock = clock
        self._connection = 0
        self._published: dict[str, bytes] = {}  # topic -> payload accepted in this connection
        self._retained: set[str] | None = None  # topics that may be retained; None: not yet read
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Publish changes until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="retained topics: follow the feed")
            while True:
                is_complete = await self._update()
                await self._wait(CHECK_EVERY_S if is_complete else RETRY_S)

    async def _follow(self) -> None:
        with self._feed.listen() as outcomes:
            later: asyncio.TimerHandle | None = None
            async for outcome in outcomes:
                if _is_urgent(outcome):
                    self._changed.set()
                elif later is None or later.when() <= asyncio.get_running_loop().time():
                    later = asyncio.get_running_loop().call_later(GATHER_S, self._changed.set)

    async def _wait(self, longest_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._changed.wait()
        self._changed.clear()

    async def _update(self) -> bool:
        """Publish all changes; False if the broker did not accept everything."""
        counters = self._session.counters
        if not counters.connected:
            return False
        if counters.connections != self._connection:
            self._connection, self._published = counters.connections, {}
        try:
            wanted = await self._store.read(self._wanted)
            await self._send(wanted)
        except (TimeoutError, DiskError) as error:
            log.debug("retained topics are not up to date: %s", error)
            return False
        return True

    def _wanted(self, reader: Reader) -> dict[str, bytes]:
        site_state = RetainedState(
            self._config.site.name,
            self._clock(),
            reader.devices(),
            reader.states(),
            reader.open_alerts(),
        )
        settings = self._config.homeassistant
        more = declarations(site_state, settings.discovery_prefix) if settings.enabled else {}
        return retained_topics(site_state) | more

    async def _send(self, wanted: dict[str, bytes]) -> None:
        """Publish changed topics and delete those that are no longer wanted.

        Each topic is noted in the store before it is published, so that a later run can delete it.
        """
        known = await self._known()
        if not known >= wanted.keys():
            known = await self._note(known | wanted.keys())
        gone = sorted(known - wanted.keys())
        for topic in gone:
            await self._publish(topic, b"")
        for topic, payload in wanted.items():
            if self._published.get(topic) != payload:
                await self._publish(topic, payload)
        if gone:
            await self._note(set(wanted))

    async def _publish(self, topic: str, payload: bytes) -> None:
        try:
            await self._session.publish(topic, payload, qos=1, retain=True)
        except PermissionError as error:
            log.warning("%s: %s", topic, error)  # tried again only after a new connection
        self._published[topic] = payload
        await asyncio.sleep(BETWEEN_PUBLISHES_S)

    async def _known(self) -> set[str]:
        if self._retained is None:
            text = await self._store.read(lambda reader: reader.setting(SettingKey.RETAINED_TOPICS))
            self._retained = set(msgspec.json.decode(text, type=list[str])) if text else set()
        return self._retained

    async def _note(self, topics: set[str]) -> set[str]:
        text = msgspec.json.encode(sorted(topics)).decode()
        await self._store.write(lambda tx: tx.put_setting(SettingKey.RETAINED_TOPICS, text))
        self._retained = topics
        return topics


def _is_urgent(outcome: Outcome) -> bool:
    """Whether displays must show it at once."""
    alert_changes = outcome.opened or outcome.ended or outcome.changed
    return bool(alert_changes) or any(event.kind in URGENT_KINDS for event in outcome.events)
