"""Decides from an HTTP answer: accepted, try again, or permanently refused. PURE.

Owns the reading of status, Retry-After and body. A redirect or a web page in place of a provider's answer
comes from a captive portal: nothing was sent. The same holds if the provider answers 200 with a body that
reports a failure. Any other body means accepted.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_tz
from typing import Any

import msgspec

from gateway.alerts.channels import UndeliveredError

PERMANENT = {400, 404, 405, 410, 413, 422}  # the request itself is wrong
MAX_WAIT_S = 6 * 3600.0
SECONDS = re.compile(r"\d+(\.\d*)?([eE]\d{1,3})?\Z", re.ASCII)

# How bodies report a failure: keys, and the values that mean failure.
FALSE_SAYS_NO = ("ok", "success", "delivered", "sent")
ANYTHING_SAYS_NO = ("error", "errors", "errcode", "error_code", "errorcode")  # but nothing, 0, ""
STATUS = ("status", "status_code", "statuscode", "http", "code")  # 400 and more, as in HTTP
HTTP_ERRORS = range(400, 600)
FAILED = {"error", "fail", "failed", "failure", "rejected", "denied", "unauthorized"}


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raise UndeliveredError unless the provider accepted the message."""
    if 300 <= status < 400:
        raise UndeliveredError(f"{status}: redirected, as by a captive portal")
    if status == 429 or status >= 500:
        wait_s = retry_after_s(headers.get("Retry-After", ""), now)
        raise UndeliveredError(f"{status}", retry_after_s=wait_s)
    if status >= 400:
        raise UndeliveredError(f"{status}: {_excerpt(body)}", permanent=status in PERMANENT)
    if is_page(body):
        raise UndeliveredError(
            f"{status}: a web page instead of an answer, as from a captive portal"
        )
    if says_no(body):
        raise UndeliveredError(f"{status}, but: {_excerpt(body)}")


def retry_after_s(value: str, now: datetime) -> float:
    """Seconds of a Retry-After header, given as seconds or as a date; 0 without one."""
    value = value.strip()
    if SECONDS.match(value):
        wait_s = float(value)
    elif date := http_date(value):
        wait_s = (date - now).total_seconds()
    else:
        return 0.0
    return min(max(wait_s, 0.0), MAX_WAIT_S)


def http_date(value: str) -> datetime | None:
    """A date in one of the three forms of HTTP (RFC 9110, 5.6.7), in UTC; None for other text."""
    parts = parsedate_tz(value)
    if parts is None:
        return None
    try:
        stated = datetime(*parts[:6], tzinfo=UTC)
        return datetime.fromtimestamp(stated.timestamp() - (parts[9] or 0), UTC)
    except (ValueError, OverflowError):
        return None


def says_no(body: bytes) -> bool:
    """Whether a body is a JSON object that reports a failure."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    said = {key.lower(): value for key, value in answer.items()}
    return (
        any(said.get(key) is False for key in FALSE_SAYS_NO)
        or any(said.get(key) not in (None, False, 0, "", "0", [], {}) for key in ANYTHING_SAYS_NO)
        or any(_is_http_error(said.get(key)) for key in STATUS)
        or str(said.get("status")).lower() in FAILED
    )


def _is_http_error(value: object) -> bool:
    return isinstance(value, int) and value in HTTP_ERRORS


def is_page(body: bytes) -> bool:
    """Whether a body is an HTML page."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _excerpt(body: bytes) -> str:
    return body[:120].decode("utf-8", "replace").replace("\n", " ")
