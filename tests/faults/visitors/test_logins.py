"""64 people log in at once where the whole gateway may take 128 MB: nothing is killed, pages answer."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.domain.model import Device, Role
from tests.dashboard.client import Client
from tests.faults.lacking import without
from tests.faults.visitors.crowd import members
from tests.faults.visitors.measured import PAGE_S, Round, page_s
from tests.faults.visitors.memory_group import MemoryGroup, memory_group
from tests.support.pace import slowness
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service

TRAP = Device(id="trap-01", role=Role.TRAP)
LIMIT_BYTES = 128 << 20
LOGINS = 64
PASSWORD = "あかるい猪垣 2026"
IN, LATER, CUT = 303, 429, 0
READY_S = 60.0


@pytest.fixture
def group() -> Iterator[MemoryGroup]:
    with memory_group(LIMIT_BYTES) as group:
        yield group


def start(folder: Path, broker: Mosquitto, group: MemoryGroup, care: str = "nothing") -> Service:
    service = Service(folder / "gw", broker.port, TRAP, program=without(care))
    members(service, LOGINS, PASSWORD)
    service.start(*group.prefix)
    wait_for(lambda: "connected to" in service.log, "the gateway", READY_S)
    wait_for(lambda: page_s(service) < READY_S, "its pages", READY_S)
    return service


def log_in(service: Service, number: int) -> int:
    """The status of one log-in with the right password; CUT: there was no answer."""
    name = f"member-{number}" if number else "tanaka"
    try:
        answer = Client(service.url).post(
            "/login",
            {"name": name, "password": PASSWORD},
            headers={"x-forwarded-for": f"203.0.113.{number}"},
        )
    except OSError:
        return CUT
    return answer.status_code


def crowd(service: Service) -> tuple[Counter[int], float]:
    """The answers to 64 log-ins at once, and the longest that a page took beside them."""
    with ThreadPoolExecutor(LOGINS) as people:
        asked = [people.submit(log_in, service, n) for n in range(LOGINS)]
        longest_s = page_s(service)
        while not all(one.done() for one in asked):
            longest_s = max(longest_s, page_s(service))
            time.sleep(0.02)
    return Counter(one.result() for one in asked), longest_s


@pytest.mark.real
def test_64_log_ins_at_once_in_128_mb_kill_nothing_and_the_pages_answer(
    tmp_path: Path, mosquitto: Mosquitto, group: MemoryGroup
) -> None:
    service, sensor = start(tmp_path, mosquitto, group), Sensor(mosquitto.port)
    try:
        answers, longest_s = crowd(service)
        print(f"\n{dict(answers)}; /healthz {longest_s:.2f} s; at most {group.most_mb():.0f} MB")
        assert group.kills() == 0
        assert set(answers) <= {IN, LATER}
        assert answers[IN] >= 16
        assert longest_s < PAGE_S * slowness()
        playing = Round(service, sensor)
        playing.play()
        assert playing.measured.broken() == []
        assert service.stop() == 0
    finally:
        sensor.close()
        service.kill()


@pytest.mark.real
def test_control_without_one_slot_for_passwords_the_kernel_kills_the_gateway(
    tmp_path: Path, mosquitto: Mosquitto, group: MemoryGroup
) -> None:
    service = start(tmp_path, mosquitto, group, "one password at a time")
    try:
        answers, _ = crowd(service)
        assert group.kills() > 0
        assert answers[CUT] > 0
    finally:
        service.kill()
