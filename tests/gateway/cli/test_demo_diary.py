"""The demo's diary: outcomes between spring and setting, the same at each start."""

from datetime import UTC, datetime, timedelta

from gateway.cli.demo.diary import Diary
from gateway.domain.model import ActionKind, Event, Kind, TimeQuality

START = datetime(2026, 9, 1, tzinfo=UTC)


def event(no: int, kind: Kind, hours: float) -> Event:
    at = START + timedelta(hours=hours)
    return Event(
        id=f"{kind}-{no}",
        device=f"trap-{no}",
        kind=kind,
        observed_at=at,
        received_at=at,
        time_quality=TimeQuality.SYNCED,
    )


STORY = [e for n in range(300) for e in (event(n, Kind.SPRUNG, n), event(n, Kind.SET, n + 8))]


def test_each_start_has_the_same_diary() -> None:
    assert Diary().read(STORY) == Diary().read(STORY)


def test_outcomes_lie_between_the_spring_and_the_setting() -> None:
    springs = {e.device: e.observed_at for e in STORY if e.kind is Kind.SPRUNG}
    for act in Diary().read(STORY):
        assert springs[act.device] <= act.at <= springs[act.device] + timedelta(hours=8)


def test_most_springs_have_an_outcome_and_some_were_never_written_down() -> None:
    acts = Diary().read(STORY)
    assert 240 < len(acts) < 300
    assert {act.deed for act in acts} == {
        ActionKind.CAPTURED,
        ActionKind.FALSE_SPRING,
        ActionKind.NON_TARGET,
    }
    assert all(act.count and act.sex for act in acts if act.deed is ActionKind.CAPTURED)


def test_a_trap_that_is_set_without_a_spring_has_no_outcome() -> None:
    assert Diary().read([event(1, Kind.SET, 0)]) == []
