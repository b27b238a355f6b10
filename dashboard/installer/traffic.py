"""Who sends what: sources, devices and what was held, as the installer's page shows them.

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
from gateway.domain.refused.unknown_names import claimant
from gateway.ingest.devices.approval import away_km
from gateway.ingest.devices.message_trace import bars
from gateway.store import Reader
from gateway.store.answers import HeldMessages, QuarantinedMessage
from gateway.store.tables.no_events import NoEventCount
from gateway.store.tables.unknown_devices import NameFlood

SHOWN = 100  # refused messages, and lines of counts
A_PAGE = 20  # devices that wait for approval
FLOOD_SHOWN = timedelta(days=7)  # since its last name


class SourceRow(Struct, frozen=True):
    """A configured source."""

    name: str
    title: str
    topics: tuple[str, ...]
    best_effort: bool  # messages may get lost on the way to the broker
    hint_ja: str  # how to raise the QoS at the source
    hint_en: str


class Arrival(Struct, frozen=True):
    """A device and how its newest message came."""

    device: Device
    silent: bool
    last_seen: datetime | None
    kind: str
    dialect: str
    topic: str
    qos: int | None  # None: not noted
    rssi_dbm: float | None
    bars: int
    battery_pct: float | None
    battery_v: float | None
    today: dict[str, int]  # kind -> events since local midnight


class NameClaim(Struct, frozen=True):
    """More names than the list takes, and who seems to claim them."""

    claimant: str
    flood: NameFlood


class Arrivals(Struct, frozen=True):
    """Everything the page shows."""

    sources: list[SourceRow]
    devices: list[Arrival]
    pending: list[tuple[Device, HeldMessages | None]]  # one page of them
    waiting: int  # how many wait in all
    page: int
    pages: int
    claims: list[NameClaim]
    no_events: list[tuple[str, NoEventCount]]  # with what people call the device
    reasons: Counter[str]
    refused: list[QuarantinedMessage]
    far: dict[str, float]  # pending device -> km from the others: to be asked about


def arrivals(
    reader: Reader, sources: Sequence[SourceSettings], dialect: Callable[[str], str], now: datetime,
    zone: tzinfo, page: int = 1,
) -> Arrivals:  # fmt: skip
    """Read the page's content at `now`; `dialect`: which one reads a topic."""
    states, today = reader.states(), reader.counts_since(_midnight(now, zone))
    held = {one.device: one for one in reader.held.waiting()}
    devices = reader.devices()
    pending, names = _pending(devices, held), {device.id: device.label for device in devices}
    pages = max(1, -(-len(pending) // A_PAGE))
    page = min(page, pages)
    shown = pending[(page - 1) * A_PAGE : page * A_PAGE]
    return Arrivals(
        sources=[_source(source) for source in sources],
        devices=[
            _arrival(device, states.get(device.id), today.get(device.id, {}), dialect, now)
            for device in devices
            if device.standing is not Standing.PENDING
        ],
        pending=shown,
        waiting=len(pending),
        page=page,
        pages=pages,
        claims=[
            NameClaim(claimant(one.filter), one) for one in reader.held.floods(now - FLOOD_SHOWN)
        ],
        no_events=[
            (names.get(one.device, one.device), one) for one in reader.held.no_events(SHOWN)
        ],
        reasons=reader.refused(),
        refused=reader.quarantine(SHOWN),
        far={d.id: km for d, _ in shown if (km := away_km(d, devices)) is not None},
    )


def _pending(
    devices: list[Device], held: dict[str, HeldMessages]
) -> list[tuple[Device, HeldMessages | None]]:
    """Devices that wait for approval: first those that report a capture, last those without any model."""
    known = {device.id for device in devices}
    noted = [(d, held.get(d.id)) for d in devices if d.standing is Standing.PENDING]
    strangers = [(Device(id=id_, role=Role.TRAP, standing=Standing.PENDING), one)
                 for id_, one in held.items() if id_ not in known]  # fmt: skip
    return sorted([*noted, *strangers], key=lambda one: one[1] is None or not one[1].urgent)


def _source(source: SourceSettings) -> SourceRow:
    row = BY_NAME[source.dialect]
    return SourceRow(
        name=row.name,
        title=row.title,
        topics=source.topics or row.topics,
        best_effort=source.qos == 0 or row.qos == "0",
        hint_ja=row.qos_hint_ja,
        hint_en=row.qos_hint,
    )


def _arrival(
    device: Device, state: DeviceState | None, today: dict[str, int],
    dialect: Callable[[str], str], now: datetime,
) -> Arrival:  # fmt: skip
    topic, qos = state.heard if state and state.heard else ("", None)

    def fact(name: str) -> float | None:
        value = state.fact(name) if state else None
        return float(value) if value is not None else None

    rssi = fact("rssi_dbm")
    return Arrival(
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
