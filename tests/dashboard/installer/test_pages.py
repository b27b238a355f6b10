"""The installer's page: what came from whom, why not, and acting on it."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from dashboard.web.entry.passwords import hasher
from gateway.domain.model import Device, Role, Standing
from gateway.domain.people.person import UserRole
from tests.dashboard.arriving import EUI, OTHER, Arriving
from tests.dashboard.client import Answer, Client
from tests.support.people import keep, login

PASSWORD = "あかるい猪垣 2026"


@pytest.fixture
def arriving(tmp_path: Path) -> Iterator[Arriving]:
    place = Arriving(tmp_path).settle()
    place.demo_account = login("hana", UserRole.OFFICIAL, hasher.hash(PASSWORD))
    yield place
    place.store.close()


@pytest.fixture
def installer(arriving: Arriving) -> Iterator[Client]:
    with arriving.served() as url:
        client = Client(url)
        client.post("/login", {"name": "hana", "password": PASSWORD})
        yield client


def page(client: Client, **query: str) -> str:
    return unescape(client.get("/pending", query).text)


def follow(client: Client, answer: Answer) -> str:
    assert answer.status_code == 303
    return unescape(client.get(answer.headers["location"]).text)


def device(place: Arriving, id_: str = EUI) -> Device:
    return next(d for d in place.store.read_now(lambda r: r.devices()) if d.id == id_)


def test_a_device_is_shown_with_how_it_came(installer: Client) -> None:
    text = page(installer)
    for shown in (
        "岐宿の沢 1号",
        "native",
        "-97 dBm",
        "電波の強さ 4段階の 2",
        "71 %",
        "QoS 1",
        "わなを設置 1",
        "wildlife/v1/goto/trap-01/event",
    ):
        assert shown in text


def test_a_source_that_may_lose_messages_says_so_and_how_to_mend_it(installer: Client) -> None:
    text = page(installer)
    assert "QoS 0（届く保証なし）" in text
    assert "[integration.mqtt] に qos=1" in text


def test_refused_messages_are_shown_without_being_read_as_html(installer: Client) -> None:
    assert "{&lt;b&gt;</bdi></code>" in installer.get("/pending").text


def test_approving_reads_the_held_messages_and_shows_the_result(
    installer: Client, arriving: Arriving
) -> None:
    assert '<option value="milesight-ws301" selected>' in page(installer)
    form = {
        "device": EUI,
        "name": "新しいわな",
        "role": "trap",
        "model": "milesight-ws301",
        "inverted": "",
        "heartbeat": "3600",
    }
    text = follow(installer, installer.post("/pending/approve", form))
    assert "新しいわな を承認しました。保管していた通信から 2 件を読みました" in text
    assert device(arriving).standing is Standing.APPROVED
    assert "milesight-ws301" in text
    assert len(arriving.store.read_now(lambda r: r.open_alerts())) == 0  # sprung, then closed


def test_an_unknown_device_without_a_model_can_be_approved(
    installer: Client, arriving: Arriving
) -> None:
    assert OTHER in page(installer)
    answer = installer.post("/pending/approve", {"device": OTHER, "role": "detector"})
    assert "まだ読めないもの 1 通" in follow(installer, answer)
    assert device(arriving, OTHER).role is Role.DETECTOR


def test_an_impossible_request_is_explained_on_the_page(installer: Client) -> None:
    answer = installer.post("/pending/approve", {"device": EUI, "model": "none-such"})
    assert answer.status_code == 400
    assert "none-such" in answer.text
    assert installer.post("/pending/read-again", {"reason": "because"}).status_code == 400


def test_reading_again_shows_the_result(installer: Client, arriving: Arriving) -> None:
    arriving.store.write_now(
        lambda tx: tx.put_device(Device(id=EUI, role=Role.TRAP, model="milesight-ws301"))
    )
    text = follow(installer, installer.post("/pending/read-again", {"reason": ""}))
    assert "4 通を読み直し、2 件のできごとになりました。まだ読めないもの 2 通" in text


def test_a_device_can_be_revoked(installer: Client, arriving: Arriving) -> None:
    assert "今後受け取りません" in follow(
        installer, installer.post("/pending/revoke", {"device": EUI})
    )
    assert "今後受け取りません" in follow(
        installer, installer.post("/pending/revoke", {"device": OTHER})
    )
    assert device(arriving).standing is device(arriving, OTHER).standing is Standing.REVOKED
    asked = arriving.store.path.with_name("revoked")
    assert asked.exists()  # shishigaki-broker.path hears it
    assert installer.post("/pending/revoke", {"device": "nobody"}).status_code == 400


def test_a_form_from_another_site_is_refused(installer: Client, arriving: Arriving) -> None:
    for path in ("approve", "revoke", "read-again"):
        answer = installer.post(
            f"/pending/{path}", {"device": EUI}, headers={"origin": "https://evil.example"}
        )
        assert answer.status_code == 403
    assert device(arriving).standing is Standing.PENDING


def test_parameters_of_a_link_cannot_add_text_to_the_page(installer: Client) -> None:
    text = installer.get("/pending", {"messages": "<b>1", "approved": "<i>x"}).text
    assert "<b>1" not in text
    assert "<i>x" not in text


@pytest.mark.parametrize(("rank", "may"), [(UserRole.TRAPPER, False), (UserRole.OFFICIAL, True)])
def test_only_officials_act_where_others_can_reach_the_page(
    tmp_path: Path, rank: UserRole, may: bool
) -> None:
    place = Arriving(tmp_path, host="0.0.0.0", public_url="https://goto.example", secret="s" * 32)
    place.settle()
    account = login("hana", rank, hasher.hash(PASSWORD))
    keep(place.store, account)
    with place.served() as url:
        client = Client(url)
        assert client.post("/pending/read-again", {"reason": ""}).status_code == 303  # to the login
        assert place.store.read_now(lambda r: r.refused()).total() == 4
        client.post("/login", {"name": "hana", "password": PASSWORD})
        assert ("読み直す" in page(client)) is may
        answer = client.post("/pending/approve", {"device": EUI, "model": "milesight-ws301"})
        assert answer.status_code == (303 if may else 403)
    assert (device(place).standing is Standing.APPROVED) is may
    place.store.close()


def test_a_declared_place_far_from_the_others_is_shown_and_asked_about(
    installer: Client, arriving: Arriving
) -> None:
    far = Device(id="far", role=Role.TRAP, standing=Standing.PENDING, lat=2.7, lon=128.8)
    near = Device(id="near", role=Role.TRAP, lat=32.7, lon=128.8)
    arriving.store.write_now(lambda tx: tx.put_devices([near, far]))
    assert "（2.7, 128.8）は他の機器から 3," in page(installer)
    form = {"device": "far", "role": "trap"}
    answer = installer.post("/pending/approve", form)
    assert (answer.status_code, "離れています" in answer.text) == (400, True)
    assert device(arriving, "far").standing is Standing.PENDING
    follow(installer, installer.post("/pending/approve", form | {"place": "none"}))
    assert (device(arriving, "far").standing, device(arriving, "far").lat) == (
        Standing.APPROVED,
        None,
    )
    assert page(installer).count("離れています") == 0
