"""Keeps the retained topics at the broker up to date, across restarts of gateway and broker.

Owns when topics are compared and which of them must be published. Publishes through the session that it
is given. Must not decide what the topics contain (`retained`, `homeassistant`), nor which are left over
(`audit`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from itertools import pairwise

import msgspec
from msgspec import Struct

from gateway.clock import Clock, utc_now
from gateway.config import Config
from gateway.config.people import person_of
from gateway.domain.model import Kind
from gateway.domain.outcome import Outcome
from gateway.export.topics.audit import OwnTopics, notice_prefixes
from gateway.export.topics.homeassistant import declarations
from gateway.export.topics.publishing import PublishingSession
from gateway.export.topics.retained import RetainedState, is_alert, last_payload, retained_topics
from gateway.mqtt.own_topics import names
from gateway.mqtt.own_topics.reading import NotReadableError, read_retained
from gateway.store import DiskError, Reader, Store
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)

GATHER_S = 2.0  # changes that are not urgent are collected this long
CHECK_EVERY_S = 30.0  # a device becomes silent without any message
RETRY_S = 3.0  # between attempts while the broker does not accept everything
DECLARATIONS_S = 1.0  # from the end of declarations to the end of the states that they name
CONNECTED_S = 0.2  # between two looks whether there is a connection
BETWEEN_PUBLISHES_S = 0.02  # at most 50 publishes per second
URGENT_KINDS = (Kind.SPRUNG, Kind.SET, Kind.TAMPER)


AUDITS = 2  # after a change: a message to a removed channel may have been under way


class Wanted(Struct, frozen=True):
    """What shall be retained, from one look at the database."""

    topics: dict[str, bytes]
    open_alerts: frozenset[str]
    notices: frozenset[str]  # prefixes of people's channels


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
        self._notices: frozenset[str] | None = None  # prefixes of channels, present and earlier
        self._removed: frozenset[str] = frozenset()  # those that must still be looked at
        self._audits_due, self._audit_error = 0, ""
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Publish changes until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="retained topics: follow the feed")
            while True:
                await self._wait(await self._update())

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

    async def _update(self) -> float:
        """Publish all changes; gives how long to wait for the next time."""
        counters = self._session.counters
        if not counters.connected:
            return CONNECTED_S
        if counters.connections != self._connection:
            self._connection, self._published = counters.connections, {}
            self._audits_due = AUDITS
        try:
            is_last = self._audits_due == 1
            is_audited = await self._audit() if self._audits_due else False
            wanted = await self._store.read(self._wanted)
            is_complete = await self._send(wanted.topics)
            await self._note_channels(wanted.notices, forget=is_audited and is_last)
        except (TimeoutError, DiskError) as error:
            log.debug("retained topics are not up to date: %s", error)
            return RETRY_S
        return CHECK_EVERY_S if is_complete else 0.0

    async def _audit(self) -> bool:
        """Delete what the broker retains under our topics and the database does not want.

        First the broker is asked, then the database: what has begun meanwhile is no ghost. False: the
        broker could not be asked.
        """
        site = self._config.site.name
        earlier = await self._earlier_channels()
        own = OwnTopics(site, self._config.homeassistant.discovery_prefix, earlier)
        self._audits_due -= 1
        try:
            retained = await read_retained(self._config.mqtt, site, own.filters())
        except NotReadableError as error:
            level = logging.DEBUG if str(error) == self._audit_error else logging.WARNING
            log.log(level, "what the broker retains cannot be compared: %s", error)
            self._audit_error = str(error)
            return False
        self._audit_error = ""
        wanted = await self._store.read(self._wanted)
        ghosts = own.ghosts(retained, wanted.topics, wanted.open_alerts, wanted.notices)
        for topic in ghosts:
            log.info("deleting %s: the broker retained it and it is over", topic)
            self._published.pop(topic, None)
        if ghosts:
            await self._note(await self._known() | set(ghosts))  # `_send` deletes them
        self._published |= {
            topic: payload for topic, payload in retained.items() if topic in wanted.topics
        }
        return True

    def _wanted(self, reader: Reader) -> Wanted:
        site = self._config.site.name
        site_state = RetainedState(
            site,
            self._clock(),
            reader.devices(),
            reader.states(),
            reader.open_alerts(),
            self._config.dashboard.public_url,
        )
        settings = self._config.homeassistant
        more = declarations(site_state, settings.discovery_prefix) if settings.enabled else {}
        kept = reader.people.kept()
        people = map(person_of, self._config.people) if kept is None else kept.values()
        return Wanted(
            retained_topics(site_state) | more,
            frozenset(alert.id for alert in site_state.alerts),
            notice_prefixes(people, site),
        )

    async def _earlier_channels(self) -> frozenset[str]:
        if self._notices is None:
            text = await self._store.read(lambda reader: reader.setting(SettingKey.NOTICE_PREFIXES))
            self._notices = frozenset(msgspec.json.decode(text, type=list[str]) if text else ())
        return self._notices

    async def _note_channels(self, present: frozenset[str], *, forget: bool) -> None:
        """Remember channels, so that what a removed one leaves is deleted; then forget it."""
        earlier = await self._earlier_channels()
        removed = earlier - present
        if removed != self._removed:
            self._removed, forget = removed, False
            if removed:
                self._audits_due = AUDITS
                self._changed.set()
        kept = present if forget else earlier | present
        if kept != earlier:
            text = msgspec.json.encode(sorted(kept)).decode()
            await self._store.write(lambda tx: tx.put_setting(SettingKey.NOTICE_PREFIXES, text))
            self._notices = kept

    async def _send(self, wanted: dict[str, bytes]) -> bool:
        """Publish changed topics, alerts first, and delete those that are no longer wanted.

        Each topic is noted in the store before it is published, so that a later run can delete it, also
        under another name of the site; our status is noted for that too. False: something changed before
        all were sent, and a new alert must not wait behind a thousand states.
        """
        site = self._config.site.name
        known, ours = await self._known(), {names.status(site), *wanted}
        if not known >= ours:
            known = await self._note(known | ours)
        alerts = {topic: payload for topic, payload in wanted.items() if is_alert(topic, site)}
        for topic, payload in alerts.items():
            await self._publish(topic, payload)
        gone = known - ours
        if not await self._delete(gone):
            return False
        for topic, payload in wanted.items():
            if self._changed.is_set():
                return False
            await self._publish(topic, payload)
        if gone:
            await self._note(ours)
        return True

    async def _delete(self, topics: Iterable[str]) -> bool:
        """Delete declarations first: a hub must not read the end of a state as a state.

        False: something changed before all were deleted.
        """
        present = [topic for topic in topics if self._published.get(topic) != b""]
        ordered = sorted(present, key=lambda topic: (not topic.endswith("/config"), topic))
        for before, topic in pairwise(["", *ordered]):
            if self._changed.is_set():
                return False
            if before.endswith("/config") and not topic.endswith("/config"):
                await asyncio.sleep(DECLARATIONS_S)
            if last := last_payload(topic):
                await self._publish(topic, last)
            await self._publish(topic, b"")
        return True

    async def _publish(self, topic: str, payload: bytes) -> None:
        """Publish what has changed since it was last published in this connection."""
        if self._published.get(topic) == payload:
            return
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
