"""Asks the region what it knows: how far a journal, and the counts of days.

Owns these two questions. Must not decide what follows.
"""

from gateway.following.errors import ForwardingHaltedError, RetryLaterError
from gateway.region.protocol import (
    Answer,
    BadBlockError,
    Digest,
    decode_answer,
    digest_path,
    uplink_path,
)
from gateway.region.uplink.connection import Connection, RegionReply
from gateway.region.uplink.replies import RegionVerdict, judge


async def ask_known(connection: Connection, town: str, journal: str) -> Answer:
    """What the region knows of a journal. Raises ForwardingHaltedError or RetryLaterError."""
    reply = await connection.get(uplink_path(town), journal=journal)
    judged = judge(reply.status, reply.body, reply.text)
    if judged.verdict is not RegionVerdict.DONE:
        raise failure(reply)
    return judged.answer


async def ask_digest(
    connection: Connection, town: str, journal: str, days: range, after: int
) -> Digest:
    """The region's counts of days; of events those after a number. Raises as `ask_known`."""
    reply = await connection.get(
        digest_path(town), journal=journal, from_=days.start, to=days.stop, after=after
    )
    if reply.status == 200:
        try:
            return decode_answer(reply.body, Digest)
        except BadBlockError as error:
            raise RetryLaterError(f"not a region: {error}") from None
    raise failure(reply)


def failure(reply: RegionReply) -> ForwardingHaltedError | RetryLaterError:
    """The error of an answer that is none."""
    judged = judge(reply.status, reply.body, reply.text)
    if judged.verdict in {RegionVerdict.HOLD, RegionVerdict.SPLIT}:
        return ForwardingHaltedError(judged.detail)
    return RetryLaterError(judged.detail, reply.retry_after_s)
