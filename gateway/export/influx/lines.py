"""Encodes rows of the store as InfluxDB line protocol. PURE.

Owns the encoding. A test compares it with ``influxdb_client.Point``, which costs five times as much
(10 us and more per point): a small board must catch up on a year of a million events.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from gateway.domain.epoch import ms
from gateway.domain.model import DeviceState, Kind, TrapAction
from gateway.domain.resident_reports import Sighting
from gateway.domain.species import UNTOLD
from gateway.export.influx.schema import (
    ENDINGS,
    FIELDS,
    HOUR_NS,
    LAYOUT,
    MEASUREMENTS,
    NS_A_MS,
    beginning_ns,
    point_ns,
    tag_text,
)
from gateway.store.followers.follower import DueEvent, JournalRow
from gateway.store.rollups.hours import Rollup, SightingKey
from gateway.store.rollups.sums import SumUnit
from gateway.store.rows import EventRow

DAY_NS = 24 * HOUR_NS
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
_KEY = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\"})
_STATE_FACTS = ("battery_v", "battery_pct", "rssi_dbm", "snr_db", "lat", "lon")
_ACT_TEXTS = ("device", "species", "sex", "weight_class", "through")
_REPORT_TEXTS = ("species", "source", "municipality")
_COLON = bytes.maketrans(b":", b"=")
_FLOATS = frozenset(name for name, kind in FIELDS["detection"].items() if kind == "float")

PointOrigin = tuple[str | int, ...]


class InfluxLine(Struct, frozen=True, gc=False):
    """One point, and the row that it was made from, so that it can be made again."""

    source: PointOrigin
    text: str

    @property
    def key(self) -> str:
        """The row as text: "event 12", or "hour 494000 7" with the device's number."""
        return " ".join(map(str, self.source))


class Encoder:
    """Makes the lines of one site. `zone`: the time zone of its days and months."""

    def __init__(self, site: str, zone: ZoneInfo) -> None:
        self._site = f",site={_tag(site)}"
        self._zone = zone
        self._heads: dict[tuple[str, str, str | None], str] = {}

    def event(self, row: JournalRow) -> InfluxLine:
        """The point of an event. Runs a million times for a year: unpacked, names would cost 40 %."""
        no, id_, device, kind, observed, received, quality, *measured = row
        device_ms, boot, seq, species, count, distinct, facts = measured
        more = ""
        if count is not None:
            more = f",n={count}i"
        elif kind in _COUNTED:
            more = ",n=1i,n_assumed=true"
        if distinct:
            more += ",is_distinct=true"
        if device_ms is not None:
            more += f",device_ms={device_ms}i"
        if boot is not None:
            more += f",boot={boot}i"
        if seq is not None:
            more += f",seq={seq}i"
        if species:
            more += f',species="{_quoted(species)}"'
        if facts:
            more += f",{_facts(facts)}"
        head = self._heads.get((kind, device, None)) or self._head(kind, device)
        fields = f'eid="{_quoted(id_)}",quality="{quality}",received_ms={received}i{more}'
        return InfluxLine(("event", no), f"{head} {fields} {point_ns(observed, id_)}")

    def changed_event(self, due: DueEvent) -> list[InfluxLine]:
        """A changed event; where its time changed, also a void point in place of the old one."""
        line = self.event(due.row)
        if not due.was.isdecimal():
            return [line]
        found = EventRow._make(due.row[1:])
        head = self._head(found.kind, found.device)
        void = f'{head} eid="",n=0i,void=1i {point_ns(int(due.was), found.id)}'
        return [InfluxLine(line.source, void), line]

    def rollup(self, unit: SumUnit, one: Rollup) -> list[InfluxLine]:
        """The points of one device and hour, day or month: all species together, and each species.

        The source is the hour, or the first hour of the day or month: sending that hour again sends
        its day and month too. Runs millions of times.
        """
        at = one.at * HOUR_NS if unit == "hour" else beginning_ns(unit, one.at, self._zone)
        source = ("hour", -(-at // HOUR_NS), one.device_no)
        name = _DEVICE[unit]
        head = self._heads.get((name, one.device, None)) or self._head(name, one.device)
        effort = (
            "" if one.alive_ms is None else f"alive_ms={one.alive_ms}i,armed_ms={one.armed_ms}i"
        )
        if not one.sightings:
            return [InfluxLine(source, f"{head} {effort} {at}")] if effort else []
        fields = f"{effort},{_seen(one.sightings)}" if effort else _seen(one.sightings)
        return [
            InfluxLine(source, f"{head} {fields} {at}"),
            *self._of_species(unit, one, source, at),
        ]

    def _of_species(
        self, unit: SumUnit, one: Rollup, source: PointOrigin, at: int
    ) -> Iterator[InfluxLine]:
        for species, records, independent, animals in one.sightings:
            head = self._head(_DETECTION[unit], one.device, species)
            sums = f"animals={animals}i,independent={independent}i,records={records}i"
            yield InfluxLine(source, f"{head} {sums} {at}")

    def act(self, no: int, act: TrapAction, *, counts: bool = True) -> InfluxLine:
        """What a person did at a trap, void if it was corrected. The person's name never leaves us."""
        if not counts:
            head = f"act,kind={_tag(act.deed.value)}{self._site}"
            void = f'{head} eid="",n=0i,void=1i {point_ns(ms(act.at), act.id)}'
            return InfluxLine(("act", no), void)
        parts = [f"recorded_ms={ms(act.recorded_at)}i", *_texts(act, _ACT_TEXTS)]
        return self._reported(("act", no), "act", act.deed.value, act, parts, ms(act.at))

    def report(self, no: int, one: Sighting) -> InfluxLine:
        """A report of a resident; without an hour its time is local noon."""
        noon = datetime.combine(one.day, time(12), self._zone)
        parts = [f"lat={_number(one.lat)}", f"lon={_number(one.lon)}", *_texts(one, _REPORT_TEXTS)]
        at_ms = ms(one.observed_at or noon)
        return self._reported(("report", no), "report", one.kind.value, one, parts, at_ms)

    def _reported(
        self,
        source: PointOrigin,
        measurement: str,
        kind: str,
        one: TrapAction | Sighting,
        parts: list[str],
        at_ms: int,
    ) -> InfluxLine:
        """The point of an action or a report."""
        parts.append(f'eid="{one.id.translate(_TEXT)}"')
        if one.count is not None:
            parts.append(f"n={one.count}i")
        head = f"{measurement},kind={_tag(kind)}{self._site}"
        return InfluxLine(source, f"{head} {','.join(sorted(parts))} {point_ns(at_ms, one.id)}")

    def complete_mark(self, now: datetime) -> InfluxLine:
        """The mark that all past data of the site is on the server in this layout; one per UTC day."""
        day = ms(now) * NS_A_MS // DAY_NS * DAY_NS
        return InfluxLine(("whole",), f"whole{self._site} layout={LAYOUT}i {day}")

    def state(self, state: DeviceState) -> InfluxLine:
        """The present state of a device: one point per device and UTC day, overwritten."""
        fields = {
            name: float(v)
            for name in _STATE_FACTS
            if (v := state.fact(name)) is not None and math.isfinite(float(v))
        }
        parts = [f"{name}={_number(fields[name])}" for name in sorted(fields)]
        seen_ms = ms(state.last_seen)
        parts += [f"seen_ms={seen_ms}i", f'state="{_encode(state).decode().translate(_TEXT)}"']
        if state.trap:
            parts.append(f'trap="{state.trap.value}"')
        at = seen_ms * 1_000_000 // DAY_NS * DAY_NS
        head = self._head("device_state", state.device)
        return InfluxLine(("state", state.device), f"{head} {','.join(parts)} {at}")

    def _head(self, kind: str, device: str, species: str | None = None) -> str:
        """Measurement and tags, cached: there are as many as the server has series."""
        key = (kind, device, species)
        if head := self._heads.get(key):
            return head
        if len(self._heads) > 50_000:
            self._heads.clear()
        measurement = MEASUREMENTS[Kind(kind)] if kind in _KINDS else kind
        tags = f",device={_tag(device)}"
        tags += f",kind={kind}" if measurement in {"trap_event", "device_event"} else ""
        tags += self._site
        tags += f",species={_tag(species)}" if species else ""
        self._heads[key] = measurement + tags
        return self._heads[key]


_KINDS = frozenset(kind.value for kind in Kind)
_DEVICE: Mapping[SumUnit, str] = {unit: f"device_{end}" for unit, end in ENDINGS.items()}
_DETECTION: Mapping[SumUnit, str] = {unit: f"detection_{end}" for unit, end in ENDINGS.items()}
_COUNTED = frozenset(
    map(str, (Kind.DETECTION, Kind.SPRUNG, Kind.SET))
)  # always have `n`, to be summed


def _seen(sightings: Iterable[SightingKey]) -> str:
    """The sums over all species as fields."""
    animals = identified = independent = records = 0
    for species, records_of, independent_of, animals_of in sightings:
        animals += animals_of
        independent += independent_of
        records += records_of
        identified += 0 if species in UNTOLD else records_of
    return (
        f"animals={animals}i,identified={identified}i,independent={independent}i,records={records}i"
    )


def _tag(value: str) -> str:
    return tag_text(value).translate(_KEY)


def _texts(one: TrapAction | Sighting, names: tuple[str, ...]) -> list[str]:
    """The string fields that have a value."""
    values = {name: getattr(one, name) for name in names}
    return [f'{name}="{text.translate(_TEXT)}"' for name, text in values.items() if text]


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def _quoted(text: str) -> str:
    return text.translate(_TEXT) if '"' in text or "\\" in text else text


def _facts(json: bytes) -> str:
    """The JSON of `FACTS` as fields: without text in it only the punctuation differs."""
    if b'"media":' not in json:
        return json.translate(_COLON, b'{"}').decode()
    return ",".join([_fact(name, value) for name, value in _decode(json).items()])


def _fact(name: str, value: Any) -> str:
    """One field; JSON cannot contain NaN or infinity."""
    if name in _FLOATS:
        return f"{name}={value}"
    if isinstance(value, bool):
        return f"{name}={'true' if value else 'false'}"
    return f'{name}="{_quoted(str(value))}"'
