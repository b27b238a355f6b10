"""mosquitto's own log: two clients with one id, refused passwords."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.losses.broker_log import (
    CLIENTS,
    RECENT,
    REFUSED_LOGINS,
    TAKEOVERS_ONE_PLACE,
    TAKEOVERS_TWO_PLACES,
    BrokerLog,
)
from gateway.mqtt.losses.connection_history import ConnectionHistory

T0 = datetime(2026, 11, 23, tzinfo=UTC)


class Log:
    """A broker's log, written by the test."""

    def __init__(self) -> None:
        self.history, self.now = ConnectionHistory(), T0
        self.reader = BrokerLog("shishigaki-goto", self.history)

    def log_line(self, text: str) -> None:
        self.reader.read(f"1795901308: {text}", self.now)

    def take_over(self, id_: str, place: str) -> None:
        self.now += timedelta(seconds=10)
        self.log_line(f"New connection from {place}:35124 on port 1883.")
        self.log_line(f"Client {id_} already connected, closing old connection.")
        self.log_line(f"New client connected from {place}:35124 as {id_} (p2, c1, k60, u'{id_}').")

    def refuse(self, place: str) -> None:
        self.log_line(f"New connection from {place}:35124 on port 1883.")
        self.log_line("Client <unknown> disconnected, not authorised.")

    @property
    def faults(self) -> dict[str, str]:
        return self.reader.faults(self.now)


@pytest.fixture
def log() -> Log:
    return Log()


def test_two_boards_with_one_name_are_reported_after_a_few_takeovers(log: Log) -> None:
    for number in range(TAKEOVERS_TWO_PLACES):
        assert log.faults == {}, number
        log.take_over("trap-01", f"192.168.1.{7 + number % 2}")
    assert "trap-01" in log.faults["clones"]
    assert "192.168.1.7" in log.faults["clones"]
    log.now += RECENT + timedelta(seconds=1)
    assert log.faults == {}


def test_a_device_that_comes_back_at_its_own_address_is_given_more_time(log: Log) -> None:
    for number in range(TAKEOVERS_ONE_PLACE):
        assert log.faults == {}, number
        log.take_over("trap-01", "192.168.1.7")
    assert "trap-01" in log.faults["clones"]


def test_guessed_passwords_are_reported_with_their_address(log: Log) -> None:
    for number in range(REFUSED_LOGINS):
        assert log.faults == {}, number
        log.refuse("192.168.1.66" if number else "192.168.1.7")
    assert log.faults == {"logins": f"{REFUSED_LOGINS} in 10 min, 192.168.1.66"}
    log.now += RECENT + timedelta(seconds=1)
    assert log.faults == {}


def test_connections_under_our_own_id_are_the_sessions_to_judge_and_no_clone(log: Log) -> None:
    log.reader.read("", log.now)
    for _ in range(TAKEOVERS_ONE_PLACE):
        log.take_over("shishigaki-goto", "127.0.0.1")
    assert log.faults == {}
    log.now += timedelta(seconds=6)
    assert "shishigaki-goto" in log.history.warning(log.now, "shishigaki-goto")


def test_a_flood_of_client_ids_is_bounded(log: Log) -> None:
    for number in range(3 * CLIENTS):
        log.take_over(f"invented-{number}", "192.168.1.66")
    assert len(log.reader._clients) == CLIENTS


@given(st.lists(st.text(max_size=60)))
def test_whatever_the_log_says_nothing_is_raised(lines: list[str]) -> None:
    log = Log()
    for line in lines:
        log.log_line(line)
        log.log_line(f"Client {line} already connected, closing old connection.")
    assert "logins" not in log.faults
