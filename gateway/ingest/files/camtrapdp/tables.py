"""The files of a Camtrap DP package as rows of cells. PURE.

Owns finding and decoding the needed tables. Must not know what a row means (`package`).
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.errors import BadInputError

Read = Callable[[str], bytes]
"""Returns the bytes of a file of the package by its relative path, or raises PackageError."""

DESCRIPTOR = "datapackage.json"
NEEDED = {
    "deployments": ("deploymentID", "latitude", "longitude", "deploymentStart", "deploymentEnd"),
    "observations": (
        "observationID",
        "deploymentID",
        "eventStart",
        "observationLevel",
        "observationType",
        "scientificName",
    ),
}
OLDER_NAMES = {  # of version 0.1, as MICA was published: older name -> the name since 1.0
    "deployments": {"start": "deploymentStart", "end": "deploymentEnd", "tags": "deploymentTags"},
    "observations": {"sequenceID": "eventID", "timestamp": "eventStart"},
}
LEVEL = "observationLevel"
SEQUENCE = "sequence"  # the level of every row of version 0.1, which has no such column


class PackageError(BadInputError):
    """The package cannot be read at all; names the file and what was expected."""


class Row(Struct, frozen=True):
    """A row with its position."""

    file: str
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """A cell; "" where the table has no such column."""
        return self.cells.get(column, "")


def read_tables(read: Read) -> tuple[str, dict[str, list[Row]]]:
    """The package's title, and the rows of each needed table. Raises PackageError."""
    descriptor = _descriptor(read(DESCRIPTOR))
    paths = _paths(descriptor)
    rows = {name: list(_table(name, path, read(path))) for name, path in paths.items()}
    project = descriptor.get("project")
    titles = [descriptor.get("title"), project.get("title") if isinstance(project, dict) else ""]
    return str(next(filter(None, [*titles, descriptor.get("name")]), "")), rows


def _descriptor(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PackageError(f"{DESCRIPTOR}: not a JSON object: {error}") from None


def _paths(descriptor: dict[str, Any]) -> dict[str, str]:
    """File of each needed table."""
    resources = descriptor.get("resources")
    found: dict[str, Any] = {
        one["name"]: one.get("path")
        for one in (resources if isinstance(resources, list) else [])
        if isinstance(one, dict) and isinstance(one.get("name"), str)
    }
    for name in NEEDED:
        path = found.get(name)
        if not isinstance(path, str):
            known = ", ".join(found) or "none"
            raise PackageError(f"{DESCRIPTOR}: no resource {name!r} with one path; has: {known}")
        if "://" in path or path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise PackageError(f"{DESCRIPTOR}: {name}: path {path!r} is not inside the package")
    return {name: found[name] for name in NEEDED}


def _table(name: str, path: str, data: bytes) -> Iterator[Row]:
    try:
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        header = _header(name, [text.strip() for text in rows.fieldnames or ()])
        rows.fieldnames, level = header, {} if LEVEL in header else {LEVEL: SEQUENCE}
        missing = [column for column in NEEDED[name] if column not in [*header, *level]]
        if missing:
            raise PackageError(
                f"{path}: column {missing[0]} is missing; needs {', '.join(NEEDED[name])}"
            )
        for row in rows:
            cells = {
                k: v.strip() for k, v in row.items() if isinstance(k, str) and isinstance(v, str)
            }
            yield Row(path, rows.line_num, cells | level)
    except UnicodeDecodeError as error:
        raise PackageError(f"{path}: not UTF-8 (byte {error.start})") from None
    except csv.Error as error:
        raise PackageError(f"{path}: not CSV: {error}") from None


def _header(name: str, names: Sequence[str]) -> list[str]:
    """The columns by their names since 1.0; an older name only where the newer one is not there."""
    newer = OLDER_NAMES[name]
    return [one if newer.get(one, one) in names else newer[one] for one in names]
