"""A message as the installer sees it: its device, how it was read, or why it was not. PURE.

Owns the rows of the trace. Must not read the store, so a copy is shown like the first message.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from gateway.domain.model import Device, Message, MessageRefusedError, Standing
from gateway.ingest.messages.batch import DecodeMessage

UNKNOWN = "unregistered"


class TraceRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reading of a message, or why it gave none."""

    received_at: datetime
    topic: str
    qos: int
    retain: bool = False
    dialect: str = ""
    device: str = ""
    name: str = ""  # the name that people use
    standing: str = ""  # approved, pending, revoked or unregistered
    kind: str = ""
    species: str | None = None
    count: int | None = None
    confidence: float | None = None
    refines: str | None = None
    device_time: datetime | None = None
    battery_pct: float | None = None
    battery_v: float | None = None
    rssi_dbm: float | None = None
    snr_db: float | None = None
    input: str = ""  # which of the device's inputs said it
    battery_low: bool | None = None
    unread: str | None = None  # why its content could not be read
    simulated: bool = False
    reason: str = ""
    detail: str = ""


_OF_READING = (
    "species",
    "count",
    "confidence",
    "refines",
    "device_time",
    "battery_pct",
    "battery_v",
    "rssi_dbm",
    "snr_db",
    "input",
    "battery_low",
    "unread",
    "simulated",
)


def trace_rows(
    message: Message, dialect: str, decode: DecodeMessage, devices: Mapping[str, Device]
) -> list[TraceRow]:
    """The rows of a message, at least one."""
    try:
        readings = decode(message, devices)
    except MessageRefusedError as refused:
        return [
            _row(
                message,
                dialect,
                refused.device or "",
                devices,
                reason=refused.reason.value,
                detail=refused.detail,
            )
        ]
    return [
        _row(
            message,
            dialect,
            reading.device,
            devices,
            kind=reading.kind.value,
            **{name: getattr(reading, name) for name in _OF_READING},
        )
        for reading in readings
    ]


def _row(
    message: Message, dialect: str, address: str, devices: Mapping[str, Device], **told: object
) -> TraceRow:
    device = devices.get(address)
    standing: str = device.standing if device else UNKNOWN if address else ""
    if standing and standing != Standing.APPROVED and "reason" not in told:
        told["reason"] = str(standing)
    return TraceRow(
        received_at=message.received_at,
        topic=message.topic,
        qos=message.qos,
        retain=message.retain,
        dialect=dialect,
        device=address,
        name=device.name if device else "",
        standing=standing,
        **told,  # type: ignore[arg-type]
    )


def battery(line: TraceRow) -> str:
    """``71 % 3.01 V``, whatever of it is known."""
    parts = [(line.battery_pct, "{:.0f} %"), (line.battery_v, "{:.2f} V")]
    return " ".join(form.format(value) for value, form in parts if value is not None)


def signal(rssi_dbm: float | None, snr_db: float | None = None) -> str:
    """``▂▄▆_ -97 dBm 7 dB``, with the bars of `bars`."""
    if rssi_dbm is None:
        return "" if snr_db is None else f"{snr_db:.0f} dB"
    full = bars(rssi_dbm)
    drawn = "▂▄▆█"[:full] + "_" * (4 - full)
    return f"{drawn} {rssi_dbm:.0f} dBm" + ("" if snr_db is None else f" {snr_db:.0f} dB")


def bars(rssi_dbm: float) -> int:
    """How many bars of four a signal has: -70, -85, -100 and -115 dBm are the steps."""
    return sum(rssi_dbm >= step for step in (-70, -85, -100, -115))
