"""The doctor on the page Devices: what it found in words of the reader, by a process of its own."""

import asyncio
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from dashboard.installer.examination import Examination
from dashboard.web.entry.passwords import hasher
from gateway.clock import utc_now
from gateway.config import Config, check
from gateway.doctor.finding import Outcome
from gateway.doctor.table import CHECKS
from gateway.domain.people.person import UserRole
from tests.dashboard.arriving import Arriving
from tests.dashboard.client import Client
from tests.support.people import login
from tests.support.servers import free_port

PASSWORD = "あかるい猪垣 2026"


@pytest.fixture
def official(tmp_path: Path) -> Iterator[Client]:
    place = Arriving(tmp_path).settle()
    place.demo_account = login("hana", UserRole.OFFICIAL, hasher.hash(PASSWORD))
    with place.served() as url:
        client = Client(url)
        client.post("/login", {"name": "hana", "password": PASSWORD})
        yield client
    place.store.close()


def settings(folder: Path) -> Config:
    return check({"mqtt": {"port": free_port()}, "store": {"path": str(folder / "x.db")}})


def test_a_button_examines_and_the_page_shows_each_check_with_its_command(official: Client) -> None:
    before = unescape(official.get("/pending").text)
    assert "まだ調べていません" in before
    assert official.post("/pending/examine", {}).status_code == 303
    text = unescape(official.get("/pending").text)
    for shown in (
        "装置の検査",
        "✗ 連絡先",
        "だれにも知らせません",
        "sudo shishigaki setup",
        "✓ 設定",
    ):
        assert shown in text
    assert "nobody is told" not in text, "in the reader's language only"


def test_the_process_finds_what_the_command_finds(tmp_path: Path) -> None:
    found = asyncio.run(Examination(settings(tmp_path), utc_now).run())
    by_name = {one.check: one.outcome for one in found.findings}
    assert list(by_name) == [one.name for one in CHECKS]
    assert by_name["broker"] is Outcome.FAULT
    assert by_name["broker_rights"] is Outcome.UNKNOWN
    assert by_name["settings"] is Outcome.WELL


def test_two_who_ask_at_once_share_one_examination(tmp_path: Path) -> None:
    count = tmp_path / "count"
    script = f"open({str(count)!r}, 'a').write('x'); print('[]')"
    command = (sys.executable, "-c", script)

    async def twice() -> None:
        examination = Examination(settings(tmp_path), utc_now, command)
        await asyncio.gather(examination.run(), examination.run())

    asyncio.run(twice())
    assert count.read_text() == "x"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise SystemExit(3)", "exit 3"),
        ("raise OSError('no such disk')", "OSError: no such disk"),
        ("import os; os.kill(os.getpid(), 9)", "exit -9"),
        ("print('nonsense')", "DecodeError"),
    ],
)
def test_a_process_that_fails_is_a_fault_with_its_error_and_a_command(
    tmp_path: Path, script: str, why: str
) -> None:
    command = (sys.executable, "-c", script)
    found = asyncio.run(Examination(settings(tmp_path), utc_now, command).run())
    [one] = found.findings
    assert one.outcome is Outcome.FAULT
    assert one.command == "sudo shishigaki doctor"
    assert why in str(one.values["why"])
