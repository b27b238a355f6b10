"""Uplinks of several towns in one process, without their gateways: `... town_process [FLAG] CONFIG...`

Owns how an uplink is put together for a test that kills it. For controls: `--believing`, an uplink that takes
every block for acknowledged once it has sent it; `--by-clock`, one that numbers its sessions by its clock.
"""

import asyncio
import logging
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry

from gateway.clock import utc_now
from gateway.config import Config, load
from gateway.region.protocol import SESSION, Answer, encode_answer
from gateway.region.uplink.connection import Connection, RegionReply
from gateway.region.uplink.metrics import UplinkMeters
from gateway.region.uplink.requests import Requests
from gateway.region.uplink.uplink import TownNames, Uplink
from gateway.store import Store
from gateway.store.feed import Feed

log = logging.getLogger(__name__)

IDLE = "idle"  # the file that says that a round has left nothing to send


class BelievingConnection(Connection):
    """Answers 200 in the region's place when the region gives no answer."""

    async def post(self, path: str, body: bytes) -> RegionReply:
        """Send, and believe that it arrived."""
        reply = await super().post(path, body)
        if reply.status == 200:
            return reply
        log.warning("taken for acknowledged: %s", reply.text or reply.status)
        return RegionReply(200, encode_answer(Answer(upto=1 << 52)))


class ClockUplink(Uplink):
    """Numbers its sessions by the hours of its clock, not by what the region and its own database know."""

    async def _greet(self, connection: Connection) -> None:
        await super()._greet(connection)
        self._version = int(self._clock().timestamp()) // 3_600 * SESSION


def uplink(config: Config, store: Store, kind: type[Uplink]) -> Uplink:
    """A town's uplink that takes no requests."""
    requests = Requests(store, Feed(), utc_now, (), lambda *_: None)  # type: ignore[arg-type]
    zone = ZoneInfo(config.site.timezone)
    names = TownNames(config.site.name, config.site.name, zone, "test", 0)
    return kind(store, config.region, names, requests, UplinkMeters(CollectorRegistry()), utc_now)


async def send(path: Path, flags: set[str]) -> None:
    """Send one town's record until cancelled."""
    config = load(path)
    store = Store(Path(config.store.path), ZoneInfo(config.site.timezone))
    one = uplink(config, store, ClockUplink if "--by-clock" in flags else Uplink)
    kind = BelievingConnection if "--believing" in flags else Connection
    with kind(config.region) as connection:
        while True:
            rounds = one.rounds
            pause_s = await one.round(connection)
            if one.rounds > rounds:
                (path.parent / IDLE).touch()
            await asyncio.sleep(min(pause_s, 2.0))


async def main(words: list[str]) -> None:
    """All towns that are named."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    flags = {word for word in words if word.startswith("--")}
    async with asyncio.TaskGroup() as group:
        for word in words:
            if word not in flags:
                group.create_task(send(Path(word), flags))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
