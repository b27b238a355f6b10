"""Camtrap DP 1.0 and 0.1: a published camera-trap package becomes devices and readings. PURE.

Owns the meaning of the package's tables; of one cell: `cells`. Must not open files: a function
returns the bytes of each.
Source: https://camtrap-dp.tdwg.org (deployments and observations; media are not needed).

How a deployment becomes measured effort: it is a device whose heartbeat interval is ENDLESS_S, with one
sign of life at deploymentStart and one at deploymentEnd. So exactly the time between them counts as
alive, and a camera that was removed years ago is never reported silent.
Events are those of the package: the records of one (eventID, species), counted together. A record up to EDGE
before or after its deployment is kept at the deployment's edge, as cameras' clocks and tables disagree by
seconds to minutes; beyond that the offset from UTC is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta, tzinfo

import msgspec
from msgspec import Struct, field

from gateway.domain.effort import CAPTURE_TRAP
from gateway.domain.model import Device, Kind, Reading, Role, TimeSource
from gateway.ingest.files.camtrapdp.cells import CellReader, safe_id, species_of
from gateway.ingest.files.camtrapdp.tables import LEVEL, SEQUENCE, Read, Row, read_tables
from gateway.ingest.tables.import_report import Findings, RowError

DIALECT = "camtrapdp"
ENDLESS_S = 100 * 365 * 86_400
AHEAD = timedelta(days=1)  # a deployment that ends later than this is planned, not measured
EDGE = timedelta(hours=1)
EDGE_NOTE = (
    "設置期間の少し外。期間の端の時刻として数えます / "
    "just outside its deployment; counted at the deployment's edge"
)
COUNTED = {"animal", "human", "unknown"}  # observationTypes that are sightings


class Package(Struct):
    """The content of a package as values of the domain."""

    title: str = ""
    devices: list[Device] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)  # by device, in order of time
    left_out: Counter[str] = field(default_factory=Counter)  # rows that are no sightings, by type
    rows: int = 0  # deployments, and observations that are sightings
    incomplete: set[str] = field(default_factory=set)  # ids of devices of which rows were refused
    findings: Findings = field(default_factory=Findings)

    def without_incomplete(self) -> "Package":
        """Without the deployments of which rows were refused: their effort would lack sightings."""
        return msgspec.structs.replace(
            self,
            devices=[one for one in self.devices if one.id not in self.incomplete],
            readings=[one for one in self.readings if one.device not in self.incomplete],
        )


class _Deployment(Struct, frozen=True):
    device: Device
    start: datetime
    end: datetime


class _Group(Struct):
    """The records of one event and species, until all rows are read."""

    start: datetime
    distinct: bool
    counts: Counter[str] = field(default_factory=Counter)  # animals by picture; "" = whole event


def parse(read: Read, zone: tzinfo, now: datetime, prefix: str = "") -> Package:
    """Read a package. `zone`: of times without offset (reported); `prefix`: before device ids.

    Raises PackageError when a table is missing or is not CSV; single bad rows are in `findings`.
    """
    title, rows = read_tables(read)
    package = Package(title=title)
    _leave_out_traps(package, rows)
    reader = _Reader(package, zone, now, prefix)
    deployments = reader.deployments(rows["deployments"])
    groups = reader.groups(rows["observations"], deployments)
    for id_, deployment in deployments.items():
        package.devices.append(deployment.device)
        package.readings += _readings(deployment, groups.get(id_, {}))
    return package


def _leave_out_traps(package: Package, rows: dict[str, list[Row]]) -> None:
    """Leave out deployments that are capture traps, with their records: they are no effort of cameras."""
    traps = {
        row["deploymentID"]
        for row in rows["deployments"]
        if CAPTURE_TRAP in row["deploymentTags"].replace("|", " ").split()
    }
    for name, table in rows.items():
        kept = [row for row in table if row["deploymentID"] not in traps]
        if name == "observations" and len(kept) < len(table):
            package.left_out[CAPTURE_TRAP] += len(table) - len(kept)
        rows[name] = kept


class _Reader:
    """Reads rows, noting what is wrong with them."""

    def __init__(self, package: Package, zone: tzinfo, now: datetime, prefix: str) -> None:
        self._package, self._now, self._prefix = package, now, prefix
        self._cells = CellReader(package.findings, zone)

    def deployments(self, rows: list[Row]) -> dict[str, _Deployment]:
        """Usable deployments by deploymentID."""
        found: dict[str, _Deployment] = {}
        self._package.rows += len(rows)
        for row in rows:
            try:
                found[row["deploymentID"]] = self._deployment(row, found)
            except RowError as error:
                self._package.findings.refused.append(error.at(row.file, row.line))
        return found

    def groups(
        self, rows: list[Row], deployments: dict[str, _Deployment]
    ) -> dict[str, dict[tuple[str, str], _Group]]:
        """Events by deployment and then (event, species); media rows only where no event rows are."""
        level = next(
            (one for one in ("event", SEQUENCE) if any(row[LEVEL] == one for row in rows)), "media"
        )
        groups: dict[str, dict[tuple[str, str], _Group]] = defaultdict(dict)
        for row in rows:
            if row[LEVEL] != level:
                continue
            if row["observationType"] not in COUNTED:
                self._package.left_out[row["observationType"]] += 1
                continue
            self._package.rows += 1
            try:
                self._observe(row, deployments, groups, by_event=level == "event")
            except RowError as error:
                self._package.findings.refused.append(error.at(row.file, row.line))
                if row["deploymentID"] in deployments:
                    self._package.incomplete.add(deployments[row["deploymentID"]].device.id)
        return groups

    def _deployment(self, row: Row, others: Collection[str]) -> _Deployment:
        if not row["deploymentID"]:
            raise RowError("deploymentID", "", "must not be empty")
        if row["deploymentID"] in others:
            raise RowError("deploymentID", row["deploymentID"], "stands there twice")
        start, end = (
            self._cells.time(row, "deploymentStart"),
            self._cells.time(row, "deploymentEnd"),
        )
        if end <= start:
            raise RowError("deploymentEnd", row["deploymentEnd"], "must be after deploymentStart")
        if end > self._now + AHEAD:
            raise RowError("deploymentEnd", row["deploymentEnd"], "lies in the future")
        place = self._cells.place(row)
        device = Device(
            id=self._prefix + safe_id(row["deploymentID"]),
            role=Role.DETECTOR,
            name=row["locationName"] or row["deploymentID"],
            lat=place[0] if place else None,
            lon=place[1] if place else None,
            dialect=DIALECT,
            heartbeat_s=ENDLESS_S,
        )
        if row["timestampIssues"].lower() in {"true", "1"}:
            self._cells.repaired(
                row, "timestampIssues", "the source doubts its times; taken as they are"
            )
        return _Deployment(device, start, end)

    def _observe(
        self,
        row: Row,
        deployments: dict[str, _Deployment],
        groups: dict[str, dict[tuple[str, str], _Group]],
        *,
        by_event: bool,
    ) -> None:
        deployment = deployments.get(row["deploymentID"])
        if deployment is None:
            raise RowError("deploymentID", row["deploymentID"], "no usable deployment has this id")
        at, count = self._within(row, deployment), self._cells.count(row)
        picture = "" if by_event else row["mediaID"]
        event = row["eventID"] or picture or row["observationID"]
        group = groups[row["deploymentID"]].setdefault(
            (event, species_of(row)), _Group(at, by_event or bool(row["eventID"]))
        )
        group.start = min(group.start, at)
        group.counts[picture] += count

    def _within(self, row: Row, deployment: _Deployment) -> datetime:
        """When the event began; at the edge of its deployment if it is a little outside."""
        at = self._cells.time(row, "eventStart")
        if not deployment.start - EDGE <= at <= deployment.end + EDGE:
            raise RowError(
                "eventStart",
                row["eventStart"],
                "outside its deployment; is the offset from UTC right?",
            )
        inside = min(max(at, deployment.start), deployment.end)
        if inside != at:
            self._cells.repaired(row, "eventStart", EDGE_NOTE)
        return inside


def _readings(deployment: _Deployment, groups: dict[tuple[str, str], _Group]) -> list[Reading]:
    device = deployment.device.id
    ends = [
        _reading(device, f"alive:{at.isoformat()}", Kind.HEARTBEAT, at)
        for at in (deployment.start, deployment.end)
    ]
    seen = [
        msgspec.structs.replace(
            _reading(device, f"{event}:{kind}", Kind.DETECTION, group.start),
            species=kind,
            count=max(group.counts.values()),
            distinct=group.distinct,
        )
        for (event, kind), group in groups.items()
    ]
    return sorted([*ends, *seen], key=lambda one: (one.device_time, one.kind != Kind.HEARTBEAT))


def _reading(device: str, what: str, kind: Kind, at: datetime) -> Reading:
    return Reading(
        id=f"{DIALECT}:{device}:{what}",
        device=device,
        kind=kind,
        device_time=at,
        time_source=TimeSource.RTC,  # a camera's own clock, set by hand
    )
