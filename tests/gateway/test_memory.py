"""What the always-on process loads: a board that draws no map pays for none."""

import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest

from gateway.domain.model import Device, Role
from tests.support.processes.children import children, memory_mb
from tests.support.servers import Mosquitto, wait_for
from tests.support.service import Service, retained_message

pytestmark = pytest.mark.real

DEVICES = (
    Device(id="trap-01", role=Role.TRAP, lat=32.69, lon=128.84),
    Device(id="cam-01", role=Role.DETECTOR, lat=32.7, lon=128.85),
)
LIVE = (
    "/",
    "/traps",
    "/traps/trap-01",
    "/pending",
    "/api/rates.geojson",
    "/metrics",
)
DRAWS = {"numpy", "shapely", "folium", "branca", "openpyxl", "requests"}


@pytest.fixture
def service(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Service]:
    service = Service(tmp_path / "gw", mosquitto.port, *DEVICES)
    service.start(PYTHONPROFILEIMPORTTIME="1")  # says each import in the log
    wait_for(
        lambda: retained_message(mosquitto.port, "shishigaki/v1/goto/gateway/status") == b"online",
        "it",
    )
    yield service
    service.kill()


def loaded(service: Service) -> set[str]:
    """The libraries that the process itself has imported."""
    lines = [line for line in service.log.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def get(service: Service, path: str) -> bytes:
    with urllib.request.urlopen(service.url + path, timeout=60) as reply:
        body: bytes = reply.read()
    return body


OFFICE = (
    "/officials",
    "/officials/figures",
    "/officials/figures.pdf",
    "/officials/sites",
    "/officials/map.html",
    "/officials/papers",
    "/public",
)
WORKER = "dashboard.web.process.worker"


def test_the_gateway_pays_nothing_for_what_officials_calculate(service: Service) -> None:
    for path in LIVE:
        assert get(service, path)
    get(service, "/officials")  # what forwarding itself needs is loaded
    before = service.rss_mb()
    for path in OFFICE * 3:
        assert get(service, path)
    after, [worker] = service.rss_mb(), children(service.pid, WORKER)
    paid = memory_mb(worker)
    print(f"\ngateway {before:.1f} -> {after:.1f} MB; the process that calculates {paid:.0f} MB")
    assert after - before < 4
    assert "/numpy" not in Path(f"/proc/{service.pid}/maps").read_text()
    assert "/numpy" in Path(f"/proc/{worker}/maps").read_text(), "else this proves nothing"
    assert paid > 45, "what the gateway would pay, were the pages its own"
    service.kill()
    wait_for(lambda: not Path(f"/proc/{worker}").exists(), "the process to end with the gateway")


def test_what_draws_is_loaded_by_the_first_official_not_at_the_start(service: Service) -> None:
    for path in LIVE:
        assert get(service, path)
    assert "starlette" in loaded(service), "the log tells what is imported"
    assert "/numpy" not in Path(f"/proc/{service.pid}/maps").read_text()
    assert loaded(service) & DRAWS <= {"numpy", "shapely"}, "by the process that cuts the coast"
    assert "pydantic" not in loaded(service), "the command line brings 8 MB along (pyproject.toml)"
    assert b"Polygon" in get(service, "/map/coast.geojson"), "cut by a process of its own"
    assert "/numpy" not in Path(f"/proc/{service.pid}/maps").read_text()
    assert children(service.pid, WORKER) == []
    assert b"officials.js" in get(service, "/officials")
    assert "fpdf" not in loaded(service), "a PDF is made when one is asked for"
    assert loaded(service) >= DRAWS, "by the process that calculates: its log is the gateway's"


@pytest.mark.long
def test_nobody_waits_while_the_officials_pages_are_loaded(service: Service) -> None:
    get(service, "/traps")
    official = Thread(target=get, args=(service, "/officials"))
    began = time.monotonic()
    official.start()
    answered = [began]
    while official.is_alive():
        get(service, "/traps")
        answered.append(time.monotonic())
    waits = sorted(after - before for before, after in pairwise(answered))
    took = time.monotonic() - began
    print(
        f"\nloading takes {took:.1f} s; meanwhile a live page in {waits[-1] * 1e3:.0f} ms at most"
    )
    assert len(waits) > 10
    assert waits[-1] < took / 2
