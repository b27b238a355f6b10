"""The table of Camtrap DP's constraints: each of them is checked, and a real package passes."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from gateway.export.files import camtrapdp_columns
from tests.gateway.export.files.standard import STANDARD, Field, troubles
from tests.gateway.export.files.standard_descriptor import PROFILE, TABLES
from tests.gateway.export.files.test_camtrapdp import EXACT, event, package, seen
from tests.science.shared import ROOT, needs_shared

GOOD = {
    "string": "something",
    "any": '{"a": 1}',
    "boolean": "true",
    "datetime": "2026-09-01T09:00:00+0900",
}
BAD = {
    "any": "{",
    "number": "many",
    "integer": "1.5",
    "boolean": "yes",
    "datetime": "2026-09-01 09:00:00",
}
FORMS = {"filePath": ("media/1.jpg", "../1.jpg"), "fileMediatype": ("image/jpeg", "text/plain")}
IDS = {"deploymentID": "d1", "mediaID": "m1", "observationID": "o1"}
Cell = tuple[str, str, str]


def good(field: Field) -> str:
    """A cell that the standard allows."""
    if field.kind in {"number", "integer"}:
        return str(round(max(field.low, min(field.high, 1))) or 1)
    if field.pattern:
        return FORMS[field.name][0]
    return IDS.get(field.name) or (field.allowed[0] if field.allowed else GOOD[field.kind])


def wrongs(field: Field) -> Iterator[str]:
    """Cells that break one constraint of a field each."""
    if field.required:
        yield ""
    if field.kind in BAD:
        yield BAD[field.kind]
    for limit, step in ((field.low, -1), (field.high, 1)):
        if abs(limit) != float("inf"):
            yield str(round(limit) + step)
    if field.pattern:
        yield FORMS[field.name][1]
    if field.allowed or field.refers:
        yield "nothing of the kind"


def whole() -> dict[str, bytes]:
    """A package in which every cell of every table is filled."""
    files = package([event(0), seen(10)])
    for name in TABLES:
        files[f"{name}.csv"] = table(name, [{field.name: good(field) for field in STANDARD[name]}])
    return files


def table(name: str, rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, [field.name for field in STANDARD[name]])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


CELLS: list[Cell] = [
    (name, field.name, wrong)
    for name in TABLES
    for field in STANDARD[name]
    for wrong in wrongs(field)
]


def test_a_package_with_every_cell_filled_is_allowed() -> None:
    assert troubles(whole()) == []


@pytest.mark.parametrize(("name", "column", "wrong"), CELLS)
def test_every_broken_cell_is_found(name: str, column: str, wrong: str) -> None:
    row = {field.name: good(field) for field in STANDARD[name]}
    found = troubles(whole() | {f"{name}.csv": table(name, [row | {column: wrong}])})
    assert any(line.startswith(f"{name}.{column} row 0: {wrong!r}") for line in found)


@pytest.mark.parametrize("name", TABLES)
def test_a_key_that_comes_twice_and_a_column_that_is_missing_are_found(name: str) -> None:
    row = {field.name: good(field) for field in STANDARD[name]}
    twice = troubles(whole() | {f"{name}.csv": table(name, [row, row])})
    assert twice == [f"{name}.{STANDARD[name][0].name} is not unique"]
    _, _, rest = table(name, [row]).partition(b",")
    assert any("columns" in line for line in troubles(whole() | {f"{name}.csv": rest}))


def holders(about: Any, path: list[str]) -> Iterator[tuple[Any, str | int]]:
    """The container and the key of each place that a path means."""
    if path[0] == "*":
        places: list[tuple[Any, str | int]] = [(about, no) for no in range(len(about))]
    else:
        places = [(about, path[0])]
    if isinstance(about, list) and path[0] in TABLES:  # a resource by its name
        places = [(about, no) for no, one in enumerate(about) if one["name"] == path[0]]
    for holder, key in places:
        if len(path) == 1:
            yield holder, key
        else:
            yield from holders(holder[key], path[1:])


@pytest.mark.parametrize(("path", "required"), [(path, required) for path, required, _ in PROFILE])
@pytest.mark.parametrize("wrong", [None, object], ids=["left out", "of another kind"])
def test_every_broken_property_is_found(path: str, required: bool, wrong: object) -> None:
    files = package([event(0), seen(10)])
    about = msgspec.json.decode(files["datapackage.json"]) | {
        "id": "one",
        "coordinatePrecision": 0.1,
    }
    files["datapackage.json"] = msgspec.json.encode(about)
    assert troubles(files) == []
    if wrong is None and not required:
        return
    holder, key = next(holders(about, path.split(".")))
    holder[key] = None if wrong is None else -5
    files["datapackage.json"] = msgspec.json.encode(about)
    last = path.rpartition(".")[2] if not path.endswith("*") else ""
    assert any(last in line.split(":")[0] for line in troubles(files))


def test_our_export_writes_the_standards_columns_in_their_order() -> None:
    ours: Mapping[str, tuple[str, ...]] = {
        "deployments": camtrapdp_columns.DEPLOYMENTS,
        "media": camtrapdp_columns.MEDIA,
        "observations": camtrapdp_columns.OBSERVATIONS,
    }
    assert ours == {name: tuple(field.name for field in STANDARD[name]) for name in TABLES}
    assert EXACT.exact


@needs_shared
def test_a_package_that_others_published_is_allowed() -> None:
    files = {path.name: path.read_bytes() for path in (ROOT / "data/camtrapdp").iterdir()}
    files["media.csv"] = table("media", [])
    found = [line for line in troubles(files) if "is not in media" not in line]
    assert found == []
