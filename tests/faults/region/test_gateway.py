"""The real gateway as a town of a region: killed at any moment nothing is lost or double; its memory."""

import random
import time
import urllib.request
from pathlib import Path

import pytest

from gateway.domain.model import Device, Role
from gateway.region.uplink.outgoing import event_record
from gateway.store import Store
from gateway.store.rows import EVENT_SELECT
from tests.faults.witness import head, ready
from tests.gateway.export.influx.kit import absorb_all, devices, story
from tests.gateway.region.uplink.fake_region import CUT_AFTER, CUT_BEFORE, FakeRegion, listening
from tests.gateway.region.uplink.kit import TOWN, is_drained
from tests.support.processes.children import memory_mb
from tests.support.samples import TOKYO
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

pytestmark = pytest.mark.real
TRAPS = tuple(Device(id=f"trap-{n:03}", role=Role.TRAP) for n in range(40))
MOST_MB = 5.0  # of memory for the uplink


def region_of(url: str, **more: object) -> str:
    lines = [f'url = "{url}"', f'town = "{TOWN}"', "interval_s = 0.1"]
    return "[region]\n" + "\n".join(lines + [f"{name} = {value}" for name, value in more.items()])


def drained(service: Service) -> bool:
    reader = service.reader()
    try:
        return is_drained(reader, int(time.time()) // 3_600 - 1)
    finally:
        reader.close()


def run_kills(mosquitto: Mosquitto, folder: Path, kills: int) -> None:
    """kill -9 at random moments while traps spring and a third of the requests are cut."""
    rng, region = random.Random(5), FakeRegion()
    region.fault = lambda _: rng.choice((CUT_BEFORE, CUT_AFTER, 503)) if rng.random() < 0.33 else 0
    sensor = Sensor(mosquitto.port, "town")
    with listening(region) as url:
        service = Service(folder, mosquitto.port, *TRAPS, extra=region_of(url, batch=7)).start()
        ready(service, mosquitto.port)
        sent = 0
        for _ in range(kills):
            end = time.monotonic() + 0.3 + rng.random()
            while time.monotonic() < end:
                sent += 1
                sensor.send(*native(TRAPS[sent % len(TRAPS)].id, "trap.sprung", sent))
                time.sleep(0.01)
            service.kill()
            service.start()
        ready(service, mosquitto.port)
        wait_for(lambda: head(service) >= sent, "all events", 60)
        region.fault = lambda _: 0
        wait_for(lambda: drained(service), "the region to have all", 60)
        service.stop()
    sensor.close()
    check_equal(service, region, sent)
    print(f"\nkilled {kills} times amid {sent} springs: 0 lost, 0 double at the region")


def check_equal(service: Service, region: FakeRegion, sent: int) -> None:
    """The region has the town's events, each once, and the lives of their alerts."""
    store = Store(service.database, TOKYO)
    sql = f"SELECT e.no, {EVENT_SELECT}"
    rows = store.write_now(lambda tx: tx.execute(sql).fetchall())
    alerts = store.read_now(lambda r: r.latest_alerts(1_000_000))
    store.close()
    assert region.rows("events") == {(row[2], row[1]): event_record(row) for row in rows}
    assert len(region.rows("events")) == sent
    statuses = {(one.id,): one.status.value for one in alerts}
    assert {key: one.status for key, one in region.rows("alerts").items()} == statuses


def test_kills_of_the_gateway_lose_and_double_nothing_at_the_region(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    run_kills(mosquitto, tmp_path / "gw", 3)


@pytest.mark.long
def test_a_hundred_kills_of_the_gateway_lose_and_double_nothing_at_the_region(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    run_kills(mosquitto, tmp_path / "gw", 100)


def at_work(
    mosquitto: Mosquitto, folder: Path, extra: str, region: FakeRegion
) -> tuple[float, str]:
    """Memory of a gateway with a past of 3,600 events after 200 new ones, and its log."""
    fleet = devices(20)
    service = Service(folder, mosquitto.port, *fleet, *TRAPS, extra=extra)
    store = Store(service.database, TOKYO)
    absorb_all(store, story(fleet, 150))
    store.close()
    service.start(PYTHONPROFILEIMPORTTIME="1")
    ready(service, mosquitto.port)
    sensor = Sensor(mosquitto.port, "board")
    before = head(service)
    for number in range(200):
        sensor.send(*native(TRAPS[number % len(TRAPS)].id, "heartbeat", number))
    wait_for(lambda: head(service) >= before + 200, "the events", 60)
    if extra:
        wait_for(lambda: drained(service), "the region to have all", 60)
    with urllib.request.urlopen(f"{service.url}/healthz", timeout=30) as reply:
        reply.read()
    used, log = memory_mb(service.pid), service.log
    service.kill()
    sensor.close()
    return used, log


def test_an_uplink_takes_little_memory_and_without_a_region_nothing_of_it_is_loaded(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    region = FakeRegion()
    off, log = at_work(mosquitto, tmp_path / "off", "", region)
    with listening(region) as url:
        on, _ = at_work(mosquitto, tmp_path / "on", region_of(url), region)
    print(f"\nmemory without a region {off:.1f} MB, with one {on:.1f} MB")
    assert len(region.rows("events")) > 3_000
    assert on - off < MOST_MB
    assert "gateway.region.uplink" not in log
    assert "gateway.store.followers.region" in log  # the control: the log names what is loaded
