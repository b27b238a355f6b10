"""Which detections of a species at one device count as independent events.

Owns the gap, the convention of camera trapping. Pure.
"""

INDEPENDENCE_MS = 30 * 60_000


def is_independent(at_ms: int, previous_ms: int | None, *, distinct: bool = False) -> bool:
    """Whether a detection begins an event of its own.

    `previous_ms`: the previous detection of the same species at the same device; `distinct`: the source
    itself says that it is another animal or visit.
    """
    return distinct or previous_ms is None or at_ms - previous_ms > INDEPENDENCE_MS
