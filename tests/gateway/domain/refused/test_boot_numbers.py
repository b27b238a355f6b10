"""Two boards with one identity are seen by their boot numbers; one board never is."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.config import SourceSettings
from gateway.domain.model import Device, Message, Role
from gateway.domain.refused.boot_numbers import (
    CERTAIN_RETURNS,
    FORGET_AFTER,
    LEAST_DURATION,
    LEAST_RETURNS,
    is_sure,
)
from gateway.ingest.messages.batch import absorb
from gateway.ingest.messages.decoding import Sources
from gateway.store import Store
from tests.support.samples import T0, at, open_store

READ = Sources((SourceSettings(dialect="native"),), "goto")
POLICY = Policy()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path, Device(id="wana-01", role=Role.TRAP))
    yield store
    store.close()


def heartbeat(boot: int, seq: int, minutes: float, *, clock: bool = False) -> Message:
    body = {"v": 1, "id": f"{boot}-{seq}", "boot": boot, "seq": seq}
    if clock:
        body |= {"ts": at(minutes).isoformat(), "ts_src": "ntp"}
    return Message("wildlife/v1/goto/wana-01/telemetry", msgspec.json.encode(body), at(minutes))


def alerts_after(store: Store, *messages: Message) -> list[tuple[str, str]]:
    """The alerts about two boards after these messages, each in a batch of its own."""
    for one in messages:
        store.write_now(
            lambda tx, one=one: absorb(tx, [one], READ.decode, one.received_at, POLICY)  # type: ignore[misc]
        )
    now = messages[-1].received_at
    store.write_now(lambda tx: tick(tx, now, POLICY))
    alerts = store.read_now(lambda r: r.open_alerts())
    return [(one.subject, one.note) for one in alerts if one.rule == "two_boards"]


@pytest.mark.parametrize("clock", [True, False])
def test_two_boards_with_one_id_are_reported(store: Store, clock: bool) -> None:
    turns = [heartbeat(7 + n % 2, n, 10 * n, clock=clock) for n in range(8)]
    assert alerts_after(store, *turns) == [("wana-01", "boot 7, 8")]


def test_two_boards_that_alternate_quickly_are_reported_too(store: Store) -> None:
    turns = [heartbeat(7 + n % 2, n, n / 60) for n in range(2 * CERTAIN_RETURNS + 2)]
    assert alerts_after(store, *turns) == [("wana-01", "boot 7, 8")]


def test_two_boards_with_the_same_boot_number_are_noticed_by_their_ids(store: Store) -> None:
    """One reports that it is alive, the other that the trap was set, under the same ids."""
    turns = []
    for n in range(5):
        one = heartbeat(7, n, 10 * n)
        body = msgspec.json.decode(one.payload) | {"kind": "trap.set"}
        other = Message("wildlife/v1/goto/wana-01/event", msgspec.json.encode(body), at(10 * n + 1))
        turns += [one, other]
    assert alerts_after(store, *turns) == [("wana-01", "boot 7, 7")]


def test_the_alert_ends_a_day_after_the_last_return_of_the_boot_number(store: Store) -> None:
    turns = [heartbeat(7 + n % 2, n, 10 * n) for n in range(8)]
    assert alerts_after(store, *turns)
    later = [heartbeat(8, n, 10 * n) for n in range(8, 160)]
    assert alerts_after(store, *later) == []


def test_a_board_that_restarts_again_and_again_is_one_board(store: Store) -> None:
    assert alerts_after(store, *(heartbeat(n // 3, n, 10 * n) for n in range(40))) == []


def test_a_board_that_lost_its_boot_number_is_one_board(store: Store) -> None:
    lives = [heartbeat(7, n, 10 * n) for n in range(5)] + [
        heartbeat(0, n, 50 + n) for n in range(40)
    ]
    assert alerts_after(store, *lives) == []


def test_a_backlog_of_an_earlier_boot_with_its_own_time_is_one_board(store: Store) -> None:
    """Live messages between those that waited: what is late is no turn."""
    late = [heartbeat(7, n, n, clock=True) for n in range(40)]
    live = [heartbeat(8, n, 60 + n, clock=True) for n in range(40)]
    mixed = [
        msgspec.structs.replace(one, received_at=at(60 + n / 2))
        for n, one in enumerate(one for pair in zip(live, late, strict=True) for one in pair)
    ]
    assert alerts_after(store, *mixed) == []


@given(st.integers(0, 20), st.integers(0, 3_000), st.integers(0, 3_000))
def test_the_sign_needs_to_last_or_to_be_frequent(
    times: int, span_min: int, quiet_min: int
) -> None:
    last = T0 + timedelta(minutes=span_min)
    sure = is_sure(times, T0, last, last + timedelta(minutes=quiet_min))
    lasting = times >= LEAST_RETURNS and timedelta(minutes=span_min) >= LEAST_DURATION
    assert sure is (
        (lasting or times >= CERTAIN_RETURNS) and timedelta(minutes=quiet_min) <= FORGET_AFTER
    )
