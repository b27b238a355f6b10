"""The office confirms or refuses a capture; the record stays, every check stays, the newest counts."""

from datetime import date, timedelta
from urllib.parse import quote

import pytest

from gateway import app as service
from gateway.domain.model import ActionKind, TrapAction
from gateway.domain.traps import capture_check
from gateway.domain.traps.capture_check import CheckError, CheckResult, CheckWay
from tests.dashboard.client import Client
from tests.dashboard.office.county import NOW

ACT = TrapAction(
    id="trap 1+00:00/a",
    device="trap-01",
    deed=ActionKind.CAPTURED,
    at=NOW - timedelta(days=1),
    by="taro",
    recorded_at=NOW,
    species="boar",
    fields={"body_part": "尾"},
)
PATH = f"/captures/{quote(ACT.id, safe='')}"
CONFIRMED = {"result": "confirmed", "confirmer": "役場 花子", "way": "brought", "permit": "第9号"}


@pytest.fixture
def recorded(gateway: service.Gateway) -> service.Gateway:
    """The gateway with the record of a capture."""
    gateway.store.write_now(lambda tx: tx.acts.add(ACT))
    return gateway


def test_a_check_is_recorded_once_and_a_later_one_counts(
    recorded: service.Gateway, readers: dict[str, Client]
) -> None:
    official = readers["official"]
    assert "イノシシ" in official.get(PATH).text
    for _ in range(2):
        assert official.post(PATH, CONFIRMED | {"id": "one"}).status_code == 303
    refused = {"id": "two", "result": "refused", "reason": "同じ個体"}
    assert official.post(PATH, refused).status_code == 303
    first, second = recorded.store.read_now(lambda reader: reader.capture_checks.of(ACT.id))
    assert (first.result, first.way, first.by) == (
        CheckResult.CONFIRMED,
        CheckWay.BROUGHT,
        "a-official",
    )
    assert first.facts == {"permit": "第9号"}
    newest = recorded.store.read_now(lambda r: r.capture_checks.newest([ACT.id, "other"]))
    assert newest == {ACT.id: second}
    act, counts = recorded.store.read_now(lambda reader: reader.act(ACT.id)) or (None, False)
    assert (act, counts) == (ACT, True), "the trapper's record is as it was"
    page = official.get(PATH).text
    assert page.index("認めない</strong>") < page.index("認める</strong>"), "the newest first"


def test_only_the_office_sees_and_checks(
    recorded: service.Gateway, readers: dict[str, Client]
) -> None:
    before = recorded.store.read_now(lambda reader: reader.capture_checks.of(ACT.id))
    for role in ("trapper", "resident", "installer"):
        assert readers[role].get(PATH).status_code == 403
        assert readers[role].post(PATH, CONFIRMED).status_code == 403
    assert recorded.store.read_now(lambda reader: reader.capture_checks.of(ACT.id)) == before
    assert readers["official"].get("/captures/none").status_code == 404


def test_what_cannot_be_used_is_said_with_its_value(
    recorded: service.Gateway, readers: dict[str, Client]
) -> None:
    answer = readers["official"].post(PATH, CONFIRMED | {"day": "2999-01-01"})
    assert answer.status_code == 409
    assert "確認した日「2999-01-01」は使えません" in answer.text
    assert "第9号" in answer.text, "what was typed is still there"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "result"),
        ({"result": "confirmed", "way": "site"}, "confirmer"),
        ({"result": "refused"}, "reason"),
        ({"result": "confirmed", "confirmer": "x"}, "way"),
        (CONFIRMED | {"day": "きのう"}, "day"),
        (CONFIRMED | {"permit": "9" * 201}, "permit"),
    ],
)
def test_a_check_that_says_too_little_is_refused(given: dict[str, str], field: str) -> None:
    with pytest.raises(CheckError) as error:
        capture_check.read(given, "a", "hanako", NOW, date(2026, 11, 23))
    assert error.value.field == field
