"""One sensor with a good password against the broker as it is shipped, over TLS; the gateway beside it.

The controls: the broker with the rules of before, and the gateway without its own care.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.broker.access import GATEWAY
from gateway.domain.model import Device, Role
from gateway.mqtt.losses.broker_log import REFUSED_LOGINS
from tests.faults.lacking import without
from tests.faults.sensors.attacker import Attacker
from tests.faults.witness import health, metric
from tests.support.servers import wait_for
from tests.support.service import Service, native
from tests.support.shipped_broker import SECRET, Client, OldBroker, ShippedBroker

pytestmark = pytest.mark.real

ROGUE, GOOD = "wana-66", "wana-01"
TRAP = Device(id=GOOD, role=Role.TRAP)
MOST_MB = 20.0
RETAINED_BYTES = 4 * 16_384
ACCOUNT = f'username = "{GATEWAY}"\npassword = "{SECRET}"\n'
TELL = (
    '[[people]]\nname = "office"\nduty = "office"\nchannels = ["console:"]\n[alerts]\ntick_s = 1\n'
)


def gateway(folder: Path, broker: ShippedBroker, care: str = "nothing") -> Service:
    return Service(
        folder / "gw", broker.port, TRAP, mqtt=ACCOUNT, extra=TELL, program=without(care)
    )


@contextmanager
def site(
    folder: Path, kind: type[ShippedBroker], care: str = "nothing"
) -> Iterator[tuple[ShippedBroker, Service]]:
    with kind(folder / "mosquitto") as broker, gateway(folder, broker, care) as service:
        wait_for(lambda: "connected to the broker" in service.log, "the connection", 60)
        yield broker, service


def packet(kind: str, number: int, name: str = GOOD) -> tuple[str, bytes]:
    topic, body = native(name, kind, number)
    return topic, json.dumps(body).encode()


UPTIME = 'shishigaki_broker{what="uptime_s"}'
DROPPED = "shishigaki_broker_dropped_total"


def counted(service: Service, name: str) -> float:
    """A number of the broker's own as the gateway has heard it; -1 while it has not."""
    try:
        return metric(service, name)
    except (StopIteration, OSError):
        return -1


def names_listed(service: Service) -> int:
    """The registry: whatever the gateway has taken for a device."""
    reader = service.reader()
    found = len(reader.devices())
    reader.close()
    return found


def confirmed_in_s(broker: ShippedBroker, number: int) -> float:
    """How long the good sensor waits until its own spring is confirmed."""
    sensor = broker.join(GOOD).subscribe(f"shishigaki/v1/goto/{GOOD}/confirm")
    began = time.monotonic()
    sensor.publish(*packet("trap.set", number))
    wait_for(lambda: sensor.got, "the confirmation", 60)
    sensor.close()
    return time.monotonic() - began


class Reach(NamedTuple):
    """What one sensor reached that used many names of sites."""

    names: int  # registered
    messages: int  # that came to the gateway
    broker_mb: float


def other_sites(folder: Path, kind: type[ShippedBroker], sites: int) -> Reach:
    """One sensor publishes under so many names of sites, then under its own."""
    with site(folder, kind) as (broker, service):
        before = names_listed(service)
        _, spring = packet("trap.sprung", 1, ROGUE)
        Attacker(broker, ROGUE).publish(
            *((f"wildlife/v1/site-{n}/{ROGUE}/event", spring) for n in range(sites)),
            packet("trap.sprung", 2, ROGUE),
        )
        wait_for(lambda: names_listed(service) > before, "its own name")
        waited_s = confirmed_in_s(broker, 1)
        came = int(metric(service, "shishigaki_received_total"))
        found = Reach(names_listed(service) - before, came, broker.rss_mb())
        print(
            f"\n{kind.__name__}: {sites:,} names of sites: {found}, confirmed in {waited_s:.2f} s"
        )
        return found


def test_a_sensor_that_uses_3_000_names_of_sites_registers_one_name(tmp_path: Path) -> None:
    found = other_sites(tmp_path, ShippedBroker, 3_000)
    assert found.names == 1
    assert found.messages < 10
    assert found.broker_mb < MOST_MB


def test_control_with_the_rules_of_before_all_of_them_come_to_the_gateway(tmp_path: Path) -> None:
    """The gateway refuses another site's messages by itself too; before, each was a device."""
    assert other_sites(tmp_path, OldBroker, 600).messages > 600


def retained(folder: Path, kind: type[ShippedBroker], messages: int) -> tuple[float, int]:
    """(the broker's memory in MB, bytes that it saved) after so many retained messages of 1 MB."""
    with kind(folder / "mosquitto") as broker:
        rogue = Attacker(broker, ROGUE)
        for number in range(messages):
            site, own = f"wildlife/v1/s{number}/{ROGUE}", f"wildlife/v1/goto/{ROGUE}"
            for topic in (f"{site}/status", f"{own}/status/{number}"):
                rogue.publish((topic, b"x" * 1_000_000), retain=True)
            rogue.publish((f"{site}/meta", b"x" * 16_000), retain=True)
        leaves = ("event", "telemetry", "status", "meta")
        rogue.publish(
            *((f"wildlife/v1/goto/{ROGUE}/{leaf}", b"x" * 16_000) for leaf in leaves), retain=True
        )
        most_mb = broker.rss_mb()
        broker.stop()
        saved = (broker.directory / "mosquitto.db").stat().st_size
    print(
        f"\n{kind.__name__}: {messages} retained messages of 1 MB: {most_mb:.1f} MB, {saved:,} bytes saved"
    )
    return most_mb, saved


@pytest.mark.parametrize("messages", [25, pytest.param(250, marks=pytest.mark.long)])
def test_retained_messages_of_one_megabyte_are_not_kept(tmp_path: Path, messages: int) -> None:
    most_mb, saved = retained(tmp_path, ShippedBroker, messages)
    assert most_mb < MOST_MB
    assert saved < RETAINED_BYTES + 16_384


@pytest.mark.parametrize("messages", [25, pytest.param(250, marks=pytest.mark.long)])
def test_control_with_the_rules_of_before_the_broker_keeps_them(
    tmp_path: Path, messages: int
) -> None:
    most_mb, saved = retained(tmp_path, OldBroker, messages)
    assert most_mb > MOST_MB
    assert saved > messages * 1_000_000


def false_captures(folder: Path, restarts: int, care: str = "nothing") -> int:
    """Captures of which the office is told because the broker has kept a spring, over so many starts."""
    with ShippedBroker(folder / "mosquitto") as broker, gateway(folder, broker, care) as service:
        wait_for(lambda: "connected to the broker" in service.log, "the connection", 60)
        confirmed_in_s(broker, 1)
        service.stop()
        spring = json.dumps({"v": 1, "kind": "trap.sprung"}).encode()
        Attacker(broker, GOOD).publish(
            (f"wildlife/v1/goto/{GOOD}/event", spring), retain=True, qos=0
        )
        for start in range(restarts):
            service.start()
            confirmed_in_s(broker, 2 + start)
            service.stop()
        reader = service.reader()
        found = [one for one in reader.latest_alerts(1_000) if one.rule == "trap_sprung"]
        reader.close()
    print(
        f"\n{restarts} starts with a retained spring, without {care}: {len(found)} false captures"
    )
    return len(found)


@pytest.mark.long
@pytest.mark.parametrize("restarts", [2, 20])
def test_a_spring_that_the_broker_kept_is_no_capture(tmp_path: Path, restarts: int) -> None:
    assert false_captures(tmp_path, restarts) == 0


@pytest.mark.long
def test_control_a_gateway_that_believes_retained_events_tells_a_false_capture(
    tmp_path: Path,
) -> None:
    assert false_captures(tmp_path, 2, "a look at retained events") > 0


def drops_told(folder: Path, care: str = "nothing") -> bool:
    """Whether a gateway says that the broker has dropped messages before it came for the first time.

    Its name is older than its database: a new card. The queue is full by its bytes.
    """
    with ShippedBroker(folder / "mosquitto") as broker:
        broker.join(GATEWAY, client_id="shishigaki-goto", keeps=True).subscribe(
            "wildlife/#"
        ).close()
        rogue = Attacker(broker, ROGUE)
        for _ in range(9):
            rogue.publish(*[(f"wildlife/v1/goto/{ROGUE}/telemetry", b"x" * 16_000)] * 500)
        heard = broker.join(GATEWAY, client_id="watch").subscribe(
            "$SYS/broker/publish/messages/dropped"
        )
        wait_for(lambda: heard.got and float(heard.got[-1][1]) > 0, "the broker's count", 40)
        heard.close()
        print(f"\nthe broker with a full queue: {broker.rss_mb():.0f} MB")
        with gateway(folder, broker, care) as service:
            wait_for(lambda: counted(service, DROPPED) > 0, "the count", 60)
            return "drops" in health(service)[1]


@pytest.mark.long
def test_messages_that_the_broker_dropped_before_the_gateway_came_are_told(tmp_path: Path) -> None:
    assert drops_told(tmp_path)


@pytest.mark.long
def test_control_a_gateway_that_takes_the_first_count_as_its_beginning_tells_nothing(
    tmp_path: Path,
) -> None:
    assert not drops_told(tmp_path, "the count at the first connection")


@pytest.mark.long
def test_two_boards_with_one_password_and_guessed_passwords_are_alerts(tmp_path: Path) -> None:
    with site(tmp_path, ShippedBroker) as (broker, service):
        wait_for(
            lambda: counted(service, UPTIME) >= 0,
            "the reader of $SYS",
            60,
        )
        twins = [broker.join(ROGUE) for _ in range(2)]
        for _ in range(REFUSED_LOGINS):
            Client(broker.sensors, GOOD, "guessed", broker.authority).close()
        wait_for(lambda: {"clones", "logins"} <= health(service)[1].keys(), "both faults", 90)
        faults = health(service)[1]
        for twin in twins:
            twin.close()
        assert ROGUE in faults["clones"]
        wait_for(lambda: faults["clones"][:8] in service.log, "the message to the office", 60)
