"""A program sends pictures with a token: once each, for its cameras only, answered after they are kept."""

from collections.abc import Iterator

import pytest

from gateway import app as service
from gateway.domain.people.api_token import Scope
from gateway.domain.people.person import UserRole
from tests.dashboard.api.programs import Program, program
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import serving
from tests.support import pictures

ONE = pictures.picture(width=320, height=240, shade=50)


@pytest.fixture(scope="module")
def url(gateway: service.Gateway) -> Iterator[str]:
    with serving(service.pages(gateway, dict)) as (url, _):
        yield url


@pytest.fixture(scope="module")
def camera(gateway: service.Gateway, url: str) -> Program:
    return program(gateway, url, UserRole.TRAPPER, (Scope.PICTURES,))


def send(one: Program, data: bytes, device: str = "cam-own", **headers: str) -> Answer:
    sent = {"authorization": f"Bearer {one.secret}", "content-type": "image/jpeg"} | headers
    return one.client.send("POST", f"/pictures/upload?camera={device}", data, sent)


def test_a_picture_is_taken_once_and_fetched_with_the_same_token(
    gateway: service.Gateway, camera: Program
) -> None:
    first, again = send(camera, ONE), send(camera, ONE)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    known = gateway.store.read_now(lambda reader: reader.pictures.find(first.json()["id"]))
    assert known is not None
    assert known.picture.device == "cam-own"
    address = f"/pictures/{first.json()['id']}"
    assert camera.get(address).status_code == 410, "it is not made yet"
    assert camera.get("/pictures").status_code in {303, 401}, "the page is for people"


def test_other_cameras_scopes_and_contents_are_refused(
    gateway: service.Gateway, url: str, camera: Program
) -> None:
    assert send(camera, ONE, "cam-far").status_code == 404
    assert send(camera, ONE, "no-such").status_code == 404
    assert send(camera, pictures.HTML).status_code == 415
    other = program(gateway, url, UserRole.OFFICIAL, (Scope.EVENTS,))
    assert send(other, ONE).status_code == 403
    viewer = program(gateway, url, UserRole.VIEWER, (Scope.PICTURES,))
    assert send(viewer, ONE).status_code == 403
    wrong = Program(Client(url), "shishigaki_wrong")
    assert send(wrong, ONE).status_code == 401


def test_a_page_of_another_site_cannot_send_a_picture_for_somebody_logged_in(
    readers: dict[str, Client],
) -> None:
    foreign = {"origin": "https://evil.example", "content-type": "image/jpeg"}
    official = readers["official"]
    path = "/pictures/upload?camera=cam-own"
    assert official.send("POST", path, ONE, foreign).status_code == 403
    forged = foreign | {"authorization": "Bearer nothing"}
    assert official.send("POST", path, ONE, forged).status_code == 401


def test_a_token_names_nothing(camera: Program) -> None:
    sent = {"authorization": f"Bearer {camera.secret}", "content-type": "application/json"}
    for path in ("/pictures/name", "/pictures/undo", "/pictures/evidence"):
        assert camera.client.send("POST", path, b"{}", sent).status_code in {403, 404}
