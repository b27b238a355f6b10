"""A hub judges nothing and sends nothing to people: it opens no connection but those to its database."""

import ast
import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.region.hub.silence import Silence
from gateway.region.protocol import Lane
from gateway.region.records import AlertRecord, EventRecord
from tests.support.region.hub import RunningHub, running_hub

ROOT = Path(__file__).parents[4]
HUB = ROOT / "gateway" / "region" / "hub"
SENDERS = (
    "gateway.alerts",
    "gateway.export",
    "gateway.ingest",
    "gateway.mqtt",
    "gateway.store",
    "aiohttp",
    "aiomqtt",
    "apprise",
    "email",
    "http.client",
    "paho",
    "smtplib",
    "urllib.request",
)
_connected: list[object] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto", "subprocess.Popen", "os.exec"}:
        _connected.append(arguments[-1])


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def reached(start: Path) -> dict[str, Path]:
    """Every module of the project that the hub's modules import, directly or not."""
    found: dict[str, Path] = {}
    waiting = list(start.rglob("*.py"))
    while waiting:
        path = waiting.pop()
        for name in imports_of(path):
            file = ROOT / Path(*name.split("."))
            source = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
            if name not in found:
                found[name] = source
                if source.exists():
                    waiting.append(source)
    return found


def senders(names: dict[str, Path]) -> set[str]:
    return {
        name for name in names if any(name == one or name.startswith(f"{one}.") for one in SENDERS)
    }


def test_no_module_of_a_hub_can_judge_or_send() -> None:
    names = reached(HUB)
    assert len(names) > 30
    assert senders(names) == set()


def test_control_the_gateways_own_notifier_would_be_found() -> None:
    assert senders(reached(ROOT / "gateway" / "alerts"))


async def _alerts(url: str) -> tuple[set[object], int]:
    async with running_hub(url) as hub:
        town = await hub.enrol("aso")
        await hub.owner.execute("UPDATE region.town SET heard_at = now() - interval '9 days'")
        before = await _silent(hub)
        _connected.clear()
        for no in range(1, 21):
            spring = EventRecord(no, "t1", f"e{no}", "trap.sprung", no, no, "device")
            alert = AlertRecord(f"a{no}", "trap_sprung", "t1", "capture", "open", no, no)
            block = town.block(lane=Lane.URGENT, events=(spring,), alerts=(alert,))
            assert (await town.send(block)).status == 200
        await _silent(hub)
        kept = await hub.owner.fetchval("SELECT count(*) FROM region.alert WHERE status = 'open'")
        assert before == ["aso"]
        places = {place for place in _connected if _port(place) not in _own_ports(url, hub)}
        return places, kept


def _port(place: object) -> object:
    return place[1] if isinstance(place, tuple) else place


def _own_ports(url: str, hub: RunningHub) -> set[int | None]:
    return {urlsplit(url).port, urlsplit(hub.url).port}


async def _silent(hub: RunningHub) -> list[str]:
    silence: Silence = hub.hub.silence
    return await silence.look()


@pytest.mark.real
def test_letters_sent_by_a_hub_that_hears_twenty_springs_and_a_silent_town_are_none(
    region: str,
) -> None:
    sys.addaudithook(_hear)
    places, kept = asyncio.run(_alerts(region))
    assert kept == 20
    assert places == set()
