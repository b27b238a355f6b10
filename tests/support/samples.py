"""Hand-made devices, events and a decoder for tests of the core: no dialect, no broker."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from gateway.domain.model import (
    Device,
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Role,
    TimeSource,
)
from gateway.store import Store

T0 = datetime(2026, 11, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
TRAP = Device(id="trap-01", role=Role.TRAP, name="三井楽-01", heartbeat_s=3600)
CAMERA = Device(id="cam-01", role=Role.DETECTOR, heartbeat_s=3600)


def at(minutes: float) -> datetime:
    """A time so many minutes after T0."""
    return T0 + timedelta(minutes=minutes)


def reading(
    device: str,
    kind: Kind,
    minutes: float,
    *,
    id_: str = "",
    species: str | None = None,
    seq: int = 0,
) -> Reading:
    """A reading with a trusted device time."""
    return Reading(
        id=id_ or f"{device}-{kind.value}-{minutes:g}",
        device=device,
        kind=kind,
        device_time=at(minutes),
        time_source=TimeSource.NTP,
        species=species,
        seq=seq,
    )


def message(*readings: Reading, received: float | None = None, retain: bool = False) -> Message:
    """A message that `decode` reads as `readings`."""
    last = max((r.device_time for r in readings if r.device_time), default=T0)
    received_at = last if received is None else at(received)
    return Message("test", msgspec.json.encode(readings), received_at, retain=retain)


def decode(message: Message, _: Mapping[str, Device]) -> list[Reading]:
    """The dialect of these tests: readings as JSON; `bug` breaks it."""
    if message.payload == b"bug":
        raise ZeroDivisionError
    try:
        return msgspec.json.decode(message.payload, type=list[Reading])
    except msgspec.MsgspecError as error:
        raise MessageRefusedError(RefusalReason.MALFORMED, str(error)) from None


def open_store(folder: Path, *devices: Device) -> Store:
    """A store in `folder` that knows `devices`."""
    store = Store(folder / "test.db", TOKYO)
    store.write_now(lambda tx: tx.put_devices(devices))
    return store
