"""The demo's promises: a seeded past, a live present, the same data on the second start."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from firmware_sim.fleet import Fleet
from firmware_sim.world import World
from gateway import app as service
from gateway.cli.demo import island as demo_module
from gateway.cli.demo.command import _greet, console
from gateway.cli.demo.island import LOGIN, Demo, DemoError, DemoOptions, claim, free_port
from gateway.domain.alerts.rule_name import RuleName
from gateway.domain.model import TrapState
from gateway.domain.traps.outcomes import is_missing
from gateway.mqtt.embedded_broker import embedded, is_free
from gateway.store import Reader
from tests.dashboard.client import Client
from tests.support.servers import free_port as any_port


@contextlib.asynccontextmanager
async def shown(folder: Path, scenario: str = "tiny") -> AsyncIterator[Demo]:
    """A small demo, running."""
    wishes = DemoOptions(folder, any_port(), speed=1, scenario=scenario, history=timedelta(days=20))
    demo = Demo(wishes)
    async with embedded(folder / "broker", demo.broker_port), service.running(demo.gateway):
        yield demo


def story(reader: Reader) -> tuple[set[str], int]:
    """The journal's ids, and how many rows it has."""
    ids = [event.id for _, event in reader.events_after(0, 1_000_000)]
    return set(ids), len(ids)


def answered_and_asked(reader: Reader) -> tuple[bool, list[str]]:
    """Whether people recorded anything, and the traps whose outcome is recorded but still asked for."""
    acts, states = reader.acts(), reader.states()
    asked = [
        act.device
        for act in acts
        for alert in reader.latest_alerts(10_000)
        if alert.subject == act.device
        and alert.rule == RuleName.TRAP_SPRUNG
        and is_missing(alert)
        and alert.resolved_at
        and alert.observed_at <= act.at <= alert.resolved_at
    ]
    return bool(acts) and all(states[act.device].visited_ms for act in acts), asked


async def armed(demo: Demo) -> list[str]:
    """Traps that fleet and gateway agree to be armed."""
    states = await demo.gateway.store.read(lambda r: r.states())
    ready = demo.fleet.traps() if demo.fleet else []
    return [id_ for id_ in ready if id_ in states and states[id_].trap is not TrapState.SPRUNG]


async def spring_one(demo: Demo, world: World) -> str:
    """Go live, spring a trap over MQTT, wait until the gateway has alerted; gives the trap."""
    stop = asyncio.Event()
    live = asyncio.create_task(demo.live(world, stop))
    async with asyncio.timeout(20):
        while not (ready := await armed(demo)):
            await asyncio.sleep(0.01)
        assert demo.fleet
        with demo.gateway.feed.listen() as outcomes:
            demo.fleet.spring(ready[0])
            async for outcome in outcomes:
                if any(alert.subject == ready[0] for alert in outcome.opened):
                    break
    stop.set()
    await live
    return ready[0]


async def first_time(folder: Path) -> set[str]:
    """Seed, go live and see a trap spring; gives the journal's ids."""
    async with shown(folder) as demo:
        world = await demo.seed(lambda _: None)
        trap = await spring_one(demo, world)
        states = await demo.gateway.store.read(lambda r: r.states())
        assert states[trap].trap is TrapState.SPRUNG
        ids, rows = await demo.gateway.store.read(story)
        assert rows == len(ids)
        return ids


async def second_time(folder: Path) -> tuple[set[str], int]:
    """Start on what is there: the clock goes on where it was, however fast it ran."""
    async with shown(folder) as demo:
        assert demo.reached
        demo.reached += timedelta(hours=5)  # as after five minutes at 60 times real time
        assert timedelta() <= demo.clock() - demo.reached <= timedelta(hours=1)
        await demo.seed(lambda _: None)
        return await demo.gateway.store.read(story)


async def past_of_the_island(folder: Path) -> tuple[bool, list[str]]:
    """Seed twenty days of the whole island, in which some ten traps spring at any time of the year."""
    async with shown(folder, "fukue") as demo:
        await demo.seed(lambda _: None)
        return await demo.gateway.store.read(answered_and_asked)


@pytest.mark.real
def test_what_people_recorded_in_the_past_counts_as_visits_and_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    assert asyncio.run(past_of_the_island(tmp_path)) == (True, [])


@pytest.mark.real
def test_the_demo_seeds_a_past_goes_live_and_reuses_its_data(tmp_path: Path) -> None:
    before = asyncio.run(first_time(tmp_path))
    after, rows = asyncio.run(second_time(tmp_path))
    assert len(before) > 300
    assert before <= after
    assert len(after - before) < 50, "the past was seeded again"
    assert rows == len(after)


async def sprung_by_hand(folder: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> list[str]:
    """The traps that a running demo springs for show, until it has looked three times."""
    by_hand: list[str] = []
    monkeypatch.setattr(demo_module, "MAX_SPRUNG", most)
    monkeypatch.setattr(demo_module, "FIRST_SPRING_S", 0.3)
    monkeypatch.setattr(demo_module, "SPRING_EVERY_S", 0.3)
    monkeypatch.setattr(Fleet, "spring", lambda _, trap: by_hand.append(trap))
    looked, stop = 0, asyncio.Event()
    async with shown(folder) as demo:
        count = demo._sprung

        async def counted() -> int:
            nonlocal looked
            looked += 1
            if looked == 3:
                stop.set()
            return await count()

        monkeypatch.setattr(demo, "_sprung", counted)
        world = await demo.seed(lambda _: None)
        async with asyncio.timeout(20):
            await demo.live(world, stop)
    return by_hand


@pytest.mark.real
@pytest.mark.parametrize(("most", "times"), [(0, 0), (99, 3)])
def test_no_more_traps_are_sprung_for_show_than_trappers_could_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, times: int
) -> None:
    by_hand = asyncio.run(sprung_by_hand(tmp_path, monkeypatch, most))
    assert len(by_hand) == times


async def first_sight(folder: Path) -> tuple[list[str], str, int]:
    """The map's and the list's page amid the seeding, the map's after it, the messages sent meanwhile."""
    async with shown(folder) as demo:
        async with asyncio.timeout(20):
            while is_free(demo.port):
                await asyncio.sleep(0.01)
        client = Client(f"http://127.0.0.1:{demo.port}")
        amid: list[asyncio.Task[str]] = []
        loop = asyncio.get_running_loop()

        def ask(_: datetime) -> None:
            if len(amid) < 2:
                path = ("/", "/traps")[len(amid)]
                amid.append(loop.create_task(asyncio.to_thread(lambda: client.get(path).text)))

        await demo.seed(ask)
        pages = await asyncio.gather(*amid)
        planned = await demo.gateway.store.read(lambda r: r.outbox())
        after = await asyncio.to_thread(lambda: client.get("/").text)
        return pages, after, planned.total()


@pytest.mark.real
def test_while_the_year_is_made_its_page_says_so_and_no_past_alert_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_module, "ALERTS_END_AFTER", timedelta())
    monkeypatch.setattr(demo_module, "SEED_BATCH", 200)  # so that the first ones are days ago
    amid, after, sent = asyncio.run(first_sight(tmp_path))
    assert len(amid) == 2
    assert all("1年分の記録を作成中" in page and "<progress" in page for page in amid)
    assert "1年分の記録を作成中" not in after
    assert 'id="map"' in after
    assert sent == 0


@pytest.mark.parametrize(("missing", "shown"), [(timedelta(hours=5), 0), (timedelta(days=5), 1)])
def test_the_page_of_the_seeding_is_shown_only_while_days_are_missing(
    tmp_path: Path, missing: timedelta, shown: int
) -> None:
    demo = Demo(DemoOptions(tmp_path, any_port(), speed=1, scenario="tiny"))
    demo._page.reached = demo.clock() - missing
    assert demo._page.is_needed() == bool(shown)


async def log_in(folder: Path) -> tuple[int, int, int]:
    """How a demo's pages answer a reader, a wrong password and the printed one."""
    async with shown(folder) as demo:
        async with asyncio.timeout(20):
            while is_free(demo.port):
                await asyncio.sleep(0.01)
        client = Client(f"http://127.0.0.1:{demo.port}")

        def ask() -> tuple[int, int, int]:
            wrong = client.post("/login", {"name": LOGIN, "password": "demo"}).status_code
            right = client.post("/login", {"name": LOGIN, "password": demo.password}).status_code
            return Client(f"http://127.0.0.1:{demo.port}").get("/traps").status_code, wrong, right

        return await asyncio.to_thread(ask)


@pytest.mark.real
def test_the_demo_is_read_by_everybody_here_and_recorded_in_with_the_printed_password(
    tmp_path: Path,
) -> None:
    assert asyncio.run(log_in(tmp_path)) == (200, 403, 303)


def test_the_demo_prints_its_way_in(tmp_path: Path) -> None:
    demo = Demo(DemoOptions(tmp_path, any_port(), speed=1, scenario="tiny"))
    with console.capture() as text:
        _greet("http://127.0.0.1:8000/", "mosquitto", demo)
    assert demo.password in text.get()
    assert "/login" in text.get()
    demo.gateway.store.close()


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < free_port(port) <= port + 50


def test_a_second_demo_on_the_same_data_is_refused_until_the_first_has_ended(
    tmp_path: Path,
) -> None:
    first = claim(tmp_path)
    with pytest.raises(DemoError, match="another demo is using it"):
        claim(tmp_path)
    first.close()
    claim(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match=r"Not a directory.*--data"):
        claim(tmp_path / "file" / "data")
