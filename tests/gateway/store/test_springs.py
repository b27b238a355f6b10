"""Springs are found by their own index: heartbeats, however many, are not read for them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.epoch import ms
from gateway.domain.model import Device, Event, Kind, Role, TimeQuality
from gateway.store import Store
from tests.support.samples import T0, open_store
from tests.support.tables import stored_rows

TRAPS = [Device(id=f"trap-{n}", role=Role.TRAP) for n in range(3)]
END = T0 + timedelta(days=30)


def event(device: str, kind: Kind, minute: int) -> Event:
    at = T0 + timedelta(minutes=minute)
    return Event(
        id=f"{device}-{minute}",
        device=device,
        kind=kind,
        observed_at=at,
        received_at=at,
        time_quality=TimeQuality.SYNCED,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(tmp_path, *TRAPS)
    yield found
    found.close()


def add(store: Store, *events: Event) -> None:
    store.write_now(lambda tx: tx.add_events([(one, None) for one in events]))


def test_springs_and_settings_of_a_span_come_in_order_without_heartbeats(store: Store) -> None:
    add(store, *(event("trap-0", Kind.HEARTBEAT, n) for n in range(50)))
    add(store, event("trap-1", Kind.SET, 90), event("trap-0", Kind.SPRUNG, 60))
    add(store, event("trap-2", Kind.SPRUNG, 60 * 24 * 31))  # after the end
    found = store.read_now(lambda r: r.period_reads.springs(T0, END))
    assert [(one.device, one.kind) for one in found] == [
        ("trap-0", Kind.SPRUNG),
        ("trap-1", Kind.SET),
    ]


def test_the_index_of_springs_holds_no_heartbeat_and_costs_them_no_byte(store: Store) -> None:
    pages = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = 'event_trap'"
    empty = store.read_now(lambda r: stored_rows(r, pages))
    add(store, *(event("trap-0", Kind.HEARTBEAT, n) for n in range(2_000)))
    assert store.read_now(lambda r: stored_rows(r, pages)) == empty
    add(store, *(event("trap-1", Kind.SPRUNG, n) for n in range(2_000)))
    assert store.read_now(lambda r: stored_rows(r, pages)) > empty  # control: springs are in it


def test_control_the_kinds_as_parameters_would_read_every_heartbeat(store: Store) -> None:
    plan = (
        "EXPLAIN QUERY PLAN SELECT e.observed_ms FROM device d CROSS JOIN event e ON e.device = d.no "
        f"AND e.observed_ms >= {ms(T0)} WHERE e.kind IN (%s)"
    )
    text = "'trap.sprung', 'trap.set'"
    with_text = str(store.read_now(lambda r: stored_rows(r, plan % text)))
    with_names = str(store.read_now(lambda r: stored_rows(r, plan % "upper('a'), upper('b')")))
    assert "event_trap" in with_text
    assert "event_trap" not in with_names
