"""The first fault is the cause, a check that fails itself is a fault, and nothing is a traceback."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.config import Config
from gateway.doctor.case import Case
from gateway.doctor.check import Check
from gateway.doctor.examination import examine, first_fault
from gateway.doctor.finding import Finding, Outcome, fault, well
from gateway.doctor.table import CHECKS

CASE = Case(Config(), datetime(2026, 11, 29, tzinfo=UTC))


def raising(error: Exception) -> Callable[[Case], Finding]:
    def ask(_: Case) -> Finding:
        raise error

    return ask


def fine(_: Case) -> Finding:
    return well("doctor.assets_well")


def found(*checks: Check) -> list[Finding]:
    return list(examine(CASE, checks))


def test_every_error_of_a_check_becomes_one_line_with_a_command() -> None:
    for error in (
        ValueError("a\nb"),
        OSError(5, "I/O"),
        PermissionError(13, "no", "/x"),
        KeyError("k"),
    ):
        [one] = found(Check("disk", raising(error), "fsck"))
        one = Finding(one.outcome, one.key, one.values, one.command, "clock")
        assert one.outcome is Outcome.FAULT
        assert one.command
        assert "\n" not in one.line
        assert "Traceback" not in one.line


def test_a_check_that_hangs_is_a_fault_after_its_time() -> None:
    release = threading.Event()

    def hangs(_: Case) -> Finding:
        release.wait(20)
        return well("doctor.assets_well")

    stuck, after = found(Check("clock", hangs, "x", within_s=0.05), Check("assets", fine))
    release.set()
    assert (stuck.outcome, stuck.key) == (Outcome.FAULT, "doctor.too_long")
    assert after.outcome is Outcome.WELL


def test_what_a_fault_explains_is_neither_well_nor_a_fault() -> None:
    def broken(_: Case) -> Finding:
        return fault("doctor.no_inodes", "x", left=0)

    one, two, three = found(
        Check("mount", broken), Check("database", fine, needs=("mount",)), Check("clock", broken)
    )
    assert two.outcome is Outcome.UNKNOWN
    assert first_fault([one, two, three]) == one


def test_checks_need_only_checks_above_them_and_all_have_a_command() -> None:
    above: set[str] = set()
    for check in CHECKS:
        assert set(check.needs) <= above
        assert check.command
        above.add(check.name)
    assert len(above) == len(CHECKS)
