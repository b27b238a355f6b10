"""Data of the installer's page: sources, devices with their newest message, held and refused messages.

Owns what is read for that page. Must not know words, templates or the network.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from gateway.config import SourceSettings
from gateway.dialects.table import BY_NAME
from gateway.domain import trap_lifecycle
from gateway.domain.model import Device, DeviceState, Role, Standing
from gateway.ingest.devices.approval import away_km
from gateway.ingest.devices.message_trace import bars
from gateway.store import Reader
from gateway.store.answers import HeldMessages, QuarantinedMessage
from gateway.store.tables.no_events import NoEventCount
from gateway.store.tables.unknown_devices import NameFlood

MAX_ROWS = 100  # refused messages, and lines of counts
DEVICES_PER_PAGE = 20  # devices that wait for approval
FLOOD_SHOWN = timedelta(days=7)  # since its last name


class SourceRow(Struct, frozen=True):
    """A configured source."""

    name: str
    title: str
    topics: tuple[str, ...]
    best_effort: bool  # messages may get lost on the way to the broker


class DeviceTraffic(Struct, frozen=True):
    """A device and the facts of its newest message."""

    device: Device
    silent: bool
    last_seen: datetime | None
    kind: str
    dialect: str
    topic: str
    qos: int | None  # None: not known
    rssi_dbm: float | None
    bars: int
    battery_pct: float | None
    battery_v: float | None
    today: dict[str, int]  # kind -> events since local midnight


class Traffic(Struct, frozen=True):
    """Everything the page shows."""

    sources: list[SourceRow]
    devices: list[DeviceTraffic]
    pending: list[tuple[Device, HeldMessages | None]]  # of the current page
    waiting: int  # number of all pending devices
    page: int
    pages: int
    floods: list[NameFlood]
    no_events: list[tuple[str, NoEventCount]]  # with the display name of the device
    reasons: Counter[str]
    refused: list[QuarantinedMessage]
    far: dict[str, float]  # pending device -> km from the others: its place must be confirmed


def read_traffic(
    reader: Reader,
    sources: Sequence[SourceSettings],
    dialect: Callable[[str], str],
    now: datetime,
    zone: tzinfo,
    page: int = 1,
) -> Traffic:
    """Read the page's content at `now`; `dialect` gives the name of the dialect of a topic."""
    devices = reader.devices()
    pending = _pending(devices, {one.device: one for one in reader.held.waiting()})
    pages = max(1, -(-len(pending) // DEVICES_PER_PAGE))
    page = min(page, pages)
    shown = pending[(page - 1) * DEVICES_PER_PAGE : page * DEVICES_PER_PAGE]
    return Traffic(
        sources=[_source(source) for source in sources],
        devices=_known_devices(reader, devices, dialect, now, zone),
        pending=shown,
        waiting=len(pending),
        page=page,
        pages=pages,
        floods=reader.held.floods(now - FLOOD_SHOWN),
        no_events=_no_events(reader, devices),
        reasons=reader.refused(),
        refused=reader.quarantine(MAX_ROWS),
        far={d.id: km for d, _ in shown if (km := away_km(d, devices)) is not None},
    )


def _known_devices(
    reader: Reader,
    devices: Sequence[Device],
    dialect: Callable[[str], str],
    now: datetime,
    zone: tzinfo,
) -> list[DeviceTraffic]:
    """What approved and revoked devices sent today."""
    states, today = reader.states(), reader.counts_since(_midnight(now, zone))
    return [
        _device_traffic(device, states.get(device.id), today.get(device.id, {}), dialect, now)
        for device in devices
        if device.standing is not Standing.PENDING
    ]


def _no_events(reader: Reader, devices: Sequence[Device]) -> list[tuple[str, NoEventCount]]:
    """Counts of messages without an event, with the display name of the device."""
    names = {device.id: device.label for device in devices}
    return [(names.get(one.device, one.device), one) for one in reader.held.no_events(MAX_ROWS)]


def _pending(
    devices: list[Device], held: dict[str, HeldMessages]
) -> list[tuple[Device, HeldMessages | None]]:
    """Devices that wait for approval; those with an urgent message (a capture) first."""
    known = {device.id for device in devices}
    noted = [(d, held.get(d.id)) for d in devices if d.standing is Standing.PENDING]
    strangers = [
        (Device(id=id_, role=Role.TRAP, standing=Standing.PENDING), one)
        for id_, one in held.items()
        if id_ not in known
    ]
    return sorted([*noted, *strangers], key=lambda one: one[1] is None or not one[1].urgent)


def _source(source: SourceSettings) -> SourceRow:
    row = BY_NAME[source.dialect]
    return SourceRow(
        name=row.name,
        title=row.title,
        topics=source.topics or row.topics,
        best_effort=source.qos == 0 or row.qos == "0",
    )


def _device_traffic(
    device: Device,
    state: DeviceState | None,
    today: dict[str, int],
    dialect: Callable[[str], str],
    now: datetime,
) -> DeviceTraffic:
    topic, qos = state.heard if state and state.heard else ("", None)

    def fact(name: str) -> float | None:
        value = state.fact(name) if state else None
        return float(value) if value is not None else None

    rssi = fact("rssi_dbm")
    return DeviceTraffic(
        device=device,
        silent=trap_lifecycle.trap_view(state, now, device.heartbeat_s).silent,
        last_seen=state.last_seen if state else None,
        kind=state.heard_as if state else "",
        dialect=dialect(topic) if topic else "",
        topic=topic,
        qos=qos,
        rssi_dbm=rssi,
        bars=bars(rssi) if rssi is not None else 0,
        battery_pct=fact("battery_pct"),
        battery_v=fact("battery_v"),
        today=today,
    )


def _midnight(now: datetime, zone: tzinfo) -> datetime:
    local = now.astimezone(zone)
    return local - timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
