"""The installer's page beside many unknown devices: captures first, a page at a time, floods by name."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import msgspec
import pytest

from dashboard.installer.traffic import DEVICES_PER_PAGE
from dashboard.web.entry.passwords import hasher
from gateway.alerts.evaluation import tick
from gateway.alerts.policy import Policy
from gateway.domain.model import Message
from gateway.domain.people.person import UserRole
from gateway.domain.refused.unknown_names import MOST_SHARING_A_FILTER
from tests.dashboard.arriving import Arriving
from tests.dashboard.client import Client
from tests.dashboard.place import NOW
from tests.support.people import login


def native(device: str, kind: str, number: int) -> Message:
    body = {"v": 1, "id": f"{device}-{number}", "boot": 1, "seq": number, "kind": kind}
    leaf = "telemetry" if kind == "heartbeat" else "event"
    return Message(f"wildlife/v1/goto/{device}/{leaf}", msgspec.json.encode(body), NOW)


@pytest.fixture
def arriving(tmp_path: Path) -> Iterator[Arriving]:
    place = Arriving(tmp_path).settle()
    place.demo_account = login("hana", UserRole.OFFICIAL, hasher.hash("あかるい猪垣"))
    yield place
    place.store.close()


@pytest.fixture
def installer(arriving: Arriving) -> Iterator[Client]:
    with arriving.served() as url:
        client = Client(url)
        client.post("/login", {"name": "hana", "password": "あかるい猪垣"})
        yield client


def shown(client: Client, **query: str) -> str:
    return unescape(client.get("/pending", query).text)


def test_devices_that_report_a_capture_are_listed_first(
    installer: Client, arriving: Arriving
) -> None:
    arriving.receive(*(native(f"cam-{n:02}", "heartbeat", n) for n in range(50)))
    arriving.receive(native("zz-wana", "trap.sprung", 1))
    text = shown(installer)
    assert "わなの作動（またはいたずら）を知らせています" in text
    assert text.index("zz-wana") < text.index("cam-00")


def test_many_devices_are_shown_a_page_at_a_time(installer: Client, arriving: Arriving) -> None:
    arriving.receive(*(native(f"cam-{n:03}", "heartbeat", n) for n in range(100)))
    pages = [shown(installer, page=str(n)) for n in range(1, 7)]
    found = {f"cam-{n:03}" for n in range(100) for page in pages if f'"cam-{n:03}"' in page}
    assert len(found) == 100
    assert all(page.count('class="quiet"') <= DEVICES_PER_PAGE for page in pages)
    for odd in ("0", "-1", "x", "9" * 30, "²"):
        assert installer.get("/pending", {"page": odd}).status_code == 200


def test_floods_of_invented_names_are_listed_and_can_be_forgotten(
    installer: Client, arriving: Arriving
) -> None:
    arriving.receive(*(native(f"w{n}", "heartbeat", n) for n in range(900)))
    arriving.store.write_now(lambda tx: tick(tx, NOW, Policy()))
    text = shown(installer)
    wanted = "wildlife/v1/goto/+/#"
    assert f"「{wanted}」が約" in text
    evil = {"origin": "https://evil.example"}
    assert installer.post("/pending/forget", {"filter": wanted}, headers=evil).status_code == 403
    answer = installer.post("/pending/forget", {"filter": wanted})
    done = unescape(installer.get(answer.headers["location"]).text)
    assert f"{MOST_SHARING_A_FILTER} の名前を一覧から消しました" in done
    assert f"「{wanted}」が約" not in done


def test_what_gave_no_event_is_counted_by_device_and_reason(
    installer: Client, arriving: Arriving
) -> None:
    counts = {("trap-01", "copy"): 12, ("", "irrelevant"): 4, ("<b>x", "evicted"): 3}
    arriving.store.write_now(lambda tx: tx.no_events.add(counts, NOW))
    page = installer.get("/pending").text
    assert "<b>x" not in page
    for words in ("岐宿の沢 1号", "同じ内容の再送", "登録のない機器など", "保管の上限"):
        assert words in unescape(page)
