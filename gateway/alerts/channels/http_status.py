"""What an HTTP answer means: taken, try again, or never. PURE.

Owns the reading of status, Retry-After and bodies. A redirect or a web page instead of a provider's
answer is a captive portal's: nothing was sent.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.alerts.channels import UndeliveredError

NEVER = {400, 404, 405, 410, 413, 422}  # the request itself is wrong: it will be wrong again
LONGEST_WAIT_S = 6 * 3600.0


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Raise Undelivered unless the answer is the provider's yes."""
    if 300 <= status < 400:
        raise UndeliveredError(f"{status}: redirected, as by a captive portal")
    if status == 429 or status >= 500:
        wait_s = retry_after_s(headers.get("Retry-After", ""), now)
        raise UndeliveredError(f"{status}", retry_after_s=wait_s)
    if status >= 400:
        raise UndeliveredError(f"{status}: {_excerpt(body)}", permanent=status in NEVER)
    if is_page(body):
        raise UndeliveredError(
            f"{status}: a web page instead of an answer, as from a captive portal"
        )


def retry_after_s(value: str, now: datetime) -> float:
    """Seconds of a Retry-After header, given as seconds or as a date; 0 when it says nothing."""
    try:
        wait_s = float(value)
    except ValueError:
        try:
            wait_s = (parsedate_to_datetime(value).astimezone(UTC) - now).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return min(max(wait_s, 0.0), LONGEST_WAIT_S) if math.isfinite(wait_s) else 0.0


def is_page(body: bytes) -> bool:
    """Whether a body is an HTML page."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _excerpt(body: bytes) -> str:
    return body[:120].decode("utf-8", "replace").replace("\n", " ")
