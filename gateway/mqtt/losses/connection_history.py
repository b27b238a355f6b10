"""How the connections of one session began and ended, and what that says about the client id.

Owns the signs of another program with our client id and of an unstable line, with their thresholds.
Must not connect, log or alert; times are given by the caller.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from gateway.mqtt.link import Cause

# Thresholds. Another program with our client id is told of for RECENT after its last sign.
RECENT = timedelta(minutes=10)
SHORT = timedelta(seconds=20)  # a connection that the broker ended so soon after it began
SHORT_CONNECTIONS = 3  # so many short ones, each followed by a connection at the first attempt
CONNECTIONS_PER_HOUR = 12  # more of them are an unstable line, or a slow fight for the session
HOUR = timedelta(hours=1)
SETTLE = timedelta(
    seconds=5
)  # the broker's log may tell of a connection before its answer reaches us
ON_THE_WAY = timedelta(minutes=2)  # a line that stood still delivers an attempt that we gave up
_KEPT = 500  # times of each kind
_REMEDY = "give each program its own client id"


class ConnectionHistory:
    """Of one session, since the start of the program."""

    def __init__(self) -> None:
        self._opened = _times()
        self._failed = _times()
        self._is_trying = False
        self._lost = _times()  # open connections that the broker ended
        self._taken = _times()  # endings for which the broker gave another program as the reason
        self._short = _times()  # endings without a reason that look the same
        self._logged = _times()  # connections under our client id, by the broker's own log
        self._listens_since: datetime | None = None  # the broker's log reaches us
        self._ended_short: datetime | None = None  # not yet followed by another connection

    @property
    def opened_at(self) -> datetime | None:
        """When the newest connection began."""
        return self._opened[-1] if self._opened else None

    def attempted(self) -> None:
        """We try to connect."""
        self._is_trying = True

    def opened(self, at: datetime) -> None:
        """The broker has accepted us."""
        if self._ended_short:
            self._short.append(self._ended_short)
            self._ended_short = None
        self._is_trying = False
        self._opened.append(at)

    def ended(self, at: datetime, cause: Cause, *, was_open: bool) -> None:
        """A connection has ended, or an attempt has failed."""
        self._ended_short, self._is_trying = None, False
        if was_open and cause is not Cause.OTHER:
            self._lost.append(at)
        if not was_open:
            self._failed.append(at)
        elif cause is Cause.TAKEN_OVER:
            self._taken.append(at)
        elif cause is Cause.HUNG_UP and at - self._opened[-1] < SHORT:
            self._ended_short = at

    def listens(self, at: datetime) -> None:
        """From now on the broker's log reaches us."""
        self._listens_since = at
        self._logged.clear()

    def logged(self, at: datetime) -> None:
        """The broker's log tells of a connection under our client id."""
        self._logged.append(at)

    def taken_since(self, now: datetime) -> datetime | None:
        """Since when another program may have read our messages; None when nothing speaks for it."""
        if not self._is_certain(now) and not self._is_likely(now):
            return None
        return min([at for at in self._lost if at >= now - RECENT], default=None)

    def sign(self, now: datetime, client_id: str) -> str:
        """What is wrong with our connections, in words for the person who has to mend it, or ""."""
        since = now - RECENT
        number = max(_count(self._opened, since), _count(self._logged, since))
        lately = f"{number} connections in {RECENT.seconds // 60} min"
        if self._is_certain(now):
            return f"mqtt.client_id used twice: {client_id!r}, {lately}; {_REMEDY}"
        if self._is_likely(now):
            ended = "the broker ends each of them at once"
            return f"mqtt.client_id used twice? {client_id!r}, {lately}, {ended}; {_REMEDY}"
        if (number := _count(self._opened, now - HOUR)) > CONNECTIONS_PER_HOUR:
            return (
                f"{number} connections in an hour: the line is unstable, or another program uses "
                f"mqtt.client_id {client_id!r}"
            )
        return ""

    def _is_certain(self, now: datetime) -> bool:
        return _count(self._taken, now - RECENT) > 0 or self._foreign(now) > 0

    def _is_likely(self, now: datetime) -> bool:
        return _count(self._short, now - RECENT) >= SHORT_CONNECTIONS

    def _foreign(self, now: datetime) -> int:
        """Connections under our client id that we have not made, as far as the broker's log tells."""
        if self._listens_since is None:
            return 0
        since = max(now - RECENT, self._listens_since)
        logged = sum(1 for at in self._logged if since <= at <= now - SETTLE)
        ours = _count(self._opened, since) + _count(self._failed, since - ON_THE_WAY)
        return max(0, logged - ours - self._is_trying)


def _times() -> deque[datetime]:
    return deque(maxlen=_KEPT)


def _count(times: Iterable[datetime], since: datetime) -> int:
    return sum(1 for at in times if at >= since)
