"""One batch of lines to the server, down to the single bad point.

Owns halving and its end. Must not wait, remember or move the cursor: it returns what was refused, or
raises why nothing more can be sent now. Everything may be sent twice: a repeated point is the same.
"""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from gateway.domain.errors import BadConfigurationError, UnreachableError
from gateway.export.influx.lines import InfluxLine
from gateway.export.influx.responses import ServerAnswer, Verdict, judge, say

Write = Callable[[bytes], Awaitable[ServerAnswer]]


class ForwardingHaltedError(BadConfigurationError):
    """The server wants a person: wrong token, no such database, not an InfluxDB."""


class RetryLaterError(UnreachableError):
    """The server cannot take it now."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class RefusedPoint(Struct, frozen=True):
    """One point that the server will never take as it is."""

    line: InfluxLine
    detail: str


def body_of(lines: Sequence[InfluxLine]) -> bytes:
    """Lines as the body of a write."""
    return "\n".join([line.text for line in lines]).encode()


async def deliver(
    write: Write, lines: Sequence[InfluxLine], body: bytes = b""
) -> list[RefusedPoint]:
    """Send `lines` (`body`: the same, made before); when this returns, all but the refused are written."""
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
                refused.append(RefusedPoint(part[0], say(answer)))
            case Verdict.HOLD:
                raise ForwardingHaltedError(say(answer))
            case Verdict.LATER:
                raise RetryLaterError(say(answer), answer.retry_after_s)
    return refused
