"""The stored state of a device: any state is read back, earlier versions' JSON too, damage is skipped."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.clocks.device_clock import DeviceClock
from gateway.domain.model import ActionKind, DeviceState, Known, TrapAction, TrapState
from gateway.store.connection import DamagedFileError
from gateway.store.rows import state_column, to_json, to_state
from tests.support.samples import CAMERA, T0, at, open_store

NUMBERS = st.integers(-(2**53), 2**53)
HEADS = st.tuples(NUMBERS, st.integers(0, 2**62), st.integers(0, 2**62))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.integers(-(10**15), 10**15).map(lambda us: T0 + timedelta(microseconds=us))
ACTIONS = st.builds(
    TrapAction,
    id=TEXT,
    device=TEXT,
    deed=st.sampled_from(ActionKind),
    at=TIMES,
    by=TEXT,
    recorded_at=TIMES,
    count=st.none() | st.integers(0, 9),
)
STATES = st.builds(
    DeviceState,
    device=TEXT,
    last_seen=TIMES,
    head=HEADS,
    trap=st.none() | st.sampled_from(TrapState),
    trap_head=HEADS,
    act=st.none() | ACTIONS,
    low_battery=st.dictionaries(TEXT, st.dictionaries(NUMBERS, st.floats(0, 100))),
    detected=st.dictionaries(TEXT, NUMBERS),
    facts=st.dictionaries(
        TEXT, st.builds(Known, NUMBERS, TEXT | st.floats(-200, 100) | st.booleans())
    ),
    online=st.none() | st.booleans(),
    heard=st.none() | st.tuples(TEXT, st.integers(0, 2)),
    clock=st.none() | st.builds(DeviceClock, NUMBERS, NUMBERS, st.booleans(), st.none() | NUMBERS),
    said=st.dictionaries(TEXT, TEXT),
    unconfirmed=st.none() | st.tuples(NUMBERS, NUMBERS),
)


@given(STATES)
def test_any_state_is_read_back_and_so_is_the_json_of_earlier_versions(state: DeviceState) -> None:
    assert to_state(state_column(state)) == state
    assert to_state(to_json(state)) == state
    assert not state_column(state).startswith(b"{")


def test_a_usual_state_takes_a_third_less_than_as_json() -> None:
    head = (1_795_147_700_000, 1, 150)
    state = DeviceState(
        device="cam-000",
        last_seen=T0,
        head=head,
        detected={"boar": head[0]},
        online=True,
        online_head=head,
        heard=("wildlife/v1/goto/cam-000/event", 1),
        heard_as="detection",
        clock=DeviceClock(-1_000, 1_795_147_201, True, 1, "ntp"),
    )
    assert len(state_column(state)) < 0.7 * len(to_json(state))


def is_damaged(body: bytes) -> bool:
    try:
        to_state(body)
    except DamagedFileError:
        return True
    return False


@given(st.binary(max_size=60))
def test_a_damaged_state_is_told_as_damage(body: bytes) -> None:
    if not is_damaged(body):  # it happens to be a state
        assert to_state(state_column(to_state(body))) == to_state(body)


def test_a_database_with_states_as_json_is_read_and_written_on(tmp_path: Path) -> None:
    old = DeviceState(device=CAMERA.id, last_seen=at(5), detected={"boar": 7})
    store = open_store(tmp_path, CAMERA)
    store.write_now(lambda tx: tx.execute("UPDATE device SET state = ?", (to_json(old),)))
    store.close()
    store = open_store(tmp_path)
    assert store.read_now(lambda r: r.states()) == {CAMERA.id: old}
    assert store.write_now(lambda tx: dict(tx.states)) == {CAMERA.id: old}
    new = DeviceState(device=CAMERA.id, last_seen=at(5) + timedelta(seconds=1))
    store.write_now(lambda tx: tx.put_states([new]))
    assert store.read_now(lambda r: r.states()) == {CAMERA.id: new}
    store.close()


def test_control_a_program_that_reads_json_only_finds_damage() -> None:
    state = DeviceState(device=CAMERA.id, last_seen=T0)
    with pytest.raises(DamagedFileError):
        to_state(b"{" + state_column(state))
