"""The broker as it is shipped, with everything queued that it takes for a gateway that is away."""

import re
from pathlib import Path

import pytest

from gateway.broker.access import GATEWAY
from tests.faults.sensors.attacker import Attacker
from tests.support.shipped_broker import ShippedBroker

pytestmark = [pytest.mark.real, pytest.mark.long]

SENSOR, MOST_MB = "wana-66", 80.0
SMALL, LARGE = (110_000, 293), (3_000, 16_000)  # messages, bytes: either limit of the queue is met
BATCH = 500


class RoomyBroker(ShippedBroker):
    """With twice the queue: the limits of before."""

    def _conf(self) -> str:
        conf = super()._conf()
        for name, number in (("max_queued_messages", 200_000), ("max_queued_bytes", 67_108_864)):
            conf = re.sub(f"^{name} .*$", f"{name} {number}", conf, flags=re.MULTILINE)
        return conf


def memory_mb(folder: Path, kind: type[ShippedBroker], messages: int, size: int) -> float:
    """The most memory of a broker that gets these messages while the gateway is away."""
    with kind(folder / "mosquitto") as broker:
        gateway = broker.join(GATEWAY, client_id="shishigaki-goto", keeps=True)
        gateway.subscribe("wildlife/#").close()
        sensor, one = Attacker(broker, SENSOR), (f"wildlife/v1/goto/{SENSOR}/event", b"x" * size)
        for _ in range(messages // BATCH):
            sensor.publish(*[one] * BATCH)
        found = broker.rss_mb()
    print(f"\n{kind.__name__}: {messages:,} messages of {size} bytes: {found:.0f} MB")
    return found


@pytest.mark.parametrize(("messages", "size"), [SMALL, LARGE])
def test_a_full_queue_leaves_room_for_the_rest_of_the_board(
    tmp_path: Path, messages: int, size: int
) -> None:
    assert memory_mb(tmp_path, ShippedBroker, messages, size) < MOST_MB


def test_control_with_twice_the_queue_it_does_not(tmp_path: Path) -> None:
    assert memory_mb(tmp_path, RoomyBroker, 2 * SMALL[0], SMALL[1]) > MOST_MB
