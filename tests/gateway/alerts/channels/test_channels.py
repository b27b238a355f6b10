"""Providers' answers: only a positive answer of the provider itself counts as sent."""

import msgspec
import pytest

from gateway.alerts.channels import ChannelOptions, UndeliveredError
from gateway.alerts.channels.meshtastic import MAX_BYTES, cut
from gateway.alerts.channels.table import CHANNELS, open_channel
from tests.gateway.alerts.channels.notifications import NOTIFICATION, TO, Broker, line, send
from tests.gateway.alerts.channels.provider import (
    BROKEN,
    OK,
    providing,
)


def test_line_gets_text_link_token_and_retry_key() -> None:
    answer, [call] = line(OK)
    assert answer == "accepted r1"
    assert call.path == "/v2/bot/message/push"
    assert call.headers["Authorization"] == "Bearer TOKEN"
    assert call.json["to"] == TO
    [message] = call.json["messages"]
    assert message == {"type": "text", "text": "わなが作動\n三井楽-01 11月1日9:00\nhttps://x/a/t"}


def test_the_retry_key_of_a_notification_is_the_same_at_every_attempt() -> None:
    keys = []
    with providing(lambda _: BROKEN) as provider:
        means = ChannelOptions(line_url=provider.url)
        for notification in (
            NOTIFICATION,
            NOTIFICATION,
            msgspec.structs.replace(NOTIFICATION, key="key-2"),
        ):
            with pytest.raises(UndeliveredError):
                send(f"line:TOKEN@{TO}", means, notification)
        keys = [call.headers["X-Line-Retry-Key"] for call in provider.calls]
    assert keys[0] == keys[1] != keys[2]


def test_sirens_get_a_retained_alert_and_its_end() -> None:
    broker = Broker()
    means = ChannelOptions(publish=broker.publish, site="goto", recipient="taro")
    send("mqtt:", means)
    send("mqtt:", means, msgspec.structs.replace(NOTIFICATION, over=True))
    (topic, found, kept), (topic2, end, kept2) = broker.taken
    assert topic == topic2 == "shishigaki/v1/goto/notice/taro/a1b2"
    assert kept
    assert kept2
    assert msgspec.json.decode(found)["rule"] == "trap_sprung"
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
