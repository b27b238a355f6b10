"""Providers' answers: only a positive answer of the provider itself counts as sent."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.channels import ChannelOptions, Notification, UndeliveredError, http_status
from gateway.alerts.channels.http_status import http_date, judge, retry_after_s
from gateway.alerts.channels.meshtastic import MAX_BYTES, cut
from gateway.alerts.channels.table import CHANNELS, open_channel
from gateway.domain.model import Alert, AlertLevel
from tests.gateway.alerts.provider import (
    BROKEN,
    FULL,
    HANG,
    OK,
    PAGE,
    PORTAL,
    WRONG,
    Answer,
    providing,
)
from tests.gateway.alerts.site import T0

ALERT = Alert(
    id="a1b2",
    rule="trap_sprung",
    subject="trap-01",
    level=AlertLevel.CAPTURE,
    observed_at=T0,
    opened_at=T0,
)
LETTER = Notification(
    "key-1",
    "わなが作動",
    "三井楽-01 11月1日9:00",
    urgent=True,
    link="https://x/a/t",
    alerts=(ALERT,),
)
TO = "U" + "0" * 32
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def send(url: str, means: ChannelOptions, letter: Notification = LETTER) -> str:
    async def run() -> str:
        return await open_channel(url, means).send(letter)

    return asyncio.run(run())


def line(answer: Answer, timeout_s: float = 3.0) -> tuple[Any, list[Any]]:
    with providing(lambda _: answer) as provider:
        means = ChannelOptions(line_url=provider.url, timeout_s=timeout_s)
        try:
            return send(f"line:TOKEN@{TO}", means), provider.calls
        except UndeliveredError as failure:
            return failure, provider.calls


def ntfy(answer: Answer, timeout_s: float = 3.0) -> tuple[Any, list[Any]]:
    with providing(lambda _: answer) as provider:
        try:
            url = f"ntfy://127.0.0.1:{provider.port}/topic"
            return send(url, ChannelOptions(timeout_s=timeout_s)), provider.calls
        except UndeliveredError as failure:
            return failure, provider.calls


def test_line_gets_text_link_token_and_retry_key() -> None:
    answer, [call] = line(OK)
    assert answer == "accepted r1"
    assert call.path == "/v2/bot/message/push"
    assert call.headers["Authorization"] == "Bearer TOKEN"
    assert call.json["to"] == TO
    [message] = call.json["messages"]
    assert message == {"type": "text", "text": "わなが作動\n三井楽-01 11月1日9:00\nhttps://x/a/t"}


def test_the_retry_key_is_one_per_letter_whatever_the_attempt() -> None:
    keys = []
    with providing(lambda _: BROKEN) as provider:
        means = ChannelOptions(line_url=provider.url)
        for letter in (LETTER, LETTER, msgspec.structs.replace(LETTER, key="key-2")):
            with pytest.raises(UndeliveredError):
                send(f"line:TOKEN@{TO}", means, letter)
        keys = [call.headers["X-Line-Retry-Key"] for call in provider.calls]
    assert keys[0] == keys[1] != keys[2]


def test_line_saying_it_was_accepted_before_is_a_yes() -> None:
    assert line((409, {}, b'{"message":"The retry key is already accepted"}'))[0] == (
        "accepted before"
    )


@pytest.mark.parametrize("send_by", [line, ntfy])
@pytest.mark.parametrize(
    ("answer", "permanent", "wait_s"),
    [(PORTAL, False, 0), (PAGE, False, 0), (FULL, False, 7), (BROKEN, False, 0), (WRONG, True, 0)],
)
def test_whatever_is_no_yes_of_the_provider_is_not_sent(
    send_by: Any, answer: Answer, permanent: bool, wait_s: float
) -> None:
    failure, calls = send_by(answer)
    assert isinstance(failure, UndeliveredError)
    assert (failure.permanent, failure.retry_after_s) == (permanent, wait_s)
    assert len(calls) == 1, "a redirect was followed, or Apprise repeated by itself"


def said(body: str) -> Answer:
    """200 with this body."""
    return (200, {"Content-Type": "application/json"}, body.encode())


FAILURES = (
    '{"code":40301,"http":403,"error":"forbidden","link":"https://ntfy.sh/docs"}',
    '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}',
    '{"success": false}',
    '{"status":"error","message":"x"}',
    '{"status": 401, "message": "x"}',
    '{"id":"api.context.session_expired","message":"x","status_code":401}',
    '{"error":{"code":403,"message":"quota"}}',
    '{"errors":["user is invalid"],"status":0}',
    '{"errcode":310000,"errmsg":"keywords not in content"}',
    '{"Error": "denied"}',
    '{"error": true}',
    '{"status":"Failed"}',
    '{"ok": false}',
    '{"delivered":false}',
)
SUCCESSES = (
    "",
    "ok",
    "{}",
    '{"id":"sPs71M8A2T","time":1,"event":"message","topic":"t","message":"error"}',
    '{"ok":true,"result":{"message_id":3}}',
    '{"error":null,"errors":[],"success":true}',
    '{"errcode":0,"errmsg":"ok"}',
    '{"status":1,"request":"647d2300"}',
    '{"code":200,"message":"x"}',
    '{"status":"success"}',
    '{"error":"","id":5}',
    "[]",
    '{"error":false}',
    "queued",
    "{broken",
)


@pytest.mark.parametrize("body", FAILURES)
def test_a_200_whose_body_says_that_it_failed_is_no_delivery(body: str) -> None:
    for send_by in (line, ntfy):
        failure, _ = send_by(said(body))
        assert isinstance(failure, UndeliveredError), send_by
        assert not failure.permanent


@pytest.mark.parametrize("body", SUCCESSES)
def test_a_200_whose_body_says_nothing_of_a_failure_is_a_yes(body: str) -> None:
    assert ntfy(said(body))[0] == "accepted"


def test_control_without_reading_the_body_a_refusal_counts_as_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_status, "says_no", lambda _: False)
    assert ntfy(said(FAILURES[0]))[0] == "accepted"


@pytest.mark.parametrize(
    "body",
    [
        '{"message":"The monthly limit was reached"}',
        '{"message":"x","details":[]}',
        '{"sentMessages":[]}',
        '{"status":"ok"}',
        "[]",
        "",
        "ok",
    ],
)
def test_line_counts_as_sent_only_what_line_names(body: str) -> None:
    failure, _ = line(said(body))
    assert isinstance(failure, UndeliveredError)


@pytest.mark.parametrize(
    "body", ["{}", '{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1T"}]}']
)
def test_lines_own_yes_counts(body: str) -> None:
    assert str(line(said(body))[0]).startswith("accepted")


def test_a_page_is_no_sign_that_line_took_it_before() -> None:
    failure, _ = line((409, {}, PAGE[2]))
    assert isinstance(failure, UndeliveredError)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_body_at_all_breaks_the_reading(body: bytes) -> None:
    assert http_status.says_no(body) in {True, False}


@pytest.mark.parametrize("send_by", [line, ntfy])
def test_a_provider_that_hangs_is_given_up_in_time(send_by: Any) -> None:
    failure, _ = send_by(HANG, timeout_s=0.3)
    assert isinstance(failure, UndeliveredError)
    assert not failure.permanent


def test_apprise_accepts_what_the_provider_accepts() -> None:
    answer, [call] = ntfy(OK)
    assert answer == "accepted"
    assert "https://x/a/t" in call.body.decode()


def test_a_provider_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(UndeliveredError) as failure:
        send(f"line:TOKEN@{TO}", ChannelOptions(line_url="http://127.0.0.1:9"))
    assert not failure.value.permanent


class Broker:
    """Takes publishes as a session does."""

    def __init__(self, error: Exception | None = None) -> None:
        self.taken: list[tuple[str, bytes, bool]] = []
        self._error = error

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False
    ) -> None:
        if self._error:
            raise self._error
        self.taken.append((topic, payload, retain))


def test_sirens_get_a_retained_alert_and_its_end() -> None:
    broker = Broker()
    means = ChannelOptions(publish=broker.publish, site="goto", recipient="taro")
    send("mqtt:", means)
    send("mqtt:", means, msgspec.structs.replace(LETTER, over=True))
    (topic, told, kept), (topic2, end, kept2) = broker.taken
    assert topic == topic2 == "shishigaki/v1/goto/notice/taro/a1b2"
    assert kept
    assert kept2
    assert msgspec.json.decode(told)["rule"] == "trap_sprung"
    assert end == b""


@pytest.mark.parametrize(
    "url",
    [
        "mqtt:wildlife/v1/goto/",
        "mqtt:shishigaki/#",
        "mqtt:shishigaki/+/",
        "mqtt:shishigaki/siren",
        "mqtt:shishigaki/v1/goto/alert/",
        "mqtt:shishigaki/v1/goto/",
        "mqtt:shishigaki/v1/oku/notice/",
    ],
)
def test_a_siren_can_never_write_where_sensors_or_the_gateway_write(url: str) -> None:
    with pytest.raises(ValueError, match="shishigaki/"):
        open_channel(url, ChannelOptions(site="goto", recipient="taro"))


def test_two_people_with_the_same_prefix_write_under_topics_of_their_own() -> None:
    broker = Broker()
    for person in ("taro", "花子", "花 子", "hanako"):
        means = ChannelOptions(publish=broker.publish, site="goto", recipient=person)
        send("mqtt:shishigaki/pole/", means)
    topics = {topic for topic, _, _ in broker.taken}
    assert len(topics) == 4
    assert all(topic.count("/") == 3 for topic in topics)


def test_meshtastic_gets_sendtext_json_without_link() -> None:
    broker = Broker()
    send("meshtastic:!a1b2c3d4?from=!0000beef&channel=1", ChannelOptions(publish=broker.publish))
    [(topic, payload, _)] = broker.taken
    assert topic == "msh/JP/2/json/mqtt/"
    assert msgspec.json.decode(payload) == {
        "from": 0xBEEF,
        "to": 0xA1B2C3D4,
        "channel": 1,
        "type": "sendtext",
        "payload": "わなが作動 三井楽-01 11月1日9:00",
    }


def test_a_radio_text_is_cut_between_characters() -> None:
    text = cut("猪" * 100)
    assert len(text.encode()) <= MAX_BYTES
    assert set(text) == {"猪"}


@pytest.mark.parametrize("url", ["mqtt:", "meshtastic:^all?from=1"])
def test_a_broker_that_does_not_take_it_is_no_delivery(url: str) -> None:
    with pytest.raises(UndeliveredError, match="broker"):
        send(url, ChannelOptions(publish=Broker(TimeoutError("slow")).publish))
    with pytest.raises(UndeliveredError, match="broker"):
        send(url, ChannelOptions())


@pytest.mark.parametrize(
    "url",
    ["line:S3CRET", "line:S3CRET@Ubad", "meshtastic:!zz?from=1", "meshtastic:!1", "nosuch://x"],
)
def test_a_broken_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"needs|Apprise knows no") as error:
        open_channel(url)
    assert "S3CRET" not in str(error.value)


@pytest.fixture(params=["Asia/Tokyo", "UTC", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time zone, which HTTP does not mean."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        (" 25 ", 25),
        ("1.5", 1.5),
        ("0", 0),
        ("", 0),
        ("-3", 0),
        ("nan", 0),
        ("inf", 0),
        ("1e99", 6 * 3600),
        ("1e999", 6 * 3600),
        ("9" * 5_000, 6 * 3600),
        ("soon", 0),
        ("1_0", 0),
        ("٧", 0),
        ("Sun, 01 Nov 2026 00:01:40 GMT", 100),
        ("Sunday, 01-Nov-26 00:01:40 GMT", 100),
        ("Sun Nov  1 00:01:40 2026", 100),
        ("Sun, 01 Nov 2026 00:01:40", 100),
        ("Sun, 01 Nov 2026 09:01:40 +0900", 100),
        ("Sat, 31 Oct 2026 23:00:00 GMT", 0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
        ("Sun Nov  6 08:49:37 1994", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 6 * 3600),
        ("Sun, 31 Feb 2026 00:01:40 GMT", 0),
        ("Sun, 01 Nov 99999 00:01:40 GMT", 0),
        ("Sun Nov", 0),
    ],
)
def test_retry_after_is_seconds_or_one_of_three_dates_which_are_utc(
    value: str, seconds: float
) -> None:
    assert retry_after_s(value, NOW) == seconds


def test_control_a_date_without_a_zone_is_not_the_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    naive = parsedate_to_datetime("Sun Nov  1 00:01:40 2026").astimezone(UTC)
    assert (naive - NOW).total_seconds() == 100 - 9 * 3600
    monkeypatch.undo()
    time.tzset()


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda b: b.decode("latin-1")))
def test_whatever_a_provider_asks_for_the_wait_is_bounded(value: str) -> None:
    assert 0 <= retry_after_s(value, NOW) <= 6 * 3600


@given(st.integers(0, 3_092_601_599))  # 1970 to 2067
def test_the_three_forms_of_a_date_mean_the_same_moment(seconds: int) -> None:
    wanted = datetime.fromtimestamp(seconds, UTC)
    day = DAYS[wanted.weekday()]
    forms = [
        f"{day[:3]}, {wanted:%d %b %Y %H:%M:%S} GMT",
        f"{wanted:%a %b} {wanted.day:2} {wanted:%H:%M:%S %Y}",
        f"{day}, {wanted:%d-%b-%y %H:%M:%S} GMT",
    ]
    for form in forms:
        assert http_date(form) == wanted, form


def test_a_forbidden_is_tried_again_because_a_token_can_be_mended() -> None:
    with pytest.raises(UndeliveredError) as failure:
        judge(401, {}, b"", NOW)
    assert not failure.value.permanent


def test_every_channel_stands_in_the_table_once() -> None:
    schemes = [scheme for row in CHANNELS for scheme in row.schemes]
    assert len(schemes) == len(set(schemes))
    assert CHANNELS[-1].schemes == ()


def test_an_address_that_apprise_cannot_read_stands_in_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ValueError, match="knows no such address: foo"):
        open_channel("foo://s3cret", ChannelOptions())
    assert "s3cret" not in caplog.text
