"""The page Devices about the machine: how long its card lasts, its backup, and the drill."""

from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import msgspec

from dashboard.web.entry.passwords import hasher
from gateway.backup.state import BackupResult, note
from gateway.domain.people.person import UserRole
from gateway.metrics.card_life import Written
from gateway.store import Transaction
from gateway.store.setting_keys import SettingKey
from tests.dashboard.arriving import Arriving
from tests.dashboard.client import Client
from tests.support.people import login

PASSWORD = "あかるい猪垣 2026"
AT = datetime(2026, 11, 29, 4, 37, tzinfo=UTC)
MB = 1_000_000


def page(client: Client) -> str:
    return " ".join(unescape(client.get("/pending").text).split())


def test_the_page_says_how_long_the_card_lasts_and_what_backup_and_drill_gave(
    tmp_path: Path,
) -> None:
    place = Arriving(tmp_path).settle()
    place.demo_account = login("hana", UserRole.OFFICIAL, hasher.hash(PASSWORD))
    with place.served() as url:
        client = Client(url)
        client.post("/login", {"name": "hana", "password": PASSWORD})
        before = page(client)
        assert "見積もりが出ます" in before
        assert "backup --new-key" in before
        place.store.write_now(measured)
        after = page(client)
    place.store.close()
    assert "およそ 14 年もちます" in after
    assert "ブローカーは1時間に 2.0 MB" in after
    assert "no room" in after
    assert "できごと 1234 件" in after


def measured(tx: Transaction) -> None:
    written = Written(hours=24, gateway=24 * 8 * MB, broker=24 * 2 * MB)
    tx.put_setting(SettingKey.WRITTEN, msgspec.json.encode(written).decode())
    note(tx, SettingKey.BACKUP, BackupResult(at=AT, wrong="no room"))
    note(tx, SettingKey.DRILL, BackupResult(at=AT, events=1234))
