"""What is done after each answer: done, split, hold, later. Without a server."""

import asyncio

import pytest

from gateway.export.influx.forward.delivery import deliver
from gateway.export.influx.lines import InfluxLine
from gateway.export.influx.responses import ServerAnswer, Verdict, describe, judge
from gateway.export.influx.server import QueryError, _tables
from gateway.following import retry
from gateway.following.errors import ForwardingHaltedError, RetryLaterError


@pytest.mark.parametrize(
    ("status", "text", "verdict"),
    [
        (204, "", Verdict.DONE),
        (200, "{}", Verdict.HOLD),
        (400, "unable to parse", Verdict.SPLIT),
        (400, '{"error":"partial write: points beyond retention policy dropped=3"}', Verdict.DONE),
        (400, '{"error":"partial write: field type conflict dropped=3"}', Verdict.SPLIT),
        (422, "conflict", Verdict.SPLIT),
        (413, "", Verdict.SPLIT),
        (401, "", Verdict.HOLD),
        (403, "", Verdict.HOLD),
        (404, "", Verdict.HOLD),
        (302, "", Verdict.HOLD),
        (408, "", Verdict.LATER),
        (429, "", Verdict.LATER),
        (500, "", Verdict.LATER),
        (503, "", Verdict.LATER),
        (0, "TimeoutError", Verdict.LATER),
    ],
)
def test_each_answer_has_one_verdict(status: int, text: str, verdict: Verdict) -> None:
    assert judge(ServerAnswer(status, text)) is verdict


def test_the_message_is_taken_out_of_the_json_of_an_answer() -> None:
    assert (
        describe(ServerAnswer(401, '{"error":"authorization failed"}'))
        == "401 authorization failed"
    )
    assert describe(ServerAnswer(502, "<html>\n bad ")) == "502 <html> bad"
    assert describe(ServerAnswer(0, "TimeoutError")) == "TimeoutError"


def test_halving_finds_every_bad_line_and_no_other() -> None:
    bad, written = {3, 77, 78, 4_999}, []

    async def write(body: bytes) -> ServerAnswer:
        numbers = [int(n) for n in body.decode().split("\n")]
        if bad & set(numbers):
            return ServerAnswer(400, "bad")
        written.extend(numbers)
        return ServerAnswer(204)

    lines = [InfluxLine(("event", n), str(n)) for n in range(5_000)]
    refused = asyncio.run(deliver(write, lines))
    assert {int(one.line.text) for one in refused} == bad
    assert sorted(written) == sorted(set(range(5_000)) - bad)


@pytest.mark.parametrize(("status", "kind"), [(401, ForwardingHaltedError), (503, RetryLaterError)])
def test_a_batch_that_cannot_be_sent_now_raises_the_reason(
    status: int, kind: type[Exception]
) -> None:
    async def write(_: bytes) -> ServerAnswer:
        return ServerAnswer(status, '{"error":"why"}')

    with pytest.raises(kind, match=f"{status} why"):
        asyncio.run(deliver(write, [InfluxLine(("event", 1), "x")]))


def test_an_error_inside_a_200_is_an_error() -> None:
    with pytest.raises(QueryError, match="database not found: x"):
        _tables('{"results":[{"statement_id":0,"error":"database not found: x"}]}')
    with pytest.raises(QueryError, match="not InfluxDB's JSON"):
        _tables("<html>")


def test_the_wait_grows_with_failures_and_is_at_least_what_the_server_asked() -> None:
    waits = [retry.wait_s(n, None, 0.999) for n in (1, 2, 3, 50)]
    assert waits == sorted(waits)
    assert waits[-1] <= retry.LONGEST_RETRY_S
    assert retry.wait_s(1, 90.0, 0.0) == 90.0
