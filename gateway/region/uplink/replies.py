"""Decides from the region's answer what to do with the block that was sent. PURE.

Owns the table of statuses. Only a 200 with a region's answer counts as taken, because a captive portal
answers 200 too.
"""

from enum import StrEnum

from msgspec import Struct

from gateway.region.protocol import Answer, BadBlockError, Trouble, decode_answer

MAX_DETAIL = 300  # characters of an answer


class RegionVerdict(StrEnum):
    """What to do after one request."""

    DONE = "done"
    GREET = "greet"  # ask what the region knows, and go on from there
    SPLIT = "split"  # one record is refused, or the block is too large: send halves
    HOLD = "hold"  # a person must correct something
    LATER = "later"  # busy, broken or unreachable: try again later


class Judged(Struct, frozen=True):
    """A verdict, with the answer (DONE, GREET) or the reason in words."""

    verdict: RegionVerdict
    answer: Answer = Answer()
    detail: str = ""


_BY_STATUS = {
    0: RegionVerdict.LATER,
    400: RegionVerdict.SPLIT,
    408: RegionVerdict.LATER,
    413: RegionVerdict.SPLIT,
    422: RegionVerdict.SPLIT,
    425: RegionVerdict.LATER,
    429: RegionVerdict.LATER,
}


def judge(status: int, body: bytes, text: str = "") -> Judged:
    """What to do after one request; `text`: why there was no answer."""
    try:
        answer = decode_answer(body, Answer)
    except BadBlockError:
        answer = None
    detail = describe(status, answer, text or body.decode("utf-8", "replace"))
    if status == 200:
        if answer is None or answer.error:
            return Judged(RegionVerdict.LATER, detail=f"not a region: {detail}")
        return Judged(RegionVerdict.DONE, answer)
    if status == 409 and answer is not None:
        if answer.error == Trouble.GAP:
            return Judged(RegionVerdict.GREET, answer, detail)
        return Judged(RegionVerdict.HOLD, answer, detail)
    verdict = _BY_STATUS.get(status)
    if verdict is None:
        verdict = RegionVerdict.LATER if status >= 500 else RegionVerdict.HOLD
    return Judged(verdict, detail=detail)


def describe(status: int, answer: Answer | None, text: str) -> str:
    """The answer as one line."""
    if answer is not None and answer.error:
        text = f"{answer.error}: {answer.detail}" if answer.detail else answer.error
    text = " ".join(text.split())[:MAX_DETAIL]
    return f"{status} {text}".strip() if status else text
