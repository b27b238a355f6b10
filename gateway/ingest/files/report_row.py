"""One row of a table of sightings: its cells by the keys of the column map, and remarks about them. PURE.

Owns how a cell is found and named. Must not judge what it holds.
"""

from gateway.ingest.files.report_columns import Map
from gateway.ingest.tables.cell_values import NOTHING, Note, plain, unguarded
from gateway.ingest.tables.import_report import Findings, RowError


class ReportRow:
    """A row, and where it stands."""

    def __init__(
        self, cells: dict[str, str], map_: Map, findings: Findings, where: tuple[str, int]
    ) -> None:
        self.map, self._cells, self._findings, self._where = map_, cells, findings, where

    def cell(self, key: str) -> str:
        """The text of the column that the map has for `key`; "" where there is none."""
        name: str = getattr(self.map.columns, key)
        return unguarded(self._cells.get(plain(name), "")) if name else ""

    def known(self, key: str) -> str:
        """The same; "" too where the cell says that nobody knows."""
        text = self.cell(key)
        return "" if plain(text).lower() in NOTHING | {"なし"} else text

    def error(self, key: str, text: str) -> RowError:
        """What makes the row unusable."""
        return RowError(getattr(self.map.columns, key) or key, self.cell(key), text)

    def repaired(self, key: str, text: str) -> None:
        """Remark what was done about a cell."""
        self._findings.repaired.append(self.error(key, text).at(*self._where))

    def noter(self, key: str) -> Note:
        """The same for a reader of cells."""
        return lambda text: self.repaired(key, text)
