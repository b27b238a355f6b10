"""Names, notes and ids from outside are text on every page: isolated, and without what cannot be seen."""

import html
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import jinja2
import msgspec
import pytest
from msgspec.structs import replace

from dashboard.web.rights.routes import ROUTES, RouteRow
from gateway import app as service
from gateway.domain.model import ActionKind, Kind, Message, TrapAction
from gateway.domain.people.person import Person
from gateway.domain.resident_reports import Sighting, SightingKind
from gateway.ingest.messages.batch import absorb
from gateway.ingest.people import actions
from gateway.words.visible import UNSEEN
from tests.dashboard.client import Client
from tests.dashboard.place import NOW, decode, reading
from tests.dashboard.rights import house
from tests.dashboard.rights.house import DEVICES, stream
from tests.dashboard.rights.markup import Unisolated
from tests.dashboard.rights.test_matrix import addresses
from tests.support.people import keep

MARK = "צבי"  # "deer"; it runs from right to left
HOSTILE = f"\u202e{MARK}\u200b\u2066<b>1 & 2\u0007"
HIDDEN_VALUE = re.compile(r'<input type="hidden"[^>]*>')
SCRIPT = re.compile(r"<script[^>]*>.*?</script>", re.DOTALL)
READS = [row for row in ROUTES if not row.acts and row.path != "/static/{path:path}"]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Gateway]:
    """A gateway in which everything that has a name from outside has a hostile one."""
    made = house.build(tmp_path_factory.mktemp("names"))
    make_hostile(made)
    yield made
    made.store.close()


def make_hostile(gateway: service.Gateway) -> None:
    """Give every kind of name, note and id a hostile one, through the doors that others use."""
    named = [replace(one, name=HOSTILE + one.id, area=one.area + HOSTILE) for one in DEVICES]
    act = TrapAction(
        id="hostile",
        device="trap-two",
        deed=ActionKind.CAPTURED,
        at=NOW,
        by=HOSTILE,
        recorded_at=NOW,
        through="page",
        species="boar",
        note=HOSTILE,
        photo=HOSTILE,
        weight_class=HOSTILE,
    )
    sighting = Sighting(
        id="s",
        source=HOSTILE,
        kind=SightingKind.SIGHTING,
        species="boar",
        day=date(2026, 11, 20),
        lat=32.7,
        lon=128.8,
        municipality=HOSTILE,
        place=HOSTILE,
        note=HOSTILE,
    )
    stranger = reading(f"{HOSTILE}stranger", Kind.SPRUNG, NOW, model=HOSTILE)
    received = [
        Message(f"wildlife/{HOSTILE}", HOSTILE.encode(), NOW),
        Message(f"wildlife/{HOSTILE}", msgspec.json.encode(stranger), NOW),
    ]
    person = Person(name=HOSTILE, title=HOSTILE, groups=(f"{HOSTILE} 班",), places=(HOSTILE,))
    store = gateway.store
    store.write_now(lambda tx: tx.put_devices(named))
    store.write_now(lambda tx: absorb(tx, received, decode, NOW, gateway.policy))
    store.write_now(lambda tx: actions.record(tx, act, gateway.policy, NOW))
    store.write_now(lambda tx: tx.sightings.add([sighting]))
    keep(store, person)


def pages_of(client: Client, path: str) -> Iterator[str]:
    """The HTML of an address; of a stream every piece of it."""
    if path.startswith("/live?"):
        for piece in [next(stream(client, path), b"")]:
            yield from html_in(msgspec.json.decode(piece.partition(b"data: ")[2] or b"{}"))
        return
    answer = client.get(path)
    if answer.headers.get("content-type", "").startswith("text/html"):
        yield answer.text


def html_in(value: Any) -> Iterator[str]:
    """Every HTML text in a JSON value."""
    if isinstance(value, str):
        yield from [value] if "<" in value else []
    elif isinstance(value, dict):
        for one in value.values():
            yield from html_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from html_in(one)


def wrong_in(text: str) -> tuple[int, list[str]]:
    """How often the mark is in a page, and where it is not isolated or with what nobody sees."""
    parser = Unisolated(MARK)
    parser.feed(text)
    parser.close()
    unseen = UNSEEN.search(HIDDEN_VALUE.sub("", SCRIPT.sub("", text)))
    return parser.marks, [*parser.found, *([repr(unseen)] if unseen else [])]


@pytest.mark.parametrize("row", READS, ids=lambda row: row.path)
def test_no_name_from_outside_moves_what_stands_beside_it(
    readers: dict[str, Client], row: RouteRow
) -> None:
    for name in ("admin", "trapper", "viewer"):
        for address in addresses(row):
            for text in pages_of(readers[name], address):
                assert wrong_in(text)[1] == [], f"{name} {address}"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/traps",
        "/traps/trap-two",
        "/pending",
        "/people",
        "/sign-in",
        "/officials",
        "/officials/figures",
        "/officials/papers",
        "/officials/sites",
    ],
)
def test_the_hostile_names_are_on_the_pages(readers: dict[str, Client], path: str) -> None:
    marks = sum(wrong_in(text)[0] for text in pages_of(readers["admin"], path))
    assert marks > 0


@pytest.mark.parametrize(
    ("template", "isolated"),
    [
        ("<p>{{ name }} 5</p>", False),
        ("<p><bdi>{{ name }}</bdi> 5</p>", True),
        ("<p>\u2068{{ name }}\u2069 5</p>", True),
        ("<p>\u2068x\u2069{{ name }} 5</p>", False),
        ("<p><bdi>x</bdi><b>{{ name }}</b></p>", False),
        ("<title>{{ name }}</title>", True),
    ],
)
def test_control_a_template_that_forgets_it_is_found(template: str, *, isolated: bool) -> None:
    text = jinja2.Environment(autoescape=True).from_string(template).render(name=MARK)
    assert (wrong_in(text)[1] == []) is isolated
    assert wrong_in(f"<p>{HOSTILE[0]}</p>")[1]


def test_a_waiting_device_with_a_hostile_id_is_approved_by_the_button(
    readers: dict[str, Client], gateway: service.Gateway
) -> None:
    page = readers["admin"].get("/pending").text
    [sent] = re.findall(
        r'action="/pending/approve">\s*<input type="hidden" name="device" value="([^"]*stranger)"',
        page,
    )
    form = {"device": html.unescape(sent), "role": "trap", "name": "山の田"}
    assert readers["admin"].post("/pending/approve", form).status_code in {200, 303}
    known = gateway.store.read_now(lambda reader: reader.devices())
    assert "山の田" in {one.name for one in known}
