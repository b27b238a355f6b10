"""The data behind the question, read at one moment.

Owns which rows are read. Must not compare them. Reads roll-ups, people's actions and records of damage only.
"""

from datetime import datetime, tzinfo

from msgspec import Struct

from dashboard.office.effect.question import Question
from dashboard.office.periods import LocalDays
from gateway.domain.damage.record import DamageRecord
from gateway.domain.epoch import DAY_MS
from gateway.domain.model import ActionKind, Device, Role, Standing
from gateway.domain.species import UNKNOWN
from gateway.store import Reader
from gateway.store.rollups.periods import LOOK_BACK_DAYS, Sums


class PeriodFacts(Struct, frozen=True):
    """One of the two periods."""

    span: LocalDays
    events: dict[str, int]  # of the species, by detector
    days: dict[str, float]  # of effort, by detector
    nights: dict[str, float]  # armed, by trap
    captures: dict[str, int]  # of the species, by trap
    damage: tuple[DamageRecord, ...]  # of the species


class Facts(Struct, frozen=True):
    """Both periods and the devices."""

    question: Question
    devices: dict[str, Device]  # approved ones of the area
    blind: frozenset[str]  # detectors that cannot tell the species
    before: PeriodFacts
    after: PeriodFacts


def read(reader: Reader, question: Question, zone: tzinfo, now: datetime) -> Facts:
    """Read both periods; the one after ends today at the latest, and the one before is cut alike."""
    today = now.astimezone(zone).date()
    after = question.after.until(today)
    before = LocalDays(question.before.start, question.before.start + (after.stop - after.start))
    devices = {
        one.id: one
        for one in reader.devices()
        if one.standing is Standing.APPROVED and question.area in {"", one.area}
    }
    return Facts(
        question,
        devices,
        _blind(reader, question, before, after),
        _period(reader, question, before, zone, devices),
        _period(reader, question, after, zone, devices),
    )


def _blind(
    reader: Reader, question: Question, before: LocalDays, after: LocalDays
) -> frozenset[str]:
    if question.counted in {None, UNKNOWN}:
        return frozenset()
    days = [*before.days, *after.days]
    return frozenset(reader.period_reads.blind(min(days) - LOOK_BACK_DAYS, max(days)))


def _period(
    reader: Reader, question: Question, span: LocalDays, zone: tzinfo, devices: dict[str, Device]
) -> PeriodFacts:
    sums = reader.period_reads.sums(*span.days, question.counted)
    cameras = [one for one in sums if _is(devices, one, Role.DETECTOR)]
    caught: dict[str, int] = {}
    for act in reader.period_reads.acts(*span.moments(zone)):
        wanted = question.counted in {None, act.species}
        if act.deed is ActionKind.CAPTURED and wanted and act.device in devices:
            caught[act.device] = caught.get(act.device, 0) + 1
    return PeriodFacts(
        span,
        {one.device: one.independent for one in cameras},
        {one.device: one.alive_ms / DAY_MS for one in cameras},
        {one.device: one.armed_ms / DAY_MS for one in sums if _is(devices, one, Role.TRAP)},
        caught,
        tuple(reader.damage.between(span.start, span.stop, species=question.counted)),
    )


def _is(devices: dict[str, Device], one: Sums, role: Role) -> bool:
    return one.device in devices and devices[one.device].role is role
