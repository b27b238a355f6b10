"""What the connections of a session say: another program with our client id, an unstable line."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.mqtt.link import Cause
from gateway.mqtt.losses.connection_history import (
    CONNECTIONS_PER_HOUR,
    RECENT,
    SHORT,
    SHORT_CONNECTIONS,
    ConnectionHistory,
)

T0 = datetime(2026, 11, 23, tzinfo=UTC)
ID = "shishigaki-goto"


class Line:
    """A session's connections with a clock that the test turns."""

    def __init__(self) -> None:
        self.now, self.history = T0, ConnectionHistory()

    def connect(self) -> None:
        self.history.attempted()
        self.history.opened(self.now)

    def lose(self, after: timedelta, cause: Cause) -> None:
        self.now += after
        self.history.ended(self.now, cause, was_open=True)

    def fail(self) -> None:
        self.history.attempted()
        self.history.ended(self.now, Cause.OTHER, was_open=False)

    @property
    def sign(self) -> str:
        return self.history.warning(self.now, ID)


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_session_that_the_broker_gives_away_is_a_sign_at_once_and_for_a_while(line: Line) -> None:
    line.connect()
    assert line.sign == ""
    line.lose(timedelta(days=3), Cause.TAKEN_OVER)
    assert line.sign.startswith("mqtt.client_id used twice")
    assert ID in line.sign
    line.now += RECENT + timedelta(seconds=1)
    assert line.sign == ""


def test_short_connections_that_the_broker_ends_without_a_reason_are_a_sign(line: Line) -> None:
    for number in range(SHORT_CONNECTIONS + 1):
        assert line.sign == "", number
        assert line.history.taken_since(line.now) is None
        line.connect()
        line.lose(timedelta(seconds=1), Cause.HUNG_UP)
    line.connect()
    assert "mqtt.client_id used twice" in line.sign
    assert line.history.taken_since(line.now) == T0 + timedelta(seconds=1)


@pytest.mark.parametrize("between", ["the broker was away", "they lasted", "another cause"])
def test_connections_that_end_otherwise_are_no_sign_of_another_program(
    line: Line, between: str
) -> None:
    """The control for the test above: each differs in one thing."""
    for _ in range(SHORT_CONNECTIONS + 2):
        line.connect()
        lasting = SHORT if between == "they lasted" else timedelta(seconds=1)
        line.lose(lasting, Cause.OTHER if between == "another cause" else Cause.HUNG_UP)
        if between == "the broker was away":
            line.fail()
    line.connect()
    assert line.sign == ""


def test_too_many_connections_in_an_hour_are_an_unstable_line(line: Line) -> None:
    for number in range(CONNECTIONS_PER_HOUR + 1):
        assert line.sign == "", number
        line.connect()
        line.lose(timedelta(minutes=3), Cause.OTHER)
    assert "unstable" in line.sign
    assert ID in line.sign
    line.now += timedelta(hours=1)
    assert line.sign == ""


def test_one_connection_under_our_id_that_is_not_ours_is_a_sign(line: Line) -> None:
    line.connect()  # before the log is heard
    line.now += timedelta(seconds=1)
    line.history.listens(line.now)
    line.lose(timedelta(minutes=1), Cause.HUNG_UP)
    line.history.logged(line.now)  # a short visit: it took what waited, and left
    line.history.logged(line.now)
    line.connect()
    line.now += timedelta(seconds=6)
    assert "mqtt.client_id used twice" in line.sign


def test_our_own_connections_in_the_brokers_log_are_no_sign(line: Line) -> None:
    line.history.listens(line.now)
    for _ in range(CONNECTIONS_PER_HOUR - 1):
        line.fail()  # the broker took the connection, its answer was lost on the way
        line.history.logged(line.now + timedelta(seconds=4))
        line.now += timedelta(seconds=20)
    line.connect()
    line.history.logged(line.now)
    line.now += timedelta(seconds=10)
    assert line.sign == ""


def test_our_own_connection_just_before_the_log_is_heard_is_no_sign(line: Line) -> None:
    """At the start of a busy machine the log's line comes when we already listen to the log."""
    line.connect()
    line.now += timedelta(seconds=3)
    line.history.listens(line.now)
    line.history.logged(line.now + timedelta(seconds=2))
    line.now += timedelta(seconds=10)
    assert line.sign == ""


def test_only_one_line_of_the_log_may_be_of_our_connection_before_it(line: Line) -> None:
    line.connect()
    line.now += timedelta(seconds=3)
    line.history.listens(line.now)
    for seconds in (1, 2):
        line.history.logged(line.now + timedelta(seconds=seconds))
    line.now += timedelta(seconds=10)
    assert line.sign.startswith("mqtt.client_id used twice:")


def test_a_line_of_the_log_at_which_our_connection_ended_is_another_programs(line: Line) -> None:
    """Its own line, and that of our return."""
    line.connect()
    line.now += timedelta(seconds=2)
    line.history.listens(line.now)
    line.history.logged(line.now + timedelta(seconds=1))
    line.lose(timedelta(seconds=1), Cause.HUNG_UP)
    line.now += timedelta(seconds=2)
    line.connect()
    line.history.logged(line.now)
    line.now += timedelta(seconds=10)
    assert line.sign.startswith("mqtt.client_id used twice:")


def test_attempts_that_reach_the_broker_after_we_gave_them_up_are_no_sign(line: Line) -> None:
    for _ in range(3):
        line.fail()
        line.now += timedelta(seconds=15)
    line.history.listens(line.now)  # the line works again and delivers what it had kept
    for _ in range(3):
        line.history.logged(line.now)
    line.now += timedelta(seconds=10)
    assert line.sign == ""
