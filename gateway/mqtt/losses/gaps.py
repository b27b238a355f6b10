"""Windows in which messages may be missing: found, noted durably, told, and marked at the traps.

Owns the memory of our session with the broker over restarts. What follows from it: `gapmemory`. It is a
`Witness` of the MQTT session; must not connect.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

import msgspec

from gateway.clock import Clock
from gateway.domain.epoch import from_ms, ms
from gateway.domain.model import Device, DeviceState, Role
from gateway.domain.outcome import Outcome
from gateway.domain.trap_lifecycle import unconfirmed_since
from gateway.mqtt.losses import gap_memory
from gateway.mqtt.losses.gap_memory import Why, Window
from gateway.mqtt.session import Counters
from gateway.store import DiskError, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)
NOTE_S = 600.0  # between two notes of when the broker was heard
RETRY_S = 5.0  # while the disk refuses
WAIT_S = 5.0  # that a connection waits for its note
REPORTED = {Why.FORGOTTEN: timedelta(hours=24), Why.DROPPED: timedelta(hours=1)}
PARTS = {Why.FORGOTTEN: "gap", Why.DROPPED: "drops"}

Resends = Callable[[Device, DeviceState | None], bool]
"""Whether a device itself keeps each message until the gateway has confirmed it."""


class Gaps:
    """For one store and one session."""

    def __init__(
        self, store: Store, feed: Feed, clock: Clock, zone: tzinfo, resends: Resends
    ) -> None:
        self._store, self._feed, self._clock = store, feed, clock
        self._zone, self._resends = zone, resends
        self._memory = gap_memory.decode(
            store.read_now(lambda r: r.setting(SettingKey.BROKER_MEMORY))
        )
        self._noted = self._memory  # what the disk has
        self._unmarked: list[Window] = []  # windows whose traps are not marked yet
        self._doubtful = self._memory.connecting  # an earlier run ended before it noted an answer
        self._started: datetime | None = None  # the broker, by its own word
        self._is_first_count = True  # since we connected
        self._counters = Counters()
        self._news = asyncio.Event()
        if newest := store.read_now(lambda r: r.newest_receipt()):
            self._heard(newest)

    def follow(self, counters: Counters) -> None:
        """The session whose counters tell when the broker was heard."""
        self._counters = counters

    def faults(self) -> dict[str, str]:
        """The windows that are news, for the rules."""
        now, found = self._clock(), {}
        for window in self._memory.windows:
            if now - from_ms(window.end_ms) <= REPORTED[window.why]:
                found[PARTS[window.why]] = self._text(window)
        return found

    # -- Witness ------------------------------------------------------------------------------

    async def connecting(self) -> None:
        """Note, before the broker can make a new session, that its answer is not known yet."""
        if not self._memory.heard_ms:
            return
        self._hear()
        self._memory = msgspec.structs.replace(self._memory, connecting=True)
        if self._noted.connecting:
            return
        try:
            async with asyncio.timeout(WAIT_S):
                await self._note()
        except (DiskError, TimeoutError) as error:
            log.debug("not noted that we connect: %s", error)

    def not_connected(self) -> None:
        """The attempt failed: the broker has not answered."""
        self._memory = msgspec.structs.replace(self._memory, connecting=False)

    def connected(
        self, at: datetime, *, remembered: bool, taken_since: datetime | None = None
    ) -> None:
        """The broker has answered; what was missed is noted soon."""
        was = self._memory
        gap: Window | None = None
        if was.heard_ms and (self._doubtful or taken_since or not remembered):
            start_ms = min(was.heard_ms, ms(taken_since or at))
            gap = Window(Why.FORGOTTEN, start_ms, ms(at))
            self._unmarked.append(gap)
            log.warning(
                "messages from %s may be missing: the broker has kept no session for us, or "
                "another program has read from it",
                self._text(gap),
            )
        self._memory = gap_memory.connected(was, at, gap)
        self._doubtful, self._is_first_count = False, True
        self._news.set()

    # -- the broker's own numbers -------------------------------------------------------------

    def broker_says(self, what: str, value: float) -> None:
        """A number of `mqtt_broker`: uptime and dropped messages matter here."""
        now = self._clock()
        if what == "uptime_s":
            self._started = now - timedelta(seconds=min(value, 1e9))
        elif what == "dropped":
            self._count(value, now)

    def _count(self, value: float, now: datetime) -> None:
        was = self._memory
        lost = gap_memory.lost_since(was, value, self._started)
        self._memory = gap_memory.counted(was, value, now, lost)
        if lost > 0:
            window = Window(Why.DROPPED, was.dropped_ms, ms(now), lost)
            log.warning("the broker has dropped messages: %s", self._text(window))
            if self._is_first_count:  # while we were away: perhaps ours
                self._unmarked.append(window)
        if lost > 0 or self._is_first_count:
            self._news.set()
        self._is_first_count = False

    # -- notes --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Note what is new, and from time to time when the broker was heard; until cancelled."""
        try:
            while True:
                is_noted = self._memory.windows == self._noted.windows
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(NOTE_S if is_noted else RETRY_S):
                        await self._news.wait()
                self._news.clear()
                await self._try_to_note()
        finally:
            await self._try_to_note()

    async def _try_to_note(self) -> None:
        self._hear()
        try:
            await self._note()
        except DiskError as error:
            log.debug("the broker's memory waits for the disk: %s", error)

    async def _note(self) -> None:
        memory, fresh = self._memory, list(self._unmarked)
        if memory == self._noted and not fresh:
            return

        def act(tx: Transaction) -> None:
            tx.put_setting(SettingKey.BROKER_MEMORY, gap_memory.encode(memory))
            for window in fresh:
                tx.put_states(doubted(tx, window, self._resends))

        await self._store.write(act)
        self._noted = memory
        self._unmarked = self._unmarked[len(fresh) :]
        if fresh:
            self._feed.tell(Outcome())

    def _hear(self) -> None:
        if self._counters.heard_at:
            self._heard(self._counters.heard_at)

    def _heard(self, at: datetime) -> None:
        if self._memory.heard_ms:
            later = max(self._memory.heard_ms, ms(at))
            self._memory = msgspec.structs.replace(self._memory, heard_ms=later)

    def _text(self, window: Window) -> str:
        """From when to when, in the site's time; a day that is not today is named."""
        start, end = (from_ms(at).astimezone(self._zone) for at in (window.start_ms, window.end_ms))
        today = self._clock().astimezone(self._zone).date()
        texts = [
            f"{at:%H:%M}" if at.date() == today else f"{at:%m-%d %H:%M}" for at in (start, end)
        ]
        number = f"{window.count:.0f}, " if window.count else ""
        return number + "-".join(texts)


def doubted(tx: Transaction, window: Window, resends: Resends) -> list[DeviceState]:
    """The states of traps whose messages of a window may be missing for ever."""
    found = []
    for id_, state in tx.states.items():
        device = tx.devices.get(id_)
        if device is None or device.role is not Role.TRAP or resends(device, state):
            continue
        before = unconfirmed_since(state)
        start_ms = min(window.start_ms, ms(before)) if before else window.start_ms
        found.append(msgspec.structs.replace(state, unconfirmed=(start_ms, window.end_ms)))
    return found
