"""The page of pictures: who sees and names which, and that nothing of people or of other cameras leaves."""

import asyncio
import hashlib
from datetime import timedelta

import msgspec
import pytest

from gateway import app as service
from gateway.domain.pictures.picture import Picture, PictureSource, PictureState
from gateway.ingest.pictures.arrival import Arrival, CameraFacts
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.support import pictures

JSON = {"content-type": "application/json"}


def take(gateway: service.Gateway, device: str, shade: int) -> Picture:
    """A picture of a camera that was made anew."""
    data = pictures.picture(width=320, height=240, shade=shade)
    local = (NOW - timedelta(minutes=shade)).isoformat()
    arrival = Arrival(
        device,
        hashlib.sha256(data).hexdigest(),
        len(data),
        PictureSource.UPLOAD,
        CameraFacts(local),
    )

    async def work() -> Picture:
        desk, maker = gateway.pictures.taker, gateway.pictures.maker
        with desk.files.arriving() as arriving:
            arriving.write(data)
            arriving.end()
            picture = await desk.take(arrival, arriving.path)
        assert picture is not None
        await maker._all_waiting()
        await gateway.pictures.picture_reader.end()
        return picture

    return asyncio.run(work())


@pytest.fixture(scope="module")
def seen(gateway: service.Gateway) -> dict[str, Picture]:
    """Two pictures of each camera."""
    return {
        "own": take(gateway, "cam-own", 1),
        "own-two": take(gateway, "cam-own", 2),
        "far": take(gateway, "cam-far", 3),
        "people": take(gateway, "cam-own", 400),
    }


def post(client: Client, path: str, **body: object) -> Answer:
    return client.send("POST", f"/pictures/{path}", msgspec.json.encode(body), JSON)


def species(gateway: service.Gateway, picture: Picture) -> str | None:
    found = gateway.store.read_now(lambda reader: reader.pictures.find(picture.id))
    assert found is not None
    return found.species


def test_each_role_sees_the_pictures_of_the_cameras_that_it_may_see(
    readers: dict[str, Client], seen: dict[str, Picture]
) -> None:
    for role, sees in {
        "official": {"own", "far"},
        "admin": {"own", "far"},
        "trapper": {"own"},
        "deputy": {"own"},
        "viewer": set(),
        "resident": set(),
        "installer": set(),
        "anybody": set(),
    }.items():
        for name in ("own", "far"):
            for path in (f"/pictures/{seen[name].id}", f"/pictures/{seen[name].id}/small"):
                status = readers[role].get(path).status_code
                assert (status == 200) is (name in sees), f"{role} {name} {status}"


def test_a_picture_has_no_metadata_and_no_shared_cache_keeps_it(
    readers: dict[str, Client], seen: dict[str, Picture]
) -> None:
    answer = readers["official"].get(f"/pictures/{seen['own'].id}")
    assert pictures.SECRET not in answer.content
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"].startswith("private")


def test_a_burst_is_named_and_taken_back_on_the_page(
    gateway: service.Gateway, readers: dict[str, Client], seen: dict[str, Picture]
) -> None:
    official, ids = readers["official"], [seen["own"].id, seen["own-two"].id]
    assert seen["own"].id in official.get("/pictures").text
    assert post(official, "name", act="a1", ids=ids, species="boar").status_code == 200
    assert {species(gateway, seen["own"]), species(gateway, seen["own-two"])} == {"boar"}
    assert seen["own"].id not in official.get("/pictures").text
    assert post(official, "undo", act="a1").status_code == 200
    assert species(gateway, seen["own"]) is None
    assert seen["own"].id in official.get("/pictures").text


def test_a_trapper_names_own_cameras_only_and_undoes_own_names_only(
    gateway: service.Gateway, readers: dict[str, Client], seen: dict[str, Picture]
) -> None:
    trapper = readers["trapper"]
    both = [seen["own"].id, seen["far"].id]
    assert post(trapper, "name", act="t1", ids=both, species="boar").status_code == 404
    assert species(gateway, seen["own"]) is None
    post(readers["official"], "name", act="o1", ids=[seen["own"].id], species="fox")
    assert post(trapper, "undo", act="o1").status_code == 200
    assert species(gateway, seen["own"]) == "fox"
    post(readers["official"], "undo", act="o1")


def test_a_picture_of_a_person_is_seen_by_the_office_only(
    gateway: service.Gateway, readers: dict[str, Client], seen: dict[str, Picture]
) -> None:
    address = f"/pictures/{seen['people'].id}"
    assert readers["trapper"].get(address).status_code == 200
    body = {"act": "p1", "ids": [seen["people"].id], "species": "person"}
    assert post(readers["trapper"], "name", **body).status_code == 200
    assert readers["trapper"].get(address).status_code == 404
    assert readers["trapper"].get(f"{address}/small").status_code == 404
    assert post(readers["trapper"], "name", **(body | {"act": "p2"})).status_code == 404
    assert readers["official"].get(address).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"act": "x", "ids": [], "species": "boar"},
        {"act": "x", "ids": ["0" * 32], "species": "boar"},
        {"act": "x", "ids": "all", "species": "boar"},
        {"act": "", "ids": ["0" * 32], "species": "boar"},
        {"act": "x", "ids": ["0" * 32], "species": "dragon"},
        {"act": "x", "ids": ["0" * 32] * 200, "species": "boar"},
    ],
)
def test_a_name_that_means_nothing_is_refused(
    readers: dict[str, Client], body: dict[str, object]
) -> None:
    assert post(readers["official"], "name", **body).status_code in {400, 404, 422}


def test_evidence_is_marked_and_unmarked(
    gateway: service.Gateway, readers: dict[str, Client], seen: dict[str, Picture]
) -> None:
    def is_evidence() -> bool:
        found = gateway.store.read_now(lambda reader: reader.pictures.find(seen["own"].id))
        return found is not None and found.is_evidence

    post(readers["official"], "evidence", ids=[seen["own"].id], keep=True)
    assert is_evidence()
    post(readers["official"], "evidence", ids=[seen["own"].id], keep=False)
    assert not is_evidence()
    assert post(readers["viewer"], "evidence", ids=[seen["own"].id], keep=True).status_code == 403


def test_a_picture_whose_file_is_lost_is_gone(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    lost = take(gateway, "cam-own", 30)
    found = gateway.store.read_now(lambda reader: reader.pictures.find(lost.id))
    assert found is not None
    assert found.picture.state is PictureState.KEPT
    gateway.pictures.taker.files.remove(lost.id)
    assert readers["official"].get(f"/pictures/{lost.id}").status_code == 410
