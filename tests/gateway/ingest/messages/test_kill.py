"""kill -9 of the real gateway on a real broker, beside two readers of its file: none lost, none double."""

import os
import signal
import threading
from functools import partial
from pathlib import Path

import pytest

from gateway.domain.model import Device, Role
from tests.faults.neighbours.readers import StockReaders
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native, retained_message

CAMERA = Device(id="cam-01", role=Role.DETECTOR)
MESSAGES = 2_000


def committed(service: Service) -> int:
    """How many events lie in the database."""
    reader = service.reader()
    return sum(1 for _ in reader.events_after(0, 10 * MESSAGES))


def committed_over(service: Service, wanted: float) -> bool:
    return committed(service) > wanted


def publish(port: int, numbers: range) -> None:
    sensor = Sensor(port)
    for seq in numbers:
        info = sensor.send(*native("cam-01", "detection", seq, species="boar"))
        if seq % 100 == 99:
            sensor.flush(info)
    sensor.flush(info)
    sensor.close()


@pytest.mark.real
def test_a_gateway_killed_amid_2000_messages_loses_none_and_doubles_none(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    service = Service(tmp_path / "gw", mosquitto.port, CAMERA, max_batch=4)
    with service, StockReaders(service.database, tmp_path):
        wait_for(lambda: subscribed(service, mosquitto.port), "the gateway to subscribe")
        amid: list[int] = []
        sending = threading.Thread(target=publish, args=(mosquitto.port, range(MESSAGES)))
        sending.start()
        for part in (0.1, 0.4, 0.7):
            wait_for(partial(committed_over, service, part * MESSAGES), "some commits")
            service.kill()
            amid.append(committed(service))
            service.start()
        sending.join()
        wait_for(lambda: committed(service) >= MESSAGES, "all commits", 30)
        events = [event for _, event in service.reader().events_after(0, 10 * MESSAGES)]
    assert min(amid) < MESSAGES, "a kill came after the last commit: nothing was proven"
    assert sorted(e.seq or 0 for e in events) == list(range(MESSAGES))


@pytest.mark.real
def test_a_gateway_killed_amid_a_surge_judges_what_it_had_kept_once(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    service = Service(tmp_path / "gw", mosquitto.port, CAMERA, max_batch=100)
    with service, StockReaders(service.database, tmp_path):
        wait_for(lambda: subscribed(service, mosquitto.port), "the gateway to subscribe")
        os.kill(service.pid, signal.SIGSTOP)  # what waits at the broker will come at once
        publish(mosquitto.port, range(MESSAGES))
        os.kill(service.pid, signal.SIGCONT)
        reader = service.reader()
        wait_for(lambda: reader.backlog().messages > MESSAGES / 4, "a backlog")
        service.kill()
        judged, kept = committed(service), reader.backlog().messages
        assert judged < MESSAGES
        assert kept, "the kill came after the surge: nothing was proven"
        service.start()
        wait_for(lambda: committed(service) >= MESSAGES, "all commits", 30)
        events = [event for _, event in reader.events_after(0, 10 * MESSAGES)]
        reader.close()
    assert sorted(e.seq or 0 for e in events) == list(range(MESSAGES))


def subscribed(service: Service, port: int) -> bool:
    """The gateway's retained status says that it listens."""
    return retained_message(port, "shishigaki/v1/goto/gateway/status") == b"online"
