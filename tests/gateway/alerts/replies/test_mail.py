"""Replies through a real IMAP server: read as they come, once, across interruptions and restarts."""

import asyncio
import logging
import select
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.alerts.replies import IncomingReply, reply_mail
from gateway.alerts.replies.imap import is_buffered
from gateway.alerts.replies.mailbox import Mailbox
from gateway.config import ConfigError
from gateway.config.replies import Replies
from gateway.domain.model import ActionKind
from tests.gateway.alerts.replies.office import TANAKA, ReplyOffice, told, while_running
from tests.gateway.alerts.replies.test_replied import ticket_in
from tests.support.replies.dovecot import PASSWORD, USER, Dovecot

pytestmark = pytest.mark.real


@pytest.fixture
def dovecot(tmp_path: Path) -> Iterator[Dovecot]:
    with Dovecot(tmp_path / "dovecot") as server:
        yield server


def mailbox(server: Dovecot, office: ReplyOffice, **other: Any) -> Mailbox:
    settings: dict[str, Any] = {"imap_port": server.port, "imap_username": USER}
    settings |= {"imap_password": PASSWORD, "imap_security": "none"} | other
    box = Mailbox(
        Replies(imap_host="127.0.0.1", **settings),
        lambda: office.site.now,
        20,
    )
    box.connection._first_s = 0.05
    return box


def mail(ticket: str, text: str, sender: str = TANAKA) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "wall@mail.example", "Re: わなが作動"
    made.set_content(f"{text}\n\n> わなが作動 三井楽-01\n> 返信: 1 向かう 2 捕獲 [{ticket}]\n")
    return made


def test_a_reply_is_recorded_while_the_connection_waits_and_its_sender_hears_it(
    dovecot: Dovecot, office: ReplyOffice
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    office.letters.clear()
    dovecot.put(mail(ticket, "1"))
    desk = office.handler(mail=mailbox(dovecot, office).follow)

    async def scenario() -> None:
        work = asyncio.create_task(
            while_running(desk.run(), lambda: bool(office.acts) and dovecot.unseen() == 0)
        )
        while office.alert.acknowledged_by != "tanaka":
            await asyncio.sleep(0.01)
        await asyncio.to_thread(dovecot.put, mail(ticket, "２ イノシシ"))  # the connection is idle
        await work

    asyncio.run(scenario())
    [act] = office.acts
    assert (act.deed, act.species, act.by, act.through) == (
        ActionKind.CAPTURED,
        "boar",
        "tanaka",
        "mail",
    )
    assert told(office.letters, "tanaka") == [
        "記録しました 三井楽-01: 向かっています",
        "記録しました 三井楽-01: 捕獲した",
    ]


def test_forged_repeated_automatic_and_oversized_mails_change_nothing_and_are_put_aside(
    dovecot: Dovecot, office: ReplyOffice
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    office.letters.clear()
    automatic = mail(ticket, "2")
    automatic["Auto-Submitted"] = "auto-replied"
    long = mail(ticket, "x" * 70 + "\n" + ("y" * 70 + "\n") * 20_000)
    forged = ticket[:-8] + "AAAAAAAA"
    for one in (
        mail(forged, "2"),
        mail(ticket, "2", "stranger@x.example"),
        automatic,
        long,
        b"\xff\xfe no mail at all",
        mail(ticket, "3"),
        mail(ticket, "3"),
    ):
        dovecot.put(one)
    desk = office.handler(mail=mailbox(dovecot, office).follow)
    asyncio.run(while_running(desk.run(), lambda: dovecot.unseen() == 0))
    assert [act.deed for act in office.acts] == [ActionKind.FALSE_SPRING]
    said = told(office.letters, "tanaka")
    assert [line.split()[0] for line in said] == [
        "記録していません",
        "記録していません",
        "記録しました",
        "記録しました",
    ]
    assert {name for name, _ in office.letters} == {"tanaka"}, "no stranger is answered"


def test_after_a_restart_of_the_server_replies_are_read_again(
    dovecot: Dovecot, office: ReplyOffice
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    box = mailbox(dovecot, office)
    desk = office.handler(mail=box.follow)

    async def scenario() -> None:
        work = asyncio.create_task(while_running(desk.run(), lambda: bool(office.acts)))
        await asyncio.to_thread(dovecot.put, mail(ticket, "1"))
        while office.alert.acknowledged_by != "tanaka":
            await asyncio.sleep(0.01)
        await asyncio.to_thread(dovecot.stop)
        await asyncio.to_thread(dovecot.restart)
        await asyncio.to_thread(dovecot.put, mail(ticket, "3"))
        await work

    asyncio.run(scenario())
    assert len(office.acts) == 1


def test_a_crash_between_the_commit_and_the_mark_records_nothing_twice(
    dovecot: Dovecot, office: ReplyOffice
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    dovecot.put(mail(ticket, "3"))
    desk = office.handler()

    async def dies(reply: IncomingReply) -> None:
        await desk.take(reply)
        raise MemoryError

    with pytest.raises(MemoryError):
        asyncio.run(mailbox(dovecot, office).follow(dies))
    assert (len(office.acts), dovecot.unseen()) == (1, 1)
    again = office.handler(mail=mailbox(dovecot, office).follow)
    asyncio.run(while_running(again.run(), lambda: dovecot.unseen() == 0))
    assert len(office.acts) == 1


def test_only_the_beginning_of_a_mail_is_fetched(dovecot: Dovecot, office: ReplyOffice) -> None:
    sizes: list[int] = []
    real = reply_mail.read

    def counted(raw: bytes, place: str = "") -> IncomingReply | None:
        sizes.append(len(raw))
        return real(raw, place)

    dovecot.put(mail("x", "y\n" * 500_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reply_mail, "read", counted)
        desk = office.handler(mail=mailbox(dovecot, office).follow)
        asyncio.run(while_running(desk.run(), lambda: dovecot.unseen() == 0))
    assert sizes == [reply_mail.MAX_BYTES]


def test_a_wrong_password_is_a_fault_that_names_no_secret(
    dovecot: Dovecot, office: ReplyOffice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    box = mailbox(dovecot, office, imap_password="not-the-secret")
    desk = office.handler(mail=box.follow)

    def failed() -> bool:
        office.site.minutes += 1
        return bool(box.connection.fault())

    asyncio.run(while_running(desk.run(), failed))
    assert box.connection.fault().startswith("mail: ")
    assert "not-the-secret" not in caplog.text + box.connection.fault()


def test_over_tls_one_connection_waits_and_reads_each_reply_as_it_comes(
    tmp_path: Path, certificates: Path, office: ReplyOffice, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = ticket_in(office.spring()["tanaka"].text)
    with Dovecot(tmp_path / "dovecot", certificates) as dovecot:
        ca = str(certificates / "ca.pem")
        box = mailbox(
            dovecot, office, imap_port=dovecot.tls_port, imap_security="tls", imap_ca_file=ca
        )
        desk = office.handler(mail=box.follow)
        dovecot.put(mail(ticket, "1"))

        async def scenario() -> None:
            work = asyncio.create_task(
                while_running(desk.run(), lambda: bool(office.acts) and dovecot.unseen() == 0)
            )
            while office.alert.acknowledged_by != "tanaka" or dovecot.unseen():
                await asyncio.sleep(0.01)
            await asyncio.to_thread(dovecot.put, mail(ticket, "２ イノシシ"))
            await work

        asyncio.run(scenario())
    assert [act.species for act in office.acts] == ["boar"]
    assert "replies by mail" not in caplog.text, "the connection never ended"


def test_news_that_come_with_the_consent_to_wait_are_not_waited_for() -> None:
    """The socket has nothing more then: only what was received already says that there is a mail."""
    ours, server = socket.socketpair()
    with ours, server, ours.makefile("rb") as file:
        client = SimpleNamespace(sock=ours, file=file)
        assert not is_buffered(client)
        server.sendall(b"+ idling\r\n* 1 EXISTS\r\n")
        assert file.readline() == b"+ idling\r\n"
        assert select.select([ours], [], [], 0)[0] == [], "control: the socket itself tells nothing"
        assert is_buffered(client)
        assert file.readline() == b"* 1 EXISTS\r\n"
        assert not is_buffered(client)


def test_a_password_is_never_sent_in_clear_text_to_another_machine() -> None:
    settings = Replies(imap_host="mail.example", imap_security="none")
    with pytest.raises(ConfigError, match="clear text"):
        Mailbox(settings, lambda: pytest.fail("no connection"))
