"""The report for support holds no secret, no person and no exact place, however they came into it."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from gateway.config import check
from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, Outcome
from gateway.doctor.redaction import GONE, redacted
from gateway.doctor.report import report
from gateway.domain.people.person import Person, with_channels
from gateway.store import Store
from tests.support.people import keep
from tests.support.samples import TOKYO

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SEEDS = (
    "Broker-Pass9",
    "Dash-Secret9",
    "Influx-Token9",
    "Imap-Pass9",
    "LineTok9",
    "U0123456789abcdef0123456789abcdef",
    "hanako@example.org",
    "Mail%2FPass9",
    "Mail/Pass9",
    "ntfy-topic-9",
    "五島花子",
    "hanako-s",
    "File-Secret9",
    "heartbeat-key9",
    "090-1234-5678",
    "32.75123",
    "128.70034",
)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A gateway whose every place that can hold a secret holds one."""
    settings = check(
        {
            "mqtt": {"username": "gw", "password": "Broker-Pass9"},
            "store": {"path": str(tmp_path / "x.db")},
            "dashboard": {"secret": "Dash-Secret9", "centre": [32.75123, 128.70034]},
            "influx": {"url": "http://127.0.0.1:1", "token": "Influx-Token9"},
            "replies": {
                "imap_host": "mail.example.org",
                "imap_username": "hanako@example.org",
                "imap_password": "Imap-Pass9",
            },
            "alerts": {"heartbeat_url": "https://ping.example.org/heartbeat-key9"},
        }
    )
    urls = (
        "line:LineTok9@U0123456789abcdef0123456789abcdef",
        "mailtos://hanako:Mail%2FPass9@example.org?to=hanako@example.org",
        "ntfys://ntfy.sh/ntfy-topic-9",
    )
    with closing(Store(tmp_path / "x.db", TOKYO)) as store:
        keep(store, with_channels(Person(name="hanako-s", title="五島花子"), urls))
    secrets = tmp_path / "etc/shishigaki/secrets"
    secrets.mkdir(parents=True)
    (secrets / "mqtt_password").write_text("File-Secret9\n")
    return Case(settings, NOW, system=tmp_path)


def test_nothing_that_was_seeded_is_in_the_report(case: Case) -> None:
    said = " ".join(SEEDS)
    finding = Finding(Outcome.FAULT, "doctor.failed", {"why": said}, f"echo {said}", "broker")
    text = report(case, [finding], log=f"ERROR {said}\n")
    assert [seed for seed in SEEDS if seed in text] == []
    for kept in (
        "== doctor",
        "== settings",
        '"interval_s"',
        "== journal",
        GONE,
        "x.db",
        "ブローカー / broker",
    ):
        assert kept in text


def test_control_without_redaction_the_seeds_are_found(case: Case) -> None:
    shown = msgspec.json.encode(case.config).decode()
    assert {"Broker-Pass9", "Influx-Token9", "Imap-Pass9"} <= {s for s in SEEDS if s in shown}
    assert [seed for seed in SEEDS if seed in redacted(" ".join(SEEDS), ())], (
        "forms alone miss some"
    )


def test_what_helps_is_kept() -> None:
    line = "✗ 時計 / clock: 1970 → sudo systemctl restart systemd-timesyncd port 8883 wildlife/v1/+/+/event"
    assert redacted(line, ()) == line
