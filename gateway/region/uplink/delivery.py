"""Sends one block and finds the single records that the region refuses.

Owns halving of refused blocks. Must not wait, store anything or move a cursor. A block may be sent twice: the
same record again changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from gateway.following.errors import ForwardingHaltedError, RetryLaterError
from gateway.region.protocol import RECORDS, Answer, Block, Lane, Trouble, encode_block
from gateway.region.uplink.connection import RegionReply
from gateway.region.uplink.replies import RegionVerdict, judge

log = logging.getLogger(__name__)

MOST_REFUSED = 20  # records of one block; with more a person must look before anything is sent
Post = Callable[[bytes], Awaitable[RegionReply]]


class LostRegionError(RetryLaterError):
    """The region knows less, or something else, than we thought: ask it, and go on from there."""


class SupersededError(ForwardingHaltedError):
    """Another gateway sends as this town, and began later."""


async def deliver(post: Post, block: Block) -> tuple[Answer, int]:
    """Send a block; gives the last answer and how many records the region refused for ever.

    Raises ForwardingHaltedError if a person must act, LostRegionError or another RetryLaterError if the
    region takes nothing now.
    """
    refused, last, parts = 0, Answer(), [block]
    while parts:
        part = parts.pop()
        reply = await post(encode_block(part))
        judged = judge(reply.status, reply.body, reply.text)
        match judged.verdict:
            case RegionVerdict.DONE:
                last = judged.answer
            case RegionVerdict.SPLIT if part.rows > 1:
                parts += reversed(halves(part))
            case RegionVerdict.SPLIT:
                refused += 1
                _set_aside(part, refused, judged.detail)
                if part.up_to:
                    parts.append(without_records(part))
            case RegionVerdict.GREET:
                raise LostRegionError(judged.detail)
            case RegionVerdict.HOLD if judged.answer.error == Trouble.SUPERSEDED:
                raise SupersededError(
                    f"{judged.detail}: another gateway sends as this town; end one of them, then "
                    "restart the other"
                )
            case RegionVerdict.HOLD:
                raise ForwardingHaltedError(judged.detail)
            case RegionVerdict.LATER:
                raise RetryLaterError(judged.detail, reply.retry_after_s)
    return last, refused


def halves(block: Block) -> list[Block]:
    """Two blocks that carry the same together, in the order of the journal. PURE."""
    if block.lane is Lane.JOURNAL:
        middle = len(block.events) // 2
        cut = block.events[middle - 1].no
        return [
            replace(block, events=block.events[:middle], up_to=cut),
            replace(block, events=block.events[middle:], after=cut),
        ]
    rows = [(name, row) for name in RECORDS for row in getattr(block, name)]
    middle = -(-len(rows) // 2) if block.town is None else len(rows) // 2
    first = replace(without_records(block), town=block.town, **_by_name(rows[:middle]))
    return [first, replace(without_records(block), **_by_name(rows[middle:]))]


def without_records(block: Block) -> Block:
    """The block with its span and nothing in it. PURE."""
    empty: dict[str, Any] = dict.fromkeys(RECORDS, ())
    return replace(block, **empty, town=None)


def _by_name(rows: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for name, row in rows:
        found.setdefault(name, []).append(row)
    return {name: tuple(several) for name, several in found.items()}


def _set_aside(block: Block, refused: int, detail: str) -> None:
    """Tell of a record that the region will not take. Raises ForwardingHaltedError if there are many."""
    kinds = ", ".join(name for name in (*RECORDS, "town") if getattr(block, name))
    if not block.rows:
        raise ForwardingHaltedError(f"the region refuses an empty block: {detail}")
    if refused > MOST_REFUSED:
        raise ForwardingHaltedError(
            f"more than {MOST_REFUSED} records of a block refused: {detail}"
        )
    log.error("the region refuses a record (%s), the others are sent: %s", kinds, detail)
