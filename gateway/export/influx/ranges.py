"""Decides which part of the journal is sent next. PURE.

Owns the arithmetic of spans (after, up to], sorted and not touching. New events go first: after an
outage the newest batch is sent at once, and the gap behind it is filled from its oldest number.
"""

from collections.abc import Sequence

from gateway.store.followers.follower import JournalSpan

MAX_SPANS = 32  # spans; with so many nothing is sent ahead of older numbers


def add(done: Sequence[JournalSpan], new: JournalSpan) -> list[JournalSpan]:
    """`done` plus `new`; spans that touch are joined."""
    spans: list[JournalSpan] = []
    for after, upto in sorted([*done, new]):
        if after >= upto:
            continue
        if spans and after <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], upto))
        else:
            spans.append((after, upto))
    return spans


def next_new(done: Sequence[JournalSpan], head: int, batch: int) -> JournalSpan | None:
    """The newest numbers not yet sent, at most `batch`; None if `head` is sent."""
    top = done[-1][1] if done else 0
    if top >= head:
        return None
    if head - top <= batch or len(done) >= MAX_SPANS:
        return (top, min(head, top + batch))
    return (head - batch, head)


def backlog(done: Sequence[JournalSpan]) -> JournalSpan | None:
    """The oldest gap below the numbers sent; None if there is no gap."""
    after = 0
    for start, upto in done:
        if start > after:
            return (after, start)
        after = upto
    return None


def missing(done: Sequence[JournalSpan], head: int) -> int:
    """How many numbers up to `head` are not sent."""
    return max(0, head - sum(upto - after for after, upto in done))
