"""Which report is a copy of a known event: each row of the table `CONTENT` with its examples."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

import gateway
from gateway.domain.identity import CONTENT, Report, Sameness, compare, unique_id
from gateway.domain.model import (
    Event,
    Kind,
    Reading,
    TimeSource,
)
from gateway.domain.timing import judge
from tests.support.samples import T0, at

DAY = 24 * 60.0


def event(
    minutes: float | None = 5,
    received: float = 6,
    kind: Kind = Kind.SPRUNG,
    source: TimeSource = TimeSource.NTP,
    **more: int,
) -> Event:
    one = Reading(
        id="1",
        device="trap-01",
        kind=kind,
        device_time=None if minutes is None else at(minutes),
        time_source=source if minutes is not None else TimeSource.NONE,
        **more,  # type: ignore[arg-type]
    )
    return judge(one, at(received))


NONE, RTC = TimeSource.NONE, TimeSource.RTC
STATE = Report(event(), Kind.SPRUNG, is_state=True)
KNOWN = event(boot=1, seq=5)
EXAMPLES: dict[str, tuple[list[tuple[Event, Report]], list[tuple[Event, Report]]]] = {
    "kind": (
        [(KNOWN, Report(event(), Kind.SPRUNG)), (event(kind=Kind.HEARTBEAT), STATE)],
        [(KNOWN, Report(event(kind=Kind.SET), Kind.SET)), (event(kind=Kind.SET), STATE)],
    ),
    "boot": (
        [(KNOWN, Report(event(boot=1, seq=5), Kind.SPRUNG)), (KNOWN, Report(event(), Kind.SPRUNG))],
        [(KNOWN, Report(event(boot=2, seq=5), Kind.SPRUNG))],
    ),
    "seq": (
        [(KNOWN, Report(event(boot=1, seq=9), Kind.SPRUNG))],  # the time says that it is the same
        [(event(None, seq=5), Report(event(None, seq=9), Kind.SPRUNG))],
    ),
    "time": (
        [
            (KNOWN, Report(event(5.05), Kind.SPRUNG)),
            (KNOWN, Report(event(received=90 * DAY), Kind.SPRUNG)),
            (event(5, 60, source=RTC), Report(event(30, 61), Kind.SPRUNG)),
        ],
        [
            (KNOWN, Report(event(6), Kind.SPRUNG)),
            (event(5, 60, source=RTC), Report(event(30, 61, source=RTC), Kind.SPRUNG)),
            (event(5, 60, source=RTC), Report(event(90, 91), Kind.SPRUNG)),
            (KNOWN, Report(event(3, source=RTC), Kind.SPRUNG)),
        ],
    ),
    "time, told by one": (
        [
            (event(None, 60), Report(event(5, 61), Kind.SPRUNG)),
            (KNOWN, Report(event(None, 61), Kind.SPRUNG)),
        ],
        [
            (event(None, 60), Report(event(90, 91), Kind.SPRUNG)),
            (KNOWN, Report(event(None, 2 * DAY), Kind.SPRUNG)),
        ],
    ),
    "time, told by none": (
        [
            (event(None), Report(event(None, 23 * 60), Kind.SPRUNG)),
            (event(None), Report(event(None, 90 * DAY), Kind.SPRUNG, is_replay=True)),
        ],
        [(event(None), Report(event(None, 25 * 60), Kind.SPRUNG))],
    ),
}


def test_every_row_of_the_table_has_its_examples_and_is_documented() -> None:
    assert list(EXAMPLES) == [row for row, _ in CONTENT]
    promises = Path(gateway.__path__[0], "PROMISES.md").read_text("utf-8")
    assert [row for row, rule in CONTENT if f"| {row} | {rule} |" not in promises] == []


@pytest.mark.parametrize("row", EXAMPLES)
def test_a_report_is_a_copy_exactly_where_the_table_says(row: str) -> None:
    copies, others = EXAMPLES[row]
    assert [compare(*pair, head=None) for pair in copies] == [Sameness.COPY] * len(copies)
    assert Sameness.COPY not in [compare(*pair, head=None) for pair in others]


def test_the_time_of_an_unset_clock_is_not_used() -> None:
    unset = timedelta(minutes=1) + datetime(1970, 1, 1, tzinfo=T0.tzinfo)
    known, same_day, later = (
        msgspec.structs.replace(event(None, received), device_time=unset + timedelta(seconds=n))
        for n, received in ((0, 0.0), (9, 60.0), (0, 3 * DAY))
    )
    assert compare(known, Report(same_day, Kind.SPRUNG), None) is Sameness.COPY
    assert compare(known, Report(later, Kind.SPRUNG), None) is Sameness.RESTARTED


def test_the_own_id_of_a_report_is_the_same_for_each_copy() -> None:
    timed = [Report(event(5, received), Kind.SPRUNG) for received in (6, 90)]
    timeless = [Report(event(None, received), Kind.SPRUNG) for received in (6, 90)]
    for copies in (timed, timeless):
        assert len({unique_id(one, "~") for one in copies}) == 1
    assert unique_id(timed[0], "~") != unique_id(Report(event(6), Kind.SPRUNG), "~")
