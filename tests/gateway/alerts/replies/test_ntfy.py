"""Buttons of ntfy messages: pressed once or thrice, before a restart or after, they record once."""

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.alerts.channels import Button, ChannelOptions, Notification
from gateway.alerts.channels.table import open_channel
from gateway.alerts.replies.ntfy import LONGEST_LINE, ReplyTopic
from gateway.config.replies import Replies
from gateway.store.setting_keys import SettingKey
from tests.gateway.alerts.replies.office import ReplyOffice, told, while_running
from tests.support.replies.ntfy_server import NtfyServer, ntfy_server


@pytest.fixture
def server() -> Iterator[NtfyServer]:
    with ntfy_server() as server:
        yield server


def topic(server: NtfyServer, office: ReplyOffice) -> ReplyTopic:
    async def remembered() -> str | None:
        store = office.site.store
        return await store.read(lambda reader: reader.setting(SettingKey.REPLIES_NTFY))

    settings = Replies(ntfy_url=f"{server.url}/back", ntfy_token="tk_secret")
    return ReplyTopic(settings, remembered, lambda: office.site.now, first_s=0.05)


def test_a_button_pressed_thrice_and_across_restarts_records_once(
    server: NtfyServer, office: ReplyOffice
) -> None:
    go, caught, _ = (one.body for one in office.spring()["hana"].buttons)
    office.letters.clear()
    server.publish("back", go)
    server.publish("back", "not a ticket")
    server.publish("other", caught)
    for _ in range(3):
        server.publish("back", caught)
    desk = office.handler(ntfy=topic(server, office).follow)
    asyncio.run(while_running(desk.run(), lambda: len(told(office.letters, "hana")) == 4))
    assert told(office.letters, "hana") == [
        "記録しました 三井楽-01: 向かっています",
        *["記録しました 三井楽-01: 捕獲した"] * 3,
    ]
    assert [(act.by, act.through) for act in office.acts] == [("hana", "ntfy")]

    office.letters.clear()
    desk = office.handler(ntfy=topic(server, office).follow)
    before = server.streams
    asyncio.run(while_running(desk.run(), lambda: server.streams > before))
    assert office.letters == [], "after a restart it goes on where it was"


def test_a_stream_that_breaks_is_followed_again_and_nothing_is_lost(
    server: NtfyServer, office: ReplyOffice
) -> None:
    go, caught, _ = (one.body for one in office.spring()["hana"].buttons)
    way = topic(server, office)
    desk = office.handler(ntfy=way.follow)

    async def scenario() -> None:
        work = asyncio.create_task(while_running(desk.run(), lambda: bool(office.acts)))
        await asyncio.to_thread(server.publish, "back", go)
        while office.alert.acknowledged_by != "hana":
            await asyncio.sleep(0.01)
        await asyncio.to_thread(server.cut)
        await asyncio.to_thread(server.publish, "back", caught)
        await work

    asyncio.run(scenario())
    assert server.streams >= 2
    assert len(office.acts) == 1


@pytest.mark.parametrize(
    "raw",
    [b"<html>log in</html>", b'{"event":7}', b"\xff\xfe", b'{"event":"message","message":""}'],
)
def test_lines_that_are_no_reply_are_passed_over(
    server: NtfyServer, office: ReplyOffice, raw: bytes
) -> None:
    go = office.spring()["hana"].buttons[0].body
    server.raw = [raw]
    server.publish("back", go)
    desk = office.handler(ntfy=topic(server, office).follow)
    asyncio.run(while_running(desk.run(), lambda: office.alert.acknowledged_by == "hana"))


def test_an_endless_line_ends_the_connection_not_the_memory(
    server: NtfyServer, office: ReplyOffice
) -> None:
    server.raw = [b"x" * LONGEST_LINE * 8]
    way = topic(server, office)
    desk = office.handler(ntfy=way.follow)

    def failed() -> bool:
        office.site.minutes += 1
        return bool(way.connection.fault())

    asyncio.run(while_running(desk.run(), failed))
    assert "tk_secret" not in way.connection.fault()


def test_a_server_that_refuses_is_a_fault(server: NtfyServer, office: ReplyOffice) -> None:
    server.status = 403
    way = topic(server, office)
    desk = office.handler(ntfy=way.follow)

    def failed() -> bool:
        office.site.minutes += 1
        return bool(way.connection.fault())

    asyncio.run(while_running(desk.run(), failed))
    assert way.connection.fault() == "ntfy: the server answers 403"


def test_a_message_carries_its_buttons_to_a_real_server(server: NtfyServer, tmp_path: Path) -> None:
    channel = open_channel(f"ntfy://127.0.0.1:{server.port}/hana", ChannelOptions())
    button = Button("向かっています", f"{server.url}/back", "3K-ABC:1")
    letter = Notification("k", "わなが作動", "三井楽-01", urgent=True, buttons=(button,))

    async def send() -> str:
        return await channel.send(letter)

    assert asyncio.run(send()) == "accepted"
    [sent] = server.headers
    spelled = sent["X-Actions"]
    assert spelled.startswith("=?utf-8?B?")
    text = base64.b64decode(spelled.split("?")[3]).decode()
    assert text == (
        f"http, 向かっています, {server.url}/back, method=POST, body='3K-ABC:1', clear=true"
    )
