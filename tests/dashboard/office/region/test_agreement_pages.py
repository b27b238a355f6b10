"""The town's page of agreements: officials and administrators make and revoke them, nobody else."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from gateway import app as service
from gateway.domain.people.agreement import Agreement, ShareLevel
from gateway.region import sharing
from gateway.region.protocol import Request, RequestKind
from gateway.region.uplink.requests import DONE, REFUSED
from gateway.store.followers.region import StoredRequest
from tests.dashboard.client import Answer, Client
from tests.dashboard.place import NOW
from tests.dashboard.rights.house import browsers, build
from tests.support.samples import TOKYO

PAGE = "/region/agreements"
TODAY = NOW.astimezone(TOKYO).date()
FORM = {"id": "f1", "taker": "nagasaki", "level": "1km", "from_day": f"{TODAY}", "until_day": ""}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Gateway]:
    """A town of a region, and a person of each role."""
    made = build(tmp_path_factory.mktemp("town"), region={"town": "goto"})
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def readers(gateway: service.Gateway) -> Iterator[dict[str, Client]]:
    with browsers(service.pages(gateway, dict)) as found:
        yield found


@pytest.fixture(autouse=True)
def empty(gateway: service.Gateway) -> None:
    """Each test begins without agreements."""
    gateway.store.write_now(lambda tx: tx.agreements._execute("DELETE FROM agreement"))


def make(client: Client, **changed: str) -> Answer:
    return client.post(PAGE, FORM | changed)


def kept(gateway: service.Gateway) -> list[Agreement]:
    return gateway.store.read_now(lambda reader: reader.agreements.all())


@pytest.mark.parametrize("role", ["official", "admin"])
def test_who_answers_for_the_town_makes_and_revokes_an_agreement(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    client = readers[role]
    assert make(client).status_code == 303
    [one] = kept(gateway)
    assert (one.giver, one.taker, one.level, one.from_day) == ("goto", "nagasaki", "1km", TODAY)
    assert (one.made_by, one.until_day) == (f"a-{role}", None)
    assert sharing.leaving(kept(gateway), NOW, TOKYO) is ShareLevel.KM1
    page = client.get(PAGE, {"said": "made"}).text
    assert "1 km の区画まで" in page
    assert client.post(f"{PAGE}/revoke", {"id": "f1"}).status_code == 303
    assert sharing.leaving(kept(gateway), NOW, TOKYO) is None
    assert "出ません。" in client.get(PAGE).text
    assert "取り決めを取り消し" in client.get("/people").text, "the audit"


@pytest.mark.parametrize(
    "role", ["anybody", "resident", "viewer", "trapper", "deputy", "installer"]
)
def test_nobody_else_sees_or_changes_an_agreement(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    make(readers["admin"])
    client = readers[role]
    assert client.get(PAGE).status_code != 200
    assert make(client, id="f2").status_code in {303, 403, 404}
    assert client.post(f"{PAGE}/revoke", {"id": "f1"}).status_code in {303, 403, 404}
    assert [(one.id, one.revoked_at) for one in kept(gateway)] == [("f1", None)]


def test_a_second_tap_makes_no_second_agreement(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    answers = [make(readers["official"]).status_code for _ in range(2)]
    assert answers == [303, 303]
    assert len(kept(gateway)) == 1
    forms = [
        readers["official"].get(PAGE).text.split('name="id" value="')[-1][:32] for _ in range(2)
    ]
    assert forms[0] != forms[1], "each form that is opened is another agreement"


@pytest.mark.parametrize(
    "wrong",
    [
        {"taker": ""},
        {"taker": "goto"},
        {"taker": "x" * 65},
        {"level": "10m"},
        {"level": ""},
        {"from_day": f"{TODAY - timedelta(days=1)}"},
        {"from_day": "tomorrow"},
        {"until_day": f"{TODAY - timedelta(days=1)}"},
        {"until_day": "9999-12-31"},
        {"note": "x" * 201},
        {"id": ""},
        {"id": "x" * 65},
    ],
)
def test_what_cannot_be_agreed_is_refused_and_what_was_typed_stays(
    gateway: service.Gateway, readers: dict[str, Client], wrong: dict[str, str]
) -> None:
    answer = make(readers["official"], **({"note": "覚え書き"} | wrong))
    assert answer.status_code == 409
    assert "できません: " in answer.text
    assert kept(gateway) == []
    if "note" not in wrong:
        assert "覚え書き" in answer.text


def test_an_agreement_ends_with_its_last_day_here(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    make(readers["official"], until_day=f"{TODAY}")
    end = NOW.astimezone(TOKYO).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
        days=1
    )
    assert sharing.leaving(kept(gateway), end - timedelta(seconds=1), TOKYO) is ShareLevel.KM1
    assert sharing.leaving(kept(gateway), end, TOKYO) is None


def test_names_and_notes_are_text(readers: dict[str, Client]) -> None:
    make(readers["official"], taker="<b>\u202ex", note='"><script>alert(1)</script>')
    page = readers["official"].get(PAGE).text
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "&lt;b&gt;x" in page


def test_a_town_without_a_region_gives_nothing_and_says_so(tmp_path: Path) -> None:
    gateway = build(tmp_path)
    with browsers(service.pages(gateway, dict)) as readers:
        assert "地域に参加していません" in readers["official"].get(PAGE).text
        assert make(readers["official"]).status_code == 409
    assert kept(gateway) == []
    gateway.store.close()


def test_a_message_of_the_region_and_what_was_decided_are_shown_as_text(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    asked = Request(
        id="q1",
        kind=RequestKind.MESSAGE,
        by="hana",
        organisation="長崎県",
        created_ms=0,
        text="<b>電話を</b>",
    )
    body, reason = msgspec.json.encode(asked), "no requests here"
    decided = [
        StoredRequest("q1", body, DONE, "", 1_000),
        StoredRequest("q2", body, REFUSED, reason, 2_000),
    ]
    for one in decided:
        gateway.store.write_now(lambda tx, one=one: tx.region.put_request(one))  # type: ignore[misc]
    page = readers["official"].get(PAGE).text
    assert page.count("&lt;b&gt;電話を&lt;/b&gt;") == 2
    assert "受けました" in page
    assert f"断りました: <bdi>{reason}</bdi>" in page
    assert "広域から届いた" in page
