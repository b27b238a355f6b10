"""The display: keeps the broker's retained topics as the board says, across restarts on either side.

Owns when to look and what is still to be sent. Sends through the session it is given; must not decide
what stands on the board (`board`, `homeassistant`).
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
from gateway.export.topics.retained import RetainedState, notices
from gateway.mqtt.session import Counters
from gateway.store import DiskError, Reader, Store
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)

CALM_S = 2.0  # news that nobody waits for is gathered this long
LOOK_S = 30.0  # silence comes without a message
AGAIN_S = 3.0  # until the next attempt with a broker that did not take everything
PAUSE_S = 0.02  # between two publishes: at most 50 a second, whatever happens
URGENT = (Kind.SPRUNG, Kind.SET, Kind.TAMPER)


class PublishingSession(Protocol):
    """What the display needs of the MQTT session."""

    @property
    def counters(self) -> Counters:
        """To see a new connection: the broker may have forgotten everything."""

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        """Send; TimeoutError or PermissionError when the broker does not take it."""


class TopicPublisher:
    """One gateway's retained topics."""

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
        self._shown: dict[str, bytes] = {}  # what this connection has taken
        self._hung_out: set[str] | None = None  # None: not yet read
        self._stirred = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="display: follow the feed")
            while True:
                settled = await self._once()
                await self._rest(LOOK_S if settled else AGAIN_S)

    async def _follow(self) -> None:
        with self._feed.listen() as outcomes:
            calm: asyncio.TimerHandle | None = None
            async for outcome in outcomes:
                if _is_urgent(outcome):
                    self._stirred.set()
                elif calm is None or calm.when() <= asyncio.get_running_loop().time():
                    calm = asyncio.get_running_loop().call_later(CALM_S, self._stirred.set)

    async def _rest(self, longest_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._stirred.wait()
        self._stirred.clear()

    async def _once(self) -> bool:
        """Bring the broker up to date; False if it did not take everything."""
        counters = self._session.counters
        if not counters.connected:
            return False
        if counters.connections != self._connection:
            self._connection, self._shown = counters.connections, {}
        try:
            wanted = await self._store.read(self._wanted)
            await self._send(wanted)
        except (TimeoutError, DiskError) as error:
            log.debug("the board is behind: %s", error)
            return False
        return True

    def _wanted(self, reader: Reader) -> dict[str, bytes]:
        scene = RetainedState(
            self._config.site.name, self._clock(), reader.devices(), reader.states(),
            reader.open_alerts(),
        )  # fmt: skip
        settings = self._config.homeassistant
        more = declarations(scene, settings.discovery_prefix) if settings.enabled else {}
        return notices(scene) | more

    async def _send(self, wanted: dict[str, bytes]) -> None:
        """What is gone is taken down, even by a later run: it is noted before it is hung out."""
        known = await self._known()
        if not known >= wanted.keys():
            known = await self._note(known | wanted.keys())
        gone = sorted(known - wanted.keys())
        for topic in gone:
            await self._publish(topic, b"")
        for topic, payload in wanted.items():
            if self._shown.get(topic) != payload:
                await self._publish(topic, payload)
        if gone:
            await self._note(set(wanted))

    async def _publish(self, topic: str, payload: bytes) -> None:
        try:
            await self._session.publish(topic, payload, qos=1, retain=True)
        except PermissionError as error:
            log.warning("%s: %s", topic, error)  # asked again only after a new connection
        self._shown[topic] = payload
        await asyncio.sleep(PAUSE_S)

    async def _known(self) -> set[str]:
        if self._hung_out is None:
            text = await self._store.read(lambda reader: reader.setting(SettingKey.RETAINED_TOPICS))
            self._hung_out = set(msgspec.json.decode(text, type=list[str])) if text else set()
        return self._hung_out

    async def _note(self, topics: set[str]) -> set[str]:
        text = msgspec.json.encode(sorted(topics)).decode()
        await self._store.write(lambda tx: tx.put_setting(SettingKey.RETAINED_TOPICS, text))
        self._hung_out = topics
        return topics


def _is_urgent(outcome: Outcome) -> bool:
    """Whether somebody waits for it."""
    news = outcome.opened or outcome.ended or outcome.changed
    return bool(news) or any(event.kind in URGENT for event in outcome.events)
