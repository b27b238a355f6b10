"""What the stream sends is enough: a page that applies each change shows what a new page would show."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dashboard.live.device_view import Condition, DeviceView, device_views
from dashboard.live.map_marks import MAX_CELLS, MAX_MARKS, divide, inside
from dashboard.live.panels import MAP, PANELS, Panel, Panels, View
from dashboard.live.snapshot import Snapshot, features, read_snapshot
from dashboard.live.streaming.differences import difference
from dashboard.web.responses import Reply
from gateway.config import Config, Site
from gateway.domain.model import Device, Role
from gateway.domain.people.permissions import Access, Visitor
from tests.dashboard.place import HOSTILE, NOW, TRAPS, Place

EXACT = Access(Visitor.ADMIN)
ALL = View("ja", (*PANELS, MAP), EXACT)
VIEWS = device_views(TRAPS, {}, NOW)


class Client:
    """What `static/panels.js` and `map.js` do, in a few lines."""

    def __init__(self) -> None:
        self.panels: dict[str, Panel] = {}
        self.devices: dict[str, Any] = {}
        self.cells: Any = []

    def apply(self, change: dict[str, Any]) -> None:
        change = msgspec.json.decode(msgspec.json.encode(change))
        for name, changes in change.get("panels", {}).items():
            old = self.panels.get(name, Panel("", (), {}))
            slots = tuple(tuple(keys) for keys in changes.get("slots", old.slots))
            rows = old.rows | changes.get("rows", {})
            shown = {key: rows[key] for keys in slots for key in keys}
            self.panels[name] = Panel(changes.get("shell", old.shell), slots, shown)
        self.devices |= {one["id"]: one for one in change.get("features", [])}
        for id_ in change.get("gone", []):
            del self.devices[id_]
        self.cells = change.get("cells", self.cells)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    place = Place(tmp_path_factory.mktemp("told")).settle()
    snapshot = place.store.read_now(lambda reader: read_snapshot(reader, NOW))
    place.store.close()
    return snapshot


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_changes_that_are_applied_give_the_whole_page(base: Snapshot, data: st.DataObject) -> None:
    panels, client, shown = Panels(Reply(Config(site=Site()))), Client(), None
    for number in range(data.draw(st.integers(1, 6))):
        seconds = data.draw(st.integers(0, 3))
        devices = [
            replace(one, last_seen=NOW + timedelta(seconds=seconds), condition=condition)
            for one in data.draw(st.permutations(base.devices))[: data.draw(st.integers(0, 20))]
            for condition in [data.draw(st.sampled_from([one.condition, Condition.SPRUNG]))]
        ]
        snapshot = replace(
            base,
            devices=devices,
            alerts=data.draw(st.permutations(base.alerts))[: data.draw(st.integers(0, 9))],
            events=base.events[data.draw(st.integers(0, 30)) :],
        )
        now = panels.show(str(number), snapshot, ALL)
        client.apply(difference(shown, now))
        assert {n: p.__html__() for n, p in client.panels.items()} == {
            n: p.__html__() for n, p in now.panels.items()
        }
        assert client.devices == {
            one["id"]: one
            for one in msgspec.json.decode(msgspec.json.encode(features(now.devices.values())))
        }
        assert difference(now, now) == {}
        shown = now


def test_a_row_is_rendered_once_for_all_readers_of_a_language(
    base: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = Reply(Config(site=Site()))
    made: list[str] = []
    render = reply.fragment

    def counted(template: str, *given: Any, **values: Any) -> str:
        made.append(template)
        return render(template, *given, **values)

    monkeypatch.setattr(reply, "fragment", counted)
    panels = Panels(reply)
    for view in (
        ALL,
        View("ja", ("traps",), EXACT),
        View("ja", ("traps",), EXACT, query="2号"),
        ALL,
    ):
        panels.show("1", base, view)
    assert made.count("row_trap.html") == len(TRAPS)
    made.clear()
    one = replace(base.devices[0], battery_pct=3.0)
    panels.show("2", replace(base, devices=[one, *base.devices[1:]]), ALL)
    assert [name for name in made if name.startswith("row_")] == ["row_trap.html"]


def test_readers_who_may_see_different_things_share_none_of_them(base: Snapshot) -> None:
    panels = Panels(Reply(Config(site=Site())))
    everything = panels.show("1", base, ALL)
    viewer = panels.show("1", base, View("ja", (*PANELS, MAP), Access(Visitor.VIEWER)))
    own = View("ja", (*PANELS, MAP), Access(Visitor.TRAPPER, places=("trap-03",)))
    trapper = panels.show("1", base, own)
    assert everything.devices.keys() == {one.id for one in base.devices}
    assert all(id_.startswith("5km-") for id_ in viewer.devices)
    assert [id_ for id_ in trapper.devices if not id_.startswith("5km-")] == ["trap-03"]
    text = "".join(panel.__html__() for panel in viewer.panels.values())
    assert not [one.id for one in base.devices if one.id in text]
    assert len(viewer.panels["events"].rows) == len(base.events), "rows of one square are all there"


def test_a_hostile_name_cannot_bring_a_place_for_rows(base: Snapshot) -> None:
    name = f"<!--rows-->{HOSTILE}"
    one = replace(base.devices[0], name=name, area="<!--rows-->")
    panels = Panels(Reply(Config(site=Site())))
    view = View("ja", ("traps",), EXACT, query="<!--rows-->")
    html = panels.show("1", replace(base, devices=[one]), view).panels["traps"].__html__()
    assert html.count('data-key="') == 1
    assert "&lt;!--rows--&gt;" in html


def many(count: int) -> list[DeviceView]:
    devices = [
        Device(id=f"t{n:05}", role=Role.TRAP, lat=32.6 + 0.0011 * (n % 131), lon=128.6 + 0.0007 * n)
        for n in range(count)
    ]
    return device_views(devices, {}, NOW)


def test_of_many_devices_each_is_a_mark_or_counted_once() -> None:
    marks, cells = divide(many(5_000))
    assert len(marks) == MAX_MARKS
    assert 0 < len(cells) <= MAX_CELLS
    assert len(marks) + sum(cell.count for cell in cells) == 5_000


def test_the_devices_of_a_cell_can_be_asked_for() -> None:
    devices = many(5_000)
    marks, cells = divide(devices)
    cell = cells[0]
    box = cell.south, cell.west, cell.south + cell.size, cell.west + cell.size
    drawn = {one.id for one in marks}
    assert len([one for one in inside(devices, box) if one.id not in drawn]) >= cell.count


def test_few_devices_are_all_drawn() -> None:
    assert divide(VIEWS) == (VIEWS, ())
