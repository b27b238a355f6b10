"""The Camtrap DP 1.0.2 standard as a table of constraints, and a check of a package against it.

Facts of the profile and of the three table schemas (camtrap-dp.tdwg.org, MIT): every field of every
table, in order, with what its value must be. Ours in wording and form.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from tests.gateway.export.files.standard_descriptor import (
    MEDIATYPE,
    PATH,
    TABLES,
    of_descriptor,
)

MISSING = ("", "NA", "NaN", "nan")
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"


class Field(Struct, frozen=True):
    """One column: what its cells must be."""

    name: str
    kind: str = "string"
    required: bool = False
    unique: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    refers: str = ""  # the table whose column of this name must hold the value


def must(name: str, kind: str = "string", **more: Any) -> Field:
    """A required field."""
    return Field(name, kind, required=True, **more)


STANDARD: Mapping[str, tuple[Field, ...]] = {
    "deployments": (
        must("deploymentID", unique=True),
        Field("locationID"),
        Field("locationName"),
        must("latitude", "number", low=-90, high=90),
        must("longitude", "number", low=-180, high=180),
        Field("coordinateUncertainty", "integer", low=1),
        must("deploymentStart", "datetime"),
        must("deploymentEnd", "datetime"),
        Field("setupBy"),
        Field("cameraID"),
        Field("cameraModel"),
        Field("cameraDelay", "integer", low=0),
        Field("cameraHeight", "number", low=0),
        Field("cameraDepth", "number", low=0),
        Field("cameraTilt", "integer", low=-90, high=90),
        Field("cameraHeading", "integer", low=0, high=360),
        Field("detectionDistance", "number", low=0),
        Field("timestampIssues", "boolean"),
        Field("baitUse", "boolean"),
        Field(
            "featureType",
            allowed=(
                "roadPaved",
                "roadDirt",
                "trailHiking",
                "trailGame",
                "roadUnderpass",
                "roadOverpass",
                "roadBridge",
                "culvert",
                "burrow",
                "nestSite",
                "carcass",
                "waterSource",
                "fruitingTree",
            ),
        ),
        Field("habitat"),
        Field("deploymentGroups"),
        Field("deploymentTags"),
        Field("deploymentComments"),
    ),
    "media": (
        must("mediaID", unique=True),
        must("deploymentID", refers="deployments"),
        Field("captureMethod", allowed=("activityDetection", "timeLapse")),
        must("timestamp", "datetime"),
        must("filePath", pattern=PATH),
        must("filePublic", "boolean"),
        Field("fileName"),
        must("fileMediatype", pattern=MEDIATYPE),
        Field("exifData", "any"),
        Field("favorite", "boolean"),
        Field("mediaComments"),
    ),
    "observations": (
        must("observationID", unique=True),
        must("deploymentID", refers="deployments"),
        Field("mediaID", refers="media"),
        Field("eventID"),
        must("eventStart", "datetime"),
        must("eventEnd", "datetime"),
        must("observationLevel", allowed=("media", "event")),
        must(
            "observationType",
            allowed=("animal", "human", "vehicle", "blank", "unknown", "unclassified"),
        ),
        Field("cameraSetupType", allowed=("setup", "calibration")),
        Field("scientificName"),
        Field("count", "integer", low=1),
        Field("lifeStage", allowed=("adult", "subadult", "juvenile")),
        Field("sex", allowed=("female", "male")),
        Field("behavior"),
        Field("individualID"),
        Field("individualPositionRadius", "number", low=0),
        Field("individualPositionAngle", "number", low=-90, high=90),
        Field("individualSpeed", "number", low=0),
        Field("bboxX", "number", low=0, high=1),
        Field("bboxY", "number", low=0, high=1),
        Field("bboxWidth", "number", low=1e-15, high=1),
        Field("bboxHeight", "number", low=1e-15, high=1),
        Field("classificationMethod", allowed=("human", "machine")),
        Field("classifiedBy"),
        Field("classificationTimestamp", "datetime"),
        Field("classificationProbability", "number", low=0, high=1),
        Field("observationTags"),
        Field("observationComments"),
    ),
}

KINDS: Mapping[str, Callable[[str], object]] = {
    "string": str,
    "any": msgspec.json.decode,
    "number": float,
    "integer": lambda text: int(text) if re.fullmatch(r"[+-]?\d+", text) else int("x"),
    "boolean": {"true": True, "false": False}.__getitem__,
    "datetime": lambda text: datetime.strptime(text, TIME_FORMAT),  # noqa: DTZ007 - it has its zone
}

Rows = list[dict[str, str]]


def troubles(files: Mapping[str, bytes]) -> list[str]:
    """What in a package the standard forbids, one line each; [] for a valid package."""
    about = msgspec.json.decode(files["datapackage.json"])
    if isinstance(about.get("resources"), list):  # others beside the three tables are allowed
        about["resources"] = {one["name"]: one for one in about["resources"]}
    tables = {name: rows(files, name) for name in TABLES}
    return [
        *of_descriptor(about),
        *(line for name in TABLES for line in _of_columns(files, name)),
        *(line for name in TABLES for line in _of_table(name, tables)),
    ]


def rows(files: Mapping[str, bytes], name: str) -> Rows:
    """A table's rows."""
    return list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode())))


def _of_columns(files: Mapping[str, bytes], name: str) -> Iterator[str]:
    head = next(csv.reader(io.StringIO(files[f"{name}.csv"].decode())))
    wanted = [field.name for field in STANDARD[name]]
    if head != wanted:
        yield f"{name}: columns {head} are not {wanted}"


def _of_table(name: str, tables: Mapping[str, Rows]) -> Iterator[str]:
    for field in STANDARD[name]:
        cells = [row.get(field.name) or "" for row in tables[name]]
        known = {row.get(field.name) for row in tables.get(field.refers, [])}
        for no, cell in enumerate(cells):
            if why := _wrong(field, cell, known):
                yield f"{name}.{field.name} row {no}: {cell!r} {why}"
        found = [cell for cell in cells if cell not in MISSING]
        if field.unique and len(set(found)) < len(found):
            yield f"{name}.{field.name} is not unique"


def _wrong(field: Field, cell: str, known: set[str | None]) -> str:
    """Why a cell is wrong; '' when it is not."""
    if cell in MISSING:
        return "is required" if field.required else ""
    try:
        value = KINDS[field.kind](cell)
    except (ValueError, KeyError, msgspec.DecodeError):
        return f"is no {field.kind}"
    if isinstance(value, float | int) and not field.low <= value <= field.high:
        return f"is outside {field.low} to {field.high}"
    if field.allowed and cell not in field.allowed:
        return f"is none of {field.allowed}"
    if field.pattern and not re.match(field.pattern, cell):
        return f"does not match {field.pattern}"
    return f"is not in {field.refers}" if field.refers and cell not in known else ""
