"""A small place on Fukue island for the dashboard's tests: devices, their story, a served dashboard.

The story goes through the gateway's own batch, so pages show what the gateway would store.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from dashboard.app import Backend, create_app
from dashboard.office.pages import Officials
from dashboard.public.pages import PublicPages
from dashboard.serve import listen, serve
from dashboard.trapper.visit_book.pages import VisitBookPages
from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.config import Config, Dashboard, Site
from gateway.dialects.sensors.models import shipped
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
from gateway.domain.outcome import Outcome
from gateway.domain.people.person import Person
from gateway.ingest.devices.approval import Approvals
from gateway.ingest.messages.batch import DecodeMessage, absorb
from gateway.store import Store
from gateway.store.feed import Feed

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOSTILE = '</script><img src=x onerror=alert(1)>${alert(2)}`"{{ 7*7 }}{% x %}'

TRAPS = tuple(
    Device(
        id=f"trap-{n:02}",
        role=Role.TRAP,
        name=f"岐宿の沢 {n}号" if n != 4 else HOSTILE,
        lat=32.66 + 0.017 * (n % 5),
        lon=128.72 + 0.021 * (n % 7),
        trap_type="snare" if n % 3 else "box",
        area="岐宿",
    )
    for n in range(1, 13)
)
CAMERAS = tuple(
    Device(
        id=f"cam-{n:02}",
        role=Role.DETECTOR,
        name=f"山内の林道 {n}",
        lat=32.63 + 0.02 * (n % 4),
        lon=128.70 + 0.027 * (n % 6),
    )
    for n in range(1, 9)
)


def ago(**span: float) -> datetime:
    """A moment before NOW."""
    return NOW - timedelta(**span)


def reading(device: str, kind: Kind, at: datetime, **facts: object) -> Reading:
    """A reading with a device time from GPS."""
    return Reading(
        id=f"{device}-{kind.value}-{at.timestamp()}",
        device=device,
        kind=kind,
        device_time=at,
        time_source=TimeSource.GPS,
        **facts,  # type: ignore[arg-type]
    )


STORY: tuple[Reading, ...] = (
    *(reading(t.id, Kind.SET, ago(days=3), battery_pct=88.0, battery_v=3.1) for t in TRAPS[:10]),
    *(reading(t.id, Kind.HEARTBEAT, ago(hours=2), battery_pct=86.0) for t in TRAPS[:8]),
    reading("trap-02", Kind.HEARTBEAT, ago(minutes=50), battery_pct=12.0, battery_v=2.6),
    reading("trap-03", Kind.SPRUNG, ago(hours=5)),
    reading("trap-03", Kind.HEARTBEAT, ago(minutes=20), battery_pct=71.0),
    reading("trap-04", Kind.SPRUNG, ago(minutes=20)),
    *(
        reading(c.id, Kind.HEARTBEAT, ago(hours=h), battery_pct=64.0)
        for c in CAMERAS[:7]
        for h in range(400, 0, -5)
    ),
    *(
        reading(c.id, Kind.DETECTION, ago(hours=31 * n + 7 * k), species="boar", count=1 + n % 3)
        for k, c in enumerate(CAMERAS[:5])
        for n in range(1, 2 + 2 * k)
    ),
    reading("cam-02", Kind.DETECTION, ago(minutes=12), species="deer", count=2),
)


def decode(message: Message, _: Mapping[str, Device]) -> list[Reading]:
    """The dialect of these tests: a Reading as JSON."""
    try:
        return [msgspec.json.decode(message.payload, type=Reading)]
    except msgspec.DecodeError as error:
        raise MessageRefusedError(RefusalReason.MALFORMED, str(error)) from None


class Place:
    """A store with a story, and the feed that pages listen to."""

    def __init__(self, directory: Path, **settings: object) -> None:
        dashboard = msgspec.convert({"tiles": "none", **settings}, Dashboard)
        self.config = Config(site=Site(title="五島市 福江島"), dashboard=dashboard)
        self.store = Store(directory / "place.db", ZoneInfo("Asia/Tokyo"))
        self.feed = Feed()
        self.decode: DecodeMessage = decode
        self.desk = Approvals(decode, shipped)
        self.now = NOW
        self.more: Sequence[BaseRoute] = ()  # pages that the gateway adds
        self.apart = False  # True: pages that calculate in a process of their own, as in the field
        self.demo_account: Person | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def office(self) -> list[BaseRoute]:
        """The pages that calculate, in this process: no test need wait for another to start."""
        reply = Reply(self.config)
        return [
            *Officials(self.store, reply, self.config, self.clock).routes(),
            *PublicPages(self.store, reply, self.config, self.clock).routes(),
            *VisitBookPages(self.store, reply, self.config, self.clock).routes(),
        ]

    @property
    def clock(self) -> Clock:
        """The place's time, which tests move."""
        return lambda: self.now

    def settle(self) -> "Place":
        """Register the devices and tell the story."""
        self.store.write_now(lambda tx: tx.put_devices((*TRAPS, *CAMERAS)))
        self.hear(*sorted(STORY, key=lambda one: (one.device_time or NOW, one.id)))
        return self

    def hear(self, *readings: Reading) -> Outcome:
        """Process readings as the gateway does; each arrives at its own device time."""
        return self.receive(
            *(Message("t", msgspec.json.encode(r), r.device_time or self.now) for r in readings)
        )

    def receive(self, *messages: Message) -> Outcome:
        """What the gateway does with messages."""
        outcome = self.store.write_now(lambda tx: absorb(tx, messages, self.decode, self.now))
        if self.loop:
            self.loop.call_soon_threadsafe(self.feed.tell, outcome)
        return outcome

    @contextlib.contextmanager
    def served(self, port: int = 0) -> Iterator[str]:
        """The dashboard on a loopback port, in a thread of its own; gives its address."""
        app = create_app(
            Backend(self.store, self.feed, self.config, self.clock),
            approvals=self.desk,
            extra_routes=self.more,
            office=None if self.apart else self.office(),
            demo_account=self.demo_account,
        )
        with serving(app, port) as (url, self.loop):
            try:
                yield url
            finally:
                self.loop = None


@contextlib.contextmanager
def serving(app: Starlette, port: int = 0) -> Iterator[tuple[str, asyncio.AbstractEventLoop]]:
    """Pages on a loopback port, in a thread of their own; gives their address and their loop."""
    listener = listen("127.0.0.1", port)
    started = threading.Event()
    loops, tasks = list[asyncio.AbstractEventLoop](), list[asyncio.Task[None]]()

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        tasks.append(asyncio.create_task(serve(app, listener)))
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            await tasks[0]

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="served dashboard")
    thread.start()
    try:
        assert started.wait(10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", loops[0]
    finally:
        loops[0].call_soon_threadsafe(tasks[0].cancel)
        thread.join(10)
        assert not thread.is_alive(), "the web server did not end"
