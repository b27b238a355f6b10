"""The tables of `API.md`, written from the code that obeys them. PURE.

Owns the Markdown between the markers. ``python -m dashboard.api.docs`` rewrites the file; a test fails
when it differs.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dashboard.api import limits
from dashboard.api.openapi import parameters
from dashboard.api.table import ENDPOINTS, ERRORS, Endpoint

FILE = Path(__file__).parents[1] / "API.md"


def address_table() -> str:
    """One line an address."""
    rows = [
        [f"`{one.path}`", _scope(one), _questions(one), one.about, _kind(one)] for one in ENDPOINTS
    ]
    return _table(["GET", "scope", "parameters", "what", "answer"], rows)


def error_table() -> str:
    """One line a status."""
    rows = [[status, f"`{code}`", about] for status, (code, about) in ERRORS.items()]
    return _table(["status", "`code`", "when"], rows)


def limit_table() -> str:
    """How much may be asked."""
    counted = {"one token": limits.TOKEN, "one address, tokens or not": limits.ADDRESS}
    rows = [[whose, one.per_minute, one.burst] for whose, one in counted.items()]
    return _table(["counted by", "requests a minute", "at once"], rows)


TABLES: Mapping[str, Callable[[], str]] = {
    "addresses": address_table,
    "errors": error_table,
    "limits": limit_table,
}


def filled(text: str) -> str:
    """`text` with every table between its markers as the code says. Raises ValueError."""
    for name, write in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"no markers for {name}")
        text = f"{before}{begin}\n{write()}\n{end}{after}"
    return text


def _scope(endpoint: Endpoint) -> str:
    return f"`{endpoint.scope}`" if endpoint.scope else "none"


def _questions(endpoint: Endpoint) -> str:
    return "<br>".join(_question(one) for one in parameters(endpoint)) or "-"


def _question(told: dict[str, Any]) -> str:
    schema = told["schema"]
    limits_ = f"{schema['minimum']} to {schema['maximum']}, " if "minimum" in schema else ""
    default = schema.get("default", "")
    given = f"{limits_}else {default}" if default != "" else ""
    return f"`{told['name']}`: {told['description']}" + (f" ({given})" if given else "")


def _kind(endpoint: Endpoint) -> str:
    name = re.sub(r"[\w.]+\.", "", str(endpoint.answer))
    shown = endpoint.answer.__name__ if isinstance(endpoint.answer, type) else name
    return f"`{shown}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    FILE.write_text(filled(FILE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}\n")
