"""Native reports of two traps, and what a store makes of them: for the tests of ids."""

from collections.abc import Mapping

import msgspec

from gateway.dialects import Context, native
from gateway.domain.model import (
    Device,
    Kind,
    Message,
    Reading,
    RefusalReason,
    Role,
)
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from tests.support.samples import at

OTHER = Device(id="trap-02", role=Role.TRAP, heartbeat_s=3600)
CONFIRM = "shishigaki/v1/goto/{}/confirm"
DAY = 24 * 60.0


def read(message: Message, devices: Mapping[str, Device]) -> list[Reading]:
    """The native dialect."""
    return native.decode(message, Context(devices=devices, site="goto"))


def report(device: str, kind: Kind, minutes: float | None = None, **body: object) -> Message:
    """A native event, received at `received` minutes (else when it happened); `minutes` None: no time."""
    received = float(str(body.pop("received", minutes or 0)))
    found: dict[str, object] = {"v": 1, "kind": kind.value}
    if minutes is not None:
        found |= {"ts": at(minutes).isoformat(), "ts_src": "ntp"}
    leaf = "telemetry" if kind is Kind.HEARTBEAT else "event"
    payload = msgspec.json.encode(found | body)
    return Message(f"wildlife/v1/goto/{device}/{leaf}", payload, at(received))


def receive(store: Store, *messages: Message) -> Outcome:
    return store.write_now(lambda tx: absorb(tx, messages, read, at(60 * DAY)))


def events(store: Store) -> list[tuple[str, str, Kind]]:
    found = store.read_now(lambda r: [event for _, event in r.events_after(0, 1_000)])
    return [(event.device, event.id, event.kind) for event in found]


def confirmed(outcome: Outcome, device: str = "trap-01") -> list[str]:
    return outcome.durable.get(CONFIRM.format(device), [])


def conflicts(store: Store) -> list[str]:
    rows = store.read_now(lambda r: r.quarantine(1_000, [RefusalReason.CONFLICT]))
    return [row.detail for row in rows if row.replayed_at is None]
