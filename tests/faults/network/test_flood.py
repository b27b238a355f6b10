"""More than is usual: one loud device beside the others, a day of tenfold load, more than the disk takes."""

import json
import threading
import time
from pathlib import Path

import pytest

from tests.bench.load import Publisher, detections
from tests.faults.lacking import p99, without
from tests.faults.witness import CAMERAS, Confirms, head, metric, ready
from tests.support.mqtt_rig import UNLIMITED
from tests.support.pace import slowness
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native

pytestmark = pytest.mark.real

LOUD = 1_000  # messages a second: ten times what the others send together
A_STEP = 48_000


def beside_a_flood(service: Service, port: int, turn: int = 0) -> tuple[float, float]:
    """Others' publish to confirmed, p99: (calm, beside one loud device). Each `turn` has its own ids."""
    ready(service, port)
    calm = confirmed_p99(port, f"a{turn}")
    stop = threading.Event()
    flood = threading.Thread(target=_flood, args=(port, stop, turn * 1_000_000))
    flood.start()
    try:
        flooded = confirmed_p99(port, f"b{turn}")
    finally:
        stop.set()
        flood.join()
    print(
        f"\nothers' publish to confirmed, p99: {calm * 1e3:.0f} ms calm, "
        f"{flooded * 1e3:.0f} ms beside a flood of {LOUD:,}/s"
    )
    return calm, flooded


@pytest.mark.long
def test_a_flood_from_one_device_leaves_the_others_their_time(
    mosquitto: Mosquitto, service: Service
) -> None:
    """In one of three turns: a busy machine can delay a turn, too little time for the others delays each."""
    with service:
        assert any(_is_left(*beside_a_flood(service, mosquitto.port, turn)) for turn in range(3))


def _is_left(calm: float, flooded: float) -> bool:
    return flooded < max(0.25 * slowness(), 5 * calm)


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
    return p99(sorted(confirmed.times[id_] - at for id_, at in sent.items()))


def _flood(port: int, stop: threading.Event, number: int = 0) -> None:
    publisher = Publisher(port, "flood")
    while not stop.wait(0.1):
        burst = [
            native("cam-0000", "detection", number + n, species="deer") for n in range(LOUD // 10)
        ]
        publisher.send_all([(topic, json.dumps(body).encode()) for topic, body in burst])
        number += len(burst)
    publisher.close()


def growth_mb(service: Service, port: int, steps: int) -> float:
    """How much more it holds on the average of the second half of so many steps than in the first."""
    ready(service, port)
    publisher = Publisher(port)
    sizes = []
    for number in range(steps):
        publisher.send_all(detections(A_STEP, 100, number * A_STEP, run="m", total=A_STEP * steps))
        wait_for(lambda n=number: head(service) >= (n + 1) * A_STEP, "the commits", 120)  # type: ignore[misc]
        sizes.append(service.rss_mb())
    publisher.close()
    half = steps // 2
    growth = sum(sizes[half:]) / (steps - half) - sum(sizes[2:half]) / (half - 2)
    print(
        f"\n{A_STEP * steps:,} events: {sizes[2]:.0f} -> {sizes[-1]:.0f} MB, "
        f"second half {growth:+.1f} MB"
    )
    assert sizes[-1] < 512
    return growth


@pytest.mark.long
def test_memory_stays_flat_over_a_day_of_tenfold_load(
    mosquitto: Mosquitto, service: Service
) -> None:
    """1,000 devices that speak every 15 minutes, ten times over, for a day: about a million."""
    with service:
        assert growth_mb(service, mosquitto.port, 20) < 8


def held_mb(folder: Path, care: str = "nothing") -> tuple[float, float]:
    """(MB sent, MB that the gateway grows by) while the disk's reserve lets nothing be committed."""
    count, note = 3_000, "x" * 16_000
    flood = [
        (topic, json.dumps(body).encode())
        for topic, body in (native("cam-0001", "detection", n, note=note) for n in range(count))
    ]
    with (
        Mosquitto(folder / "unlimited", extra=UNLIMITED) as broker,
        Service(
            folder / "gw",
            broker.port,
            *CAMERAS,
            mqtt="max_uncommitted = 300",
            reserve_mb=1 << 40,
            program=without(care),
        ) as service,
    ):
        ready(service, broker.port)
        before = service.rss_mb()
        publisher = Publisher(broker.port)
        publisher.send_all(flood)
        publisher.close()
        wait_for(lambda: metric(service, "shishigaki_session_paused") == 1, "it to have enough")
        wait_for(lambda: _is_still(service), "it to take what it takes")
        grown = service.rss_mb() - before
    sent = sum(len(payload) for _, payload in flood) / 1e6
    print(f"\n{sent:.0f} MB sent to a full disk, without {care}: {grown:.0f} MB held")
    return sent, grown


def _is_still(service: Service) -> bool:
    """Whether nothing was read for a second."""
    before = metric(service, "shishigaki_session_received_total")
    time.sleep(1)
    return metric(service, "shishigaki_session_received_total") == before


def test_more_than_the_disk_takes_stays_with_the_broker(tmp_path: Path) -> None:
    sent, grown = held_mb(tmp_path)
    assert grown < sent / 2


@pytest.mark.long
def test_control_without_a_bound_everything_is_held_in_memory(tmp_path: Path) -> None:
    sent, grown = held_mb(tmp_path, "a bound on what waits")
    assert grown > sent
