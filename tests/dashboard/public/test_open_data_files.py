"""The open data as files: addresses that stay, named columns, terms, and what other programs make of them."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import frictionless
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.rate import rai
from dashboard.public import open_data
from dashboard.public.edition import COLUMNS, LICENCES, NAMES, wanted
from dashboard.public.open_data import PublicSquare
from gateway.config.office import Public
from tests.dashboard.client import HANGS_S
from tests.dashboard.office.county import County, sighted
from tests.dashboard.office.gis.test_package import gdal, schema
from tests.dashboard.public import csvw

EDITION = "/public/squares/boar-2026-10"
KINDS = ("csv", "geojson", "csv-metadata.json", "datapackage.json")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """A municipality whose open data everybody may read."""
    county = County(tmp_path_factory.mktemp("open"), public_url="http://127.0.0.1").settle()
    county.now = datetime(2026, 12, 5, tzinfo=UTC)
    public = Public(open=True, publisher="五島市 農林課")
    county.configure(msgspec.structs.replace(county.config, public=public))
    yield county
    county.store.close()


@pytest.fixture(scope="module")
def url(county: County) -> Iterator[str]:
    with county.served() as url:
        yield url


def got(address: str) -> tuple[int, bytes, Message]:
    """Status, body and headers."""
    try:
        with urllib.request.urlopen(address, timeout=HANGS_S) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


@pytest.fixture(scope="module")
def files(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of an edition, saved under the last part of their addresses."""
    folder = tmp_path_factory.mktemp("files")
    for kind in KINDS:
        status, body, _ = got(f"{url}{EDITION}.{kind}")
        assert status == 200
        (folder / f"boar-2026-10.{kind}").write_bytes(body)
    return folder


def test_an_edition_names_species_period_effort_interval_terms_and_source(files: Path) -> None:
    whole = msgspec.json.decode((files / "boar-2026-10.geojson").read_bytes())
    assert whole["license"] == LICENCES["CC-BY-4.0"]
    assert whole["source"] == "五島市 農林課"
    for feature in whole["features"]:
        square = feature["properties"]
        assert tuple(square) == NAMES
        assert (square["species"], square["period_from"]) == ("boar", "2025-11-01")
        assert square["period_to"] == "2026-10-31"
        assert square["license"] == "CC-BY-4.0"
    assert any(one["properties"]["rate_low"] for one in whole["features"])


def test_an_address_stays_while_time_goes_on(county: County, url: str) -> None:
    before = got(f"{url}{EDITION}.csv")[1]
    county.now = datetime(2027, 2, 20, tzinfo=UTC)
    try:
        assert got(f"{url}{EDITION}.csv")[1] == before
        assert got(f"{url}/public/squares.csv?species=boar")[1] != before, "the newest moves on"
    finally:
        county.now = datetime(2026, 12, 5, tzinfo=UTC)


NOT_THERE = (
    *("boar-2026-11.csv", "boar-2026-13.csv", "boar-2016-01.csv", "person-2026-10.csv"),
    *("unicorn-2026-10.csv", "boar-2026-10.exe", "all-2026-10.csv", "boar.csv"),
)


@pytest.mark.parametrize("name", NOT_THERE)
def test_what_is_not_published_has_no_address(county: County, url: str, name: str) -> None:
    sighted(county.store, "cam-0", datetime(2026, 9, 12, tzinfo=UTC), 9, "person")
    assert got(f"{url}/public/squares/{name}")[0] == 404


def test_other_sites_may_read_what_everybody_may_read_and_nothing_else(
    url: str, tmp_path: Path
) -> None:
    for address in (f"{EDITION}.csv", "/public/squares.geojson", "/public/catalog.jsonld"):
        assert got(url + address)[2]["Access-Control-Allow-Origin"] == "*"
    assert got(f"{url}/public")[2]["Access-Control-Allow-Origin"] is None
    closed = County(tmp_path).settle()
    with closed.served() as local:
        assert got(f"{local}/public/squares.csv")[2]["Access-Control-Allow-Origin"] is None
    closed.store.close()


def test_a_saved_file_has_a_name_of_its_own_and_points_to_its_description(url: str) -> None:
    _, _, headers = got(f"{url}{EDITION}.csv")
    assert 'filename="site-boar-5km-2025-11_2026-10.csv"' in headers["Content-Disposition"]
    assert f'<{EDITION}.csv-metadata.json>; rel="describedby"' in headers["Link"]
    assert f'<{LICENCES["CC-BY-4.0"]}>; rel="license"' in headers["Link"]


def test_frictionless_finds_no_error(files: Path) -> None:
    report = frictionless.validate(str(files / "boar-2026-10.datapackage.json"))
    assert report.flatten(["type", "message"]) == []
    assert report.stats["tasks"] == 1


def test_control_frictionless_finds_a_wrong_cell(files: Path, tmp_path: Path) -> None:
    package = (files / "boar-2026-10.datapackage.json").read_bytes()
    table = (files / "boar-2026-10.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "p.json").write_bytes(package)
    (tmp_path / "boar-2026-10.csv").write_text(table.replace("2025-11-01", "last year", 1))
    report = frictionless.validate(str(tmp_path / "p.json"))
    assert [kind for [kind] in report.flatten(["type"])] == ["type-error"]


def test_the_table_is_as_its_csvw_metadata_say(files: Path) -> None:
    metadata = (files / "boar-2026-10.csv-metadata.json").read_bytes()
    table = (files / "boar-2026-10.csv").read_bytes()
    assert csvw.troubles(metadata, table, f"{EDITION}.csv") == []
    wrong = table.replace(b"2025-11-01", b"last year", 1)
    assert csvw.troubles(metadata, wrong, f"{EDITION}.csv") == [
        "row 1: period_from = 'last year' is no date"
    ]


def test_the_catalogue_names_files_that_are_there(url: str) -> None:
    catalogue = msgspec.json.decode(got(f"{url}/public/catalog.jsonld")[1])
    assert catalogue["@type"] == "dcat:Catalog"
    assert catalogue["dct:publisher"]["foaf:name"] == "五島市 農林課"
    datasets = {one["dct:identifier"]: one for one in catalogue["dcat:dataset"]}
    assert {"boar-2026-10", "boar-2025-11", "deer-2026-10"} <= datasets.keys()
    assert "person-2026-10" not in datasets
    found = datasets["deer-2026-10"]
    assert found["dct:temporal"]["dcat:endDate"]["@value"] == "2026-10-31"
    for one in found["dcat:distribution"]:
        parts = urlsplit(one["dcat:downloadURL"]["@id"])
        assert parts.hostname == "127.0.0.1"
        assert got(f"{url}{parts.path}")[0] == 200


def test_gdal_opens_the_squares_with_their_types(files: Path) -> None:
    geometry, fields = schema(str(files / "boar-2026-10.geojson"))
    assert geometry == "Polygon"
    assert fields.keys() >= set(NAMES)
    assert (fields["period_from"], fields["camera_days"]) == ("Date", "Integer")
    _, columns = schema(str(files / "boar-2026-10.csv"))
    assert list(columns) == list(NAMES)
    assert "WGS 84" in gdal("ogrinfo", "-so", "-al", str(files / "boar-2026-10.geojson"))


@given(st.integers(0, 400), st.floats(30, 3_000))
def test_the_published_interval_holds_the_true_one_and_tells_nothing_more(
    n: int, effort: float
) -> None:
    least = 5
    if 0 < n < least:
        return
    square = PublicSquare("4928051", int(effort // 10) * 10, n // least * least, 0)
    low, high = open_data.interval(square, least)
    true = rai(n, effort)
    assert low is not None
    assert high is not None
    assert true.low is not None
    assert true.high is not None
    assert low <= true.low + 1e-9
    assert high >= true.high - 1e-9


def test_a_withheld_number_has_no_interval() -> None:
    assert open_data.interval(PublicSquare("4928051", 100, None, None), 5) == (None, None)


def test_each_column_has_a_meaning_and_names_of_files_are_read_back() -> None:
    assert all(one.meaning for one in COLUMNS)
    found = wanted("Sus barbatus-2026-10.csv-metadata.json")
    assert found
    assert (found.species, str(found.last), found.kind) == (
        "Sus barbatus",
        "2026-10",
        "csv-metadata.json",
    )
    assert wanted("../../etc/passwd") is None
