"""`POST /acts`: what a phone sends late, twice, wrongly or in another person's name."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette

from dashboard.trapper.phone.acts import Acts
from dashboard.web.responses import Reply
from gateway.config import check
from gateway.domain.model import ActionKind, AlertStatus, Kind, TrapAction, TrapState
from gateway.domain.people.person import Person, UserRole
from gateway.domain.trap_lifecycle import last_known
from gateway.store.feed import Feed
from tests.dashboard.trapper.test_trap_page import GUEST, HANA, As
from tests.gateway.alerts.site import Site
from tests.support.asgi import Answer, Phone
from tests.support.people import login
from tests.support.samples import at

KEN = login("ken", UserRole.TRAPPER, "x")
FAR = Person(name="far", role=UserRole.TRAPPER, places=("trap-99",), password_hash="x")
ID = "0123456789abcdef" * 2
DAY = timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.hear("trap-01", Kind.SET, 0)
    site.hear("trap-01", Kind.SPRUNG, 5)
    site.minutes = 60
    yield site
    site.store.close()


def send(site: Site, account: Person | None, **fields: Any) -> Answer:
    body = {"id": ID, "device": "trap-01", "do": "captured", "species": "boar", "count": 1}
    body |= {"at": stamp(30), "phone_now": stamp(60), "seen": stamp(20), "phone_seen": stamp(20)}
    return raw(site, account, msgspec.json.encode(body | fields))


def raw(site: Site, account: Person | None, body: bytes) -> Answer:
    acts = Acts(site.store, Feed(), Reply(check({})), site.policy, lambda: site.now)
    phone = Phone(As(Starlette(routes=acts.routes()), account))
    return phone.ask("POST", "/acts", body, {"content-type": "application/json"})


def stamp(minutes: float, off: timedelta = timedelta()) -> str:
    when: datetime = at(minutes) + off
    return when.isoformat()


def result(answer: Answer) -> str:
    return str(msgspec.json.decode(answer.text)["result"])


def acts(site: Site) -> list[TrapAction]:
    return site.store.read_now(lambda reader: reader.acts("trap-01"))


def test_an_act_is_recorded_at_its_own_time_for_the_person_of_the_session(site: Site) -> None:
    answer = send(site, HANA, person="hana")
    assert (answer.status_code, result(answer)) == (200, "recorded")
    [act] = acts(site)
    assert (act.id, act.by, act.at, act.recorded_at) == (ID, "hana", at(30), at(60))
    assert (act.species, act.count, act.through, act.device_clock_at) == ("boar", 1, "phone", None)
    state = msgspec.json.decode(answer.text)["state"]
    assert (state["name"], state["by"]) == ("捕獲確認", "hana")
    assert site.open() == {}


def test_the_same_act_sent_again_is_recorded_once(site: Site) -> None:
    shown = []
    for minutes in (60, 60, 300):
        site.minutes = minutes
        shown.append(result(send(site, HANA, phone_now=stamp(minutes))))
    assert shown == ["recorded", "repeated", "repeated"]
    assert len(acts(site)) == 1
    send(site, HANA, id="f" * 32, phone_now=stamp(300), at=stamp(290), seen=stamp(280))
    assert len(acts(site)) == 2, "control: another id is another act"


def test_another_person_cannot_send_an_act_again_nor_one_that_was_not_theirs(site: Site) -> None:
    assert result(send(site, HANA, person="ken")) == "refused"
    assert acts(site) == []
    send(site, HANA)
    answer = send(site, KEN)
    assert (answer.status_code, result(answer)) == (403, "refused")
    assert [act.by for act in acts(site)] == ["hana"]


def test_an_id_that_is_recorded_for_something_else_is_refused(site: Site) -> None:
    send(site, HANA)
    assert result(send(site, HANA, do="armed", at=stamp(50))) == "refused"
    assert [act.deed for act in acts(site)] == [ActionKind.CAPTURED]


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_the_clock_of_a_phone_that_is_a_day_off_is_corrected_and_kept(
    site: Site, off: timedelta
) -> None:
    answer = send(
        site, HANA, at=stamp(30, off), phone_now=stamp(60, off), phone_seen=stamp(20, off)
    )
    assert result(answer) == "recorded"
    [act] = acts(site)
    assert (act.at, act.device_clock_at) == (at(30), at(30) + off)


def test_what_somebody_else_recorded_meanwhile_is_shown_and_not_overwritten(site: Site) -> None:
    site.act(ActionKind.FALSE_SPRING, 40, by="ken")
    site.minutes = 60
    answer = send(site, HANA)
    assert (answer.status_code, result(answer)) == (409, "conflict")
    assert "ken" in answer.text
    assert "空はじき" in answer.text
    assert [act.by for act in acts(site)] == ["ken"]
    assert last_known(site.state()).state is TrapState.FALSE_SPRING
    site.minutes = 70
    again = {"at": stamp(65), "phone_now": stamp(70), "phone_seen": stamp(62)}
    assert result(send(site, HANA, seen=stamp(62), **again)) == "recorded", "control: they knew it"


def test_an_alert_is_taken_on_once_and_whoever_is_later_learns_by_whom(site: Site) -> None:
    [alert] = site.store.read_now(lambda reader: reader.latest_alerts())
    wanted = {"do": "acknowledge", "alert": alert.id}
    assert [result(send(site, HANA, **wanted)) for _ in range(2)] == ["recorded", "repeated"]
    late = send(site, KEN, **wanted)
    assert result(late) == "conflict"
    assert "hana" in late.text
    [found] = site.store.read_now(lambda reader: reader.latest_alerts())
    assert (found.status, found.acknowledged_by) == (AlertStatus.ACKNOWLEDGED, "hana")
    assert result(send(site, HANA, do="acknowledge", alert="other")) == "refused"


def test_who_may_not_act_there_does_not_learn_whether_there_is_such_a_trap(site: Site) -> None:
    for account in (GUEST, FAR):
        answers = [send(site, account, device=name) for name in ("trap-01", "trap-98")]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].text == answers[1].text
    assert acts(site) == []


WRONG = [
    {"id": "short"},
    {"id": ID.upper()},
    {"id": 7},
    {"device": ""},
    {"device": None},
    {"do": None},
    {"do": ["captured"]},
    {"do": "explode"},
    {"do": True},
    {"count": "many"},
    {"count": 0},
    {"count": 51},
    {"count": {"a": 1}},
    {"species": "dragon"},
    {"sex": 3.5},
    {"at": "yesterday"},
    {"at": "2026-11-29T06:10:00"},
    {"at": None},
    {"at": 5},
    {"phone_now": ""},
    {"seen": "x"},
    {"note": "x" * 5_000},
    {"note": "a\0b"},
    {"photos": [1]},
    {"photos": [["a"]]},
    {"photos": "no-sum"},
    {f"field.{n}": "x" for n in range(70)},
]


@pytest.mark.parametrize("fields", WRONG, ids=lambda one: ",".join(list(one)[:1]))
def test_wrong_types_and_values_are_refused_in_plain_words(
    site: Site, fields: dict[str, Any]
) -> None:
    answer = send(site, HANA, **fields)
    assert (answer.status_code, result(answer)) == (422, "refused")
    text = msgspec.json.decode(answer.text)["text"]
    assert any("ぁ" <= notification <= "ん" for notification in text), text
    assert "Error" not in text
    assert acts(site) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 9_000, b'{"id": NaN}'])
def test_what_is_no_json_object_is_refused(site: Site, body: bytes) -> None:
    answer = raw(site, HANA, body)
    assert (answer.status_code, result(answer)) == (422, "refused")


def test_a_body_larger_than_any_act_is_refused(site: Site) -> None:
    answer = raw(site, HANA, b'{"note": "' + b"x" * 70_000 + b'"}')
    assert (answer.status_code, result(answer)) == (413, "refused")


def test_what_the_state_of_the_trap_does_not_allow_is_refused_with_the_reason(site: Site) -> None:
    answer = send(site, HANA, do="armed")
    assert result(answer) == "refused"
    assert "先に結果" in answer.text
    assert acts(site) == []


def test_an_act_that_was_taken_back_without_signal_counts_no_longer(site: Site) -> None:
    assert result(send(site, HANA)) == "recorded"
    undo = {"id": "f" * 32, "do": "undo", "replaces": ID, "at": stamp(30.5), "species": None}
    assert result(send(site, KEN, **undo)) == "refused", "only who recorded it"
    assert result(send(site, HANA, **undo)) == "recorded"
    assert result(send(site, HANA, **undo)) == "repeated"
    counted = site.store.read_now(lambda r: r.period_reads.acts(at(0), at(100)))
    assert counted == []
    assert [state.value for state in [last_known(site.state()).state] if state] == ["sprung"]


def test_an_id_that_is_used_for_another_content_is_refused(site: Site) -> None:
    assert result(send(site, HANA)) == "recorded"
    assert result(send(site, HANA, species="deer")) == "refused"
    assert [act.species for act in acts(site)] == ["boar"]


def test_the_expected_time_is_that_of_the_button_and_another_time_is_no_repeat(site: Site) -> None:
    [alert] = site.open().values()
    go = {"do": "acknowledge", "alert": alert.id, "species": None, "count": None}
    assert result(send(site, HANA, underway="7", **go)) == "refused"
    assert result(send(site, HANA, underway="30", **go)) == "recorded"
    assert result(send(site, HANA, underway="30", **go)) == "repeated"
    assert result(send(site, KEN, underway="30", **go)) == "conflict"
    assert result(send(site, HANA, underway="120", id="e" * 32, **go)) == "recorded"
    [alert] = site.open().values()
    assert alert.expected_at == site.now + timedelta(hours=2)
