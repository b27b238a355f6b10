"""Compares what a town has with what a region in memory has. Must not know how it got there."""

from typing import Any

from gateway.region.uplink.outgoing import event_record
from gateway.store import Store
from gateway.store.rows import EVENT_SELECT
from tests.gateway.region.uplink.fake_region import FakeRegion


def check_equal(store: Store, region: FakeRegion) -> None:
    """The region has exactly what the town has."""
    sql = f"SELECT e.no, {EVENT_SELECT} ORDER BY e.no"
    rows = store.write_now(lambda tx: tx.execute(sql).fetchall())
    events = {(row[2], row[1]): event_record(row) for row in rows}
    assert region.rows("events") == events != {}
    for name, unit in (("hours", "hour"), ("days", "day")):
        found = {
            key: (one.alive_ms, one.armed_ms, sum(s[1] for s in one.sightings))
            for key, one in region.rows(name).items()
            if one.alive_ms or one.sightings  # a zero takes the place of what the town has lost
        }
        assert found == sums(store, unit), name
    devices = store.read_now(lambda r: [one.id for one in r.devices()])
    assert {key[0] for key in region.rows("devices")} == set(devices)


def sums(store: Store, unit: str) -> dict[tuple[object, ...], tuple[int, int, int]]:
    """(device, hour or day) -> effort and records, as the town has them."""
    sql = f"""
        SELECT d.id, k.at, coalesce(e.alive_ms, 0), coalesce(e.armed_ms, 0), coalesce(s.n, 0) FROM (
            SELECT device, {unit} at FROM effort_{unit} UNION SELECT device, {unit} FROM sighting_{unit}
        ) k JOIN device d ON d.no = k.device
        LEFT JOIN effort_{unit} e ON e.device = k.device AND e.{unit} = k.at
        LEFT JOIN (SELECT device, {unit} at, sum(records) n FROM sighting_{unit} GROUP BY 1, 2) s
            ON s.device = k.device AND s.at = k.at"""
    rows: list[Any] = store.write_now(lambda tx: tx.execute(sql).fetchall())
    return {(device, place): (alive, armed, n) for device, place, alive, armed, n in rows}
