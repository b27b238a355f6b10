"""The tables of `SECURITY.md`, written from the matrix and the routes that obey it. PURE.

Owns the Markdown between the markers. ``python -m dashboard.web.rights.docs`` rewrites the file; a test
fails when it differs.
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from dashboard.web.rights.routes import ROUTES
from gateway.domain.people.permissions import (
    MATRIX,
    NOTHING,
    Acting,
    Detail,
    Grant,
    Resource,
    Visitor,
)

FILE = Path(__file__).parents[2] / "SECURITY.md"
SEEN = {
    Detail.NONE: "·",
    Detail.SQUARES: "5 km",
    Detail.OWN: "own exact",
    Detail.EXACT: "exact",
}
DONE = {Acting.NONE: "", Acting.OWN: "acts at own", Acting.ALL: "acts"}


def matrix_table() -> str:
    """Visitors down, resources across."""
    shown = [one for one in Resource if one not in {Resource.OPEN, Resource.LINK}]
    rows = [
        [f"**{visitor}**", *(_cell(MATRIX[visitor].get(one, NOTHING)) for one in shown)]
        for visitor in Visitor
    ]
    return _table(["who", *shown], rows)


def route_table() -> str:
    """Every route with its resource."""
    rows = [["act" if row.acts else "see", f"`{row.path}`", row.resource] for row in ROUTES]
    return _table(["", "address", "resource"], rows)


TABLES: Mapping[str, Callable[[], str]] = {"matrix": matrix_table, "routes": route_table}


def filled(text: str) -> str:
    """`text` with every table between its markers as the code says."""
    for name, write in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, marker, rest = text.partition(begin)
        _, closing, after = rest.partition(end)
        if not marker or not closing:
            raise ValueError(f"no markers for {name}")
        text = f"{before}{begin}\n{write()}\n{end}{after}"
    return text


def _cell(grant: Grant) -> str:
    parts = [SEEN[grant.see] if grant.see is not Detail.NONE else "", DONE[grant.act]]
    return "; ".join(part for part in parts if part) or SEEN[Detail.NONE]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    FILE.write_text(filled(FILE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}\n")
