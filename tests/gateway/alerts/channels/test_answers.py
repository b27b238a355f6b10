"""Providers' answers: only a positive answer of the provider itself counts as sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.channels import ChannelOptions, UndeliveredError, http_status
from gateway.alerts.channels.http_status import judge
from tests.gateway.alerts.channels.notifications import TO, line, ntfy, send
from tests.gateway.alerts.channels.provider import (
    BROKEN,
    FULL,
    HANG,
    OK,
    PAGE,
    PORTAL,
    WRONG,
    Answer,
)
from tests.gateway.alerts.channels.test_retry_after import NOW


def test_lines_answer_that_it_was_accepted_before_counts_as_sent() -> None:
    assert line((409, {}, b'{"message":"The retry key is already accepted"}'))[0] == (
        "accepted before"
    )


@pytest.mark.parametrize("send_by", [line, ntfy])
@pytest.mark.parametrize(
    ("answer", "permanent", "wait_s"),
    [(PORTAL, False, 0), (PAGE, False, 0), (FULL, False, 7), (BROKEN, False, 0), (WRONG, True, 0)],
)
def test_only_a_positive_answer_of_the_provider_counts_as_sent(
    send_by: Any, answer: Answer, permanent: bool, wait_s: float
) -> None:
    failure, calls = send_by(answer)
    assert isinstance(failure, UndeliveredError)
    assert (failure.permanent, failure.retry_after_s) == (permanent, wait_s)
    assert len(calls) == 1, "a redirect was followed, or Apprise repeated by itself"


def answer_with(body: str) -> Answer:
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
        failure, _ = send_by(answer_with(body))
        assert isinstance(failure, UndeliveredError), send_by
        assert not failure.permanent


@pytest.mark.parametrize("body", SUCCESSES)
def test_a_200_whose_body_names_no_failure_counts_as_sent(body: str) -> None:
    assert ntfy(answer_with(body))[0] == "accepted"


def test_control_without_reading_the_body_a_refusal_counts_as_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_status, "says_no", lambda _: False)
    assert ntfy(answer_with(FAILURES[0]))[0] == "accepted"


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
    failure, _ = line(answer_with(body))
    assert isinstance(failure, UndeliveredError)


@pytest.mark.parametrize(
    "body", ["{}", '{"sentMessages":[{"id":"461230966842064897","quoteToken":"IStG5h1T"}]}']
)
def test_lines_own_positive_answer_counts(body: str) -> None:
    assert str(line(answer_with(body))[0]).startswith("accepted")


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


def test_a_forbidden_is_tried_again_because_a_token_can_be_mended() -> None:
    with pytest.raises(UndeliveredError) as failure:
        judge(401, {}, b"", NOW)
    assert not failure.value.permanent
