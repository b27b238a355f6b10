"""What a gateway's database says, as the plain values that are held against the truth.

Owns which pages' figures are read and how. Must not compare them. The figures are those of the
pages: the same functions compute them.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.analysis.intervals.between_sites import pooled
from dashboard.analysis.intervals.ratio import Ratio
from dashboard.analysis.rate import RateInterval
from dashboard.office import filters, periods
from dashboard.office.effect import comparison, facts
from dashboard.office.effect.question import Question
from dashboard.office.land_files import OfficeLand
from dashboard.office.map import drawing, overview
from dashboard.office.map.overview import MapInput
from dashboard.office.periods import LocalDays, Month
from dashboard.office.siting import planning
from dashboard.office.siting.proposals import Proposals
from firmware_sim.evaluation.record import (
    EffectLine,
    GatewayRecord,
    Interval,
    RateLine,
    SitingLine,
    SpotLine,
    StoredAlert,
    StoredCapture,
    StoredEvent,
)
from gateway.cli.evaluation.run import Looked
from gateway.domain.independence import INDEPENDENCE_MS
from gateway.domain.model import ActionKind, Alert
from gateway.store import Reader

STEP = 20_000
MOST_ALERTS = 1_000_000
SPECIES = ("boar", "deer")
YEAR = 12


def read(
    reader: Reader, looked: Looked, zone: ZoneInfo, begin: datetime, end: datetime
) -> GatewayRecord:
    """Read everything that is compared, as the pages show it at `end`."""
    months = _months(begin, end, zone)
    return GatewayRecord(
        events=list(_events(reader)),
        alerts=[_alert(one) for one in reader.latest_alerts(MOST_ALERTS)],
        shown=looked.shown,
        refused_acts=looked.refused_acts,
        captures=_captures(reader, begin, end),
        refused=dict(reader.refused()),
        rates=[line for month in months for line in _rates(reader, month, zone, end)],
        spots={s: _spots(reader, s, zone, end) for s in SPECIES},
        siting=list(_siting(reader, zone, end)),
        effect=list(_effect(reader, months, zone, end)),
        independent_s=INDEPENDENCE_MS / 1000,
    )


def _events(reader: Reader) -> Iterator[StoredEvent]:
    no = 0
    while rows := reader.events_after(no, STEP):
        for _, one in rows:
            times = one.observed_at.timestamp(), one.received_at.timestamp()
            yield StoredEvent(one.device, one.id, one.kind.value, *times)
        no = rows[-1][0]


def _alert(one: Alert) -> StoredAlert:
    over = one.resolved_at.timestamp() if one.resolved_at else None
    return StoredAlert(one.rule, one.subject, one.event, one.opened_at.timestamp(), over)


def _captures(reader: Reader, begin: datetime, end: datetime) -> list[StoredCapture]:
    return [
        StoredCapture(act.device, act.at.timestamp(), act.species or "", act.count or 1)
        for act in reader.period_reads.acts(begin, end)
        if act.deed is ActionKind.CAPTURED
    ]


def _months(begin: datetime, end: datetime, zone: ZoneInfo) -> list[LocalDays]:
    """The months between two times; the first and the last may be parts."""
    span = LocalDays(begin.astimezone(zone).date(), end.astimezone(zone).date())
    return [
        LocalDays(max(month.first, span.start), min(month.plus(1).first, span.stop))
        for month in periods.months_in(span)
    ]


def _rates(reader: Reader, span: LocalDays, zone: ZoneInfo, end: datetime) -> Iterator[RateLine]:
    month = periods.month_of(span.start)
    for species in SPECIES:
        found = _map_input(reader, species, month, 1, zone, end, span)
        rate = pooled((tally.n, tally.effort) for tally in found.tallies)
        yield RateLine(
            *span.days,
            species,
            _interval(rate),
            {tally.device: (tally.n, tally.effort) for tally in found.tallies},
        )


def _map_input(
    reader: Reader,
    species: str,
    month: Month,
    months: int,
    zone: ZoneInfo,
    end: datetime,
    span: LocalDays | None = None,
) -> MapInput:
    chosen = filters.MapFilter(month, months, species)
    return overview.read(reader, chosen, span or chosen.span, zone, end)


def _interval(rate: RateInterval) -> Interval:
    return Interval(rate.per100, rate.low, rate.high)


def _ratio(found: Ratio) -> Interval:
    return Interval(found.ratio, found.low, found.high)


def _spots(reader: Reader, species: str, zone: ZoneInfo, end: datetime) -> list[SpotLine]:
    month = periods.month_of(end.astimezone(zone).date())
    found = overview.overview(_map_input(reader, species, month, YEAR, zone, end)).hotspots
    if found is None:
        return []
    return [SpotLine(one.device, one.spot, one.alone) for one in found.sensors]


def _siting(reader: Reader, zone: ZoneInfo, end: datetime) -> Iterator[SitingLine]:
    for species in SPECIES:
        query = planning.read(reader, {"species": species}, zone, end)
        limits = drawing.map_limits([query.map_input], None)
        plan = planning.plan(query, OfficeLand(), limits)
        if isinstance(plan, Proposals):
            places = [(site.lat, site.lon) for site in plan.sites]
            request = plan.request
            yield SitingLine(species, places, request.measured_within_m, request.min_distance_m)


def _effect(
    reader: Reader, months: list[LocalDays], zone: ZoneInfo, end: datetime
) -> Iterator[EffectLine]:
    """The last three months against the three before; nothing where there are fewer than six."""
    if len(months) < 7:
        return
    first = periods.month_of(months[-1].start).plus(-3)
    for species in SPECIES:
        asked = Question(first, 3, species, against="before")
        given = facts.read(reader, asked, zone, end)
        found = comparison.compare(given)
        yield EffectLine(
            species,
            given.before.span.days,
            given.after.span.days,
            list(found.groups.near),
            list(found.groups.far),
            _ratio(found.near.ratio),
            _ratio(found.far.ratio),
        )
