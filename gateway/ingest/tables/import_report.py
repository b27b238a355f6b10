"""What an import had to repair or refuse, row by row, so that nobody need trust it blindly.

Owns the words of such a report only. PURE.
"""

from collections import defaultdict

from msgspec import Struct, field

from gateway.domain.errors import BadInputError


class CellRemark(Struct, frozen=True):
    """One cell that was not as it should be."""

    file: str
    line: int  # of the file, the header being line 1
    column: str
    value: str
    text: str  # what is wrong and, if repaired, what was done; the same words for the same fault

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.column} = {self.value!r}: {self.text}"


class Findings(Struct):
    """All of one import."""

    repaired: list[CellRemark] = field(default_factory=list)
    refused: list[CellRemark] = field(default_factory=list)


def too_many(refused: int, rows: int, spared: int = 0) -> bool:
    """Whether an import lost so many rows (over 1 %, and more than `spared`) that its sums are wrong."""
    return refused > max(rows // 100, spared)


class RowError(BadInputError):
    """A cell that makes its row unusable; the reader of the file knows file and line."""

    def __init__(self, column: str, value: str, text: str) -> None:
        super().__init__(f"{column} = {value!r}: {text}")
        self.column, self.value, self.text = column, value, text

    def at(self, file: str, line: int) -> CellRemark:
        """The same with its place."""
        return CellRemark(file, line, self.column, self.value[:80], self.text)


def grouped(findings: list[CellRemark]) -> dict[tuple[str, str, str], list[CellRemark]]:
    """Findings by (file, column, text), in order of first appearance."""
    groups: dict[tuple[str, str, str], list[CellRemark]] = defaultdict(list)
    for finding in findings:
        groups[finding.file, finding.column, finding.text].append(finding)
    return dict(groups)
