"""A gateway that takes pictures, without its other parts, for the tests of this room."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.config import check
from gateway.domain.model import Device, Event, Role
from gateway.domain.pictures.picture import Picture, PictureSource, PictureState
from gateway.ingest.pictures.arrival import NO_FACTS, Arrival, CameraFacts
from gateway.ingest.pictures.files import RAW
from gateway.ingest.pictures.parts import PictureParts, picture_parts
from gateway.parts import policy
from gateway.store.feed import Feed
from tests.support.pace import Deadline
from tests.support.samples import open_store

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
NORTH = Device(id="kita-3", role=Role.DETECTOR, name="北の沢", heartbeat_s=86_400)
SOUTH = Device(id="minami", role=Role.DETECTOR, zone="UTC", heartbeat_s=86_400)
CAMERAS = [{"device": "kita-3", "name": "K3"}, {"device": "minami", "name": "S1"}]


class Station:
    """Its parts are built anew by `build`, as by a restart."""

    def __init__(self, folder: Path, **pictures: Any) -> None:
        self.folder, self.now = folder, NOW
        self.store = open_store(folder, NORTH, SOUTH)
        self.feed = Feed()
        self.settings: dict[str, Any] = pictures
        self.parts = self.build()

    def build(self, *, more: dict[str, Any] | None = None, **pictures: Any) -> PictureParts:
        """The parts with these settings besides. `more`: other sections."""
        values = {
            "site": {"name": "goto"},
            "store": {"path": str(self.store.path), "disk_reserve_mb": 0},
            "pictures": self.settings | pictures,
            "cameras": CAMERAS,
        }
        config = check(values | (more or {}))
        self.parts = picture_parts(
            self.store, self.feed, config, policy(config), lambda: self.now, None
        )
        return self.parts

    def take(
        self, data: bytes, device: str = "kita-3", facts: CameraFacts = NO_FACTS, event: str = ""
    ) -> Picture | None:
        """Take a picture as any way does."""
        sha256 = hashlib.sha256(data).hexdigest()
        arrival = Arrival(device, sha256, len(data), PictureSource.UPLOAD, facts, event)

        async def work() -> Picture | None:
            with self.parts.taker.files.arriving() as arriving:
                arriving.write(data)
                arriving.end()
                return await self.parts.taker.take(arrival, arriving.path)

        return asyncio.run(work())

    def make(self) -> None:
        """Make anew all that wait."""
        raw = self.parts.taker.files.folder / RAW
        self.run_until(self.parts.maker.run, lambda: not self.waiting and not list(raw.glob("*")))

    def run_until(
        self, work: Callable[[], Coroutine[Any, Any, None]], is_done: Callable[[], object]
    ) -> None:
        """Run a part until something holds."""

        async def scenario() -> None:
            task, deadline = asyncio.create_task(work()), Deadline(30)
            while not is_done():
                assert not task.done(), task.exception()
                assert not deadline.has_passed()
                await asyncio.sleep(0.01)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        asyncio.run(scenario())

    @property
    def waiting(self) -> list[Picture]:
        """What is to be made anew."""
        return self.store.read_now(lambda reader: reader.pictures.waiting(1_000))

    def pictures(self, state: PictureState = PictureState.KEPT) -> list[Picture]:
        """All in a state."""

        def read(reader: Any) -> list[Picture]:
            return [reader.pictures.find(id_).picture for id_ in sorted(reader.pictures.ids(state))]

        return self.store.read_now(read)

    def events(self) -> list[Event]:
        """All events, the oldest first."""
        return self.store.read_now(
            lambda reader: sorted(
                (event for _, event in reader.events_before(None, 10_000)),
                key=lambda one: (one.observed_at, one.id),
            )
        )

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)
