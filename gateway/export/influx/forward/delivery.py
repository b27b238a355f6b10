"""Writes one batch of lines and finds the single points that the server refuses.

Owns halving of refused batches. Must not wait, store anything or move the cursor: it returns the refused
points or raises why nothing more can be sent now. Lines may be sent twice: a repeated point is the same.
"""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from gateway.export.influx.lines import InfluxLine
from gateway.export.influx.responses import ServerAnswer, Verdict, describe, judge
from gateway.following.errors import ForwardingHaltedError, RetryLaterError

Write = Callable[[bytes], Awaitable[ServerAnswer]]


class RefusedPoint(Struct, frozen=True):
    """One point that the server will never accept as it is."""

    line: InfluxLine
    detail: str


def body_of(lines: Sequence[InfluxLine]) -> bytes:
    """The lines as the body of a write."""
    return "\n".join([line.text for line in lines]).encode()


async def deliver(
    write: Write, lines: Sequence[InfluxLine], body: bytes = b""
) -> list[RefusedPoint]:
    """Send `lines` (`body`: the same as bytes); on return all except the refused points are written.

    Raises ForwardingHaltedError if a person must act, RetryLaterError if the server is busy or away.
    """
    refused: list[RefusedPoint] = []
    parts = [lines] if lines else []
    while parts:
        part = parts.pop()
        answer = await write(body if part is lines and body else body_of(part))
        match judge(answer):
            case Verdict.DONE:
                continue
            case Verdict.SPLIT if len(part) > 1:
                parts += (part[len(part) // 2 :], part[: len(part) // 2])
            case Verdict.SPLIT:
                refused.append(RefusedPoint(part[0], describe(answer)))
            case Verdict.HOLD:
                raise ForwardingHaltedError(describe(answer))
            case Verdict.LATER:
                raise RetryLaterError(describe(answer), answer.retry_after_s)
    return refused
