"""The shipped HAProxy: who gets in as a town, and that nobody can name himself one."""

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.office.region.hub.entry.gate import ADDRESSES
from gateway.region.hub.authority import Authority
from tests.support.region.echo import echo
from tests.support.region.installation import PAGES_NAME, Installation
from tests.support.servers import wait_for

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    """One prepared machine whose HAProxy stands before an echo."""
    site = Installation("node1")
    try:
        site.configure("node1")
        with echo(site.sockets / "receiver1.sock"):
            site.start_haproxy()
            wait_for(lambda: ask(site, "PAGES", "/")[0] == 200, "HAProxy to see the receiver")
            yield site
    finally:
        site.remove()


def town(site: Installation, folder: Path, name: str, authority: str = "towns") -> tuple[str, str]:
    """A certificate of the region's authority, or of another one; its file and serial."""
    ca = site.prepared / f"{authority}.ca"
    issued = Authority(ca, site.prepared / f"{authority}.ca.key").issue(name, datetime.now(UTC), 9)
    path = folder / f"{name}.pem"
    kinds = (("CERTIFICATE", issued.certificate), ("PRIVATE KEY", issued.key))
    path.write_text(
        "".join(ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", kind) for kind, der in kinds)
    )
    return str(path), issued.serial


def ask(
    site: Installation, door: str, path: str, *headers: str, certificate: str = ""
) -> tuple[int, dict[str, object]]:
    """Status and answer of one GET; (0, {}) when the connection was not let in."""
    context = ssl.create_default_context(cafile=str(site.prepared / "towns.ca"))
    if certificate:
        context.load_cert_chain(certificate)
    name = site.door if door == "UPLINK" else PAGES_NAME
    lines = "".join(f"{line}\r\n" for line in (f"GET {path} HTTP/1.1", f"Host: {name}", *headers))
    try:
        with (
            socket.create_connection(("127.0.0.1", site.ports[door]), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname=name) as link,
        ):
            link.sendall(f"{lines}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: link.recv(65_536), b""))
    except (ssl.SSLError, ConnectionError):
        return 0, {}
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    return status, json.loads(body) if status == 200 else {}


def told(answer: dict[str, object]) -> list[list[str]]:
    """The headers that speak of a town, as the receiver reads them."""
    pairs = answer["headers"]
    assert isinstance(pairs, list)
    return [pair for pair in pairs if "shishigaki" in pair[0].replace("_", "-")]


FORGED = ("X-Shishigaki-Town: goto", "x-shishigaki-serial: 01", "X-SHISHIGAKI-Town: goto")


def test_a_town_is_named_by_its_certificate_whatever_it_says(
    site: Installation, tmp_path: Path
) -> None:
    certificate, serial = town(site, tmp_path, "iki")
    status, answer = ask(site, "UPLINK", "/uplink/iki", *FORGED, certificate=certificate)
    assert status == 200
    assert sorted(told(answer)) == [["x-shishigaki-serial", serial], ["x-shishigaki-town", "iki"]]


@pytest.mark.parametrize("authority", ["", "nodes"])
def test_without_a_certificate_of_the_towns_authority_nobody_gets_in(
    site: Installation, tmp_path: Path, authority: str
) -> None:
    certificate = town(site, tmp_path, "iki", authority)[0] if authority else ""
    assert ask(site, "UPLINK", "/uplink/iki", certificate=certificate)[0] == 0


def test_the_pages_door_names_no_town(site: Installation) -> None:
    status, answer = ask(site, "PAGES", "/region/map", *FORGED)
    assert (status, told(answer)) == (200, [])


def test_the_last_forwarded_address_is_the_clients_own_whatever_it_says(site: Installation) -> None:
    _, answer = ask(site, "PAGES", "/login", "X-Forwarded-For: 198.51.100.1", "x-forwarded-for: 1")
    pairs = answer["headers"]
    assert isinstance(pairs, list)
    assert [value for name, value in pairs if name == "x-forwarded-for"][-1] == "127.0.0.1"


@pytest.mark.parametrize(
    "path",
    [
        *("/uplink/goto", "/UPLINK/goto", "//uplink/goto", "/%75plink/goto", "/%2Fuplink/goto"),
        *(
            "/metrics",
            "/%6Detrics",
            "/%6detrics",
            "/METRICS",
            "/metrics?x",
            "/healthz",
            "/%68ealthz",
        ),
        *("/region/../metrics", "/region/%2e%2e/metrics", "/static/.%2E/healthz", "/./metrics"),
        *("/regional", "/login/../metrics", "/static//metrics", "http://region.test/metrics"),
    ],
)
def test_the_pages_door_leads_to_the_pages_only(site: Installation, path: str) -> None:
    assert ask(site, "PAGES", path)[0] == 404


def test_control_the_pages_door_leads_to_every_page(site: Installation) -> None:
    paths = {
        path.replace("{path:path}", "hub.css").replace("{town}", "goto%2D1")
        for _, path in ADDRESSES
    }
    assert {path: ask(site, "PAGES", path)[0] for path in paths} == dict.fromkeys(paths, 200)


def test_a_towns_door_leads_to_the_uplink_only(site: Installation, tmp_path: Path) -> None:
    certificate, _ = town(site, tmp_path, "iki")
    for path in ("/", "/region", "/metrics", "/uplink"):
        assert ask(site, "UPLINK", path, certificate=certificate)[0] == 404


def test_control_the_receiver_itself_believes_the_headers(site: Installation) -> None:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(site.sockets / "receiver1.sock"))
        lines = "".join(f"{line}\r\n" for line in FORGED)
        link.sendall(f"GET /uplink/goto HTTP/1.0\r\n{lines}\r\n".encode())
        answer = b"".join(iter(lambda: link.recv(65_536), b""))
    assert told(json.loads(answer.partition(b"\r\n\r\n")[2]))
