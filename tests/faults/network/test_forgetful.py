"""A broker that is killed and comes back empty: devices hold what the gateway has not confirmed."""

import time

import pytest

from tests.faults.witness import Confirms, events, ready, send
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, native

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("readers")]

Messages = list[tuple[str, dict[str, object]]]
A_ROUND = 20


def detections(numbers: range) -> Messages:
    return [native("cam-0001", "detection", number) for number in numbers]


def kill_brokers(mosquitto: Mosquitto, kills: int) -> Messages:
    """The broker takes messages, acknowledges them and forgets them, again and again; gives them."""
    sent: Messages = []
    for number in range(kills):
        fresh = detections(range(number * A_ROUND, (number + 1) * A_ROUND))
        send(mosquitto.port, fresh)
        sent += fresh
        mosquitto.kill()
        mosquitto.restart()
    return sent


def repeat(port: int, messages: Messages, confirmed: Confirms) -> None:
    """Send until all are confirmed, with half a second for the gateway each time."""

    def missing() -> Messages:
        return [message for message in messages if message[1]["id"] not in confirmed.ids]

    def try_again() -> bool:
        send(port, missing())
        end = time.monotonic() + 0.5
        while missing() and time.monotonic() < end:
            time.sleep(0.01)
        return not missing()

    wait_for(try_again, "the confirms", 60)


def run(mosquitto: Mosquitto, service: Service, kills: int, *, forgets: bool) -> tuple[int, int]:
    """(lost, double); `forgets`: devices that believe the broker's answer repeat only the last event."""
    service.start()
    ready(service, mosquitto.port)
    confirmed = Confirms(mosquitto.port)
    sent = [
        *kill_brokers(mosquitto, kills),
        *detections(range(kills * A_ROUND, kills * A_ROUND + 1)),
    ]
    repeat(mosquitto.port, sent[-1:] if forgets else sent, confirmed)
    confirmed.close()
    found = [event.id for event in events(service)]
    lost, double = len(sent) - len(set(found)), len(found) - len(set(found))
    print(
        f"\nbroker killed and restarted empty {kills} times, devices "
        f"{'forget' if forgets else 'repeat'}: {lost} of {len(sent)} lost, {double} double"
    )
    return lost, double


def test_a_broker_that_forgets_costs_nothing_that_was_not_confirmed(
    mosquitto: Mosquitto, service: Service
) -> None:
    assert run(mosquitto, service, 3, forgets=False) == (0, 0)


@pytest.mark.long
def test_a_broker_killed_a_hundred_times(mosquitto: Mosquitto, service: Service) -> None:
    assert run(mosquitto, service, 100, forgets=False) == (0, 0)


def test_control_devices_that_forget_at_the_brokers_answer_lose_events(
    mosquitto: Mosquitto, service: Service
) -> None:
    lost, double = run(mosquitto, service, 3, forgets=True)
    assert lost > 0
    assert double == 0
