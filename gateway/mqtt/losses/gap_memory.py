"""What is remembered of the broker over restarts, and the windows in which messages may be missing. PURE.

Owns the decisions: when the broker has kept nothing for us, and how many messages it has dropped since we
last looked. Must not store, read a clock or alert (`gaps`).
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from gateway.domain.epoch import from_ms, ms

KEPT = 20  # windows
JOIN = timedelta(minutes=10)  # windows of one cause so close to each other are one
UPTIME_SLACK = timedelta(seconds=30)  # the broker tells its uptime every 10 s


class Why(StrEnum):
    """Why messages may be missing."""

    FORGOTTEN = "forgotten"  # the broker kept no session for us, or another program read from it
    DROPPED = "dropped"  # the broker counts messages that it had to throw away


class Window(Struct, frozen=True):
    """From when to when messages may be missing; `count` of those dropped, as the broker says."""

    why: Why
    start_ms: int
    end_ms: int
    count: float = 0


class Memory(Struct, frozen=True, omit_defaults=True):
    """What outlives a restart. `heard_ms`: when the broker was last heard, noted from time to time."""

    heard_ms: int = 0  # 0: never connected
    connecting: bool = False  # a connection was tried whose answer is not noted yet
    dropped: float | None = None  # the broker's count of dropped messages, None: never told,
    dropped_ms: int = 0  # and when it said so
    windows: tuple[Window, ...] = ()


def decode(text: str | None) -> Memory:
    """The memory as it was noted; an empty one where there is none or it cannot be read."""
    try:
        return msgspec.json.decode(text or "{}", type=Memory)
    except msgspec.MsgspecError:
        return Memory()


def encode(memory: Memory) -> str:
    """As text for the settings table."""
    return msgspec.json.encode(memory).decode()


def connected(memory: Memory, at: datetime, gap: Window | None) -> Memory:
    """A connection came about; `gap`: in which messages may have gone elsewhere."""
    windows = joined(memory.windows, gap) if gap else memory.windows
    return msgspec.structs.replace(
        memory, heard_ms=max(memory.heard_ms, ms(at)), connecting=False, windows=windows
    )


def counted(memory: Memory, value: float, at: datetime, lost: float) -> Memory:
    """The broker says how many messages it has dropped; `lost` of them since the last look."""
    windows = memory.windows
    if lost > 0:
        windows = joined(windows, Window(Why.DROPPED, memory.dropped_ms, ms(at), lost))
    return msgspec.structs.replace(memory, dropped=value, dropped_ms=ms(at), windows=windows)


def lost_since(memory: Memory, value: float, started: datetime | None) -> float:
    """Messages dropped since the last look; what was lost before the first one is no news.

    A broker that was restarted counts from 0. `started`: when, as far as it says.
    """
    if memory.dropped is None:
        return 0
    is_new = started is not None and started - UPTIME_SLACK > from_ms(memory.dropped_ms)
    return value if is_new or value < memory.dropped else value - memory.dropped


def joined(windows: tuple[Window, ...], new: Window) -> tuple[Window, ...]:
    """With one window more, the newest last; one that follows its like closely lengthens it."""
    for place, old in enumerate(windows):
        close = new.start_ms - old.end_ms <= JOIN.total_seconds() * 1000
        if old.why is new.why and close:
            longer = Window(
                new.why,
                min(old.start_ms, new.start_ms),
                max(old.end_ms, new.end_ms),
                old.count + new.count,
            )
            return (*windows[:place], *windows[place + 1 :], longer)
    return (*windows, new)[-KEPT:]
