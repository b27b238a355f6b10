"""Devices that share ids or use one twice end in the same record as devices with distinct ids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.model import (
    Kind,
    Message,
)
from gateway.store import Reader, Store
from tests.gateway.ingest.messages.ids.native_reports import OTHER, receive, report
from tests.support.samples import TRAP, open_store
from tests.support.tables import stored_rows

KINDS = st.sampled_from([Kind.SPRUNG, Kind.SET, Kind.HEARTBEAT, Kind.DETECTION, Kind.TAMPER])
TOLD = st.lists(
    st.tuples(st.sampled_from(["trap-01", "trap-02"]), KINDS, st.integers(1, 4)),
    min_size=1,
    max_size=16,
    unique_by=lambda one: (one[0], one[2]),
)


def story(store: Store) -> object:
    """All that an id must not change."""

    def ask(r: Reader) -> object:
        found = [event for _, event in r.events_after(0, 1_000)]
        states = {id_: (s.head, s.trap, s.detected) for id_, s in r.states().items()}
        rows = sorted((e.device, e.kind, e.observed_at, e.seq) for e in found)
        sums = [
            stored_rows(r, f"SELECT * FROM {table} ORDER BY 1, 2")
            for table in ("effort_hour", "sighting_hour")
        ]
        alerts = sorted((a.rule, a.subject, a.observed_at) for a in r.latest_alerts(1_000))
        return rows, states, sums, alerts

    return store.read_now(ask)


def receive_in_batches(store: Store, told: list[Message], sizes: list[int]) -> None:
    start = 0
    for size in [*sizes, len(told)]:
        receive(store, *told[start : start + size])
        start += size


def interleaved(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[tuple[str, Kind, int]],
    data: st.DataObject,
    shared: str,
) -> tuple[object, object]:
    """The stories of two gateways: one hears ids like `shared`, the other no id twice."""
    order = data.draw(st.permutations(range(len(told)))) + data.draw(
        st.lists(st.integers(0, len(told) - 1), max_size=4)
    )
    sizes = data.draw(st.lists(st.integers(1, 5), max_size=6))
    stories = []
    for ids in (shared, "{device}-{n}"):
        store = open_store(tmp_path_factory.mktemp("s"), TRAP, OTHER)
        bodies = [
            report(
                device, kind, 10 * n, id=ids.format(device=device, n=n, odd=n % 2), seq=n, boot=1
            )
            for device, kind, n in told
        ]
        receive_in_batches(store, [bodies[place] for place in order], sizes)
        stories.append(story(store))
        store.close()
    return stories[0], stories[1]


@settings(max_examples=30, deadline=None)
@given(told=TOLD, data=st.data())
def test_devices_that_share_their_ids_end_in_the_same_record_as_with_distinct_ids(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, Kind, int]], data: st.DataObject
) -> None:
    shared, distinct = interleaved(tmp_path_factory, told, data, "{n}")
    assert shared == distinct


@settings(max_examples=30, deadline=None)
@given(told=TOLD, data=st.data())
def test_a_device_that_uses_its_ids_twice_ends_in_the_same_record_as_with_distinct_ids(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, Kind, int]], data: st.DataObject
) -> None:
    shared, distinct = interleaved(tmp_path_factory, told, data, "{odd}")
    assert shared == distinct


@pytest.mark.long
@settings(max_examples=2_000, deadline=None)
@given(told=TOLD, data=st.data(), ids=st.sampled_from(["{n}", "{odd}", "1"]))
def test_two_thousand_random_histories_with_shared_and_reused_ids_end_as_with_distinct_ids(
    tmp_path_factory: pytest.TempPathFactory,
    told: list[tuple[str, Kind, int]],
    data: st.DataObject,
    ids: str,
) -> None:
    shared, distinct = interleaved(tmp_path_factory, told, data, ids)
    assert shared == distinct
