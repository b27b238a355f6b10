"""What an import repaired or refused, row by row, so that a person can check it. PURE.

Owns the values of the report. Must not read files.
"""

from collections import defaultdict

from msgspec import Struct, field

from gateway.domain.errors import BadInputError


class CellRemark(Struct, frozen=True):
    """One cell that was repaired or refused."""

    file: str
    line: int  # of the file, the header being line 1
    column: str
    value: str
    text: str  # what is wrong and, if repaired, what was done; the same text for the same fault

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.column} = {self.value!r}: {self.text}"


class Findings(Struct):
    """The remarks of one import."""

    repaired: list[CellRemark] = field(default_factory=list)
    refused: list[CellRemark] = field(default_factory=list)


class RemarkKind(Struct, frozen=True):
    """How many cells of a column have the same fault."""

    file: str
    column: str
    text: str
    rows: int
    example: str  # the first one's value


def too_many(refused: int, rows: int, spared: int = 0) -> bool:
    """Whether an import lost so many rows (over 1 %, and more than `spared`) that its sums are wrong."""
    return refused > max(rows // 100, spared)


class RowError(BadInputError):
    """A cell that makes its row unusable; the reader of the file knows file and line."""

    def __init__(self, column: str, value: str, text: str) -> None:
        super().__init__(f"{column} = {value!r}: {text}")
        self.column, self.value, self.text = column, value, text

    def at(self, file: str, line: int) -> CellRemark:
        """The remark with file and line."""
        return CellRemark(file, line, self.column, self.value[:80], self.text)


def grouped(findings: list[CellRemark]) -> dict[tuple[str, str, str], list[CellRemark]]:
    """Findings by (file, column, text), in order of first appearance."""
    groups: dict[tuple[str, str, str], list[CellRemark]] = defaultdict(list)
    for finding in findings:
        groups[finding.file, finding.column, finding.text].append(finding)
    return dict(groups)


def kinds(findings: list[CellRemark]) -> list[RemarkKind]:
    """Findings counted by kind, the most frequent first."""
    counted = [
        RemarkKind(*where, len(same), same[0].value) for where, same in grouped(findings).items()
    ]
    return sorted(counted, key=lambda one: -one.rows)
