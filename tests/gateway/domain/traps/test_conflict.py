"""What somebody else did at a trap since a person last saw it."""

from datetime import datetime

from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps.conflict import in_between
from tests.support.samples import at


def act(deed: ActionKind, by: str, minutes: float, recorded: float | None = None) -> TrapAction:
    when: datetime = at(minutes)
    return TrapAction(
        id=f"{by}-{minutes}",
        device="trap-01",
        deed=deed,
        at=when,
        by=by,
        recorded_at=at(recorded if recorded is not None else minutes),
    )


MINE = act(ActionKind.CAPTURED, "tanaka", 60)


def test_what_another_person_recorded_after_the_page_is_a_conflict() -> None:
    reset = act(ActionKind.ARMED, "sato", 50)
    assert in_between(MINE, at(40), [reset]) == reset
    assert in_between(MINE, at(55), [reset]) is None, "control: the page showed it"


def test_what_was_done_before_the_page_and_recorded_after_it_is_a_conflict_too() -> None:
    late = act(ActionKind.CAPTURED, "sato", 30, recorded=50)
    assert in_between(MINE, at(40), [late]) == late


def test_without_a_page_the_time_of_the_act_counts() -> None:
    assert in_between(MINE, None, [act(ActionKind.ARMED, "sato", 90)]) is not None
    assert in_between(MINE, None, [act(ActionKind.ARMED, "sato", 50)]) is None


def test_own_acts_visits_and_what_the_act_corrects_are_no_conflict() -> None:
    reset = act(ActionKind.ARMED, "sato", 50)
    assert in_between(MINE, at(40), [act(ActionKind.ARMED, "tanaka", 50)]) is None
    assert in_between(MINE, at(40), [act(ActionKind.VISITED, "sato", 50)]) is None
    assert in_between(act(ActionKind.VISITED, "tanaka", 60), at(40), [reset]) is None
    correction = TrapAction(
        id="x",
        device="trap-01",
        deed=ActionKind.CAPTURED,
        at=at(60),
        by="tanaka",
        recorded_at=at(60),
        replaces=reset.id,
    )
    assert in_between(correction, at(40), [reset]) is None
