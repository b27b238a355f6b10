"""A line that swallows everything while its sockets stay open is no other program and no gap."""

import time
from pathlib import Path

import pytest

from gateway.domain.model import Device, Role
from tests.faults.witness import health
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Sensor, Service, native

TRAP = Device(id="trap-01", role=Role.TRAP)
STALLED_S = 15.0  # several attempts are on the way when it works again
WATCHED_S = 10.0  # longer than a sign of another program takes to show
DEADLINE_S = 60.0
EXTRA = """
[[people]]
name = "tanaka"
language = "en"
channels = ["console:"]
[alerts]
tick_s = 1
"""


@pytest.mark.long
def test_a_stalled_line_is_reported_neither_as_a_gap_nor_as_a_second_program(
    tmp_path: Path,
) -> None:
    """The broker does not answer and takes all attempts at once when it goes on, as a stalled line does."""
    broker = Mosquitto(tmp_path / "mosquitto", extra="log_dest topic\nlog_type notice\n")
    mqtt = "keepalive_s = 4"
    with broker, Service(tmp_path / "gw", broker.port, TRAP, mqtt=mqtt, extra=EXTRA) as service:
        wait_for(lambda: "connected to the broker" in service.log, "the connection", DEADLINE_S)
        sensor = Sensor(broker.port)
        sensor.flush(sensor.send(*native("trap-01", "trap.set", 1)))
        broker.freeze()
        wait_for(lambda: "no answer from" in service.log, "the keep-alive", DEADLINE_S)
        time.sleep(STALLED_S)
        broker.freeze(frozen=False)
        wait_for(
            lambda: service.log.count("connected to the broker") > 1, "the reconnection", DEADLINE_S
        )
        sensor.send(*native("trap-01", "trap.sprung", 2))
        wait_for(lambda: "Trap sprung" in service.log, "the alert", DEADLINE_S)
        end = time.monotonic() + WATCHED_S
        while time.monotonic() < end:
            assert health(service)[1] == {}
        assert service.log.count("Trap sprung") == 1
        sensor.close()
        under_our_id = [line for line in broker.log.splitlines() if "as shishigaki-goto (" in line]
        ours = service.log.count("connected to the broker")
        assert len(under_our_id) > ours, "no attempt was on the way: the line has not been tried"
