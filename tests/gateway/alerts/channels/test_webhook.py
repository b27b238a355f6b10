"""Webhooks: signed, the same id at every attempt, nothing secret in body or error."""

import asyncio
import base64
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.channels import ChannelOptions, Notification, UndeliveredError
from gateway.alerts.channels.table import open_channel
from gateway.alerts.channels.webhook import REPLAY_S, headers_of, secret_of, sign
from gateway.alerts.links import Links
from gateway.alerts.notifier import Notifier
from gateway.alerts.open_channels import OpenChannels
from gateway.clock import utc_now
from gateway.domain.model import ActionKind, Kind
from gateway.store.feed import Feed
from tests.gateway.alerts.channels.notifications import NOTIFICATION
from tests.gateway.alerts.channels.provider import (
    BROKEN,
    OK,
    PAGE,
    PORTAL,
    WRONG,
    Answer,
    Call,
    providing,
)
from tests.gateway.alerts.site import Site

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 30 bytes ...").decode()


def verified(secret: str, call: Call, now: datetime) -> bool:
    """A receiver's check, written from the standard and not from our code."""
    headers = {name.lower(): value for name, value in call.headers.items()}
    id_, at_s = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(now.timestamp() - int(at_s)) > REPLAY_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id_}.{at_s}.".encode() + call.body, sha256).digest()
    wanted = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(one, wanted) for one in headers["webhook-signature"].split(" "))


def calls_of(
    answer: Answer, letter: Notification = NOTIFICATION, secrets: str = SECRET
) -> list[Call]:
    """What a receiver got that answers so."""
    with providing(lambda _: answer) as receiver:

        async def run() -> None:
            url = f"webhook:{secrets}@{receiver.url}/hook?for=us"
            await open_channel(url, ChannelOptions(site="goto")).send(letter)

        asyncio.run(run())
    return receiver.calls


def test_the_signature_is_that_of_the_standard_s_published_example() -> None:
    body = b'{"test": 2432232314}'
    signed = sign(secret_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_can_verify_what_was_sent_and_for_how_long() -> None:
    [call] = calls_of(OK)
    now = utc_now()
    assert call.path == "/hook?for=us"
    assert verified(SECRET, call, now)
    assert not verified(OTHER, call, now)
    assert not verified(SECRET, call, now + timedelta(seconds=REPLAY_S + 60))
    forged = Call(call.path, call.headers, call.body.replace(b"capture", b"nothing"), call.at)
    assert not verified(SECRET, forged, now)


def test_the_body_says_what_happened_and_gives_no_place_and_no_link() -> None:
    [call] = calls_of(OK)
    assert call.json == {
        "v": 1,
        "type": "alert.told",
        "site": "goto",
        "title": "わなが作動",
        "text": "三井楽-01 11月1日9:00",
        "urgent": True,
        "alerts": [
            {
                "id": "a1b2",
                "rule": "trap_sprung",
                "level": "capture",
                "status": "open",
                "subject": "trap-01",
                "observed_at": "2026-11-01T00:00:00Z",
                "opened_at": "2026-11-01T00:00:00Z",
            }
        ],
    }
    assert NOTIFICATION.link
    assert NOTIFICATION.link.encode() not in call.body


def test_the_example_of_the_document_verifies_what_is_sent() -> None:
    document = Path(__file__).parents[4] / "dashboard/API.md"
    code = document.read_text("utf-8").partition("<!-- verify -->\n```python\n")[2]
    names: dict[str, Any] = {}
    exec(code.partition("```")[0], names)
    [call] = calls_of(OK, secrets=f"{OTHER},{SECRET}")
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert names["is_genuine"](SECRET, headers, call.body)
    assert not names["is_genuine"](SECRET, headers, call.body + b" ")
    late = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    assert not names["is_genuine"](SECRET, late, call.body)


def test_while_a_secret_is_replaced_both_verify() -> None:
    [call] = calls_of(OK, secrets=f"{SECRET},{OTHER}")
    assert verified(SECRET, call, utc_now())
    assert verified(OTHER, call, utc_now())


@pytest.mark.parametrize("answer", [BROKEN, PORTAL, PAGE, WRONG])
def test_only_a_yes_of_the_receiver_counts(answer: Answer) -> None:
    with pytest.raises(UndeliveredError) as failure:
        calls_of(answer)
    assert failure.value.permanent is (answer is WRONG)
    assert "whsec" not in str(failure.value)


@pytest.mark.parametrize(
    "url",
    [
        "webhook:",
        "webhook:https://example.org/hook",
        f"webhook:{SECRET}",
        f"webhook:{SECRET}@ftp://example.org/",
        f"webhook:{SECRET}@http://example.org/hook",  # everybody on the way could read it
        f"webhook:{SECRET}@http://8.8.8.8/hook",
        f"webhook:{SECRET}@https:///hook",
        f"webhook:{SECRET}@https://example.org:99999/hook",
        f"webhook:{SECRET},{SECRET},{OTHER}@https://example.org/hook",
        "webhook:whsec_c2hvcnQ=@https://example.org/hook",
        f"webhook:{SECRET[6:]}@https://example.org/hook",
    ],
)
def test_an_address_that_cannot_work_is_refused_without_showing_the_secret(url: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refusal:
        open_channel(url)
    assert SECRET[6:] not in str(refusal.value)


@pytest.mark.parametrize(
    "host", ["https://example.org", "http://192.168.1.5:8123", "http://ha.local"]
)
def test_without_tls_only_near_hosts_are_taken(host: str) -> None:
    assert open_channel(f"webhook:{SECRET}@{host}/hook").scheme == "webhook"


@given(key=st.text(max_size=80), body=st.binary(max_size=200), later_s=st.integers(1, 10**6))
def test_every_attempt_has_the_same_id_and_its_own_time(
    key: str, body: bytes, later_s: int
) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    first = headers_of([secret_of(SECRET)], key, now, body)
    second = headers_of([secret_of(SECRET)], key, now + timedelta(seconds=later_s), body)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]
    assert all(value.isascii() and value.isprintable() for value in first.values())


@pytest.fixture
def answers() -> list[Answer]:
    """What the receiver answers, one after the other; then OK."""
    return []


@pytest.fixture
def hooked(tmp_path: Path, answers: list[Answer]) -> Iterator[tuple[Site, Notifier, list[Call]]]:
    """A site that tells a program of one area and one of another."""
    with providing(lambda _: answers.pop(0) if answers else OK) as receiver:
        people = [
            {"name": "here", "channels": [f"webhook:{SECRET}@{receiver.url}/here"]},
            {
                "name": "elsewhere",
                "devices": ["nowhere/*"],
                "channels": [f"webhook:{OTHER}@{receiver.url}/elsewhere"],
            },
        ]
        site = Site(tmp_path, {"people": people})
        ways = OpenChannels(site.policy, ChannelOptions())
        notifier = Notifier(site.store, Feed(), site.policy, ways, Links(""), lambda: site.now)
        yield site, notifier, receiver.calls
        site.store.close()


def test_the_outbox_tries_again_with_the_same_id_and_sends_the_end(
    hooked: tuple[Site, Notifier, list[Call]], answers: list[Answer]
) -> None:
    site, notifier, calls = hooked
    answers += [BROKEN, BROKEN]
    site.hear("trap-01", Kind.SPRUNG, 1)
    for minute in (1, 5, 15):
        site.minutes = minute
        asyncio.run(notifier.deliver_due())
    assert [call.json["type"] for call in calls] == ["alert.told"] * 3
    assert len({ids(call) for call in calls}) == 1
    site.act(ActionKind.CAPTURED, 16)
    asyncio.run(notifier.deliver_due())
    assert calls[-1].json["type"] == "alert.over"
    assert ids(calls[-1]) != ids(calls[0])
    assert all(verified(SECRET, call, utc_now()) for call in calls)


def test_the_end_of_an_alert_goes_only_where_its_beginning_went(
    hooked: tuple[Site, Notifier, list[Call]],
) -> None:
    site, notifier, calls = hooked
    site.hear("trap-01", Kind.SPRUNG, 1)
    asyncio.run(notifier.deliver_due())
    site.act(ActionKind.CAPTURED, 2)
    asyncio.run(notifier.deliver_due())
    assert [(call.path, call.json["type"]) for call in calls] == [
        ("/here", "alert.told"),
        ("/here", "alert.over"),
    ]


def ids(call: Call) -> str:
    return {name.lower(): value for name, value in call.headers.items()}["webhook-id"]
