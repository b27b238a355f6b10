"""What a payload may cost: its size, and numbers that take long to read."""

import pytest

from gateway.dialects.payloads import bounds
from gateway.dialects.table import BY_NAME
from gateway.domain.model import Message, MessageRefusedError, RefusalReason
from tests.gateway.dialects.fixtures import FIXTURES, NOW
from tests.gateway.dialects.robustness.broken import REGISTERED, is_slow

FAR = [b"1e308", b"-1E+300", b"9.5e-320", b"1e0299"]
ROOM = b" " * 1_100


def numbers(one: bytes, count: int) -> bytes:
    """So many numbers in a list."""
    return b"[" + b",".join([one] * count) + b"]" + ROOM


@pytest.mark.parametrize("number", FAR)
def test_a_few_numbers_beyond_any_measure_are_read_and_many_are_refused(number: bytes) -> None:
    few, many = (numbers(number, count) for count in (bounds.MOST_FAR, bounds.MOST_FAR + 1))
    assert bounds.bounded(few) is few
    with pytest.raises(MessageRefusedError, match="21 numbers such as 1e300; at most 20") as caught:
        bounds.bounded(many)
    assert caught.value.reason is RefusalReason.MALFORMED


@pytest.mark.parametrize(
    "value", [b"1e30", b"2.5e-199", b'"24e310"', b'"1e300"', b"300", b'"e308"']
)
def test_usual_numbers_and_texts_like_them_are_not_counted(value: bytes) -> None:
    payload = numbers(value, 1_000)
    assert bounds.bounded(payload) is payload


def test_a_payload_larger_than_any_sensors_is_refused() -> None:
    with pytest.raises(MessageRefusedError, match="at most 131072") as caught:
        bounds.bounded(b" " * (bounds.MAX_BYTES + 1))
    assert caught.value.reason is RefusalReason.TOO_LARGE


def test_control_without_the_limit_a_message_of_them_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic, _ = FIXTURES["tasmota"][0]
    message = Message(topic, numbers(b"1e308", 20_000), NOW)
    assert not is_slow(BY_NAME["tasmota"].decode, message, REGISTERED)
    monkeypatch.setattr(bounds, "MOST_FAR", 20_000)
    assert is_slow(BY_NAME["tasmota"].decode, message, REGISTERED)
