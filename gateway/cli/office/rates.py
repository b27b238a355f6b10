"""`shishigaki rates`: detections, captures and springs per measured effort.

Owns the options and the counting. The answer: `rates_answer`, its table: `rates_table`.
`dashboard.analysis.tallies` computes rates, `gateway.domain.effort` defines effort.
"""

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from msgspec import Struct

from dashboard.analysis import tallies as figures
from dashboard.analysis.intervals import ratio
from dashboard.analysis.intervals.ratio import Ratio
from dashboard.analysis.rate import RateInterval as Figure
from gateway.cli.office import rates_table
from gateway.cli.office.rates_answer import RateGroup, RatesAnswer, SpeciesCount
from gateway.cli.options import AsJson, ConfigFile, load, open_store
from gateway.domain import species as kinds
from gateway.domain.epoch import day_date, day_number
from gateway.domain.geo import mesh
from gateway.domain.model import Device, Kind, Role
from gateway.store.answers import DeviceEffort
from gateway.store.reader import Reader
from gateway.store.rollups.periods import LOOK_BACK_DAYS


class PeriodCounts(Struct, frozen=True):
    """The counts of the store in the period."""

    devices: list[Device]
    efforts: list[DeviceEffort]  # all species together
    by_species: dict[str, list[DeviceEffort]]
    springs: Counter[str]
    captures: Counter[str]
    wanted: str = ""  # the chosen species; "": all
    blind: frozenset[str] = frozenset()  # detectors that cannot tell species: no data, not zero

    def left_out(self, species: str) -> frozenset[str]:
        """The detectors without data on a species; "": on all together, where none is left out."""
        return frozenset() if species in {"", kinds.UNKNOWN} else self.blind

    def tallies(
        self, role: Role, counts: Mapping[str, int], left_out: frozenset[str] = frozenset()
    ) -> Iterator[figures.DeviceTally]:
        """The counts of the devices of a role that had effort, sprang or caught something."""
        efforts = {rate.device: rate for rate in self.efforts}
        shown = (efforts.keys() | self.springs.keys() | self.captures.keys()) - left_out
        for device in self.devices:
            if device.role is role and device.id in shown:
                days = _days(role, efforts.get(device.id))
                yield figures.DeviceTally(
                    device.id, counts.get(device.id, 0), days, device.lat, device.lon, device.area
                )


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(rates)


def rates(
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="初日 / first day")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="末日 (含む) / last day")
    ] = None,
    species: Annotated[str, typer.Option(help="獣種 (コードか名前) / code or name")] = "",
    by: Annotated[figures.Grouping, typer.Option(help="まとめ方 / grouping")] = "device",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """撮影頻度 (RAI) と捕獲効率 (CPUE) を実測の努力量とともに示します / rates with their effort."""
    settings = load(config)
    zone, wanted = ZoneInfo(settings.site.timezone), kinds.code(species) or species
    with closing(open_store(settings)) as store:
        if species and kinds.code(species) is None:
            _check_species(species, store.read_now(lambda reader: reader.species()))
        first, last = _period(from_, to, store.read_now(lambda r: r.own_period_reads.span_days()))
        facts = store.read_now(lambda reader: _facts(reader, first, last, zone, wanted))
    if by == "mesh5km":
        _print_off_grid(facts.devices)
    _print_left_out(facts)
    found = RatesAnswer(first.isoformat(), last.isoformat(), str(zone), by, rate_groups(facts, by))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        rates_table.show(found)


def _print_off_grid(devices: list[Device]) -> None:
    """Print the devices whose place has no mesh code; they are counted in group ''."""
    for one in devices:
        if one.lat is not None and one.lon is not None and not mesh.has_code(one.lat, one.lon):
            sys.stderr.write(
                f"shishigaki rates: {one.label} ({one.lat}, {one.lon}): 地域メッシュの範囲外"
                " / outside the mesh grid\n"
            )


def _print_left_out(facts: PeriodCounts) -> None:
    """Print the detectors that count in no rate of a species."""
    names = sorted(one.label for one in facts.devices if one.id in facts.left_out(facts.wanted))
    if names:
        sys.stderr.write(
            f"shishigaki rates: {', '.join(names)}: 獣種を見分けられないため除きました"
            " / left out: cannot tell the species\n"
        )


def _check_species(species: str, reported: Collection[str]) -> None:
    """Accept an unknown species only if a sensor has reported it. Raises BadParameter otherwise."""
    if species not in reported:
        known = ", ".join(sorted({*kinds.BY_CODE, *reported} - {""}))
        raise typer.BadParameter(
            f"{species!r}: no such species; known: {known}", param_hint="--species"
        )


def _period(
    from_: datetime | None, to: datetime | None, span: tuple[int, int] | None
) -> tuple[date, date]:
    """First and last day; a missing one is the first or last day with any record."""
    lo, hi = (day_date(day) for day in span or (0, 0))
    first, last = from_.date() if from_ else lo, to.date() if to else hi
    if to and last < first:
        raise typer.BadParameter(f"{last} is before the first day {first}", param_hint="--to")
    return first, max(first, last)


def _facts(reader: Reader, first: date, last: date, zone: ZoneInfo, wanted: str) -> PeriodCounts:
    start, end = day_number(first), day_number(last) + 1
    found = [wanted] if wanted else sorted(reader.species())
    begin = datetime.combine(first, time(), zone).astimezone(UTC)
    stop = datetime.combine(last + timedelta(1), time(), zone).astimezone(UTC)
    return PeriodCounts(
        devices=reader.devices(),
        efforts=reader.rates(start, end),
        by_species={kind: reader.rates(start, end, kind) for kind in found},
        springs=_springs(reader, begin, stop),
        captures=reader.captures(begin, stop, wanted or None),
        wanted=wanted,
        blind=frozenset(reader.period_reads.blind(start - LOOK_BACK_DAYS, end)),
    )


def _springs(reader: Reader, start: datetime, end: datetime) -> Counter[str]:
    """How often each trap sprang."""
    changes = reader.period_reads.springs(start, end)
    return Counter(one.device for one in changes if one.kind is Kind.SPRUNG)


def rate_groups(facts: PeriodCounts, by: figures.Grouping) -> list[RateGroup]:
    """Pool devices into groups; group '' has the devices without area, place or mesh code."""
    devices = {device.id: device for device in facts.devices}
    traps = figures.pooled(facts.tallies(Role.TRAP, facts.springs), by, "trap-nights")
    caught = figures.pooled(facts.tallies(Role.TRAP, facts.captures), by, "trap-nights")
    seen: dict[str, list[SpeciesCount]] = {}
    for kind, rows in facts.by_species.items():
        left_out = facts.left_out(kind)
        events = list(
            facts.tallies(Role.DETECTOR, {r.device: r.independent for r in rows}, left_out)
        )
        heads = facts.tallies(Role.DETECTOR, {r.device: r.animals for r in rows}, left_out)
        animals = figures.pooled(heads, by)
        for key, rate in figures.pooled(events, by).items():
            against = _against_others(events, key) if by == "area" else None
            seen.setdefault(key, []).append(_seen(kind, rate, animals[key], against))
    cameras = figures.pooled(facts.tallies(Role.DETECTOR, {}, facts.left_out(facts.wanted)), by)
    return [
        _group(
            key,
            devices.get(key) if by == "device" else None,
            cameras.get(key),
            seen.get(key, []),
            (traps[key], caught[key]) if key in traps else None,
        )
        for key in sorted(cameras.keys() | traps.keys())
    ]


def _against_others(every: list[figures.DeviceTally], area: str) -> Ratio:
    """The rate of one area over that of all others: different sensors."""
    inside = [(one.n, one.effort) for one in every if one.area == area]
    outside = [(one.n, one.effort) for one in every if one.area != area]
    return ratio.between(inside, outside)


def _days(role: Role, effort: DeviceEffort | None) -> float:
    if effort is None:
        return 0.0
    return effort.armed_days if role is Role.TRAP else effort.alive_days


def _seen(kind: str, events: Figure, animals: Figure, against: Ratio | None) -> SpeciesCount:
    row = kinds.BY_CODE.get(kind)
    scientific = row.scientific if row else kind
    return SpeciesCount(
        kind,
        kinds.label(kind),
        scientific,
        events.n,
        animals.n,
        events.per100,
        events.low,
        events.high,
        events.basis,
        events.sites,
        events.dispersion,
        animals.per100,
        events.effort,
        against,
    )


def _group(
    key: str,
    device: Device | None,
    cameras: Figure | None,
    seen: list[SpeciesCount],
    traps: tuple[Figure, Figure] | None,
) -> RateGroup:
    group = RateGroup(
        group=key,
        name=device.label if device else "",
        effort_days=cameras.effort if cameras else 0.0,
        species=seen,
    )
    if traps is None:
        return group
    springs, caught = traps
    return msgspec.structs.replace(
        group,
        trap_nights=springs.effort,
        captures=caught.n,
        cpue=caught.per100,
        cpue_low=caught.low,
        cpue_high=caught.high,
        cpue_basis=caught.basis,
        cpue_sites=caught.sites,
        cpue_dispersion=caught.dispersion,
        springs=springs.n,
        springs_per100=springs.per100,
        springs_low=springs.low,
        springs_high=springs.high,
        springs_basis=springs.basis,
        springs_dispersion=springs.dispersion,
    )
