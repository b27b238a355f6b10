"""Import of history from other systems, through the same function as messages: `batch.absorb`.

Owns the messages made from such readings, and the size of a step. Runs without an event loop, also beside a
running gateway: each step is a short transaction of its own. Must not decode files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice

import msgspec
from msgspec import Struct

from gateway.domain.errors import BadInputError
from gateway.domain.model import Device, Message, Reading, Standing
from gateway.ingest.messages.batch import absorb
from gateway.store import Store

STEP = 2_000  # readings in one transaction: the running gateway waits for it


class HistoryError(BadInputError):
    """The readings cannot be taken; nothing was written."""


class ReplaySummary(Struct):
    """How many devices and events the import added."""

    devices_new: int = 0
    events_new: int = 0
    events_known: int = 0


def import_history(
    store: Store, devices: Sequence[Device], readings: Sequence[Reading], now: datetime
) -> ReplaySummary:
    """Register the `devices` not known yet and write their `readings` (each device's in order of time).

    Importing the same twice adds nothing. Nobody is sent an alert. Raises HistoryError if an id
    belongs to a device of another source, or to one that does not count.
    """
    new = check_devices(store, devices)
    store.write_now(lambda tx: tx.put_devices(new))
    summary = ReplaySummary(devices_new=len(new))
    for step in _steps(_messages(readings)):
        outcome = store.write_now(
            partial(absorb, messages=step, decode=_decode, now=now, is_history=True)
        )
        summary.events_new += len(outcome.events)
        summary.events_known += outcome.duplicates
    return summary


def check_devices(store: Store, devices: Sequence[Device]) -> list[Device]:
    """Those of the `devices` that are not known yet. Raises HistoryError; nothing is written."""
    known = {device.id: device for device in store.read_now(lambda reader: reader.devices())}
    for device in devices:
        _same_source(device, known.get(device.id, device))
    return [device for device in devices if device.id not in known]


def _same_source(device: Device, known: Device) -> None:
    if known.dialect != device.dialect:
        raise HistoryError(
            f"device id {device.id} already belongs to {known.label} ({known.dialect or 'native'}); "
            "give a prefix for the imported ids"
        )
    if known.standing is not Standing.APPROVED:
        raise HistoryError(f"device {device.id} is {known.standing}; approve it first")


def _messages(readings: Iterable[Reading]) -> Iterator[Message]:
    """Messages received when they happened, so their times are plausible; retained, so nobody is alerted."""
    for reading in readings:
        if reading.device_time is None:
            raise HistoryError(f"{reading.id}: history needs a time")
        payload = msgspec.json.encode(reading)
        yield Message(f"import/{reading.device}", payload, reading.device_time, retain=True)


def _decode(message: Message, _: Mapping[str, Device]) -> list[Reading]:
    return [msgspec.json.decode(message.payload, type=Reading)]


def _steps(messages: Iterator[Message]) -> Iterator[list[Message]]:
    while step := list(islice(messages, STEP)):
        yield step
