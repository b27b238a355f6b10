"""The contract of `History`: the same questions give the same answers, embedded and from InfluxDB.

The same suite runs against any server that INFLUX_URL, INFLUX_DATABASE and INFLUX_TOKEN name.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.config import Influx
from gateway.domain.model import Device, Kind, Role
from gateway.export.influx.readback import HistoryUnreadableError, embedded
from gateway.export.influx.readback import influx as past_influx
from gateway.export.influx.readback.influx import InfluxHistory
from gateway.export.influx.server import connect
from tests.gateway.export.influx.kit import (
    absorb_all,
    new_site,
    story,
)
from tests.gateway.export.influx.readback.scene import EVER, Scene, gather, ordered
from tests.support.samples import T0, TOKYO, at, message, reading


def test_events_come_back_exactly_and_in_order(scene: Scene) -> None:
    events = scene.ask(lambda h: gather(h, *EVER))
    assert len(events) == scene.store.read_now(lambda r: r.influx.head()) > 200
    times = [event.observed_at for event in events]
    assert times == sorted(times)
    journal = scene.store.read_now(lambda r: [event for _, event in r.events_after(0, 10_000)])
    assert ordered(events) == ordered(journal)


def test_a_range_is_half_open_and_a_device_can_be_chosen(scene: Scene) -> None:
    start, end = at(61), at(121)
    events = scene.ask(lambda h: gather(h, start, end, "dev-001"))
    assert {event.device for event in events} == {"dev-001"}
    assert [e.observed_at for e in events if e.kind is Kind.HEARTBEAT] == [start]


def test_pages_neither_lose_nor_repeat_an_event(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PAGE", 7)
    monkeypatch.setattr(past_influx, "PAGE", 7)
    ids = [event.id for event in scene.ask(lambda h: gather(h, *EVER))]
    assert len(ids) == len(set(ids)) == scene.store.read_now(lambda r: r.influx.head())


def test_the_latest_are_the_newest_by_observed_time(scene: Scene) -> None:
    latest = scene.ask(lambda h: h.latest(5))
    every = sorted((e.observed_at for e in scene.ask(lambda h: gather(h, *EVER))), reverse=True)
    assert [event.observed_at for event in latest] == every[:5]


def test_counts_by_device_species_and_hour(scene: Scene) -> None:
    counts = scene.ask(lambda h: h.counts(*EVER))
    assert counts == asyncio.run(scene.truth.counts(*EVER))
    detections = [e for e in scene.ask(lambda h: gather(h, *EVER)) if e.kind is Kind.DETECTION]
    assert sum(count.records for count in counts) == len(detections) > 20
    assert {count.species for count in counts} == {"", "boar", "deer", "raccoon_dog"}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (T0, T0 + timedelta(hours=7)),  # hours
        (datetime(2026, 11, 1, tzinfo=TOKYO), datetime(2026, 11, 2, tzinfo=TOKYO)),  # a local day
        (datetime(2026, 11, 1, 15, tzinfo=UTC), datetime(2026, 11, 4, 15, tzinfo=UTC)),  # days too
    ],
)
def test_totals_and_effort_are_the_sums_of_their_hours(
    scene: Scene, start: datetime, end: datetime
) -> None:
    totals = scene.ask(lambda h: h.totals(start, end))
    sums: dict[str, list[int]] = {}
    for count in scene.ask(lambda h: h.counts(start, end)):
        seen = sums.setdefault(count.device, [0, 0])
        seen[0] += count.independent
        seen[1] += count.animals
    assert {t.device: [t.independent, t.animals] for t in totals} == sums != {}
    effort = scene.ask(lambda h: h.effort(start, end))
    assert effort == asyncio.run(scene.truth.effort(start, end)) != []
    assert any(e.armed_ms for e in effort)


def test_one_species_can_be_chosen(scene: Scene) -> None:
    for species in ("boar", ""):
        totals = scene.ask(lambda h, s=species: h.totals(*EVER, s))  # type: ignore[misc]
        counts = [c for c in scene.ask(lambda h: h.counts(*EVER)) if c.species == species]
        assert sum(t.independent for t in totals) == sum(c.independent for c in counts)
        by_hour = scene.ask(lambda h, s=species: h.by_hour(*EVER, s))  # type: ignore[misc]
        assert by_hour == [h for h in scene.ask(lambda h: h.by_hour(*EVER)) if h.species == species]
        assert totals != []
        assert by_hour != []


def test_species_are_sorted_by_number_of_detections(scene: Scene) -> None:
    often: Counter[str] = Counter()
    for count in scene.ask(lambda h: h.counts(*EVER)):
        often[count.species] += count.independent
    species = scene.ask(lambda h: h.species(*EVER))
    assert species == sorted(often, key=lambda name: (-often[name], name))
    assert len(species) == 4


def test_a_device_without_any_known_species_is_listed_as_blind(scene: Scene) -> None:
    assert scene.ask(lambda h: h.blind(*EVER)) == set()
    eye = Device(id="eye", role=Role.DETECTOR)
    scene.store.write_now(lambda tx: tx.put_device(eye))
    absorb_all(scene.store, [message(reading("eye", Kind.DETECTION, 90, species="unknown"))])
    scene.forward()
    assert scene.ask(lambda h: h.blind(*EVER)) == {"eye"}


def test_counts_by_hour_add_up_the_devices(scene: Scene) -> None:
    by_hour = scene.ask(lambda h: h.by_hour(*EVER))
    assert by_hour == asyncio.run(scene.truth.by_hour(*EVER))
    counts = scene.ask(lambda h: h.counts(*EVER))
    assert sum(h.independent for h in by_hour) == sum(c.independent for c in counts) > 0


def test_states_are_those_of_the_gateway(scene: Scene) -> None:
    states = scene.ask(lambda h: h.states())
    assert states == scene.store.read_now(lambda r: r.states())
    assert len(states) == 6


def test_a_late_event_corrects_the_hours_it_changes(scene: Scene) -> None:
    before = scene.ask(lambda h: h.counts(*EVER))
    late = story([scene.store.read_now(lambda r: r.devices())[1]], 34)[-8:]
    absorb_all(scene.store, late)
    scene.forward()
    counts = scene.ask(lambda h: h.counts(*EVER))
    assert counts == asyncio.run(scene.truth.counts(*EVER)) != before
    assert scene.ask(lambda h: h.effort(*EVER)) == asyncio.run(scene.truth.effort(*EVER))
    assert scene.ask(lambda h: h.states()) == scene.store.read_now(lambda r: r.states())


def test_a_corrected_species_replaces_the_first_one(scene: Scene) -> None:
    events = scene.ask(lambda h: gather(h, *EVER))
    first = next(e for e in events if e.species == "boar")
    bear = msgspec.structs.replace(first, species="bear")
    scene.store.write_now(lambda tx: tx.journal.revise(bear, "a second look"))
    scene.forward()
    again = scene.ask(lambda h: gather(h, *EVER))
    assert len(again) == len(events)
    assert [e.species for e in again if e.id == first.id] == ["bear"]


def test_devices_with_the_same_event_ids_and_times_stay_apart_across_pages(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "PAGE", 2)
    monkeypatch.setattr(past_influx, "PAGE", 2)
    fleet = scene.store.read_now(lambda r: r.devices())
    same = [
        message(reading(device.id, Kind.HEARTBEAT, 3_000 + n, id_=f"{n}"))
        for n in range(5)
        for device in fleet
    ]
    absorb_all(scene.store, same)
    scene.forward()
    events = scene.ask(lambda h: gather(h, at(2_999), EVER[1]))
    wanted = Counter((device.id, f"{n}") for n in range(5) for device in fleet)
    assert Counter((event.device, event.id) for event in events) == wanted


def test_sites_on_one_server_do_not_mix(scene: Scene) -> None:
    if scene.chosen is None:
        pytest.skip("an embedded store holds one site")
    other = Scene(scene.store, scene.chosen, new_site())
    assert other.ask(lambda h: gather(h, *EVER)) == []
    assert other.ask(lambda h: h.states()) == {}


def test_a_missing_server_raises_an_error_with_the_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with connect(Influx(url="http://127.0.0.1:9", timeout_s=2)) as server:
            await InfluxHistory(server, "goto", TOKYO).latest(1)

    with pytest.raises(HistoryUnreadableError, match="InfluxDB: ClientConnectorError"):
        asyncio.run(scenario())
