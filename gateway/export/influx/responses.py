"""Decides from the server's answer what to do with the lines that were sent. PURE.

Owns the table of HTTP statuses. Only 204 counts as written, because a captive portal answers 200. A
point that the server refuses for good is set aside alone; everything else waits in the journal.
"""

import re
from enum import StrEnum

import msgspec
from msgspec import Struct

MAX_DETAIL = 300  # characters of an answer


class Verdict(StrEnum):
    """What to do with the lines that were sent."""

    DONE = "done"
    SPLIT = "split"  # send two halves: one point is bad, or the request is too large
    HOLD = "hold"  # wrong token, database or address: a person must correct it
    LATER = "later"  # busy, broken or unreachable: try again later


class ServerAnswer(Struct, frozen=True):
    """A server's answer. `status` 0: no answer, `text` says why."""

    status: int
    text: str = ""
    retry_after_s: float | None = None


_BY_STATUS = {
    0: Verdict.LATER,
    204: Verdict.DONE,
    400: Verdict.SPLIT,
    408: Verdict.LATER,
    413: Verdict.SPLIT,
    422: Verdict.SPLIT,
    425: Verdict.LATER,
    429: Verdict.LATER,
}
# Everything was written except points older than the retention policy, as its owner wants.
_EXPIRED = re.compile(r"partial write: points beyond retention policy dropped=\d+")


def judge(answer: ServerAnswer) -> Verdict:
    """What to do after one write."""
    if answer.status in {400, 422} and _EXPIRED.search(answer.text):
        return Verdict.DONE
    if verdict := _BY_STATUS.get(answer.status):
        return verdict
    return Verdict.LATER if answer.status >= 500 else Verdict.HOLD


def describe(answer: ServerAnswer) -> str:
    """The answer as one line of text; the message is taken out of InfluxDB's JSON."""
    text = answer.text
    try:
        values = msgspec.json.decode(text)
        text = str(values.get("error") or values.get("message") or text)
    except (msgspec.DecodeError, AttributeError):
        pass
    text = " ".join(text.split())[:MAX_DETAIL]
    return f"{answer.status} {text}".strip() if answer.status else text
