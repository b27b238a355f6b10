"""A small database with everything in it, for runs that break it."""

from pathlib import Path

from gateway.alerts.policy import Policy
from gateway.config import Config, PersonSettings
from gateway.domain.model import Device, Kind, Message, Role
from gateway.ingest.messages.batch import absorb
from gateway.store import Store
from tests.support.samples import CAMERA, T0, TOKYO, TRAP, at, decode, message, reading

TO = Policy(Config(people=(PersonSettings(name="tanaka", channels=("console:",)),)))
DEVICES = (TRAP, CAMERA, *(Device(id=f"cam-{n:02}", role=Role.DETECTOR) for n in range(2, 40)))


def fill(path: Path, events: int) -> None:
    """Write `events` detections of many cameras, some springs with alerts, and refused messages."""
    store = Store(path, TOKYO)
    store.write_now(lambda tx: tx.put_devices(DEVICES))
    store.write_now(lambda tx: tx.put_setting("demo", "kept"))
    batch = [
        message(reading(DEVICES[n % len(DEVICES)].id, kind(n), n, seq=n, species="boar"))
        for n in range(events)
    ]
    batch.append(Message("wildlife/x", b"\xff{", T0))
    for start in range(0, len(batch), 500):
        store.write_now(lambda tx, s=start: absorb(tx, batch[s : s + 500], decode, at(100_000), TO))  # type: ignore[misc]
    store.close()


def kind(number: int) -> Kind:
    """A trap springs and is set again and again; cameras detect."""
    if number % len(DEVICES):
        return Kind.DETECTION
    return Kind.SPRUNG if number // len(DEVICES) % 2 else Kind.SET
