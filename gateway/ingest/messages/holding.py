"""Messages of devices that are not approved: held, dropped or counted. For one batch.

Owns which devices are new, how their messages are stored, and the captures of unapproved devices that
people must hear of. Runs inside a transaction of the writer; must not alert itself (`rules.unregistered`).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct, field

from gateway.alerts.rules.types import UnapprovedCaptures
from gateway.domain import timing
from gateway.domain.model import (
    Device,
    Event,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Standing,
    TimeQuality,
)
from gateway.domain.refused.held_limits import URGENT
from gateway.ingest.messages.discovery import propose
from gateway.ingest.messages.unread import test_detail
from gateway.store import Transaction
from gateway.store.tables.quarantine import SHARED, HoldRequest, Kept, StoredAs

# Times that do not date a retained message: they are not the device's own.
WITHOUT_TIME = frozenset((TimeQuality.RECEIVED, TimeQuality.UNTRUSTED))
_APPROVED = Standing.APPROVED  # looking a member up costs Python 3.11 a call
FLOOD_WINDOW = timedelta(hours=1)  # within it only a few unknown devices get an alert of their own


class HoldReason(Struct, frozen=True):
    """Why a device of a message does not count (yet)."""

    reason: RefusalReason
    detail: str
    urgent: bool = False  # the message reports a capture
    waits: bool = False  # the sender keeps it until it is confirmed


class Holding(Struct):
    """The messages of one batch that gave no event."""

    tx: Transaction
    clock_trusted: bool = True
    discovered: list[Device] = field(default_factory=list)
    no_events: Counter[tuple[str, str]] = field(default_factory=Counter)  # (device, reason)
    springs: dict[str, Event] = field(default_factory=dict)  # the first of each pending device
    unlisted: list[Event] = field(
        default_factory=list
    )  # captures of names for which the list had no room
    put_back: set[int] = field(
        default_factory=set
    )  # quarantine numbers of messages that are still refused

    def hold(self, message: Message, readings: Sequence[Reading]) -> dict[str, HoldReason]:
        """The devices of a message that do not count (yet), and why."""
        held: dict[str, HoldReason] = {}
        if readings and readings[0].simulated:
            return {
                one.device: HoldReason(RefusalReason.TEST, test_detail(one)) for one in readings
            }
        devices = self.tx.devices
        for reading in readings:
            address = reading.device
            device = devices.get(address)
            if (device and device.standing is _APPROVED) or address in held:
                continue
            own = [reading for reading in readings if reading.device == address]
            device = device or self.discover(propose(address, own), message)
            if device and device.standing is Standing.PENDING:
                self._list(address, message, is_registered=True)
            reason, detail = _reason(address, device)
            held[address] = HoldReason(
                reason,
                detail,
                any(reading.kind in URGENT for reading in own),
                any(reading.confirm_to for reading in own),
            )
            if reason is not RefusalReason.REVOKED:
                self._note_spring(message, own, is_listed=reason is RefusalReason.DEVICE)
        return held

    def discover(self, device: Device, message: Message) -> Device | None:
        """Add a pending device that nobody registered; None: the list has no room for its name."""
        if not self._list(device.id, message):
            return None
        self.tx.put_device(device)
        self.discovered.append(device)
        return device

    def refuse(
        self, message: Message, refused: MessageRefusedError, kept: Kept | None
    ) -> RefusalReason:
        """Store a message that no dialect could read; returns the reason that is counted."""
        offer, reason = refused.offer, refused.reason
        if offer and offer.id not in self.tx.devices and self.discover(offer, message) is None:
            reason = RefusalReason.NAMES
        elif reason is RefusalReason.MODEL and refused.device:
            reason = reason if self._list(refused.device, message) else RefusalReason.NAMES
        self.keep(message, refused.device, HoldReason(reason, refused.detail), kept)
        return reason

    def keep(
        self, message: Message, device: str | None, why: HoldReason, kept: Kept | None
    ) -> bool:
        """Insert a quarantine row or update the existing one. True: it stays until somebody decides."""
        if kept is not None:
            if kept.device is None or device in (None, kept.device):
                self.tx.quarantine.put_back(kept.no, why.reason, why.detail, device)
                self.put_back.add(kept.no)
            return True
        owner = device if device and self._is_known(device) else SHARED
        if why.reason is RefusalReason.NAMES and device:
            self._count_flood(message, device, why)
        fate, evicted = self._store(message, device, owner, why)
        reason = RefusalReason.EVICTED if fate is StoredAs.DROPPED else why.reason
        self.count(owner, reason)
        if evicted:
            self.count(owner, RefusalReason.EVICTED, evicted)
        return fate is StoredAs.KEPT

    def count(self, device: str, reason: RefusalReason, messages: int = 1) -> None:
        """Count messages that gave no event; names outside the list are counted together."""
        self.no_events[device if self._is_known(device) else SHARED, reason.value] += messages

    def reports(self, now: datetime) -> UnapprovedCaptures:
        """The captures of which nobody was alerted yet; from now on they count as alerted."""
        unknown = self.tx.unknown
        lately = unknown.alerted_since(now - FLOOD_WINDOW)
        new = unknown.not_alerted(self.springs)
        unknown.set_alerted(new, now)
        springs = [event for id_, event in self.springs.items() if id_ in new]
        return UnapprovedCaptures(now, springs, self.unlisted, lately)

    def _store(
        self, message: Message, device: str | None, owner: str, why: HoldReason
    ) -> tuple[StoredAs, int]:
        if why.reason is RefusalReason.IRRELEVANT or (
            why.reason is RefusalReason.NAMES and not why.urgent
        ):
            return StoredAs.SHOWN, 0  # counted only
        return self.tx.quarantine.add(
            message,
            HoldRequest(
                reason=why.reason,
                detail=why.detail,
                device=device,
                owner=owner,
                urgent=why.urgent,
                waits=why.waits,
            ),
        )

    def _count_flood(self, message: Message, device: str, why: HoldReason) -> None:
        wanted = self.tx.unknown.names.full(message.topic, message.received_at)
        if wanted is not None:
            at = message.received_at
            self.tx.unknown.refuse(wanted, device, at, springs=why.urgent)

    def _list(self, name: str, message: Message, *, is_registered: bool = False) -> bool:
        """Add a name to the list; False: there is no room. Registered devices always have room."""
        names, at = self.tx.unknown.names, message.received_at
        if name in names.topics or (name in self.tx.devices and not is_registered):
            return True
        if not is_registered and names.full(message.topic, at) is not None:
            return False
        self.tx.unknown.add(name, message.topic, at)
        return True

    def _is_known(self, name: str) -> bool:
        return name in self.tx.devices or name in self.tx.unknown.names.topics

    def _note_spring(self, message: Message, own: Sequence[Reading], *, is_listed: bool) -> None:
        spring = next((reading for reading in own if reading.kind is Kind.SPRUNG), None)
        if spring is None:
            return
        event = timing.judge(spring, message.received_at, clock_trusted=self.clock_trusted)
        if message.retain and event.time_quality in WITHOUT_TIME:
            event = msgspec.structs.replace(event, time_quality=TimeQuality.UNKNOWN)
        if is_listed:
            self.springs.setdefault(event.device, event)
        else:
            self.unlisted.append(event)


def _reason(address: str, device: Device | None) -> tuple[RefusalReason, str]:
    if device is None:
        return RefusalReason.NAMES, f"{address}: too many names that nobody registered"
    if device.standing is Standing.REVOKED:
        return RefusalReason.REVOKED, f"{address} was revoked"
    return (
        RefusalReason.DEVICE,
        f"{address} waits for approval: shishigaki devices approve {address}",
    )
