"""The one-tap page: opening a link changes nothing, one POST acts once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from dashboard.trapper.one_tap import REPEAT
from gateway.domain import trap_lifecycle
from gateway.domain.model import AlertStatus, TrapState
from gateway.ingest.people import actions
from tests.dashboard.trapper.links import LINKS, acts_of, alert_of, link
from tests.gateway.alerts.site import Site, at
from tests.support.asgi import Phone


def test_opening_the_link_shows_and_changes_nothing(site: Site, phone: Phone) -> None:
    address = link(site)
    for ask in (phone.get, phone.head, phone.get):
        answer = ask(address)
        assert answer.status_code == 200
    text = phone.get(address).text
    assert "わなが作動" in text
    assert "三井楽-01" in text
    assert "私が対応します" in text
    assert alert_of(site).status is AlertStatus.OPEN
    assert "32." not in text.split("<main")[1], "no coordinates on the page"


def test_after_acknowledging_the_link_is_valid_until_an_outcome_is_recorded(
    site: Site, phone: Phone
) -> None:
    address = link(site)
    for _ in range(2):  # a thumb in a wet glove
        response = phone.post(address, data={"do": "acknowledge"})
        assert response.status_code == 200
        assert "記録しました" in response.text
    alert = alert_of(site)
    assert (alert.status, alert.acknowledged_by, alert.through) == (
        AlertStatus.ACKNOWLEDGED,
        "tanaka",
        "one-tap",
    )
    site.minutes += 600
    assert "捕獲を記録する" in phone.get(address).text, (
        "the message's own link still offers the outcome"
    )
    assert phone.post(address, data={"do": "captured", "species": "boar"}).status_code == 200
    assert [act.by for act in acts_of(site)] == ["tanaka"]
    assert "使用済み" in phone.get(address).text
    assert "結果を記録する" not in phone.get(address).text, "only what is recorded can be changed"


def test_an_outcome_tapped_twice_is_recorded_once_and_confirmed_both_times(
    site: Site, phone: Phone
) -> None:
    address, wanted = link(site), {"do": "captured", "species": "boar", "count": "2"}
    for _ in range(3):
        response = phone.post(address, data=wanted)
        assert response.status_code == 200
        assert "記録しました" in response.text
        assert "止め刺し済" in response.text, "what comes next is offered"
    assert [act.count for act in acts_of(site)] == [2]
    site.minutes += REPEAT / timedelta(minutes=1) + 1
    assert phone.post(address, data=wanted).status_code == 409
    assert len(acts_of(site)) == 1


def test_two_taps_at_the_same_moment_are_one_outcome(site: Site, phone: Phone) -> None:
    address = link(site)
    body, kind = b"do=captured&species=deer", {"content-type": "application/x-www-form-urlencoded"}

    async def both() -> list[Any]:
        return await asyncio.gather(
            *(phone.ask_async("POST", address, body, kind) for _ in range(5))
        )

    assert {answer.status_code for answer in asyncio.run(both())} == {200}
    assert len(acts_of(site)) == 1


def test_another_outcome_by_a_used_link_is_refused(site: Site, phone: Phone) -> None:
    address = link(site)
    phone.post(address, data={"do": "false_spring"})
    for fields in ({"do": "captured"}, {"do": "acknowledge"}, {"do": "visited"}):
        response = phone.post(address, data=fields)
        assert response.status_code == 409
        assert "使用済み" in response.text
    assert len(acts_of(site)) == 1


def test_the_same_outcome_after_the_alert_reopened_is_recorded_again(
    site: Site, phone: Phone
) -> None:
    address = link(site)
    phone.post(address, data={"do": "false_spring"})
    again = alert_of(site)
    site.store.write_now(lambda tx: actions.reopen(tx, again.id, site.policy, site.now))
    assert alert_of(site).reopened == 1
    assert phone.post(address, data={"do": "false_spring"}).status_code == 409
    assert alert_of(site).status is AlertStatus.OPEN


def test_a_visit_leaves_the_link_valid_and_two_taps_record_one_visit(
    site: Site, phone: Phone
) -> None:
    address = link(site)
    for _ in range(2):
        assert "記録しました" in phone.post(address, data={"do": "visited"}).text
    assert len(acts_of(site)) == 1
    site.minutes += 60
    assert phone.post(address, data={"do": "visited"}).status_code == 200
    assert phone.post(address, data={"do": "captured"}).status_code == 200
    assert len(acts_of(site)) == 3


def test_after_acknowledging_the_page_offers_the_outcome(site: Site, phone: Phone) -> None:
    answer = phone.post(link(site), data={"do": "acknowledge"})
    following = answer.text.split('action="')[1].split('"')[0]
    done = phone.post(
        following,
        data={
            "do": "captured",
            "species": "boar",
            "count": "2",
            "sex": "male",
            "weight": "20-40kg",
        },
    )
    assert done.status_code == 200
    [act] = site.store.read_now(lambda r: r.acts())
    assert (act.by, act.species, act.count, act.sex, act.weight_class) == (
        "tanaka",
        "boar",
        2,
        "male",
        "20-40kg",
    )
    assert trap_lifecycle.last_known(site.state()).state is TrapState.CAPTURED
    assert alert_of(site).status is AlertStatus.RESOLVED


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "nonsense"},
        {},
        {"do": "captured", "count": "-1"},
        {"do": "captured", "count": "x"},
        {"do": "captured", "species": "dragon"},
        {"do": "captured", "sex": "?"},
        {"do": "captured", "weight": "heavy"},
        {"do": "armed"},
    ],
)
def test_a_value_that_no_form_offers_is_refused_and_leaves_the_link_valid(
    site: Site, phone: Phone, fields: dict[str, str]
) -> None:
    address = link(site)
    assert phone.post(address, data=fields).status_code in {409, 422}
    assert site.store.read_now(lambda r: r.acts()) == []
    assert phone.post(address, data={"do": "acknowledge"}).status_code == 200


def test_an_illegal_outcome_is_refused_with_its_reason(site: Site, phone: Phone) -> None:
    answer = phone.post(link(site), data={"do": "paused"})
    assert answer.status_code == 409
    assert "先に結果" in answer.text


def test_the_page_is_in_english_for_an_english_browser(site: Site, phone: Phone) -> None:
    text = phone.get(link(site), headers={"Accept-Language": "en"}).text
    assert "I will see to it" in text
    assert "Trap sprung" in text


def test_the_expected_time_is_chosen_by_a_button_and_shown(site: Site, phone: Phone) -> None:
    address = link(site)
    text = phone.get(address).text
    assert text.index("あと1時間で着きます") < text.index("あと30分で着きます"), "the default first"
    assert phone.post(address, data={"do": "acknowledge", "underway": "7"}).status_code == 409
    answer = phone.post(address, data={"do": "acknowledge", "underway": "30"})
    assert "ごろ着く予定です" in answer.text
    assert alert_of(site).expected_at == site.now + timedelta(minutes=30)


def test_while_somebody_else_is_expected_the_page_offers_only_the_outcome(
    site: Site, phone: Phone
) -> None:
    own, other = link(site), link(site, "sato")
    phone.post(own, data={"do": "acknowledge"})
    assert "あと1時間で着きます" not in phone.get(other).text
    assert phone.post(other, data={"do": "acknowledge"}).status_code == 409
    assert "あと1時間で着きます" in phone.get(own).text, "the same person may say another time"
    site.minutes += 61
    assert "あと1時間で着きます" in phone.get(other).text, "the expected time has passed"
    assert phone.post(other, data={"do": "acknowledge"}).status_code == 200
    assert alert_of(site).acknowledged_by == "sato"


def test_what_was_recorded_is_taken_back_or_corrected_by_the_same_message(
    site: Site, phone: Phone
) -> None:
    address = link(site)
    phone.post(address, data={"do": "captured", "species": "deer"})
    [deer] = acts_of(site)
    for _ in range(2):
        answer = phone.post(address, data={"do": "undo", "replaces": deer.id})
        assert answer.status_code == 200
    assert "取り消し済み" in answer.text
    assert len(acts_of(site)) == 2
    assert site.open(), "the alert stands again"

    site.minutes += 1
    second = LINKS.url(alert_of(site).id, "tanaka", site.now, "2")
    phone.post(second, data={"do": "captured", "species": "deer"})
    [deer] = [act for act in acts_of(site) if act.at == site.now and not act.is_undo]
    site.minutes += 600
    boar = {"do": "captured", "species": "boar", "count": "1", "replaces": deer.id}
    assert "取り消す" not in phone.get(second).text, "too late to take it back"
    for _ in range(2):
        answer = phone.post(second, data=boar)
        assert answer.status_code == 200
    assert "訂正済み" in answer.text
    counted = site.store.read_now(lambda r: r.period_reads.acts(at(0), at(10_000)))
    assert [(act.species, act.at) for act in counted] == [("boar", deer.at)]


def test_control_the_holder_of_a_link_changes_nothing_that_others_recorded(
    site: Site, phone: Phone
) -> None:
    phone.post(link(site), data={"do": "captured", "species": "deer"})
    [deer] = acts_of(site)
    other = LINKS.url(alert_of(site).id, "sato", site.now)
    assert "訂正する" not in phone.get(other).text
    for fields in ({"do": "undo"}, {"do": "captured", "species": "boar"}):
        assert phone.post(other, data=fields | {"replaces": deer.id}).status_code == 409
    assert acts_of(site) == [deer]
