"""One MQTT 5 connection: whatever the broker sends, it delivers or ends, and never raises."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import mqtt5
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.config import Mqtt
from gateway.mqtt.link import ConnectionFailedError, Delivery, Retry, Terms, Wire
from gateway.mqtt.link_v5 import FiveLink

NOW = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
LIMIT = 10_000
CONNACK = mqtt5.ConnAckPacket(session_present=True).write()


class FakeTransport(asyncio.Transport):
    """Takes what is written; remembers whether it was ended."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.writes = 0
        self.is_aborted = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        self.writes += 1

    def is_closing(self) -> bool:
        return self.is_aborted

    def close(self) -> None:
        self.is_aborted = True

    def abort(self) -> None:
        self.is_aborted = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Rig:
    """A link on a fake transport, and what it delivered."""

    def __init__(self) -> None:
        self.delivered: list[Delivery] = []
        mqtt = Mqtt(max_packet_bytes=LIMIT)
        terms = Terms(mqtt, "shishigaki-site", "shishigaki/v1/site/gateway/status", (("#", 1),))
        self.link = FiveLink(terms, Wire(3, self.delivered.extend, lambda: NOW))
        self.transport = FakeTransport()
        self.link.connection_made(self.transport)

    def feed(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.link.data_received(chunk)

    @property
    def trouble(self) -> ConnectionFailedError | None:
        error = self.link._ending.reason  # the public way waits, and the rig has no connection
        assert error is None or isinstance(error, ConnectionFailedError)
        return error


def with_rig(scenario: Callable[[Rig], None]) -> None:
    """Run `scenario` with a rig inside an event loop."""

    async def inside() -> None:
        scenario(Rig())

    asyncio.run(inside())


def message(number: int, payload: bytes = b"x", topic: str = "a/b") -> bytes:
    qos = mqtt5.QoS.AT_LEAST_ONCE
    return mqtt5.PublishPacket(topic, payload, qos=qos, packet_id=number).write()


# mqtt5 0.8 panics on a topic that is not UTF-8 and complains beside raising.
codec_may_panic = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@codec_may_panic
@given(st.lists(st.binary(max_size=300), max_size=8))
@example([b"\x00\x00\x00"])
@example([b"0\x05\x00\x02\xff\xfe\x00"])  # a topic that is not UTF-8: the codec panics
@example([b"\x32\x80\x80\x80\x7f" + b"x" * LIMIT])
@settings(max_examples=300, deadline=None)
def test_any_bytes_end_the_connection_or_mean_something(chunks: list[bytes]) -> None:
    def scenario(rig: Rig) -> None:
        rig.feed(*chunks)
        assert rig.trouble is None or rig.transport.is_aborted
        assert all(isinstance(d.message.topic, str) for d in rig.delivered)
        assert len(rig.link._rest) <= LIMIT

    with_rig(scenario)


@codec_may_panic
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_one_flipped_byte_never_raises(data: st.DataObject) -> None:
    wire = bytearray(CONNACK + b"".join(message(n, b"p" * n) for n in range(1, 6)))
    place = data.draw(st.integers(0, len(wire) - 1))
    wire[place] ^= data.draw(st.integers(1, 255))

    def scenario(rig: Rig) -> None:
        rig.feed(bytes(wire))
        assert rig.trouble is None or rig.transport.is_aborted
        assert len(rig.delivered) <= len(wire) // 2

    with_rig(scenario)


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=12), st.data())
@settings(max_examples=150, deadline=None)
def test_it_does_not_matter_where_the_network_cuts(
    payloads: list[bytes], data: st.DataObject
) -> None:
    wire = CONNACK + b"".join(message(n, p) for n, p in enumerate(payloads, 1))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    chunks = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]

    def scenario(rig: Rig) -> None:
        rig.feed(*chunks)
        assert [d.message.payload for d in rig.delivered] == payloads
        assert [d.packet_id for d in rig.delivered] == list(range(1, len(payloads) + 1))
        assert {(d.generation, d.message.received_at) for d in rig.delivered} == {(3, NOW)}
        assert rig.trouble is None

    with_rig(scenario)


def test_messages_before_a_malformed_packet_are_still_delivered() -> None:
    def scenario(rig: Rig) -> None:
        rig.feed(CONNACK + message(1) + message(2) + b"\x00\x00")
        assert [d.packet_id for d in rig.delivered] == [1, 2]
        assert "127.0.0.1:1883 sent ValueError" in str(rig.trouble)

    with_rig(scenario)


def test_a_packet_that_never_ends_does_not_fill_the_memory() -> None:
    def scenario(rig: Rig) -> None:
        rig.feed(CONNACK, b"\x32\x80\x80\x80\x7f", *[b"x" * 4_000] * 3)
        assert "max_packet_bytes" in str(rig.trouble)
        assert rig.link._rest == b""

    with_rig(scenario)


def test_acks_go_out_in_order_in_one_write() -> None:
    def scenario(rig: Rig) -> None:
        rig.link.ack([3, 1, 2])
        assert rig.transport.written == bytes.fromhex("40020003 40020001 40020002")

    with_rig(scenario)


def test_after_the_end_an_ack_goes_nowhere() -> None:
    def scenario(rig: Rig) -> None:
        rig.link.connection_lost(None)
        rig.link.ack([1])
        assert rig.transport.written == b""

    with_rig(scenario)


@pytest.mark.parametrize("answer", [b"\x20\x02\x00\x01", b""])
def test_a_refusal_of_mqtt_5_suggests_the_other_version(answer: bytes) -> None:
    def scenario(rig: Rig) -> None:
        if answer:
            rig.feed(answer)  # how MQTT 3.1.1 says "unacceptable protocol version"
        rig.link.connection_lost(None)
        assert rig.trouble
        assert rig.trouble.retry is Retry.OTHER_VERSION

    with_rig(scenario)


def test_a_session_taken_over_by_another_program_is_retried_slowly() -> None:
    def scenario(rig: Rig) -> None:
        code = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
        rig.feed(CONNACK + mqtt5.DisconnectPacket(reason_code=code).write())
        assert rig.trouble
        assert rig.trouble.retry is Retry.SLOWLY
        assert "mqtt.client_id" in str(rig.trouble)

    with_rig(scenario)


def test_packet_ids_in_flight_are_not_used_twice() -> None:
    def scenario(rig: Rig) -> None:
        loop = asyncio.get_running_loop()
        rig.link._sent = {number: loop.create_future() for number in (2, 3, 5)}
        rig.link._last_id = 65_535
        assert [rig.link._next_id() for _ in range(3)] == [4, 6, 7]

    with_rig(scenario)


def published_together(count: int, size: int) -> tuple[FakeTransport, list[bytes]]:
    """What is written when so many messages are published in one turn of the loop, then one acknowledged."""
    rig, sent = None, [f"{number:05}".encode() + bytes(size) for number in range(count)]

    async def inside() -> None:
        nonlocal rig
        rig = Rig()
        sending = (rig.link.publish("a/b", payload, 0, retain=False) for payload in sent)
        await asyncio.gather(*sending)
        await asyncio.sleep(0)
        rig.link.ack([7])

    asyncio.run(inside())
    assert rig is not None
    expected = [mqtt5.PublishPacket("a/b", payload).write() for payload in sent]
    return rig.transport, [*expected, mqtt5.PubAckPacket(7).write()]


def test_what_is_published_in_one_turn_is_written_together_in_its_order() -> None:
    transport, expected = published_together(50, 40)
    assert bytes(transport.written) == b"".join(expected)
    assert transport.writes == 2, "the messages, and the acknowledgement"


def test_many_bytes_do_not_wait_for_the_end_of_the_turn_so_that_back_pressure_is_felt() -> None:
    transport, expected = published_together(100, 4_000)
    assert bytes(transport.written) == b"".join(expected)
    assert transport.writes > 20


def test_an_acknowledgement_does_not_overtake_what_was_published_before_it() -> None:
    def scenario(rig: Rig) -> None:
        packet = mqtt5.PublishPacket("a/b", b"x")
        rig.link._send(packet)
        rig.link.ack([7])
        assert bytes(rig.transport.written) == packet.write() + mqtt5.PubAckPacket(7).write()

    with_rig(scenario)
