"""The tiles of a map pack as they are sent: compressed as they lie, by version, to who may see squares."""

import gzip
import json
from pathlib import Path

import pytest
from starlette.applications import Starlette

from dashboard.maps.pack.archive import MapPack
from dashboard.maps.pack.files import PackFiles
from dashboard.maps.pack.inside import inside
from dashboard.trapper.phone import map_tiles
from gateway.domain.model import Device, Role
from tests.dashboard.maps.pack import island
from tests.dashboard.maps.pack.test_making import made
from tests.support.asgi import Phone

TRAP = Device(id="trap-1", role=Role.TRAP, lat=32.671, lon=128.753)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The island's pack."""
    folder = tmp_path_factory.mktemp("island")
    assert made(folder, *island.files(folder))[0] == 0
    return str(Path(folder) / "map.zip")


@pytest.fixture
def client(path: str) -> Phone:
    """Whoever passed the gate."""
    return Phone(Starlette(routes=PackFiles(path).routes()))


def test_a_tile_is_sent_as_it_lies_and_may_be_kept_for_ever(client: Phone, path: str) -> None:
    address = MapPack(path).address
    assert address
    answer = client.get(address, {"accept-encoding": "gzip, br"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert json.loads(gzip.decompress(answer.content))["credit"] == island.CREDIT
    site = client.get(address.replace("index", "site"))
    assert "content-encoding" not in site.headers
    assert island.TOWN in site.text


def test_another_version_and_what_is_not_there_answer_404(client: Phone, path: str) -> None:
    version = MapPack(path).version()
    for address in (
        "/map/pack/old/index.json",
        f"/map/pack/{version}/13/1/1.json",
        f"/map/pack/{version}/../map.zip",
    ):
        assert client.get(address).status_code == 404
    none = Phone(Starlette(routes=PackFiles("").routes()))
    assert none.get(f"/map/pack/{version}/index.json").status_code == 404


def test_a_phone_takes_the_whole_site_and_what_lies_around_its_traps(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = MapPack(path)
    found = map_tiles.around(pack, [TRAP])
    assert found[0] == pack.address
    assert found[1].endswith("/site.json")
    index = pack.index()
    assert index
    assert 2 < len(found) < len(index.tiles)
    assert map_tiles.around(MapPack(""), [TRAP]) == []
    monkeypatch.setattr(map_tiles, "MOST_BYTES", index.tiles["site"])
    assert len(map_tiles.around(pack, [TRAP])) == 2, "no more than a phone shall hold"


def test_a_file_for_no_server_holds_as_many_tiles_as_fit(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = MapPack(path).index()
    assert index
    assert set(inside(path)["inside"]) == set(index.tiles)
    site = len(gzip.decompress(MapPack(path).read("site") or b""))
    monkeypatch.setattr("dashboard.maps.pack.inside.MOST_BYTES", site)
    assert list(inside(path)["inside"]) == ["site"]
    assert inside("") is None
