"""Which part of the journal the follower has, and what it hears next. PURE.

Owns the arithmetic of spans: sorted, apart, each (after, up to]. What is new goes first; after an
outage the newest batch is sent at once and leaves a gap, which is filled from its old end.
"""

from collections.abc import Sequence

from gateway.store.tables.replication import JournalSpan

MOST = 32  # spans that are remembered; beyond that nothing jumps ahead


def add(done: Sequence[JournalSpan], new: JournalSpan) -> list[JournalSpan]:
    """`done` with `new`, joined where they touch."""
    spans: list[JournalSpan] = []
    for after, upto in sorted([*done, new]):
        if after >= upto:
            continue
        if spans and after <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], upto))
        else:
            spans.append((after, upto))
    return spans


def live(done: Sequence[JournalSpan], head: int, batch: int) -> JournalSpan | None:
    """The newest numbers not yet sent, at most `batch`; None when `head` has been sent."""
    top = done[-1][1] if done else 0
    if top >= head:
        return None
    if head - top <= batch or len(done) >= MOST:
        return (top, min(head, top + batch))
    return (head - batch, head)


def backlog(done: Sequence[JournalSpan]) -> JournalSpan | None:
    """The oldest gap below what has been sent; None when there is none."""
    after = 0
    for start, upto in done:
        if start > after:
            return (after, start)
        after = upto
    return None


def missing(done: Sequence[JournalSpan], head: int) -> int:
    """How many numbers up to `head` have not been sent."""
    return max(0, head - sum(upto - after for after, upto in done))
