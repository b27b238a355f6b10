"""What the process of an import is told and answers. PURE.

Owns these messages; the settings that it needs, and no secret, go along.
"""

from enum import StrEnum

from msgspec import Struct

from gateway.ingest.tables.import_report import RemarkKind
from gateway.store.imports.record import ImportKind


class Step(StrEnum):
    """What is to be done."""

    LOOK = "look"  # say what would be imported, write nothing
    IMPORT = "import"
    UNDO = "undo"


class Job(Struct, frozen=True, kw_only=True):
    """One task of the process."""

    step: Step
    database: str
    zone: str
    by: str
    memory_mb: int
    kind: ImportKind = ImportKind.CAMTRAPDP
    path: str = ""
    name: str = ""  # of the file
    columns: dict[str, str] | None = None  # of a table; None: guessed
    partial: bool = False
    centre: tuple[float, float] | None = None
    import_id: str = ""  # to be undone


class JobAnswer(Struct, frozen=True, kw_only=True):
    """What was found or done. `refusal`: why nothing was or can be written; "" otherwise."""

    refusal: str = ""
    figures: dict[str, str] = {}
    header: list[str] = []  # of a table
    columns: dict[str, str] = {}  # key -> header
    sample: list[list[str]] = []  # the first rows, by the header
    repaired: list[RemarkKind] = []
    refused: list[RemarkKind] = []
    import_id: str = ""
