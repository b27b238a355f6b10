"""From a user's files to a map pack: what is in its tiles, and what is refused in words."""

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dashboard.maps.pack import archive, cutting, things, vector_tiles
from dashboard.maps.pack.archive import MapPack
from dashboard.maps.pack.errors import MapPackError
from dashboard.maps.pack.kinds import MapKind, rank_of
from dashboard.maps.pack.places import column, row, tile_box
from gateway.cli import app
from tests.dashboard.maps.pack import island

METRES = (
    b'{"type":"Feature","properties":{},"geometry":'
    b'{"type":"LineString","coordinates":[[70000,3000],[70100,3100]]}}'
)
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def made(folder: Path, *options: str) -> tuple[int, str]:
    """The command's exit code and what it says."""
    out = ["map", "pack", "--out", str(folder / "map.zip"), "--credit", island.CREDIT]
    result = CliRunner().invoke(app, [*out, *options])
    return result.exit_code, result.output


def tile(folder: Path, name: str) -> Any:
    """A tile's content."""
    data = MapPack(str(folder / "map.zip")).read(name)
    return json.loads(gzip.decompress(data)) if data else None


def all_names(folder: Path, zoom: int) -> set[str]:
    """The names in all tiles of a zoom."""
    index = MapPack(str(folder / "map.zip")).index()
    assert index
    found = [tile(folder, name) for name in index.tiles if name.startswith(f"{zoom}/")]
    return {name for one in found for _, _, name, _ in one["names"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the island's pack."""
    folder = tmp_path_factory.mktemp("island")
    assert made(folder, *island.files(folder))[0] == 0
    return folder


def test_the_whole_site_has_the_town_and_the_finest_level_has_everything(folder: Path) -> None:
    site = tile(folder, "site")
    assert island.TOWN in {name for _, _, name, _ in site["names"]}
    assert list(site["layers"]) == ["boundary", "rivers", "roads"]
    assert len(site["layers"]["roads"]["features"]) == 1, "the field road is left out from afar"
    wanted = {island.TOWN, island.HAMLET, island.ROAD, island.STREAM, island.PASS, "林道みほん線"}
    assert wanted <= all_names(folder, 13)


def test_each_name_is_written_once_a_level(folder: Path) -> None:
    index = MapPack(str(folder / "map.zip")).index()
    assert index
    tiles = [tile(folder, name) for name in index.tiles if name.startswith("13/")]
    names = [name for one in tiles for _, _, name, _ in one["names"]]
    assert len(names) == len(set(names))


def test_borders_are_lines_so_that_no_cut_of_a_tile_is_drawn(folder: Path) -> None:
    index = MapPack(str(folder / "map.zip")).index()
    assert index
    for name in index.tiles:
        border = tile(folder, name)["layers"].get("boundary", {"features": []})
        shapes = [shapely.from_geojson(json.dumps(one["geometry"])) for one in border["features"]]
        edge = shapely.box(island.WEST, island.SOUTH, island.EAST, island.NORTH).boundary
        assert all(shape.hausdorff_distance(edge) < 1 for shape in shapes)
        assert all(edge.buffer(1e-4).contains(shape) for shape in shapes)


def test_the_pack_says_what_it_is(folder: Path) -> None:
    index = MapPack(str(folder / "map.zip")).index()
    assert index
    assert index.credit == island.CREDIT
    around = (island.WEST, island.SOUTH, island.EAST, island.NORTH)
    assert index.box == pytest.approx(around, abs=0.002)
    assert [level.zoom for level in index.levels] == [None, 11, 13]


def test_vector_tiles_as_gsi_gives_them_are_read(tmp_path: Path) -> None:
    line = {"geometry": "LINESTRING(0 2048, 4096 2048)", "properties": {"vt_rdctg": "国道"}}
    name = {"geometry": "POINT(1024 1024)", "properties": {"vt_code": 210, "vt_text": "みほん"}}
    sign = {"geometry": "POINT(9 9)", "properties": {"vt_code": 3261, "vt_text": "看板"}}
    layers = [
        {"name": "RdCL", "features": [line]},
        {"name": "Anno", "features": [name, sign]},
        {"name": "BldA", "features": [line]},
    ]
    path = tmp_path / "gsi.pmtiles"
    island.pmtiles(path, layers, 32.67, 128.75)
    road, place = vector_tiles.from_pmtiles(path, None)
    assert (road.kind, road.rank) == (MapKind.ROADS, 1)
    assert (place.kind, place.rank, place.name) == (MapKind.PLACES, 2, "みほん")
    west, south, east, north = tile_box(14, column(128.75, 14), row(32.67, 14))
    assert road.shape.bounds[0] == pytest.approx(west)
    assert road.shape.bounds[2] == pytest.approx(east)
    assert place.shape.bounds[0] == pytest.approx(west + (east - west) / 4)
    assert place.shape.bounds[1] == pytest.approx(north - (north - south) / 4, abs=1e-6)
    assert made(tmp_path, "--pmtiles", str(path))[0] == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("roads=a.json", b"not json", "not GeoJSON"),
        ("roads=a.json", b'{"type":"FeatureCollection","features":[]}', "no roads in it"),
        ("roads=a.json", METRES, "are no degrees"),
        ("houses=a.json", b"{}", "KIND one of"),
        ("roads=missing.json", None, "cannot be read"),
    ],
)
def test_what_is_no_map_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("a.json").write_bytes(content)
    code, output = made(tmp_path, "--layer", name)
    assert code == 1
    assert said in output
    assert not (tmp_path / "map.zip").exists()


def test_no_layers_a_wrong_box_and_a_broken_file_are_refused_too(tmp_path: Path) -> None:
    assert "nothing to draw" in made(tmp_path)[1]
    assert "--box 1,2: allowed" in made(tmp_path, "--box", "1,2")[1]
    (tmp_path / "a.pmtiles").write_bytes(b"PMTiles, but no")
    assert "not PMTiles" in made(tmp_path, "--pmtiles", str(tmp_path / "a.pmtiles"))[1]


def test_a_site_with_too_much_in_it_is_drawn_coarser_and_then_refused() -> None:
    lines = [
        [[128.6 + 0.0001 * n, 32.6 + 0.01 * (k % 30) + 0.0004 * (n % 2)] for n in range(900)]
        for k in range(60)
    ]
    roads = [
        things.thing(
            MapKind.ROADS, {"rank": 1, "name": f"{k}"}, {"type": "LineString", "coordinates": line}
        )
        for k, line in enumerate(lines)
    ]
    found = [one for one in roads if one]
    tiles = cutting.tiles(found, cutting.box_of(found))
    assert len(tiles["site"]) < cutting.MOST_SITE_BYTES
    wide = things.thing(
        MapKind.ROADS, {}, {"type": "LineString", "coordinates": [[120, 24], [146, 45]]}
    )
    assert wide
    with pytest.raises(MapPackError, match="348684 tiles from"):
        cutting.tiles([wide], (120, 24, 146, 45))


def test_a_pack_that_is_replaced_is_read_anew_and_one_that_is_none_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "map.zip"
    pack = MapPack(str(path))
    assert (pack.version(), pack.address, pack.read("site"), pack.index()) == ("", None, None, None)
    for content in (b"{}", b"[1]"):
        archive.write(path, {"site": content}, "", (0, 0, 1, 1), NOW)
        data = pack.read("site")
        assert data
        assert gzip.decompress(data) == content
    assert pack.read("../site") is None
    for content in (b"no zip", b""):
        path.write_bytes(content)
        caplog.clear()
        assert pack.read("site") is None
        assert "shishigaki map pack" in caplog.text


def with_list(path: Path, packed: bytes) -> None:
    """A pack with such a list."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("index.json.gz", packed)


def test_a_damaged_or_endless_list_of_a_pack_costs_neither_a_page_nor_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map.zip"
    archive.write(path, {}, "", (0, 0, 1, 1), NOW)
    whole = MapPack(str(path)).read("index")
    assert whole
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    for packed in (whole[:-9], bytes(damaged), b"", b"{}"):
        caplog.clear()
        with_list(path, packed)
        assert MapPack(str(path)).index() is None
        assert "shishigaki map pack" in caplog.text
    with_list(path, whole)
    assert MapPack(str(path)).index(), "control: the whole list is read"
    monkeypatch.setattr(archive, "MOST_LIST_BYTES", 50)
    assert MapPack(str(path)).index() is None
    assert "more than 50 bytes" in caplog.text


def test_a_pack_of_another_format_costs_no_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "map.zip"
    for content in (
        b"[]",
        b'{"format":"x","credit":"","made":"","box":[0,0,1,1],"levels":[],"tiles":{}}',
    ):
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("index.json.gz", gzip.compress(content))
        assert MapPack(str(path)).index() is None
    assert "allowed: shishigaki-map-pack/1" in caplog.text


@given(st.floats(-84, 84), st.floats(-180, 179.9), st.integers(0, 16))
def test_a_place_lies_in_its_tile(lat: float, lon: float, zoom: int) -> None:
    west, south, east, north = tile_box(zoom, column(lon, zoom), row(lat, zoom))
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


def test_contours_of_whole_hundreds_stand_out_and_a_given_rank_counts_first() -> None:
    assert rank_of(MapKind.CONTOURS, {"alti": 300}) == 1
    assert rank_of(MapKind.CONTOURS, {"vt_alti": 320}) == 3
    assert rank_of(MapKind.ROADS, {"highway": "track", "rank": 1}) == 1
    assert rank_of(MapKind.PLACES, {"vt_code": 8103}) is None, "symbols are left out"
    assert msgspec.json.encode(MapKind.ROADS) == b'"roads"'


def test_a_spike_of_a_border_and_shapes_of_another_sort_are_no_fault(tmp_path: Path) -> None:
    spike = [
        [129.0, 33.0],
        [129.1, 33.0],
        [129.2, 33.0],
        [129.1, 33.0],
        [129.1, 33.1],
        [129.0, 33.0],
    ]
    flat = [[129.0, 33.0], [129.1, 33.0], [129.0, 33.0]]
    pond = [[129.0, 33.0], [129.1, 33.0], [129.1, 33.1], [129.0, 33.0]]

    def thing(kind: MapKind, sort: str, places: Any) -> things.Thing | None:
        return things.thing(kind, {"name": "名"}, {"type": sort, "coordinates": places})

    found = [
        thing(MapKind.BOUNDARY, "Polygon", [spike]),
        thing(MapKind.RIVERS, "Polygon", [pond]),
        thing(MapKind.ROADS, "Point", [129.05, 33.05]),
        thing(MapKind.ROADS, "LineString", [[129.02, 33.02], [129.02, 33.02]]),
    ]
    assert thing(MapKind.BOUNDARY, "Polygon", [flat]) is None
    usable = [one for one in found if one is not None]
    assert cutting.tiles(usable, (128.9, 32.9, 129.2, 33.2))
