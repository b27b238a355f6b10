"""What an answer of the server means for what was sent. PURE.

Owns the table of statuses. The rule behind it: only 204 counts as written (a captive portal answers
200), what the server refuses for good costs exactly that point, and all else waits in the journal.
"""

import re
from enum import StrEnum

import msgspec
from msgspec import Struct

SHOWN = 300  # characters of an answer that are kept


class Verdict(StrEnum):
    """What to do with what was sent."""

    DONE = "done"
    SPLIT = "split"  # halve it: one of them is bad, or all together are too much
    HOLD = "hold"  # wrong token, database or address: a person must act
    LATER = "later"  # busy, broken or out of reach: try again, the journal waits


class ServerAnswer(Struct, frozen=True):
    """A server's answer. `status` 0: there was none, `text` says why."""

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
# Written but for points older than the server keeps, which is what its owner asked for.
_EXPIRED = re.compile(r"partial write: points beyond retention policy dropped=\d+")


def judge(answer: ServerAnswer) -> Verdict:
    """The verdict on one write."""
    if answer.status in {400, 422} and _EXPIRED.search(answer.text):
        return Verdict.DONE
    if verdict := _BY_STATUS.get(answer.status):
        return verdict
    return Verdict.LATER if answer.status >= 500 else Verdict.HOLD


def say(answer: ServerAnswer) -> str:
    """The answer in one line for a person; InfluxDB's JSON is unwrapped."""
    text = answer.text
    try:
        values = msgspec.json.decode(text)
        text = str(values.get("error") or values.get("message") or text)
    except (msgspec.DecodeError, AttributeError):
        pass
    text = " ".join(text.split())[:SHOWN]
    return f"{answer.status} {text}".strip() if answer.status else text
