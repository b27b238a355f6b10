"""Data about the broker that outlives restarts, and the windows of possibly missing messages. PURE.

Owns the decisions: when the broker did not keep our session, and how many messages it has dropped since
the last look. Must not store, read a clock or alert (`gaps`).
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from gateway.domain.epoch import from_ms, ms

MAX_WINDOWS = 20  # windows
JOIN_WITHIN = timedelta(minutes=10)  # windows of one cause this close to each other become one
UPTIME_SLACK = timedelta(seconds=30)  # the broker publishes its uptime every 10 s


class LossCause(StrEnum):
    """Why messages may be missing."""

    FORGOTTEN = "forgotten"  # the broker did not keep our session, or another program read from it
    DROPPED = "dropped"  # the broker counted dropped messages


class LossWindow(Struct, frozen=True):
    """A period in which messages may be missing; `count`: how many the broker dropped."""

    why: LossCause
    start_ms: int
    end_ms: int
    count: float = 0


class BrokerMemory(Struct, frozen=True, omit_defaults=True):
    """What outlives a restart. `heard_ms`: when the broker last sent something, saved now and then."""

    heard_ms: int = 0  # 0: never connected
    connecting: bool = False  # an attempt was made whose result is not saved yet
    dropped: float | None = None  # the broker's count of dropped messages, None: never received,
    dropped_ms: int = 0  # and when it was received
    windows: tuple[LossWindow, ...] = ()


def decode(text: str | None) -> BrokerMemory:
    """The saved memory; an empty one if there is none or it cannot be read."""
    try:
        return msgspec.json.decode(text or "{}", type=BrokerMemory)
    except msgspec.MsgspecError:
        return BrokerMemory()


def encode(memory: BrokerMemory) -> str:
    """As text for the settings table."""
    return msgspec.json.encode(memory).decode()


def connected(memory: BrokerMemory, at: datetime, gap: LossWindow | None) -> BrokerMemory:
    """After a connection; `gap`: the period in which messages may have been lost."""
    windows = joined(memory.windows, gap) if gap else memory.windows
    return msgspec.structs.replace(
        memory, heard_ms=max(memory.heard_ms, ms(at)), connecting=False, windows=windows
    )


def counted(
    memory: BrokerMemory, value: float, at: datetime, window: LossWindow | None
) -> BrokerMemory:
    """After the broker's count of dropped messages; `window`: those that are new."""
    windows = joined(memory.windows, window) if window else memory.windows
    return msgspec.structs.replace(memory, dropped=value, dropped_ms=ms(at), windows=windows)


def lost_since(
    memory: BrokerMemory, value: float, started: datetime | None, *, kept_session: bool
) -> float:
    """Messages dropped since the last count.

    At the first count ever they may be ours only if the broker had kept our session: a gateway that was set
    up anew under its old name, or that was ended before it heard a count. A restarted broker counts from 0.
    `started`: when it started, if known.
    """
    if memory.dropped is None:
        return value if kept_session else 0
    is_new = started is not None and started - UPTIME_SLACK > from_ms(memory.dropped_ms)
    return value if is_new or value < memory.dropped else value - memory.dropped


def joined(windows: tuple[LossWindow, ...], new: LossWindow) -> tuple[LossWindow, ...]:
    """`windows` plus `new`, newest last; a window close to one of the same cause extends it."""
    for place, old in enumerate(windows):
        close = new.start_ms - old.end_ms <= JOIN_WITHIN.total_seconds() * 1000
        if old.why is new.why and close:
            longer = LossWindow(
                new.why,
                min(old.start_ms, new.start_ms),
                max(old.end_ms, new.end_ms),
                old.count + new.count,
            )
            return (*windows[:place], *windows[place + 1 :], longer)
    return (*windows, new)[-MAX_WINDOWS:]
