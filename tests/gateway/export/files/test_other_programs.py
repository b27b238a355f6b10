"""A Camtrap DP package in other people's programs: frictionless finds no error, GDAL reads its places."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import frictionless
import msgspec
import pytest

from tests.gateway.export.files.standard import STANDARD, Field
from tests.gateway.export.files.test_camtrapdp import OPEN, event, package, seen
from tests.support.servers import need


def field(one: Field) -> dict[str, Any]:
    """A field of the standard as Table Schema has it."""
    limits: dict[str, Any] = {"required": one.required}
    if one.allowed:
        limits["enum"] = list(one.allowed)
    for name, value in (("minimum", one.low), ("maximum", one.high)):
        if abs(value) != float("inf"):
            limits[name] = int(value) if one.kind == "integer" else value
    kind = {"datetime": "datetime"}.get(one.kind, one.kind)
    shape = {"format": "%Y-%m-%dT%H:%M:%S%z"} if kind == "datetime" else {}
    return {"name": one.name, "type": kind, "constraints": limits, **shape}


def kept(folder: Path, files: dict[str, bytes]) -> Path:
    """A package in a folder, with the tables' schemas in it: the standard's stand on the internet."""
    about = msgspec.json.decode(files["datapackage.json"])
    about["profile"] = "data-package"
    for one in about["resources"]:
        one["schema"] = {"fields": [field(f) for f in STANDARD[one["name"]]]}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "datapackage.json").write_bytes(msgspec.json.encode(about))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package for publication."""
    events = [event(0), seen(10, count=2, confidence=0.5), seen(100, "deer"), event(300)]
    return kept(tmp_path, package(events, OPEN))


def errors(folder: Path) -> list[str]:
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.stats["tasks"] == 3
    return [str(one) for one in report.flatten(["type", "fieldName", "message"])]


def test_frictionless_finds_no_error(folder: Path) -> None:
    assert errors(folder) == []


def test_control_frictionless_finds_a_wrong_count(folder: Path) -> None:
    table = folder / "observations.csv"
    table.write_text(table.read_text().replace(",2,", ",two,", 1))
    assert "count" in errors(folder)[0]


@pytest.mark.real
def test_gdal_reads_its_places(folder: Path) -> None:
    program = need(shutil.which("ogrinfo"), "gdal-bin")
    options = ["-oo", "X_POSSIBLE_NAMES=longitude", "-oo", "Y_POSSIBLE_NAMES=latitude"]
    done = subprocess.run(
        [program, "-al", *options, str(folder / "deployments.csv")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "POINT (128.84375 32.6875)" in done.stdout
    assert "coordinateUncertainty (String) = 3733" in done.stdout
