"""A check of a table against its CSVW metadata (W3C, CSV on the Web), as far as open data here use it."""

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

TYPES: dict[str, Callable[[str], object]] = {
    "string": str,
    "date": date.fromisoformat,
    "integer": int,
    "number": float,
}


def troubles(metadata: bytes, table: bytes, address: str) -> list[str]:
    """What does not fit, one line each; [] if the table is as its metadata say."""
    about = msgspec.json.decode(metadata)
    found = []
    if about["@context"][0] != "http://www.w3.org/ns/csvw":
        found.append("no context of CSVW")
    if about["url"] != address.rpartition("/")[2]:
        found.append(f"url {about['url']} is not the table's")
    columns = about["tableSchema"]["columns"]
    head, *rows = csv.reader(io.StringIO(table.decode("utf-8-sig")))
    if head != [one["titles"] for one in columns]:
        found.append(f"columns {head}")
    found += [line for no, row in enumerate(rows, 1) for line in _of_row(no, row, columns)]
    key = head.index(about["tableSchema"]["primaryKey"])
    keys = [row[key] for row in rows]
    return found + [f"{one} stands twice" for one in sorted({k for k in keys if keys.count(k) > 1})]


def _of_row(no: int, row: list[str], columns: list[dict[str, Any]]) -> list[str]:
    found = []
    for cell, column in zip(row, columns, strict=True):
        if not cell:
            found += [f"row {no}: {column['name']} is empty"] if column["required"] else []
            continue
        try:
            TYPES[column["datatype"]](cell)
        except ValueError:
            found.append(f"row {no}: {column['name']} = {cell!r} is no {column['datatype']}")
    return found
