"""The map as one file: everything inside, nothing asked of anybody."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from tests.dashboard.office.conftest import Get
from tests.dashboard.office.county import County
from tests.dashboard.place import HOSTILE


def written(county: County, tmp_path: Path, *options: str) -> Path:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\npath = "{county.store.path}"\n', encoding="utf-8")
    out = tmp_path / "map.html"
    result = CliRunner().invoke(app, ["map", "--out", str(out), "-c", str(config), *options])
    assert result.exit_code == 0, result.output
    return out


def test_the_offline_file_loads_no_other_file_and_no_host(county: County, tmp_path: Path) -> None:
    html = written(county, tmp_path, "--month", "2026-10").read_text(encoding="utf-8")
    assert not re.search(r"<(script|img|link)[^>]*\s(src|href)=[\"'](?!data:)", html)
    assert not re.search(r"url\((?!data:|#)[\"']?[^)]*\.(png|svg|gif|woff)", html)
    assert HOSTILE not in html
    assert "25.0（95％区間" in html


def test_the_page_offers_the_same_file(get: Get) -> None:
    status, body = get("/officials/map.html?month=2026-10")
    assert status == 200
    assert b"L.map(" in body
    assert "25.0（95％区間".encode() in body


@pytest.mark.parametrize(
    "option", ["--month=2026-13", "--months=2", "--hours=x", "--against=y", "--band=7"]
)
def test_a_wrong_option_is_refused_with_the_reason(
    county: County, tmp_path: Path, option: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\npath = "{county.store.path}"\n', encoding="utf-8")
    out = tmp_path / "map.html"
    result = CliRunner().invoke(app, ["map", "--out", str(out), "-c", str(config), option])
    assert result.exit_code == 1
    assert "must be" in result.stderr
    assert not out.exists()
