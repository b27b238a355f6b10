"""The connections of one session, and whether another program uses our client id.

Owns the signs of another program with our client id and of an unstable network, with their thresholds.
Must not connect, log or alert. The caller gives all times.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from gateway.mqtt.link import Cause

# Thresholds. Another program with our client id is reported for RECENT after its last sign.
RECENT = timedelta(minutes=10)
SHORT = timedelta(seconds=20)  # a connection that the broker ended within this time
SHORT_CONNECTIONS = 3  # short ones, each followed by a connection at the first attempt
CONNECTIONS_PER_HOUR = (
    12  # more: an unstable network, or another program takes over from time to time
)
ONE_HOUR = timedelta(hours=1)
SETTLE = timedelta(seconds=5)  # the broker's log may show a connection before its answer reaches us
LATE = timedelta(seconds=15)  # a line of the log comes so late where the machine is busy
ON_THE_WAY = timedelta(minutes=2)  # a stalled network may deliver an attempt that we gave up
_KEPT = 500  # times of each kind
_REMEDY = "give each program its own client id"


class ConnectionHistory:
    """The connections of one session since the start of the program."""

    def __init__(self) -> None:
        self._opened = _times()
        self._failed = _times()
        self._is_trying = False
        self._lost = _times()  # open connections that the broker ended
        self._taken = _times()  # ends for which the broker named a take-over
        self._short = _times()  # ends without a reason that look like a take-over
        self._logged = _times()  # connections with our client id in the broker's log
        self._listens_since: datetime | None = None  # log lines arrive
        self._ended_short: datetime | None = None  # a short connection, not yet followed by another

    @property
    def opened_at(self) -> datetime | None:
        """When the newest connection began."""
        return self._opened[-1] if self._opened else None

    def attempted(self) -> None:
        """An attempt to connect begins."""
        self._is_trying = True

    def opened(self, at: datetime) -> None:
        """The broker accepted a connection."""
        if self._ended_short:
            self._short.append(self._ended_short)
            self._ended_short = None
        self._is_trying = False
        self._opened.append(at)

    def ended(self, at: datetime, cause: Cause, *, was_open: bool) -> None:
        """A connection ended, or an attempt failed."""
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
        """Lines of the broker's log arrive from now on."""
        self._listens_since = at
        self._logged.clear()

    def logged(self, at: datetime) -> None:
        """The broker's log has a connection with our client id."""
        self._logged.append(at)

    def taken_since(self, now: datetime) -> datetime | None:
        """Since when another program may have read our messages; None if there is no sign of one."""
        if not self._is_certain(now) and not self._is_likely(now):
            return None
        return min([at for at in self._lost if at >= now - RECENT], default=None)

    def warning(self, now: datetime, client_id: str) -> str:
        """What is wrong with our connections, for the person who must correct it; "" if nothing."""
        since = now - RECENT
        number = max(_count(self._opened, since), _count(self._logged, since))
        lately = f"{number} connections in {RECENT.seconds // 60} min"
        if self._is_certain(now):
            return f"mqtt.client_id used twice: {client_id!r}, {lately}; {_REMEDY}"
        if self._is_likely(now):
            ended = "the broker ends each of them at once"
            return f"mqtt.client_id used twice? {client_id!r}, {lately}, {ended}; {_REMEDY}"
        if (number := _count(self._opened, now - ONE_HOUR)) > CONNECTIONS_PER_HOUR:
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
        """Connections with our client id in the broker's log that are not ours."""
        if self._listens_since is None:
            return 0
        since = max(now - RECENT, self._listens_since)
        logged = sum(1 for at in self._logged if since <= at <= now - SETTLE)
        ours = _count(self._opened, since) + _count(self._failed, since - ON_THE_WAY)
        return max(0, logged - ours - self._is_trying - self._came_late(since))

    def _came_late(self, since: datetime) -> bool:
        """Whether the first line is of our own connection, made just before the log was heard.

        Another program's connection would have ended ours.
        """
        if self._listens_since is None or not self._logged or (line := self._logged[0]) < since:
            return False
        early = [at for at in self._opened if line - LATE <= at < self._listens_since]
        return bool(early) and not any(early[-1] <= at <= line + LATE for at in self._lost)


def _times() -> deque[datetime]:
    return deque(maxlen=_KEPT)


def _count(times: Iterable[datetime], since: datetime) -> int:
    return sum(1 for at in times if at >= since)
