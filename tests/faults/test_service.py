"""The whole gateway under what the field does to it: clocks, disks, brokers, floods."""

import json
import os
import random
import shutil
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.model import Device, Event, Kind, Role, TimeQuality
from gateway.store import Store
from tests.bench.load import Publisher, detections
from tests.gateway.samples import TOKYO
from tests.gateway.service import Sensor, Service, heard, native
from tests.servers import Mosquitto, wait_for

pytestmark = pytest.mark.real

TRAP = Device(id="trap-01", role=Role.TRAP)
CAMERAS = [Device(id=f"cam-{n:04}", role=Role.DETECTOR) for n in range(100)]
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


def events(service: Service) -> list[Event]:
    reader = service.reader()
    found = [event for _, event in reader.events_after(0, 1_000_000)]
    reader.close()
    return found


def ready(service: Service, port: int) -> None:
    wait_for(
        lambda: heard(port, "shishigaki/v1/goto/gateway/status") == b"online", "the gateway", 40
    )


def health(service: Service) -> tuple[int, dict[str, str], float]:
    """(status, faults, seconds it took) of /healthz."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(f"{service.url}/healthz", timeout=10) as reply:
            status, body = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    return status, json.loads(body)["faults"], time.monotonic() - began


@pytest.fixture
def service(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Service]:
    service = Service(tmp_path / "gw", mosquitto.port, TRAP, *CAMERAS)
    yield service
    service.kill()


class Clock:
    """The time that a program is shown (libfaketime)."""

    def __init__(self, folder: Path) -> None:
        if FAKETIME is None:
            pytest.skip("libfaketime is not installed: sudo apt-get install libfaketime")
        self._file = folder / "time"
        self.environment = {
            "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1", "TZ": "UTC",
        }  # fmt: skip

    def show(self, text: str) -> None:
        self._file.write_text(text + "\n")


def test_a_gateway_that_boots_in_1970_dates_right_once_it_knows_the_time(
    tmp_path: Path, mosquitto: Mosquitto, service: Service
) -> None:
    clock, sensor = Clock(tmp_path), Sensor(mosquitto.port)
    clock.show("@1970-01-01 00:00:10")
    service.start(**clock.environment)
    ready(service, mosquitto.port)
    sensor.flush(sensor.send(*native("trap-01", "trap.set", 1)))
    sensor.flush(sensor.send(*native("trap-01", "trap.sprung", 2)))
    wait_for(lambda: len(events(service)) == 2, "both events")
    assert {event.time_quality for event in events(service)} == {TimeQuality.UNTRUSTED}
    assert "clock" in health(service)[1]
    clock.show("+0")
    wait_for(lambda: "clock" not in health(service)[1], "the gateway to know the time")
    sensor.flush(sensor.send(*native("trap-01", "trap.set", 3)))
    wait_for(lambda: len(events(service)) == 3, "the third event")
    sensor.close()
    found, now = events(service), time.time()
    assert [event.kind for event in found] == [Kind.SET, Kind.SPRUNG, Kind.SET]
    times = [event.observed_at.timestamp() for event in found]
    assert times == sorted(times)
    assert all(now - 60 < at <= now + 1 for at in times)


@pytest.mark.parametrize("jump", ["-1h", "+10y"])
def test_a_clock_that_jumps_loses_and_hides_nothing(
    tmp_path: Path, mosquitto: Mosquitto, service: Service, jump: str
) -> None:
    clock, sensor = Clock(tmp_path), Sensor(mosquitto.port)
    clock.show("+0")
    service.start(**clock.environment)
    ready(service, mosquitto.port)
    sensor.flush(sensor.send(*native("trap-01", "trap.set", 1)))
    wait_for(lambda: len(events(service)) == 1, "the first event")
    clock.show(jump)
    sensor.flush(sensor.send(*native("trap-01", "trap.sprung", 2)))
    wait_for(lambda: len(events(service)) == 2, "the second event")
    sensor.close()
    first, second = events(service)
    assert 0 <= (second.observed_at - first.observed_at).total_seconds() < 60
    reader = service.reader()
    assert [alert.rule for alert in reader.open_alerts()] == ["trap_sprung"]
    reader.close()


def strace(*injections: str) -> list[str]:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed: sudo apt-get install strace")
    inject = [part for one in injections for part in ("-e", f"inject={one}")]
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", *inject]


def end_traced(service: Service) -> None:
    """strace and the gateway below it."""
    process = service._process
    assert process
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in children:
        os.kill(int(pid), signal.SIGKILL)
    process.wait(timeout=10)


def test_a_slow_disk_slows_nobody_who_looks(mosquitto: Mosquitto, service: Service) -> None:
    service.start(*strace("fdatasync:delay_exit=1000000"))
    try:
        ready(service, mosquitto.port)
        sensor = Sensor(mosquitto.port)
        for seq in range(20):
            sensor.flush(sensor.send(*native("cam-0001", "detection", seq)))
        waits = sorted(health(service)[2] for _ in range(60))
        wait_for(lambda: len(events(service)) == 20, "all events", 30)
        sensor.close()
        print(f"\nfsync takes 1 s: /healthz answers in {waits[-2] * 1e3:.0f} ms (p99)")
        assert waits[-2] < 1.0
    finally:
        end_traced(service)


def test_a_disk_with_errors_gets_no_false_acknowledgement(
    mosquitto: Mosquitto, service: Service
) -> None:
    service.start(*strace("fdatasync:error=EIO:when=12..15"))
    try:
        ready(service, mosquitto.port)
        confirmed, sensor = Confirms(mosquitto.port), Sensor(mosquitto.port)
        for seq in range(60):
            sensor.flush(sensor.send(*native("cam-0001", "detection", seq)))
        waits: list[float] = []

        def all_confirmed() -> bool:
            waits.append(health(service)[2])
            return len(confirmed.ids) == 60

        wait_for(all_confirmed, "all confirms", 40)
        worst_s = sorted(waits)[-1 - len(waits) // 100]
        print(f"\nsyncs fail: /healthz answers in {worst_s * 1e3:.0f} ms (p99 of {len(waits)})")
        assert worst_s < 1.0
        assert {event.id for event in events(service)} == confirmed.ids
        sensor.close()
        confirmed.close()
        assert "error" in service.log.lower() or "refus" in service.log.lower() or metric(
            service, "shishigaki_disk_refusals_total"
        )  # fmt: skip
    finally:
        end_traced(service)


def metric(service: Service, name: str) -> float:
    with urllib.request.urlopen(f"{service.url}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


class Confirms:
    """What the gateway has said that devices may forget."""

    def __init__(self, port: int) -> None:
        self.times: dict[str, float] = {}
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._note
        self._client.on_connect = lambda c, *_: c.subscribe("shishigaki/v1/goto/+/confirm", 1)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    @property
    def ids(self) -> set[str]:
        return set(self.times)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, _c: paho.Client, _u: object, message: paho.MQTTMessage) -> None:
        now = time.perf_counter()
        for id_ in json.loads(message.payload)["ids"]:
            self.times.setdefault(id_, now)


def run_broker_kills(mosquitto: Mosquitto, service: Service, kills: int) -> None:
    """The broker forgets everything, again and again; the devices repeat until confirmed."""
    service.start()
    ready(service, mosquitto.port)
    confirmed = Confirms(mosquitto.port)
    wanted: set[str] = set()
    for number in range(kills):
        fresh = [native("cam-0001", "detection", number * 20 + n) for n in range(20)]
        wanted |= {str(body["id"]) for _, body in fresh}
        send(mosquitto.port, fresh)
        mosquitto.kill()
        mosquitto.restart()
    for attempt in range(60):  # the devices repeat what has not been confirmed
        if wanted <= confirmed.ids:
            break
        missing = [native("cam-0001", "detection", int(i.split("-")[-1]))
                   for i in sorted(wanted - confirmed.ids)]  # fmt: skip
        send(mosquitto.port, missing)
        time.sleep(0.5 if attempt else 0.1)
    confirmed.close()
    found = [event.id for event in events(service)]
    print(f"\nbroker killed and restarted empty {kills} times: "
          f"{len(wanted - set(found))} of {len(wanted)} lost, "
          f"{len(found) - len(set(found))} double")  # fmt: skip
    assert wanted <= confirmed.ids
    assert sorted(found) == sorted(wanted)


def send(port: int, messages: list[tuple[str, dict[str, object]]]) -> None:
    publisher = Publisher(port, f"device-{random.random()}")
    publisher.send_all([(topic, json.dumps(body).encode()) for topic, body in messages])
    publisher.close()


def test_a_broker_that_forgets_costs_nothing_that_was_not_confirmed(
    mosquitto: Mosquitto, service: Service
) -> None:
    run_broker_kills(mosquitto, service, 3)


@pytest.mark.long
def test_a_broker_killed_a_hundred_times(mosquitto: Mosquitto, service: Service) -> None:
    run_broker_kills(mosquitto, service, 100)


@pytest.mark.long
def test_a_flood_from_one_device_leaves_the_others_their_time(
    mosquitto: Mosquitto, service: Service
) -> None:
    """One device sends ten times what all others send together."""
    service.start()
    ready(service, mosquitto.port)
    calm = confirmed_p99(mosquitto.port, "a")
    stop = threading.Event()
    flood = threading.Thread(target=_flood, args=(mosquitto.port, 1_000, stop))
    flood.start()
    flooded = confirmed_p99(mosquitto.port, "b")
    stop.set()
    flood.join()
    print(f"\nothers' publish to confirmed, p99: {calm * 1e3:.0f} ms calm, "
          f"{flooded * 1e3:.0f} ms beside a flood of 1,000/s")  # fmt: skip
    assert flooded < max(0.25, 5 * calm)


def confirmed_p99(port: int, run: str, count: int = 1_000) -> float:
    """Seconds from publish to confirm of 100 devices that send 100 a second."""
    confirmed = Confirms(port)
    publisher, sent = Publisher(port, f"steady-{run}"), dict[str, float]()
    for topic, payload in detections(count, 100, run=run):
        sent[json.loads(payload)["id"]] = time.perf_counter()
        publisher.send((topic, payload))
        time.sleep(0.01)
    wait_for(lambda: sent.keys() <= confirmed.times.keys(), "all confirms", 60)
    publisher.close()
    confirmed.close()
    waits = sorted(confirmed.times[id_] - at for id_, at in sent.items())
    return waits[int(len(waits) * 0.99)]


def _flood(port: int, rate: int, stop: threading.Event) -> None:
    publisher = Publisher(port, "flood")
    number = 0
    while not stop.wait(0.1):
        burst = [
            native("cam-0000", "detection", number + n, species="deer") for n in range(rate // 10)
        ]
        publisher.send_all([(topic, json.dumps(body).encode()) for topic, body in burst])
        number += len(burst)
    publisher.close()


@pytest.mark.long
def test_memory_stays_flat_over_a_day_of_tenfold_load(
    mosquitto: Mosquitto, service: Service
) -> None:
    """1,000 devices that speak every 15 minutes, ten times over, for a day: about a million."""
    service.start()
    ready(service, mosquitto.port)
    publisher = Publisher(mosquitto.port)
    sizes = []
    step, steps = 48_000, 20
    for number in range(steps):
        publisher.send_all(detections(step, 100, number * step, run="m"))
        wait_for(lambda n=number: head(service) >= (n + 1) * step, "the commits", 120)  # type: ignore[misc]
        sizes.append(service.rss_mb())
    publisher.close()
    half = steps // 2
    slope = sum(sizes[half:]) / half - sum(sizes[2:half]) / (half - 2)
    print(f"\n{step * steps:,} events: {sizes[2]:.0f} -> {sizes[-1]:.0f} MB, "
          f"second half {slope:+.1f} MB")  # fmt: skip
    assert sizes[-1] < 512
    assert slope < 8


def head(service: Service) -> int:
    reader = service.reader()
    number = reader.follower.head()
    reader.close()
    return number


def run_kills(mosquitto: Mosquitto, service: Service, kills: int) -> None:
    """kill -9 at random moments while traps spring; each must be stored and alerted once."""
    rng, confirmed = random.Random(11), Confirms(mosquitto.port)
    store = Store(service.database, TOKYO)
    traps = [Device(id=f"trap-{n:05}", role=Role.TRAP) for n in range(1, 20_000)]
    store.write_now(lambda tx: tx.put_devices(traps))
    store.close()
    service.start()
    ready(service, mosquitto.port)
    stop, sent = threading.Event(), list[int]()
    sending = threading.Thread(target=_springs, args=(mosquitto.port, stop, sent))
    sending.start()
    for _ in range(kills):
        time.sleep(rng.random() * 1.5)
        service.kill()
        service.start()
    ready(service, mosquitto.port)
    stop.set()
    sending.join()
    wait_for(lambda: head(service) >= len(sent), "all events", 60)
    confirmed.close()
    found = events(service)
    reader = service.reader()
    alerts = [
        alert.event for alert in reader.latest_alerts(1_000_000) if alert.rule == "trap_sprung"
    ]
    reader.close()
    springs = [event.id for event in found]
    print(f"\nkilled {kills} times amid {len(sent)} messages: "
          f"{len(sent) - len({e.id for e in found})} lost, "
          f"{len(found) - len({e.id for e in found})} double, "
          f"{len(set(springs) - set(alerts))} alerts missing")  # fmt: skip
    assert len(found) == len({e.id for e in found}) == len(sent)
    assert sorted(springs) == sorted(a for a in alerts if a)
    assert confirmed.ids <= {event.id for event in found}


def _springs(port: int, stop: threading.Event, sent: list[int]) -> None:
    publisher = Publisher(port, "trap")
    number = 0
    while not stop.is_set():
        number += 1
        topic, body = native(f"trap-{number:05}", "trap.sprung", number)
        publisher.send((topic, json.dumps(body).encode()))
        sent.append(number)
        time.sleep(0.02)
    publisher.close()


def test_kills_lose_no_event_and_no_alert(mosquitto: Mosquitto, service: Service) -> None:
    run_kills(mosquitto, service, 3)


@pytest.mark.long
def test_two_hundred_kills_lose_no_event_and_no_alert(
    mosquitto: Mosquitto, service: Service
) -> None:
    run_kills(mosquitto, service, 200)
