"""`shishigaki rates`: detections, captures and springs per measured effort.

Owns the fields of the answer. `dashboard.analysis.tallies` computes rates, `gateway.domain.effort`
defines effort.
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
from rich.console import Console
from rich.table import Table

from dashboard.analysis import tallies as figures
from dashboard.analysis.rate import RateInterval as Figure
from gateway.cli.options import AsJson, ConfigFile, load, open_store
from gateway.domain import species as kinds
from gateway.domain.epoch import day_date, day_number
from gateway.domain.geo import mesh
from gateway.domain.model import Device, Role
from gateway.store.answers import DeviceEffort
from gateway.store.reader import Reader


class SpeciesCount(Struct, frozen=True):
    """One species in one group."""

    species: str
    name: str
    scientific_name: str
    events: int
    individuals: int
    rai: float | None  # independent events per 100 camera-days; None: no effort, hence unknown
    rai_low: float | None  # exact 95 % interval (Garwood)
    rai_high: float | None
    rai_individuals: float | None


class RateGroup(Struct, frozen=True, kw_only=True):
    """One device, mesh square or area; group '': devices without place, mesh code or area."""

    group: str
    name: str = ""
    effort_days: float = 0.0  # of its detectors while alive
    species: list[SpeciesCount] = []
    trap_nights: float = 0.0  # of its traps while armed
    captures: int = 0  # as people recorded them; of the chosen species, if one was
    cpue: float | None = None  # captures per 100 trap-nights; None: no effort, hence unknown
    cpue_low: float | None = None  # exact 95 % interval
    cpue_high: float | None = None
    springs: int = 0  # not captures: only a person can tell what a sprung trap holds
    springs_per100: float | None = None
    springs_low: float | None = None
    springs_high: float | None = None


class RatesAnswer(Struct, frozen=True):
    """What `--json` prints; the period includes both days."""

    first_day: str
    last_day: str
    timezone: str
    by: str
    groups: list[RateGroup]


class PeriodCounts(Struct, frozen=True):
    """The counts of the store in the period."""

    devices: list[Device]
    efforts: list[DeviceEffort]  # all species together
    by_species: dict[str, list[DeviceEffort]]
    springs: Counter[str]
    captures: Counter[str]


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
        first, last = _period(from_, to, store.read_now(lambda reader: reader.span_days()))
        facts = store.read_now(lambda reader: _facts(reader, first, last, zone, wanted))
    if by == "mesh5km":
        _print_off_grid(facts.devices)
    found = RatesAnswer(first.isoformat(), last.isoformat(), str(zone), by, rate_groups(facts, by))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _show(found)


def _print_off_grid(devices: list[Device]) -> None:
    """Print the devices whose place has no mesh code; they are counted in group ''."""
    for one in devices:
        if one.lat is not None and one.lon is not None and not mesh.has_code(one.lat, one.lon):
            sys.stderr.write(
                f"shishigaki rates: {one.label} ({one.lat}, {one.lon}): 地域メッシュの範囲外"
                " / outside the mesh grid\n"
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
        springs=reader.springs(begin, stop),
        captures=reader.captures(begin, stop, wanted or None),
    )


def rate_groups(facts: PeriodCounts, by: figures.Grouping) -> list[RateGroup]:
    """Pool devices into groups; group '' has the devices without area, place or mesh code."""
    devices = {device.id: device for device in facts.devices}
    efforts = {rate.device: rate for rate in facts.efforts}
    trapped = facts.springs.keys() | facts.captures.keys()

    def tallies(role: Role, counts: Mapping[str, int]) -> Iterator[figures.DeviceTally]:
        for device in facts.devices:
            effort = efforts.get(device.id)
            if device.role is role and (effort or device.id in trapped):
                days = _days(role, effort)
                yield figures.DeviceTally(
                    device.id, counts.get(device.id, 0), days, device.lat, device.lon, device.area
                )

    traps = figures.pooled(tallies(Role.TRAP, facts.springs), by, "trap-nights")
    caught = figures.pooled(tallies(Role.TRAP, facts.captures), by, "trap-nights")
    seen: dict[str, list[SpeciesCount]] = {}
    for kind, rows in facts.by_species.items():
        counted = figures.pooled(
            tallies(Role.DETECTOR, {r.device: r.independent for r in rows}), by
        )
        animals = figures.pooled(tallies(Role.DETECTOR, {r.device: r.animals for r in rows}), by)
        for key, rate in counted.items():
            seen.setdefault(key, []).append(_seen(kind, rate, animals[key]))
    cameras = figures.pooled(tallies(Role.DETECTOR, {}), by)
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


def _days(role: Role, effort: DeviceEffort | None) -> float:
    if effort is None:
        return 0.0
    return effort.armed_days if role is Role.TRAP else effort.alive_days


def _seen(kind: str, events: Figure, animals: Figure) -> SpeciesCount:
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
        animals.per100,
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
        springs=springs.n,
        springs_per100=springs.per100,
        springs_low=springs.low,
        springs_high=springs.high,
    )


def _show(found: RatesAnswer) -> None:
    table = Table(title=f"{found.first_day} – {found.last_day} ({found.timezone})")
    for title in (
        "対象 / group",
        "獣種 / species",
        "努力量 / effort",
        "件数 / n",
        "率 / per 100",
        "95 %",
    ):
        table.add_column(title)
    for group in found.groups:
        name = group.name or group.group or "—"
        for one in group.species:
            if one.events:
                effort = f"{group.effort_days:.1f} 日"
                three = (one.rai, one.rai_low, one.rai_high)
                table.add_row(name, one.name, effort, str(one.events), *_rate(*three))
        if group.trap_nights or group.springs or group.captures:
            effort = f"{group.trap_nights:.1f} わな日"
            caught = (group.cpue, group.cpue_low, group.cpue_high)
            table.add_row(name, "捕獲 / captures", effort, str(group.captures), *_rate(*caught))
            sprung = (group.springs_per100, group.springs_low, group.springs_high)
            table.add_row(name, "作動 / springs", effort, str(group.springs), *_rate(*sprung))
    Console().print(table)


def _rate(per100: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    if per100 is None or low is None or high is None:
        return "不明 / unknown", ""
    return f"{per100:.2f}", f"{low:.2f}–{high:.2f}"
