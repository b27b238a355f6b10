"""Finds windows in which messages may be missing, saves and reports them, and marks the traps.

Owns the saved data about our session with the broker (`gap_memory` decides). Is the `ConnectionListener`
of the MQTT session. Must not connect.
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
from gateway.mqtt.losses.gap_memory import LossCause, LossWindow
from gateway.mqtt.session import Counters
from gateway.store import DiskError, Store, Transaction
from gateway.store.feed import Feed
from gateway.store.setting_keys import SettingKey

log = logging.getLogger(__name__)
NOTE_S = 600.0  # between two saves
RETRY_S = 5.0  # after a disk error
WAIT_S = 5.0  # a connection waits this long for a save
REPORTED = {LossCause.FORGOTTEN: timedelta(hours=24), LossCause.DROPPED: timedelta(hours=1)}
PARTS = {LossCause.FORGOTTEN: "gap", LossCause.DROPPED: "drops"}

Resends = Callable[[Device, DeviceState | None], bool]
"""Whether a device itself keeps each message until the gateway has confirmed it."""


class Gaps:
    """The windows of one session, saved in one store."""

    def __init__(
        self, store: Store, feed: Feed, clock: Clock, zone: tzinfo, resends: Resends
    ) -> None:
        self._store, self._feed, self._clock = store, feed, clock
        self._zone, self._resends = zone, resends
        self._memory = gap_memory.decode(
            store.read_now(lambda r: r.setting(SettingKey.BROKER_MEMORY))
        )
        self._saved = self._memory  # what is saved
        self._unmarked: list[LossWindow] = []  # windows for which traps are not marked yet
        self._doubtful = self._memory.connecting  # an earlier run ended before it saved the result
        self._started: datetime | None = None  # when the broker started, by its uptime
        self._is_first_count = True  # since the connection
        self._kept_session = False  # at the connection the broker had our session
        self._before_ms = 0  # what it sent before this connection, it sent until then; 0: unknown
        self._counters = Counters()
        self._changed = asyncio.Event()
        if newest := store.read_now(lambda r: r.newest_receipt()):
            self._heard(newest)

    def follow(self, counters: Counters) -> None:
        """Use these counters to see when the broker last sent something."""
        self._counters = counters

    def faults(self) -> dict[str, str]:
        """The recent windows, for the rules."""
        now, found = self._clock(), {}
        for window in self._memory.windows:
            if now - from_ms(window.end_ms) <= REPORTED[window.why]:
                found[PARTS[window.why]] = self._text(window)
        return found

    # -- Witness ------------------------------------------------------------------------------

    async def connecting(self) -> None:
        """Save, before the broker can create a new session, that its answer is not known yet."""
        if not self._memory.heard_ms:
            return
        self._update_heard()
        self._memory = msgspec.structs.replace(self._memory, connecting=True)
        if self._saved.connecting:
            return
        try:
            async with asyncio.timeout(WAIT_S):
                await self._save()
        except (DiskError, TimeoutError) as error:
            log.debug("not noted that we connect: %s", error)

    def not_connected(self) -> None:
        """The attempt failed: the broker has not answered."""
        self._memory = msgspec.structs.replace(self._memory, connecting=False)

    def connected(
        self, at: datetime, *, remembered: bool, taken_since: datetime | None = None
    ) -> None:
        """The broker has accepted us; a gap is saved soon."""
        was = self._memory
        gap: LossWindow | None = None
        if was.heard_ms and (self._doubtful or taken_since or not remembered):
            start_ms = min(was.heard_ms, ms(taken_since or at))
            gap = LossWindow(LossCause.FORGOTTEN, start_ms, ms(at))
            self._unmarked.append(gap)
            log.warning(
                "messages from %s may be missing: the broker has kept no session for us, or "
                "another program has read from it",
                self._text(gap),
            )
        self._kept_session, self._before_ms = remembered, was.heard_ms
        self._memory = gap_memory.connected(was, at, gap)
        self._doubtful, self._is_first_count = False, True
        self._changed.set()

    # -- the broker's own numbers -------------------------------------------------------------

    def broker_says(self, what: str, value: float) -> None:
        """A number from `broker_stats`; uptime and dropped messages are used."""
        now = self._clock()
        if what == "uptime_s":
            self._started = now - timedelta(seconds=min(value, 1e9))
        elif what == "dropped":
            self._count(value, now)

    def _count(self, value: float, now: datetime) -> None:
        was = self._memory
        lost = gap_memory.lost_since(was, value, self._started, kept_session=self._kept_session)
        since_ms = was.dropped_ms or self._before_ms or ms(self._started or now)
        window = LossWindow(LossCause.DROPPED, since_ms, ms(now), lost) if lost > 0 else None
        self._memory = gap_memory.counted(was, value, now, window)
        if window:
            log.warning("the broker has dropped messages: %s", self._text(window))
            if self._is_first_count:  # dropped while we were away: they may be ours
                self._unmarked.append(window)
        if lost > 0 or self._is_first_count:
            self._changed.set()
        self._is_first_count = False

    # -- notes --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Save changes, and now and then when the broker last sent something; until cancelled."""
        try:
            while True:
                is_saved = self._memory.windows == self._saved.windows
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(NOTE_S if is_saved else RETRY_S):
                        await self._changed.wait()
                self._changed.clear()
                await self._try_to_save()
        finally:
            await self._try_to_save()

    async def _try_to_save(self) -> None:
        self._update_heard()
        try:
            await self._save()
        except DiskError as error:
            log.debug("the broker's memory waits for the disk: %s", error)

    async def _save(self) -> None:
        memory, fresh = self._memory, list(self._unmarked)
        if memory == self._saved and not fresh:
            return

        def act(tx: Transaction) -> None:
            tx.put_setting(SettingKey.BROKER_MEMORY, gap_memory.encode(memory))
            for window in fresh:
                tx.put_states(unconfirmed_states(tx, window, self._resends))

        await self._store.write(act)
        self._saved = memory
        self._unmarked = self._unmarked[len(fresh) :]
        if fresh:
            self._feed.tell(Outcome())

    def _update_heard(self) -> None:
        if self._counters.heard_at:
            self._heard(self._counters.heard_at)

    def _heard(self, at: datetime) -> None:
        if self._memory.heard_ms:
            later = max(self._memory.heard_ms, ms(at))
            self._memory = msgspec.structs.replace(self._memory, heard_ms=later)

    def _text(self, window: LossWindow) -> str:
        """The window as text in the site's time; with the date if it is not today."""
        start, end = (from_ms(at).astimezone(self._zone) for at in (window.start_ms, window.end_ms))
        today = self._clock().astimezone(self._zone).date()
        texts = [
            f"{at:%H:%M}" if at.date() == today else f"{at:%m-%d %H:%M}" for at in (start, end)
        ]
        number = f"{window.count:.0f}, " if window.count else ""
        return number + "-".join(texts)


def unconfirmed_states(tx: Transaction, window: LossWindow, resends: Resends) -> list[DeviceState]:
    """The changed states of traps whose messages in the window may be lost for ever."""
    found = []
    for id_, state in tx.states.items():
        device = tx.devices.get(id_)
        if device is None or device.role is not Role.TRAP or resends(device, state):
            continue
        before = unconfirmed_since(state)
        start_ms = min(window.start_ms, ms(before)) if before else window.start_ms
        found.append(msgspec.structs.replace(state, unconfirmed=(start_ms, window.end_ms)))
    return found
