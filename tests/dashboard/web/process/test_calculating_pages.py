"""dashboard.web.process: a separate process answers officials' pages, within its limits."""

import asyncio
import os

import msgspec

from dashboard.web.process import forwarding, messages
from dashboard.web.process.messages import Settings
from dashboard.web.process.pages import MAX_CALCULATIONS, MAX_REQUESTS
from gateway.config import Config
from tests.dashboard.client import Client
from tests.dashboard.place import CAMERAS, NOW, Place
from tests.dashboard.web.process.calculating_site import (
    MAX_WAIT_S,
    PageResponse,
    is_unavailable,
    running_site,
)


def test_another_process_answers_with_the_gateways_time_and_the_account_of_the_request(
    place: Place,
) -> None:
    async def run() -> PageResponse:
        async with running_site(place) as one:
            return await one.get("who")

    response = asyncio.run(run())
    assert response.json["pid"] != os.getpid()
    assert response.json["now"] == response.json["in reader"] == NOW.isoformat()
    assert (response.json["name"], response.json["hash"]) == ("taro", "")


def test_requests_over_the_limit_are_refused_and_calculations_never_exceed_theirs(
    place: Place,
) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            await one.pid()
            request = [asyncio.create_task(one.get("sleep", b"s=0.5")) for _ in range(MAX_REQUESTS)]
            while one.pages.calculating < MAX_CALCULATIONS:
                await asyncio.sleep(0.02)
            assert is_unavailable(await one.get("who"), "混み合っています")
            most = 0
            while not all(task.done() for task in request):
                most = max(most, one.pages.calculating)
                await asyncio.sleep(0.02)
            assert {task.result().body for task in request} == {b"slept"}
            assert most == MAX_CALCULATIONS

    asyncio.run(run())


def test_clients_that_read_slowly_do_not_block_other_calculations(place: Place) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            taken = asyncio.Event()
            slow = [
                asyncio.create_task(one.get("large", slow=taken))
                for _ in range(MAX_CALCULATIONS + 1)
            ]
            async with asyncio.timeout(MAX_WAIT_S):
                for _ in range(5):
                    await one.pid()
            taken.set()
            assert {len(response.body) for response in await asyncio.gather(*slow)} == {20_000_000}

    asyncio.run(run())


def test_damage_found_by_a_page_is_repaired_by_the_gateway_before_the_answer(
    place: Place,
) -> None:
    async def run() -> None:
        async with running_site(place) as one:
            assert (await one.get("damaged")).body == b"whole"
            assert one.repaired == ["damaged: a page is broken"]

    asyncio.run(run())


def test_pages_read_the_new_database_after_a_salvage(place: Place) -> None:
    place.apart = True
    with place.served() as url:
        assert Client(url).get("/officials").status_code == 200
        place.store.write_now(lambda tx: tx.put_device(CAMERAS[0]))
        asyncio.run(place.store.salvage("a test says so"))
        place.store.write_now(lambda tx: tx.put_device(CAMERAS[1]))
        shown = [Client(url).get("/officials/map.html").text for _ in range(4)]
    for page in shown:  # whichever reader's thread answers
        assert CAMERAS[0].name in page
        assert CAMERAS[1].name in page


def test_an_unusable_office_file_gives_a_503_that_names_the_setting(place: Place) -> None:
    place.config = msgspec.convert({"office": {"boundary": ["nowhere.geojson"]}}, Config)
    place.apart = True
    with place.served() as url:
        answer = Client(url).get("/officials")
    assert (answer.status_code, "[office] のファイルを確かめて" in answer.text) == (503, True)


def test_all_settings_reach_the_process_unchanged() -> None:
    config = msgspec.convert(
        {
            "site": {"name": "goto"},
            "areas": [{"name": "港", "file": "a.geojson"}],
            "models": {"acme": {"title": "Acme", "fields": {"gate": {"up": "contact"}}}},
            "dashboard": {"centre": [32.7, 128.8]},
            "rota": [{"people": ["taro"], "since": "2026-11-15"}],
        },
        Config,
    )
    sent = messages.encode(Settings("s.db", config))
    assert messages.decode(sent, type=Settings) == Settings("s.db", config)
    assert len(sent) < messages.LARGEST_CONTROL
    assert forwarding.CALCULATE_S > 0
