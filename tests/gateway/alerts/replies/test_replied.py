"""A reply is recorded once, for the person to whom the message was sent; any other changes nothing."""

import asyncio
import re
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.alerts.channels import Notification
from gateway.alerts.replies import IncomingReply, Way
from gateway.alerts.replies.tickets import Tickets
from gateway.domain.model import ActionKind, AlertStatus, Kind
from tests.gateway.alerts.replies.office import TANAKA, ReplyOffice
from tests.support.samples import TRAP

TICKET = re.compile(r"\[([0-9A-Z]+-[0-9A-Z]{8})\]")


def ticket_in(text: str) -> str:
    found = TICKET.search(text)
    assert found
    return found[1]


def by_mail(ticket: str, text: str, sender: str = TANAKA) -> IncomingReply:
    return IncomingReply(Way.MAIL, sender, text, f"Re: わなが作動\n> 返信 [{ticket}]")


def by_radio(text: str, node: str = "!0000beef") -> IncomingReply:
    return IncomingReply(Way.MESHTASTIC, node, text)


def unchanged(office: ReplyOffice) -> bool:
    return office.acts == [] and office.alert.status in {AlertStatus.OPEN, AlertStatus.NOTIFIED}


def test_each_message_says_how_it_is_answered(office: ReplyOffice) -> None:
    got = office.spring()
    assert "返信: 1 向かう 2 捕獲 3 空はじき 4 錯誤捕獲" in got["tanaka"].text
    assert [one.label for one in got["hana"].buttons] == ["向かっています", "捕獲した", "空はじき"]
    assert got["hana"].buttons[0].url == "https://ntfy.example/back"
    assert "返信" not in got["mori"].text, "a packet has no room"


def test_a_reply_mail_answers_then_records_and_a_repeated_one_changes_nothing(
    office: ReplyOffice,
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    assert office.reply(by_mail(ticket, "１")).changed
    assert (office.alert.acknowledged_by, office.alert.through) == ("tanaka", "mail")
    assert not office.reply(by_mail(ticket, "1"), 11).changed
    caught = office.reply(by_mail(ticket, "2 イノシシ 2"), 120)
    assert (caught.changed, caught.key) == (True, "reply.recorded")
    assert caught.values == {"about": "三井楽-01", "done": "捕獲した"}
    again = office.reply(by_mail(ticket, "2 イノシシ 2"), 5_000)
    assert (again.changed, again.key) == (False, "reply.recorded")
    [act] = office.acts
    assert (act.deed, act.species, act.count, act.by) == (ActionKind.CAPTURED, "boar", 2, "tanaka")
    other = office.reply(by_mail(ticket, "3"), 5_001)
    assert (other.changed, other.key) == (False, "reply.used")
    assert len(office.acts) == 1


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"sender": "stranger@x.example"}, "reply.unknown_sender"),
        ({"sender": "sato@field.example"}, "reply.bad_ticket"),
        ({"quoted": ""}, "reply.no_ticket"),
        ({"quoted": "[22-AAAAAAAA]"}, "reply.bad_ticket"),
        ({"text": "ありがとう"}, "reply.unreadable"),
        ({"text": ""}, "reply.unreadable"),
    ],
)
def test_a_forged_or_unreadable_reply_changes_nothing_and_says_why(
    office: ReplyOffice, change: dict[str, Any], key: str
) -> None:
    good = by_mail(ticket_in(office.spring()["tanaka"].text), "2")
    result = office.reply(replace(good, **change))
    assert (result.changed, result.key) == (False, key)
    assert unchanged(office)
    assert office.reply(good).changed, "control: the same reply, not forged"


def test_a_reply_after_the_days_of_a_link_changes_nothing(office: ReplyOffice) -> None:
    good = by_mail(ticket_in(office.spring()["tanaka"].text), "2")
    late = office.policy.alerts.link_days * 1440 + 10
    assert office.reply(good, late).key == "reply.expired"
    assert unchanged(office)


def test_a_reply_of_somebody_who_was_removed_changes_nothing(office: ReplyOffice) -> None:
    good = by_mail(ticket_in(office.spring()["tanaka"].text), "2")
    office.policy.people = {n: one for n, one in office.policy.people.items() if n != "tanaka"}
    assert office.reply(good).key == "reply.unknown_sender"
    assert unchanged(office)


def test_who_is_slower_hears_who_goes(office: ReplyOffice) -> None:
    got = office.spring()
    office.reply(by_mail(ticket_in(got["tanaka"].text), "1"))
    slower = office.reply(by_radio("1"))
    assert (slower.key, slower.values) == ("reply.taken", {"name": "tanaka"})
    assert office.alert.acknowledged_by == "tanaka"


def test_a_button_records_what_it_says_and_nobody_can_make_another_of_it(
    office: ReplyOffice,
) -> None:
    go, caught, _ = (one.body for one in office.spring()["hana"].buttons)
    forged = f"{caught.split(':')[0]}:3"
    for text in (forged, go.replace(":1", ":2"), ":1", "x", caught[:-1]):
        assert not office.reply(IncomingReply(Way.NTFY, "", text)).changed
    assert unchanged(office)
    assert office.reply(IncomingReply(Way.NTFY, "", go)).changed
    assert office.reply(IncomingReply(Way.NTFY, "", caught)).changed
    assert not office.reply(IncomingReply(Way.NTFY, "", caught), 60).changed
    assert [act.by for act in office.acts] == ["hana"]


def test_a_text_by_radio_answers_the_only_open_message_of_its_node(office: ReplyOffice) -> None:
    office.spring()
    assert office.reply(by_radio("3", "!0000dead")).key == "reply.unknown_sender"
    assert unchanged(office)
    assert office.reply(by_radio("３")).changed
    assert [act.deed for act in office.acts] == [ActionKind.FALSE_SPRING]
    assert office.reply(by_radio("3")).key == "reply.nothing_open"


def test_with_several_open_messages_the_radio_asks_which(office: ReplyOffice) -> None:
    other = replace(TRAP, id="trap-02", name="第二")
    office.site.store.write_now(lambda tx: tx.put_device(other))
    office.spring()
    office.spring(6, "trap-02")
    asked = office.reply(by_radio("3"))
    assert (asked.changed, asked.key) == (False, "reply.which")
    named = asked.values["tickets"].split()
    assert len(named) == 2
    assert office.reply(by_radio("3 #ZZZZ")).key == "reply.bad_ticket"
    assert office.reply(by_radio(f"3 {named[1]}")).changed
    assert [act.device for act in office.acts] == ["trap-01"]


def test_a_reply_days_after_the_trap_was_set_again_gives_its_spring_the_outcome(
    office: ReplyOffice,
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    office.site.hear("trap-01", Kind.SET, 60)
    office.site.tick(61)
    assert ("outcome_missing", "trap-01") in office.site.open()
    assert office.reply(by_mail(ticket, "2 deer"), 2 * 1440).changed
    assert ("outcome_missing", "trap-01") not in office.site.open()


def test_control_without_checking_tickets_a_forged_reply_would_be_recorded(
    office: ReplyOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    monkeypatch.setattr(Tickets, "is_ours", lambda *_: True)
    assert office.reply(by_mail(ticket[:-8] + "AAAAAAAA", "2")).changed


def test_a_channel_that_fails_in_any_way_stops_no_reply(office: ReplyOffice) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    handler = office.handler()

    async def broken(letter: Notification) -> str:
        raise RuntimeError("a provider's library fails in its own way")

    office.send = broken
    asyncio.run(handler.take(by_mail(ticket, "1")))
    asyncio.run(handler.take(by_mail(ticket, "3")))
    assert office.alert.acknowledged_by == "tanaka"
    assert [act.deed for act in office.acts] == [ActionKind.FALSE_SPRING]
