"""`shishigaki region users`: accounts of the hub's pages, added, changed and removed while the hub runs."""

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.domain.errors import ShishigakiError
from tests.dashboard.client import Client
from tests.dashboard.office.region.conftest import logged_in
from tests.support.region.pages import PASSWORD, RegionPages

pytestmark = pytest.mark.real


def users(region: RegionPages, *arguments: str, password: str = "") -> Result:
    database = region.hub.hub.settings.database
    call = ["region", "users", *arguments, "--database", database]
    return CliRunner().invoke(app, call, input=f"{password}\n", catch_exceptions=True)


def test_an_account_is_added_seen_changed_and_removed(own_region: RegionPages) -> None:
    new = "あたらしい ながい ことば 18"
    added = users(own_region, "add", "hana", "--organisation", "asa", password=new)
    assert added.exit_code == 0, added.output
    client = Client(own_region.url)
    assert client.post("/login", {"name": "hana", "password": new}).status_code == 303
    assert "麻町" in client.get("/region/compare").text
    listed = users(own_region, "list").output
    assert "hana\tasa\tofficial" in listed
    users(own_region, "add", "hana", "--organisation", "ine", password=PASSWORD)
    assert client.get("/region/compare").status_code == 303, "a change ends the sessions"
    hana = Client(own_region.url)
    hana.post("/login", {"name": "hana", "password": PASSWORD})
    assert "麻町" not in hana.get("/region/compare").text
    assert users(own_region, "remove", "hana").exit_code == 0
    assert hana.get("/region/compare").status_code == 303
    assert "hana" not in users(own_region, "list").output
    audit = own_region.sql("SELECT what FROM region.audit ORDER BY no")
    assert [row["what"] for row in audit] == ["user added", "user added", "user removed"]
    assert logged_in(own_region, "ine").get("/region/compare").status_code == 200


def test_an_organisation_that_is_new_needs_its_name(own_region: RegionPages) -> None:
    refused = users(own_region, "add", "mori", "--organisation", "univ", password=PASSWORD)
    assert isinstance(refused.exception, ShishigakiError) or refused.exit_code == 1
    assert own_region.sql("SELECT 1 FROM region.organisation WHERE id = 'univ'") == []
    made = users(
        own_region, "add", "mori", "--organisation", "univ", "--title", "大学", password=PASSWORD
    )
    assert made.exit_code == 0, made.output
    page = logged_in(own_region, "mori").get("/region/towns").text
    assert "見せてもらえる町がありません" in page


@pytest.mark.parametrize(
    ("arguments", "password"),
    [
        (["add", "x" * 65, "--organisation", "asa"], PASSWORD),
        (["add", "x", "--organisation", "asa", "--role", "root"], PASSWORD),
        (["add", "x", "--organisation", "asa"], "short"),
        (["remove", "nobody"], ""),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    own_region: RegionPages, arguments: list[str], password: str
) -> None:
    before = own_region.sql("SELECT count(*) FROM region.hub_user")
    assert users(own_region, *arguments, password=password).exit_code != 0
    assert own_region.sql("SELECT count(*) FROM region.hub_user") == before
