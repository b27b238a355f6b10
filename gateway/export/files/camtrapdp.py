"""Detections as a Camtrap DP 1.0.2 package, for science and open data. PURE.

Owns the columns of the tables and what counts as a deployment and as an event. Must not write files:
returns their bytes by name. Source: https://camtrap-dp.tdwg.org (profile and table schemas of 1.0.2).

A deployment is a period in which a detector was alive without a silent gap, so the sum of all
deployments is the measured effort. An observation is one independent event. Times are whole seconds,
as in the format of the standard. Unless exact places are requested, each place is moved to the centre
of its 5 km square: a published package must not show where a camera is.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain import species
from gateway.domain.device_state import grace_ms
from gateway.domain.geo import mesh
from gateway.domain.independence import INDEPENDENCE_MS
from gateway.domain.model import Device, Event, Kind
from gateway.export.files.camtrapdp_captures import CaptureRows
from gateway.export.files.camtrapdp_columns import BASE, DEPLOYMENTS, MEDIA, OBSERVATIONS
from gateway.export.files.camtrapdp_pictures import NO_PICTURES, FieldPictures
from gateway.export.files.camtrapdp_pictures import rows as picture_rows
from gateway.export.files.camtrapdp_rows import EXACT_M, observation_type, scientific, second, time

SECOND = timedelta(seconds=1)
NO_CAPTURES = CaptureRows()
NONE: Mapping[str, FieldPictures] = {}


class PackageInfo(Struct, frozen=True):
    """The descriptor of a package."""

    title: str
    name: str  # a-z, 0-9, - and _
    publisher: str
    created: datetime
    exact: bool = False
    licence: str = "CC-BY-4.0"


class _Deployment(Struct, frozen=True):
    id: str
    start: datetime
    end: datetime
    events: list["_Observation"]


class _Observation(Struct):
    first: datetime
    last: datetime
    species: str
    count: int
    probability: float | None
    by_people: bool


def publishable(device: Device, *, exact: bool) -> bool:
    """Whether a device has a place that can be published: exact, or inside the mesh grid."""
    if device.lat is None or device.lon is None:
        return False
    return exact or mesh.has_code(device.lat, device.lon)


def package(
    devices: Iterable[Device],
    events: Callable[[Device], Sequence[Event]],
    about: PackageInfo,
    captures: CaptureRows = NO_CAPTURES,
    pictures: Mapping[str, FieldPictures] = NONE,
) -> dict[str, bytes]:
    """The files of a package by name. `events` returns a detector's events, oldest first.

    Left out are devices that are not `publishable` and devices without any message. `captures` and
    `pictures` (by camera) belong to a package with exact places only. Raises ValueError when nothing is left.
    """
    if (captures.deployments or pictures) and not about.exact:
        raise ValueError("captures and pictures are not for publication: only with exact places")
    found = [
        (device, _deployments(device, events(device), _of(pictures, device).named))
        for device in devices
        if publishable(device, exact=about.exact)
    ]
    deployed = [(device, run) for device, runs in found for run in runs]
    deployments = [_deployment(d, run, about) for d, run in deployed] + [*captures.deployments]
    observed = [row for _, run in deployed for row in _observations(run)] + [*captures.observations]
    if not deployments:
        raise ValueError("no detector with a place gave any sign of life in this time")
    media = [
        row
        for device, run in deployed
        for row in picture_rows(run.id, run.start, run.end, _of(pictures, device))
    ]
    described = _descriptor(deployments, observed, about)
    return {
        "datapackage.json": msgspec.json.format(msgspec.json.encode(described)),
        "deployments.csv": _csv(DEPLOYMENTS, deployments),
        "media.csv": _csv(MEDIA, [*media, *captures.media]),
        "observations.csv": _csv(OBSERVATIONS, observed),
    }


def place(device: Device, about: PackageInfo) -> tuple[float, float]:
    """Latitude and longitude as published, degrees."""
    lat, lon = device.lat or 0.0, device.lon or 0.0
    if about.exact:
        return round(lat, 6), round(lon, 6)
    lat, lon = mesh.centre(mesh.code(lat, lon, "5km"))
    return round(lat, 5), round(lon, 5)


def _of(pictures: Mapping[str, FieldPictures], device: Device) -> FieldPictures:
    return pictures.get(device.id, NO_PICTURES)


def _deployments(
    device: Device, events: Sequence[Event], named: frozenset[str]
) -> list[_Deployment]:
    """Split a device's events at silent gaps: one deployment each, with its observations."""
    grace = timedelta(milliseconds=grace_ms(device.heartbeat_s))
    parts: list[list[Event]] = []
    for event in events:
        if event.kind is Kind.OFFLINE:
            continue
        if parts and event.observed_at - parts[-1][-1].observed_at <= grace:
            parts[-1].append(event)
        else:
            parts.append([event])
    return [_deployment_of(device, no, part, named) for no, part in enumerate(parts, start=1)]


def _deployment_of(
    device: Device, no: int, part: Sequence[Event], named: frozenset[str]
) -> _Deployment:
    start, end = second(part[0].observed_at), second(part[-1].observed_at)
    return _Deployment(f"{device.id}-{no}", start, max(end, start + SECOND), _observed(part, named))


def _observed(part: Sequence[Event], named: frozenset[str]) -> list[_Observation]:
    """Independent events, separately for each species. `named`: ids of those that people have named."""
    gap = timedelta(milliseconds=INDEPENDENCE_MS)
    found: list[_Observation] = []
    latest: dict[str, tuple[_Observation, datetime]] = {}
    for event in part:
        if event.kind is not Kind.DETECTION or event.count == 0:
            continue  # a count of 0: a person saw that there is no animal
        kind, count = event.species or species.UNKNOWN, event.count or 1
        at = second(event.observed_at)
        known = latest.get(kind)
        if known and not event.distinct and event.observed_at - known[1] <= gap:
            one = known[0]
            one.last, one.count = at, max(one.count, count)
            one.by_people = one.by_people or event.id in named
        else:
            one = _Observation(at, at, kind, count, event.confidence, event.id in named)
            found.append(one)
        latest[kind] = one, event.observed_at
    return found


def _deployment(device: Device, run: _Deployment, about: PackageInfo) -> dict[str, Any]:
    lat, lon = place(device, about)
    return {
        "deploymentID": run.id,
        "locationID": device.id,
        "locationName": device.label if about.exact else mesh.code(lat, lon, "5km"),
        "latitude": lat,
        "longitude": lon,
        "coordinateUncertainty": EXACT_M
        if about.exact
        else mesh.blur_m(mesh.code(lat, lon, "5km")),
        "deploymentStart": time(run.start),
        "deploymentEnd": time(run.end),
        "cameraID": device.id,
        "cameraModel": device.model,
        "timestampIssues": "false",
    }


def _observations(run: _Deployment) -> list[dict[str, Any]]:
    return [
        {
            "observationID": f"{run.id}-{no}",
            "deploymentID": run.id,
            "eventID": f"{run.id}-{no}",
            "eventStart": time(one.first),
            "eventEnd": time(one.last),
            "observationLevel": "event",
            "observationType": observation_type(one.species),
            "scientificName": scientific(one.species),
            "count": one.count,
            "classificationMethod": "human" if one.by_people else "machine",
            "classificationProbability": _probability(one.probability),
        }
        for no, one in enumerate(run.events, start=1)
    ]


def _probability(value: float | None) -> str:
    return "" if value is None else f"{min(max(value, 0.0), 1.0):.3f}"


PROJECT = {
    "samplingDesign": "targeted",
    "captureMethod": ["activityDetection"],
    "individualAnimals": False,
    "observationLevel": ["event"],
}


def _descriptor(
    deployments: Sequence[Mapping[str, Any]],
    observed: Sequence[Mapping[str, Any]],
    about: PackageInfo,
) -> dict[str, Any]:
    places = [(row["latitude"], row["longitude"]) for row in deployments]
    names = sorted({row["scientificName"] for row in observed} - {""})
    descriptor: dict[str, Any] = {
        "profile": f"{BASE}camtrap-dp-profile.json",
        "name": about.name,
        "title": about.title,
        "created": time(about.created),
        "version": "1.0",
        "contributors": [{"title": about.publisher, "role": "publisher"}],
        "licenses": [{"name": about.licence, "scope": scope} for scope in ("data", "media")],
        "project": PROJECT | {"title": about.title},
        "spatial": _box(places),
        "temporal": {
            "start": min(row["deploymentStart"] for row in deployments)[:10],
            "end": max(row["deploymentEnd"] for row in deployments)[:10],
        },
        "taxonomic": [_taxon(name) for name in names],
        "resources": [_resource(name) for name in ("deployments", "media", "observations")],
    }
    if not about.exact:
        descriptor["coordinatePrecision"] = 0.04  # of 5 km squares, in degrees
    return descriptor


def _resource(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": f"{BASE}{name}-table-schema.json",
    }


def _taxon(name: str) -> dict[str, Any]:
    taxon: dict[str, Any] = {"scientificName": name}
    code = next((row.code for row in species.TABLE if row.scientific == name), None)
    if code:
        taxon |= {
            "taxonRank": "species",
            "vernacularNames": {"jpn": species.label(code), "eng": species.label(code, "en")},
        }
    return taxon


def _box(places: Sequence[tuple[float, float]]) -> dict[str, Any]:
    lats, lons = zip(*places, strict=True)
    west, south, east, north = min(lons), min(lats), max(lons), max(lats)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
