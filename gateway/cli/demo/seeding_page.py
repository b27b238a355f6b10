"""What a demo's map address shows while its year is made: how far it is, and the finished months.

Owns this one page. Must not answer once less than a day is missing: then the live map does, as everywhere.
"""

from datetime import date, datetime, timedelta

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from dashboard.web.responses import Reply
from gateway.clock import Clock
from gateway.domain.epoch import DAY_MS, day_number
from gateway.store import Reader, Store
from gateway.store.rollups.periods import Sums

SPECIES = ("boar", "deer")
PAGES = ("/", "/traps")  # they would show traps as unknown: their last messages are of months ago
LEAST_MISSING = timedelta(days=1)  # hours are caught up before anybody has read the page


class Month(Struct, frozen=True):
    """One finished month: its first day, independent detections by species, and camera-days."""

    first: date
    detections: tuple[int, ...]
    days: float


class SeedingPage:
    """The page; `reached` is the moment up to which the year is made, None when it is whole."""

    def __init__(self, store: Store, reply: Reply, history: timedelta, clock: Clock) -> None:
        self._store, self._reply, self._history, self._clock = store, reply, history, clock
        self.reached: datetime | None = None

    def routes(self) -> tuple[Route, ...]:
        """The routes at the map and the list of traps; they match only while days of the past are missing."""
        return tuple(_WhileSeeding(path, self._show, self) for path in PAGES)

    def is_needed(self) -> bool:
        """Whether so much of the past is missing that the map would mislead."""
        return self.reached is not None and self._clock() - self.reached >= LEAST_MISSING

    async def _show(self, request: Request) -> Response:
        now = self._clock()
        reached = (self.reached or now).astimezone(self._reply.zone)
        months = await self._store.read(
            lambda reader: finished_months(reader, (now - self._history).date(), reached.date())
        )
        left = (now - reached) / self._history
        return self._reply.page(
            request,
            "demo_seeding.html",
            now,
            account=request.state.account,
            months=months,
            species=SPECIES,
            reached=reached,
            percent=max(0, min(99, round(100 * (1 - left)))),
        )


class _WhileSeeding(Route):
    def __init__(self, path: str, endpoint: object, page: SeedingPage) -> None:
        super().__init__(path, endpoint)  # type: ignore[arg-type]  # a coroutine function
        self._page = page

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """No match once the page is not needed, so that the next route answers."""
        return super().matches(scope) if self._page.is_needed() else (Match.NONE, {})


def finished_months(reader: Reader, begin: date, reached: date) -> list[Month]:
    """The whole months between two local days, the newest first."""
    found: list[Month] = []
    stop = reached.replace(day=1)
    while (first := (stop - timedelta(days=1)).replace(day=1)) >= begin:
        found.append(_month(reader, first, stop))
        stop = first
    return found


def _month(reader: Reader, first: date, stop: date) -> Month:
    days = day_number(first), day_number(stop)
    by_species = [reader.period_reads.sums(*days, species) for species in SPECIES]
    return Month(first, tuple(map(_detections, by_species)), _camera_days(by_species[0]))


def _detections(sums: list[Sums]) -> int:
    return sum(one.independent for one in sums)


def _camera_days(sums: list[Sums]) -> float:
    return sum(one.alive_ms for one in sums) / DAY_MS
