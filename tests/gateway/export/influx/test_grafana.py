"""The Grafana files: every query runs on the real server and finds what a filled store forwarded."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.domain.model import ActionKind, Kind, TrapAction
from gateway.domain.resident_reports import Sighting, SightingKind
from gateway.export.influx.schema import FIELDS, TAGS
from gateway.export.influx.server import ResultTable, connect
from tests.gateway.export.influx.kit import absorb_all, database, filled, forward_all, settings
from tests.support.samples import at, message, reading
from tests.support.servers import Influxd

GRAFANA = Path(__file__).parents[4] / "deploy" / "grafana"
BOARDS = {
    path.stem: json.loads(path.read_text()) for path in (GRAFANA / "dashboards").glob("*.json")
}
PANELS = [(name, panel) for name, board in sorted(BOARDS.items()) for panel in board["panels"]]
SEEN = Sighting(
    id="s1",
    source="city",
    kind=SightingKind.TRACE,
    species="boar",
    day=at(0).date(),
    lat=32.7,
    lon=128.8,
)
SPAN = (round(at(-1440).timestamp() * 1e9), round(at(1440 * 40).timestamp() * 1e9))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as running:
        asyncio.run(_fill(running, tmp_path_factory.mktemp("store")))
        yield running


async def _fill(influxd: Influxd, folder: Path) -> None:
    store = filled(folder)
    absorb_all(store, [message(reading("dev-000", Kind.JOIN, 7))])
    act = TrapAction(
        id="a1", device="dev-000", deed=ActionKind.VISITED, at=at(70), by="x", recorded_at=at(71)
    )
    store.write_now(lambda tx: tx.acts.add(msgspec.structs.replace(act, species="boar", count=1)))
    store.write_now(lambda tx: tx.sightings.add([SEEN]))
    async with database(settings(influxd)):
        await forward_all(store, settings(influxd), "goto")
    store.close()


def ask(influxd: Influxd, query: str) -> list[ResultTable]:
    async def scenario() -> list[ResultTable]:
        async with connect(settings(influxd)) as connection:
            [tables] = await connection.query(query)
            return tables

    return asyncio.run(scenario())


def plain(query: str) -> str:
    """The query as Grafana sends it for all sites and the whole time of the story."""
    span = f"time >= {SPAN[0]} AND time <= {SPAN[1]}"
    for macro, value in {"$timeFilter": span, "$__interval": "1h", "$site": ".*"}.items():
        query = query.replace(macro, value)
    assert "$" not in query.replace("$/", ""), query
    return query


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=[f"{n}-{p['id']}" for n, p in PANELS])
def test_every_panel_finds_data(name: str, panel: dict[str, Any], server: Influxd) -> None:
    for target in panel["targets"]:
        tables = ask(server, plain(target["query"]))
        values = [v for table in tables for row in table.values for v in row[1:]]
        assert any(value is not None for value in values), f"{name}: {panel['title']}"


@pytest.mark.parametrize("name", BOARDS)
def test_the_sites_can_be_chosen(name: str, server: Influxd) -> None:
    [variable] = BOARDS[name]["templating"]["list"]
    [table] = ask(server, variable["query"])
    assert [row[1] for row in table.values] == ["goto"]


def test_another_site_is_not_shown(server: Influxd) -> None:
    for _, panel in PANELS:
        query = panel["targets"][0]["query"].replace("$site", "elsewhere")
        assert ask(server, plain(query)) == [], panel["title"]


def test_the_map_reads_lat_and_lon(server: Influxd) -> None:
    [panel] = BOARDS["map"]["panels"]
    assert panel["type"] == "geomap"
    location = panel["options"]["layers"][0]["location"]
    tables = ask(server, plain(panel["targets"][0]["query"]))
    assert len(tables) == 6
    for table in tables:
        row = dict(zip(table.columns, table.values[0], strict=True))
        assert 32 < row[location["latitude"]] < 33
        assert 128 < row[location["longitude"]] < 129


def test_the_fleet_counts_its_devices(server: Influxd) -> None:
    panel = next(p for p in BOARDS["fleet"]["panels"] if p["id"] == 1)
    [table] = ask(server, plain(panel["targets"][0]["query"]))
    assert table.values[0][1] == 6


def test_the_data_source_is_provisioned_without_a_secret() -> None:
    yaml = pytest.importorskip("yaml")
    text = (GRAFANA / "provisioning/datasources/shishigaki.yaml").read_text(encoding="utf-8")
    [source] = yaml.safe_load(text)["datasources"]
    assert source["type"] == "influxdb"
    assert all(value.startswith("${") for value in source["secureJsonData"].values())
    uids = {p["datasource"]["uid"] for _, p in PANELS}
    assert uids == {source["uid"]}
    text = (GRAFANA / "provisioning/dashboards/shishigaki.yaml").read_text(encoding="utf-8")
    [provider] = yaml.safe_load(text)["providers"]
    assert provider["options"]["path"] in (GRAFANA / "README.md").read_text(encoding="utf-8")


def test_panels_ask_only_for_measurements_of_the_schema() -> None:
    for _, panel in PANELS:
        query = panel["targets"][0]["query"]
        assert any(f'FROM "{name}"' in query for name in FIELDS), query


def test_the_document_names_every_measurement_tag_and_field_with_its_type() -> None:
    document = (GRAFANA.parents[1] / "gateway" / "INFLUX.md").read_text(encoding="utf-8")
    for measurement, fields in FIELDS.items():
        assert f"`{measurement}`" in document
        for name, kind in fields.items():
            assert f"`{name}` {kind}" in document, f"{measurement}.{name}"
        for tag in TAGS[measurement]:
            assert f"`{tag}`" in document
