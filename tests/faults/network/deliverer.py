"""A gateway's delivering half as a process that can be killed: captures in, messages to a provider.

Run as ``python -m tests.faults.network.deliverer DATABASE PORT CAPTURES [FAULT]``;
says READY, ends when all is
settled. FAULT names what a control does wrong: it tells people before the commit (`early`), or notes a
letter as sent before it is (`noted`). With `lists` captures share messages as in a storm; otherwise each
has its own, so that there is much to kill.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from gateway.alerts.channels import ChannelOptions, table
from gateway.alerts.channels.table import open_channel
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.policy import Policy
from gateway.config import Config, PersonSettings
from gateway.domain.alerts.lifecycle import DeliveryStatus
from gateway.domain.model import Device, Kind, Message, Reading, Role, TimeSource
from gateway.domain.outcome import Outcome
from gateway.ingest.messages.batch import absorb
from gateway.store import Store, Transaction
from gateway.store.feed import Feed
from gateway.store.tables.outbox import ClaimedDelivery
from tests.support.samples import TOKYO, decode

KEYED = ("line",)
PLAIN = ("gotify", "json", "form", "xml")  # of Apprise those without a pause between messages


def person(port: int) -> PersonSettings:
    """Somebody with five channels, all at the provider on `port`."""
    line = "line:TOKEN@U" + "0" * 32
    plain = tuple(f"{scheme}://127.0.0.1:{port}/{scheme}" for scheme in PLAIN)
    return PersonSettings(name="tanaka", channels=(line, *plain))


def trap(number: int) -> Device:
    """One of many traps; its name finds its messages again."""
    return Device(id=f"t-{number:04}", role=Role.TRAP)


def spring(number: int) -> Message:
    """Trap `number` springs now; the same event however often it is sent."""
    now = datetime.now(UTC)
    reading = Reading(
        id=f"spring-{number}",
        device=trap(number).id,
        kind=Kind.SPRUNG,
        device_time=now,
        time_source=TimeSource.NTP,
    )
    return Message("test", msgspec.json.encode([reading]), now)


class Noted(Notifier):
    """Stores a delivery as sent before it sends: each is tried once."""

    async def _attempt(self, parcel: ClaimedDelivery, *rest: Any) -> None:
        await self._settle(parcel, DeliveryStatus.SENT, "")
        await super()._attempt(parcel, *rest)


async def main(path: Path, port: int, captures: int, fault: str = "") -> None:
    """Absorb what is missing of `captures`, deliver everything."""
    whom = person(port)
    if fault != "lists":
        table.CHANNELS = tuple(map(_singly, table.CHANNELS))
    policy = Policy(Config(people=(whom,), quotas=()))
    feed, store = Feed(), Store(path, TOKYO)
    means = ChannelOptions(line_url=f"http://127.0.0.1:{port}", timeout_s=0.4)
    ways = {("tanaka", str(n)): open_channel(url, means) for n, url in enumerate(whom.channels)}
    kind = Noted if fault == "noted" else Notifier
    notifier = kind(store, feed, policy, ways, Links(""), first_retry=timedelta(seconds=0.05))
    await store.write(lambda tx: tx.put_devices([trap(n) for n in range(captures)]))
    known = {event.id for _, event in await store.read(lambda r: r.events_after(0, captures + 1))}
    print("READY", flush=True)
    running = asyncio.create_task(notifier.run())
    for number in range(captures):
        if f"spring-{number}" not in known:
            if fault == "early":
                await notifier.tell(await store.rehearse(lambda tx, n=number: _due(tx, n, policy)))  # type: ignore[misc]
            feed.tell(await store.write(lambda tx, n=number: _receive(tx, n, policy)))  # type: ignore[misc]
            await asyncio.sleep(0.005)
    while set(await store.read(lambda r: r.outbox())) != {"sent"}:
        await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.close()


def _singly(row: table.ChannelRow) -> table.ChannelRow:
    return msgspec.structs.replace(row, singly=table.UNLIMITED, burst=table.UNLIMITED)


def _receive(tx: Transaction, number: int, policy: Policy) -> Outcome:
    return absorb(tx, [spring(number)], decode, datetime.now(UTC), policy)


def _due(tx: Transaction, number: int, policy: Policy) -> list[ClaimedDelivery]:
    _receive(tx, number, policy)
    now = datetime.now(UTC)
    return [parcel for queue in tx.outbox.queues(now) for parcel in tx.outbox.claim(queue, now, 10)]


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
