"""Bytes that gateway and broker write at a normal site: `python -m tests.bench.wear [--speed X] [--days N]`.

200 devices with a heartbeat every 10 minutes and 60 detections an hour, beside a history of `--days`. The
broker has the shipped configuration, the gateway its defaults. `--speed X` is a time-lapse: heartbeats,
gathering and the broker's saves come X times as often, so that each hour has the same commits; what does not
depend on the load (`idle`) is measured in true time and added. Printed: MB an hour of both, memory of both,
and which tables the pages of the -wal belong to.
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct

from gateway.config import StoreSettings
from gateway.domain.model import Device, Role
from gateway.store import connection
from tests.bench.intake import Process
from tests.bench.load import Packet, Publisher
from tests.bench.wear.history_rows import fill
from tests.bench.wear.wal_pages import say_pages
from tests.deploy.folder import DEPLOY
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, retained_message

DEVICES = 200
HEARTBEAT_S = 600.0
DETECTIONS_AN_HOUR = 60
IDLE_S = 120.0
MB = 1_000_000


class Written(Struct, frozen=True):
    """Bytes that each has written."""

    gateway: int
    broker: int


class Broker(Mosquitto):
    """A broker whose process is measured."""

    @property
    def pid(self) -> int:
        return self._child.pid


class Site(Struct, frozen=True):
    """What runs."""

    service: Service
    broker: Broker

    def written(self) -> Written:
        return Written(Process(self.service.pid).written(), Process(self.broker.pid).written())


def devices() -> list[Device]:
    """Traps and cameras, half and half."""
    return [
        Device(
            id=f"dev-{n:03}",
            role=Role.TRAP if n % 2 else Role.DETECTOR,
            name=f"No. {n}",
            lat=32.6 + n / 1_000,
            lon=128.8 + n / 1_000,
            heartbeat_s=int(HEARTBEAT_S),
        )
        for n in range(DEVICES)
    ]


def broker_settings(speed: float) -> str:
    """The shipped settings that have to do with the disk; the saves come `speed` times as often."""
    text = (DEPLOY / "mosquitto" / "shishigaki.conf").read_text(encoding="utf-8")
    wanted = [
        line
        for line in text.splitlines()
        if line.startswith(("autosave", "max_", "persistent_", "set_tcp", "retain", "memory"))
    ]
    settings = "\n".join(wanted) + "\n"
    saves = re.search(r"^autosave_interval (\d+)$", settings, re.MULTILINE)
    if saves and "autosave_on_changes false" in settings:
        every_s = max(1, round(int(saves[1]) / speed))
        settings = settings.replace(saves[0], f"autosave_interval {every_s}")
    return settings


def beat(n: int, seq: int, at: datetime) -> Packet:
    """A heartbeat as the simulated firmware sends it."""
    body = _body(n, seq, at, "heartbeat") | {
        "battery": {"v": 3.61, "pct": 83.0},
        "link": {"rssi_dbm": -88.0 - seq % 7, "snr_db": 7.5},
        "queued": 0,
        "dropped": 0,
    }
    return f"wildlife/v1/goto/dev-{n:03}/telemetry", json.dumps(body).encode()


def seen(n: int, seq: int, at: datetime) -> Packet:
    """A detection."""
    body = _body(n, seq, at, "detection") | {"species": "boar", "count": 2, "confidence": 0.91}
    return f"wildlife/v1/goto/dev-{n:03}/event", json.dumps(body).encode()


def _body(n: int, seq: int, at: datetime, kind: str) -> dict[str, object]:
    return {
        "v": 1,
        "id": f"{int(at.timestamp() * 1000):012X}{n:04}{seq:010}",
        "boot": 3,
        "seq": seq,
        "kind": kind,
        "ts": at.isoformat(timespec="milliseconds")[:-6] + "Z",
        "ts_src": "ntp",
        "uptime_ms": seq * 600_000,
    }


def load(hours: float) -> Iterator[tuple[float, int, bool]]:
    """(second, device, whether it is a detection) of a normal site, in order of time."""
    beats = [
        (n * HEARTBEAT_S / DEVICES * 7.3 % HEARTBEAT_S + turn * HEARTBEAT_S, n, False)
        for turn in range(int(hours * 3_600 / HEARTBEAT_S) + 1)
        for n in range(DEVICES)
    ]
    every_s = 3_600 / DETECTIONS_AN_HOUR
    sightings = [
        (17 + k * every_s, (k * 38) % DEVICES, True) for k in range(int(hours * DETECTIONS_AN_HOUR))
    ]
    yield from (one for one in sorted(beats + sightings) if one[0] < hours * 3_600)


def play(publisher: Publisher, hours: float, speed: float) -> int:
    """Publish the load; returns how many messages."""
    began, count = time.monotonic(), 0
    for seq, (second, n, is_detection) in enumerate(load(hours)):
        time.sleep(max(0.0, began + second / speed - time.monotonic()))
        publisher.send((seen if is_detection else beat)(n, seq, datetime.now(UTC)))
        count = seq + 1
    time.sleep(max(0.0, began + hours * 3_600 / speed - time.monotonic()))
    return count


def warm_up(publisher: Publisher) -> None:
    """Each device has been heard, and each detector has seen a boar."""
    for turn in range(2):
        for n in range(DEVICES):
            packet = (seen if turn else beat)(n, 1_000_000 + turn, datetime.now(UTC))
            publisher.send(packet)
    time.sleep(20)


def say(name: str, wrote: Written, hours: float) -> float:
    """Print MB an hour; returns the sum."""
    both = (wrote.gateway + wrote.broker) / MB / hours
    print(
        f"{name:8} gateway {wrote.gateway / MB / hours:6.2f}, broker {wrote.broker / MB / hours:6.2f}, "
        f"together {both:6.2f} MB/h",
        flush=True,
    )
    return both


def since(before: Written, now: Written) -> Written:
    return Written(now.gateway - before.gateway, now.broker - before.broker)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of the site's time")
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--days", type=int, default=30, help="of history before")
    parser.add_argument("--page", type=int, default=connection.PAGE_BYTES, help="bytes")
    parser.add_argument(
        "--wait", type=float, default=StoreSettings().routine_wait_s, help="seconds"
    )
    arguments = parser.parse_args()
    hours, speed = arguments.minutes / 60, arguments.speed
    connection.PAGE_BYTES = arguments.page
    with (
        tempfile.TemporaryDirectory() as text,
        Broker(Path(text) / "broker", persistence=True, extra=broker_settings(speed)) as broker,
    ):
        service = Service(
            Path(text) / "gw", broker.port, *devices(), routine_wait_s=arguments.wait / speed
        )
        fill(service.database, DEVICES, arguments.days, timedelta(seconds=HEARTBEAT_S))
        run(Site(service.start(), broker), hours, speed)


def run(site: Site, hours: float, speed: float) -> None:
    """Idle in true time, then the load."""
    topic = "shishigaki/v1/goto/gateway/status"
    try:
        wait_for(lambda: retained_message(site.broker.port, topic) == b"online", "the gateway", 60)
        publisher = Publisher(site.broker.port)
        warm_up(publisher)
        before = site.written()
        time.sleep(IDLE_S)
        idle = Written(
            since(before, site.written()).gateway, 0
        )  # the broker's saves are in the load
        idle_mb = say("idle", idle, IDLE_S / 3_600)
        before, pages = site.written(), say_pages(site.service.database)
        count = play(publisher, hours, speed)
        load_mb = say("load", since(before, site.written()), hours)
        pages.say()
        lapse = idle_mb * (1 - 1 / speed)  # of the idle bytes the time-lapse has only this part
        gateway, broker = (Process(pid).rss_mb() for pid in (site.service.pid, site.broker.pid))
        print(f"{count} messages in {hours:g} h; memory {gateway:.0f} + {broker:.0f} MB")
        print(f"together {load_mb + lapse:.2f} MB/h (goal 10), {gateway + broker:.0f} MB (goal 80)")
        publisher.close()
    finally:
        site.service.stop()


if __name__ == "__main__":
    main()
