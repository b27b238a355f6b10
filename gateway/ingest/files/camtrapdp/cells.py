"""The cells of a Camtrap DP package: times, counts, places, ids and species. PURE.

Owns the accepted forms of a cell and the remarks about a repaired one. Must not know deployments or events
(`package`).
"""

import re
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b

from gateway.domain import species
from gateway.domain.geo import degrees, doubtful_places
from gateway.domain.geo.degrees import Axis
from gateway.domain.geo.doubtful_places import Place
from gateway.ingest.files.camtrapdp.tables import Row
from gateway.ingest.tables.import_report import Findings, RowError

DECIMALS_NOTE = (
    "小数の付いた整数を整数にしました（1.0 -> 1） / "
    "a whole number written with decimals; read as a whole one (1.0 -> 1)"
)
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_COUNT = re.compile(r"([0-9]{1,9})(\.0*)?")  # many tools write whole numbers as 1.0
_MAX_COUNT = 100_000


class CellReader:
    """Reads cells; what it repaired stands in `findings`. `zone`: of times without an offset."""

    def __init__(self, findings: Findings, zone: tzinfo) -> None:
        self._findings, self._zone = findings, zone

    def count(self, row: Row) -> int:
        """The number of animals of a record. Raises RowError."""
        text = row["count"]
        if not text:
            self.repaired(row, "count", "not given; taken as 1")
            return 1
        whole = _COUNT.fullmatch(text)
        if whole is None or not 1 <= int(whole[1]) <= _MAX_COUNT:
            raise RowError("count", text, f"must be a whole number from 1 to {_MAX_COUNT}")
        if whole[2]:
            self.repaired(row, "count", DECIMALS_NOTE)
        return int(whole[1])

    def time(self, row: Row, column: str) -> datetime:
        """A time in UTC. Raises RowError."""
        try:
            found = datetime.fromisoformat(row[column])
            if found.tzinfo is None:
                found = found.replace(tzinfo=self._zone)
                self.repaired(row, column, f"has no offset from UTC; taken as {self._zone}")
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise RowError(
                column, row[column], "must be a time like 2026-11-23T04:05:06+09:00"
            ) from None

    def place(self, row: Row) -> Place | None:
        """The deployment's place; None where it is a placeholder: its effort counts all the same."""
        place = _coordinate(row, "latitude", "lat"), _coordinate(row, "longitude", "lon")
        if doubtful_places.is_island_of_zeros(place):
            self.repaired(
                row, "latitude", "0, 0 は場所ではありません / at or beside 0, 0; without a place"
            )
            return None
        return place

    def repaired(self, row: Row, column: str, text: str) -> None:
        """Remark what was done about a cell."""
        finding = RowError(column, row[column], text).at(row.file, row.line)
        self._findings.repaired.append(finding)


def safe_id(id_: str) -> str:
    """`id_` if topics and addresses can hold it, else a readable part of it and a hash."""
    if _SAFE.fullmatch(id_):
        return id_
    digest = blake2b(id_.encode(), digest_size=4).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', id_).strip('-')[:40]}-{digest}".lstrip("-")


def _coordinate(row: Row, column: str, axis: Axis) -> float:
    try:
        return degrees.read(row[column], axis)[0]
    except degrees.DegreesError as error:
        raise RowError(column, row[column], str(error)) from None


def species_of(row: Row) -> str:
    """Our code, or the scientific name unchanged if we have none."""
    if row["observationType"] == "human":
        return species.PERSON
    name = row["scientificName"]
    return (species.code(name) or name) if name else species.UNKNOWN
