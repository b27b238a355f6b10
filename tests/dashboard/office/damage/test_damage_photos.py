"""Photos of damage: sent with the form, kept without metadata, seen only by who may see the record."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.web.rights import routes
from gateway import app as service
from gateway.ingest.photos import keeping, picture
from gateway.ingest.photos.checking import PictureCheck
from gateway.ingest.photos.picture import PictureFacts
from tests.dashboard.client import Answer, Client
from tests.dashboard.office.damage.test_damage_pages import FORM, kept
from tests.dashboard.rights.house import build
from tests.dashboard.trapper.test_photos import form, fresh, sum_of
from tests.support import pictures


class CheckHere(PictureCheck):
    """The same check in this process; its own process is tested in `gateway/ingest/photos`."""

    async def run(self, source: Path, target: Path) -> PictureFacts:
        """Read the picture and write it anew."""
        return picture.examine(source, target)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Gateway]:
    """A site with a person of each role, which reads pictures without a process of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "PictureCheck", CheckHere)
        made = build(tmp_path_factory.mktemp("damage-photos"))
    yield made
    made.store.close()


@pytest.fixture(autouse=True)
def empty(gateway: service.Gateway) -> None:
    """Each test begins without records."""
    gateway.store.write_now(lambda tx: tx.execute("DELETE FROM damage"))


def send(client: Client, *photos: bytes, **changed: str) -> Answer:
    body, headers = form(FORM | changed, *photos)
    return client.send("POST", "/damage", body, headers)


def address(photo: bytes) -> str:
    return f"/damage/photos/{sum_of(photo)}"


def test_a_record_takes_photos_which_are_kept_without_metadata_and_linked(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    photo = fresh(31)
    assert pictures.SECRET in photo
    assert send(readers["official"], photo).status_code == 303
    [one] = kept(gateway)
    assert one.photos == (sum_of(photo),)
    assert f'href="{address(photo)}"' in readers["official"].get("/damage").text
    shown = readers["official"].get(address(photo))
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert pictures.SECRET not in shown.content
    assert shown.headers["cache-control"] == "no-store"


def test_who_may_see_the_record_sees_its_photo_and_nobody_else(
    gateway: service.Gateway, readers: dict[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_official, of_trapper = fresh(32), fresh(33)
    assert send(readers["official"], of_official).status_code == 303
    assert send(readers["trapper"], of_trapper, id="d2").status_code == 303
    seen = {
        role: [client.get(address(one)).status_code == 200 for one in (of_official, of_trapper)]
        for role, client in readers.items()
    }
    both = {"official", "admin"}
    assert seen == {role: [role in both, role in both | {"trapper"}] for role in readers}
    without = tuple(row for row in routes.ROUTES if not row.path.startswith("/damage/photos"))
    monkeypatch.setattr(routes, "ROUTES", without)
    assert readers["official"].get(address(of_official)).status_code == 404, "control"


def test_a_record_names_only_photos_that_its_person_sent(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    photo = fresh(34)
    assert send(readers["official"], photo).status_code == 303
    assert send(readers["trapper"], id="d2", photos=sum_of(photo)).status_code == 409
    assert send(readers["trapper"], id="d2", photos="0" * 64).status_code == 409
    assert readers["trapper"].get(address(photo)).status_code == 404
    assert send(readers["trapper"], photo, id="d2").status_code == 303, "who has it may send it too"
    assert readers["trapper"].get(address(photo)).status_code == 200


def test_a_photo_survives_a_wrong_field_and_a_correction(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    first, second = fresh(35), fresh(36)
    answer = send(readers["official"], first, area_m2="much")
    assert answer.status_code == 409
    assert f'name="photos" value="{sum_of(first)}"' in answer.text
    assert send(readers["official"], photos=sum_of(first)).status_code == 303
    assert send(readers["official"], second, id="d2", replaces="d1").status_code == 303
    assert [(one.id, one.photos) for one in kept(gateway)] == [
        ("d2", (sum_of(first), sum_of(second)))
    ]


def test_a_refused_photo_costs_no_record_and_its_reason_is_told(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    answer = send(readers["official"], pictures.SVG)
    assert answer.status_code == 200
    assert "記録しました" in answer.text
    assert "写真 1 枚は保存できませんでした：写真ではありません" in answer.text
    assert [one.photos for one in kept(gateway)] == [()]


def test_more_photos_than_a_record_may_have_are_refused(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    names = [fresh(40 + n) for n in range(9)]
    answer = send(readers["official"], *names)
    assert answer.status_code == 200
    assert "写真 1 枚は保存できませんでした" in answer.text
    assert [len(one.photos) for one in kept(gateway)] == [8]
    assert send(readers["official"], names[8], id="d2", replaces="d1").status_code == 409


@pytest.mark.parametrize("body", [b"", b"nonsense"])
def test_a_body_that_is_no_form_records_nothing(
    gateway: service.Gateway, readers: dict[str, Client], body: bytes
) -> None:
    _, headers = form({})
    assert readers["official"].send("POST", "/damage", body, headers).status_code in {400, 409}
    assert kept(gateway) == []
