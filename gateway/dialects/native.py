"""The native protocol, version 1, to readings."""

from typing import Any

from gateway.dialects import Context
from gateway.dialects.native_protocol import (
    Address,
    NativePayload,
    parse_about,
    parse_report,
    parse_topic,
)
from gateway.dialects.payload import identity, word
from gateway.dialects.payloads.figures import is_place
from gateway.dialects.payloads.remedies import Remedy
from gateway.dialects.timestamps import instant
from gateway.domain.model import (
    Kind,
    Message,
    MessageRefusedError,
    Reading,
    RefusalReason,
    Standing,
    TimeSource,
)
from gateway.domain.species import UNKNOWN, code, is_nothing

_KINDS = {
    "event": (Kind.SPRUNG, Kind.SET, Kind.DETECTION, Kind.TAMPER),
    "telemetry": (Kind.HEARTBEAT,),
    "status": (Kind.ONLINE, Kind.OFFLINE),
}
_WORDS = {b"online": Kind.ONLINE, b"offline": Kind.OFFLINE}
NEVER_RETAINED = ("event", "telemetry")  # a device sends them again until they are confirmed
_INSTEAD = {"telemetry": Kind.HEARTBEAT}


def decode(message: Message, context: Context) -> list[Reading]:
    """Read one of the four device channels."""
    address = parse_topic(message.topic)
    if address is None:
        raise MessageRefusedError(
            RefusalReason.TOPIC, f"{message.topic[:120]}: wildlife/v1/{{site}}/{{device}}/event ..."
        )
    device = address.device
    if context.site and address.site != context.site:
        device = _of_other_site(address, context)
    if message.retain and address.channel in NEVER_RETAINED:
        raise MessageRefusedError(RefusalReason.MEMORY, str(Remedy.NEVER_RETAINED), device)
    if address.channel == "event":
        return [_report(message, device, address)]
    if address.channel != "telemetry" and not message.payload.strip():
        raise MessageRefusedError(RefusalReason.IRRELEVANT, str(Remedy.CLEARED), device)
    if address.channel == "meta":
        return [_about(message, device)]
    if address.channel == "status" and not message.payload.lstrip().startswith(b"{"):
        return [_status(message, device)]
    return [_report(message, device, address)]


def _of_other_site(address: Address, context: Context) -> str:
    """The address of another site's device, if somebody registered it here; else it is refused.

    Judged here too it would alert people a second time: towns are added up by their region.
    """
    device = f"{address.site}/{address.device}"
    known = context.devices.get(device)
    if known is None or known.standing is not Standing.APPROVED:
        detail = (
            f"site {address.site!r}, device {address.device!r}; this gateway is {context.site!r}"
        )
        raise MessageRefusedError(RefusalReason.SITE, detail, device)
    return device


def _report(message: Message, device: str, address: Address) -> Reading:
    report = parse_report(message.payload)
    time, saw_nothing = instant(report.ts), _saw_nothing(report)
    return Reading(
        id=report.id or _id(message, device, report),
        confirm_to=address.confirm_to if report.id else None,
        device=device,
        kind=_kind(report, address, device, saw_nothing=saw_nothing),
        device_time=time,
        time_source=report.ts_src if time else TimeSource.NONE,
        boot=report.boot,
        seq=report.seq,
        uptime_ms=report.uptime_ms,
        species=None if saw_nothing else _species(report),
        count=report.count or None,
        confidence=report.confidence,
        media=report.media,
        **_side_facts(report),
    )


def _side_facts(report: NativePayload) -> dict[str, Any]:
    """Battery, radio and place, as far as the payload has them."""
    facts: dict[str, Any] = {}
    if battery := report.battery:
        facts = {
            "battery_v": battery.v or None,
            "battery_pct": battery.pct,
            "external_power": battery.ext,
        }
    if link := report.link:
        facts |= {"rssi_dbm": link.rssi_dbm, "snr_db": link.snr_db}
    if (loc := report.loc) and is_place(loc.lat, loc.lon):
        facts |= {"lat": loc.lat, "lon": loc.lon, "accuracy_m": loc.acc_m}
    return facts


def _kind(report: NativePayload, address: Address, device: str, *, saw_nothing: bool) -> Kind:
    kind = report.kind or _INSTEAD.get(address.channel)
    allowed = _KINDS[address.channel]
    if kind not in allowed:
        raise MessageRefusedError(
            RefusalReason.MALFORMED,
            f"kind = {report.kind}: /{address.channel} では / on /{address.channel} one of "
            f"{', '.join(allowed)}",
            device,
        )
    if saw_nothing and kind is Kind.DETECTION:
        return Kind.HEARTBEAT  # a count of 0 is no sighting
    return kind


def _saw_nothing(report: NativePayload) -> bool:
    if report.count is None and report.species:
        return is_nothing(report.species)
    return report.count == 0


def _id(message: Message, device: str, report: NativePayload) -> str:
    if report.boot is not None and report.seq is not None:
        return f"{device}:{report.boot}:{report.seq}"
    return identity(message, instant(report.ts))


def _species(report: NativePayload) -> str | None:
    if report.species:
        return code(report.species) or UNKNOWN
    return UNKNOWN if report.kind is Kind.DETECTION else None


def _status(message: Message, device: str) -> Reading:
    """A birth or last will that is one word instead of an object."""
    text = word(message.payload).lower()
    kind = _WORDS.get(text.encode())
    if kind is None:
        raise MessageRefusedError(
            RefusalReason.MALFORMED, f"status {text[:40]!r}: online or offline", device
        )
    return Reading(id=identity(message), device=device, kind=kind)


def _about(message: Message, device: str) -> Reading:
    about = parse_about(message.payload)
    return Reading(
        id=about.id or identity(message),
        device=device,
        kind=Kind.JOIN,
        model=about.model,
        heartbeat_s=about.heartbeat_s,
    )
