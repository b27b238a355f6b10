"""When something was done, from the times of a phone whose clock may be wrong. PURE.

Owns the correction of a phone's time. Must not read a clock.

A phone sends its own time three times: when it got the page, when the act was done and when it sends.
The gateway knows its own time of the first and of the last. So there are two estimates of the same
moment: counted from the page on, and counted back from the sending. They agree unless the phone's clock
was set in between, as it is when a phone finds its network again. Then the estimate counts that lies
between the page and now; where both do, the one counted back from the sending.
"""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

SMALL = timedelta(minutes=2)  # a difference that a slow line explains; the phone's time stays
OLDEST = timedelta(days=400)


class PhoneTimes(Struct, frozen=True):
    """What a phone says of one act. All UTC."""

    done: datetime  # by the phone's clock
    sent: datetime  # by the phone's clock
    page: datetime | None = None  # the gateway's time of the page that the person saw
    page_phone: datetime | None = None  # the phone's clock when it got that page


class TrueTime(Struct, frozen=True):
    """When it was done; `told`: the time of the phone's clock, if it was corrected."""

    at: datetime
    told: datetime | None = None


def true_time(times: PhoneTimes, now: datetime) -> TrueTime:
    """The time of an act by the gateway's clock, never later than `now`."""
    page = times.page if times.page is not None and times.page <= now + SMALL else None
    back = moved(times.done, now, times.sent)
    forth = moved(times.done, page, times.page_phone) if page and times.page_phone else None
    estimates = [one for one in (back, forth) if one is not None]
    possible = [one for one in estimates if _is_between(one, page, now)]
    if (
        not possible
    ):  # the clock was set more than once: no later than now, no earlier than the page
        near = min(max(back or now, page or now - OLDEST), now)
        return TrueTime(near, times.done)
    at = min(possible[0], now)
    if abs(at - times.done) <= SMALL:
        return TrueTime(min(times.done, now))
    return TrueTime(at, times.done)


def moved(done: datetime, ours: datetime, theirs: datetime) -> datetime | None:
    """`done` by our clock, when our clock showed `ours` and theirs `theirs`; None: no such date."""
    try:
        return done.astimezone(UTC) + (ours - theirs)
    except OverflowError:
        return None


def _is_between(at: datetime, page: datetime | None, now: datetime) -> bool:
    earliest = page - SMALL if page else now - OLDEST
    return earliest <= at <= now + SMALL
