"""Deadlines of tests become longer on a busy machine and end on a quiet one."""

import pytest

from tests.support import pace
from tests.support.pace import Deadline, slowness
from tests.support.servers import wait_for


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "slowness", lambda: 1.0)


@pytest.mark.usefixtures("quiet")
def test_a_deadline_ends_on_a_quiet_machine_and_names_what_was_waited_for() -> None:
    with pytest.raises(AssertionError, match="in vain for a miracle"):
        wait_for(lambda: False, "a miracle", 0.05)


def test_a_deadline_is_extended_while_the_machine_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "slowness", lambda: 10.0)
    now_s = 0.0
    deadline = Deadline(60.0, lambda: now_s)
    passed = {}
    for now_s in (59.0, 61.0, 599.0, 600.0):
        passed[now_s] = deadline.has_passed()
    assert passed == {59.0: False, 61.0: False, 599.0: False, 600.0: True}


def test_a_busy_machine_is_slow_and_no_machine_is_faster_than_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (40.0, 0.0, 0.0))
    assert slowness() >= 20
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))
    assert slowness() >= 1
