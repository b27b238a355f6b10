"""The office's page of people: what may be changed by whom, what counts at once, what is never shown."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.web.entry.passwords import hash_password
from gateway import app as service
from gateway.domain.alerts.lifecycle import Duty
from gateway.domain.people.changes import PersonChange
from gateway.domain.people.person import Person, UserRole, with_channels
from tests.dashboard.client import Answer, Client
from tests.dashboard.rights.house import PASSWORD, browsers, build
from tests.support.people import keep

SECRET = "ntfys://ntfy.sh/tanaka-4711-geheim"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[service.Gateway]:
    made = build(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def readers(gateway: service.Gateway) -> Iterator[dict[str, Client]]:
    with browsers(service.pages(gateway, dict)) as found:
        yield found


def find(gateway: service.Gateway, name: str) -> Person | None:
    return gateway.store.read_now(lambda r: r.people.find(name))


def changes(gateway: service.Gateway, name: str) -> list[PersonChange]:
    return gateway.store.read_now(lambda r: r.people.changes(person=name))


def form_of(client: Client, name: str) -> dict[str, str]:
    """What the form of a person sends when nothing is touched."""
    page = client.get(f"/people/of/{name}").text.split('action="/people"')[1].split("</form>")[0]
    found = {
        m["name"]: m["value"]
        for m in re.finditer(
            r'<input(?: type="hidden")? name="(?P<name>\w+)"[^>]*? value="(?P<value>[^"]*)"', page
        )
    }
    ticked = re.findall(r'type="checkbox" name="(\w+)" value="([^"]*)" checked', page)
    role = re.search(r'<select name="role">.*?value="(\w+)" selected', page, re.DOTALL)
    return found | dict(ticked) | ({"role": role[1]} if role else {})


def add(client: Client, name: str, **more: str) -> Answer:
    return client.post("/people", {"name": name, "version": "0", **more})


def test_who_is_added_is_kept_with_everything_and_the_audit_says_by_whom(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    answer = add(
        readers["admin"],
        "tanaka",
        title="田中",
        role="trapper",
        duty="trapper",
        places="oku、trap-far",
        quiet="22-06",
        new_channels=SECRET,
        password=PASSWORD,
        language="en",
    )
    assert answer.status_code == 303
    tanaka = find(gateway, "tanaka")
    assert tanaka is not None
    assert (
        tanaka.title,
        tanaka.role,
        tanaka.duties,
        tanaka.places,
        tanaka.quiet,
        tanaka.language,
    ) == (
        "田中",
        UserRole.TRAPPER,
        (Duty.TRAPPER,),
        ("oku", "trap-far"),
        "22-06",
        "en",
    )
    assert [one.url for one in tanaka.channels] == [SECRET]
    [row] = changes(gateway, "tanaka")
    assert (row.by, row.what) == ("a-admin", "added")


def test_an_untouched_form_changes_nothing(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    keep(
        gateway.store,
        with_channels(
            Person(
                name="mori",
                role=UserRole.OFFICIAL,
                duties=(Duty.OFFICE,),
                quiet="21-05",
                places=("oku", "mae"),
                groups=("g",),
                password_hash=hash_password(PASSWORD),
            ),
            [SECRET],
        ),
    )
    before, rows = find(gateway, "mori"), len(changes(gateway, "mori"))
    for name in ("admin", "official"):
        assert readers[name].post("/people", form_of(readers[name], "mori")).status_code == 303
    assert find(gateway, "mori") == before
    assert len(changes(gateway, "mori")) == rows


def test_no_page_and_no_audit_shows_a_channel_or_anything_of_a_password(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    admin = readers["admin"]
    add(admin, "tanaka", duty="trapper", new_channels=SECRET, password=PASSWORD)
    wrong = add(admin, "tanaka", duty="trapper", new_channels=SECRET, password=PASSWORD)
    assert wrong.status_code == 409  # somebody new with a name that is taken
    tanaka = find(gateway, "tanaka")
    assert tanaka is not None
    shown = wrong.text + "".join(
        admin.get(path, {"lang": lang}).text
        for path in ("/people", "/people/of/tanaka", "/people/new")
        for lang in ("ja", "en")
    )
    assert "ntfys:…" in shown
    for secret in ("4711", PASSWORD, tanaka.password_hash, tanaka.password_hash[-12:]):
        assert secret not in shown


def test_an_official_changes_everything_but_roles_and_no_administrator(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    official = readers["official"]
    assert add(official, "tanaka", title="田中", duty="trapper").status_code == 303
    tanaka = find(gateway, "tanaka")
    assert tanaka is not None
    assert tanaka.role is UserRole.VIEWER
    assert add(official, "sato", role="admin").status_code == 409
    assert (
        official.post("/people", form_of(official, "tanaka") | {"role": "admin"}).status_code == 409
    )
    boss = form_of(official, "a-admin") | {"password": "anderes-passwort"}
    assert official.post("/people", boss).status_code == 409
    assert official.post("/people/remove", {"name": "a-admin"}).status_code == 409
    assert find(gateway, "sato") is None
    assert changes(gateway, "a-admin")[0].by == "test"


@pytest.mark.parametrize(
    "name", ["anybody", "resident", "viewer", "trapper", "deputy", "installer"]
)
def test_nobody_else_sees_or_changes_people(
    readers: dict[str, Client], gateway: service.Gateway, name: str
) -> None:
    assert readers[name].get("/people").status_code in {303, 403}
    assert add(readers[name], "tanaka").status_code in {303, 403}
    assert readers[name].post("/people/remove", {"name": "a-viewer"}).status_code in {303, 403}
    assert find(gateway, "tanaka") is None
    assert find(gateway, "a-viewer") is not None


def test_the_last_administrator_stays(readers: dict[str, Client], gateway: service.Gateway) -> None:
    admin = readers["admin"]
    own = form_of(admin, "a-admin")
    for change in ({"role": "viewer"}, {"no_password": "yes"}):
        assert admin.post("/people", own | change).status_code == 409
    assert admin.post("/people/remove", {"name": "a-admin"}).status_code == 409
    assert add(admin, "second", role="admin", password=PASSWORD).status_code == 303
    assert admin.post("/people", form_of(admin, "a-admin") | {"role": "viewer"}).status_code == 303
    assert admin.get("/people").headers["location"] == "/login?next=/people"
    again = admin.post("/login", {"name": "a-admin", "password": PASSWORD})
    assert (again.status_code, admin.get("/people").status_code) == (303, 403)


def test_of_two_who_change_the_same_person_the_second_is_refused_with_the_reason(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    first, second = form_of(readers["admin"], "a-viewer"), form_of(readers["official"], "a-viewer")
    assert readers["admin"].post("/people", first | {"title": "一"}).status_code == 303
    late = readers["official"].post("/people", second | {"title": "二"})
    assert late.status_code == 409
    assert "ほかの人が先に変更しました" in late.text
    kept = find(gateway, "a-viewer")
    assert kept is not None
    assert kept.title == "一"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"quiet": "nachts"}, "22-06"),
        ({"new_channels": "nonsense://geheim"}, "連絡先"),
        ({"new_channels": "console:"}, "役目"),
        ({"password": "kurz"}, "パスワード"),
        ({"role": "king"}, "役割"),
        ({"groups": "a-viewer"}, "班の名前"),
        ({"duty": "x"}, "役目"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(
    readers: dict[str, Client], gateway: service.Gateway, fields: dict[str, str], says: str
) -> None:
    duty = {} if fields.get("new_channels") == "console:" else {"duty": "office"}
    answer = readers["admin"].post("/people", {"name": "neu", "version": "0", **duty, **fields})
    assert answer.status_code == 409
    assert says in answer.text
    assert "geheim" not in answer.text
    assert find(gateway, "neu") is None


def test_names_are_kept_as_text_without_controls(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    hostile = "\u202eeman\u2066<script>\u0000"
    assert add(readers["admin"], hostile, title="a\u202eb").status_code == 303
    assert find(gateway, "eman<script>") is not None
    page = readers["admin"].get("/people").text
    assert "<script>" not in page.split("<main")[1].split("</main>")[0]
    assert "\u202e" not in page


def test_a_role_counts_at_once_and_a_removed_person_is_out(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    assert readers["viewer"].get("/officials/figures").status_code == 403
    own = form_of(readers["admin"], "a-viewer")
    readers["admin"].post("/people", own | {"role": "official"})
    assert readers["viewer"].get("/pending").status_code == 303, "logs in with the new role"
    readers["viewer"].post("/login", {"name": "a-viewer", "password": PASSWORD})
    assert readers["viewer"].get("/pending").status_code == 200
    readers["admin"].post("/people/remove", {"name": "a-viewer"})
    assert readers["viewer"].get("/pending").status_code == 303


@pytest.mark.parametrize("role", ["trapper", "deputy"])
def test_what_is_a_trapper_s_own_must_be_said_and_everything_is_an_asterisk(
    gateway: service.Gateway, readers: dict[str, Client], role: str
) -> None:
    admin = readers["admin"]
    refused = add(admin, "sato", role=role)
    assert (refused.status_code, "担当を入れてください" in refused.text) == (409, True)
    assert find(gateway, "sato") is None
    assert add(admin, "sato", role=role, places="*").status_code == 303
    assert add(admin, "kato", role="viewer").status_code == 303


def test_the_office_is_asked_about_trappers_of_earlier_versions_until_it_has_said(
    gateway: service.Gateway, readers: dict[str, Client]
) -> None:
    keep(gateway.store, Person(name="mukashi", role=UserRole.TRAPPER))
    official = readers["official"]
    asked = official.get("/people", {"lang": "ja"}).text.split('role="note"')[1].split("</div>")[0]
    assert re.findall(r"/people/of/([\w-]+)", asked) == ["mukashi"]
    form = form_of(official, "mukashi")
    assert official.post("/people", form).status_code == 409
    assert official.post("/people", form | {"places": "oku"}).status_code == 303
    assert 'role="note"' not in official.get("/people").text
