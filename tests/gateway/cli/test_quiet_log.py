"""A library that says the same thing a thousand times is written once a minute; we are always."""

import io
import logging
from collections.abc import Iterator

import pytest

from gateway.cli.service.quiet_log import MAX_PLACES, OncePerMinute


class Log:
    """A log with the filter, and a clock that the test turns."""

    def __init__(self) -> None:
        self.now_s, self.text = 0.0, io.StringIO()
        self.handler = logging.StreamHandler(self.text)
        self.filter = OncePerMinute(lambda: self.now_s)
        self.handler.addFilter(self.filter)

    @property
    def lines(self) -> list[str]:
        return self.text.getvalue().splitlines()


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    root = logging.getLogger()
    root.addHandler(log.handler)
    yield log
    root.removeHandler(log.handler)


def complain(name: str, text: str) -> None:
    logging.getLogger(name).warning("%s", text)


def test_the_same_fault_of_a_library_is_written_once_a_minute_with_its_number(log: Log) -> None:
    for number in range(1_000):
        complain("asyncio", f"out of files {number}")
    assert log.lines == ["out of files 0"]
    log.now_s = 61
    complain("asyncio", "out of files again")
    assert log.lines[1:] == ["out of files again (999 more in the last minute)"]


def test_our_own_log_lines_are_always_written(log: Log) -> None:
    for _ in range(3):
        complain("gateway.mqtt.session", "session taken over")
    assert len(log.lines) == 3


def test_two_faults_are_two_lines(log: Log) -> None:
    logging.getLogger("asyncio").warning("one")
    logging.getLogger("asyncio").warning("two")
    complain("uvicorn.error", "three")
    assert log.lines == ["one", "two", "three"]


def test_what_is_remembered_is_bounded(log: Log) -> None:
    for number in range(3 * MAX_PLACES):
        complain(f"library-{number}", "x")
    assert len(log.lines) == 3 * MAX_PLACES
    assert len(log.filter._last) <= MAX_PLACES
