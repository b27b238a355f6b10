"""kill -9 of the real gateway at random moments while traps spring: each is stored and alerted once.

Two other programs read the database all the time.
"""

import json
import random
import threading
import time

import pytest

from gateway.domain.model import Device, Role
from gateway.store import Store
from tests.bench.load import Publisher
from tests.faults.witness import Confirms, events, head, ready
from tests.support.samples import TOKYO
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("readers")]


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
    print(
        f"\nkilled {kills} times amid {len(sent)} messages: "
        f"{len(sent) - len({e.id for e in found})} lost, "
        f"{len(found) - len({e.id for e in found})} double, "
        f"{len(set(springs) - set(alerts))} alerts missing"
    )
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
