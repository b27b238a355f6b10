"""Armed time knows what people did: pauses, removals and catches end it, setting begins it."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.alerts.policy import Policy
from gateway.clock import UntrustedPeriod
from gateway.domain import trap_lifecycle
from gateway.domain.clocks.device_clock import DeviceClock
from gateway.domain.device_state import grace_ms
from gateway.domain.epoch import ms
from gateway.domain.model import ActionKind, DeviceState, Kind, Reading, TrapAction, TrapState
from gateway.ingest.messages.batch import absorb
from gateway.ingest.people import actions
from gateway.store import Store, Transaction
from gateway.store.clocks.redate import redate, remember
from tests.gateway.alerts.site import deed_at
from tests.support.samples import TRAP, at, decode, message, open_store, reading
from tests.support.tables import stored_rows

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
Step = Reading | TrapAction


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path, TRAP)
    yield store
    store.close()


def receive(store: Store, *steps: Step) -> None:
    """Hand in messages and acts, one transaction each."""

    def hand_in(tx: Transaction, step: Step) -> None:
        if isinstance(step, TrapAction):
            actions.add_action(tx, TRAP, tx.states.get(TRAP.id), step)
        else:
            absorb(tx, [message(step, received=100_000)], decode, at(100_000))

    for step in steps:
        store.write_now(partial(hand_in, step=step))


def sensor(kind: Kind, minute: float) -> Reading:
    return reading(TRAP.id, kind, minute, seq=round(minute))


def beats(first: int, last: int) -> list[Step]:
    return [sensor(Kind.HEARTBEAT, minute) for minute in range(first, last + 1, 60)]


def minutes(store: Store) -> tuple[float, float]:
    """(alive, armed) of the trap, by the hours; the days must say the same."""
    ask = "SELECT coalesce(sum(alive_ms), 0), coalesce(sum(armed_ms), 0) FROM effort_"
    hours, days = (
        store.read_now(lambda r, unit=unit: stored_rows(r, ask + unit))  # type: ignore[misc]
        for unit in ("hour", "day")
    )
    assert hours == days
    [(alive, armed)] = hours
    return alive / MINUTE_MS, armed / MINUTE_MS


ARMED = [sensor(Kind.SET, 0), *beats(1, 601)]


@pytest.mark.parametrize(
    "deed", [ActionKind.PAUSED, ActionKind.REMOVED, ActionKind.CAPTURED, ActionKind.FALSE_SPRING]
)
def test_what_a_person_did_ends_the_armed_time_at_that_minute(
    store: Store, deed: ActionKind
) -> None:
    receive(store, *ARMED, deed_at(deed, 130))
    assert minutes(store) == (601, 130)


def test_a_visit_changes_no_effort(store: Store) -> None:
    receive(store, *ARMED, deed_at(ActionKind.VISITED, 130))
    assert minutes(store) == (601, 601)


def test_a_paused_trap_has_effort_again_from_the_minute_it_was_armed(store: Store) -> None:
    receive(store, *ARMED, deed_at(ActionKind.PAUSED, 130), deed_at(ActionKind.ARMED, 400))
    assert minutes(store) == (601, 601 - 270)


def test_a_setting_reported_by_the_sensor_of_a_paused_trap_does_not_arm_it(store: Store) -> None:
    receive(
        store, *ARMED[:3], deed_at(ActionKind.PAUSED, 130), sensor(Kind.SET, 150), *beats(181, 301)
    )
    assert minutes(store) == (301, 130)


def test_an_action_of_a_person_does_not_show_that_the_device_is_alive(store: Store) -> None:
    receive(store, sensor(Kind.SET, 0), deed_at(ActionKind.ARMED, 100), sensor(Kind.HEARTBEAT, 200))
    assert minutes(store) == (0, 0)


def test_an_action_recorded_before_the_first_message_of_its_trap_counts(store: Store) -> None:
    receive(store, deed_at(ActionKind.ARMED, 0), *beats(30, 150))
    assert minutes(store) == (120, 120)


def test_recording_an_outcome_as_people_do_moves_the_effort(store: Store) -> None:
    receive(store, *ARMED)
    act = deed_at(ActionKind.CAPTURED, 130)
    for _ in range(2):  # sent twice is once
        store.write_now(lambda tx: actions.record(tx, act, Policy(), at(700)))
    assert minutes(store) == (601, 130)


def test_times_corrected_later_keep_what_people_did(store: Store) -> None:
    receive(store, sensor(Kind.SET, 0), deed_at(ActionKind.PAUSED, 30))
    era = UntrustedPeriod(at(0), 0.0)
    [era] = [store.write_now(lambda tx: remember(tx, era))]
    receive(store, sensor(Kind.HEARTBEAT, 60))
    assert minutes(store) == (60, 30)
    store.write_now(lambda tx: redate(tx, era, at(10) - at(0)))
    assert minutes(store) == (60, 30)  # the heartbeat vouched for its own time


def _oracle(steps: Sequence[Step]) -> dict[int, list[int]]:
    """Hour -> [alive ms, armed ms], minute by minute and from the table alone."""
    life = sorted({ms(s.device_time) for s in steps if isinstance(s, Reading) and s.device_time})
    words = sorted(
        [(ms(s.at), 1, s.deed) for s in steps if isinstance(s, TrapAction)]
        + [
            (ms(s.device_time), 0, s.kind)
            for s in steps
            if isinstance(s, Reading) and s.device_time
        ]
    )
    hours: dict[int, list[int]] = {}
    for start, end in pairwise(life):
        for minute in range(start, end, MINUTE_MS) if end - start <= grace_ms(3600) else ():
            state: TrapState | None = None
            for _, _, word in (one for one in words if one[0] <= minute):
                state = trap_lifecycle.after(state, word)
            cell = hours.setdefault(minute // HOUR_MS, [0, 0])
            cell[0] += MINUTE_MS
            cell[1] += MINUTE_MS * (state is TrapState.ARMED)
    return hours


STEPS = st.lists(
    st.one_of(
        st.builds(
            sensor,
            st.sampled_from([Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT, Kind.HEARTBEAT]),
            st.integers(0, 500),
        ),
        st.builds(deed_at, st.sampled_from(list(ActionKind)), st.integers(0, 500)),
    ),
    max_size=12,
    unique_by=lambda step: step.at if isinstance(step, TrapAction) else step.device_time,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, data=st.data())
def test_acts_and_events_in_any_order_make_the_effort_of_the_table(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], data: st.DataObject
) -> None:
    store = open_store(tmp_path_factory.mktemp("s"), TRAP)
    right = DeviceClock(
        0, round(ms(at(0)) / 1_000), True, source="ntp"
    )  # else a first spring may be
    known = DeviceState(device=TRAP.id, last_seen=at(0), clock=right)  # live, with a wrong time
    store.write_now(lambda tx: tx.put_states([known]))
    try:
        receive(store, *data.draw(st.permutations(steps)))
        rows = store.read_now(
            lambda r: stored_rows(
                r, "SELECT hour, alive_ms, armed_ms FROM effort_hour WHERE alive_ms"
            )
        )
        assert {hour: [alive, armed] for hour, alive, armed in rows} == _oracle(steps)
    finally:
        store.close()
