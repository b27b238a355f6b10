"""The real gateway under a wrong clock (libfaketime): 1970, an hour back, ten years ahead."""

import time
from pathlib import Path

import pytest

from gateway.domain.model import Kind, TimeQuality
from tests.faults.witness import events, health, ready
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("readers")]

FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


class Clock:
    """The time that a program is shown (libfaketime)."""

    def __init__(self, folder: Path) -> None:
        if FAKETIME is None:
            pytest.skip("libfaketime is not installed: sudo apt-get install libfaketime")
        self._file = folder / "time"
        self.environment = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
            "TZ": "UTC",
        }

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
